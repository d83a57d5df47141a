"""What counts say at another certification budget, and what a printed radius says of the count behind it (theory C7).

Arrays in, arrays out. A count is the number of successes, the draws that gave the predicted class.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rstheory import _check
from rstheory._check import Float
from rstheory._laws import Binomial, Counts, Hypergeometric, Laws, expectations
from rstheory.budget import max_radius, min_certifiable_count, radius_from_count
from rstheory.far_budgets import interpolated_radii

_NODES = 240  # counts at which the mean radius is computed, the others being interpolated
_BLOCK = 64  # budgets
_NOTHING = 12  # standard deviations below the smallest count that certifies: what is left is below 1e-15
# Relative: radii of other programs carry the error of their Clopper-Pearson routine; SciPy's stays below this up to
# N = 10^9.
_SLACK = 1e-8

LARGEST_TABLE = 10**7  # draws up to which counts are recovered unasked, for the deviation at a log's own budget

Kind = Literal["as printed", "exact", "lower bound", "predicted"]


@dataclass(frozen=True, eq=False)
class RecoveredCounts:
    """Success counts behind printed radii.

    nearest: those whose radii are nearest to the printed ones.
    low: the smallest that print alike; 0 where it is not known whether a count is the label's.
    unknown: number of abstentions whose count is not known at all.
    """

    nearest: NDArray[np.int64]
    low: NDArray[np.int64]
    unknown: int = 0


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


def with_abstentions(
    found: RecoveredCounts,
    label: NDArray[np.integer[Any]],
    count: NDArray[np.integer[Any]],
    counts: NDArray[np.integer[Any]] | None,
) -> RecoveredCounts:
    """The counts found and, after them, those of abstained rows: at another budget these may certify.

    label, count, counts: of the abstained rows: the true class, the draws that gave the class selected, and those that
    gave each class; negative where not known. Where all three are known and the class selected was not the label, the
    row is wrong at every budget: 0. Where it is not known whose the count is, it is taken for the label's, and `low`
    is 0.
    """
    nearest, low = abstained_counts(label, count, counts)
    known = nearest >= 0
    return RecoveredCounts(
        np.concatenate([found.nearest, nearest[known]]),
        np.concatenate([found.low, low[known]]),
        int(np.sum(~known)),
    )


def abstained_counts(
    label: NDArray[np.integer[Any]], count: NDArray[np.integer[Any]], counts: NDArray[np.integer[Any]] | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """`nearest` and `low` of each abstained row, as `with_abstentions` takes them; `nearest` is -1 if not known."""
    of_label = np.full(len(label), -1, dtype=np.int64)
    if counts is not None and len(label):
        told = label < counts.shape[1]
        of_label = np.where(told, counts[np.arange(len(label)), np.where(told, label, 0)], -1).astype(np.int64)
    nearest = np.where((of_label >= 0) & (count >= 0) & (count != of_label), 0, np.maximum(of_label, -1))
    nearest = np.where(of_label < 0, count, nearest).astype(np.int64)
    return nearest, np.where(of_label < 0, 0, nearest)


@dataclass(frozen=True)
class BudgetedACR:
    """Expected ACR of a log's samples at a budget (n, alpha); `float()` of it is `acr`.

    acr: mean over the draws that such a run would make.
    standard_deviation: about that mean, of a run on n of the draws already made; beyond them, the standard error of
        what is added to the ACR at the log's own draws.
    acr_sound: the mean at the lower ends of the rounded radii, and without counts that may not be the label's.
    kind: "as printed" at the log's own budget; "exact" below it, but for `unknown_at_most` (subsampling the draws
        already made); "lower bound" where the level is larger than the log's and abstained rows, which may certify
        there, do not tell their counts; "predicted" above the log's budget (from an estimated distribution of p, see
        `rstheory.mixture.beyond`).
    fresh_standard_deviation: of a run with n new draws about its own mean, for these samples, p being estimated by
        (k + 1/2)/(N + 1). It is the larger one where n is near the log's budget N, or at it. NaN if not computed.
    unknown_at_most: the most that abstained rows of unknown count could add to `acr`.
    """

    n: int
    alpha: float
    acr: float
    standard_deviation: float
    acr_sound: float
    kind: Kind
    fresh_standard_deviation: float = float("nan")
    unknown_at_most: float = 0.0

    def __float__(self) -> float:
        return self.acr


def acr_at_budget(
    counts: RecoveredCounts, samples: int, total: int, sigma: float, n: int, alpha: float, own_alpha: float
) -> BudgetedACR:
    """Expected ACR, at budget (n, alpha), of samples whose counts out of `total` draws are known (C7).

    counts: of the samples whose class is selected rightly. samples: how many there are in all; the others have radius
    0 at every budget: the class is taken as selected. own_alpha: the level at which rows abstained or not.

    n: at most `total`. It is exact, with no re-run, but for abstentions of unknown count: see `BudgetedACR`.
    """
    distinct = np.unique(np.concatenate([counts.nearest, counts.low]))
    known = moments(distinct, total, n, alpha)
    mean, variance = known.of(counts.nearest)
    fresh = fresh_variance(distinct, total, n, alpha)[np.searchsorted(distinct, counts.nearest)]
    scale = sigma / max(samples, 1)
    return BudgetedACR(
        n,
        alpha,
        scale * float(mean.sum()),
        scale * float(np.sqrt(variance.sum())),
        scale * float(known.of(counts.low)[0].sum()),
        kind_at(own_alpha, alpha, counts.unknown),
        scale * float(np.sqrt(fresh.sum())),
        scale * counts.unknown * most_of_abstained(total, own_alpha, n, alpha) if counts.unknown else 0.0,
    )


def acr_beyond(at_own: BudgetedACR, n: int, gain: float, standard_error: float, fresh: float) -> BudgetedACR:
    """ACR predicted at n draws, beyond those of a log: that at the log's own draws, and an estimated gain.

    gain, standard_error: see `rstheory.mixture.beyond`. fresh: deviation of a run with n new draws. Abstentions of
    unknown count are part of the estimate.
    """
    acr, sound = at_own.acr + gain, at_own.acr_sound + gain
    return BudgetedACR(n, at_own.alpha, acr, standard_error, sound, "predicted", fresh)


def acr_as_printed(
    printed: BudgetedACR, counts: Callable[[], RecoveredCounts], samples: int, sigma: float, told: bool
) -> BudgetedACR:
    """The ACR at a log's own budget, with the deviation of a fresh run where the counts are told or soon recovered."""
    n, alpha = printed.n, printed.alpha
    if n > LARGEST_TABLE and not told:
        return printed
    nearest = counts().nearest
    distinct, times = np.unique(nearest, return_counts=True)
    variance = float(times @ fresh_variance(distinct, n, n, alpha))
    return replace(printed, fresh_standard_deviation=sigma * float(np.sqrt(variance)) / max(samples, 1))


def kind_at(own_alpha: float, alpha: float, unknown: int) -> Kind:
    """What ACR at a level is, up to the draws of a log: see `BudgetedACR.kind`."""
    return "lower bound" if unknown and alpha > own_alpha else "exact"


def most_of_abstained(total: int, own_alpha: float, n: int, alpha: float) -> float:
    """Largest mean radius, at sigma = 1 and budget (n, alpha), of a row that abstained at (total, own_alpha)."""
    return float(moments(np.array([largest_abstained(total, own_alpha)]), total, n, alpha).mean[0])


def largest_abstained(n: int, alpha: float) -> int:
    """The largest count out of n that certifies nothing at level alpha."""
    return max(min(_first_count(n, alpha) - 1, n), 0)


def fresh_variance(counts: NDArray[np.int64], total: int, n: int, alpha: float) -> Float:
    """Variance, at sigma = 1, of the radius that n new draws certify, for each count out of `total` draws.

    By the law of total variance it is what subsampling leaves, on average over counts, and what the count itself moves
    the mean by: the variance under Bin(n, p). p is estimated with half a failure and half a success added, lest it be
    1. Beyond a few hundred counts it is interpolated as in `interpolated_moments`.
    """

    def laws(of: NDArray[np.int64]) -> Laws:
        p = (of + 0.5) / (total + 1)
        return Binomial(n, n * (1 - p), n * p)

    return _interpolated(counts, total, n, alpha, laws).variance


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

    Exact: given the count k of N draws, n of them picked at random hold Hypergeometric(N, k, n) successes. n beyond
    `total` is refused: one count tells nothing exact there, see `rstheory.mixture.beyond`.
    """
    _check.scalar_int("n", _check.budget("n", n))
    _check.level("alpha", alpha)
    return Moments(counts, *radius_moments(_laws(counts, total, n), len(counts), n, alpha))


def _laws(counts: NDArray[np.int64], total: int, n: int) -> Laws:
    """The law of the failures among n draws, for each count out of `total`."""
    if n > total:
        raise ValueError(f"n={n} is not allowed: {total:,} draws tell nothing exact beyond themselves")
    return Hypergeometric(total, n, total - counts)


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
    return _interpolated(counts, total, n, alpha, lambda of: _laws(of, total, n))


def _interpolated(
    counts: NDArray[np.int64], total: int, n: int, alpha: float, laws: Callable[[NDArray[np.int64]], Laws]
) -> Moments:
    """Moments of the radius under the law of the failures that goes with each count: at nodes, and between them."""
    if len(counts) <= _NODES:
        return Moments(counts, *radius_moments(laws(counts), len(counts), n, alpha))
    from scipy.interpolate import CubicSpline  # `import rstheory` need not wait for it

    def angle(of: NDArray[np.int64]) -> Float:
        # A coordinate in which a binomial count has about the same spread everywhere.
        return -np.arcsin(np.sqrt((total - of) / total))

    deviation = 1 / (2 * np.sqrt(min(n, total)))
    onset = -np.arcsin(np.sqrt(max(1 - _first_count(n, alpha) / n, 0.0)))
    if angle(counts[:1])[0] < onset - _NOTHING * deviation:
        used = angle(counts) >= onset - _NOTHING * deviation
        part = _interpolated(counts[used], total, n, alpha, laws)
        mean, variance = np.zeros(len(counts)), np.zeros(len(counts))
        mean[used], variance[used] = part.mean, part.variance
        return Moments(counts, mean, variance)
    low, high = angle(counts[[0, -1]])
    near = onset + np.linspace(-6, 6, _NODES // 4) * deviation
    points = np.concatenate([np.linspace(low, high, _NODES), near[(near > low) & (near < high)]])
    nodes = np.unique(total - np.round(total * np.sin(points) ** 2).astype(np.int64))
    of_nodes = _moments(laws(nodes), len(nodes), n, alpha, interpolated_radii(n, alpha))
    mean, variance = (CubicSpline(angle(nodes), values)(angle(counts)) for values in of_nodes)
    return Moments(counts, mean, np.maximum(variance, 0.0))
