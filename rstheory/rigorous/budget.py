"""What a budget does to the radius, enclosed (theory C2, C9)."""

import math
from collections.abc import Callable
from fractions import Fraction

from flint import arb, ctx

from rstheory.rigorous.binomial import bound_precision, lower_tail, point_mass, tail_precision
from rstheory.rigorous.clopper_pearson import bound_pair
from rstheory.rigorous.exact import BITS, Exact, Number, check_counts, checked, one_minus, to_ball
from rstheory.rigorous.judge import sign_of_tail_minus_alpha
from rstheory.rigorous.normal import quantile_sf_ball


def min_certifiable_count(n: int, alpha: Number) -> int | None:
    """The smallest k with L(k; n, alpha) > 1/2, hence with a positive radius (C9); None if even k = n abstains.

    L(k) > 1/2 iff P(Bin(n, 1/2) >= k) < alpha, which is monotone in k: bisection on proved signs.

    >>> min_certifiable_count(16, "0.1"), min_certifiable_count(3, "0.1")
    (12, None)
    """
    check_counts(0, n)
    a, half = checked("alpha", alpha, "(0, 1)"), Fraction(1, 2)
    low, high = 0, n + 1  # k = low abstains, k = high does not, where high = n + 1 stands for "none"
    while high - low > 1:
        k = (low + high) // 2
        if sign_of_tail_minus_alpha(n - k, n, half, a) < 0:
            high = k
        else:
            low = k
    return high if high <= n else None


def _unit_radius(k: int, n: int, alpha: Exact) -> arb:
    """g_N(k) at sigma = 1 and the current precision."""
    t, p = bound_pair(k, n, alpha)
    return arb(0) if k == 0 or t > p else quantile_sf_ball(t, p).max(arb(0))


def radius_from_count(k: int, n: int, alpha: Number, sigma: Number = 1) -> arb:
    """g_N(k) = sigma Phi^-1(L(k; n, alpha)) where L > 1/2, else 0 (abstention).

    >>> abs(radius_from_count(100_000, 100_000, "0.001") - arb("3.811456563")) < 1e-8
    True
    """
    check_counts(k, n)
    a, scale = checked("alpha", alpha, "(0, 1)"), checked("sigma", sigma, "(0, inf)")
    with ctx.workprec(bound_precision(k, n)):
        return to_ball(scale) * _unit_radius(k, n, a)


def max_radius(n: int, alpha: Number, sigma: Number = 1) -> arb:
    """g_N(N) = sigma Phi^-1(alpha**(1/n)), the largest radius that n draws can certify; n may have thousands of digits.

    >>> abs(max_radius(10**1000, "0.001") - arb("67.7571747")) < 1e-6
    True
    """
    return radius_from_count(n, n, alpha, sigma)


def _binomial_mean(
    n: int, p: Exact, first: int, value: Callable[[int], arb], below: Callable[[int], arb], above: Callable[[], arb]
) -> arb:
    """Sum of P(Bin(n, p) = k) value(k) over k >= first, for value(k) >= 0, at the current precision.

    Terms outside a window around n p are replaced by balls: those under it lie in [0, P(K < low) below(low)] and those
    over it in [0, P(K > high) above()], where below(low) and above() bound value(k) there. The width of the window
    comes from Bernstein's inequality at 2**-(BITS + 40), in floats; only speed depends on it.
    """
    x, y = to_ball(p), to_ball(one_minus(p))
    exponent = (BITS + 40) * math.log(2)
    variance = n * float(x.mid()) * float(y.mid())
    reach = math.ceil(exponent / 3 + math.sqrt(exponent**2 / 9 + 2 * exponent * variance)) + 1
    centre = int((n * x).mid().floor().unique_fmpz())
    low, high = max(first, centre - reach), min(n, centre + reach)
    total = arb(0)
    for k in range(low, high + 1):
        total += point_mass(k, n, x, y) * value(k)
    if low > first:
        total += (lower_tail(low - 1, n, x, y) * below(low)).union(arb(0))
    if high < n:
        total += (lower_tail(n - max(high + 1, first), n, y, x) * above()).union(arb(0))
    return total


def expected_radius(p: Number, n: int, alpha: Number, sigma: Number = 1) -> arb:
    """r_N(p) = sum over k of P(Bin(n, p) = k) g_N(k), for p in [0, 1] (C2). For p near 1 pass an exact number.

    Cost: one certified root for each count in the window, about sqrt(n p (1 - p)) * 28 + 130 of them, at about 1 ms;
    roots are remembered from call to call.

    >>> expected_radius(1, 100, "0.001").overlaps(max_radius(100, "0.001"))
    True
    """
    check_counts(0, n)
    x, a = checked("p", p, "[0, 1]"), checked("alpha", alpha, "(0, 1)")
    scale, first = checked("sigma", sigma, "(0, inf)"), min_certifiable_count(n, a)
    if first is None or x == 0:
        return arb(0)
    with ctx.workprec(tail_precision(n)):
        if x == 1:
            return to_ball(scale) * _unit_radius(n, n, a)

        def radius(k: int) -> arb:
            return _unit_radius(k, n, a)

        return to_ball(scale) * _binomial_mean(n, x, first, radius, below=radius, above=lambda: radius(n))


def expected_sensitivity(p: Number, n: int, alpha: Number, sigma: Number = 1) -> arb:
    """r_N'(p) = n * sum over k of P(Bin(n - 1, p) = k) [g_N(k + 1) - g_N(k)], for p in [0, 1] (C2, Bernstein's form).

    >>> abs(expected_sensitivity(1, 100_000, "0.001") - arb("7232.99")) < 0.01
    True
    """
    check_counts(0, n)
    x, a = checked("p", p, "[0, 1]"), checked("alpha", alpha, "(0, 1)")
    scale, first = checked("sigma", sigma, "(0, inf)"), min_certifiable_count(n, a)
    if first is None:
        return arb(0)
    with ctx.workprec(tail_precision(n)):

        def increment(k: int) -> arb:
            return _unit_radius(k + 1, n, a) - _unit_radius(k, n, a)

        if n == 1 or x in (0, 1):
            return to_ball(scale) * n * increment(n - 1 if x == 1 else 0)
        # g is >= 0 and non-decreasing, so an increment under `low` is at most g(low), and any increment at most g(n).
        mean = _binomial_mean(
            n - 1,
            x,
            first - 1,
            increment,
            below=lambda low: _unit_radius(low, n, a),
            above=lambda: _unit_radius(n, n, a),
        )
        return to_ball(scale) * n * mean
