"""Tails that are hard for a normal quantile, and its error against ball arithmetic."""

import math

from flint import arb
from hypothesis import example

C = math.sqrt(2 / math.pi)

# ndtri changes its formula at exp(-2) and at exp(-32); these are the floats around.
SWITCHES = [0.1353352832366126, 0.13533528323661267, 0.1353352832366127, 1.2664165549094176e-14, 1.266416554909418e-14]


def relative_error(value: float, ball: arb) -> float:
    """(value - true)/|true|; the oracle's own 1e-30 does not show."""
    return float(((arb(value) - ball) / abs(ball)).mid())


def hard_tails(test):
    for t in [*SWITCHES, 0.5 - 2**-54, 0.49999999999999, 0.25, 0.1, 1e-3, 1e-16, 1e-20, 1e-100, 1e-300, 1e-307]:
        test = example(t)(test)
    return test
