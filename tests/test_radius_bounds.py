"""A5: the bounds of the radius and of its slope, for all t <= 1/2."""

import math

import numpy as np
import pytest
from flint import arb
from hypothesis import example, given
from hypothesis import strategies as st
from quantiles import C, hard_tails
from strategies import EPS, log_uniform, tails

from rstheory import radius as rr
from rstheory import rigorous as rg

pytestmark = pytest.mark.usefixtures("precise")


def below(value: float, ball: arb, units: float) -> bool:
    """value <= true, allowing for `units` roundings of the value itself: these bounds are rounded to nearest."""
    return bool(arb(value) * (1 - units * arb(EPS)) <= ball)


def above(value: float, ball: arb, units: float) -> bool:
    return bool(arb(value) * (1 + units * arb(EPS)) >= ball)


@given(tails(1e-307))
@hard_tails
@example(0.5)
@example(0.4999999999999997)  # lower and upper meet here; the lower bound of R is the tightest
def test_bounds_hold_on_both_sides(t):
    """For all t in (0, 1/2], not only in the limit. A handful of correctly rounded operations: 4 EPS."""
    lower, upper = rr.radius_bounds_sf(t)
    true = rg.certified_radius_sf(t)
    assert below(lower, true, 4)
    assert above(upper, true, 4)
    slope = rg.sensitivity_sf(t)
    lower, upper = rr.sensitivity_bounds_sf(t)
    assert below(lower, slope, 4)
    assert above(upper, slope, 4)


def test_bounds_are_exact_at_one_half():
    lower, upper = rr.radius_bounds_sf(0.5)
    assert lower == upper == 0
    for bound in rr.sensitivity_bounds_sf(0.5):
        assert bound == pytest.approx(math.sqrt(2 * math.pi), rel=2 * EPS, abs=0)


@given(log_uniform(1e-300, 0.4))
@example(1e-300)
def test_bounds_close_in_as_the_tail_shrinks(t):
    """Both bounds of R are within c of it, so their ratio to R is within c/R of 1, which tends to 0. Those of the slope
    are sigma/(t (u + c)) and sigma/(t hypot(l, c)) with u - l <= c: their ratio is at most (l + 2c)/l."""
    lower, upper = rr.radius_bounds_sf(t)
    radius = rr.certified_radius_sf(t)
    assert 1 - C / radius <= lower / radius <= 1 + 13 * EPS
    assert 1 - 4 * EPS <= upper / radius <= 1 + C / radius
    least, most = rr.sensitivity_bounds_sf(t)
    assert 1 <= most / least <= (1 + 2 * C / lower) * (1 + 8 * EPS)


@given(st.floats(0, 1e6))
@example(0.0)
@example(1e6)
def test_bounds_at_a_log_tail_that_no_float_holds(log_ratio):
    """`radius_bounds_at(l)`, t = exp(-l)/2: against the oracle where it still has a say, and ordered everywhere."""
    lower, upper = rr.radius_bounds_at(np.float64(log_ratio))
    assert 0 <= lower <= upper
    if log_ratio <= 700:
        tail = (-arb(log_ratio)).exp() / 2
        assert below(lower, rg.certified_radius_sf(tail), 4) or log_ratio < 1e-12
        assert above(upper, rg.certified_radius_sf(tail), 4) or log_ratio < 1e-12
