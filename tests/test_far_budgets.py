"""Mean radii at large budgets, against the exact sum and against its own laws (C2)."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import log_uniform, log_uniform_integers, probabilities, tails

from rstheory import certified_radius_sf, expected_radius_sf, max_radius, min_certifiable_count, radius_from_count
from rstheory.far_budgets import interpolated_radii, mean_radius_sf

ACCURACY = 1e-8  # promised


@given(
    st.lists(tails() | probabilities(), min_size=1, max_size=6),
    log_uniform_integers(1, 10**5),
    log_uniform(1e-12, 0.5),
)
@settings(max_examples=25)
@example([0.0, 1.0, 0.5, 1e-300], 10**6, 1e-3)
@example([0.495, 0.4951, 0.4949, 0.4945], 10**5, 1e-3)  # where the radius becomes positive
@example([0.3], 9, 1e-3)  # a budget that certifies nothing
def test_the_sum_over_some_counts_is_that_over_all(tail, n, alpha):
    quick, exact = mean_radius_sf(np.array(tail), n, alpha), expected_radius_sf(np.array(tail), n, alpha)
    assert np.abs(quick - exact).max() <= ACCURACY


@pytest.mark.parametrize("alpha", [1e-3, 0.3])
def test_around_the_kink_at_a_large_budget(alpha):
    """Steps are longer than 1 here, and the radius has its kink within a few standard deviations."""
    n = 10**6
    onset = 1 - int(min_certifiable_count(n, alpha)) / n
    tail = onset + np.linspace(-6, 6, 5) * 0.5 / np.sqrt(n)
    assert np.abs(mean_radius_sf(tail, n, alpha) - expected_radius_sf(tail, n, alpha)).max() <= ACCURACY


@given(tails(1e-15), st.integers(9, 12), st.sampled_from([1e-3, 0.05]))
@settings(max_examples=20)
def test_far_budgets_keep_between_their_bounds(t, decade, alpha):
    """By Jensen's inequality and C6: not above the largest radius, and close below that of p where N t is large."""
    n = 10**decade
    found = float(mean_radius_sf(np.array([t]), n, alpha)[0])
    assert 0 <= found <= max_radius(n, alpha) + ACCURACY
    limit = float(certified_radius_sf(t))
    if n * t > 100:
        assert found <= limit + 0.02
        # Six standard deviations of the count, and the bound's own distance, in units of the radius.
        assert found >= limit - 12 * np.sqrt(t / n) * np.sqrt(2 * np.pi) * np.exp(limit**2 / 2)


@given(st.lists(tails(1e-12), min_size=2, max_size=8), log_uniform_integers(10, 10**12))
@settings(max_examples=20)
def test_easier_images_have_larger_mean_radii(tail, n):
    found = mean_radius_sf(np.sort(tail), n)
    assert np.all(np.diff(found) <= 2 * ACCURACY)


@pytest.mark.parametrize(("n", "alpha"), [(1000, 1e-3), (5000, 0.3), (100_000, 1e-3), (10**6, 1e-9)])
def test_interpolated_radii_are_those_of_their_counts(n, alpha):
    """Every failure count that certifies; the spread of a log's ACR over draws is some 1e-3."""
    failures = np.arange(n - int(min_certifiable_count(n, alpha)) + 1)
    exact = radius_from_count(n - failures, n, alpha)
    assert np.abs(interpolated_radii(n, alpha)(failures) - exact).max() < 1e-9


@pytest.mark.parametrize("n", [10**8, 10**12])
def test_interpolated_radii_at_budgets_too_large_to_look_at_every_count(n):
    last = n - int(min_certifiable_count(n))
    rng = np.random.default_rng(0)
    failures = np.unique(np.concatenate([rng.integers(0, last, 500), 10 ** rng.uniform(0, np.log10(last), 500)]))
    failures = failures.astype(np.int64)
    assert np.abs(interpolated_radii(n, 1e-3)(failures) - radius_from_count(n - failures, n)).max() <= ACCURACY


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.5], 10**12 + 1), r"n=1000000000001 is not allowed: .* up to 1,000,000,000,000 draws"),
        (([0.5], 0), r"n=0 is not allowed"),
        (([1.5], 10), r"t\[0\]=1\.5 is not allowed"),
        (([0.5], 10, 0.0), r"alpha=0\.0 is not allowed"),
    ],
)
def test_bad_input_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        mean_radius_sf(*arguments)
