"""Randomized Clopper-Pearson bounds: the level is alpha exactly, and no bound is below the plain one (theory C11).

A count is discrete, so the plain bound errs with probability below alpha at most p. One uniform number U per sample,
fixed by the run's seed before any draw and kept in the log, fills the gap: L is the p at which

    P_p(K > k) + U P_p(K = k) = alpha

(Stevens, Biometrika 1950; Voracek, NeurIPS 2024). At U = 1 it is the plain bound for k, towards U = 0 that for k + 1. A
radius then depends on (k, U): whoever may choose U may choose the radius, so it must not be chosen.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize.elementwise import find_root

from rstheory import _check
from rstheory._check import Float, Values
from rstheory._saddlepoint import log_inner_pmf
from rstheory.binomial import (
    _BY_FAILURES,
    _BY_SUCCESSES,
    _Coordinate,
    _log_tail,
    clopper_pearson_lower,
    clopper_pearson_lower_sf,
)

_EPS = float(np.finfo(float).eps)


def randomized_lower(k: ArrayLike, n: ArrayLike, alpha: ArrayLike, u: ArrayLike) -> Values:
    """Lower confidence bound on the success probability given the uniform number u, rounded down (C11).

    k: successes, integer, 0 <= k <= n. n: draws, integer, 1 <= n <= 10^15. alpha: level in (0, 1/2].
    u: one number in [0, 1] per sample, drawn before and independently of the count. All broadcast.

    Guaranteed: never below `clopper_pearson_lower(k, n, alpha)`, never above that of k + 1, and P(L > p) <= alpha at
    every p, with equality for p between the bounds of k = 2 and 1/2^(1/n). Where every draw succeeded, u below 2 alpha
    counts as 2 alpha: else L would be 1, and the radius infinite, for a share alpha of the easiest samples.

    >>> print(f"{randomized_lower(990, 1000, 0.001, 0.5):.6f}")
    0.976619
    """
    return np.maximum(np.nextafter(1 - np.asarray(randomized_lower_sf(k, n, alpha, u)), -1), 0)[()]


def randomized_lower_sf(k: ArrayLike, n: ArrayLike, alpha: ArrayLike, u: ArrayLike) -> Values:
    """1 - L, rounded up: `randomized_lower` from the tail.

    >>> print(f"{randomized_lower_sf(100_000, 100_000, 0.001, 0.5):.4g}")
    6.214e-05
    """
    successes, failures = _check.counts(k, n)
    level = _check.level("alpha", alpha)
    _check.refuse("alpha", level, level > 0.5, "randomized bounds are made for levels up to 1/2")
    _check.refuse("n", np.asarray(n), np.asarray(np.asarray(n) > 10**15), "it is evaluated for up to 10^15 draws")
    chance = _check.probability("u", u)
    k_, j_, level, chance = np.broadcast_arrays(successes.astype(float), failures.astype(float), level, chance)
    tail = np.asarray(clopper_pearson_lower_sf(successes, n, level))
    tail = np.array(np.broadcast_to(tail, k_.shape))

    all_succeeded = j_ == 0
    least = np.maximum(chance[all_succeeded], np.minimum(2 * level[all_succeeded], 1.0))
    log_success = np.log(level[all_succeeded] / least) / k_[all_succeeded]
    closed = np.nextafter(-np.expm1(log_success) * (1 + 16 * _EPS), 2)
    tail[all_succeeded] = np.minimum(closed, tail[all_succeeded])

    # With at most one success the plain bound stays: nothing that small certifies.
    for coordinate, chosen in ((_BY_FAILURES, tail <= 0.5), (_BY_SUCCESSES, tail > 0.5)):
        rest = chosen & (j_ > 0) & (k_ > 1) & (chance < 1)
        if np.any(rest):
            tail[rest] = _between(j_[rest], k_[rest], level[rest], chance[rest], tail[rest], coordinate)
    return tail[()]


def _between(j: Float, k: Float, alpha: Float, u: Float, plain: Float, coordinate: _Coordinate) -> Float:
    """The t with P(J < j) + u P(J = j) = alpha, J failures at rate t, rounded up; it lies between the plain bounds."""
    n = j + k
    log_alpha = np.log(alpha)
    with np.errstate(divide="ignore"):
        log_u = np.log(u)

    def excess(mean: Float, j: Float, k: Float, log_alpha: Float, log_u: Float) -> Float:
        """ln of the sum above - ln alpha. Both terms are positive: nothing cancels."""
        failures, successes, shift = coordinate.means(j, k, mean)
        fewer = np.maximum(j - 1, 1)
        below, _ = _log_tail(fewer, j + k - fewer, failures, successes, shift + (j - fewer))
        log_share = np.log1p(-failures / (j + k)) if coordinate is _BY_FAILURES else np.log(successes / (j + k))
        below = np.where(j > 1, below, (j + k) * log_share)
        return np.logaddexp(below, log_u + log_inner_pmf(j, k, failures, successes, shift)) - log_alpha

    error = 1e-13 - 20 * _EPS * log_alpha  # of `excess`, at the root
    by_failures = coordinate is _BY_FAILURES
    bound = clopper_pearson_lower_sf if by_failures else clopper_pearson_lower
    ends = [n * bound(successes.astype(np.int64), n.astype(np.int64), alpha) for successes in (k, k + 1)]
    first, last = np.minimum(*ends) * (1 - 1e-11), np.maximum(*ends) * (1 + 1e-11)
    found = find_root(excess, (first, last), args=(j, k, log_alpha, log_u))
    mean, step = np.where(np.isfinite(found.x), found.x, ends[0]), np.full(j.shape, 4 * _EPS)
    for _ in range(60):
        unproved = ~(excess(mean, j, k, log_alpha, log_u) + error <= 0)
        if not np.any(unproved):
            break
        mean = np.where(unproved, np.clip(mean * (1 + coordinate.sign * step), mean / 2, (mean + n) / 2), mean)
        step = np.where(unproved, 2 * step, step)
    tail = np.nextafter((mean / n if by_failures else 1 - mean / n) * (1 + 2 * _EPS), 2)
    return np.where(unproved, plain, np.minimum(tail, plain))
