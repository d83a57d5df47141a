"""Which draws are made next, where samples need more or fewer of them: batches stay full, whatever the rule.

Work goes in rounds. Before a round the task is asked what each sample still needs until its next look. The draws of
many samples are then counted together. Which looks a sample gets depends on its own counts alone, so the rows are the
same however samples are put together. Samples that began first go first: few are half done when a run is killed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from rstheory._progress import Advance
from rstheory.smoothing.counting import ClassCounter, Span
from rstheory.smoothing.tasks import Task

_BATCHES = 16  # per thread and round: at its end threads wait for each other, and a kill loses what it had begun
_MOST_BYTES = 2**28  # of images in one round, as float64


class Images(Protocol):
    """Labelled images that can be counted, such as `data.Dataset`."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of every image."""

    @property
    def labels(self) -> torch.Tensor:
        """int64, shape (n,)."""

    @property
    def name(self) -> str:
        """What to call them."""

    @property
    def digest(self) -> str:
        """SHA-256 of pixels and labels, in hexadecimal."""

    def __len__(self) -> int:
        """How many there are."""

    def inputs(self, indices: torch.Tensor, /) -> torch.Tensor:
        """Images as the network takes them, in [0, 1], shape (len(indices), *shape)."""


@dataclass
class Sample:
    """One sample under way.

    index: its number in the data set.
    counts: of its draws so far, shape (purposes, classes).
    needed: draws until the task is asked again, shape (purposes,).
    seconds: that it took so far; those of a round are shared among its samples by draws.
    """

    index: int
    counts: NDArray[np.int64]
    needed: NDArray[np.int64]
    seconds: float = 0.0

    @property
    def draws(self) -> int:
        """Draws until the task is asked again, for all purposes."""
        return int(self.needed.sum())


def finished(
    task: Task, counter: ClassCounter, images: Images, indices: Iterable[int], advance: Advance
) -> Iterator[list[Sample]]:
    """Count the samples `indices` of `images` until each is done; after each round, those that it finished.

    indices: asked for the next sample only when there is room for it, so that several processes can share a queue.
    advance: is told of draws done, and of draws that a sample will not need.

    With one look per sample they come in the order of `indices`.
    """
    nothing = np.zeros((1, len(task.purposes), counter.classes), dtype=np.int64)
    at_first = task.needed(nothing)[0]
    waiting = (Sample(index, nothing[0], at_first) for index in indices)
    batches = counter.batch * counter.workers  # draws that keep every thread at work on a batch
    most_samples = max(1, _MOST_BYTES // (8 * math.prod(images.shape)))
    under_way: list[Sample] = []
    while True:
        draws = sum(sample.draws for sample in under_way)
        while draws < _BATCHES * batches and len(under_way) < most_samples:
            if (new := next(waiting, None)) is None:
                break
            under_way.append(new)
            draws += new.draws
        if not under_way:
            return
        round_ = _round(under_way, _BATCHES * batches, batches)
        _count(task, counter, images, round_, advance)
        done = [sample for sample, _ in round_ if not sample.draws]
        under_way = [sample for sample in under_way if sample.draws]
        advance(sum(task.most_draws - int(sample.counts.sum()) for sample in done))
        if done:
            yield done


def _round(samples: Sequence[Sample], most: int, batches: int) -> list[tuple[Sample, NDArray[np.int64]]]:
    """Draws of the next round, by sample and purpose: all that the first samples need, as far as it is at most `most`.

    Where several samples meet, the last of them gets a part only, so that the draws fill whole batches: it goes on in
    the next round. One sample that needs more than `most` gets all at once.
    """
    total = np.cumsum([sample.draws for sample in samples])
    room = int(total[max(0, int(np.searchsorted(total, most, side="right")) - 1)])
    if len(samples) > 1 and samples[0].draws < room:
        room = room // batches * batches or room
    chosen = []
    for sample in samples:
        draws = np.diff(np.minimum(np.cumsum(sample.needed), room), prepend=0)
        room -= int(draws.sum())
        if not draws.any():
            break
        chosen.append((sample, draws))
    return chosen


def _count(
    task: Task,
    counter: ClassCounter,
    images: Images,
    round_: Sequence[tuple[Sample, NDArray[np.int64]]],
    advance: Advance,
) -> None:
    """Make the draws of a round, and ask the task about the samples that have come to their look."""
    start = time.perf_counter()
    spans = [
        Span(place, purpose, int(counts.sum()), int(draws))
        for place, (sample, asked) in enumerate(round_)
        for purpose, counts, draws in zip(task.purposes, sample.counts, asked, strict=True)
        if draws
    ]
    indices = [sample.index for sample, _ in round_]
    found = counter.count_spans(images.inputs(torch.tensor(indices)), indices, spans, advance)
    counts = np.stack([sample.counts for sample, _ in round_])
    for span, votes in zip(spans, found, strict=True):
        counts[span.sample, task.purposes.index(span.purpose)] += votes
    each = (time.perf_counter() - start) / sum(span.draws for span in spans)
    for (sample, draws), now in zip(round_, counts, strict=True):
        sample.counts = now.copy()  # a view would keep those of all samples
        sample.needed = sample.needed - draws
        sample.seconds += each * int(draws.sum())
    looked_at = [sample for sample, _ in round_ if not sample.draws]
    if looked_at:
        needed = task.needed(np.stack([sample.counts for sample in looked_at]))
        for sample, more in zip(looked_at, needed, strict=True):
            sample.needed = more
