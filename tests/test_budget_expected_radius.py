"""C2: the expected radius and its slope, against ball arithmetic and against whole sums."""

import math

import numpy as np
import pytest
from expected_radii import G_ERROR, all_alphas, alphas, g_error, mass_error, n_up_to, slope_error
from flint import arb
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import binom
from strategies import EPS, probabilities, sigmas

import rstheory as rs
from rstheory import _laws, rigorous
from rstheory.rigorous.exact import to_exact

# -- C2: the expected radius and its slope, against ball arithmetic ---------------------------------------------------


def first_radius(n: int, alpha: float) -> float:
    """The smallest positive g_N(k), which sets how an absolute error of g_N enters as a relative one."""
    first = int(rs.min_certifiable_count(n, alpha))
    return 1.0 if first > n else float(rs.radius_from_count(first, n, alpha))


@given(probabilities(), n_up_to(300, 60), all_alphas, sigmas())
@settings(max_examples=25)
@example(0.5, 300, 0.001, 1.0)
@example(1e-3, 300, 0.001, 1.0)  # every mass that counts is below 1e-300
@example(1e-300, 3, 0.9, 1.0)  # certifies a minority at alpha = 0.9
@example(1e-200, 1, 0.9, 1.0)  # the mass of "all succeed" is p^n, and 1 - p rounds to 1
@example(1e-20, 10, 0.001, 1.0)
@example(1e-9, 10, 0.001, 1.0)
@example(0.0, 1, 0.9, 1.0)
@example(1.0, 1, 0.001, 1.0)
@example(0.999, 9, 0.001, 1.0)  # no count certifies
def test_expected_radius_of_small_budgets(p, n, alpha, sigma):
    value, truth = rs.expected_radius(p, n, alpha, sigma), rigorous.expected_radius(p, n, alpha, sigma)
    relative = G_ERROR / first_radius(n, alpha) + mass_error(value / sigma)
    # Masses below 1e-308 are dropped, as documented; each of at most n of them would carry a radius below 40.
    assert abs(truth - arb(value)) <= relative * truth + max(sigma * n * 40 * 1e-308, 5e-324)


@given(probabilities(), n_up_to(300, 60), all_alphas, sigmas())
@settings(max_examples=25)
@example(0.5, 300, 0.001, 1.0)
@example(1e-3, 300, 0.001, 1.0)
@example(0.0, 1, 0.9, 1.0)  # n = 1: the slope is a constant
@example(1.0, 1, 0.9, 1.0)
@example(0.3, 2, 0.999, 1.0)
@example(0.999, 9, 0.001, 1.0)
def test_expected_sensitivity_of_small_budgets(p, n, alpha, sigma):
    value, truth = rs.expected_sensitivity(p, n, alpha, sigma), rigorous.expected_sensitivity(p, n, alpha, sigma)
    assert value >= 0
    assert abs(truth - arb(value)) <= sigma * slope_error(n, p) + mass_error(value / sigma) * truth


@given(st.floats(5, 320), st.sampled_from([0.001, 0.1]))
@settings(max_examples=15)
@example(5.0, 0.001)
@example(310.0, 0.001)  # t below the smallest normal float
@example(math.inf, 0.001)
def test_the_standard_budget_near_one(e, alpha):
    """N = 100 000 and t = 10^-e; the oracle needs a few hundred roots there, which it remembers."""
    t = 10**-e
    p = 1 - to_exact("t", t)
    value, truth = rs.expected_radius_sf(t, 100_000, alpha), rigorous.expected_radius(p, 100_000, alpha)
    assert abs(truth - arb(value)) <= g_error(4.0) + 1e-13 * truth
    slope, true_slope = rs.expected_sensitivity_sf(t, 100_000, alpha), rigorous.expected_sensitivity(p, 100_000, alpha)
    assert abs(true_slope - arb(slope)) <= slope_error(100_000, 1 - t) + 1e-13 * true_slope
    # That bound is a worst case. What the docstring says of N = 10^5, with room for the few counts that matter here:
    assert abs(true_slope - arb(slope)) <= 1e-10 * true_slope


@pytest.mark.parametrize("p", [5e-324, 1e-310, 2.2e-308])
def test_subnormal_probabilities(p):
    """r_N(p) is about p^k there: 0 for k > 1, and no warning on the way."""
    assert rs.expected_radius(p, 5, 0.9) == pytest.approx(float(rigorous.expected_radius(p, 5, 0.9)), abs=1e-300)
    assert rs.expected_radius_sf(p, 1000) == pytest.approx(rs.max_radius(1000), rel=1e-13)
    assert rs.expected_sensitivity_sf(p, 1000) == pytest.approx(rs.slope_at_one(1000), rel=1e-10)


# -- C2: against the whole sum, with SciPy's masses -------------------------------------------------------------------


def full_sum(p: float, n: int, alpha: float, slope: bool) -> float:
    """The definition, all counts, no window."""
    radii = rs.radius_from_count(np.arange(n + 1), n, alpha)
    weights, draws = (n * np.diff(radii), n - 1) if slope else (radii, n)
    return math.fsum(binom.pmf(np.arange(draws + 1), draws, p) * weights)


@given(st.integers(1, 2000), st.one_of(st.floats(1e-3, 1), st.floats(0.4, 0.6)), all_alphas)
@settings(max_examples=60)
@example(2000, 0.3, 0.001)
@example(2000, 0.999999, 0.001)
@example(1, 0.5, 0.9)
def test_the_window_loses_nothing_against_the_whole_sum(n, p, alpha):
    # 1e-14 for the window; SciPy's masses (Boost) and ours are good to about 1e-13 times their logarithm.
    for function, slope in ((rs.expected_radius, False), (rs.expected_sensitivity, True)):
        truth = full_sum(p, n, alpha, slope)
        assert abs(function(p, n, alpha) - truth) <= (1e-12 + 8 * mass_error(truth)) * truth + 1e-290


def window(law: _laws.Binomial, last: int, width: float):
    """(low, high, bound on the mass outside) of the one window, as `expectations` makes it."""
    centre = np.minimum(law.mean, last).astype(np.int64)
    low, high = _laws._window(law, centre, last, width)
    with np.errstate(divide="ignore", invalid="ignore"):
        return int(low[0]), int(high[0]), _laws._mass_outside(law, low, high, last)[0]


@given(st.integers(2, 100_000), st.floats(1e-3, 1), st.integers(0, 100_000), st.floats(0.05, 60))
@example(100_000, 0.5, 49_510, 50.0)
@example(1000, 0.999, 100, 1.0)  # the mean far beyond the last count
@example(1000, 0.01, 999, 0.05)
@example(50, 1.0, 50, 1.0)
def test_the_bound_on_what_a_window_leaves_out(n, t, last, width):
    """It is at least the mass outside, whatever the width; and next to nothing for the width that is tried first."""
    last = min(last, n)
    mean = np.array([n * t])
    low, high, bound = window(_laws.Binomial(n, mean, n - mean), last, width)
    assert 0 <= low <= high <= last
    law = binom(n, t)
    # Each difference of tails is taken on the side where they are small.
    beyond = law.sf(high) - law.sf(last) if law.cdf(high) > 0.5 else law.cdf(last) - law.cdf(high)
    true_mass = (law.cdf(low - 1) if low else 0.0) + beyond
    # SciPy's tails are good to about 1e-12; their difference has that error of the larger one.
    assert bound >= true_mass * (1 - 1e-9) - 1e-11 * min(law.sf(high), law.cdf(last)) - 1e-300
    if width >= 50 and mean[0] < last:
        assert bound < 1e-18


@given(st.integers(2, 5000), st.floats(1e-3, 0.999), alphas)
@settings(max_examples=40)
@example(5000, 0.4, 0.001)  # the whole sum lies in the tail of the law
def test_the_window_is_good_to_one_part_in_1e14(n, t, alpha):
    """The same masses and radii, summed over all counts that certify, exactly."""
    last = n - int(rs.min_certifiable_count(n, alpha))
    assume(last >= 0)
    j = np.arange(last + 1)
    mass = np.exp(_laws.Binomial(n, np.full(j.shape, n * t), np.full(j.shape, n * (1 - t))).log_mass(j))
    truth = math.fsum(mass * rs.radius_from_count(n - j, n, alpha))
    # On top, the rounding of each mass: here by its logarithm, there by a product of ratios from the mode on.
    rounding = 8 * math.sqrt(n) * EPS + mass_error(truth)
    assert abs(rs.expected_radius_sf(t, n, alpha) - truth) <= (1e-14 + rounding) * truth + 1e-290


def test_a_window_that_is_too_narrow_is_widened(monkeypatch):
    """Should the first window leave out too much, the bound finds out."""
    plain, widths = _laws._window, []

    def narrow(laws, centre, last, width):
        widths.append(width)
        return plain(laws, centre, last, width / 500)

    truth = rs.expected_radius([0.3, 0.6, 0.99, 1.0], 2000)
    monkeypatch.setattr(_laws, "_window", narrow)
    np.testing.assert_allclose(rs.expected_radius([0.3, 0.6, 0.99, 1.0], 2000), truth, rtol=1e-12)
    assert len(widths) > 3
    assert widths[2] == 2 * widths[1] == 2 * widths[0]  # the first estimates the work


@pytest.mark.parametrize("chunk", [30, 1000, 4000])
def test_sharing_out_the_work_changes_nothing_and_bounds_memory(monkeypatch, chunk):
    """With a small `_CHUNK`, what a million laws at N = 10^10 would need can be watched at N = 2000."""
    p = np.random.default_rng(0).permutation(np.concatenate([np.linspace(0, 1, 41), [0.5, 0.5, 0.999999]]))
    truths = [[function(q, 2000) for q in p] for function in (rs.expected_radius, rs.expected_sensitivity)]
    sizes, plain = [], _laws.Binomial.ratio_up
    monkeypatch.setattr(_laws.Binomial, "ratio_up", lambda law, j: (sizes.append(j.size), plain(law, j))[1])
    monkeypatch.setattr(_laws, "_CHUNK", chunk)
    for function, truth in zip((rs.expected_radius, rs.expected_sensitivity), truths, strict=True):
        np.testing.assert_allclose(function(p, 2000), truth, rtol=1e-12, atol=1e-290)
    # A group is full when its windows add up to a chunk; the last one may stand over, and the shorter ones are padded.
    longest = 242  # counts that one half of a window has at width 50 and variance 2000/4
    assert max(sizes) <= 2 * (chunk + longest)


def test_a_budget_of_a_billion():
    p = [0.0, 0.99, 0.99999, 1.0]
    values = rs.expected_radius(p, 10**9)
    assert values[0] == 0
    assert values[-1] == rs.max_radius(10**9)
    assert np.all(np.diff(values) > 0)
    # C6: the gap to Phi^-1(p) is 3.09 sqrt(p(1-p)/N) R'(p) = 3.6e-4 at 0.99, to first order; the rest is 1e-4 of it.
    gap = rs.certified_radius(0.99) - values[1]
    assert gap == pytest.approx(-ndtri(0.001) * math.sqrt(0.0099 / 1e9) * rs.sensitivity(0.99), rel=1e-3)
