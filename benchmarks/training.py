"""Training throughput: our trainer beside a bare loop that only does forward, backward and step.

Same network, precision, batch and threads, in one process, rounds interleaved. The bare loop sees one fixed batch that
is already noisy: no data, no augmentation, no noise, no log. Every method is then measured by what it does a second, in
the floating-point operations of its passes: where that is the bare loop's, a method costs its passes and nothing more.
The trainer measures p of 500 samples after an epoch, for its log; the last row adds the time of that to the steps of an
epoch of 50,000 images.
"""

from __future__ import annotations

import platform
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
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
from rstheory.smoothing.kernels import kernels_of
from rstheory.smoothing.models import build
from rstheory.smoothing.share import Share, own_device
from rstheory.smoothing.training import RECIPES, Settings, compose, least_draws, train
from rstheory.smoothing.training.cost import cost_of, counted_passes
from rstheory.smoothing.training.epoch import take_step
from rstheory.smoothing.training.run_state import fresh
from rstheory.tables import show

NAMES = ("gaussian", "smoothadv", "macer", "consistency", "smoothmix", "catrs", "attack")


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


def random_images(images: int) -> Dataset:
    """As many, of CIFAR-10's shape."""
    pixels = torch.randint(0, 256, (images, 3, 32, 32), dtype=torch.uint8)
    return Dataset(pixels, torch.randint(0, 10, (images,)), tuple("abcdefghij"), "random images")


def epoch(arch: str, settings: Settings, steps: int, device: torch.device) -> float:
    """Noisy images a second of Gaussian training over an epoch of CIFAR-10's size, the measurement after it included.
    From the second epoch; the first one warms up."""
    images = settings.batch * steps
    marks: list[tuple[float, float]] = []

    @contextmanager
    def timed(steps: int) -> Iterator[Advance]:
        start = time.perf_counter()
        yield lambda done: None
        _finish(device)
        marks.append((start, time.perf_counter()))

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "m.safetensors")
        data = random_images(images)
        train("gaussian", settings, data, arch=arch, out=out, device=device, progress=lambda what: timed)
    end = time.perf_counter()
    rate = images * settings.draws / (marks[1][1] - marks[1][0])
    work = 50_000 * settings.draws
    return work / (work / rate + end - marks[1][1])


def stepping(name: str, arch: str, settings: Settings, steps: int, device: torch.device) -> float:
    """Floating-point operations a second in the steps of a method, once it has begun."""
    draws = max(settings.draws, least_draws(name))
    chosen = replace(settings, draws=draws, batch=settings.batch // draws, epochs=10)
    method = compose(name, chosen)
    data = random_images(chosen.batch)
    state = fresh(method, chosen, data, arch, device, None, Share())
    state.epoch = chosen.epochs - 1
    # What a part remembers is not measured here: every image is as likely as the others.
    targets = torch.full((len(data), 10), 0.1)
    state.parts = [{"targets": targets} if name == "catrs" else {} for _ in method.parts]
    generator, here = torch.Generator(device).manual_seed(0), data.to(device)
    indices = torch.arange(chosen.batch, device=device)
    take_step(state, method, chosen, here, indices, generator)
    _finish(device)
    with counted_passes(state.model) as passes:
        start = time.perf_counter()
        for _ in range(steps):
            take_step(state, method, chosen, here, indices, generator)
        _finish(device)
        seconds = time.perf_counter() - start
    return state.cost.pflop(passes[0]) * 1e15 / seconds


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def main(
    arch: Annotated[str, typer.Option(help="Network.")] = "fast32-128-256",
    rounds: Annotated[int, typer.Option(min=1, help="Interleaved rounds.")] = 5,
    steps: Annotated[int, typer.Option(min=1, help="Steps of each in a round.")] = 12,
    batch: Annotated[int, typer.Option(min=1, help="Noisy images a step.")] = 512,
    draws: Annotated[int, typer.Option(min=1, help="Noise samples per image.")] = 1,
    dtype: Annotated[str, typer.Option(help="bfloat16 or float32.")] = "bfloat16",
    device: Annotated[str, typer.Option(help="cpu, cuda or auto.")] = "auto",
) -> None:
    """Operations a second of each method, and images a second of Gaussian training: medians over the rounds."""
    place = own_device(device)
    if place.type == "cpu":
        keep_freed_memory()
    recipe = RECIPES["fast"]
    settings = replace(Settings(0.5, 2, draws=draws, dtype=dtype, recipe=recipe), **recipe.defaults(draws))
    settings = replace(settings, batch=batch // draws)
    cost = cost_of(build(arch, 10, (3, 32, 32)), (3, 32, 32))
    found: dict[str, list[float]] = {name: [] for name in ("bare loop", *NAMES, "gaussian, epoch of 50,000 images")}
    for _ in track(range(rounds), "timing", transient=True):
        found["bare loop"].append(bare(arch, settings, steps, place) * cost.trained)
        for name in NAMES:
            found[name].append(stepping(name, arch, settings, steps, place))
        found["gaussian, epoch of 50,000 images"].append(epoch(arch, settings, steps, place) * cost.trained)
    base = np.array(found["bare loop"])
    table = pd.DataFrame(
        {
            "way": name,
            "median": float(np.median(rates)) / 1e9,
            "fastest": max(rates) / 1e9,
            "slowest": min(rates) / 1e9,
            "share of the bare loop": float(np.median(np.array(rates) / base)),
        }
        for name, rates in found.items()
    )
    threads = f"{kernels_of(place)}, {torch.get_num_threads()} threads"
    where = torch.cuda.get_device_name(place) if place.type == "cuda" else threads
    print(f"{where}; rstheory {rstheory.__version__}, torch {torch.__version__}, Python {platform.python_version()}")
    show(
        f"10^9 operations a second: {arch}, {dtype}, {batch} noisy images a step, {rounds} rounds of {steps} steps",
        table,
        {"median": ",.0f", "fastest": ",.0f", "slowest": ",.0f", "share of the bare loop": ".2f"},
    )


if __name__ == "__main__":
    typer.run(main)
