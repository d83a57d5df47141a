"""ACR of many logs at other budgets: what a count leads to is tabulated once per pair of budgets, then looked up.

Downwards it is exact (theory C7). Upwards it is a prediction from the distribution of p that the counts support (H2).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rstheory.budget import min_certifiable_count
from rstheory.logs.log import CertificationLog
from rstheory.mixture import ACR, LabelCounts, fit_smooth, mean
from rstheory.transport import BudgetedACR, Moments, interpolated_moments, kind_at, most_of_abstained

LARGEST = 10**6  # draws of a log up to which every count is tabulated; beyond, nothing is said of other budgets


@lru_cache(maxsize=16)
def _table(total: int, n: int, alpha: float) -> Moments:
    """Mean radius, at sigma = 1 and budget (n, alpha), for every count out of `total` draws."""
    return interpolated_moments(np.arange(total + 1), total, n, alpha)


def acr_at(log: CertificationLog, n: int, alpha: float) -> BudgetedACR | None:
    """ACR at budget (n, alpha): as printed, exact below the log's budget, predicted above it; None where not computed.

    The same numbers as `log.at_budget` downwards, much faster for many logs.
    """
    if (n, alpha) == (log.n, log.alpha):
        return log.as_printed()
    if not log.fixed_budget or log.n > LARGEST:
        return None
    return _below(log, n, alpha) if n <= log.n else _above(log, n, alpha)


def _below(log: CertificationLog, n: int, alpha: float) -> BudgetedACR:
    counts, table = log.recovered_counts(), _table(log.n, n, alpha)
    scale = log.sigma / max(log.samples, 1)
    unknown = scale * counts.unknown * most_of_abstained(log.n, log.alpha, n, alpha) if counts.unknown else 0.0
    return BudgetedACR(
        n,
        alpha,
        scale * float(table.mean[counts.nearest].sum()),
        scale * float(np.sqrt(table.variance[counts.nearest].sum())),
        scale * float(table.mean[counts.low].sum()),
        kind_at(log.alpha, alpha, counts.unknown),
        unknown_at_most=unknown,
    )


def _above(log: CertificationLog, n: int, alpha: float) -> BudgetedACR:
    """The smooth estimate of the distribution of p, its mean radius at a budget that nobody ran."""
    acr = log.sigma * mean(fit_smooth(label_counts(log)).population, ACR(n, alpha))
    return BudgetedACR(n, alpha, acr, float("nan"), float("nan"), "predicted")


def label_counts(log: CertificationLog) -> LabelCounts:
    """Counts of the label as far as the log tells: recovered where the image is certified, a range elsewhere.

    Where it is not, the label was given too rarely to be certified: anything from 0 to one less than that.
    """
    found = log.recovered_counts().nearest[: int(np.sum(log.correct))]
    least = min(int(min_certifiable_count(log.n, log.alpha)), log.n)
    low = np.zeros(log.samples, dtype=np.int64)
    high = np.full(log.samples, max(least - 1, 0), dtype=np.int64)
    low[log.correct] = high[log.correct] = found
    return LabelCounts(low, high, log.n)


def subsampled_counts(log: CertificationLog, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Counts, out of n of the draws already made, of the correct rows: a run at the smaller budget (C7)."""
    found = log.recovered_counts().nearest[: int(np.sum(log.correct))]
    return rng.hypergeometric(found, log.n - found, n).astype(np.int64)
