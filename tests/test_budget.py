"""What a budget does to a radius (theory C): against ball arithmetic, against full sums, and by its own laws."""

import math
from itertools import pairwise

import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import binom
from strategies import large_levels, log_uniform_integers, probabilities, sigmas, small_levels, supported_counts

import rstheory as rs
from rstheory import _laws, rigorous
from rstheory.rigorous.exact import to_exact

EPS = float(np.finfo(float).eps)

# Absolute error of g_N(k) at sigma = 1. The bound promises 1 - L to 1e-12 relative; the radius moves by t R'(1 - t)
# times that, and t R'(1 - t) is largest, sqrt(pi/2), at t = 1/2. Rounding down twice costs a few last places more.
G_ERROR = 1e-12 * math.sqrt(math.pi / 2)


def g_error(radius: float) -> float:
    return G_ERROR + 32 * EPS * radius


def mass_error(mass: float) -> float:
    """Relative error of a binomial point mass: a few units in the last place, times its logarithm where it is tiny."""
    return 1e-13 + 16 * EPS * abs(math.log(max(mass, 1e-308)))


def slope_error(n: int, p: float) -> float:
    """Absolute error of r_N'(p) at sigma = 1 that errors of g_N can cause.

    Summed by parts, the slope is N sum_k g_N(k) [Bin(k - 1) - Bin(k)]; the absolute values of those differences add up
    to at most twice the largest mass of Bin(N - 1, p), which is below 1/sqrt(2 variance), and at most 1.
    """
    largest = min(1.0, 1 / math.sqrt(max(2 * (n - 1) * p * (1 - p), 1e-300)))
    return 2 * n * largest * g_error(10.0)


standard = st.sampled_from([0.1, 0.05, 0.01, 0.001, 1e-6])
alphas = st.one_of(standard, small_levels(), st.integers(1, 40).map(lambda m: 2.0**-m))
all_alphas = st.one_of(alphas, large_levels())


def n_up_to(largest, mostly=None):
    """Budgets, uniform up to `mostly` or log-uniform up to `largest`."""
    return st.one_of(st.integers(1, mostly or min(largest, 1000)), log_uniform_integers(1, largest))


# -- g_N: radius_from_count and max_radius ----------------------------------------------------------------------------


@given(supported_counts(), all_alphas, sigmas())
@example((99_000, 100_000), 0.001, 0.5)
@example((0, 1), 0.001, 1.0)
@example((1, 1), 0.9, 1.0)  # n = 1 certifies only above alpha = 1/2
@example((3, 5), 0.5, 1.0)  # L = 1/2 exactly: abstains
@example((4, 4), 2.0**-4, 1.0)
@example((4, 4), math.nextafter(2.0**-4, 1), 1.0)  # L above 1/2 by less than its rounding
@example((10**18 - 3, 10**18), 0.001, 1.0)  # 10^18 - 3 is no float64
@example((10**12, 10**12), 1e-300, 1.0)
def test_radius_from_count_is_sound_and_close(kn, alpha, sigma):
    k, n = kn
    value = rs.radius_from_count(k, n, alpha, sigma)
    truth = rigorous.radius_from_count(k, n, alpha, sigma)
    assert value >= 0
    assert value == 0 or arb(value) <= truth
    assert truth - arb(value) <= sigma * g_error(float(truth.mid()) / sigma)


@given(st.integers(1, 3000), alphas)
@settings(max_examples=30)
def test_radius_from_count_grows_with_the_count(n, alpha):
    radii = rs.radius_from_count(np.arange(n + 1), n, alpha)
    assert radii[0] == 0
    assert np.all(np.diff(radii) >= 0)
    assert radii[-1] == rs.max_radius(n, alpha)


ANY_SIZE = st.one_of(
    n_up_to(10**18),
    st.integers(2**62, 2**66),
    st.floats(15, 1000).map(lambda e: 10 ** int(e) * int(1 + 8 * (e - int(e)))),
)


@given(ANY_SIZE, all_alphas, sigmas())
@example(2**63 - 1, 0.001, 1.0)  # the largest int64
@example(2**63, 0.001, 1.0)
@example(2**64, 0.001, 1.0)
@example(10**20, 0.001, 1.0)
@example(10**300, 0.001, 1.0)  # the last n for which alpha^(1/n) is taken in float64 ...
@example(10**300 + 1, 0.001, 1.0)  # ... and the first for which its logarithm is
@example(10**1000, 0.001, 1.0)
@example(10**1000, 1e-300, 1.0)
@example(10**400, math.nextafter(1.0, 0), 1.0)
def test_max_radius_is_sound_and_close_at_any_size(n, alpha, sigma):
    value, truth = rs.max_radius(n, alpha, sigma), rigorous.max_radius(n, alpha, sigma)
    assert value == 0 or arb(value) <= truth
    assert truth - arb(value) <= sigma * g_error(float(truth.mid()) / sigma)


@given(st.one_of(n_up_to(10**18), st.integers(19, 300).map(lambda e: 10**e)), all_alphas, sigmas())
@example(2**63, 0.001, 1.0)
@example(10**300, 0.001, 1.0)
def test_max_radius_is_the_radius_of_no_failure_bit_for_bit(n, alpha, sigma):
    assert rs.max_radius(n, alpha, sigma) == rs.radius_from_count(n, n, alpha, sigma)


@given(ANY_SIZE, ANY_SIZE, all_alphas)
@example(10**300, 10**300 + 1, 0.001)
@example(2**63 - 1, 2**63, 0.001)
@example(9, 10, 0.001)  # abstains, certifies
def test_max_radius_grows_with_the_budget(a, b, alpha):
    less, more = sorted((a, b))
    # The two ways of computing it are rounded down by margins that differ by a few units in the last place.
    assert rs.max_radius(less, alpha) <= rs.max_radius(more, alpha) * (1 + 32 * EPS)


def test_max_radius_takes_arrays_of_any_size():
    """Small and astronomical budgets in one array, against one level each."""
    n = np.array([5, 10**5, 10**20, 10**400], dtype=object)
    alpha = np.array([0.001, 0.01, 0.1, 0.5])
    assert [rs.max_radius(int(m), a) for m, a in zip(n, alpha, strict=True)] == list(rs.max_radius(n, alpha))
    assert rs.max_radius(n[:, None], alpha, 2.0).shape == (4, 4)


# -- C9: the smallest count that certifies ----------------------------------------------------------------------------


@given(n_up_to(10**7, 400), all_alphas)
@settings(max_examples=40)
@example(10**9, 0.001)
@example(16, 0.1)
@example(100_000, 0.001)
@example(1, 0.5)  # alpha^(1/n) = 1/2 exactly: impossible, though only just
@example(1, math.nextafter(0.5, 1))
@example(8, 2.0**-8)
@example(9, 2.0**-8)
@example(5, 0.5)  # a tie in the middle: P(Bin(5, 1/2) >= 3) = 1/2
@example(53, binom.sf(29, 53, 0.5))  # within rounding of a tie
@example(1000, 1e-300)
@example(1000, 1 - 1e-9)  # a level that certifies minorities
def test_min_certifiable_count_is_the_exact_one(n, alpha):
    found, exact = int(rs.min_certifiable_count(n, alpha)), rigorous.min_certifiable_count(n, alpha)
    exact = n + 1 if exact is None else exact
    if found != exact:
        # Allowed only where L at the exact count is above 1/2 by less than it is rounded: its radius is then printed
        # as 0, and the count as one that abstains.
        assert found == exact + 1
        assert rs.radius_from_count(exact, n, alpha) == 0
        assert rigorous.clopper_pearson_lower(exact, n, alpha) < 0.5 + 1e-12
    assert found == n + 1 or rs.radius_from_count(found, n, alpha) > 0
    assert found == 0 or rs.radius_from_count(found - 1, n, alpha) == 0


def test_min_certifiable_count_the_theory_quotes():
    """C9: the paper's p_min = 0.75 at N = 16, alpha = 0.1; 0.50490 at the standard budget."""
    assert rs.min_certifiable_count(16, 0.1) == 12
    assert rs.min_certifiable_count(100_000) == 50_490
    assert list(rs.min_certifiable_count([9, 10], 0.001)) == [10, 10]  # 9 draws cannot do it


@pytest.mark.parametrize("m", [1, 2, 3, 10, 30, 1000])
def test_min_certifiable_count_at_a_tie(m):
    """alpha = 2^-m: all of m draws give L = 1/2 exactly, which abstains; one draw more certifies."""
    assert rs.min_certifiable_count(m, 2.0**-m) == m + 1
    assert rs.min_certifiable_count(m + 1, 2.0**-m) == m + 1


@pytest.mark.parametrize("e", [10, 12, 15])
def test_min_certifiable_count_of_large_budgets(e):
    """Far beyond the binomial law's coming within 1e-5 of the normal: N/2 + z sqrt(N)/2, and a few counts."""
    n = 10**e
    assert abs(int(rs.min_certifiable_count(n)) - (n / 2 - ndtri(0.001) * math.sqrt(n) / 2)) < 3


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
    assert widths[1] == 2 * widths[0]


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


# -- C2: laws ---------------------------------------------------------------------------------------------------------


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


# -- numbers and limits -----------------------------------------------------------------------------------------------


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


# -- what is refused --------------------------------------------------------------------------------------------------

ONE_N = ("expected_radius", "expected_radius_sf", "expected_sensitivity", "expected_sensitivity_sf")


def bad_calls():
    rows = [
        ("radius_from_count", (6, 5), r"k=6\b.*n=5"),
        ("radius_from_count", (-1, 5), r"k=-1\b"),
        ("radius_from_count", ([1, -1], 5), r"k\[1\]=-1\b"),
        ("radius_from_count", (2.0, 5), r"k=2\.0\b.*integer"),
        ("radius_from_count", (2, 5, 0.001, 0.0), r"sigma=0\.0\b.*positive"),
        ("radius_from_count", (2, 5, 0.001, math.inf), r"sigma=inf\b"),
        ("max_radius", (10, 0.001, [1.0, -1.0]), r"sigma\[1\]=-1\.0"),
        ("slope_at_one_limit", (6,), r"n=6\b.*ln\(1/alpha\)"),
        ("slope_at_one_limit", (10**400,), r"n\b.*1e308"),
        ("slope_at_one", (10**400,), r"n\b.*1e308"),
        ("min_certifiable_count", (10**400,), r"n\b"),
    ]
    for name in ("max_radius", "min_certifiable_count", "slope_at_one", "slope_at_one_limit"):
        rows += [
            (name, (0,), r"n=0 is not allowed: a certification budget needs at least one draw"),
            (name, (-7,), r"n=-7\b"),
            (name, (5.0,), r"n=5\.0 .*integer"),
            (name, (True,), r"n=True .*integer"),
            (name, ("10",), r"n='10' .*integer"),
            (name, (None,), r"n=None .*integer"),
            (name, ([100, 0],), r"n\[1\]=0\b"),
            (name, ([100, 10**30, -(10**30)],), r"n\[2\]=-1000"),
            *((name, (100, a), rf"alpha={a}\b.*between 0 and 1") for a in (0.0, 1.0, -0.1, 1.5, math.nan, math.inf)),
            (name, (100, "0.1"), r"alpha='0\.1'"),
            (name, (100, [0.1, 2.0]), r"alpha\[1\]=2\.0"),
        ]
    for name in ONE_N:
        letter = "t" if name.endswith("_sf") else "p"
        rows += [
            *((name, (p, 100), rf"{letter}={p}.*must lie in \[0, 1\]") for p in (-0.1, 1.1, math.nan, math.inf)),
            (name, ([0.5, 2.0], 100), rf"{letter}\[1\]=2\.0"),
            (name, ("0.5", 100), rf"{letter}='0\.5'"),
            (name, (True, 100), rf"{letter}=True"),
            (name, (0.5, 0), r"n=0\b"),
            (name, (0.5, 100.0), r"n=100\.0 .*integer"),
            (name, (0.5, [100, 200]), r"n must be a single integer"),
            (name, (0.5, 100, 0.0), r"alpha=0\.0"),
            (name, (0.5, 100, math.nan), r"alpha=nan"),
            (name, (0.5, 100, [0.1, 0.2]), r"alpha must be a single number"),
            (name, (0.5, 100, 0.001, 0.0), r"sigma=0\.0"),
            (name, (0.5, 100, 0.001, math.nan), r"sigma=nan"),
            (name, (0.5, 10**400), r"n\b"),
        ]
    return [pytest.param(*row, id=f"{row[0]}-{i}") for i, row in enumerate(rows)]


@pytest.mark.parametrize(("name", "arguments", "message"), bad_calls())
def test_refuses(name, arguments, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        getattr(rs, name)(*arguments)
