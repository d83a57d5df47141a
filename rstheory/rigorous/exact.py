"""Arguments as exact numbers or balls, and precision raised until an answer is tight."""

from collections.abc import Callable
from fractions import Fraction
from typing import TypeAlias

from flint import arb, ctx

Number: TypeAlias = int | float | Fraction | str | arb
Exact: TypeAlias = Fraction | arb

BITS = 100
"""Relative accuracy aimed at, in bits (2**-100 is 8e-31)."""


def to_exact(name: str, value: Number) -> Exact:
    """`value` as an exact `Fraction`, or as the ball that it is."""
    if isinstance(value, arb):
        if value.is_exact() and value.is_finite():
            mantissa, exponent = (int(part) for part in value.man_exp())
            if abs(exponent) < 10**7:
                return Fraction(mantissa << exponent) if exponent > 0 else Fraction(mantissa, 1 << -exponent)
        if value.is_finite():
            return value
    elif isinstance(value, (int, float, str, Fraction)) and not isinstance(value, bool):
        try:
            return Fraction(value)
        except (ValueError, OverflowError, ZeroDivisionError):
            pass
    raise ValueError(
        f"{name}={value!r} ({type(value).__name__}) must be a finite int, float, Fraction, decimal str or arb"
    )


def checked(name: str, value: Number, interval: str) -> Exact:
    """`value` checked to lie in `interval`, one of the texts "(0, 1)", "[0, 1]", "(0, 1]", "(0, inf)", "[0, inf)"."""
    x = to_exact(name, value)
    above = x >= 0 if interval.startswith("[") else x > 0
    below = interval.endswith("inf)") or (x <= 1 if interval.endswith("]") else x < 1)
    if not (above and below):
        raise ValueError(f"{name}={value!r} must lie in {interval}")
    return x


def check_counts(k: int, n: int, name: str = "k") -> None:
    for label, count in ((name, k), ("n", n)):
        if isinstance(count, bool) or not isinstance(count, int):
            raise ValueError(f"{label}={count!r} ({type(count).__name__}) must be an int")
    if n < 1:
        raise ValueError(f"n={n} must be at least 1")
    if not 0 <= k <= n:
        raise ValueError(f"{name}={k} must lie in 0..n, n={n}")


def to_ball(x: Exact) -> arb:
    """`x` as a ball at the current precision."""
    return x if isinstance(x, arb) else arb(x.numerator) / x.denominator


def one_minus(x: Exact) -> Exact:
    with ctx.workprec(4 * BITS):  # matters for a ball only: a Fraction stays exact
        return 1 - x


def exact_product(x: Exact, y: Exact) -> Exact:
    if isinstance(x, Fraction) and isinstance(y, Fraction):
        return x * y
    with ctx.workprec(4 * BITS):
        return to_ball(x) * to_ball(y)


def refine(compute: Callable[[], arb], start: int = BITS + 30, doublings: int = 6) -> arb:
    """`compute()` at growing precision until `BITS` bits are right, or until more precision no longer helps.

    It no longer helps when an argument is itself a ball. A true value of 0 has no relative accuracy; its enclosure is
    then as narrow as the last precision makes it.
    """
    best, prec = arb.nan(), start
    for _ in range(doublings):
        with ctx.workprec(prec):
            value = compute()
        accuracy = value.rel_accuracy_bits()
        stuck = best.is_finite() and accuracy <= best.rel_accuracy_bits() + 4
        best = best if stuck else value
        if stuck or accuracy >= BITS:
            break
        prec *= 2
    if not best.is_finite():
        raise ArithmeticError(f"no finite enclosure at {prec} bits of precision")
    return best
