"""What a log would have shown at another certification budget (theory C7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from rstheory import _check
from rstheory._check import Float
from rstheory._laws import BetaBinomial, Counts, Hypergeometric, Laws, expectations
from rstheory.audit.counts import recover_counts
from rstheory.audit.log import CertificationLog
from rstheory.budget import max_radius, min_certifiable_count, radius_from_count

_NODES = 300

Kind = Literal["as printed", "exact", "predicted"]


@dataclass(frozen=True)
class BudgetedACR:
    """Expected ACR of a log's samples at a budget (n, alpha); `float()` of it is `acr`.

    acr: mean over the draws that such a run would make. standard_deviation: of that run's ACR about the mean, for these
    samples. acr_sound: the mean at the lower ends of the rounded radii. kind: "as printed" at the log's own budget,
    "exact" below it (subsampling the draws already made), "predicted" above it (a model: see `at_budgets`).
    """

    n: int
    alpha: float
    acr: float
    standard_deviation: float
    acr_sound: float
    kind: Kind

    def __float__(self) -> float:
        return self.acr


def at_budgets(
    logs: Sequence[CertificationLog], budgets: Sequence[int], alpha: float | None = None
) -> list[list[BudgetedACR]]:
    """Expected ACR of every log at every budget: one list a log, one entry a budget.

    budgets: numbers of draws. alpha: level at the new budget; default: each log's own.

    Up to a log's own budget N this is exact, with no re-run: given the count k of N draws, n of them picked at random
    hold Hypergeometric(N, k, n) successes. Beyond N it is a prediction from a model, a uniform prior on each p, under
    which the count is beta-binomial: marked "predicted", and low where many samples saw no failure at all, because the
    prior gives such a sample a failure rate of about 1/N. At the log's own budget and level it is the printed ACR. Time
    grows with the budget: beyond ten times N expect minutes.

    The class is taken as selected in the log. Samples on which it abstained or was wrong count 0 at every budget: their
    counts of the true class are unknown, and below N/2. What the radius was rounded by enters `acr_sound` alone.
    """
    chosen = [_check.scalar_int("budgets", _check.budget("budgets", n)) for n in budgets]
    if alpha is not None:
        _check.level("alpha", alpha)
    counts = [recover_counts(log) for log in logs]
    results: list[list[BudgetedACR]] = [[] for _ in logs]
    for n in chosen:
        at: dict[tuple[int, float, float], Moments] = {}
        for log in logs:
            key = (log.n, log.alpha, log.alpha if alpha is None else alpha)
            if key not in at:
                group = [c for other, c in zip(logs, counts, strict=True) if (other.n, other.alpha) == key[:2]]
                needed = np.unique(np.concatenate([part for c in group for part in (c.nearest, c.low)]))
                find = moments if n <= log.n else interpolated_moments
                at[key] = find(needed, log.n, n, key[2])
        for log, own, result in zip(logs, counts, results, strict=True):
            level = log.alpha if alpha is None else alpha
            if (n, level) == (log.n, log.alpha):
                result.append(BudgetedACR(n, level, log.acr, 0.0, log.acr_sound, "as printed"))
                continue
            known = at[(log.n, log.alpha, level)]
            samples = max(log.samples, 1)
            mean, variance = known.of(own.nearest)
            result.append(
                BudgetedACR(
                    n,
                    level,
                    log.sigma * float(mean.sum()) / samples,
                    log.sigma * float(np.sqrt(variance.sum())) / samples,
                    log.sigma * float(known.of(own.low)[0].sum()) / samples,
                    "exact" if n <= log.n else "predicted",
                )
            )
    return results


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
    """`Moments` of success counts out of `total` draws, for a budget of n draws at level alpha."""
    laws: Laws = Hypergeometric(total, n, total - counts) if n <= total else BetaBinomial(total, n, total - counts)
    return Moments(counts, *radius_moments(laws, len(counts), n, alpha))


def radius_moments(laws: Laws, size: int, n: int, alpha: float) -> tuple[Float, Float]:
    """Mean and variance, at sigma = 1, of the radius that n draws certify, for each of `size` laws of failures."""
    last = n - _first_count(n, alpha)
    if last < 0 or not size:
        return np.zeros(size), np.zeros(size)

    def radius_and_square(j: Counts) -> Float:
        radius = np.asarray(radius_from_count(n - j, n, alpha))
        return np.stack([radius, radius * radius])

    mean, square = expectations(laws, radius_and_square, last, float(max_radius(n, alpha)))
    return mean, np.maximum(square - mean * mean, 0.0)


@lru_cache(maxsize=4096)
def _first_count(n: int, alpha: float) -> int:
    return int(min_certifiable_count(n, alpha))


def interpolated_moments(counts: NDArray[np.int64], total: int, n: int, alpha: float) -> Moments:
    """`moments` at a few hundred of the counts, closest where they bend, and by cubic splines between."""
    if len(counts) <= _NODES:
        return moments(counts, total, n, alpha)

    def angle(of: NDArray[np.int64]) -> Float:
        # A coordinate in which a binomial count has about the same spread everywhere.
        return -np.arcsin(np.sqrt((total - of) / total))

    low, high = angle(counts[[0, -1]])
    onset = -np.arcsin(np.sqrt(max(1 - _first_count(n, alpha) / n, 0.0)))
    near = onset + np.linspace(-6, 6, _NODES // 4) / (2 * np.sqrt(min(n, total)))
    points = np.concatenate([np.linspace(low, high, _NODES), near[(near > low) & (near < high)]])
    nodes = np.unique(total - np.round(total * np.sin(points) ** 2).astype(np.int64))
    known = moments(nodes, total, n, alpha)
    mean, variance = (CubicSpline(angle(nodes), values)(angle(counts)) for values in (known.mean, known.variance))
    return Moments(counts, mean, np.maximum(variance, 0.0))
