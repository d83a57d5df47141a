"""Lower bounds on ACR and on certified accuracy: laws, and whether they hold as often as they say (D2, D4)."""

import numpy as np
import pytest
from audit_logs import LOGS, counts_of_model, log_of_counts
from hypothesis import given, settings
from hypothesis import strategies as st
from misses import allowed, data_sets
from scipy.stats import binom, norm

from rstheory import certified_radius, expected_radius, radius_from_count
from rstheory.audit import accuracy_bounds, acr_bounds, survival
from rstheory.audit.bounds import overshoot


@settings(max_examples=15)
@given(LOGS)
def test_bounds_lie_below_what_is_printed(log):
    found = acr_bounds(log)
    sound = log.rounded_down().acr
    assert found.acr == log.acr
    for bound in (found.samples, found.population, found.population_normal):
        assert 0 <= bound <= sound + 1e-12
    # The count behind a printed radius tells more digits than the radius does.
    assert 0 <= found.samples_union <= np.mean((log.radius + log.half_unit) * log.correct) + 1e-12
    radius = np.sort(log.rounded_down().radius * log.correct)
    dropped = binom.ppf(0.95, log.samples, log.alpha)
    assert found.samples == pytest.approx(radius[: log.samples - int(dropped)].sum() / log.samples, abs=1e-12)
    known = np.where(log.correct, log.count, 0)
    union = radius_from_count(known, log.n, min(found.false.union_level, log.alpha), log.sigma)
    assert found.samples_union == pytest.approx(np.mean(union), abs=1e-12)


@settings(max_examples=30)
@given(LOGS, st.floats(0.001, 0.5))
def test_accuracy_bounds_by_definition(log, rho):
    radii = np.array([0.01, 0.2, 0.6, 1.1])
    found = accuracy_bounds(log, radii, rho)
    images = log.samples
    for r, m in zip(radii, np.round(found.samples * images).astype(int), strict=True):
        certified = int(np.sum(log.rounded_down().radius[log.correct] >= r))
        assert 0 <= m <= certified
        # With m of the images truly certified, so many certificates are no surprise; with one fewer they are.
        assert binom.sf(certified - m - 1, images - m, log.alpha) > rho * (1 - 1e-9)
        assert m == 0 or binom.sf(certified - m, images - m + 1, log.alpha) <= rho * (1 + 1e-9)
    band = survival(log, rho=rho)
    for u, lower in zip(band.radius[band.radius > 0], band.lower_samples[band.radius > 0], strict=True):
        assert accuracy_bounds(log, float(u), rho).samples >= lower - 1e-12
    assert (found.population <= found.share + 1e-12).all()


@settings(max_examples=25)
@given(st.integers(1, 3000), st.sampled_from([1e-6, 1e-3, 0.1, 0.3, 0.5, 0.7]))
def test_overshoot_bounds_the_mean_error(n, alpha):
    """r_N(p) - max(0, R(p)) on a fine grid of p, and near 1/2 and 1, where it may be largest."""
    p = np.concatenate([norm.cdf(np.linspace(-1, 6, 400)), 0.5 + np.geomspace(1e-9, 0.4, 100)])
    difference = np.asarray(expected_radius(p, n, alpha)) - np.asarray(certified_radius(p))
    assert difference[p < 1].max() <= overshoot(n, alpha) + 1e-12
    assert overshoot(n, alpha) <= alpha * max(float(radius_from_count(n, n, alpha)), 0) + 1e-4


def test_overshoot_is_small_where_it_matters():
    """Against the standard error of a published ACR, 0.007 at sigma = 0.5."""
    assert 0 < overshoot(100_000, 1e-3) < 5e-5
    assert overshoot(10**7, 1e-3) == pytest.approx(1e-3 * float(radius_from_count(10**7, 10**7)))
    assert overshoot(5, 1e-3) == 0.0


def draw(rng, images=150):
    """Label probabilities of a population with a third of easy images, which ACR loves."""
    return np.where(rng.random(images) < 1 / 3, 0.999, rng.uniform(0.4, 0.95, images))


# Mean of max(0, R(p)): the integral of the normal quantile from 1/2 to 0.95 is phi(0) - phi(1.645).
TRUE_ACR = float(certified_radius(0.999)) / 3 + (norm.pdf(0) - norm.pdf(norm.ppf(0.95))) / 0.55 * 2 / 3


def test_bounds_cover():
    """150 images at N = 10^5, where what is printed is nearly the truth. Events, each at most 10 %: a bound exceeds the
    mean true radius of the images, or of the population; a bound of certified accuracy at r = 1 the true share of
    either. The normal bound is approximate: 13 % are allowed for."""
    rng = np.random.default_rng(2)
    rho, runs = 0.1, data_sets(1000, 60)
    missed = dict.fromkeys(("samples", "union", "population", "normal", "share", "population share"), 0)
    true_share = 1 / 3 + 2 / 3 * (0.95 - norm.cdf(1)) / 0.55
    for _ in range(runs):
        p = draw(rng)
        log = log_of_counts(rng.binomial(100_000, p), n=100_000, sigma=1.0)
        found, at_1 = acr_bounds(log, rho), accuracy_bounds(log, 1.0, rho)
        here = np.mean(certified_radius(p))
        missed["samples"] += found.samples > here
        missed["union"] += found.samples_union > here
        missed["population"] += found.population > TRUE_ACR
        missed["normal"] += found.population_normal > TRUE_ACR
        missed["share"] += at_1.samples > np.mean(p >= norm.cdf(1))
        missed["population share"] += at_1.population > true_share
    assert missed["normal"] <= allowed(runs, 0.13)
    for name in ("samples", "union", "population", "share", "population share"):
        assert missed[name] <= allowed(runs, rho), name
    assert missed["normal"] > 0
    assert missed["population share"] > 0


def test_what_cannot_be_bounded():
    log = log_of_counts(counts_of_model(1))
    with pytest.raises(ValueError, match="no samples"):
        acr_bounds(log.select(np.arange(0)))
    with pytest.raises(ValueError, match="no samples"):
        accuracy_bounds(log.select(np.arange(0)), 0.5)
    with pytest.raises(ValueError, match=r"radius\[1\]=0\.0"):
        accuracy_bounds(log, [0.5, 0.0])
    with pytest.raises(ValueError, match=r"rho=1\.0"):
        acr_bounds(log, 1.0)
    one = acr_bounds(log.select(np.array([0])))
    assert one.population_normal == 0.0
    assert np.isfinite([one.samples, one.samples_union, one.population]).all()
