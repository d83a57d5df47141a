"""Search for a fast recipe: networks trained on CIFAR-10 under Gaussian noise at a fixed cost, one change at a time.

    python scripts/recipe_search.py run docs/recipe/record.tsv
    python scripts/recipe_search.py page docs/recipe/record.tsv docs/recipe/README.md

`run` makes the experiments below that the record lacks, one line for each as it ends; killed, it goes on with the first
one missing. `page` writes the table of the page anew. Costs are counted, not timed: the floating-point operations of a
step, forward, backward and optimiser, times the number of steps. One thread, bfloat16.
"""

from __future__ import annotations

import csv
import json
import platform
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from muon import FastOptimizer, alternately_flipped, parameter_groups, share
from rich.progress import track
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad
from torch.utils.flop_counter import FlopCounterMode

from rstheory.budget import radius_from_count
from rstheory.smoothing.data import Dataset, load
from rstheory.smoothing.models import prepare
from rstheory.smoothing.models.fast import FastNet
from rstheory.smoothing.models.normalize import CIFAR10_MEAN, CIFAR10_STD, Normalize

SIGMA, ALPHA = 0.5, 1e-3
WHITENED = 5000  # training images from which the first layer is computed
SKIP, DRAWS = 10, 100  # every so many test images, under so many draws of noise
COLUMNS = (
    "experiment",
    "seed",
    "pflop",
    "steps",
    "epochs",
    "loss",
    "mean_p",
    "acr",
    "all_right",
    "settings",
    "made_by",
)
TABLE = re.compile(r"(?<=<!-- table -->\n).*(?=<!-- end -->)", re.DOTALL)


@dataclass(frozen=True)
class Settings:
    """What one run does. Rates are per step, of the mean loss of a batch.

    pflop: cost of the run.
    widths: channels of the blocks. patch, stride, directions: of the whitening layer, see `FastNet`.
    muon: whether filters are moved by Muon, at `filter_rate` and `filter_momentum`; else by gradient descent at `rate`.
    rate, momentum, decay: peak rate, Nesterov momentum and weight decay of gradient descent.
    bias_factor: how many times `rate` biases learn at.
    batch: noisy images in one step. draws: noisy copies of each image among them.
    smoothing: of the labels.
    noise: standard deviation of the noise that is trained under.
    noise_start: share of it in the first step; it grows evenly to 1 over the first `noise_grows` of the run.
    """

    pflop: float = 0.02
    widths: tuple[int, ...] = (32, 128, 256)
    patch: int = 2
    stride: int = 1
    directions: int = 12
    muon: bool = False
    filter_rate: float = 0.24
    filter_momentum: float = 0.6
    rate: float = 0.6
    momentum: float = 0.85
    decay: float = 1e-3
    bias_factor: float = 16.0
    batch: int = 512
    draws: int = 1
    smoothing: float = 0.2
    noise: float = SIGMA
    noise_start: float = 1.0
    noise_grows: float = 1.0


@dataclass(frozen=True)
class Experiment:
    """One row of the search. parent: what it differs from by `changes`, in one point. seeds: how many runs of it."""

    name: str
    parent: str
    changes: dict[str, Any]
    seeds: int = 1


# In the order in which they were made. The table of the page has their gains.
EXPERIMENTS = (
    Experiment("start", "", {}, seeds=2),
    Experiment("muon", "start", {"muon": True}, seeds=2),
    Experiment("filter rate 0.12", "muon", {"filter_rate": 0.12}),
    Experiment("filter rate 0.4", "muon", {"filter_rate": 0.4}),
    Experiment("stride 2", "muon", {"patch": 4, "stride": 2, "directions": 48}),
    Experiment("stride 2, wider", "stride 2", {"widths": (64, 128, 256)}),
    Experiment("stride 2, batch 256", "stride 2", {"batch": 256}),
    Experiment("16 directions", "stride 2", {"directions": 16}, seeds=2),
    Experiment("stride 4", "16 directions", {"patch": 8, "stride": 4, "directions": 40, "widths": (128, 256)}),
    Experiment("patches of 6", "16 directions", {"patch": 6, "directions": 24}),
    Experiment("batch 1024", "16 directions", {"batch": 1024}),
    Experiment("other widths", "16 directions", {"widths": (48, 128, 192)}),
    Experiment("no smoothing", "16 directions", {"smoothing": 0.0}),
    Experiment("noise grows", "16 directions", {"noise_start": 0.5, "noise_grows": 0.7}),
    Experiment("2 draws", "16 directions", {"draws": 2}),
    Experiment("rate 0.3", "16 directions", {"rate": 0.3}),
    Experiment("without muon", "16 directions", {"muon": False}, seeds=2),
    Experiment("noise of 0.4", "16 directions", {"noise": 0.4}),
    Experiment("longer", "16 directions", {"pflop": 0.08}),
    Experiment("longer, wider", "longer", {"widths": (64, 192, 384)}),
    Experiment("longer, without muon", "longer", {"muon": False}),
)


def settings_of(name: str) -> Settings:
    """The settings of an experiment: its parent's, changed."""
    experiment = next(candidate for candidate in EXPERIMENTS if candidate.name == name)
    parent = settings_of(experiment.parent) if experiment.parent else Settings()
    return replace(parent, **experiment.changes)


def network(settings: Settings, images: Tensor) -> nn.Sequential:
    """A fresh network from torch's global generator, its first layer computed from the images."""
    normalize = Normalize(CIFAR10_MEAN, CIFAR10_STD)
    options = {"patch": settings.patch, "stride": settings.stride, "directions": settings.directions}
    net = FastNet(settings.widths, 10, (3, 32, 32), **options)
    net.whiten(normalize(images.float() / 255), settings.noise / normalize.std.flatten())
    to: Any = nn.Sequential(normalize, net).to  # torch's annotations leave memory_format out
    model: nn.Sequential = to(memory_format=torch.channels_last)
    return model


def optimizer(model: nn.Module, settings: Settings) -> FastOptimizer:
    """The optimiser of the recipe, at these settings."""
    filters, biases, others = parameter_groups(model)
    slow = {"peak": settings.rate, "weight_decay": settings.decay, "momentum": settings.momentum}
    fast = {"peak": settings.rate * settings.bias_factor, "weight_decay": settings.decay / settings.bias_factor}
    biases |= slow | fast
    others |= slow
    if settings.muon:
        filters |= {"peak": settings.filter_rate, "momentum": settings.filter_momentum}
    else:
        filters |= slow | {"orthogonal": False}
    return FastOptimizer([filters, biases, others])


def batches(n: int, size: int, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Indices of each batch, and the epoch of each of them: one permutation after the other, without end."""
    chosen = epochs = torch.empty(0, dtype=torch.int64)
    epoch = 0
    while True:
        while len(chosen) < size:
            chosen = torch.cat([chosen, torch.randperm(n, generator=generator)])
            epochs = torch.cat([epochs, torch.full((n,), epoch)])
            epoch += 1
        yield chosen[:size], epochs[:size]
        chosen, epochs = chosen[size:], epochs[size:]


def shifted(images: Tensor, generator: torch.Generator, by: int = 2) -> Tensor:
    """Each image moved by up to `by` pixels in both directions; what comes in is mirrored at the edge."""
    top, left = torch.randint(2 * by + 1, (2, len(images)), generator=generator)
    padded = pad(images, [by] * 4, mode="reflect")
    side = torch.arange(images.shape[-1])
    rows, columns = top[:, None] + side, left[:, None] + side
    return padded[torch.arange(len(images))[:, None, None], :, rows[:, :, None], columns[:, None, :]].permute(
        0, 3, 1, 2
    )


def train(settings: Settings, seed: int, data: Dataset, name: str) -> tuple[nn.Module, dict[str, Any]]:
    """A trained network, and what its training cost."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed + 1000)  # another stream than the weights'
    model = network(settings, data.images[:WHITENED]).train()
    mover = optimizer(model, settings)
    facing = torch.randint(2, (len(data),), generator=generator).bool()
    source = batches(len(data), settings.batch // settings.draws, generator)

    def step(progress: float) -> float:
        """One step at a point of the run in [0, 1)."""
        for group in mover.param_groups:
            group["lr"] = share(progress)
        chosen, epochs = next(source)
        images = shifted(data.images[chosen].float() / 255, generator)
        inputs = alternately_flipped(images, facing[chosen], epochs).repeat(settings.draws, 1, 1, 1)
        labels = data.labels[chosen].repeat(settings.draws)
        grown = min(1.0, settings.noise_start + (1 - settings.noise_start) * progress / settings.noise_grows)
        inputs = inputs + settings.noise * grown * torch.randn(inputs.shape, generator=generator)
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(inputs.contiguous(memory_format=torch.channels_last))
        loss = cross_entropy(logits.float(), labels, label_smoothing=settings.smoothing)
        mover.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        mover.step()
        return loss.item()

    with FlopCounterMode(display=False) as counter:
        step(0.0)
    cost = counter.get_total_flops() / 1e15  # PFLOP per step
    steps = max(2, round(settings.pflop / cost))
    losses = [step(i / steps) for i in track(range(1, steps), f"{name} seed {seed}")]
    epochs = steps * (settings.batch // settings.draws) / len(data)
    facts = {"pflop": steps * cost, "steps": steps, "epochs": epochs, "loss": float(np.mean(losses[-50:]))}
    return model.eval(), facts


@torch.inference_mode()
def judge(model: nn.Module, data: Dataset) -> dict[str, float]:
    """Mean p, ACR and share of images always right, from the same draws of noise for every network."""
    ready = prepare(model, dtype=torch.bfloat16)
    generator = torch.Generator().manual_seed(7)
    right = []
    for i in range(0, len(data), SKIP):
        inputs = (data.images[i].float() / 255).expand(DRAWS, -1, -1, -1)
        inputs = (inputs + SIGMA * torch.randn(inputs.shape, generator=generator)).bfloat16()
        logits = ready(inputs.contiguous(memory_format=torch.channels_last))
        right.append(int((logits.argmax(1) == data.labels[i]).sum()))
    counts = np.array(right)
    radii = radius_from_count(counts, DRAWS, ALPHA, SIGMA)
    return {"mean_p": counts.mean() / DRAWS, "acr": radii.mean(), "all_right": np.mean(counts == DRAWS)}


def made_by() -> str:
    """Software and instruction set, which the last digits depend on."""
    capability = torch.backends.cpu.get_cpu_capability()
    return f"torch {torch.__version__}, {platform.machine()} {capability}, {torch.get_num_threads()} thread"


def read(record: Path) -> list[dict[str, str]]:
    """The rows of a record; none if it is not there yet."""
    if not record.exists():
        return []
    with record.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def append(record: Path, row: dict[str, Any]) -> None:
    """One whole line, after the heading if the record is new."""
    heading = "" if record.exists() else "\t".join(COLUMNS) + "\n"
    with record.open("a", encoding="utf-8") as file:
        file.write(heading + "\t".join(str(row[column]) for column in COLUMNS) + "\n")


def run(
    record: Annotated[Path, typer.Argument(help="Tab-separated file to which each run adds its line.")],
    data: Annotated[str, typer.Option(help="Data set, as `rstheory train` takes it.")] = "cifar10",
    only: Annotated[str | None, typer.Option(help="One experiment.")] = None,
) -> None:
    """Make the runs that the record lacks."""
    torch.set_num_threads(1)
    done = {(row["experiment"], int(row["seed"])) for row in read(record)}
    training, test = load(data, "train"), load(data, "test")
    for experiment in EXPERIMENTS:
        if only not in (None, experiment.name):
            continue
        for seed in set(range(experiment.seeds)) - {seed for name, seed in done if name == experiment.name}:
            settings = settings_of(experiment.name)
            model, facts = train(settings, seed, training, experiment.name)
            found = {name: f"{value:.5g}" for name, value in (facts | judge(model, test)).items()}
            kept = {"experiment": experiment.name, "seed": seed, "settings": json.dumps(asdict(settings))}
            append(record, kept | found | {"made_by": made_by()})


def table(rows: list[dict[str, str]]) -> str:
    """All experiments in Markdown: what was changed, means over seeds, and what was gained over the parent."""

    def mean(name: str, column: str) -> float:
        return float(np.mean([float(row[column]) for row in rows if row["experiment"] == name]))

    made = {row["experiment"] for row in rows}
    lines = ["| experiment | from | changed | seeds | PFLOP | epochs | mean p | ACR | gain in mean p | gain in ACR |"]
    lines.append("|---|---|---|--:|--:|--:|--:|--:|--:|--:|")
    for experiment in EXPERIMENTS:
        name, parent = experiment.name, experiment.parent
        if name not in made:
            continue
        changes = ", ".join(f"{key} = {_plain(value)}" for key, value in experiment.changes.items())
        seeds = sum(row["experiment"] == name for row in rows)
        numbers = [f"{mean(name, 'pflop'):.3f}", f"{mean(name, 'epochs'):.1f}"]
        for column in ("mean_p", "acr"):
            numbers.append(f"{mean(name, column):.4f}")
        for column in ("mean_p", "acr"):
            numbers.append(f"{mean(name, column) - mean(parent, column):+.4f}" if parent in made else "")
        lines.append("| " + " | ".join([name, parent or "–", changes or "–", str(seeds), *numbers]) + " |")
    return "\n".join(lines) + "\n"


def _plain(value: object) -> str:
    return "-".join(map(str, value)) if isinstance(value, tuple) else str(value)


def page(
    record: Annotated[Path, typer.Argument(exists=True, help="What `run` wrote.")],
    out: Annotated[Path, typer.Argument(exists=True, help="Page with the marks <!-- table --> and <!-- end -->.")],
) -> None:
    """Write the table of a page anew."""
    text = out.read_text(encoding="utf-8")
    out.write_text(TABLE.sub(lambda _: table(read(record)), text), encoding="utf-8")


app = typer.Typer(add_completion=False, help=__doc__.partition("\n")[0])
app.command()(run)
app.command()(page)

if __name__ == "__main__":
    app()
