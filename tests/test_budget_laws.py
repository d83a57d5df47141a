"""C2, C4: laws of the expected radius: monotone, linear, convex, and the integral of its slope."""

import numpy as np
import pytest
from expected_radii import all_alphas, alphas, g_error, n_up_to, slope_error
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import EPS, probabilities, sigmas

import rstheory as rs


@given(st.floats(0, 1), n_up_to(10**6, 2000), alphas)
@settings(max_examples=20)
def test_both_tails_agree_bit_for_bit(x, n, alpha):
    t = max(x, 1 - x)  # so that 1 - t is exact, and so is 1 - (1 - t)
    for p in (t, 1 - t):
        assert rs.expected_radius(p, n, alpha) == rs.expected_radius_sf(1 - p, n, alpha)
        assert rs.expected_sensitivity(p, n, alpha) == rs.expected_sensitivity_sf(1 - p, n, alpha)


@given(st.lists(probabilities(), min_size=2, max_size=12), n_up_to(10**5, 500), all_alphas)
@settings(max_examples=20)
@example([0.0, 1.0], 100_000, 0.001)
def test_expected_radius_lies_between_its_ends_and_grows(p, n, alpha):
    p = np.sort(p)
    values = rs.expected_radius(p, n, alpha)
    top = rs.max_radius(n, alpha)
    assert np.all(values >= 0)
    # Masses of a window of some 1000 counts may add up to 1 + 1e-12; as masses vary with p, so may values.
    assert np.all(values <= top * (1 + 1e-12))
    assert np.all(np.diff(values) >= -1e-12 * top)
    assert rs.expected_radius(0.0, n, alpha) == 0
    assert rs.expected_radius(1.0, n, alpha) == top
    assert np.all(rs.expected_sensitivity(p, n, alpha) >= 0)


@given(st.lists(probabilities(), min_size=1, max_size=4), st.integers(1, 1000), all_alphas, sigmas())
@settings(max_examples=12)
def test_linear_in_sigma_and_shaped_like_its_arguments(p, n, alpha, sigma):
    p = np.array(p)
    for function in (rs.expected_radius, rs.expected_radius_sf, rs.expected_sensitivity, rs.expected_sensitivity_sf):
        one = function(p, n, alpha)
        assert one.shape == p.shape
        # One multiplication more or less.
        np.testing.assert_allclose(function(p, n, alpha, sigma), sigma * one, rtol=4 * EPS)
        np.testing.assert_allclose(function(p[:, None], n, alpha, [sigma, 1.0])[:, 1], one, rtol=4 * EPS)
        # A value does not depend on its company, up to the order of additions.
        np.testing.assert_allclose([function(float(q), n, alpha) for q in p], one, rtol=1e-13, atol=1e-300)
        assert np.ndim(function(0.7, n, alpha)) == 0
        assert function(np.empty((0, 3)), n, alpha).shape == (0, 3)


ends = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted).filter(lambda e: e[1] - e[0] > 1e-6)


@given(ends, n_up_to(10**5, 3000), alphas)
@settings(max_examples=30)
@example([0.99, 0.999], 100_000, 0.001)
@example([0.0, 1.0], 100_000, 0.001)
@example([0.999999, 1.0], 1_000_000, 0.001)
@example([0.4999, 0.5001], 1_000_000, 0.5)
@example([0.2, 0.8], 1, 0.4)
def test_slopes_at_both_ends_enclose_the_difference(e, n, alpha):
    """C4 and the mean value theorem: slope(a) (b - a) <= r(b) - r(a) <= slope(b) (b - a) for convex r_N."""
    a, b = e
    below, above = rs.expected_sensitivity(e, n, alpha) * (b - a)
    low, high = rs.expected_radius(e, n, alpha)
    slack = slope_error(n, b) + slope_error(n, a) + 2e-13 * rs.slope_at_one(n, alpha)
    slack = 2 * g_error(high) + slack * (b - a) + 1e-12 * high
    assert below - slack <= high - low <= above + slack


@given(ends, st.floats(0, 1), n_up_to(10**5, 3000), alphas)
@settings(max_examples=30)
@example([0.0, 1.0], 0.5, 100_000, 0.001)
def test_expected_radius_is_convex(e, weight, n, alpha):
    """C4: a chord lies above, for alpha <= 1/2. (Rounding of the middle point moves r_N by EPS times its slope.)"""
    middle = (1 - weight) * e[0] + weight * e[1]
    low, at, high = rs.expected_radius([e[0], middle, e[1]], n, alpha)
    slack = g_error(high) + 1e-12 * high + 2 * EPS * rs.slope_at_one(n, alpha)
    assert at <= (1 - weight) * low + weight * high + slack


@given(ends, st.integers(1, 200), all_alphas)
@settings(max_examples=40)
@example([0.0, 1.0], 200, 0.001)
@example([0.0, 1.0], 2, 0.999)
def test_the_slope_integrates_to_the_difference(e, n, alpha):
    """r_N' is a polynomial of degree n - 1: Gauss-Legendre with 100 nodes is exact up to degree 199."""
    a, b = e
    nodes, weights = np.polynomial.legendre.leggauss(100)
    slopes = rs.expected_sensitivity((a + b) / 2 + (b - a) / 2 * nodes, n, alpha)
    low, high = rs.expected_radius(e, n, alpha)
    # The nodes average out the error of the slope; what is left is that of the radii, a few masses, and the weights.
    assert abs((b - a) / 2 * (weights @ slopes) - (high - low)) <= 4 * g_error(high) + 1e-12 * high


@given(n_up_to(5000, 60), alphas)
@settings(max_examples=60)
@example(5000, 0.001)
@example(5000, 0.5)
@example(2, 0.5)
def test_increments_do_not_fall(n, alpha):
    """C4, to the accuracy of float64 (rigorous.convexity proves it budget by budget)."""
    radii = rs.radius_from_count(np.arange(n + 1), n, alpha)
    assert np.min(np.diff(radii, 2), initial=0.0) >= -4 * g_error(radii[-1])


def test_increments_may_fall_above_one_half():
    """C4 is false for alpha > 1/2: two draws at alpha = 0.999, and r_N is concave."""
    radii = rs.radius_from_count([0, 1, 2], 2, 0.999)
    assert np.diff(radii) == pytest.approx([1.857, 1.433], abs=5e-4)
    low, middle, high = rs.expected_radius([0.0, 0.5, 1.0], 2, 0.999)
    assert middle > (low + high) / 2 + 0.1
    slopes = rs.expected_sensitivity([0.0, 1.0], 2, 0.999)
    assert slopes[0] > slopes[1] + 0.8
