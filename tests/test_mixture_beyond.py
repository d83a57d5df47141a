"""What more draws add to ACR, from the estimated distribution of p; draws for a stated error (theory H2, H4)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr
from test_mixture import surveys

from rstheory import Population
from rstheory.mixture import ACR, LabelCounts, MeanProbability, draws_for_images, fit_smooth, images_interval
from rstheory.mixture.beyond import acr_gain, fit_fast, images_shares, mean_gain
from rstheory.mixture.intervals import images_posterior
from rstheory.mixture.plan import DRAWS_FINE, expected_fit


def smooth_counts(m, images=2000, seed=0):
    rng = np.random.default_rng(seed)
    return LabelCounts.known(rng.binomial(m, ndtr(rng.normal(1, 1.3, images))), m)


@given(surveys(most_images=15), st.integers(1, 10**6))
@settings(max_examples=5)
def test_gain_is_the_difference_of_two_budgets(counts, n):
    fit = fit_smooth(counts)
    gain = acr_gain(fit, 50, n, 1e-3)
    by_hand = images_interval(fit, ACR(n)).estimate - images_interval(fit, ACR(50)).estimate
    assert gain.mean == pytest.approx(by_hand, abs=1e-9)
    assert gain.mean == pytest.approx(mean_gain(images_shares(fit), 50, n, 1e-3), abs=1e-9)
    nothing = acr_gain(fit, 50, 50, 1e-3)
    assert (nothing.mean, nothing.standard_error) == (pytest.approx(0, abs=1e-12), pytest.approx(0, abs=1e-6))


@pytest.mark.parametrize("m", [1000, 20_000])
def test_moved_counts_give_the_same_gain(m):
    counts = smooth_counts(m)
    exact, fast = (acr_gain(fit, m, 10 * m, 1e-3) for fit in (fit_smooth(counts), fit_fast(counts)))
    assert fast.mean == pytest.approx(exact.mean, abs=0.1 * exact.standard_error)
    assert fast.standard_error == pytest.approx(exact.standard_error, rel=0.1)


@given(surveys(most_draws=2000, most_images=20))
@settings(max_examples=6)
def test_few_counts_and_ranges_stay_as_they_are(counts):
    """Within 64 of either end nothing is moved, and ranges never are; what is moved stays between 0 and the draws."""
    fast = fit_fast(counts)
    assert fast.images == counts.images
    if counts.draws.max() <= 128:
        np.testing.assert_array_equal(fast.population.share, fit_smooth(counts).population.share)


@given(st.floats(0.004, 0.05), st.integers(200, 2000))
@settings(max_examples=3)
def test_draws_for_an_error_are_the_fewest_that_leave_it(error, images):
    pilot = Population.of_samples(ndtr(np.linspace(-1.5, 3, 200)))
    functional = ACR(10_000)

    def error_of(m):
        return float(np.sqrt(images_posterior(expected_fit(pilot, m, images), [functional]).covariance[0, 0]))

    try:
        draws, left = draws_for_images(pilot, functional, images, error, draws=(20, 50, 200))
    except ValueError:
        assert error_of(200) > error
        return

    assert left == pytest.approx(error_of(draws), rel=1e-9)
    assert left <= error
    fewer = [m for m in (20, 50, 200) if m < draws]
    if fewer:
        assert error_of(fewer[-1]) > error


def test_draws_for_an_error_refuse_what_they_cannot_reach():
    pilot = Population.of_samples([0.3, 0.9])
    with pytest.raises(
        ValueError, match=r"error=1e-09 is not allowed: 50 draws per image, the most that are considered"
    ):
        draws_for_images(pilot, ACR(1000), 100, 1e-9, draws=(20, 50))
    for arguments in ({"error": 0.0}, {"error": -1.0}, {"images": 0}, {"draws": (0,)}):
        with pytest.raises(ValueError, match="is not allowed"):
            draws_for_images(**({"population": pilot, "functional": ACR(100), "images": 10, "error": 0.1} | arguments))
    assert list(DRAWS_FINE) == sorted(DRAWS_FINE)


def test_simultaneous_intervals_contain_those_of_each_alone():
    fit = fit_smooth(smooth_counts(100, 300))
    posterior = images_posterior(fit, [ACR(100), ACR(1000), MeanProbability()])
    for alone, together in zip(posterior.interval(0.05), posterior.simultaneous(0.05), strict=True):
        assert together.low <= alone.low <= alone.high <= together.high
    one = images_posterior(fit, [ACR(100)])
    assert one.simultaneous(0.05)[0].high == pytest.approx(one.interval(0.05)[0].high, rel=0.02)
