"""Radii from counts (g_N, theory C) and the smallest count that certifies (C9), against ball arithmetic."""

import math

import numpy as np
import pytest
from expected_radii import all_alphas, alphas, g_error, n_up_to
from flint import arb
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import binom
from strategies import EPS, sigmas, supported_counts

import rstheory as rs
from rstheory import rigorous

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


@given(st.integers(2**53, 10**20), all_alphas)
@settings(max_examples=60)
@example(2**62, 0.001)
@example(2**62 + 1, 0.001)
@example(2**63 - 1, 0.001)  # n + 1 is no int64
@example(2**63, 0.001)
@example(2**64, 0.7)
@example(10**20, 1e-300)
def test_min_certifiable_count_beyond_floats_that_hold_every_count(n, alpha):
    """It is where `radius_from_count` begins, and within 1e-12 of the normal law's answer relatively to N."""
    found = int(rs.min_certifiable_count(n, alpha))
    assert rs.radius_from_count(found, n, alpha) > 0
    assert rs.radius_from_count(found - 1, n, alpha) == 0
    assert abs(found - (n / 2 - ndtri(alpha) * math.sqrt(n) / 2)) < 1e-12 * n
    assert list(rs.min_certifiable_count([n, 16], alpha)) == [found, rs.min_certifiable_count(16, alpha)]


@pytest.mark.parametrize("e", [10, 12, 15])
def test_min_certifiable_count_of_large_budgets(e):
    """Far beyond the binomial law's coming within 1e-5 of the normal: N/2 + z sqrt(N)/2, and a few counts."""
    n = 10**e
    assert abs(int(rs.min_certifiable_count(n)) - (n / 2 - ndtri(0.001) * math.sqrt(n) / 2)) < 3
