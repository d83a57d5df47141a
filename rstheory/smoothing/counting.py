"""Class counts under noise: the one loop that every certificate, prediction and measurement of p comes from.

Draws of several samples flow through the network in batches of one fixed size. Each draw's noise depends on nothing but
(seed, sample, purpose, draw). So counting may start at any draw, and batches may be filled and shared in any way.
Counts stay on the device until all that was asked for is done. On the CPU several threads run batches of their own,
one core each: that beats splitting every small operation over the cores. Memory does not grow with the number of draws.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import replace
from itertools import chain
from types import TracebackType
from typing import Generic, NamedTuple, Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from rstheory import _check
from rstheory._progress import Advance
from rstheory.smoothing.noise import BLOCK, Begun, Draws, Noise, generator_name


class Span(NamedTuple):
    """Draws that are counted together: of one sample, for one purpose.

    sample: its place among the images.
    purpose: see `purposes`.
    first: number of the first draw, from 0 on.
    draws: how many there are.
    """

    sample: int
    purpose: int
    first: int
    draws: int


class Segment(NamedTuple):
    """Draws of one block that go into a batch together, and the place of the sample and of the span they belong to."""

    sample: int
    span: int
    draws: Draws


def segments(index: int, purpose: int, first: int, draws: int) -> Iterator[Draws]:
    """Draws first, ..., first + draws - 1 of one sample, cut where blocks end.

    >>> [(d.block, d.first, d.rows) for d in segments(7, 1, 100, 200)]
    [(0, 100, 28), (1, 0, 128), (2, 0, 44)]
    """
    end = first + draws
    while first < end:
        block, row = divmod(first, BLOCK)
        rows = min(BLOCK - row, end - first)
        yield Draws(index, purpose, block, rows, row)
        first += rows


def packed(spans: Sequence[Span], indices: Sequence[int], rows: int) -> Iterator[list[Segment]]:
    """All draws of the spans in batches of exactly `rows`; only the last one may hold fewer.

    A block is cut where a batch ends. That makes its noise dearer, so whole blocks come first: they fill the usual
    batches without a cut.
    """

    def blocks(whole: bool) -> Iterator[Segment]:
        for place, (sample, purpose, first, draws) in enumerate(spans):
            for part in segments(indices[sample], purpose, first, draws):
                if (part.rows == BLOCK) is whole:
                    yield Segment(sample, place, part)

    batch: list[Segment] = []
    room = rows
    for segment in chain(blocks(True), blocks(False)):
        rest = segment.draws
        while rest.rows >= room:
            batch.append(segment._replace(draws=replace(rest, rows=room)))
            yield batch
            rest = replace(rest, first=rest.first + room, rows=rest.rows - room)
            batch, room = [], rows
        if rest.rows:
            batch.append(segment._replace(draws=rest))
            room -= rest.rows
    if batch:
        yield batch


class ClassCounter:
    """Counts the classes that a base classifier gives to noisy copies of inputs.

    model: maps (batch, channels, height, width) to (batch, classes) logits. A fixed function, in eval mode and on
    `device` (see `models.prepare`).
    shape: of one input.
    classes: how many there are.
    noise: what is added.
    device: where the network runs.
    dtype: of the network's input.
    batch: rows of every forward pass. Batches that are not full are padded, so that all have one shape.
    workers: threads on the CPU; default: one per core.

    A context manager, since it keeps threads.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        *,
        shape: tuple[int, int, int],
        classes: int,
        noise: Noise,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
        batch: int | None = None,
        workers: int | None = None,
    ) -> None:
        generator_name(device)
        if noise.dimension != int(np.prod(shape)):
            raise ValueError(f"shape={shape} is not allowed: the noise has dimension={noise.dimension}")
        self.model, self.shape, self.classes, self.noise = model, shape, classes, noise
        self.device, self.dtype = device, dtype
        self.batch = _check.scalar_int(
            "batch", _check.budget("batch", (256 if device.type == "cpu" else 2048) if batch is None else batch)
        )
        threads = (torch.get_num_threads() if device.type == "cpu" else 1) if workers is None else workers
        self.workers = _check.scalar_int("workers", _check.budget("workers", threads))
        rows = self.batch * -(-BLOCK // self.batch) if self.batch < BLOCK else self.batch
        self._buffers = [_Buffers(rows, shape, device, dtype) for _ in range(self.workers)]
        self._begun = Begun()
        self._pool = ThreadPoolExecutor(self.workers, initializer=self._own_core if self.workers > 1 else None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()

    @staticmethod
    def _own_core() -> None:
        torch.set_num_threads(1)

    def count(
        self,
        images: torch.Tensor,
        indices: Sequence[int],
        budgets: Mapping[int, int],
        advance: Advance = lambda draws: None,
    ) -> NDArray[np.int64]:
        """How often each class was drawn: int64, shape (samples, purposes, classes).

        budgets: purpose -> draws per sample, such as {SELECTION: 100, ESTIMATION: 100_000}.

        The rest is as in `count_spans`.
        """
        places = range(len(indices))
        spans = [Span(place, purpose, 0, draws) for place in places for purpose, draws in budgets.items()]
        counts = self.count_spans(images, indices, spans, advance)
        return counts.reshape(len(indices), len(budgets), self.classes)

    def count_spans(
        self,
        images: torch.Tensor,
        indices: Sequence[int],
        spans: Sequence[Span],
        advance: Advance = lambda draws: None,
    ) -> NDArray[np.int64]:
        """How often each class was drawn: int64, shape (spans, classes).

        images: in [0, 1], shape (samples, *shape).
        indices: number of each sample in its data set, which picks its noise.
        spans: which draws to count.
        advance: is told of draws done.

        ValueError for inputs outside [0, 1], or if the network's output has another shape or is not finite.
        """
        if images.shape != (len(indices), *self.shape):
            raise ValueError(f"images have shape {tuple(images.shape)}, expected {(len(indices), *self.shape)}")
        bad = ~((images >= 0) & (images <= 1)).flatten(1).all(1)
        if bool(bad.any()):
            raise ValueError(f"image {indices[int(bad.nonzero()[0])]} is not allowed: pixels must lie in [0, 1]")
        scaled = images.to(self.device).to(torch.float64).flatten(1) / self.noise.grid  # exact: a power of two
        work = _Shared(packed(spans, indices, self._buffers[0].rows))
        futures = [self._pool.submit(self._work, b, work, scaled, len(spans), advance) for b in self._buffers]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:  # an error or an interrupt in one thread must not leave the others at work, nor in their buffers
            work.stop()
            wait(futures)
        votes: NDArray[np.int64] = torch.stack([future.result() for future in futures]).sum(0).cpu().numpy()
        if np.any(broken := votes[:, self.classes]):
            index = indices[spans[int(np.argmax(broken > 0))].sample]
            raise ValueError(f"the network's output is not finite on {int(broken.sum())} draws, first on image {index}")
        return votes[:, : self.classes]

    def _work(
        self, buffers: _Buffers, work: _Shared[list[Segment]], scaled: torch.Tensor, spans: int, advance: Advance
    ) -> torch.Tensor:
        """One thread's share: counts of shape (spans, classes + 1), the last column for outputs that are not finite."""
        width = self.classes + 1
        votes = torch.zeros((spans + 1) * width, dtype=torch.int64, device=self.device)  # a last span for padding
        with torch.inference_mode():
            for batch in work:
                rows = self._noisy(buffers, batch, scaled, spans)
                for start in range(0, rows, self.batch):
                    part = slice(start, start + self.batch)
                    logits = self.model(buffers.inputs[part])
                    if logits.shape != (self.batch, self.classes):
                        raise ValueError(
                            f"the network returned shape {tuple(logits.shape)} for {self.batch} inputs: expected"
                            f" {(self.batch, self.classes)}; is {self.classes} the number of its classes?"
                        )
                    top, label = logits.max(1)
                    label = torch.where(torch.isfinite(top), label, self.classes)
                    votes.index_add_(0, buffers.span[part] * width + label, buffers.ones[part])
                advance(rows)
        return votes.view(spans + 1, width)[:spans]

    def _noisy(self, buffers: _Buffers, batch: list[Segment], scaled: torch.Tensor, spans: int) -> int:
        """Fill the buffers with round((x + noise)/h) h; returns the rows in use, padding belongs to span `spans`."""
        noisy, row = buffers.noisy, 0
        for segment in batch:
            part = noisy[row : row + segment.draws.rows]
            self.noise.fill(part, segment.draws, self._begun)
            part.mul_(self.noise.sigma / self.noise.grid).add_(scaled[segment.sample])
            row += segment.draws.rows
        rows_of = np.repeat([segment.span for segment in batch], [segment.draws.rows for segment in batch])
        buffers.span[:row].copy_(torch.from_numpy(rows_of))
        buffers.span[row:] = spans
        noisy[:row].round_().mul_(self.noise.grid)  # exact: a power of two
        buffers.inputs.copy_(noisy.view(-1, *self.shape))  # float16 would not hold them in units of the grid
        return row


class _Buffers:
    """What one thread works in. Allocated once: the system is not asked for memory at every batch."""

    def __init__(self, rows: int, shape: tuple[int, int, int], device: torch.device, dtype: torch.dtype) -> None:
        self.rows = rows
        self.noisy = torch.zeros((rows, int(np.prod(shape))), dtype=torch.float64, device=device)
        self.inputs = torch.zeros((rows, *shape), dtype=dtype, device=device).to(memory_format=torch.channels_last)
        self.span = torch.zeros(rows, dtype=torch.int64, device=device)
        self.ones = torch.ones(rows, dtype=torch.int64, device=device)


T = TypeVar("T")


class _Shared(Generic[T]):
    """An iterator that several threads take from, until it is empty or stopped."""

    def __init__(self, items: Iterator[T]) -> None:
        self._items, self._lock, self._stopped = items, threading.Lock(), False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        with self._lock:
            if self._stopped:
                raise StopIteration
            return next(self._items)

    def stop(self) -> None:
        with self._lock:
            self._stopped = True


def keep_freed_memory() -> None:
    """Tell glibc to keep freed memory for the next batch, process-wide; elsewhere do nothing.

    Its default gives activations of some MB back to the system and takes them again page by page at every layer.
    """
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        trim_threshold, mmap_threshold = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h
        libc.mallopt(trim_threshold, 2**30)
        libc.mallopt(mmap_threshold, 2**30)
