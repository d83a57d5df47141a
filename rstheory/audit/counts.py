"""From a printed radius back to the count behind it: an interval, because the print was rounded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rstheory._check import Float
from rstheory.audit.log import CertificationLog
from rstheory.budget import min_certifiable_count, radius_from_count

# Radii of other programs carry the error of their Clopper-Pearson routine; SciPy's stays below this up to N = 10^9.
_SLACK = 1e-8


@dataclass(frozen=True)
class Counts:
    """Success counts of a log's correct samples: nearest to the printed radius, and the smallest that prints alike."""

    nearest: NDArray[np.int64]
    low: NDArray[np.int64]


@lru_cache(maxsize=8)
def radius_table(n: int, alpha: float) -> tuple[int, Float]:
    """Smallest certifiable count and the radii, at sigma = 1, of it and every larger count."""
    first = int(min_certifiable_count(n, alpha))
    table = np.asarray(radius_from_count(np.arange(first, n + 1), n, alpha), dtype=np.float64)
    table.flags.writeable = False
    return first, table


def recover_counts(log: CertificationLog) -> Counts:
    """Counts behind the radii of the correctly predicted samples, in their order (C7).

    Exact where the log tells the count. Else the radius, printed with half a unit of rounding either way, leaves an
    interval: its lower end is sound, its nearest count is the best guess. Radii above what the budget can certify give
    k = n. The table behind it holds every count of the budget: memory and time grow with n.
    """
    known = log.count[log.correct]
    if np.all(known >= 0):
        return Counts(known, known)
    first, table = radius_table(log.n, log.alpha)
    radius, half = log.radius[log.correct] / log.sigma, log.half_unit[log.correct] / log.sigma
    if not table.size:
        return Counts(np.maximum(known, 0), np.maximum(known, 0))
    low = np.searchsorted(table, radius * (1 - _SLACK) - half)
    above = np.clip(np.searchsorted(table, radius), 0, len(table) - 1)
    below = np.maximum(above - 1, 0)
    nearest = np.where(radius - table[below] < table[above] - radius, below, above)
    low = np.minimum(low, nearest)
    return Counts(np.where(known >= 0, known, first + nearest), np.where(known >= 0, known, first + low))
