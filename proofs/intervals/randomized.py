"""C11 by enumeration: the level of the randomized Clopper-Pearson bound is α, exactly, in rational arithmetic.

At a given p and count k the bound exceeds p for those u in [0, 1] with P_p(K > k) + u P_p(K = k) < α. The level is the
mean length of that set over k. That these u are the ones whose bound, found by bisection, lies above p is checked by
balls on both sides of the end of the set.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import comb

from flint import arb, ctx

ALPHAS = (Fraction(1, 2), Fraction(1, 20), Fraction(1, 1000))
PS = (Fraction(1, 2), Fraction(9, 10), Fraction(999, 1000), Fraction(1, 7))
LARGEST = 200


@dataclass(frozen=True)
class Level:
    """`proved`: the level was α in every case. `cases`: how many."""

    proved: bool
    cases: int

    def __str__(self) -> str:
        return f"{self.cases} levels are exactly α"


def masses(n: int, p: Fraction) -> list[int]:
    """P(K = k) for k = 0, ..., n, times the n-th power of p's denominator."""
    a, b = p.numerator, p.denominator
    return [comb(n, k) * a**k * (b - a) ** (n - k) for k in range(n + 1)]


Length = Callable[[int, int, Fraction], Fraction]


def randomized_length(above: int, mass: int, target: Fraction) -> Fraction:
    """Length of {u in [0, 1]: above + u * mass < target}."""
    return max(Fraction(0), min(Fraction(1), (target - above) / mass))


def plain_length(above: int, mass: int, target: Fraction) -> Fraction:
    """The same for the plain bound, which has u = 1 always: all or nothing."""
    return Fraction(above + mass < target)


def level(n: int, p: Fraction, alpha: Fraction, length: Length = randomized_length) -> Fraction:
    """P(L(K, U) > p) for U uniform.

    >>> level(3, Fraction(1, 2), Fraction(1, 4)), level(3, Fraction(1, 2), Fraction(1, 4), plain_length)
    (Fraction(1, 4), Fraction(1, 8))
    """
    scale = p.denominator**n
    above, total = 0, Fraction(0)  # P(K > k), scaled, for k from n down
    for mass in reversed(masses(n, p)):
        total += length(above, mass, alpha * scale) * mass
        above += mass
    return total / Fraction(scale)


def level_is_exact(largest: int = LARGEST) -> Level:
    """C11: the level is exactly α at every N <= 200, three α and four p; and the sets of u are those of the bound."""
    cases = list(product(range(1, largest + 1), PS, ALPHAS))
    exact = all(level(n, p, alpha) == alpha for n, p, alpha in cases)
    return Level(exact and all(_ends_where_the_bound_crosses(n, p) for n, p in product((1, 2, 7, 60), PS)), len(cases))


def _ball(x: Fraction) -> arb:
    return arb(x.numerator) / x.denominator


def randomized_tail(n: int, k: int, u: Fraction, p: arb) -> arb:
    """P(K > k) + u P(K = k)."""
    terms = [arb(comb(n, i)) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1)]
    return sum(terms[1:], arb(0)) + _ball(u) * terms[0]


def bound(n: int, k: int, u: Fraction, alpha: Fraction) -> tuple[Fraction, Fraction]:
    """An interval of width 2^-60 that holds the randomized bound; (0, 0) or (1, 1) where there is no root."""
    with ctx.workprec(256):
        return _bisect(lambda p: randomized_tail(n, k, u, p) - _ball(alpha))


def _bisect(gap: Callable[[arb], arb]) -> tuple[Fraction, Fraction]:
    """Where a non-decreasing function on [0, 1] changes its sign."""
    low, high = Fraction(0), Fraction(1)
    if gap(arb(0)) > 0:
        return low, low
    if gap(arb(1)) < 0:
        return high, high
    for _ in range(60):
        middle = (low + high) / 2
        value = gap(_ball(middle))
        if not (value < 0 or value > 0):
            raise ArithmeticError(f"the bound is too close to {float(middle)} to decide on which side it lies")
        low, high = (middle, high) if value < 0 else (low, middle)
    return low, high


def _ends_where_the_bound_crosses(n: int, p: Fraction, alpha: Fraction = Fraction(1, 20)) -> bool:
    """Just before the end of the set of u the bound lies above p, just after it does not."""
    scale, above = p.denominator**n, 0
    step = Fraction(1, 10**6)
    for k, mass in reversed(list(enumerate(masses(n, p)))):
        end = (alpha * scale - above) / mass
        above += mass
        if step < end < 1 and bound(n, k, end - step, alpha)[0] <= p:
            return False
        if 0 < end < 1 - step and bound(n, k, end + step, alpha)[1] > p:
            return False
    return True
