"""How many draws a question needs, before any is made: fixed budgets, one Clopper-Pearson bound (theory A, C).

Exact in integers: the count of the first class is binomial, a radius is certified from some count on, and the power is
the probability of reaching it. For rules that stop early see `rstheory.sequential`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincc, gammainccinv
from scipy.stats import binom

from rstheory import _check
from rstheory._check import Float, Values
from rstheory.budget import max_radius, radius_from_count
from rstheory.radius import certified_radius_inverse_sf

_MOST = 10**12  # draws beyond which a power is not computed


def budget_for_radius(radius: float, alpha: float = 1e-3, sigma: float = 1.0) -> int:
    """Least number of draws that can certify `radius`: if all of them succeed. A Python int.

    radius: > 0, at most 37 sigma. alpha: level. sigma: noise level.

    >>> budget_for_radius(3.75), budget_for_radius(0.5, sigma=0.5)
    (78124, 40)
    """
    target, noise = float(_check.positive("radius", radius)), float(_check.positive("sigma", sigma))
    level = float(_check.level("alpha", alpha))
    t = float(certified_radius_inverse_sf(target, noise))
    if t < 1e-300:
        raise ValueError(f"radius={radius} is not allowed: at sigma={sigma} it needs more than 10^300 draws")
    guess = math.log(level) / math.log1p(-t)
    low, high = max(int(guess * (1 - 1e-9)) - 2, 0), int(guess * (1 + 1e-9)) + 2
    while high - low > 1:  # low cannot certify the radius, high can
        middle = (low + high) // 2
        low, high = (low, middle) if float(max_radius(middle, level, noise)) >= target else (middle, high)
    return high


def certification_power(
    p: ArrayLike, n: ArrayLike, radius: ArrayLike, alpha: ArrayLike = 1e-3, sigma: ArrayLike = 1.0
) -> Values:
    """Probability that n draws certify at least `radius` where the success probability is p.

    p: in [0, 1]. n: integer, 1 to 10^12. radius: > 0. alpha: level. sigma: noise level. All broadcast. To rounding of
    the binomial distribution function, about 1e-10.

    >>> print(f"{certification_power(0.9, 1000, 1.0):.4f}")
    0.9921
    """
    return certification_power_sf(1 - _check.probability("p", p), n, radius, alpha, sigma)


def certification_power_sf(
    t: ArrayLike, n: ArrayLike, radius: ArrayLike, alpha: ArrayLike = 1e-3, sigma: ArrayLike = 1.0
) -> Values:
    """`certification_power` from the tail t = 1 - p.

    >>> print(certification_power_sf(1e-9, 78_123, 3.75) < 0.5 < certification_power_sf(1e-9, 78_124, 3.75))
    True
    """
    tail, draws = _check.probability("t", t), _draws("n", n)
    noise = _check.positive("sigma", sigma)
    most = _most_failures(draws, _check.positive("radius", radius), _check.level("alpha", alpha), noise)
    most, draws, tail = np.broadcast_arrays(most, draws, tail)
    return np.where(most >= 0, _at_most(np.maximum(most, 0).astype(float), draws, tail), 0.0)[()]


def budget_for_power(p: float, radius: float, power: float = 0.95, alpha: float = 1e-3, sigma: float = 1.0) -> int:
    """Least number of draws that certify `radius` with probability at least `power` at success probability p.

    p: in (Phi(radius/sigma), 1]. radius: > 0. power: in (alpha, 1). As the count is discrete, a slightly larger number
    of draws may have slightly less power.

    >>> budget_for_power(0.9, 1.0), budget_for_power(0.99, 1.0)
    (746, 67)
    """
    return budget_for_power_sf(float(1 - _check.probability("p", p)), radius, power, alpha, sigma)


def budget_for_power_sf(t: float, radius: float, power: float = 0.95, alpha: float = 1e-3, sigma: float = 1.0) -> int:
    """`budget_for_power` from the tail t = 1 - p.

    >>> budget_for_power_sf(1e-6, 3.75)
    104426
    """
    tail, chance = float(_check.probability("t", t)), float(_check.level("power", power))
    limit = float(certified_radius_inverse_sf(_check.positive("radius", radius), sigma))
    if tail >= limit:
        raise ValueError(f"t={t} is not allowed: a sample is certified at radius {radius} only if t < {limit:.6g}")

    def enough(failures: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The least draws with which so many failures still certify, and whether that has the power."""
        draws = _least_draws(failures, limit, radius, alpha, sigma)
        return draws, _at_most(failures.astype(float), draws, tail) >= chance

    high = 1
    while not enough(np.array([high]))[1][0]:
        high *= 2
        if high > _MOST * limit:
            raise ValueError(f"t={t} is not allowed: so close to {limit:.6g} it takes more than 10^12 draws")
    low = -1  # power grows with the failures allowed, but for the rounding of draws to integers: look a little below
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(np.array([middle]))[1][0] else (middle, high)
    around = np.arange(max(high - 200, 0), high + 1)
    draws, ok = enough(around)
    return int(draws[ok].min())


def radius_at_power(
    p: ArrayLike, n: ArrayLike, power: ArrayLike = 0.95, alpha: ArrayLike = 1e-3, sigma: ArrayLike = 1.0
) -> Values:
    """Largest radius that n draws certify with probability at least `power` where the success probability is p.

    The largest that they can certify at all is `max_radius(n)`.

    >>> print(f"{radius_at_power(0.9, 1000):.4f}")
    1.0348
    """
    return radius_at_power_sf(1 - _check.probability("p", p), n, power, alpha, sigma)


def radius_at_power_sf(
    t: ArrayLike, n: ArrayLike, power: ArrayLike = 0.95, alpha: ArrayLike = 1e-3, sigma: ArrayLike = 1.0
) -> Values:
    """`radius_at_power` from the tail t = 1 - p.

    >>> print(radius_at_power_sf(0.0, 1000) == max_radius(1000))
    True
    """
    tail, draws = _check.probability("t", t), _draws("n", n)
    failures = binom.ppf(_check.level("power", power), draws, tail).astype(np.int64)
    return radius_from_count(draws - failures, draws, alpha, sigma)


def _draws(name: str, n: ArrayLike) -> NDArray[Any]:
    draws = _check.budget(name, n)
    _check.refuse(name, draws, np.asarray(draws > _MOST), "powers are computed for up to 10^12 draws")
    return draws


def _most_failures(n: NDArray[Any], radius: Float, alpha: Float, sigma: Float) -> NDArray[np.int64]:
    """Most failures of n draws with which at least `radius` is certified; -1 if not even none."""
    n, radius, alpha, sigma = np.broadcast_arrays(n, radius, alpha, sigma)
    below, above = np.full(n.shape, -1, dtype=np.int64), np.asarray(n, dtype=np.int64) + 1
    while np.any(above - below > 1):
        middle = np.where(above - below > 1, (below + above) // 2, np.maximum(below, 0))
        reached = radius_from_count(n - middle, n, alpha, sigma) >= radius
        below, above = np.where(reached, np.maximum(middle, below), below), np.where(reached, above, middle)
    return np.asarray(below)


def _least_draws(
    failures: NDArray[np.int64], limit: float, radius: float, alpha: float, sigma: float
) -> NDArray[np.int64]:
    """Least draws with which so many failures still certify the radius."""
    guess = gammainccinv(failures + 1.0, alpha) / limit
    below = np.maximum((0.2 * guess).astype(np.int64), failures)
    above = (1.2 * guess).astype(np.int64) + failures + 10
    while np.any(above - below > 1):
        middle = np.where(above - below > 1, (below + above) // 2, above)
        reached = radius_from_count(middle - failures, middle, alpha, sigma) >= radius
        below, above = np.where(reached, below, middle), np.where(reached, middle, above)
    return np.asarray(above)


def _at_most(k: ArrayLike, n: ArrayLike, p: ArrayLike) -> Float:
    """P(Bin(n, p) <= k). SciPy's `bdtr` takes no n beyond 2^31."""
    many, draws = np.asarray(k, dtype=float), np.asarray(n, dtype=float)
    return np.where(many >= draws, 1.0, betaincc(many + 1, np.maximum(draws - many, 1.0), p))
