"""ACR at other budgets: exact below the log's own, marked as a prediction above it (C7)."""

import math
from fractions import Fraction

import numpy as np
import pytest
from audit_logs import counts_of_model, log_of_counts
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import hypergeom

from rstheory import min_certifiable_count, radius_from_count
from rstheory.audit.budget_curves import at_budgets
from rstheory.transport import _interpolated_radii, interpolated_moments, moments


@given(counts=st.lists(st.integers(0, 300), min_size=1, max_size=20), digits=st.sampled_from([2, 3, 4, 6]))
def test_counts_behind_a_rounded_radius(counts, digits):
    log = log_of_counts(counts, n=300, alpha=0.01, sigma=0.25, digits=digits, known=False)
    truth, found = np.array(counts)[log.correct], log.recovered_counts()
    assert (found.low <= truth).all()
    # The nearest count prints as the truth does: rounding to nearest can have lost no more than half a unit.
    again = radius_from_count(found.nearest, 300, 0.01, 0.25)
    assert (np.abs(again - log.radius[log.correct]) <= log.half_unit[log.correct] * (1 + 1e-9)).all()


def test_full_precision_gives_the_count_back():
    counts = np.arange(500, 1001)
    log = log_of_counts(counts, known=False)
    np.testing.assert_array_equal(log.recovered_counts().nearest, counts[log.correct])


@given(seed=st.integers(0, 10**6), budget=st.integers(1, 300), alpha=st.sampled_from([0.1, 0.01, 1e-3]))
def test_transport_is_the_hypergeometric_mean(seed, budget, alpha):
    counts = counts_of_model(seed, samples=20, n=300)
    log = log_of_counts(counts, n=300, wrong=[0, 3])
    result = log.at_budget(budget, alpha)
    radii = radius_from_count(np.arange(budget + 1), budget, alpha, log.sigma)
    masses = [hypergeom.pmf(np.arange(budget + 1), 300, k, budget) for k in counts[log.correct]]
    mean = [mass @ radii for mass in masses]
    variance = [mass @ radii**2 - (mass @ radii) ** 2 for mass in masses]
    if (budget, alpha) == (log.n, log.alpha):
        assert result.acr == log.acr
    else:
        assert result.acr == pytest.approx(sum(mean) / 20, rel=1e-9, abs=1e-15)
        # Variances are differences of moments: 1e-12 of the squared radius is what rounding leaves of a small one.
        expected = math.sqrt(sum(max(v, 0) for v in variance)) / 20
        assert result.standard_deviation == pytest.approx(expected, rel=1e-6, abs=1e-6)
    assert float(result) == result.acr
    assert result.kind == ("as printed" if (budget, alpha) == (300, 1e-3) else "exact")


def test_transport_agrees_with_resampling_the_draws():
    """400 subsamples, seed fixed: beyond 4.5 standard errors of the mean has probability 7e-6 by the normal law."""
    rng = np.random.default_rng(0)
    log = log_of_counts(counts_of_model(1, samples=300), wrong=[5])
    counts = np.asarray(log.count)[log.correct]
    for budget in (50, 200, 900):
        drawn = rng.hypergeometric(counts, 1000 - counts, budget, (400, len(counts)))
        acr = radius_from_count(drawn, budget, log.alpha, log.sigma).sum(axis=1) / log.samples
        result = log.at_budget(budget)
        assert abs(acr.mean() - result.acr) < 4.5 * result.standard_deviation / 20
        # The sample standard deviation of 400 near-normal values is within 20 % with probability above 1 - 1e-7.
        assert acr.std() == pytest.approx(result.standard_deviation, rel=0.2)


def test_own_budget_is_the_printed_acr_whatever_the_rounding():
    log = log_of_counts(counts_of_model(2), digits=3, known=False)
    result = log.at_budget(log.n)
    assert (result.acr, result.standard_deviation, result.kind) == (log.acr, 0.0, "as printed")
    assert result.acr_sound == log.rounded_down().acr <= log.acr


def test_one_draw_fewer_exactly():
    """From N to N - 1 the mean is (k/N) g(k-1) + (1 - k/N) g(k): the definition, in exact arithmetic."""
    counts = [700, 1000, 999, 530]
    log = log_of_counts(counts)
    g = [Fraction(float(r)) for r in radius_from_count(np.arange(1000), 999, log.alpha, log.sigma)]
    expected = sum(
        Fraction(k, 1000) * g[k - 1] + (1 - Fraction(k, 1000)) * (g[k] if k < 1000 else 0) for k in counts
    ) / len(counts)
    assert log.at_budget(999).acr == pytest.approx(float(expected), rel=1e-13)


def test_prediction_is_marked_and_consistent_in_the_limit():
    log = log_of_counts(counts_of_model(3))
    result = log.at_budget(5000)
    assert result.kind == "predicted"
    # Samples without a failure are few here (Beta(2, 1/2) at N = 1000), so the prior hardly costs them: radii grow.
    assert log.acr < result.acr < log.at_budget(20_000).acr


@pytest.mark.parametrize(("n", "alpha"), [(1000, 1e-3), (5000, 0.3), (100_000, 1e-3), (10**6, 1e-9)])
def test_interpolated_radii_are_those_of_their_counts(n, alpha):
    """Every failure count that certifies; the spread of a log's ACR over draws is some 1e-3."""
    failures = np.arange(n - int(min_certifiable_count(n, alpha)) + 1)
    exact = radius_from_count(n - failures, n, alpha)
    assert np.abs(_interpolated_radii(n, alpha)(failures) - exact).max() < 1e-9


@pytest.mark.parametrize("n", [100, 1000, 10_000, 60_000])
def test_interpolation_holds_its_accuracy(n):
    rng = np.random.default_rng(n)
    counts = np.unique(rng.integers(50_490, 100_001, 3000))
    exact, quick = moments(counts, 100_000, n, 1e-3), interpolated_moments(counts, 100_000, n, 1e-3)
    # What matters is a mean over samples; single counts may be off by more where the radius bends.
    assert abs((exact.mean - quick.mean).mean()) < 1e-6
    assert np.abs(exact.mean - quick.mean).max() < 1e-3


def test_bad_budgets_are_refused():
    log = log_of_counts([900])
    for bad, message in ((0, "n=0"), (2.5, "n=2.5"), (True, "n=True")):
        with pytest.raises(ValueError, match=message):
            log.at_budget(bad)
    with pytest.raises(ValueError, match="alpha"):
        log.at_budget(10, 1.5)
    assert len(at_budgets([log, log], [10, 20])) == 2
