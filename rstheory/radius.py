"""The radius function R(p) = sigma * Phi^-1(p) of randomized smoothing, in both tails (theory A).

p is the probability of the top class under Gaussian noise N(0, sigma^2 I), in [0, 1]; sigma is the noise level in the
units of the input (pixels scaled to [0, 1], as a rule) and so is every radius. Functions ending in `_sf` take or
return t = 1 - p instead: in double precision p = 1 - 1e-20 is 1, but t = 1e-20 is exact, and p near 1 is where the
radius lives.

Everything broadcasts as NumPy does; scalars in, scalars out; NaN, masked entries, p outside [0, 1] and sigma outside
[1e-300, 1e300] raise ValueError.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from rstheory import _check
from rstheory._check import Float, Values, scalar_or_array

SQRT_2PI = float(np.sqrt(2 * np.pi))
# The hazard rate of the standard normal, phi/(1 - Phi), at 0; the constant of the bounds A5.
HAZARD_AT_ZERO = float(np.sqrt(2 / np.pi))
# SciPy's ndtri was off by at most 3 units in the last place over the whole float range (tests/test_radius.py holds
# it below this margin against ball arithmetic); a certificate gives the margin away rather than overstate.
_ROUNDING = 8 * np.finfo(float).eps


def certified_radius(p: ArrayLike, sigma: ArrayLike = 1.0) -> Values:
    """Certified L2 radius sigma * Phi^-1(p), and 0 (abstain) where p <= 1/2.

    Cohen, Rosenfeld and Kolter (ICML 2019), Theorem 1. If p is a lower bound on the probability of the top class, no
    perturbation of smaller L2 norm changes the smoothed classifier's prediction. The value is rounded down: it is
    never above the radius of the p given. What this does not check is p: a bound that holds only with probability
    1 - alpha gives a radius that holds only with that probability.

    p: probability in [0, 1]. sigma: noise level, positive. Returns a radius in [0, inf]; inf exactly at p = 1.

    >>> print(f"{certified_radius(0.99, sigma=0.5):.4f}")
    1.1632
    >>> print(certified_radius(0.3))
    0.0
    """
    return certified_radius_sf(1 - _check.probability("p", p), sigma)


def certified_radius_sf(t: ArrayLike, sigma: ArrayLike = 1.0) -> Values:
    """Certified radius of p = 1 - t, exact for t far below the spacing of floats near 1.

    t: probability of *not* drawing the top class, in [0, 1]. Otherwise as `certified_radius`.

    >>> print(f"{certified_radius_sf(1e-20):.4f}")
    9.2623
    """
    return np.maximum(signed_radius_sf(t, sigma) * (1 - _ROUNDING), 0.0)[()]


def signed_radius(p: ArrayLike, sigma: ArrayLike = 1.0) -> Values:
    """sigma * Phi^-1(p) on all of [0, 1], negative below 1/2 and odd about it (A1); rounded to nearest.

    For theory, not for certificates: a negative value is no radius.

    >>> print(signed_radius(0.25) == -signed_radius(0.75))
    True
    """
    p, sigma = _check.probability("p", p), _check.noise_level("sigma", sigma)
    return scalar_or_array(sigma * ndtri(p))


def signed_radius_sf(t: ArrayLike, sigma: ArrayLike = 1.0) -> Values:
    """sigma * Phi^-1(1 - t) on all of [0, 1]: `signed_radius` from the tail.

    >>> print(signed_radius_sf(0.5))
    0.0
    """
    t, sigma = _check.probability("t", t), _check.noise_level("sigma", sigma)
    return scalar_or_array(-(sigma * ndtri(t)) + 0.0)  # + 0.0: no negative zero at t = 1/2


def certified_radius_inverse(radius: ArrayLike, sigma: ArrayLike = 1.0) -> Values:
    """Probability p = Phi(radius / sigma) whose certified radius is `radius`; 1/2 at radius 0.

    Certified accuracy at radius r is the share of samples with p at least this (D1). Loses digits as p nears 1: use
    `certified_radius_inverse_sf` there.

    >>> print(f"{certified_radius_inverse(0.5, sigma=0.5):.4f}")
    0.8413
    """
    radius, sigma = _check.non_negative("radius", radius), _check.noise_level("sigma", sigma)
    return scalar_or_array(ndtr(_in_noise_levels(radius, sigma)))


def certified_radius_inverse_sf(radius: ArrayLike, sigma: ArrayLike = 1.0) -> Values:
    """Tail t = 1 - Phi(radius / sigma) whose certified radius is `radius`, in full relative precision.

    >>> print(f"{certified_radius_inverse_sf(10.0):.3g}")
    7.62e-24
    """
    radius, sigma = _check.non_negative("radius", radius), _check.noise_level("sigma", sigma)
    return scalar_or_array(ndtr(-_in_noise_levels(radius, sigma)))


def _in_noise_levels(radius: Float, sigma: Float) -> Float:
    with np.errstate(over="ignore"):  # infinitely many are as good as 1e308
        return np.asarray(radius / sigma)


def sensitivity(p: ArrayLike, sigma: ArrayLike = 1.0) -> Values:
    """Slope of the radius, R'(p) = sigma / phi(Phi^-1(p)): radius gained per unit of p (A2; paper, section 4.2).

    At least sigma * sqrt(2 pi), reached at p = 1/2; symmetric about 1/2; infinite at 0 and 1. Below 1/2 it is the
    slope of `signed_radius`: the certified radius itself is flat there.

    >>> print(f"{sensitivity(0.5):.4f} {sensitivity(0.999) / sensitivity(0.51):.1f}")
    2.5066 118.4
    """
    p = _check.probability("p", p)
    return sensitivity_sf(np.minimum(p, 1 - p), sigma)


def sensitivity_sf(t: ArrayLike, sigma: ArrayLike = 1.0) -> Values:
    """R'(1 - t): as `sensitivity`, from the tail.

    >>> print(f"{sensitivity_sf(1e-20):.4g}")
    1.067e+19
    """
    z = signed_radius_sf(t)
    with np.errstate(over="ignore"):  # infinite at t = 0, as it should be
        return (_check.noise_level("sigma", sigma) * SQRT_2PI * np.exp(z * z / 2))[()]


def curvature(p: ArrayLike, sigma: ArrayLike = 1.0) -> Values:
    """Second derivative R''(p) = 2 pi sigma z exp(z^2), z = Phi^-1(p) (A3): positive above 1/2, odd about it.

    So max(0, R) is convex on [0, 1), which is what makes ACR reward inequality (C5).

    >>> print(curvature(0.5))
    0.0
    """
    return (-np.asarray(curvature_sf(_check.probability("p", p), sigma)) + 0.0)[()]


def curvature_sf(t: ArrayLike, sigma: ArrayLike = 1.0) -> Values:
    """R''(1 - t): as `curvature`, from the tail. Overflows to inf below t = 1e-154.

    >>> print(f"{curvature_sf(0.01):.4g}")
    3275
    """
    z = signed_radius_sf(t)
    with np.errstate(over="ignore"):
        return (2 * np.pi * _check.noise_level("sigma", sigma) * z * np.exp(z * z))[()]


def _half_tail(t: ArrayLike) -> Float:
    tail = _check.probability("t", t)
    _check.refuse("t", tail, ~((tail > 0) & (tail <= 0.5)), "these bounds hold for 0 < t <= 1/2")
    return tail


def radius_bounds_sf(t: ArrayLike, sigma: ArrayLike = 1.0) -> tuple[Values, Values]:
    """Closed-form bounds on R(1 - t) for every t in (0, 1/2], both exact at t = 1/2 (A5).

    With c = sqrt(2/pi) and l = ln(1/(2t)):  sqrt(c^2 + 2l) - c  <=  R(1-t)/sigma  <=  sqrt(2l).
    Proof: the hazard rate h = phi/(1-Phi) satisfies 0 < h(z) - z <= c for z >= 0, with h(z) - z decreasing (Sampford
    1953). Integrating h from 0 to z = Phi^-1(1-t) gives z^2/2 <= l <= z^2/2 + cz; solve for z.
    Both tend to R in ratio as t -> 0, so R ~ sigma sqrt(2 ln(1/t)); the difference tends to at most c sigma.

    >>> lower, upper = radius_bounds_sf(1e-6)
    >>> print(f"{lower:.3f} <= {certified_radius_sf(1e-6):.3f} <= {upper:.3f}")
    4.387 <= 4.753 <= 5.123
    """
    t, sigma = _half_tail(t), _check.noise_level("sigma", sigma)
    lower, upper = radius_bounds_at(-np.log(2 * t) + 0.0)
    return (sigma * lower)[()], (sigma * upper)[()]


def radius_bounds_at(log_ratio: Float) -> tuple[Float, Float]:
    """The two bounds of A5 at sigma = 1 from l = ln(1/(2t)) >= 0, for tails t that no float can hold."""
    c, double = HAZARD_AT_ZERO, 2 * log_ratio
    return double / (np.sqrt(c * c + double) + c), np.sqrt(double)  # the first is sqrt(c^2 + 2l) - c, no cancellation


def sensitivity_bounds_sf(t: ArrayLike, sigma: ArrayLike = 1.0) -> tuple[Values, Values]:
    """Closed-form bounds on R'(1 - t) for every t in (0, 1/2], both exact at t = 1/2 (A5).

    With c = sqrt(2/pi), l = ln(1/(2t)), y = sqrt(c^2 + 2l) - c:

        1/(sqrt(2l) + c)  <=  t R'(1-t) / sigma  <=  1/sqrt(y^2 + c^2).

    Proof: t R'(1-t) = sigma/h(z) with the hazard rate h = phi/(1-Phi), z = Phi^-1(1-t). From above h(z) <= z + c, and
    z <= sqrt(2l). From below h^2 >= z^2 + c^2, because h^2 - z^2 does not decrease: its derivative is
    2 (h^2 (h-z) - z), and Sampford's (h-z)(2h-z) >= 1 gives h^2 (h-z) >= h^2/(2h-z) >= z; and z >= y.
    So the sensitivity is inversely proportional to the remaining error t, up to a factor sqrt(2 ln(1/t)).

    >>> lower, upper = sensitivity_bounds_sf(1e-6)
    >>> print(f"{lower:.4g} <= {sensitivity_sf(1e-6):.4g} <= {upper:.4g}")
    1.689e+05 <= 2.021e+05 <= 2.243e+05
    """
    t, sigma = _half_tail(t), _check.noise_level("sigma", sigma)
    y, root = radius_bounds_sf(t)
    c = HAZARD_AT_ZERO
    with np.errstate(over="ignore"):  # as R' itself
        return (sigma / (t * (root + c)))[()], (sigma / (t * np.hypot(y, c)))[()]
