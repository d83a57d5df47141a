"""One run over a data set: what is still to do, its class counts, its log."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from rstheory._files import require_folder
from rstheory._progress import Advance, Progress, silent
from rstheory._version import __version__
from rstheory.logs.append import RunLog, collect, existing
from rstheory.logs.schema import OPEN, ORIGIN, Format
from rstheory.logs.write import row
from rstheory.smoothing.counting import ClassCounter, keep_freed_memory
from rstheory.smoothing.data import Dataset, load
from rstheory.smoothing.kernels import kernels_of
from rstheory.smoothing.models import Checkpoint, load_checkpoint, note_chance, note_other_noise, prepare
from rstheory.smoothing.noise import Noise, generator_name
from rstheory.smoothing.schedule import Images, Sample, finished
from rstheory.smoothing.share import Share, own_device, processes
from rstheory.smoothing.tasks import Task


def origin(counter: ClassCounter, images: Images, weights: str) -> dict[str, str]:
    """Cells that tell what makes the rows of a run. weights: digest of the network's weights."""
    cells = {
        "tau": f"{counter.noise.tau:.3e}",
        "noise": generator_name(counter.device),
        "dtype": str(counter.dtype).removeprefix("torch."),
        "weights": weights[:16],
        "data": f"{images.name} {images.digest[:16]}",
        "kernels": kernels_of(counter.device),
        "software": f"rstheory {__version__}, torch {torch.__version__}, numpy {np.__version__}",
    }
    assert tuple(cells) == tuple(column.name for column in ORIGIN)
    return cells


def run(
    task: Task,
    counter: ClassCounter,
    images: Images,
    indices: Sequence[int],
    weights: str,
    out: Path,
    *,
    resume: bool = False,
    any_kernels: bool = False,
    share: Share = Share(),  # noqa: B008  # frozen
    progress: Progress = silent,
) -> None:
    """Answer `task` for some images, into the log `out`. Finished samples are written at once.

    counter: counts with the task's noise.
    indices: numbers of the images that are to be done.
    weights: digest of the network's weights, for the log.
    resume: go on with a log that is there, instead of refusing it. What it already holds is not done again, and a
    half-written last line is made anew.
    any_kernels: go on where other kernels made rows, and share the work with processes that have others; each row says
    which it was. Certificates of such a log are of as many functions.
    share: this process's share of the work.
    progress: opened with the most draws that are left to do, by all processes together.

    ValueError where the log exists (without resume), belongs to another run, or is being written by another; OSError
    where it cannot be written. What was written before stays.
    """
    _check_run(task, counter, images, indices)
    made_by = origin(counter, images, weights)
    form = task.form
    identity = identity_of_run({**task.cells, **made_by}, form, share, any_kernels)
    order = {index: place for place, index in enumerate(indices)}

    def begin() -> set[int]:
        if not resume and (found := existing(out)):
            raise ValueError(f"{found[0]} exists: go on with it by --resume, or choose another file")
        return collect(out, form, identity, order)

    done = share.agree_on(begin)
    todo = [index for index in indices if index not in done]
    with RunLog(out, form, identity, share.part) as log, progress(len(todo) * task.most_draws) as advance:
        for rows in answers(task, counter, images, share.taken(todo), share.told(advance)):
            log.append(row(form, cells | made_by) for cells in rows)
    share.wait()
    share.agree_on(lambda: collect(out, form, identity, order))


def identity_of_run(cells: Mapping[str, str], form: Format, share: Share, any_kernels: bool) -> dict[str, str]:
    """The cells that all rows of a run have in common.

    ValueError where processes that share a run have other kernels than the first, unless that is allowed.
    """
    if not any_kernels and (first := share.agree_on(lambda: cells["kernels"])) != cells["kernels"]:
        raise ValueError(
            f"process {share.rank} computes on {cells['kernels']}, the first one on {first}: these may count"
            " differently; give --any-kernels (any_kernels=True) if every row may be of the machine that made it"
        )
    return {name: cells[name] for name in form.identity if not (any_kernels and name in OPEN)}


def rows_in_memory(
    task: Task,
    counter: ClassCounter,
    images: Images,
    indices: Sequence[int],
    weights: str,
    *,
    progress: Progress = silent,
) -> list[dict[str, object]]:
    """The rows that `run` would write, in the order of `indices`; nothing is written."""
    _check_run(task, counter, images, indices)
    made_by = origin(counter, images, weights)
    order = {index: place for place, index in enumerate(indices)}
    rows: list[tuple[int, dict[str, object]]] = []
    with progress(len(indices) * task.most_draws) as advance:
        for group in finished(task, counter, images, indices, advance):
            for sample, cells in zip(group, _rows(task, images, group), strict=True):
                rows.append((order[sample.index], cells | made_by))
    return [cells for _, cells in sorted(rows, key=lambda pair: pair[0])]


def _check_run(task: Task, counter: ClassCounter, images: Images, indices: Sequence[int]) -> None:
    task.level(counter.noise.tau)  # refuses budgets that the noise is not good enough for
    if len(set(indices)) != len(indices) or not all(0 <= index < len(images) for index in indices):
        raise ValueError(f"indices are not allowed: they must be distinct and lie in 0..{len(images) - 1}")


def _rows(task: Task, images: Images, group: Sequence[Sample]) -> list[dict[str, object]]:
    indices = [sample.index for sample in group]
    counts = np.stack([sample.counts for sample in group])
    return task.rows(indices, images.labels[indices].tolist(), counts, [sample.seconds for sample in group])


def answers(
    task: Task, counter: ClassCounter, images: Images, indices: Iterable[int], advance: Advance
) -> Iterator[list[dict[str, object]]]:
    """Cells of the log's rows, without the origin, as samples are finished."""
    for group in finished(task, counter, images, indices, advance):
        yield _rows(task, images, group)


@dataclass(frozen=True)
class Machine:
    """How the network is run. None of it changes the noise; dtype changes the network that is certified.

    dtype: "float32", "bfloat16" or "float16".
    device: "cpu", "cuda", "cuda:N" or "auto".
    batch: rows of every forward pass; default: what suits the device.
    compiled: whether by torch.compile, which then has the cores to itself.
    any_kernels: whether rows of one log may come from different kernels, see `run`.
    """

    dtype: str = "float32"
    device: str = "auto"
    batch: int | None = None
    compiled: bool = False
    any_kernels: bool = False

    def __post_init__(self) -> None:
        if self.dtype not in ("float32", "bfloat16", "float16"):
            raise ValueError(f"dtype={self.dtype!r} is not allowed: use float32, bfloat16 or float16")


@dataclass(frozen=True)
class Inputs:
    """What is counted: a checkpoint on some images of a data set, both on disk.

    checkpoint: file of the base classifier.
    source, split, label, channels: as `data.load` takes them.
    start, skip, limit: every skip-th image from the start-th on, at most this many.
    mean, std, trust_program: see `load_checkpoint`.
    machine: how the network is run.
    """

    checkpoint: Path
    source: str
    split: str = "test"
    start: int = 0
    skip: int = 1
    limit: int | None = None
    label: str | None = None
    channels: int | None = None
    trust_program: bool = False
    mean: Sequence[float] | None = None
    std: Sequence[float] | None = None
    machine: Machine = Machine()  # frozen


@dataclass(frozen=True, eq=False)
class Opened:
    """Inputs ready to be counted, by one of the processes that share the work.

    counter: counts under the noise of the run.
    data: the data set.
    indices: numbers of the images that are to be done.
    weights: digest of the network's weights.
    share: this process's share of the work.
    any_kernels: see `run`.
    """

    counter: ClassCounter
    data: Dataset
    indices: list[int]
    weights: str
    share: Share
    any_kernels: bool


def checkpoint_and_images(inputs: Inputs, sigma: float, *, told: bool) -> tuple[Dataset, Checkpoint]:
    """The data set, and a network of as many classes.

    told: whether this process warns, where the checkpoint was trained under another noise level than sigma, and where
    a file that is not ours answers no better than by chance.
    """
    checkpoint = inputs.checkpoint
    data = load(inputs.source, inputs.split, label=inputs.label, channels=inputs.channels)
    loaded = load_checkpoint(
        checkpoint, shape=data.shape, mean=inputs.mean, std=inputs.std, trust_program=inputs.trust_program
    )
    if loaded.classes != len(data.classes):
        raise ValueError(
            f"{checkpoint}: a network of {loaded.classes} classes cannot be judged by {data.name}, which has"
            f" {len(data.classes)}"
        )
    if told:
        note_other_noise(checkpoint, loaded, sigma)
        note_chance(checkpoint, loaded, data, sigma)
    return data, loaded


@contextmanager
def opened(inputs: Inputs, sigma: float, seed: int) -> Iterator[Opened]:
    """Open inputs for noise of level sigma and a seed, alone or as one of the processes that torchrun started.

    Warns where the checkpoint was trained under another noise level, and where a file that is not ours answers no
    better than by chance.
    """
    machine = inputs.machine
    device = own_device(machine.device)
    if device.type == "cpu":
        keep_freed_memory()
    with processes(device) as share:
        data, loaded = checkpoint_and_images(inputs, sigma, told=share.first)
        indices = data.every(inputs.skip, inputs.limit, inputs.start).tolist()
        dtype: torch.dtype = getattr(torch, machine.dtype)
        model = prepare(loaded.model, dtype=dtype, device=device)
        if machine.compiled:
            model = torch.compile(model)  # type: ignore[assignment]
        counter = ClassCounter(
            model,
            shape=data.shape,
            classes=loaded.classes,
            noise=Noise(seed, sigma, math.prod(data.shape)),
            device=device,
            dtype=dtype,
            batch=machine.batch,
            workers=1 if machine.compiled else None,
        )
        with counter:
            yield Opened(counter, data, indices, loaded.fingerprint, share, machine.any_kernels)


def run_checkpoint(
    task: Task,
    *,
    checkpoint: Path,
    source: str,
    out: Path,
    split: str = "test",
    start: int = 0,
    skip: int = 1,
    limit: int | None = None,
    label: str | None = None,
    channels: int | None = None,
    trust_program: bool = False,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    machine: Machine = Machine(),  # frozen
    resume: bool = False,
    progress: Progress = silent,
) -> float | None:
    """`run` for a checkpoint and a data set on disk, alone or as one of the processes that torchrun started.

    resume, progress: see `run`. The other arguments: see `Inputs`.

    Returns the tau of the noise, in all processes but the first None. Warns where the checkpoint was trained under
    another noise level, and where a file that is not ours answers no better than by chance.
    """
    require_folder(out)
    inputs = Inputs(checkpoint, source, split, start, skip, limit, label, channels, trust_program, mean, std, machine)
    with opened(inputs, task.sigma, task.seed) as ready:
        answer(task, ready, out, resume=resume, progress=progress)
        return ready.counter.noise.tau if ready.share.first else None


def answer(task: Task, ready: Opened, out: Path, *, resume: bool = False, progress: Progress = silent) -> None:
    """`run` for inputs that are open already."""
    run(
        task,
        ready.counter,
        ready.data,
        ready.indices,
        ready.weights,
        out,
        resume=resume,
        any_kernels=ready.any_kernels,
        share=ready.share,
        progress=progress,
    )
