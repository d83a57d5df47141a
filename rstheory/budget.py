"""What a certification budget (N, alpha) does to a radius: g_N, its mean r_N, the slope of that mean (theory C).

Notation: p is the probability of the top class under noise, K ~ Bin(N, p) the count that a run of CERTIFY sees, L(K)
the Clopper-Pearson bound, g_N(K) = sigma * Phi^-1(L(K)) the certified radius it prints (0, abstain, where L <= 1/2).
The count n0 of selection draws plays no part: the class is taken as given. `_sf` functions take t = 1 - p.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri, ndtri_exp

from rstheory import _check
from rstheory._check import CountValues, Float, Values
from rstheory._laws import Binomial, expectations, summed_counts
from rstheory.binomial import clopper_pearson_lower_sf, poisson_limit
from rstheory.radius import certified_radius_sf

_LARGEST_COUNTED = 10**20  # draws among which `min_certifiable_count` looks
# Counts that an expectation may sum over: for one probability (seconds, and 0.4 GB), and in all (half a minute).
_MOST_FOR_ONE, _MOST_IN_ALL = 2**20, 2**23


def radius_from_count(k: ArrayLike, n: ArrayLike, alpha: ArrayLike = 1e-3, sigma: ArrayLike = 1.0) -> Values:
    """Certified radius g_N(k) of k successes in n draws at level alpha, rounded down; 0 is abstention.

    k: integer count of the predicted class, 0 <= k <= n. n: budget N, integer >= 1. alpha: level in (0, 1).
    sigma: noise level > 0. All broadcast. Cohen, Rosenfeld and Kolter (2019), CERTIFY.

    >>> print(f"{radius_from_count(99_000, 100_000, sigma=0.5):.4f}")
    1.1450
    """
    return certified_radius_sf(clopper_pearson_lower_sf(k, n, alpha), sigma)


def max_radius(n: ArrayLike, alpha: ArrayLike = 1e-3, sigma: ArrayLike = 1.0) -> Values:
    """Largest radius a budget can certify, sigma * Phi^-1(alpha^(1/n)), rounded down; 0 if even k = n abstains.

    n may be a Python int of any size, also one far beyond float64. Otherwise as `radius_from_count` at k = n, to which
    it is equal bit for bit where n fits a float.

    >>> print(f"{max_radius(100_000):.4f} {max_radius(10**1000):.4f}")
    3.8115 67.7572
    """
    budget = _check.budget("n", n)
    level, sigma_ = _check.level("alpha", alpha), _check.noise_level("sigma", sigma)
    budget, level, sigma_ = np.broadcast_arrays(budget, level, sigma_)
    huge = np.asarray(budget > 10**300)
    small = np.where(huge, 1, budget)
    radius = np.asarray(radius_from_count(small, small, level, sigma_))
    if np.any(huge):
        # t = a/N (1 - a/(2N) + ...) with a = ln(1/alpha), and a/N is below 1e-297 here: ln t needs no second term.
        log_n = np.array([log_integer(int(value)) for value in budget[huge]])
        radius[huge] = _rounded_down(-ndtri_exp(np.log(-np.log(level[huge])) - log_n)) * sigma_[huge]
    return radius[()]


def log_integer(value: int) -> float:
    """Natural logarithm of a positive integer of any size."""
    shift = max(value.bit_length() - 64, 0)
    return float(np.log(float(value >> shift)) + shift * np.log(2.0))


def _rounded_down(radius: Float) -> Float:
    return radius * (1 - 16 * np.finfo(float).eps)


def min_certifiable_count(n: ArrayLike, alpha: ArrayLike = 1e-3) -> CountValues:
    """Smallest count k with a positive certified radius at budget n: L(k; n, alpha) > 1/2 (C9).

    Divided by n it is the paper's p_min. Where not even k = n is enough (alpha^(1/n) <= 1/2), n + 1 is returned.
    n: up to 1e20; from 2^53 on, where a float no longer holds every count, it is right to a few units in the last place
    of a float, and `radius_from_count` is positive from it on.

    >>> print(min_certifiable_count(16, 0.1), min_certifiable_count(100_000))
    12 50490
    """
    budget, level = np.broadcast_arrays(_check.budget("n", n), _check.level("alpha", alpha))
    _check.refuse(
        "n", budget, np.asarray(budget > _LARGEST_COUNTED), "beyond 1e20 draws float64 cannot tell neighbouring counts"
    )
    shape, budget, level = budget.shape, budget.ravel(), level.ravel()
    if np.any(budget > 2**62):
        budget = budget.astype(object)  # so that n + 1 and sums of two counts do not overflow
    below = np.where(level <= 0.5, budget // 2, budget * 0)  # L(n/2) <= 1/2 for every alpha <= 1/2; L(0) = 0 always
    above = budget + 1
    # Bisection, whose first two probes are just below and just above the normal approximation of the answer.
    spread = np.sqrt(budget.astype(float))
    guess = budget.astype(float) / 2 - ndtri(level) * spread / 2
    to_integer = np.frompyfunc(int, 1, 1) if budget.dtype == object else np.int64
    probes = [to_integer(np.maximum(guess + side * (2 + 0.02 * spread), 0)) for side in (-1, 1)]
    while np.any(open_ := (above - below > 1).astype(bool)):
        middle = np.clip(probes.pop(), below + 1, above - 1) if probes else (below + above) // 2
        middle = np.where(open_, middle, below)
        known = (middle > budget).astype(bool)
        certified = known | (clopper_pearson_lower_sf(np.where(known, budget, middle), budget, level) < 0.5)
        certified &= open_
        below, above = np.where(certified, below, middle), np.where(certified, middle, above)
    return np.asarray(above.reshape(shape))[()]


@lru_cache(maxsize=256)
def _least_count(n: int, alpha: float) -> int:
    """`min_certifiable_count` of one budget, which a bootstrap asks for again and again."""
    return int(min_certifiable_count(n, alpha))


def expected_radius(p: ArrayLike, n: int, alpha: float = 1e-3, sigma: ArrayLike = 1.0) -> Values:
    """Exact expected certified radius r_N(p) = sum_k Bin(k; N, p) g_N(k) of one sample (C2).

    p: probability of the top class, any shape. n: budget, one integer (or alpha: one number) a call; the table of g_N
    is shared by all p. sigma broadcasts against p.

    Counts outside a window are left out; what they could add is bounded by a geometric series and is below 1e-14 of the
    result, else the window grows; cost rises like sqrt(N p (1 - p)) for each p. ValueError where that is too much: for
    p near 1/2 above N = 10^10, and for many p at N = 10^7 or above. Results below 1e-308 underflow to 0. Where p is
    near 1, use `expected_radius_sf`.

    >>> print(f"{expected_radius(0.99, 100_000):.5f} {expected_radius(1.0, 100_000) == max_radius(100_000)}")
    2.29015 True
    """
    return _expectation(_check.probability("p", p), _radius_by_failures, 0, n, alpha, sigma, in_tail=False)


def expected_radius_sf(t: ArrayLike, n: int, alpha: float = 1e-3, sigma: ArrayLike = 1.0) -> Values:
    """r_N(1 - t): `expected_radius` from the tail.

    >>> print(f"{max_radius(100_000) - expected_radius_sf(1e-12, 100_000):.4g}")
    7.233e-09
    """
    return _expectation(_check.probability("t", t), _radius_by_failures, 0, n, alpha, sigma, in_tail=True)


def expected_sensitivity(p: ArrayLike, n: int, alpha: float = 1e-3, sigma: ArrayLike = 1.0) -> Values:
    """Exact slope r_N'(p) = N sum_k Bin(k; N-1, p) [g_N(k+1) - g_N(k)] of the expected radius (C2, Bernstein 1912).

    Bounded at every p, unlike the sensitivity R'(p) of an infinite budget: at p = 1 it is N [g_N(N) - g_N(N-1)].
    Arguments and window as in `expected_radius`. Rounding of g_N enters sqrt(N) times enlarged: about 1e-12 relative
    at N = 10^5.

    >>> print(f"{expected_sensitivity(1.0, 100_000):.2f} {expected_sensitivity(0.51, 100_000):.4f}")
    7232.99 2.5056
    """
    return _expectation(_check.probability("p", p), _increment_by_failures, 1, n, alpha, sigma, in_tail=False)


def expected_sensitivity_sf(t: ArrayLike, n: int, alpha: float = 1e-3, sigma: ArrayLike = 1.0) -> Values:
    """r_N'(1 - t): `expected_sensitivity` from the tail.

    >>> print(f"{expected_sensitivity_sf(1e-6, 100_000):.2f}")
    7010.39
    """
    return _expectation(_check.probability("t", t), _increment_by_failures, 1, n, alpha, sigma, in_tail=True)


def slope_at_one(n: ArrayLike, alpha: ArrayLike = 1e-3, sigma: ArrayLike = 1.0) -> Values:
    """r_N'(1) = N [g_N(N) - g_N(N-1)]: by C4 the largest slope of the expected radius, for alpha <= 1/2.

    >>> print(f"{slope_at_one(100_000):.2f}")
    7232.99
    """
    budget = _check.budget("n", n)
    gain = radius_from_count(budget, budget, alpha, sigma) - radius_from_count(budget - 1, budget, alpha, sigma)
    return _finite_slope(sigma, lambda: _check.float_budget("n", n) * gain)


def slope_at_one_limit(n: ArrayLike, alpha: ArrayLike = 1e-3, sigma: ArrayLike = 1.0) -> Values:
    """N sigma ln(c_1/c_0) / sqrt(2 ln(N/c_0)), to which `slope_at_one` is asymptotic as N grows (C3).

    c_j is `poisson_limit(j, alpha)`. Convergence is only logarithmic in N. Defined for N > c_0 = ln(1/alpha).

    >>> ratio = [slope_at_one(10**e) / slope_at_one_limit(10**e) for e in (5, 15)]
    >>> print(f"{ratio[0]:.3f} {ratio[1]:.3f}")
    1.091 1.035
    """
    budget = _check.float_budget("n", n)
    none, one = poisson_limit(0, alpha), poisson_limit(1, alpha)
    _check.refuse("n", budget, budget <= none, "the limit is defined for N > ln(1/alpha)")
    unit = np.log(one / none) / np.sqrt(2 * np.log(budget / none))
    return _finite_slope(sigma, lambda: _check.noise_level("sigma", sigma) * budget * unit)


def _finite_slope(sigma: ArrayLike, slope: Callable[[], Values]) -> Values:
    """A slope that grows with the budget; refused where sigma takes it beyond the largest float."""
    with np.errstate(over="ignore"):
        result = np.asarray(slope())
    _check.refuse(
        "sigma", np.broadcast_to(sigma, result.shape), np.isinf(result), "at this budget the slope exceeds every float"
    )
    return result[()]


def _radius_by_failures(j: Float, n: int, alpha: float) -> Float:
    """g_N(N - j) at sigma = 1 for consecutive failure counts j."""
    return np.asarray(radius_from_count(n - j, n, alpha))


def _increment_by_failures(j: Float, n: int, alpha: float) -> Float:
    """g_N(k+1) - g_N(k) at sigma = 1 where k successes of N - 1 leave j failures: k = N - 1 - j."""
    radii = _radius_by_failures(np.append(j, j[-1:] + 1), n, alpha)
    return radii[:-1] - radii[1:]


def _expectation(
    probability: Float,
    weights: Callable[[Any, int, float], Float],
    derivative: int,
    n: int,
    alpha: float,
    sigma: ArrayLike,
    in_tail: bool,
) -> Values:
    """sigma N^d E[weight(J)] for J ~ Bin(N - d, t) failures, where t or p = 1 - t is the `probability`.

    derivative: d, 0 for the expected radius and 1 for its slope.

    `weights` gives the weights at sigma = 1 of consecutive failure counts: non-negative, at most g_N(N), and 0 for more
    failures than still certify.
    """
    n = _check.scalar_int("n", _check.budget("n", n))
    if n > 2**62:
        raise ValueError(f"n={n} is not allowed: expectations are summed for budgets up to 2^62 only")
    if np.ndim(alpha):
        raise ValueError(f"alpha must be a single number here, got an array of shape {np.shape(alpha)}")
    alpha = float(_check.level("alpha", alpha))
    with np.errstate(over="ignore"):
        scale = np.asarray(_check.noise_level("sigma", sigma) * float(n**derivative))
    _check.refuse(
        "sigma", np.broadcast_to(sigma, scale.shape), scale > 1e306, "at this budget the slope exceeds every float"
    )
    draws = n - derivative
    last = min(n - _least_count(n, alpha), draws)  # the largest number of failures with a weight
    if last < 0:
        return np.zeros(np.broadcast_shapes(probability.shape, scale.shape))[()]
    tail, success = (probability, 1 - probability) if in_tail else (1 - probability, probability)
    laws = Binomial(draws, draws * tail.ravel(), draws * success.ravel())
    for counts, most, less in zip(
        summed_counts(laws, last), (_MOST_FOR_ONE, _MOST_IN_ALL), ("", "fewer probabilities at a time or "), strict=True
    ):
        if counts > most:
            raise ValueError(
                f"n={n} is not allowed here: some {counts:.1e} counts would have to be summed, and {most:.1e} are the"
                f" most; take {less}fewer draws, or `certified_radius` and `sensitivity`, the limits for many draws"
            )
    sums = expectations(laws, lambda j: weights(j, n, alpha), last, float(max_radius(n, alpha)))
    return np.asarray(sums.reshape(probability.shape) * scale)[()]
