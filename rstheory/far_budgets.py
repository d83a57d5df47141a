"""The mean radius r_N at large budgets, from fewer counts than there are: as exact as a survey needs, at any N (C2).

`rstheory.expected_radius_sf` sums over every count, with a proven bound; that takes seconds at N = 10^7 and is refused
far beyond. Here the radius is read off a spline and, where a count is spread over many values, only every s-th one is
summed and counts s times. The trapezoidal rule is that good for a smooth function under a bell curve: with steps of a
sixteenth of the standard deviation its error is far below rounding. The radius has one kink, where it becomes positive;
means near it take steps of 1/128.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rstheory import _check
from rstheory._check import Float
from rstheory._saddlepoint import log_pmf
from rstheory.budget import min_certifiable_count, radius_from_count

LARGEST_FAR = 10**12  # draws
_EXACT_TO, _RADII = 64, 400  # failures up to which each radius is computed, and about how many beyond
_WIDTH = 36.0  # natural logarithm of what a window leaves out
_STEP, _STEP_AT_KINK = 16, 128  # steps per standard deviation


def mean_radius_sf(t: Float, n: int, alpha: float = 1e-3) -> Float:
    """r_N(1 - t) at sigma = 1, within 1e-8 (`tests/test_far_budgets.py`); time hardly depends on n.

    t: tails 1 - p in [0, 1], one-dimensional. n: budget, integer, 1 to 10^12. alpha: level.

    >>> from rstheory import expected_radius_sf
    >>> tails = np.array([1e-9, 1e-3, 0.2, 0.5])
    >>> bool(np.abs(mean_radius_sf(tails, 10**6) - expected_radius_sf(tails, 10**6)).max() < 1e-8)
    True
    >>> print(mean_radius_sf(tails, 10**11).round(4))
    [5.9496 3.0901 0.8416 0.    ]
    """
    tail = _check.probability("t", t)
    n = _check.scalar_int("n", _check.budget("n", n))
    alpha = float(_check.level("alpha", alpha))
    if n > LARGEST_FAR:
        raise ValueError(f"n={n} is not allowed: mean radii are computed for up to {LARGEST_FAR:,} draws")
    last = n - int(min_certifiable_count(n, alpha))
    result = np.zeros(tail.shape)
    if last < 0 or not tail.size:
        return result
    mean = n * tail
    variance = mean * (1 - tail)
    reach = _WIDTH / 3 + np.sqrt(_WIDTH**2 / 9 + 2 * _WIDTH * variance)  # Bernstein's inequality
    low = np.floor(np.maximum(mean - reach, 0)).astype(np.int64)
    full = np.ceil(np.minimum(mean + reach, n)).astype(np.int64)
    high = np.minimum(full, last)
    steps = np.where(full > last, _STEP_AT_KINK, _STEP)
    stride = np.maximum(np.floor(np.sqrt(variance) / steps).astype(np.int64), 1)
    points = np.where(high >= low, (high - low) // stride + 1, 0)
    entry = np.repeat(np.arange(len(tail)), points)
    place = np.arange(len(entry)) - np.repeat(np.cumsum(points) - points, points)
    j = low[entry] + stride[entry] * place
    mass = np.exp(log_pmf(j.astype(float), np.asarray(float(n)), mean[entry], n * (1 - tail)[entry]))
    np.add.at(result, entry, mass * stride[entry] * interpolated_radii(n, alpha)(j))
    return result


@lru_cache(maxsize=512)  # the budgets of a curve, which every group of logs asks for
def interpolated_radii(n: int, alpha: float) -> Callable[[NDArray[np.integer[Any]]], Float]:
    """Radius at sigma = 1 from the number of failures, within 1e-8: computed for the first ones, interpolated beyond.

    Nodes are dense where the radius bends, at few failures, and even in the coordinate in which a count has the same
    spread everywhere. Failures that certify nothing have no radius here, and none may be asked for.
    """
    from scipy.interpolate import CubicSpline  # `import rstheory` need not wait for it

    last = n - int(min_certifiable_count(n, alpha))
    if last <= 2 * _RADII:
        return lambda j: np.asarray(radius_from_count(n - j, n, alpha))

    def angle(failures: NDArray[np.integer[Any]]) -> Float:
        return np.asarray(np.arcsin(np.sqrt(failures / n)))

    even = np.sin(np.linspace(angle(np.asarray(_EXACT_TO)), angle(np.asarray(last)), _RADII)) ** 2 * n
    nodes = np.concatenate([np.arange(_EXACT_TO), even, np.geomspace(_EXACT_TO, last, _RADII)])
    nodes = np.unique(np.clip(np.round(nodes).astype(np.int64), 0, last))
    radii = np.asarray(radius_from_count(n - nodes, n, alpha))
    table, spline = radii[:_EXACT_TO], CubicSpline(angle(nodes[1:]), radii[1:])

    def radius_of(j: NDArray[np.integer[Any]]) -> Float:
        return np.asarray(np.where(j < _EXACT_TO, table[np.minimum(j, _EXACT_TO - 1)], spline(angle(np.maximum(j, 1)))))

    return radius_of
