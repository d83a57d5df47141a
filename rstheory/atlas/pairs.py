"""Two entries of an atlas against each other: who has more images at which p, and whether that is beyond noise.

Images that both certified are compared pair by pair; where the images differ, as two samples. Where a training was run
several times, a run is the unit, so that the answer speaks of a new run; else it speaks of these two networks only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from rstheory._check import Float
from rstheory.atlas.grid import TAILS, Images, Levels
from rstheory.statistics.multiple import mcnemar

LEAST_COMMON = 30  # images in common, below which two logs are compared as two samples

How = Literal["paired", "two samples", "runs"]


@dataclass(frozen=True, eq=False)
class Runs:
    """The runs of one entry: for each its images, and how far up the grid each image reaches."""

    images: tuple[Images, ...]
    levels: tuple[Levels, ...]


@dataclass(frozen=True, eq=False)
class Difference:
    """Share of images at each grid point, a - b.

    share_a, share_b, lead: the shares on the images compared, and their difference. error: standard error of the lead.
    p_value: two-sided, of "the shares are equal", for one grid point at a time. images: images compared, the smaller
    number where they differ. how: "paired" (McNemar's exact test on common images), "two samples" (other images), or
    "runs" (Welch's way, the runs being the sample).
    """

    share_a: Float
    share_b: Float
    lead: Float
    error: Float
    p_value: Float
    images: int
    how: How


def difference(a: Runs, b: Runs, points: int) -> Difference:
    """Compare two entries at the first `points` of the grid."""
    pair = _on_common_images(a, b)
    if pair is None:
        return _two_samples(a.levels[0], b.levels[0], points)
    first, second = pair
    if len(first) == len(second) == 1:
        return _paired(first[0], second[0], points)
    return _over_runs(first, second, points)


def _on_common_images(a: Runs, b: Runs) -> tuple[list[Levels], list[Levels]] | None:
    """The levels of all runs of both, on the images that all of them share; None where there are hardly any."""
    every = (*a.images, *b.images)
    if len({id(images) for images in every}) == 1:
        return list(a.levels), list(b.levels)
    rows = [np.arange(len(every[0].index))]
    for images in every[1:]:
        mine, theirs = every[0].common(images)
        kept, at, of = np.intersect1d(rows[0], mine, return_indices=True)
        rows = [kept, *(r[at] for r in rows[1:]), theirs[of]]
    if len(rows[0]) < LEAST_COMMON:
        return None
    cut = [levels[r] for levels, r in zip((*a.levels, *b.levels), rows, strict=True)]
    return cut[: len(a.levels)], cut[len(a.levels) :]


def _shares(levels: Levels, points: int) -> Float:
    at = np.bincount(levels, minlength=len(TAILS) + 1)[::-1].cumsum()[::-1]
    return np.asarray(at[1 : points + 1] / max(len(levels), 1), dtype=np.float64)


def _paired(a: Levels, b: Levels, points: int) -> Difference:
    """McNemar's test at each grid point: of the images that one alone has there, as many should be a's as b's."""
    size = len(TAILS) + 1
    joint = np.bincount(a.astype(np.int64) * size + b, minlength=size * size).reshape(size, size)
    above_a = joint[::-1].cumsum(axis=0)[::-1]  # a reaches at least the row, b is exactly at the column
    only_a = np.array([above_a[g, :g].sum() for g in range(1, points + 1)])
    above_b = joint[:, ::-1].cumsum(axis=1)[:, ::-1]
    only_b = np.array([above_b[:g, g].sum() for g in range(1, points + 1)])
    images = len(a)
    lead = (only_a - only_b) / images
    error = np.sqrt(np.maximum((only_a + only_b) / images - lead**2, 0) / images)
    p_value = mcnemar(only_a, only_b)
    return Difference(_shares(a, points), _shares(b, points), lead, error, p_value, images, "paired")


def _two_samples(a: Levels, b: Levels, points: int) -> Difference:
    """Fisher's exact test at each grid point, two-sided by doubling."""
    from scipy.stats import hypergeom

    share_a, share_b = _shares(a, points), _shares(b, points)
    with_it, drawn = np.round(share_a * len(a) + share_b * len(b)), np.round(share_a * len(a))
    total = len(a) + len(b)
    tail = np.minimum(hypergeom.cdf(drawn, total, with_it, len(a)), hypergeom.sf(drawn - 1, total, with_it, len(a)))
    error = np.sqrt(share_a * (1 - share_a) / len(a) + share_b * (1 - share_b) / len(b))
    p_value = np.minimum(1.0, 2 * tail)
    return Difference(share_a, share_b, share_a - share_b, error, p_value, min(len(a), len(b)), "two samples")


def _over_runs(a: Sequence[Levels], b: Sequence[Levels], points: int) -> Difference:
    """A t test whose variance has two parts: between runs, and between images.

    An entry with a single run is given the between-run variance of the other. Noise of a run that is independent
    between images is in both parts, so that the error is rather too large; and the degrees of freedom are those of the
    runs alone, which are rather too few.
    """
    shares = [np.array([_shares(levels, points) for levels in runs]) for runs in (a, b)]
    free = len(a) + len(b) - 2
    squares = sum(np.sum((share - share.mean(axis=0)) ** 2, axis=0) for share in shares)
    between = np.asarray(squares / free * (1 / len(a) + 1 / len(b)))
    lead = shares[0].mean(axis=0) - shares[1].mean(axis=0)
    grid = np.arange(1, points + 1)[:, None]
    per_image = _share_of_runs(a, grid) - _share_of_runs(b, grid)
    error = np.sqrt(between + per_image.var(axis=1) / per_image.shape[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(error > 0, np.abs(lead) / error, np.where(lead != 0, np.inf, 0.0))
    p_value = np.minimum(1.0, 2 * stdtr(free, -statistic))
    return Difference(shares[0].mean(axis=0), shares[1].mean(axis=0), lead, error, p_value, per_image.shape[1], "runs")


def _share_of_runs(runs: Sequence[Levels], grid: NDArray[np.int64]) -> Float:
    """Per image, the share of the runs in which it reaches each grid point; one run at a time, to save memory."""
    total = np.zeros((len(grid), len(runs[0])))
    for levels in runs:
        total += levels >= grid
    return total / len(runs)
