"""One run over a data set: what is still to do, its class counts, its log."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from rstheory._files import require_folder
from rstheory._progress import Advance, Progress, silent
from rstheory._version import __version__
from rstheory.logs.append import RunLog, collect, existing
from rstheory.logs.schema import ORIGIN
from rstheory.logs.write import row
from rstheory.smoothing.counting import Counter, keep_freed_memory
from rstheory.smoothing.data import Dataset, load
from rstheory.smoothing.models import load_checkpoint, note_other_noise, prepare, weights_digest
from rstheory.smoothing.noise import Noise, generator_name
from rstheory.smoothing.share import Share, joined, own_device
from rstheory.smoothing.tasks import Task


def origin(counter: Counter, data: Dataset, weights: str) -> dict[str, str]:
    """Cells that tell what makes the rows of a run. weights: digest of the network's weights."""
    cells = {
        "tau": f"{counter.noise.tau:.3e}",
        "noise": generator_name(counter.device),
        "dtype": str(counter.dtype).removeprefix("torch."),
        "weights": weights[:16],
        "data": f"{data.name} {data.digest[:16]}",
        "software": f"rstheory {__version__}, torch {torch.__version__}, numpy {np.__version__}",
    }
    assert tuple(cells) == tuple(column.name for column in ORIGIN)
    return cells


def run(
    task: Task,
    counter: Counter,
    data: Dataset,
    indices: Sequence[int],
    weights: str,
    out: Path,
    *,
    resume: bool = False,
    share: Share = Share(),  # noqa: B008  # frozen
    progress: Progress = silent,
) -> None:
    """Answer `task` for the samples `indices` of `data`, into the log `out`.

    Every finished group of samples is written at once. resume: go on with a log that is there, instead of refusing it;
    what it already holds is not done again, and a half-written last line is made anew. weights: digest of the network's
    weights, for the log. progress: opened with the number of draws that this process has to do.

    ValueError where the log exists (without resume), belongs to another run, or is being written by another; OSError
    where it cannot be written. What was written before stays.
    """
    task.level(counter.noise.tau)  # refuses budgets that the noise is not good enough for
    made_by = origin(counter, data, weights)
    form = task.form
    identity = {**task.cells, **{name: cell for name, cell in made_by.items() if name in form.identity}}
    order = {index: place for place, index in enumerate(indices)}
    if len(order) != len(indices) or not all(0 <= index < len(data) for index in order):
        raise ValueError(f"indices are not allowed: they must be distinct and lie in 0..{len(data) - 1}")

    def begin() -> set[int]:
        if not resume and (found := existing(out)):
            raise ValueError(f"{found[0]} exists: go on with it by --resume, or choose another file")
        return collect(out, form, identity, order)

    done = share.decided(begin)
    todo = share.of([index for index in indices if index not in done])
    draws = len(todo) * sum(task.budgets.values())
    with RunLog(out, form, identity, share.part) as log, progress(draws) as advance:
        for rows in answers(task, counter, data, todo, advance):
            log.append(row(form, cells | made_by) for cells in rows)
    share.wait()
    share.decided(lambda: collect(out, form, identity, order))


def answers(
    task: Task, counter: Counter, data: Dataset, indices: Sequence[int], advance: Advance
) -> Iterator[list[dict[str, object]]]:
    """Cells of the log's rows, a group of samples at a time. The seconds of a group are shared among its samples."""
    for group in grouped(indices, task.budgets, counter):
        start = time.perf_counter()
        chosen = torch.tensor(group)
        counts = counter.count(data.inputs(chosen).double(), group, task.budgets, advance)
        seconds = (time.perf_counter() - start) / len(group)
        labels = data.labels[chosen].tolist()
        yield [task.row(i, y, votes, seconds) for i, y, votes in zip(group, labels, counts, strict=True)]


def grouped(indices: Sequence[int], budgets: Mapping[int, int], counter: Counter) -> Iterator[list[int]]:
    """Samples that are counted together: enough to fill some batches for every thread, where budgets are small."""
    size = max(1, min(256, 8 * counter.batch * counter.workers // sum(budgets.values())))
    for start in range(0, len(indices), size):
        yield list(indices[start : start + size])


@dataclass(frozen=True)
class Machine:
    """How the network is run. None of it changes the noise; dtype changes the network that is certified.

    dtype: "float32", "bfloat16" or "float16". device: "cpu", "cuda", "cuda:N" or "auto". batch: rows a forward pass.
    compiled: whether by torch.compile, which then has the cores to itself.
    """

    dtype: str = "float32"
    device: str = "auto"
    batch: int | None = None
    compiled: bool = False

    def __post_init__(self) -> None:
        if self.dtype not in ("float32", "bfloat16", "float16"):
            raise ValueError(f"dtype={self.dtype!r} is not allowed: use float32, bfloat16 or float16")


def run_checkpoint(
    task: Task,
    *,
    checkpoint: Path,
    source: str,
    out: Path,
    split: str = "test",
    skip: int = 1,
    limit: int | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    machine: Machine = Machine(),  # frozen
    resume: bool = False,
    progress: Progress = silent,
) -> float | None:
    """`run` for a checkpoint and a data set on disk, alone or as one of the processes that torchrun started.

    source, split: as `data.load` takes them. mean, std: see `load_checkpoint`. skip, limit: every skip-th image, at
    most limit. progress: opened with the draws that this process has to do. Returns the tau of the noise, in all
    processes but the first None. Warns where the checkpoint was trained under another noise level.
    """
    require_folder(out)
    device = own_device(machine.device)
    if device.type == "cpu":
        keep_freed_memory()
    with joined(device) as share:
        data = load(source, split)
        loaded = load_checkpoint(checkpoint, shape=data.shape, mean=mean, std=std)
        if loaded.classes != len(data.classes):
            raise ValueError(
                f"{checkpoint}: a network of {loaded.classes} classes cannot be judged by {data.name}, which has"
                f" {len(data.classes)}"
            )
        if share.first:
            note_other_noise(checkpoint, loaded, task.sigma)
        dtype: torch.dtype = getattr(torch, machine.dtype)
        model = prepare(loaded.model, dtype=dtype, device=device)
        if machine.compiled:
            model = torch.compile(model)  # type: ignore[assignment]
        counter = Counter(
            model,
            shape=data.shape,
            classes=loaded.classes,
            noise=Noise(task.seed, task.sigma, math.prod(data.shape)),
            device=device,
            dtype=dtype,
            batch=machine.batch,
            workers=1 if machine.compiled else None,
        )
        with counter:
            weights = loaded.metadata.get("file_sha256") or weights_digest(loaded.model)
            indices = data.every(skip, limit).tolist()
            run(task, counter, data, indices, weights, out, resume=resume, share=share, progress=progress)
        return counter.noise.tau if share.first else None
