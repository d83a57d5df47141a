"""Training throughput: our trainer beside a bare loop that only does forward, backward and step.

Same network, precision, batch and threads, in one process, epochs interleaved. The bare loop sees one fixed batch that
is already noisy: no data, no augmentation, no noise, no log. The trainer measures p of 500 samples after an epoch, for
its log; the last row adds the time of that to the steps of an epoch of 50,000 images.
"""

from __future__ import annotations

import platform
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import torch
import typer
from rich.progress import track
from torch.nn.functional import cross_entropy

import rstheory
from rstheory._progress import Advance
from rstheory.smoothing.counting import keep_freed_memory
from rstheory.smoothing.data import Dataset
from rstheory.smoothing.models import build
from rstheory.smoothing.share import own_device
from rstheory.smoothing.training import Settings, train
from rstheory.tables import show


def bare(arch: str, settings: Settings, steps: int, device: torch.device) -> float:
    """Noisy images a second of the bare loop."""
    model = build(arch, 10, (3, 32, 32)).to(device).train()
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # left out of torch's annotations
    optimizer = torch.optim.SGD(model.parameters(), 0.1, settings.momentum, weight_decay=settings.weight_decay)
    rows = settings.batch * settings.draws
    inputs = torch.rand(rows, 3, 32, 32, device=device).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(0, 10, (rows,), device=device)

    def step() -> None:
        with torch.autocast(device.type, torch.bfloat16, enabled=settings.dtype == "bfloat16"):
            logits = model(inputs)
        loss = cross_entropy(logits.float(), labels)
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimizer.step()

    step()
    _finish(device)
    start = time.perf_counter()
    for _ in range(steps):
        step()
    _finish(device)
    return rows * steps / (time.perf_counter() - start)


def ours(arch: str, settings: Settings, steps: int, device: torch.device) -> tuple[float, float]:
    """Noisy images a second of the trainer: in its steps, and over an epoch of CIFAR-10's size with the measurement
    after it. From the second epoch; the first one warms up."""
    images = settings.batch * steps
    data = Dataset(
        torch.randint(0, 256, (images, 3, 32, 32), dtype=torch.uint8),
        torch.randint(0, 10, (images,)),
        tuple("abcdefghij"),
        "random images",
    )
    marks: list[tuple[float, float]] = []

    @contextmanager
    def timed(steps: int) -> Iterator[Advance]:
        start = time.perf_counter()
        yield lambda done: None
        _finish(device)
        marks.append((start, time.perf_counter()))

    with tempfile.TemporaryDirectory() as folder:
        train("gaussian", settings, data, arch=arch, out=Path(folder, "m"), device=device, progress=lambda what: timed)
    end = time.perf_counter()
    rate = images * settings.draws / (marks[1][1] - marks[1][0])
    work = 50_000 * settings.draws
    return rate, work / (work / rate + end - marks[1][1])


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def main(
    arch: Annotated[str, typer.Option(help="Network.")] = "resnet20",
    rounds: Annotated[int, typer.Option(min=1, help="Interleaved rounds.")] = 5,
    steps: Annotated[int, typer.Option(min=1, help="Steps of each in a round.")] = 12,
    batch: Annotated[int, typer.Option(min=1, help="Images a step.")] = 256,
    draws: Annotated[int, typer.Option(min=1, help="Noise samples per image.")] = 1,
    dtype: Annotated[str, typer.Option(help="bfloat16 or float32.")] = "bfloat16",
    device: Annotated[str, typer.Option(help="cpu, cuda or auto.")] = "auto",
) -> None:
    """Noisy images a second: medians over the rounds."""
    place = own_device(device)
    if place.type == "cpu":
        keep_freed_memory()
    settings = Settings(sigma=0.5, epochs=2, draws=draws, batch=batch, dtype=dtype)
    found: dict[str, list[float]] = {"bare loop": [], "trainer, its steps": [], "trainer, epoch of 50,000 images": []}
    for _ in track(range(rounds), "timing", transient=True):
        found["bare loop"].append(bare(arch, settings, steps, place))
        stepping, whole = ours(arch, settings, steps, place)
        found["trainer, its steps"].append(stepping)
        found["trainer, epoch of 50,000 images"].append(whole)
    base = np.array(found["bare loop"])
    table = pd.DataFrame(
        {
            "way": name,
            "median": float(np.median(rates)),
            "fastest": max(rates),
            "slowest": min(rates),
            "share of the bare loop": float(np.median(np.array(rates) / base)),
        }
        for name, rates in found.items()
    )
    where = torch.cuda.get_device_name(place) if place.type == "cuda" else f"{torch.get_num_threads()} CPU threads"
    print(f"{where}; rstheory {rstheory.__version__}, torch {torch.__version__}, Python {platform.python_version()}")
    show(
        f"Noisy images a second: {arch}, {dtype}, {batch} x {draws} a step, {rounds} rounds of {steps} steps",
        table,
        {"median": ",.0f", "fastest": ",.0f", "slowest": ",.0f", "share of the bare loop": ".2f"},
    )


if __name__ == "__main__":
    typer.run(main)
