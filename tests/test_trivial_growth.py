"""B4: bounds of the largest radius and its tail as the budget grows."""

import math

import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import assume, example, given
from hypothesis import strategies as st
from strategies import EPS, levels_and_ties, sigmas

import rstheory as rs
from rstheory import rigorous

alphas = levels_and_ties()


log_sizes = st.floats(0, 300).map(lambda e: max(1, int(10 ** (e % 1) * 1000) * 10 ** int(e) // 1000))


@given(log_sizes, alphas)
@example(1, 0.001)
@example(100_000, 0.001)
@example(10**300, 1e-300)
@example(7, math.nextafter(1.0, 0))
def test_tail_bounds_hold(n, alpha):
    lower, upper = rs.tail_bounds(n, alpha)
    with ctx.workprec(2000):
        tail = -(arb(alpha).log() / n).expm1()
        # Each side is a few roundings of a closed form, which is all there is between them for large n; the lower one
        # is a difference of numbers of the size of the upper and its square.
        tiny = 1e-322  # below 1e-308 floats are that far apart
        assert arb(lower) <= tail + 4 * EPS * (arb(upper) + arb(upper) ** 2) + tiny
        assert tail <= arb(upper) * (1 + 4 * EPS) + tiny
        a = -arb(alpha).log()
        assert abs(arb(upper) - a / n) <= 4 * EPS * a / n + tiny
        assert abs(arb(lower) - (a / n - (a / n) ** 2 / 2)) <= 4 * EPS * (a / n + (a / n) ** 2) + tiny


@given(log_sizes, alphas, sigmas())
@example(100_000, 0.001, 1.0)
@example(14, 0.001, 1.0)  # 2a = 13.8
@example(1, 0.7, 1.0)
@example(10**300, 1e-300, 0.25)
@example(10**400, 0.001, 1.0)
@example(10**1000, 1e-300, 1.0)
def test_max_radius_bounds_hold(n, alpha, sigma):
    assume(n >= -2 * math.log(alpha))
    lower, upper = rs.max_radius_bounds(n, alpha, sigma)
    truth = rigorous.max_radius(n, alpha, sigma)
    # Both are closed forms rounded to nearest; the upper one is a root, whose error near radius 0 is that of its
    # square: 2 ln(1/2t) to a few units of a number near 1.
    assert lower >= 0
    assert arb(lower) <= truth + sigma * 8 * EPS * (1 + truth / sigma)
    assert (truth / sigma) ** 2 <= (arb(upper) / sigma) ** 2 * (1 + 16 * EPS) + 16 * EPS
    # B4's own words: both are sigma sqrt(2 ln N)(1 + o(1)), and never further apart than twice sqrt(2/pi).
    if n > 100 * -math.log(alpha):
        assert upper - lower < 1.6 * sigma


def test_max_radius_bounds_are_the_formulas():
    """The docstring's, in ball arithmetic, at the standard budget."""
    with ctx.workprec(200):
        a = -arb("0.001").log()
        n, c = arb(100_000), (2 / arb.pi()).sqrt()
        lower = (c * c + 2 * (n / (2 * a)).log()).sqrt() - c
        upper = (-2 * (2 * (a / n - a * a / (2 * n * n))).log()).sqrt()
    found = rs.max_radius_bounds(100_000)
    assert found[0] == pytest.approx(float(lower), rel=1e-14)
    assert found[1] == pytest.approx(float(upper), rel=1e-14)
    assert rs.max_radius_bounds(np.array([10**5, 10**6]), 0.001, [[1.0], [2.0]])[0].shape == (2, 2)


def test_the_bounds_close_in_on_the_radius():
    """Ratios to the radius tend to 1 as N grows."""
    lower, upper, radius = [], [], []
    for e in (5, 20, 80, 300, 3000):
        low, high = rs.max_radius_bounds(10**e)
        lower.append(low)
        upper.append(high)
        radius.append(float(rigorous.max_radius(10**e, 0.001).mid()))
    assert np.all(np.diff(np.divide(lower, radius)) > 0)
    assert np.all(np.diff(np.divide(upper, radius)) < 0)
    assert lower[-1] > 0.99 * radius[-1]
    assert upper[-1] < 1.01 * radius[-1]


@pytest.mark.parametrize("alpha", [0.001, 0.1])
def test_twice_the_acr_takes_the_fourth_power_of_the_budget(alpha):
    """log10 N is close to u^2/(2 ln 10): doubling u multiplies it by 4, ever more nearly."""
    ratio = [
        rs.budget_for_acr(2 * u, alpha, share=1).log10_n / rs.budget_for_acr(u, alpha, share=1).log10_n
        for u in (5.0, 50.0, 500.0, 5000.0)
    ]
    off = np.abs(np.array(ratio) - 4)
    assert np.all(np.diff(off) < 0)
    assert off[0] < 1
    assert off[-1] < 1e-5
