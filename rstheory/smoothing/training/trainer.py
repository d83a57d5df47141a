"""The one trainer: noise, parts, steps, a checkpoint after every epoch.

Everything random is drawn from generators seeded by (seed, epoch), so an epoch does not depend on how the run got to
it: a run that was killed goes on from its last whole epoch. On a CPU, with the same versions and number of threads, it
ends in the same weights, bit for bit; some of torch's CUDA kernels add in an order that changes from run to run.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from rstheory._files import atomic_write, require_folder
from rstheory._version import __version__
from rstheory.smoothing.data import Dataset, flip_and_crop
from rstheory.smoothing.models import build, load_checkpoint, save_checkpoint
from rstheory.smoothing.training.methods import parts_of
from rstheory.smoothing.training.parts import Moment, Part
from rstheory.smoothing.training.probability import label_counts
from rstheory.smoothing.training.settings import Settings

# Training samples whose p is measured after each epoch, and noise draws for each: standard errors of 2.3 % at most.
_WATCHED, _WATCH_DRAWS = 500, 16
P_EDGES = (0.0, 0.25, 0.5, 0.75, 1.0)  # of the classes of p in the training log; the last one holds p = 1 alone
_P_COLUMNS = [f"p{low:g}-{high:g}" for low, high in pairwise(P_EDGES)] + ["p1"]
COLUMNS = ("epoch", "rate", "loss", "accuracy", "drawn", *_P_COLUMNS, "seconds")

Advance = Callable[[int], None]
Progress = Callable[[int, int, str], AbstractContextManager[Advance]]  # epoch, steps, what the last epoch gave


def unseen(epoch: int, steps: int, last: str) -> AbstractContextManager[Advance]:
    """Progress that nobody watches."""
    return nullcontext(lambda steps: None)


@dataclass
class _State:
    """What a run consists of between two epochs."""

    epoch: int  # the next one
    model: nn.Module
    optimizer: torch.optim.Optimizer
    factors: dict[int, Tensor]  # place of a part -> its factors of the sampling weights
    rows: list[str]  # of the training log
    machines: list[str]  # where its epochs ran, one after the other: what its bits depend on


def train(
    method: str,
    settings: Settings,
    data: Dataset,
    *,
    arch: str,
    out: Path,
    device: torch.device,
    resume: bool = False,
    command: str = "",
    progress: Progress = unseen,
) -> None:
    """Train a base classifier and write it to `out` (safetensors), with its training log beside it (`.train.tsv`).

    method: see `methods.parts_of`. data: training set. arch: see `models.build`. command: what to type to get the same,
    for the checkpoint. After every epoch the state goes to `out` + ".state", from which resume=True goes on; a state of
    other settings, data or architecture is refused, and one from another machine warned of. What is complete already
    is left as it is by resume=True.

    ValueError if `out` does not end in .safetensors, or its folder is missing, or it or a state exists and resume is
    not asked for, or is spoilt or of another run, or the network has no weights, or the loss is not finite.
    """
    if out.suffix != ".safetensors":
        raise ValueError(f"{out} is no name for a checkpoint: it must end in .safetensors")
    parts = parts_of(method, settings)
    identity = json.dumps({"method": method, "arch": arch, "data": data.digest, **settings.to_dict()}, sort_keys=True)
    place = require_folder(out).with_name(out.name + ".state")
    if out.exists() and resume:
        _refuse_another_run(out, _identity_of(out), identity)
        place.unlink(missing_ok=True)  # left by a kill after the checkpoint was written
        return
    if out.exists():
        raise ValueError(f"{out} exists: choose another file, or remove it")
    if place.exists() and not resume:
        raise ValueError(f"{place} exists, from a run that was cut short: go on with it by --resume, or remove it")
    state = _fresh(settings, data, arch, device)
    if place.exists():
        _restore(state, place, identity)
    _note_machine(state, device)
    data = data.to(device)
    while state.epoch < settings.epochs:
        _epoch(state, parts, settings, data, device, progress)
        with atomic_write(out.with_name(out.stem + ".train.tsv")) as part:
            part.write_text("\n".join(["\t".join(COLUMNS), *state.rows, ""]), encoding="utf-8")
        _keep(state, place, identity)  # last: what is missing then is made again
    metadata = {
        "sigma": str(settings.sigma),
        "method": method,
        "config": json.dumps(settings.to_dict(), sort_keys=True),
        "data": f"{data.name} {data.digest}",
        "software": f"rstheory {__version__}",
        "machine": "; then ".join(state.machines),
        "command": command,
    }
    model = state.model.cpu().eval()
    save_checkpoint(out, model, arch=arch, classes=len(data.classes), shape=data.shape, metadata=metadata)
    place.unlink()


def _fresh(settings: Settings, data: Dataset, arch: str, device: torch.device) -> _State:
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        model = build(arch, len(data.classes), data.shape)
    move: Any = model.to  # torch's annotations leave memory_format out
    model = move(device, memory_format=torch.channels_last).train()
    if not any(weights.requires_grad for weights in model.parameters()):
        raise ValueError(f"arch={arch!r} has no weights to train")
    optimizer = torch.optim.SGD(
        model.parameters(),
        lr=settings.learning_rate,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
    )
    return _State(0, model, optimizer, {}, [], [])


def _note_machine(state: _State, device: torch.device) -> None:
    """Add to the state what this machine is, where it is another than the last epochs were made on."""
    if device.type == "cuda":
        where = torch.cuda.get_device_name(device)
    else:
        where = f"{device.type} {torch.backends.cpu.get_cpu_capability()}, threads: {torch.get_num_threads()}"
    machine = f"{where}, torch {torch.__version__}"
    if state.machines and state.machines[-1] != machine:
        warnings.warn(
            f"this run was begun on {state.machines[-1]}, and goes on on {machine}: the weights will not be those of an"
            " undisturbed run, bit for bit",
            stacklevel=3,
        )
    if state.machines[-1:] != [machine]:
        state.machines.append(machine)


def _epoch(
    state: _State, parts: Sequence[Part], settings: Settings, data: Dataset, device: torch.device, progress: Progress
) -> None:
    """One pass: as many steps as the data set has batches, on samples drawn by their weights."""
    start = time.perf_counter()
    generator = torch.Generator(device).manual_seed(_seed(settings.seed, state.epoch, 0))
    moment = Moment(
        state.model,
        settings.sigma,
        state.epoch,
        data.labels.cpu(),
        _counter(state, settings, data, device),
        generator,
        lambda: torch.autocast(device.type, torch.bfloat16, enabled=settings.dtype == "bfloat16"),
    )
    for place, part in enumerate(parts):
        if (factor := part.factor(moment)) is not None:
            state.factors[place] = factor
    order = drawn(state.factors, len(data), generator)
    for group in state.optimizer.param_groups:
        group["lr"] = settings.rate(state.epoch)
    totals = torch.zeros(3, dtype=torch.float64, device=device)  # loss, right answers, noisy images
    batches = torch.split(order, settings.batch)
    with progress(state.epoch, len(batches), state.rows[-1] if state.rows else "") as advance:
        for chosen in batches:
            totals += _step(state, parts, settings, data, chosen, moment)
            advance(1)
    loss, right, images = totals.tolist()
    if not np.isfinite(loss):
        raise ValueError(f"the loss of epoch {state.epoch} is not finite: lower the learning rate")
    shares = _shares(state, settings, data, device)
    cells = (state.epoch, settings.rate(state.epoch), f"{loss / images:.5f}", f"{right / images:.5f}")
    drawn_share = len(np.unique(order.cpu().numpy())) / len(data)
    numbers = (f"{drawn_share:.4f}", *(f"{share:.4f}" for share in shares), f"{time.perf_counter() - start:.1f}")
    state.rows.append("\t".join(map(str, (*cells, *numbers))))
    state.epoch += 1


def drawn(factors: dict[int, Tensor], n: int, generator: torch.Generator) -> Tensor:
    """Indices of one epoch, in order: a permutation, or n draws with replacement in proportion to the weights."""
    if not factors:
        return torch.randperm(n, generator=generator, device=generator.device)
    weights = torch.ones(n, dtype=torch.float64)
    for factor in factors.values():
        weights *= factor
    cumulative = torch.cumsum(weights, 0).to(generator.device)
    points = torch.rand(n, dtype=torch.float64, generator=generator, device=generator.device) * cumulative[-1]
    return torch.searchsorted(cumulative, points, right=True).clamp(max=int(weights.nonzero()[-1]))


def _step(
    state: _State, parts: Sequence[Part], settings: Settings, data: Dataset, chosen: Tensor, moment: Moment
) -> Tensor:
    """One step of the optimiser. Returns loss x images, right answers and images, without waiting for the device."""
    images, labels = data.images[chosen], data.labels[chosen]
    if settings.flip_and_crop:
        images = flip_and_crop(images, moment.generator)
    images = images.float() / 255
    shape = (settings.draws, *images.shape)
    noise = settings.sigma * torch.randn(shape, generator=moment.generator, device=images.device)
    for part in parts:
        noise = part.noise(moment, images, labels, noise)
    inputs = (images + noise).flatten(0, 1).contiguous(memory_format=torch.channels_last)
    with moment.autocast():
        logits = state.model(inputs)
    logits = logits.float().view(settings.draws, len(labels), -1)
    losses = [loss for part in parts if (loss := part.loss(moment, logits, labels)) is not None]
    if len(losses) > 1:
        raise ValueError("two parts of this method replace the loss: only one may")
    repeated = labels.repeat(settings.draws)
    loss = losses[0] if losses else cross_entropy(logits.flatten(0, 1), repeated)
    state.optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    state.optimizer.step()
    with torch.no_grad():
        right = (logits.flatten(0, 1).argmax(1) == repeated).sum()
        count = torch.full_like(loss, len(repeated))
        return torch.stack([loss.detach() * count, right.to(loss.dtype), count]).double()


def _counter(state: _State, settings: Settings, data: Dataset, device: torch.device) -> Callable[[int], Tensor]:
    """Counts of right answers for every sample at this moment of the run, each made once."""

    @cache
    def count(draws: int) -> Tensor:
        return _counts(state, settings, data, device, range(len(data)), draws, 1)

    return count


def _counts(
    state: _State,
    settings: Settings,
    data: Dataset,
    device: torch.device,
    indices: Sequence[int],
    draws: int,
    purpose: int,
) -> Tensor:
    return label_counts(
        state.model,
        data,
        indices,
        sigma=settings.sigma,
        draws=draws,
        seed=_seed(settings.seed, state.epoch, purpose),
        device=device,
        dtype=getattr(torch, settings.dtype),
    )


def _shares(state: _State, settings: Settings, data: Dataset, device: torch.device) -> list[float]:
    """Shares of training samples with p in each of the classes of the log, on a fixed subset."""
    watched = range(0, len(data), max(1, len(data) // _WATCHED))
    counts = _counts(state, settings, data, device, watched, _WATCH_DRAWS, 2).numpy()
    classes = np.searchsorted(np.array(P_EDGES) * _WATCH_DRAWS, counts, side="right") - 1
    return list(np.bincount(classes, minlength=len(P_EDGES)) / len(counts))


def _seed(seed: int, epoch: int, purpose: int) -> int:
    """One seed for each thing in an epoch that draws random numbers."""
    return int(np.random.SeedSequence((seed, epoch, purpose)).generate_state(1, np.uint64)[0] >> np.uint64(1))


_KEPT = {"identity", "epoch", "model", "optimizer", "factors", "rows", "machines"}


def _keep(state: _State, place: Path, identity: str) -> None:
    """Write the state, complete or not at all."""
    content = {
        "identity": identity,
        "epoch": state.epoch,
        "model": state.model.state_dict(),
        "optimizer": state.optimizer.state_dict(),
        "factors": state.factors,
        "rows": state.rows,
        "machines": state.machines,
    }
    with atomic_write(place) as part:
        torch.save(content, part)


def _restore(state: _State, place: Path, identity: str) -> None:
    """Go back to what was kept, of the same run."""
    try:
        content = torch.load(place, map_location="cpu", weights_only=True)
    except (OSError, MemoryError):  # which say themselves what they are
        raise
    except Exception as error:  # a broken pickle is a broken program: it can fail in any way
        raise ValueError(f"{place} is no state of `rstheory train`, or a spoilt one: remove it") from error
    if not (isinstance(content, dict) and set(content) >= _KEPT):
        raise ValueError(f"{place} is no state of `rstheory train`, or of another version: remove it")
    _refuse_another_run(place, content["identity"], identity)
    state.model.load_state_dict(content["model"])
    state.optimizer.load_state_dict(content["optimizer"])
    state.epoch, state.factors = content["epoch"], content["factors"]
    state.rows, state.machines = content["rows"], content["machines"]


def _identity_of(checkpoint: Path) -> str:
    """The identity of the run that made a checkpoint, told from its metadata."""
    found = load_checkpoint(checkpoint)
    made_by, config = found.metadata, json.loads(found.metadata.get("config", "{}"))
    data = made_by.get("data", "").rpartition(" ")[2]
    return json.dumps({"method": made_by.get("method"), "arch": found.arch, "data": data, **config}, sort_keys=True)


def _refuse_another_run(place: Path, kept: str, wanted: str) -> None:
    """ValueError, saying what differs, where a file is of another run than the one that is wanted."""
    if kept == wanted:
        return
    there, here = json.loads(kept), json.loads(wanted)
    changed = ", ".join(f"{name}={there.get(name)} there, {v} here" for name, v in here.items() if there.get(name) != v)
    raise ValueError(f"{place} is of another run: {changed}; resume with the same options, or remove it")
