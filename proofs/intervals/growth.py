"""B4: two-sided bounds on the tail 1 - α^(1/N) and on the constant classifier's radius R_N, for every N and α.

Statement. N and α enter through x = a/N = ln(1/α)/N alone. For x > 0 and σ = 1

    x - x²/2 <= 1 - e^(-x) <= x,

and for x <= 1/2, which is N >= 2a, with c = √(2/π) and t = x - x²/2,

    √(c² + 2 ln(1/(2x))) - c  <=  R_N = Φ⁻¹(e^(-x))  <=  √(2 ln(1/(2t))).

Idea. The first pair vanishes at x = 0 to second and third order, with derivatives e^(-x). The second pair is put back
into the tail: R_N >= w says that the normal tail beyond w is at least 1 - e^(-x). The variable is m = ln(1/(2x)).

Range. First pair: balls on (0, 50]; for x > 2 by hand, since 1 - e^(-x) lies between 0 and 1. Second pair: balls for m
in [0, 1000], which is N/a from 2 to 10^434; for larger N it follows from the first pair and A5 (`radius.py`).
"""

from __future__ import annotations

from fractions import Fraction

from flint import arb

from proofs.intervals.radius import constant, hazard, log_ratio
from proofs.intervals.subdivision import Outcome, positive, positive_from_zero

LARGEST_X = 50
LARGEST_M = 1000


def tail_upper_bound(largest: int = LARGEST_X, factor: arb | int = 1) -> Outcome:
    """factor * (1 - e^(-x)) <= x."""
    s = arb(factor)

    def gap(x: arb) -> arb:
        return x + s * (-x).expm1()

    def slope(x: arb) -> arb:
        return 1 - s * (-x).exp()

    def bend(x: arb) -> arb:
        return s * (-x).exp()

    return positive_from_zero([gap, slope, bend], [arb(0), 1 - s], Fraction(1, 2), largest)


def tail_lower_bound(largest: int = LARGEST_X, factor: arb | int = 1) -> Outcome:
    """factor * (x - x²/2) <= 1 - e^(-x)."""
    s = arb(factor)

    def gap(x: arb) -> arb:
        return -(-x).expm1() - s * (x - x * x / 2)

    def slope(x: arb) -> arb:
        return (-x).exp() - s * (1 - x)

    def bend(x: arb) -> arb:
        return s - (-x).exp()

    def third(x: arb) -> arb:
        return (-x).exp()

    return positive_from_zero([gap, slope, bend, third], [arb(0), 1 - s, s - 1], Fraction(1, 2), largest)


def _log_tail(m: arb) -> arb:
    """ln(1/(2(1 - e^(-x)))) at x = e^(-m)/2; increasing in m."""
    return _log_tail_at(m.lower()).union(_log_tail_at(m.upper()))


def _log_tail_at(m: arb) -> arb:
    return -(-2 * (-(-m).exp() / 2).expm1()).log()


def _log_tail_slope(m: arb) -> arb:
    """Its slope x/(e^x - 1), between 1 - x/2 and 1."""
    return (1 - (-m).exp() / 4).union(arb(1))


def radius_lower_bound(largest: int = LARGEST_M, factor: arb | int = 1) -> Outcome:
    """factor * (√(c² + 2m) - c) <= R_N: the log tail of the left side is at most that of R_N."""
    c, s = constant(), arb(factor)

    def bound(m: arb) -> arb:
        return s * 2 * m / ((c * c + 2 * m).sqrt() + c)  # √(c² + 2m) - c without cancellation

    def gap(m: arb) -> arb:
        return _log_tail(m) - log_ratio(bound(m).max(arb(0)))

    def slope(m: arb) -> arb:
        return _log_tail_slope(m) - hazard(bound(m).max(arb(0))) * s / (c * c + 2 * m).sqrt()

    return positive(gap, 0, largest, slope)


def radius_upper_bound(largest: int = LARGEST_M, factor: arb | int = 1) -> Outcome:
    """factor * R_N <= √(2 ln(1/(2t))), t = x - x²/2: the log tail of the right side over factor is at least R_N's."""
    s = arb(factor)

    def bound(m: arb) -> arb:
        return (2 * (m - (1 - (-m).exp() / 4).log())).sqrt() / s

    def gap(m: arb) -> arb:
        return log_ratio(bound(m)) - _log_tail(m)

    def slope(m: arb) -> arb:
        x = (-m).exp() / 2
        return hazard(bound(m)) * (1 - x / (2 - x)) / (s * s * bound(m)) - _log_tail_slope(m)

    return positive(gap, 0, largest, slope)
