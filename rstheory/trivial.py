"""The constant classifier: any ACR, for a price that can be computed to the last draw (theory B).

A classifier that answers the same class c* whatever it sees is certified at every budget with k = N on each sample, and
is right on the share q of samples that carry that label (at least 1/K for the most frequent of K classes). Nothing here
is random: its ACR is q sigma Phi^-1(alpha^(1/N)), for any data set.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from numbers import Rational
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rstheory import _check
from rstheory._check import Values
from rstheory.budget import log_integer, max_radius
from rstheory.radius import radius_bounds_at

# Up to this many digits, which take about two seconds, a budget is returned as an integer; beyond, as a logarithm only.
MAX_DIGITS = 2000


def trivial_acr(n: ArrayLike, alpha: ArrayLike = 1e-3, sigma: ArrayLike = 1.0, share: ArrayLike = 0.1) -> Values:
    """Average certified radius of a constant classifier, share * sigma * Phi^-1(alpha^(1/n)) (B1; paper, Theorem 1).

    n: budget, Python int of any size. alpha: level. sigma: noise level. share: q, the share of samples that carry the
    class it answers, in [0, 1]; 0.1 is CIFAR-10. Broadcasts. Grows without bound in n and in sigma.

    >>> print(f"{trivial_acr(100_000):.4f} {trivial_acr(10**18):.4f} {trivial_acr(148, share=0.5):.4f}")
    0.3811 0.8537 0.8445
    """
    return (_check.probability("share", share) * max_radius(n, alpha, sigma))[()]


@dataclass(frozen=True)
class Budget:
    """A number of noise draws that may be too large to write down.

    n: the exact integer, or None where it has more than MAX_DIGITS digits. log10_n: its decimal logarithm.
    """

    n: int | None
    log10_n: float

    def __post_init__(self) -> None:
        if self.n is not None and self.n < 1:
            raise ValueError(f"n={self.n} is not allowed: a certification budget needs at least one draw")
        if not (math.isfinite(self.log10_n) and self.log10_n >= 0):
            raise ValueError(f"log10_n={self.log10_n} is not allowed: it must be finite and not negative")

    def __str__(self) -> str:
        return f"{self.n:,}" if self.n is not None and self.n < 10**24 else f"10^{self.log10_n:.2f}"


def budget_for_acr(
    target: float | Rational,
    alpha: float | Rational = 1e-3,
    sigma: float | Rational = 1.0,
    share: float | Rational = 0.1,
) -> Budget:
    """Smallest budget at which the constant classifier's ACR exceeds `target`, exact to the last draw (B2).

    ACR > M  iff  N > x  with  x = ln(alpha) / ln Phi(M / (share sigma)),  so it is floor(x) + 1. (The budget printed in
    the first arXiv version of the paper is built on 1/x, and is 2 whatever the target: B3.)

    target: ACR to exceed, finite and >= 0. alpha in (0, 1), sigma > 0, share in (0, 1]. A float counts as the binary
    fraction it is; give `fractions.Fraction(1, 10)` where 0.1 is meant exactly. The difference is far below anything
    that matters but not below the last digit of an 18-digit budget.

    x is computed in as many digits as it has before the point and 20 more; if it is then still too close to an integer
    to tell its floor, in more. At target 0 the ties alpha = 2^-m are exact.

    >>> from fractions import Fraction
    >>> budget_for_acr(Fraction("0.8437"), Fraction(1, 1000), share=Fraction(1, 10)).n
    424326933692196259
    >>> budget_for_acr(0.8437, share=Fraction(1, 1000))
    Budget(n=None, log10_n=154576.017826488)
    """
    radius = _exact("target", target, low=0, low_allowed=True) / (
        _exact("sigma", sigma, low=0) * _exact("share", share, low=0, high=1, high_allowed=True)
    )
    if radius > 10**150:
        raise ValueError(f"target={target} is not allowed: the logarithm of the budget would exceed every float")
    level = _exact("alpha", alpha, low=0, high=1)
    if radius == 0 and level.numerator == 1 and level.denominator & (level.denominator - 1) == 0:
        exact = level.denominator.bit_length()  # alpha = 2^-m: x = m, and N must exceed it
        return Budget(exact, math.log10(exact))
    log10_x = _log10_threshold(radius, level)
    if log10_x > MAX_DIGITS:
        return Budget(None, log10_x)
    n = _floor_threshold(radius, level, digits=max(int(log10_x), 0) + 25) + 1
    return Budget(n, log_integer(n) / math.log(10))


def _exact(
    name: str,
    value: float | Rational,
    *,
    low: int,
    high: int | None = None,
    low_allowed: bool = False,
    high_allowed: bool = False,
) -> Fraction:
    """`value` as the fraction it is; refuses what is not finite or outside the interval from low to high."""
    interval = f"{'[' if low_allowed else '('}{low}, {'inf' if high is None else high}{']' if high_allowed else ')'}"
    allowed = f"it must be one number in {interval}"
    if isinstance(value, Rational) and not isinstance(value, bool):
        exact = Fraction(value)
    else:
        array = _check.reals(name, value, allowed)
        if array.ndim or not math.isfinite(array):
            raise ValueError(f"{name}={value} is not allowed: {allowed}")
        exact = Fraction(float(array))
    above = exact > low or (low_allowed and exact == low)
    below = high is None or exact < high or (high_allowed and exact == high)
    if not (above and below):
        raise ValueError(f"{name}={value} is not allowed: {allowed}")
    return exact


def _threshold(radius: Fraction, level: Fraction) -> Any:
    """x = ln(level) / ln Phi(radius), as an mpmath number in the working precision."""
    import mpmath  # here and not above: only exact budgets need it, and `import rstheory` stays fast

    z = mpmath.mpf(radius.numerator) / radius.denominator
    log_level = mpmath.log(mpmath.mpf(level.numerator) / level.denominator)
    return log_level / mpmath.log1p(-mpmath.erfc(z / mpmath.sqrt(2)) / 2)


def _log10_threshold(radius: Fraction, level: Fraction) -> float:
    import mpmath

    with mpmath.workdps(40):
        return float(mpmath.log10(_threshold(radius, level)))


def _floor_threshold(radius: Fraction, level: Fraction, digits: int) -> int:
    import mpmath

    with mpmath.workdps(digits):
        x = _threshold(radius, level)
        nearest = int(mpmath.nint(x))
        # The last 10 digits are left to rounding in the few operations that made x.
        if abs(x - nearest) > mpmath.mpf(10) ** (10 - digits) * x:
            return int(mpmath.floor(x))
    return _floor_threshold(radius, level, 2 * digits)


def sigma_for_acr(target: ArrayLike, n: ArrayLike = 100_000, alpha: ArrayLike = 1e-3, share: ArrayLike = 0.1) -> Values:
    """Noise level at which the constant classifier's ACR reaches `target` at a fixed budget (B5).

    ACR is linear in sigma, so any target is reached by more noise alone, provided the budget certifies at all
    (alpha^(1/n) > 1/2) and share > 0; ValueError otherwise.

    >>> print(f"{sigma_for_acr(0.844):.3f}")
    2.214
    """
    unit = np.asarray(trivial_acr(n, alpha, 1.0, share))
    _check.refuse("n", np.broadcast_to(n, unit.shape), unit == 0, "this budget, level and share certify nothing")
    goal = _check.non_negative("target", target)
    with np.errstate(over="ignore"):
        sigma = np.asarray(goal / unit)
    _check.refuse(
        "target", np.broadcast_to(goal, sigma.shape), np.isinf(sigma), "the noise level would exceed every float"
    )
    return sigma[()]


def tail_bounds(n: ArrayLike, alpha: ArrayLike = 1e-3) -> tuple[Values, Values]:
    """Bounds on t_N = 1 - alpha^(1/N), with a = ln(1/alpha):  a/N - a^2/(2N^2) <= t_N <= a/N  (B4).

    From 1 - e^-x lying between x - x^2/2 and x, at x = a/N. The lower bound is only informative for N > a/2.

    >>> lower, upper = tail_bounds(100_000)
    >>> print(f"{lower:.10g} {upper:.10g}")
    6.907516694e-05 6.907755279e-05
    """
    x = -np.log(_check.level("alpha", alpha)) / _check.float_budget("n", n)
    return (x * (1 - x / 2))[()], x[()]


def max_radius_bounds(n: ArrayLike, alpha: ArrayLike = 1e-3, sigma: ArrayLike = 1.0) -> tuple[Values, Values]:
    """Closed-form bounds on the largest certifiable radius R_N = sigma * Phi^-1(alpha^(1/N)) (B4).

    `tail_bounds` put into `radius.radius_bounds_sf`: with a = ln(1/alpha), c = sqrt(2/pi),

        sqrt(c^2 + 2 ln(N/(2a))) - c  <=  R_N/sigma  <=  sqrt(2 ln(1/(2 t))),  t = a/N - a^2/(2N^2).

    Both are sigma sqrt(2 ln N) (1 + o(1)): to double a large ACR, the budget must rise to about its fourth power.
    Defined for N >= 2a, where the lower bound is not negative; ValueError below. N may be a Python int of any size.

    >>> lower, upper = max_radius_bounds(100_000)
    >>> print(f"{lower:.3f} <= {max_radius(100_000):.3f} <= {upper:.3f}")
    3.493 <= 3.811 <= 4.216
    """
    budget, level = np.broadcast_arrays(_check.budget("n", n), _check.level("alpha", alpha))
    sigma_ = _check.noise_level("sigma", sigma)
    log_a = np.log(-np.log(level))
    log_n = np.reshape([log_integer(int(value)) for value in budget.flat], budget.shape)
    _check.refuse("n", budget, log_n < log_a + np.log(2), "these bounds hold for N >= 2 ln(1/alpha)")
    far = log_n - log_a - np.log(2)  # ln(1/(2 a/N))
    near = far - np.log1p(-np.exp(log_a - log_n) / 2)
    return (sigma_ * radius_bounds_at(far)[0])[()], (sigma_ * radius_bounds_at(near)[1])[()]
