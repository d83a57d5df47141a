"""Randomized Clopper-Pearson bounds: the level is alpha exactly, and no bound is below the plain one (theory C11).

A count is discrete, so the plain bound errs with probability below alpha at most p. One uniform number U per sample,
fixed by the run's seed before any draw and kept in the log, fills the gap: L is the p at which

    P_p(K > k) + U P_p(K = k) = alpha

(Stevens, Biometrika 1950; Voracek, NeurIPS 2024). At U = 1 it is the plain bound for k, towards U = 0 that for k + 1. A
radius then depends on (k, U): whoever may choose U may choose the radius, so it must not be chosen.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize.elementwise import find_root

from rstheory import _check
from rstheory._check import Float
from rstheory.binomial import _BY_FAILURES, _BY_SUCCESSES, _Coordinate, _log_tail, clopper_pearson_lower_sf

_EPS = float(np.finfo(float).eps)


def randomized_lower(k: ArrayLike, n: ArrayLike, alpha: ArrayLike, u: ArrayLike) -> Any:
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


def randomized_lower_sf(k: ArrayLike, n: ArrayLike, alpha: ArrayLike, u: ArrayLike) -> Any:
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
            k, j = k_[rest], j_[rest]
            better = clopper_pearson_lower_sf((k + 1).astype(np.int64), (k + j).astype(np.int64), level[rest])
            tail[rest] = _between(j, k, level[rest], chance[rest], better, tail[rest], coordinate)
    return tail[()]


def _between(j: Float, k: Float, alpha: Float, u: Float, low: Float, high: Float, coordinate: _Coordinate) -> Float:
    """The t between the bounds for k + 1 and k with P(J < j) + u P(J = j) = alpha, rounded up; J failures at rate t."""
    n = j + k
    log_alpha = np.log(alpha)

    def excess(mean: Float, j: Float, k: Float, log_alpha: Float, u: Float) -> tuple[Float, Float]:
        """(ln of the sum above - ln alpha, bound on its error)."""
        failures, successes, shift = coordinate.means(j, k, mean)
        log_tail, integral = _log_tail(j, k, failures, successes, shift)
        kept = 1 - (1 - u) * np.minimum(successes / (k * integral), 1.0)  # share of P(J <= j) that is not taken away
        kept = np.maximum(kept, 1e-300)
        return log_tail + np.log(kept) - log_alpha, (5e-14 - 10 * _EPS * log_alpha) * (1 + 2 / kept)

    towards_low = 1 - 1e-11 if coordinate is _BY_FAILURES else 1 + 1e-11
    ends = [n * t if coordinate is _BY_FAILURES else n * (1 - t) for t in (low, high)]
    ends[0] = ends[0] * towards_low
    ends[1] = ends[1] / towards_low
    first, last = np.minimum(*ends), np.maximum(*ends)
    found = find_root(lambda *a: excess(*a)[0], (first, last), args=(j, k, log_alpha, u))
    mean, step = np.where(np.isfinite(found.x), found.x, ends[1]), np.full(j.shape, 4 * _EPS)
    for _ in range(60):
        value, error = excess(mean, j, k, log_alpha, u)
        unproved = ~(value + error <= 0)
        if not np.any(unproved):
            break
        mean = np.where(unproved, mean * (1 + coordinate.sign * step), mean)
        step = np.where(unproved, 2 * step, step)
    tail = mean / n if coordinate is _BY_FAILURES else 1 - mean / n
    tail = np.nextafter(tail * (1 + 2 * _EPS), 2)
    return np.where(unproved, high, np.minimum(tail, high))
