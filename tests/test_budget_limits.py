"""Numbers that the theory quotes of expected radii (A4, C2), and their limits (C3, C6)."""

import math
from itertools import pairwise

import numpy as np
import pytest
from expected_radii import alphas, g_error, n_up_to
from flint import arb, ctx
from hypothesis import example, given, settings
from scipy.special import ndtri
from strategies import EPS, sigmas

import rstheory as rs
from rstheory import rigorous


@given(n_up_to(10**12), alphas, sigmas())
@settings(max_examples=40)
@example(1, 0.001, 1.0)
@example(10**12, 0.001, 1.0)
@example(10**15, 0.001, 1.0)  # beyond 10^12 the bound at middle counts, and so C9, is not promised; here it works
def test_slope_at_one_is_the_sensitivity_at_one(n, alpha, sigma):
    top = rs.slope_at_one(n, alpha, sigma)
    assert rs.expected_sensitivity(1.0, n, alpha, sigma) == pytest.approx(top, rel=1e-12, abs=4 * sigma * n * EPS * 40)
    truth = n * (rigorous.radius_from_count(n, n, alpha, sigma) - rigorous.radius_from_count(n - 1, n, alpha, sigma))
    assert abs(truth - arb(top)) <= 2 * sigma * n * g_error(40.0)


def test_slope_at_one_broadcasts():
    n, alpha = np.array([[100], [10**5]]), np.array([0.001, 0.1, 0.5])
    assert rs.slope_at_one(n, alpha, 2.0).shape == (2, 3)
    assert rs.slope_at_one(n, alpha, 2.0)[1, 0] == 2 * rs.slope_at_one(100_000, 0.001)
    assert rs.slope_at_one_limit(n, alpha, 2.0).shape == (2, 3)


def test_the_slopes_the_theory_quotes():
    """C2: 7232.99 at p = 1 and 2.506 at p = 0.51, a factor 2887."""
    top, bottom = rs.expected_sensitivity([1.0, 0.51], 100_000)
    assert rs.slope_at_one(100_000) == pytest.approx(7232.99, abs=5e-3)
    assert top == pytest.approx(7232.99, abs=5e-3)
    assert bottom == pytest.approx(2.506, abs=5e-4)
    assert round(top / bottom) == 2887


def test_the_gain_the_paper_quotes():
    """A4: 0.99 -> 0.999 gains as much expected radius as 0 -> 0.7657 does: 0.7112."""
    low, high, other = rs.expected_radius([0.99, 0.999, 0.7657], 100_000)
    assert high - low == pytest.approx(0.7112, abs=5e-5)
    assert other == pytest.approx(high - low, abs=1.5e-4)  # 0.7657 has four digits, and the slope there is 3.3
    assert rs.expected_radius(0.7656, 100_000) < high - low < rs.expected_radius(0.7658, 100_000)


@pytest.mark.parametrize("alpha", [0.1, 0.001, 1e-9])
def test_slope_at_one_comes_down_to_its_limit(alpha):
    """C3: the ratio falls to 1, like 1/ln N."""
    ratio = [float(rs.slope_at_one(10**e, alpha) / rs.slope_at_one_limit(10**e, alpha)) for e in range(4, 16)]
    assert np.all(np.diff(ratio) < 0)
    assert ratio[-1] > 1
    # Two terms of the expansion in 1/ln N remove most of it: fit 1 + a/ln N + b/ln^2 N, and the constant is 1.
    x = 1 / np.log([10.0**e for e in range(8, 16)])
    assert np.polynomial.polynomial.polyfit(x, ratio[4:], 3)[0] == pytest.approx(1, abs=0.01)


def test_the_slope_limit_is_the_formula():
    """N ln(c_1/c_0)/sqrt(2 ln(N/c_0)) with c_0 = ln 1000 and (1 + c_1) exp(-c_1) = 1/1000."""
    c0, c1 = math.log(1000), 9.233413476451
    assert (1 + c1) * math.exp(-c1) == pytest.approx(1e-3, rel=1e-9)
    expected = 1e6 * math.log(c1 / c0) / math.sqrt(2 * math.log(1e6 / c0))
    assert rs.slope_at_one_limit(10**6) == pytest.approx(expected, rel=1e-9)
    assert rs.slope_at_one_limit(10**6, sigma=0.25) == pytest.approx(expected / 4, rel=1e-9)


@pytest.mark.parametrize("p", [0.6, 0.99])
@pytest.mark.parametrize("alpha", [0.001, 0.1])
def test_the_gap_to_an_infinite_budget(p, alpha):
    """C6: R(p) - r_N(p) is close to z_{1-alpha} sqrt(p(1-p)/N) R'(p), the closer the larger N."""
    off = []
    for n in (10**3, 10**5, 10**7):
        gap = rs.certified_radius(p) - rs.expected_radius(p, n, alpha)
        first_order = -ndtri(alpha) * math.sqrt(p * (1 - p) / n) * rs.sensitivity(p)
        off.append(abs(gap / first_order - 1))
    assert off[0] > off[1] > off[2]
    assert off[2] < 6e-3  # the next order is 1/N, which is 1/sqrt(N) of the first: some twenty times 3e-4


def test_no_gap_closes_at_one():
    """C6: at p = 1 the expected radius grows with the budget for ever."""
    assert rs.expected_radius(1.0, 10**15) - rs.expected_radius(1.0, 10**8) > 2.4


def test_more_draws_may_lower_the_expected_radius():
    """C6: Clopper-Pearson is discrete, and r_N(p) not monotone in N. Proved here in ball arithmetic for one N."""
    values = [rs.expected_radius(0.6, n, 0.05) for n in range(10, 40)]
    falls = [n for n, (here, following) in enumerate(pairwise(values), 10) if following < here]
    assert falls
    n = falls[0]
    with ctx.workprec(100):
        assert rigorous.expected_radius("0.6", n + 1, "0.05") < rigorous.expected_radius("0.6", n, "0.05")
