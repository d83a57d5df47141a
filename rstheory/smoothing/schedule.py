"""Which draws are made next, where samples need more or fewer of them: batches stay full, whatever the rule.

Work goes in rounds. Before a round the task is asked what each sample still needs until its next look. The draws of
many samples are then counted together. Which looks a sample gets depends on its own counts alone, so the rows are the
same however samples are put together. Samples that began first go first: few are half done when a run is killed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from rstheory._progress import Advance
from rstheory.smoothing.counting import ClassCounter, Span
from rstheory.smoothing.tasks import Task

# What a round's last batches leave empty is lost: a few percent of so many. A kill loses what a round had begun.
_BATCHES = 16  # per thread and round
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


def finished(
    task: Task, counter: ClassCounter, images: Images, indices: Sequence[int], advance: Advance
) -> Iterator[list[Sample]]:
    """Count the samples `indices` of `images` until each is done; after each round, those that it finished.

    advance: is told of draws done, and of draws that a sample will not need.

    With one look per sample they come in the order of `indices`.
    """
    nothing = np.zeros((1, len(task.purposes), counter.classes), dtype=np.int64)
    at_first = task.needed(nothing)[0]
    waiting = (Sample(index, nothing[0], at_first) for index in indices)
    most_draws = _BATCHES * counter.batch * counter.workers
    most_samples = max(1, _MOST_BYTES // (8 * math.prod(images.shape)))
    under_way: list[Sample] = []
    while True:
        draws = sum(int(sample.needed.sum()) for sample in under_way)
        while draws < most_draws and len(under_way) < most_samples and (new := next(waiting, None)) is not None:
            under_way.append(new)
            draws += int(new.needed.sum())
        if not under_way:
            return
        chosen = under_way[: _round_size(under_way, most_draws)]
        _count(task, counter, images, chosen, advance)
        done = [sample for sample in chosen if not sample.needed.any()]
        under_way = [sample for sample in under_way if sample.needed.any()]
        advance(sum(task.most_draws - int(sample.counts.sum()) for sample in done))
        if done:
            yield done


def _round_size(under_way: Sequence[Sample], most_draws: int) -> int:
    """How many of the samples, from the first on, make at most so many draws together; at least one."""
    draws = np.cumsum([sample.needed.sum() for sample in under_way])
    return max(1, int(np.searchsorted(draws, most_draws, side="right")))


def _count(task: Task, counter: ClassCounter, images: Images, chosen: Sequence[Sample], advance: Advance) -> None:
    """Make the draws that the samples need, and ask the task again."""
    start = time.perf_counter()
    spans = [
        Span(place, purpose, int(counts.sum()), int(draws))
        for place, sample in enumerate(chosen)
        for purpose, counts, draws in zip(task.purposes, sample.counts, sample.needed, strict=True)
        if draws
    ]
    indices = [sample.index for sample in chosen]
    found = counter.count_spans(images.inputs(torch.tensor(indices)), indices, spans, advance)
    counts = np.stack([sample.counts for sample in chosen])
    for span, votes in zip(spans, found, strict=True):
        counts[span.sample, task.purposes.index(span.purpose)] += votes
    needed = task.needed(counts)
    share = (time.perf_counter() - start) / sum(span.draws for span in spans)
    for sample, now, more in zip(chosen, counts, needed, strict=True):
        sample.seconds += share * int(sample.needed.sum())
        sample.counts, sample.needed = now.copy(), more  # a view would keep those of all samples
