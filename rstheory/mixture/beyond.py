"""ACR at budgets beyond the draws of a log, for the images of the log (theory H2).

What more draws add to ACR is the difference of two functionals of one estimated distribution of p. Added to the ACR of
the log, it is continuous where the draws end, and the error of the estimate enters only as far as the gain does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rstheory._check import Float
from rstheory.mixture.counts import Integers, LabelCounts
from rstheory.mixture.functionals import ACR
from rstheory.mixture.intervals import images_posterior, responsibility
from rstheory.mixture.smooth import SmoothFit, cell_weights, fit_smooth

_EXACT_TO = 64  # failures (successes) up to which every count stays as it is
_STEP = 2.0  # between the counts that others are moved to, in standard deviations: so at most one is moved


@dataclass(frozen=True)
class Gain:
    """What n draws add to the ACR of a survey's images, at sigma = 1.

    mean: expected gain. standard_error: of the estimate; only the draws are random.
    """

    mean: float
    standard_error: float


def fit_fast(counts: LabelCounts) -> SmoothFit:
    """`fit_smooth` of counts that were moved by one standard deviation at most: several times faster.

    For logs with many draws, whose counts tell far more than the estimate can hold.
    """
    known = counts.low == counts.high
    low = np.where(known, _moved(counts.low, counts.draws), counts.low)
    return fit_smooth(LabelCounts(low, np.where(known, low, counts.high), counts.draws))


def acr_gain(fit: SmoothFit, total: int, n: int, alpha: float) -> Gain:
    """Gain of expected ACR from a budget of `total` draws to n draws, both at level alpha."""
    posterior = images_posterior(fit, [ACR(n, alpha), ACR(total, alpha)])
    difference = np.array([1.0, -1.0])
    variance = float(difference @ posterior.covariance @ difference)
    return Gain(float(difference @ posterior.mean), float(np.sqrt(max(variance, 0.0))))


def images_shares(fit: SmoothFit) -> Float:
    """Expected share of these images in each cell of z, given their counts: all that gains at other budgets need."""
    shares = [part.probability * (fit.kind_share @ responsibility(fit, part)) for part in fit.parts]
    return np.asarray(np.sum(shares, axis=0))


def mean_gain(shares: Float, total: int, n: int, alpha: float) -> float:
    """The mean of `acr_gain`, from `images_shares`."""
    return float(shares @ (cell_weights(ACR(n, alpha)) - cell_weights(ACR(total, alpha))))


def _moved(count: Integers, draws: Integers) -> Integers:
    """The nearest of some counts that are evenly spread in standard deviations; counts near either end stay."""
    steps = 2 * np.sqrt(draws) / _STEP
    grid = np.rint(np.rint(np.arcsin(np.sqrt(count / draws)) * steps) / steps * 1e12) / 1e12
    near = np.rint(draws * np.sin(grid) ** 2).astype(np.int64)
    return np.where(np.minimum(count, draws - count) <= _EXACT_TO, count, np.clip(near, 0, draws))
