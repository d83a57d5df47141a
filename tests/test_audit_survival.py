"""Metrics of one log: what they are by definition, and whether the bands hold (D1, D2, D4)."""

import numpy as np
import pytest
from audit_logs import LOGS, counts_of_model, log_of_counts
from hypothesis import given
from hypothesis import strategies as st
from misses import allowed, data_sets
from scipy.stats import binom

from rstheory import certified_radius, certified_radius_inverse, clopper_pearson_lower, max_radius
from rstheory.audit import accuracy_bounds
from rstheory.audit.survival import acr_by_integral, survival, survival_by_label, survivals


@given(LOGS)
def test_by_definition(log):
    assert log.acr == np.mean(log.radius * log.correct)
    assert log.rounded_down().acr <= log.acr + 1e-15
    assert log.clean_accuracy == log.certified_accuracy(0.0) == np.mean(log.correct)
    assert log.abstain_rate == np.mean(log.predict == -1)
    radii = np.concatenate([[0.0], log.radius, log.radius + 1e-9, [100.0]])
    by_hand = [np.mean(log.correct & (log.radius >= r)) for r in radii]
    np.testing.assert_allclose(log.certified_accuracy(radii), by_hand, rtol=1e-15)
    assert (log.rounded_down().certified_accuracy(radii) <= log.certified_accuracy(radii)).all()
    assert (log.rounded_down().radius <= max_radius(log.n, log.alpha, log.sigma)).all()


@given(LOGS)
def test_acr_is_the_integral_of_certified_accuracy(log):
    # Phi and its inverse lose a few units in the last place each way; ACR is a sum of up to 60 such terms.
    assert acr_by_integral(log) == pytest.approx(log.acr, rel=1e-12, abs=1e-15)


@given(LOGS, st.floats(0.001, 0.5))
def test_bands_lie_below_the_curve_and_in_order(log, rho):
    curve = survival(log, rho=rho)
    assert (np.diff(curve.radius) > 0).all()
    assert (np.diff(curve.share) <= 0).all()
    assert (curve.lower_population <= curve.lower_samples).all()
    assert (curve.lower_samples <= curve.share + 1e-15).all()
    assert 0 <= curve.acr_population <= curve.acr_samples <= log.rounded_down().acr + 1e-12
    np.testing.assert_allclose(1 - curve.tail, certified_radius_inverse(curve.radius, log.sigma), rtol=1e-12)


def test_labels_are_strata():
    log = log_of_counts(counts_of_model(0, samples=100))
    parts = [survival(log, label=label) for label in range(10)]
    for label, part in enumerate(parts):
        rows = log.correct & (log.label == label)
        if rows.any():
            assert part.share[0] == rows.sum() / np.sum(log.label == label)


@pytest.mark.parametrize("rho", [0.05, 0.5])
def test_bands_cover_as_often_as_they_promise(rho):
    """D4 on the samples: 300 runs of 100 samples with known p at alpha = 0.05, seed fixed.

    Event: for some u the band exceeds the true share. Its probability is at most rho; more than 300 rho + 4.5 standard
    deviations of such events has probability below 1e-5 if so.
    """
    rng = np.random.default_rng(4)
    p = rng.beta(2, 0.5, 100)
    failures = 0
    for _ in range(300):
        log = log_of_counts(rng.binomial(200, p), n=200, alpha=0.05)
        curve = survival(log, rho=rho)
        true = np.array([np.mean(p >= 1 - t - 1e-12) for t in curve.tail])
        failures += bool(np.any(curve.lower_samples > true + 1e-12))
    assert failures <= 300 * rho + 4.5 * np.sqrt(300 * rho * (1 - rho))


def test_population_band_covers():
    """As above for the population: samples drawn anew each run, p ~ U(0.4, 1), so the true share is (1 - u)/0.6."""
    rng = np.random.default_rng(5)
    failures = 0
    for _ in range(300):
        p = rng.uniform(0.4, 1, 100)
        curve = survival(log_of_counts(rng.binomial(200, p), n=200, alpha=0.05), rho=0.2)
        failures += bool(np.any(curve.lower_population > curve.tail / 0.6 + 1e-12))
    assert failures <= 300 * 0.2 + 4.5 * np.sqrt(300 * 0.2 * 0.8)


def exceeds(curve, p, tail_of_population):
    """Whether a curve's two bands exceed the truth anywhere, as a pair."""
    true = np.array([np.mean(p >= 1 - t - 1e-12) for t in curve.tail])
    return (
        bool(np.any(curve.lower_samples > true + 1e-12)),
        bool(np.any(curve.lower_population > tail_of_population(curve.tail) + 1e-12)),
    )


def test_bands_of_labels_and_of_logs_hold_at_once():
    """Ten labels of 30 images; two logs of the same 300 images with the same p, each with noise of its own.

    alpha = 0.05, p ~ U(0.4, 1) anew each time. Events: any label's band, of the samples or of the population, exceeds
    the truth; any log's does. Each at most 20 %."""
    rng = np.random.default_rng(9)
    runs, labels, both = data_sets(1000, 60), np.zeros(2, int), np.zeros(2, int)
    for _ in range(runs):
        p = rng.uniform(0.4, 1, 300)
        logs = [log_of_counts(rng.binomial(200, p), n=200, alpha=0.05) for _ in range(2)]
        own = [exceeds(c, p[logs[0].label == k], lambda t: t / 0.6) for k, c in survival_by_label(logs[0], 0.2).items()]
        labels += np.any(own, axis=0)
        both += np.any([exceeds(curve, p, lambda t: t / 0.6) for curve in survivals(logs, 0.2)], axis=0)
    assert max(*labels, *both) <= allowed(runs, 0.2)


def test_bands_where_the_level_is_used_up():
    """400 images, all at a p at which nearly 30 % of the certificates are false: alpha = 0.3, n = 50.

    Events: a band, of the population or of the samples, is above 0 just above p, or one of two bounds of certified
    accuracy is; at most 10 % each."""
    rng = np.random.default_rng(10)
    bounds = np.asarray(clopper_pearson_lower(np.arange(51), 50, 0.3))
    k = 42
    p = float(bounds[k]) * (1 - 1e-9)
    assert binom.sf(k - 1, 50, p) > 0.299
    runs, missed = data_sets(2000, 150), np.zeros(3, int)
    for _ in range(runs):
        log = log_of_counts(rng.binomial(50, np.full(400, p)), n=50, alpha=0.3)
        curve = survival(log, rho=0.1)
        above = curve.tail < 1 - p
        at = accuracy_bounds(log, float(certified_radius(bounds[k], 0.5)) * (1 - 1e-12), 0.1)
        missed += (curve.lower_population[above].max(initial=0) > 0, curve.lower_samples[above].max(initial=0) > 0,
                   at.population > 0 or at.samples > 0)  # fmt: skip
    assert max(missed) <= allowed(runs, 0.2)
    assert max(missed[:2]) <= allowed(runs, 0.1)
    assert missed.min() > 0


def test_each_label_and_each_log_gets_its_share():
    log = log_of_counts(counts_of_model(3, samples=100))
    for label, curve in survival_by_label(log, 0.05).items():
        assert curve.rho == pytest.approx(1 - 0.95**0.1)
        np.testing.assert_array_equal(curve.lower_samples, survival(log, rho=curve.rho, label=label).lower_samples)
    assert [curve.rho for curve in survivals([log, log], 0.05)] == [0.025, 0.025]


def test_standard_error_is_that_of_the_mean():
    log = log_of_counts(counts_of_model(6))
    assert log.standard_error == pytest.approx(np.std(log.radius * log.correct, ddof=1) / np.sqrt(200))


def test_frame_keeps_the_rows_and_what_made_them():
    log = log_of_counts([900, 1000, 0], wrong=[1])
    frame = log.to_frame()
    assert list(frame["count"]) == [900, 1000, 0]
    assert frame.attrs == {"path": "made up", "sigma": 0.5, "n": 1000, "alpha": 1e-3}
    assert frame["radius"].to_numpy() @ frame["correct"] / 3 == pytest.approx(log.acr)


def test_a_log_checks_itself():
    with pytest.raises(ValueError, match="sigma=0"):
        log_of_counts([900], sigma=0.5).__class__(**(vars(log_of_counts([900])) | {"sigma": 0.0}))
    with pytest.raises(ValueError, match="label has shape"):
        log_of_counts([900]).__class__(**(vars(log_of_counts([900])) | {"label": np.zeros(2, int)}))
