"""Class counts under noise: the one loop that every certificate, prediction and measurement of p comes from.

Draws of several samples flow through the network in batches of one fixed size. Each draw's noise depends on nothing but
(seed, sample, draw), so batches may be filled and shared in any way. Counts stay on the device until a group of samples
is done. On the CPU several threads run batches of their own, one core each: that beats splitting every small operation
over the cores. Memory does not grow with the number of draws.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray

from rstheory import _check
from rstheory._progress import Advance
from rstheory.smoothing.noise import BLOCK, Draws, Noise, generator_name


class Segment(NamedTuple):
    """Draws of one sample that go into a batch together. cell: where they are counted (sample x purpose)."""

    sample: int
    cell: int
    draws: Draws


def segments(indices: Sequence[int], budgets: Mapping[int, int]) -> Iterator[Segment]:
    """All draws of a group of samples, in blocks. budgets: purpose -> draws a sample.

    >>> [(s.cell, s.draws.block, s.draws.rows) for s in segments([7], {0: 100, 1: 200})]
    [(0, 0, 100), (1, 0, 128), (1, 1, 72)]
    """
    for sample, index in enumerate(indices):
        for place, (purpose, budget) in enumerate(budgets.items()):
            for start in range(0, budget, BLOCK):
                draws = Draws(index, purpose, start // BLOCK, min(BLOCK, budget - start))
                yield Segment(sample, sample * len(budgets) + place, draws)


def packed(stream: Iterator[Segment], rows: int) -> Iterator[list[Segment]]:
    """Consecutive segments put together until one more would exceed `rows`."""
    batch: list[Segment] = []
    filled = 0
    for segment in stream:
        if filled + segment.draws.rows > rows:
            yield batch
            batch, filled = [], 0
        batch.append(segment)
        filled += segment.draws.rows
    if batch:
        yield batch


class Counter:
    """Counts the classes that a base classifier gives to noisy copies of inputs.

    model: maps (batch, channels, height, width) to (batch, classes) logits; a fixed function, in eval mode and on
    `device` (see `models.prepare`). shape: of one input. noise: what is added. dtype: of the network's input. batch:
    rows of every forward pass; the last one of a group is padded, so that all have one shape. workers: threads on the
    CPU, default one a core.

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

        images: float64 in [0, 1], shape (samples, *shape). indices: number of each sample in its data set, which picks
        its noise. budgets: purpose -> draws, such as {SELECTION: 100, ESTIMATION: 100_000}. advance: is told of draws
        done.

        ValueError for inputs outside [0, 1], or if the network's output has another shape or is not finite.
        """
        if images.shape != (len(indices), *self.shape):
            raise ValueError(f"images have shape {tuple(images.shape)}, expected {(len(indices), *self.shape)}")
        bad = ~((images >= 0) & (images <= 1)).flatten(1).all(1)
        if bool(bad.any()):
            raise ValueError(f"image {indices[int(bad.nonzero()[0])]} is not allowed: pixels must lie in [0, 1]")
        scaled = (images.to(torch.float64) / self.noise.grid).flatten(1).to(self.device)
        work = _Shared(packed(segments(indices, budgets), self._buffers[0].rows))
        cells = len(indices) * len(budgets)
        futures = [self._pool.submit(self._work, b, work, scaled, cells, advance) for b in self._buffers]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:  # an error or an interrupt in one thread must not leave the others at work, nor in their buffers
            work.stop()
            wait(futures)
        votes = torch.stack([future.result() for future in futures]).sum(0).cpu().numpy()
        if np.any(broken := votes[:, self.classes]):
            sample = indices[int(np.argmax(broken > 0)) // len(budgets)]
            raise ValueError(
                f"the network's output is not finite on {int(broken.sum())} draws, first on image {sample}"
            )
        return votes[:, : self.classes].reshape(len(indices), len(budgets), self.classes)

    def _work(
        self, buffers: _Buffers, work: _Shared, scaled: torch.Tensor, cells: int, advance: Advance
    ) -> torch.Tensor:
        """One thread's share: counts of shape (cells, classes + 1), the last column for outputs that are not finite."""
        width = self.classes + 1
        votes = torch.zeros((cells + 1) * width, dtype=torch.int64, device=self.device)  # a last cell for padding
        with torch.inference_mode():
            for batch in work:
                rows = self._noisy(buffers, batch, scaled, cells)
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
                    votes.index_add_(0, buffers.cell[part] * width + label, buffers.ones[part])
                advance(rows)
        return votes.view(cells + 1, width)[:cells]

    def _noisy(self, buffers: _Buffers, batch: list[Segment], scaled: torch.Tensor, cells: int) -> int:
        """Fill the buffers with round((x + noise)/h) h; returns the rows in use, padding belongs to cell `cells`."""
        noisy, row = buffers.noisy, 0
        for segment in batch:
            part = slice(row, row + segment.draws.rows)
            self.noise.fill(noisy[part], segment.draws)
            noisy[part].mul_(self.noise.sigma / self.noise.grid).add_(scaled[segment.sample])
            buffers.cell[part] = segment.cell
            row = part.stop
        buffers.cell[row:] = cells
        noisy[:row].round_().mul_(self.noise.grid)  # exact: a power of two
        buffers.inputs.copy_(noisy.view(-1, *self.shape))  # float16 would not hold them in units of the grid
        return row


class _Buffers:
    """What one thread works in. Allocated once: the system is not asked for memory at every batch."""

    def __init__(self, rows: int, shape: tuple[int, int, int], device: torch.device, dtype: torch.dtype) -> None:
        self.rows = rows
        self.noisy = torch.zeros((rows, int(np.prod(shape))), dtype=torch.float64, device=device)
        self.inputs = torch.zeros((rows, *shape), dtype=dtype, device=device).to(memory_format=torch.channels_last)
        self.cell = torch.zeros(rows, dtype=torch.int64, device=device)
        self.ones = torch.ones(rows, dtype=torch.int64, device=device)


class _Shared:
    """An iterator that several threads take from, until it is empty or stopped."""

    def __init__(self, items: Iterator[Any]) -> None:
        self._items, self._lock, self._stopped = items, threading.Lock(), False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
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
