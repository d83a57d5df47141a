"""Balls beside mpmath numbers: is one near, is it tight?"""

import mpmath
from flint import arb, ctx

ALPHAS = ("0.1", "0.05", "0.01", "0.001")
DIGITS = 60  # of mpmath; the oracle aims at 30, so agreement to 1e-25 is far outside both errors


def near(ball: arb, expected: mpmath.mpf, rel: float = 1e-25) -> bool:
    """Is the whole ball within `rel` of an mpmath number?"""
    with ctx.workprec(300), mpmath.workdps(DIGITS):
        reference = arb(mpmath.nstr(expected, DIGITS - 10))
        return bool(abs(ball - reference) <= rel * abs(reference))


def tight(ball: arb, bits: int = 83) -> bool:
    """83 bits are 25 digits."""
    return ball.is_zero() or ball.rel_accuracy_bits() >= bits
