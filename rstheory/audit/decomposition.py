"""Where a difference in ACR comes from: a higher mean of p, or p spread more unequally? (theory C5, F3)

For one model, ACR = r_N(m) + [mean of r_N(p_i) - r_N(m)], where m is the mean label probability. The first term is what
a model with the same m on every sample would score; the second is never negative, because r_N is convex (C5), and is
what inequality earns. The difference of two models splits accordingly, with nothing left over.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rstheory import _check
from rstheory.budget import expected_radius, expected_sensitivity, radius_from_count


@dataclass(frozen=True)
class Decomposition:
    """ACR of model a minus that of model b, and its parts; each with its standard error over the test samples.

    from_mean: r_N(m_a) - r_N(m_b). from_spread: the rest. mean_a, mean_b: mean label probabilities, m.
    """

    difference: float
    difference_error: float
    from_mean: float
    from_mean_error: float
    from_spread: float
    from_spread_error: float
    mean_a: float
    mean_b: float


def decompose(
    a: NDArray[np.int64], b: NDArray[np.int64], n: int, alpha: float = 1e-3, sigma: float = 1.0
) -> Decomposition:
    """Split the ACR difference of two models on the same samples (F3).

    a, b: for each sample, how many of n draws gave its true label (`replication.label_counts`); two samples or more. A
    sample counts with the radius that its label's count certifies. Errors are those of estimates for the population
    behind the test samples (delta method, samples paired); noise draws add next to nothing at a large n.

    >>> spread = decompose(np.array([1000, 600]), np.array([800, 800]), 1000)
    >>> print(f"{spread.from_mean:.3f} {spread.from_spread:.3f}")
    0.000 0.594
    """
    if len(a) != len(b) or len(a) < 2:
        raise ValueError(f"{len(a)} counts cannot be compared with {len(b)}: two samples or more, the same for both")
    _check.counts(a, n)
    _check.counts(b, n)
    radius = [np.asarray(radius_from_count(counts, n, alpha, sigma)) for counts in (a, b)]
    mean = [float(np.mean(counts)) / n for counts in (a, b)]
    level = [float(expected_radius(m, n, alpha, sigma)) for m in mean]
    slope = [float(expected_sensitivity(m, n, alpha, sigma)) for m in mean]
    # What each sample adds to an estimate, to first order.
    pull = slope[0] * (a / n - mean[0]) - slope[1] * (b / n - mean[1])
    total = radius[0] - radius[1]
    difference, from_mean = float(np.mean(total)), level[0] - level[1]
    return Decomposition(
        difference,
        _error(total),
        from_mean,
        _error(pull),
        difference - from_mean,
        _error(total - pull),
        mean[0],
        mean[1],
    )


def _error(values: NDArray[np.float64]) -> float:
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))
