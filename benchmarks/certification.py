"""Class counts under noise: ours beside the field's certification loop and the Adversarial Robustness Toolbox.

Rules. One network, one image, one sigma; every way draws noise of its own and counts the classes of as many draws, as
CERTIFY of Cohen et al. (2019) does. Rates are draws a second, noise included; starting, building the model and a
warm-up are not timed. Allocator and thread settings belong to a process, so every way runs in a process of its own,
fresh in every round, with the settings that its users would have; a round runs each way once. Counts are checked.

The bound is a plain square matrix product on the same machine, in draws of as many multiply-adds. ART's row needs

    pip install adversarial-robustness-toolbox scikit-learn statsmodels
"""

from __future__ import annotations

import math
import platform
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
import torch
import typer
from certification_ways import ART, FIELD, NOISE, OURS, PRODUCT, WAYS, Done, Job, Way, product_size
from numpy.typing import NDArray
from rich.progress import track
from torch.utils.flop_counter import FlopCounterMode

import rstheory
from rstheory.smoothing.data import load
from rstheory.smoothing.models import build, load_checkpoint, save_checkpoint
from rstheory.tables import show

CIFAR = (3, 32, 32)
PAIR = "rstheory in two processes, bfloat16"


class Timed(NamedTuple):
    """One measurement. start, end: seconds on the clock that all processes share."""

    start: float
    end: float
    done: Done


class _Gate:
    """What holds the processes of one measurement until all are warm; each process is given it at its start."""

    barrier: Barrier

    @classmethod
    def place(cls, barrier: Barrier, threads: int | None) -> None:
        cls.barrier = barrier
        if threads is not None:
            torch.set_num_threads(threads)


def measure(names: Sequence[str], job: Job) -> list[Timed]:
    """Time these ways, one after the other; runs in a process made for it."""
    try:
        return [_measure(WAYS[name](job), job) for name in names]
    except BaseException:
        _Gate.barrier.abort()  # the other process would wait for ever
        raise


def _measure(way: Way, job: Job) -> Timed:
    way.work(way.warm)
    _synchronize(job)
    _Gate.barrier.wait()
    start = time.perf_counter()
    done = way.work(job.draws)
    _synchronize(job)
    return Timed(start, time.perf_counter(), done)


def _synchronize(job: Job) -> None:
    if job.device != "cpu":
        torch.cuda.synchronize()


def apart(names: Sequence[str], jobs: Sequence[Job], threads: int | None = None) -> list[list[Timed]]:
    """`measure` in one fresh process for each job, all at once. threads: of each process, default torch's."""
    context = get_context("spawn")
    barrier = context.Barrier(len(jobs))
    with ProcessPoolExecutor(len(jobs), context, initializer=_Gate.place, initargs=(barrier, threads)) as pool:
        return [future.result() for future in [pool.submit(measure, names, job) for job in jobs]]


def random_network(arch: str, image: torch.Tensor, sigma: float, path: Path) -> None:
    """Write a fixed network of random weights that gives the noisy copies of the image different classes.

    Fresh weights give them all one class, and then equal counts show nothing. So batch norm takes its statistics from
    noisy copies, and the last bias the mean of the logits away.
    """
    torch.manual_seed(0)
    model = build(arch, classes=10, shape=CIFAR)
    noisy = image.float() + sigma * torch.randn(256, *CIFAR)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None  # the mean over what it sees, here one batch
    last: Any = model[1].get_submodule("fc")
    with torch.no_grad():
        model.train()(noisy)
        last.bias -= model.eval()(noisy).mean(0)
    save_checkpoint(path, model, arch=arch, classes=10, shape=CIFAR)


def multiply_adds(model: torch.nn.Module, image: torch.Tensor) -> int:
    with torch.no_grad(), FlopCounterMode(display=False) as flops:
        model(image.float())
    return int(flops.get_total_flops()) // 2


def time_all(job: Job, rounds: int, with_art: bool) -> tuple[dict[str, list[float]], dict[str, NDArray[np.int64]]]:
    """Draws a second of every way in every round, and the class counts of all rounds together."""
    rates: dict[str, list[float]] = {}
    counts: dict[str, NDArray[np.int64]] = {}
    threads = torch.get_num_threads()
    optional = {ART: with_art, PAIR: job.device == "cpu" and threads > 1}
    order = [[FIELD], [ART], *([name] for name in OURS.values()), [PAIR], [NOISE, *PRODUCT.values()]]
    plan = [(seed, names) for seed in range(rounds) for names in order if optional.get(names[0], True)]
    for seed, names in track(plan, "timing", transient=True):
        if names == [PAIR]:
            halves = [replace(job, seed=2 * seed + half, draws=-(-job.draws // 2)) for half in range(2)]
            both = [timed[0] for timed in apart([OURS[torch.bfloat16]], halves, threads // 2)]
            seconds = max(timed.end for timed in both) - min(timed.start for timed in both)
            rates.setdefault(PAIR, []).append(sum(timed.done.draws for timed in both) / seconds)
            continue
        for name, timed in zip(names, apart(names, [replace(job, seed=seed)])[0], strict=True):
            rates.setdefault(name, []).append(timed.done.draws / (timed.end - timed.start))
            if timed.done.counts is not None:
                counts[name] = counts.get(name, 0) + timed.done.counts
    return rates, counts


def table(rates: dict[str, list[float]]) -> pd.DataFrame:
    medians = {name: float(np.median(values)) for name, values in rates.items()}
    bounds = {_precision(name): medians[name] for name in PRODUCT.values()}
    return pd.DataFrame(
        {
            "way": name,
            "median": medians[name],
            "fastest": max(values),
            "slowest": min(values),
            "times the field's": medians[name] / medians[FIELD],
            "share of a plain product": medians[name] / bounds.get(_precision(name), math.nan),
        }
        for name, values in rates.items()
    )


def _precision(name: str) -> str:
    return name.rpartition(", ")[2]


def agreement(counts: dict[str, NDArray[np.int64]]) -> bool:
    """Print the share of the top class by the field's loop and by ours, both float32; do they agree?"""
    votes = np.stack([counts[FIELD], counts[OURS[torch.float32]]])
    draws = votes.sum(1)
    top = int(votes.sum(0).argmax())  # of both together: the winner of one is by its choice too high in that one
    share, pooled = votes[:, top] / draws, votes[:, top].sum() / draws.sum()
    errors = np.sqrt(share * (1 - share) / draws)
    difference, error = abs(share[0] - share[1]), math.sqrt(pooled * (1 - pooled) * (1 / draws).sum())
    texts = [f"{share[i]:.4f} ± {errors[i]:.4f} ({draws[i]:,} draws)" for i in range(2)]
    distance = f"{difference / error if error else 0:.1f} standard errors apart"
    print(f"Share of class {top}: the field's loop {texts[0]}, ours {texts[1]}; {distance}")
    return bool(difference <= 5 * error)


def machine(device: str) -> str:
    """Processor and card, with the instructions that matter to a network."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    about = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    notable = [f for f in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if f in about.get("flags", "").split()]
    name = about.get("model name") or platform.processor() or platform.machine()
    parts = [f"{name}, {torch.get_num_threads()} threads"]
    if notable:
        parts.append(" ".join(notable))
    if device != "cpu":
        parts.append(f"{torch.cuda.get_device_name(device)}, CUDA {torch.version.cuda}")
    return "; ".join(parts)


def toolbox() -> str | None:
    """Version of ART, if it is installed; the package `art` may be another."""
    try:
        return version("adversarial-robustness-toolbox")
    except PackageNotFoundError:
        return None


def main(
    arch: Annotated[str | None, typer.Option(help="Network of random weights: resnet20 (default), resnet110.")] = None,
    checkpoint: Annotated[Path | None, typer.Option(help="Network to use instead.")] = None,
    data: Annotated[str | None, typer.Option(help="Data whose first test image to use; default a random one.")] = None,
    sigma: Annotated[float, typer.Option(help="Noise level, for pixels in [0, 1].")] = 0.5,
    draws: Annotated[
        int | None, typer.Option(min=1, help="Draws a measurement; default 1024 a thread, on CUDA 100,000.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Timing rounds.")] = 5,
    batch: Annotated[int | None, typer.Option(min=1, help="Rows a pass of ours; default 256, on CUDA 2048.")] = None,
    field_batch: Annotated[int, typer.Option(min=1, help="Rows a pass of the field's loop.")] = 400,
    art_batch: Annotated[int, typer.Option(min=1, help="Rows a pass of ART; 32 is its default.")] = 32,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
) -> None:
    """Time class counts under noise, and check that they agree."""
    if device not in ("cpu", "cuda"):
        raise typer.BadParameter(f"{device}: use cpu or cuda", param_hint="--device")
    if checkpoint and arch:
        raise typer.BadParameter("a checkpoint says its architecture itself", param_hint="--arch")
    cpu, threads = device == "cpu", torch.get_num_threads()
    if data:
        image = load(data).inputs(torch.tensor([0])).double()
    else:
        image = torch.rand((1, *CIFAR), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    with tempfile.TemporaryDirectory() as folder:
        if checkpoint is None:
            if image.shape[1:] != CIFAR:
                raise typer.BadParameter("images of this shape need a --checkpoint", param_hint="--data")
            random_network(arch or "resnet20", image, sigma, Path(folder) / "random.safetensors")
        path = checkpoint or Path(folder) / "random.safetensors"
        network = load_checkpoint(path, shape=image.shape[1:])
        job = Job(
            path,
            image.numpy(),
            network.classes,
            multiply_adds(network.model, image),
            device,
            sigma,
            draws or (1024 * threads if cpu else 100_000),
            batch or (256 if cpu else 2048),
            field_batch,
            art_batch,
            seed=0,
        )
        art_version = toolbox()
        rates, counts = time_all(job, rounds, art_version is not None)
    print(machine(device))
    print(f"rstheory {rstheory.__version__}, torch {torch.__version__}, ART {art_version}, NumPy {np.__version__}, "
          f"Python {platform.python_version()}")  # fmt: skip
    size = product_size(device)
    show(
        f"Draws a second: {network.arch}, {job.multiply_adds / 1e6:.1f} M multiply-adds a draw, sigma = {sigma:g},"
        f" {job.draws:,} draws, {rounds} rounds; batches of {job.batch} (ours), {field_batch} (field), {art_batch}"
        f" (ART); products of {size} x {size}",
        table(rates),
        {
            **dict.fromkeys(("median", "fastest", "slowest"), ",.0f"),
            "times the field's": ".2f",
            "share of a plain product": lambda share: "" if math.isnan(share) else f"{share:.2f}",
        },
    )
    if PAIR in rates:
        ratio = np.median(np.divide(rates[PAIR], rates[OURS[torch.bfloat16]]))
        share = f"{ratio:.2f} of what one process of {threads} does (median over the rounds)"
        print(f"Threads in each of the two processes: {threads // 2}. Together they do {share}")
    if art_version is None:
        print("ART is not installed: pip install adversarial-robustness-toolbox scikit-learn statsmodels")
    if not agreement(counts):
        raise SystemExit("the two ways count different things")


if __name__ == "__main__":
    typer.run(main)
