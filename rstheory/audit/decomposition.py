"""Where a difference in ACR comes from: a higher mean of p, or p spread more unequally? (theory C5, F3)

For one model, ACR = r_N(m) + [mean of r_N(p_i) - r_N(m)], where m is the mean label probability. The first term is what
a model with the same m on every sample would score; the second is never negative, because r_N is convex (C5), and is
what inequality earns. The difference of two models splits accordingly, with nothing left over. Where both means are too
small to certify, the first term is 0 for both, and the split says nothing: `Decomposition.flat`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap

from rstheory import _check
from rstheory.budget import expected_radius, min_certifiable_count, radius_from_count

_RESAMPLES = 2000  # an end of an interval is then good to about 2 % of its width


@dataclass(frozen=True)
class Decomposition:
    """ACR of model a minus that of model b, and its parts; each with the ends of a 95 % interval over test samples.

    from_mean: r_N(m_a) - r_N(m_b). from_spread: the rest. mean_a, mean_b: mean label probabilities, m.
    flat: whether both means lie below every share of draws that certifies. There r_N is flat and next to 0, so the mean
    can earn nothing and all is spread, even where each sample gained alike: the split then says nothing.
    """

    difference: float
    difference_interval: tuple[float, float]
    from_mean: float
    from_mean_interval: tuple[float, float]
    from_spread: float
    from_spread_interval: tuple[float, float]
    mean_a: float
    mean_b: float
    flat: bool


def decompose(
    a: NDArray[np.int64], b: NDArray[np.int64], n: int, alpha: float = 1e-3, sigma: float = 1.0
) -> Decomposition:
    """Split the ACR difference of two models on the same samples (F3).

    a, b: how many of n draws gave each sample its true label (`CertificationLog.label_counts`); two samples or more. A
    sample counts with the radius that its label's count certifies. Intervals are for the population behind the test
    samples: between the 2.5 % and the 97.5 % quantile of the estimates from 2,000 resamplings of the samples, in pairs,
    from a fixed seed (percentile bootstrap; approximate, and too narrow for a dozen samples). Not standard errors from
    slopes: r_N is flat below 1/2 and steep above, and a mean of p near 1/2 may lie on either side. Noise draws add
    next to nothing at a large n.

    >>> spread = decompose(np.array([1000, 600]), np.array([800, 800]), 1000)
    >>> print(f"{spread.from_mean:.3f} {spread.from_spread:.3f}")
    0.000 0.594
    """
    if len(a) != len(b) or len(a) < 2:
        raise ValueError(f"{len(a)} counts cannot be compared with {len(b)}: two samples or more, the same for both")
    _check.counts(a, n)
    _check.counts(b, n)
    radius = [np.asarray(radius_from_count(counts, n, alpha, sigma)) for counts in (a, b)]
    samples = (np.asarray(a), np.asarray(b), radius[0] - radius[1])

    def parts(a: Any, b: Any, gained: Any, axis: int = -1) -> NDArray[np.float64]:
        """Difference, its part by the mean and the rest, for each row of resampled samples."""
        level = [expected_radius(np.sum(k, axis=axis) / (n * k.shape[axis]), n, alpha, sigma) for k in (a, b)]
        difference = np.mean(gained, axis=axis)
        return np.stack([difference, level[0] - level[1], difference - (level[0] - level[1])])

    estimates = [float(part) for part in parts(*samples)]
    again = bootstrap(samples, parts, paired=True, vectorized=True, method="percentile", n_resamples=_RESAMPLES,
                      batch=100, rng=np.random.default_rng(0))  # fmt: skip
    ends = [(float(low), float(high)) for low, high in zip(*again.confidence_interval, strict=True)]
    mean = [float(np.mean(counts)) / n for counts in (a, b)]
    flat = max(mean) * n < min_certifiable_count(n, alpha)
    return Decomposition(
        estimates[0], ends[0], estimates[1], ends[1], estimates[2], ends[2], mean[0], mean[1], bool(flat)
    )
