"""One epoch: which images, under which noise, and a step of the optimiser for each batch."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from rstheory._progress import PartProgress
from rstheory.smoothing.data import Dataset
from rstheory.smoothing.share import Share
from rstheory.smoothing.training.cost import counted_passes
from rstheory.smoothing.training.interfaces import Epoch, Method, Passes, State, Step
from rstheory.smoothing.training.probability import class_counts
from rstheory.smoothing.training.recipes import Shown
from rstheory.smoothing.training.run_state import RunState
from rstheory.smoothing.training.samplers import draw
from rstheory.smoothing.training.settings import Settings

# Training images whose p is measured after each epoch, and noise draws for each: standard errors of 2.3 % at most.
_WATCHED, WATCH_DRAWS = 500, 16
P_EDGES = (0.0, 0.25, 0.5, 0.75, 1.0)  # of the classes of p in the training log; the last one holds p = 1 alone
_P_COLUMNS = [f"p{low:g}-{high:g}" for low, high in pairwise(P_EDGES)] + ["p1"]
# pflop: 10^15 floating-point operations since the start of the run, see `cost`; nan if its first epochs did not count.
COLUMNS = ("epoch", "rate", "loss", "accuracy", "drawn", *_P_COLUMNS, "pflop", "seconds")

# What draws random numbers in an epoch. Each has a seed of its own.
STEPS, VOTES, WATCH = 0, 1, 2


def watched_images(images: int) -> range:
    """Indices of the training images, of so many, whose p is measured after each epoch."""
    return range(0, images, max(1, images // _WATCHED))


def seed_of(seed: int, epoch: int, purpose: int, rank: int = 0) -> int:
    """One seed for each thing in an epoch that draws random numbers, in each process that shares a run."""
    numbers = (seed, epoch, purpose, rank) if rank else (seed, epoch, purpose)
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> np.uint64(1))


def run_epoch(
    state: RunState,
    method: Method,
    settings: Settings,
    data: Dataset,
    device: torch.device,
    progress: PartProgress,
    share: Share,
) -> None:
    """As many steps as the data set has batches, on images drawn by their weights. Adds a row to the training log.

    Processes that share the run draw the same batches and take every so-manieth image of each.
    """
    start = time.perf_counter()
    generator = torch.Generator(device).manual_seed(seed_of(settings.seed, state.epoch, STEPS))
    watched = watched_images(len(data))
    asked: list[int] = []

    @cache
    def votes_of(model: nn.Module, draws: int) -> Tensor:
        asked.append(draws)
        return _votes(state.epoch, settings, data, device, range(len(data)), VOTES, model, draws, share)

    epoch = Epoch(state.epoch, settings.sigma, state.model, data.labels.cpu(), votes_of)
    state.parts = [part.remember(epoch, memory) for part, memory in zip(method.parts, state.parts, strict=True)]
    weights = [memory["weights"] for memory in state.parts[: len(method.samplers)] if "weights" in memory]
    order = draw(weights, len(data), generator)[: settings.images_per_epoch(len(data))]
    if share.rank:
        generator.manual_seed(seed_of(settings.seed, state.epoch, STEPS, share.rank))
    totals = torch.zeros(3, dtype=torch.float64, device=device)  # loss, right answers, noisy images
    batches = torch.split(order, settings.batch)
    with progress(_what(state, settings))(len(batches)) as advance, counted_passes(state.model) as passes:
        for number, indices in enumerate(batches):
            _set_rate(state.optimizer, settings.rate(state.epoch + (number + 0.5) / len(batches)))
            mine = torch.tensor(share.of(indices.tolist()), device=indices.device) if share.world > 1 else indices
            totals += take_step(state, method, settings, data, mine, generator)
            advance(1)
    _average_buffers(state.model, share)
    loss, right, images = share.total(totals).tolist()
    if not np.isfinite(loss):
        raise ValueError(f"the loss of epoch {state.epoch} is not finite: lower the learning rate")
    shares = _shares(state, settings, data, device, watched, share)
    measured = len(data) * sum(asked) + len(watched) * WATCH_DRAWS
    made = share.total(torch.tensor(passes[0], device=device)).tolist()
    state.pflop += state.cost.pflop(Passes(*made) + Passes(measured=measured))
    cells = (state.epoch, settings.rate(state.epoch + 0.5), f"{loss / images:.5f}", f"{right / images:.5f}")
    drawn = len(np.unique(order.cpu().numpy())) / len(data)
    costs = (f"{state.pflop:.6g}", f"{time.perf_counter() - start:.1f}")
    numbers = (f"{drawn:.4f}", *(f"{share:.4f}" for share in shares), *costs)
    state.rows.append("\t".join(map(str, (*cells, *numbers))))
    state.epoch += 1


def _what(state: RunState, settings: Settings) -> str:
    """Which epoch it is, and what the last one gave."""
    text = f"epoch {state.epoch + 1} of {settings.epochs}"
    if not state.rows:
        return text
    last = dict(zip(COLUMNS, state.rows[-1].split("\t"), strict=True))
    return f"{text}, loss {last['loss']}, accuracy under noise {last['accuracy']}"


def _set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate * group.get("factor", 1.0)


def _step(state: RunState, settings: Settings, data: Dataset, indices: Tensor, generator: torch.Generator) -> Step:
    """The images of a step, and Gaussian noise."""
    images = data.images[indices]
    if settings.flip_and_crop:
        shown = Shown(images, indices, len(data), state.epoch, settings.seed, generator)
        images = settings.recipe.augmented(shown)
    images = images.float() / 255
    shape = (settings.draws, *images.shape)
    return Step(
        epoch=state.epoch,
        sigma=settings.sigma,
        model=state.stepped,
        images=images,
        labels=data.labels[indices],
        indices=indices,
        noise=settings.sigma * torch.randn(shape, generator=generator, device=images.device),
        generator=generator,
        autocast=partial(torch.autocast, images.device.type, torch.bfloat16, enabled=settings.dtype == "bfloat16"),
    )


def take_step(
    state: RunState, method: Method, settings: Settings, data: Dataset, indices: Tensor, generator: torch.Generator
) -> Tensor:
    """One step of the optimiser on these images: loss x images, right answers and images, float64, shape (3,).

    It does not wait for the device.
    """
    step = _step(state, settings, data, indices, generator)
    memories: list[State] = state.parts[len(method.samplers) :]
    for perturbation, memory in zip(method.perturbations, memories[:-1], strict=True):
        step = replace(step, noise=perturbation.noise(step, memory))
    loss, logits = method.objective.loss(step, memories[-1])
    state.optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    state.optimizer.step()
    with torch.no_grad():
        right = (logits.flatten(0, -2).argmax(1) == step.labels.repeat(logits.shape[0])).sum()
        count = torch.full_like(loss, logits.shape[0] * logits.shape[1])
        return torch.stack([loss.detach() * count, right.to(loss.dtype), count]).double()


def _average_buffers(model: nn.Module, share: Share) -> None:
    """Statistics of batch norm, which every process made of its own images, as their mean over the processes."""
    if share.world > 1:
        for buffer in model.buffers():
            if buffer.is_floating_point():
                buffer.copy_(share.total(buffer) / share.world)


def _votes(
    epoch: int,
    settings: Settings,
    data: Dataset,
    device: torch.device,
    indices: Sequence[int],
    purpose: int,
    model: nn.Module,
    draws: int,
    share: Share,
) -> Tensor:
    """Class counts of these training images, each process counting its share: int64, (images, classes), on the CPU."""
    votes = torch.zeros((len(indices), len(data.classes)), dtype=torch.int64)
    mine = share.of(range(len(indices)))
    votes[mine] = class_counts(
        model,
        data,
        [indices[place] for place in mine],
        sigma=settings.sigma,
        draws=draws,
        seed=seed_of(settings.seed, epoch, purpose),
        device=device,
        dtype=getattr(torch, settings.dtype),
    )
    return share.total(votes.to(device)).cpu()


def _shares(
    state: RunState, settings: Settings, data: Dataset, device: torch.device, watched: Sequence[int], share: Share
) -> list[float]:
    """Shares of these training images with p in each of the classes of the log."""
    votes = _votes(state.epoch, settings, data, device, watched, WATCH, state.model, WATCH_DRAWS, share)
    counts = votes.gather(1, data.labels[list(watched)].cpu()[:, None])[:, 0].numpy()
    classes = np.searchsorted(np.array(P_EDGES) * WATCH_DRAWS, counts, side="right") - 1
    return list(np.bincount(classes, minlength=len(P_EDGES)) / len(counts))
