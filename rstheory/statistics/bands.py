"""Lower confidence band for a survival function, narrow in its tail, with its error probability computed exactly.

X_1, ..., X_T independent with one law, S(x) = P(X >= x), X_(1) >= X_(2) >= ... in descending order. S(X_(j)) is at
least the j-th smallest of T uniform variables in law, all j jointly, with equality where S is continuous. So if b_1 <=
b_2 <= ... are such that all U_(j) >= b_j with probability 1 - rho, then S >= b_j up to X_(j), for all j at once.

Two such bands, each with half of the error, and the higher of them everywhere. That of Dvoretzky, Kiefer and Wolfowitz
takes b_j = j/T - const, the same width everywhere. In the other each b_j is the lower confidence bound of Clopper and
Pearson at one level, the same for all j (Berk & Jones 1979; Gontscharuk, Landwehr & Finner 2016), so that the width
falls with the standard deviation: where few images are left, and ACR is earned, it is several times narrower.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, gammaln, xlogy

from rstheory import _check
from rstheory._check import Float

_STEPS = 120  # order statistics with a bound of their own; the others take that of the next smaller one
_TOLERANCE = 1e-2  # relative, of the local level: less than 0.004 standard errors
_FEW = 100_000  # products that are faster done one by one than by FFT
_NEGLIGIBLE = 1e-14  # Poisson mass left out, which is added to the error


def survival_lower(samples: int, rho: float) -> Float:
    """Lower bounds b_0 = 0, b_1, ..., b_T: with probability 1 - rho, S(x) >= b_j at every x that j of T samples reach.

    samples: T, independent draws of one law, which may have atoms. rho: at most this is the probability that the band
    fails anywhere, in (0, 1).

    >>> bounds = survival_lower(1000, 0.05)
    >>> print(f"{bounds[1000]:.4f} {bounds[500]:.4f} {bounds[20]:.4f}")
    0.9928 0.4571 0.0069
    """
    _check.at_least(0, "samples", samples)
    _check.level("rho", rho)
    if samples == 0:
        return np.zeros(1)
    ranks = _ranks(samples)
    every = np.zeros(samples + 1)
    every[ranks] = betaincinv(ranks, samples - ranks + 1, _local_level(samples, rho / 2))
    even = np.arange(samples + 1) / samples - dkw_distance(samples, rho / 2)
    return np.maximum(np.maximum.accumulate(every), even)


def _ranks(samples: int) -> NDArray[np.int64]:
    """Numbers of samples at which a bound is computed: even in the arc sine of the root of the share, ends included."""
    share = np.sin(np.linspace(0, np.pi / 2, min(_STEPS, samples) + 1)[1:]) ** 2
    return np.unique(np.maximum(np.round(samples * share), 1).astype(np.int64))


@lru_cache(maxsize=64)
def _local_level(samples: int, rho: float) -> float:
    """Level of each bound at which all hold with probability 1 - rho; found from below, so never too large."""
    ranks = _ranks(samples)
    low, high = rho / len(ranks), rho
    while high > low * (1 + _TOLERANCE):
        middle = float(np.sqrt(low * high))
        bounds = betaincinv(ranks, samples - ranks + 1, middle)
        low, high = (middle, high) if crossing_probability(ranks, bounds, samples) <= rho else (low, middle)
    return low


def crossing_probability(ranks: NDArray[np.int64], bounds: Float, samples: int) -> float:
    """P(some of the uniform order statistics U_(j) < b_j), for ascending ranks j of `samples` uniform variables.

    The number of variables below b is that of a Poisson process given its total (Moscovich & Nadler 2017), so its law
    is carried from bound to bound by convolution with Poisson laws, cut off where U_(j) < b_j, and conditioned on the
    total at the end.
    """
    from scipy.signal import fftconvolve

    law = np.ones(1)
    offset = 0  # the law's first entry is the probability of this number of variables
    at = np.append(bounds, 1.0)
    for j, width in zip(ranks, np.diff(at[:-1], prepend=0.0), strict=True):
        first, mass = _poisson(samples * width)
        law = np.convolve(law, mass) if len(law) * len(mass) < _FEW else fftconvolve(law, mass)
        offset += first
        law = np.maximum(law[: max(int(j) - offset, 0)], 0.0)  # fewer than j variables may lie below b_j
        if not law.size:
            return 1.0
    last = samples * (1 - at[-2])
    number = samples - (offset + np.arange(len(law)))
    of_total = float(_mass(np.array([samples]), samples)[0])
    return 1 - (float(law @ _mass(number, last)) - _NEGLIGIBLE * len(ranks)) / of_total


def _poisson(mean: float) -> tuple[int, Float]:
    """Probabilities of a Poisson law from the first that is not negligible to the last."""
    reach = 9 * np.sqrt(mean) + 40
    first, last = max(int(mean - reach), 0), int(mean + reach)
    number = np.arange(first, last + 1)
    return first, _mass(number, mean)


def _mass(number: NDArray[np.int64], mean: float) -> Float:
    """Poisson probabilities; 0 for negative numbers."""
    known = np.exp(xlogy(np.maximum(number, 0), mean) - mean - gammaln(np.maximum(number, 0) + 1.0))
    return np.where(number >= 0, known, 0.0)


def dkw_distance(samples: int, rho: float) -> float:
    """One-sided distance of Dvoretzky, Kiefer and Wolfowitz with Massart's constant (1990); 1 without samples."""
    return float(np.sqrt(np.log(1 / rho) / (2 * samples))) if samples else 1.0
