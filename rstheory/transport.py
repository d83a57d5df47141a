"""What counts say at another certification budget, and what a printed radius says of the count behind it (theory C7).

Arrays in, arrays out. A count is the number of successes, the draws that gave the predicted class.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rstheory import _check
from rstheory._check import Float
from rstheory._laws import BetaBinomial, Counts, Hypergeometric, Laws, expectations
from rstheory.budget import max_radius, min_certifiable_count, radius_from_count

_NODES = 240  # counts at which the mean radius is computed, the others being interpolated
_BLOCK = 64  # budgets
_EXACT_TO, _RADII = 64, 400  # failures up to which each radius is computed, and about how many beyond
# Relative: radii of other programs carry the error of their Clopper-Pearson routine; SciPy's stays below this up to
# N = 10^9.
_SLACK = 1e-8

Kind = Literal["as printed", "exact", "predicted"]


@dataclass(frozen=True, eq=False)
class RecoveredCounts:
    """Success counts behind printed radii.

    nearest: those whose radii are nearest to the printed ones. low: the smallest that print alike.
    """

    nearest: NDArray[np.int64]
    low: NDArray[np.int64]


@lru_cache(maxsize=8)
def radius_table(n: int, alpha: float) -> tuple[int, Float]:
    """Smallest certifiable count and the radii, at sigma = 1, of it and every larger count."""
    first = int(min_certifiable_count(n, alpha))
    table = np.asarray(radius_from_count(np.arange(first, n + 1), n, alpha), dtype=np.float64)
    table.flags.writeable = False
    return first, table


def recover_counts(
    radius: Float, half_unit: Float, count: NDArray[np.integer[Any]], n: int, alpha: float, sigma: float
) -> RecoveredCounts:
    """Counts behind radii that were certified with n draws at level alpha and noise level sigma (C7).

    radius: as printed. half_unit: how far each may lie from the computed one. count: the counts, where they are known;
    -1 elsewhere. There the radius leaves an interval: its lower end is sound, its nearest count is the best guess.
    Radii above what the budget can certify give k = n. The table behind it holds every count of the budget: memory
    and time grow with n.

    >>> recover_counts(np.array([0.978]), np.array([0.0005]), np.array([-1]), 1000, 0.001, 0.5).nearest
    array([989])
    """
    known = count.astype(np.int64)
    if np.all(known >= 0):
        return RecoveredCounts(known, known)
    first, table = radius_table(n, alpha)
    at_one, half = radius / sigma, half_unit / sigma
    if not table.size:
        return RecoveredCounts(np.maximum(known, 0), np.maximum(known, 0))
    low = np.searchsorted(table, at_one * (1 - _SLACK) - half)
    above = np.clip(np.searchsorted(table, at_one), 0, len(table) - 1)
    below = np.maximum(above - 1, 0)
    nearest = np.where(at_one - table[below] < table[above] - at_one, below, above)
    low = np.minimum(low, nearest)
    return RecoveredCounts(np.where(known >= 0, known, first + nearest), np.where(known >= 0, known, first + low))


@dataclass(frozen=True)
class BudgetedACR:
    """Expected ACR of a log's samples at a budget (n, alpha); `float()` of it is `acr`.

    acr: mean over the draws that such a run would make.
    standard_deviation: of that run's ACR about the mean, for these samples.
    acr_sound: the mean at the lower ends of the rounded radii.
    kind: "as printed" at the log's own budget, "exact" below it (subsampling the draws already made), "predicted" above
    it (from a model: see `moments`).
    """

    n: int
    alpha: float
    acr: float
    standard_deviation: float
    acr_sound: float
    kind: Kind

    def __float__(self) -> float:
        return self.acr


def acr_at_budget(counts: RecoveredCounts, samples: int, total: int, sigma: float, n: int, alpha: float) -> BudgetedACR:
    """Expected ACR, at budget (n, alpha), of samples whose counts out of `total` draws are known (C7).

    counts: of the correctly predicted samples. samples: how many there are in all; the others have radius 0 at every
    budget: the class is taken as selected, and where the prediction was wrong, or there was none, the count of the true
    class is unknown, and below half of the draws.

    Up to `total` draws this is exact, with no re-run. Beyond, it is a prediction from a model: see `moments`.
    """
    distinct = np.unique(np.concatenate([counts.nearest, counts.low]))
    known = (moments if n <= total else interpolated_moments)(distinct, total, n, alpha)
    mean, variance = known.of(counts.nearest)
    return BudgetedACR(
        n,
        alpha,
        sigma * float(mean.sum()) / max(samples, 1),
        sigma * float(np.sqrt(variance.sum())) / max(samples, 1),
        sigma * float(known.of(counts.low)[0].sum()) / max(samples, 1),
        "exact" if n <= total else "predicted",
    )


@dataclass(frozen=True)
class Moments:
    """Mean and variance, at sigma = 1, of the radius that each count leads to at another budget."""

    counts: NDArray[np.int64]
    mean: Float
    variance: Float

    def of(self, counts: NDArray[np.int64]) -> tuple[Float, Float]:
        where = np.searchsorted(self.counts, counts)
        return self.mean[where], self.variance[where]


def moments(counts: NDArray[np.int64], total: int, n: int, alpha: float) -> Moments:
    """`Moments` of success counts out of `total` draws, for a budget of n draws at level alpha.

    Up to `total` draws this is exact: given the count k of N draws, n of them picked at random hold
    Hypergeometric(N, k, n) successes. Beyond N it is a prediction from a model, a uniform prior on each p, under which
    the count is beta-binomial: low where many samples saw no failure at all, because the prior gives such a sample a
    failure rate of about 1/N. Time grows with the budget: beyond ten times N expect minutes.
    """
    _check.scalar_int("n", _check.budget("n", n))
    _check.level("alpha", alpha)
    return Moments(counts, *radius_moments(_laws(counts, total, n), len(counts), n, alpha))


def _laws(counts: NDArray[np.int64], total: int, n: int) -> Laws:
    """The law of the failures among n draws, for each count out of `total`."""
    return Hypergeometric(total, n, total - counts) if n <= total else BetaBinomial(total, n, total - counts)


def radius_moments(laws: Laws, size: int, n: int, alpha: float) -> tuple[Float, Float]:
    """Mean and variance, at sigma = 1, of the radius that n draws certify, for each of `size` laws of failures."""
    return _moments(laws, size, n, alpha, lambda j: np.asarray(radius_from_count(n - j, n, alpha)))


def _moments(laws: Laws, size: int, n: int, alpha: float, radius_of: Callable[[Counts], Float]) -> tuple[Float, Float]:
    """`radius_moments`, with the radius that each number of failures leads to."""
    last = n - _first_count(n, alpha)
    if last < 0 or not size:
        return np.zeros(size), np.zeros(size)

    def radius_and_square(j: Counts) -> Float:
        radius = radius_of(j)
        return np.stack([radius, radius * radius])

    mean, square = expectations(laws, radius_and_square, last, float(max_radius(n, alpha)))
    return mean, np.maximum(square - mean * mean, 0.0)


def _interpolated_radii(n: int, alpha: float) -> Callable[[Counts], Float]:
    """Radius at sigma = 1 from the number of failures, within 1e-8: computed for the first ones, interpolated beyond.

    Nodes are dense where the radius bends, at few failures, and even in the coordinate in which a count has the same
    spread everywhere. Failures that certify nothing have no radius here, and none may be asked for.
    """
    from scipy.interpolate import CubicSpline

    last = n - _first_count(n, alpha)
    if last <= 2 * _RADII:
        return lambda j: np.asarray(radius_from_count(n - j, n, alpha))

    def angle(failures: Counts) -> Float:
        return np.arcsin(np.sqrt(failures / n))

    even = np.sin(np.linspace(angle(np.asarray(_EXACT_TO)), angle(np.asarray(last)), _RADII)) ** 2 * n
    nodes = np.concatenate([np.arange(_EXACT_TO), even, np.geomspace(_EXACT_TO, last, _RADII)])
    nodes = np.unique(np.clip(np.round(nodes).astype(np.int64), 0, last))
    radii = np.asarray(radius_from_count(n - nodes, n, alpha))
    table, spline = radii[:_EXACT_TO], CubicSpline(angle(nodes[1:]), radii[1:])

    def radius_of(j: Counts) -> Float:
        return np.where(j < _EXACT_TO, table[np.minimum(j, _EXACT_TO - 1)], spline(angle(np.maximum(j, 1))))

    return radius_of


def _first_count(n: int, alpha: float) -> int:
    """Smallest certifiable count; budgets beside each other are found together, which takes as long as one."""
    return int(_first_counts(n // _BLOCK, alpha)[n % _BLOCK])


@lru_cache(maxsize=4096)
def _first_counts(block: int, alpha: float) -> NDArray[np.int64]:
    budgets = block * _BLOCK + np.arange(_BLOCK)
    return np.asarray(min_certifiable_count(np.maximum(budgets, 1), alpha))


def interpolated_moments(counts: NDArray[np.int64], total: int, n: int, alpha: float) -> Moments:
    """`moments` at a few hundred of the counts, closest where they bend, and by cubic splines between.

    Within 1e-6 on average over the counts of a log.
    """
    if len(counts) <= _NODES:
        return moments(counts, total, n, alpha)
    from scipy.interpolate import CubicSpline  # `import rstheory` need not wait for it

    def angle(of: NDArray[np.int64]) -> Float:
        # A coordinate in which a binomial count has about the same spread everywhere.
        return -np.arcsin(np.sqrt((total - of) / total))

    low, high = angle(counts[[0, -1]])
    onset = -np.arcsin(np.sqrt(max(1 - _first_count(n, alpha) / n, 0.0)))
    near = onset + np.linspace(-6, 6, _NODES // 4) / (2 * np.sqrt(min(n, total)))
    points = np.concatenate([np.linspace(low, high, _NODES), near[(near > low) & (near < high)]])
    nodes = np.unique(total - np.round(total * np.sin(points) ** 2).astype(np.int64))
    laws = _laws(nodes, total, n)
    known = Moments(nodes, *_moments(laws, len(nodes), n, alpha, _interpolated_radii(n, alpha)))
    mean, variance = (CubicSpline(angle(nodes), values)(angle(counts)) for values in (known.mean, known.variance))
    return Moments(counts, mean, np.maximum(variance, 0.0))
