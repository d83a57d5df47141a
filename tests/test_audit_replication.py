"""F2: what a large run predicts for smaller budgets, against runs that are made."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rstheory import CertificationLog, expected_radius, radius_from_count
from rstheory.audit.replication import replication


def log_of(counts, n, sigma=0.5, alpha=1e-3):
    """A log of samples whose label, 0, came so often; selection is taken to be perfect."""
    radius = np.asarray(radius_from_count(counts, n, alpha, sigma))
    correct = radius > 0
    index = np.arange(len(counts))
    return CertificationLog(
        "made up", index, index * 0, np.where(correct, 0, -1), radius, radius * 0, correct, counts, sigma, n, alpha
    )


def test_differences_are_standard_normal():
    """600 pairs of independent runs: sum of z^2 within 5 standard deviations of its mean under normality, and the mean
    of z within 5 of 0. Seed fixed; false-alarm rate about 1e-6 each."""
    rng = np.random.default_rng(0)
    p = np.concatenate([rng.beta(4, 0.4, 60), [1.0, 1.0, 0.5, 0.2]])
    z = []
    for _ in range(200):
        large = rng.binomial(2000, p)
        for n in (50, 300, 1500):
            runs = [log_of(rng.binomial(n, p), n) for _ in range(2)]
            z.append(replication(large, 2000, runs).z)
    z = np.array(z)
    assert abs(np.sum(z**2) - z.size) < 5 * np.sqrt(2 * z.size)
    assert abs(np.mean(z)) < 5 / np.sqrt(z.size)


def test_prediction_is_unbiased():
    """Its mean over all counts of the large run is r_n(p) exactly: summed, not simulated."""
    total, n, p = 60, 25, 0.93
    counts = np.arange(total + 1)
    weights = [float(np.exp(_log_choose(total, k) + k * np.log(p) + (total - k) * np.log(1 - p))) for k in counts]
    predictions = [replication(np.array([k]), total, [log_of(np.array([n]), n)]).predicted for k in counts]
    assert np.dot(weights, predictions) == pytest.approx(float(expected_radius(p, n, sigma=0.5)), rel=1e-12)


def _log_choose(n, k):
    from scipy.special import gammaln

    return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)


@given(st.data())
def test_a_run_at_the_same_budget_is_predicted_by_its_own_radii(data):
    n = data.draw(st.integers(1, 400))
    counts = np.array(data.draw(st.lists(st.integers(0, n), min_size=1, max_size=5)))
    result = replication(counts, n, [log_of(counts, n)])
    assert result.predicted == pytest.approx(result.measured, rel=1e-12, abs=1e-15)
    assert result.standard_error >= 0


def test_noise_that_is_too_large_is_noticed():
    """The check can fail: runs at p lower by 0.01 than the large run's are 5 standard errors off."""
    rng = np.random.default_rng(1)
    p = rng.uniform(0.7, 0.95, 200)
    result = replication(
        rng.binomial(10_000, p), 10_000, [log_of(rng.binomial(1000, p - 0.01), 1000) for _ in range(3)]
    )
    assert result.z < -5


def test_what_cannot_be_compared_is_refused():
    counts = np.array([5, 9])
    with pytest.raises(ValueError, match="share one budget"):
        replication(counts, 20, [log_of(counts, 10), log_of(counts, 9)])
    with pytest.raises(ValueError, match="there must be one"):
        replication(counts, 20, [])
    with pytest.raises(ValueError, match="1 counts cannot be compared with the 2 samples"):
        replication(counts[:1], 20, [log_of(counts, 10)])
    with pytest.raises(ValueError, match="n=10 is not allowed"):
        replication(counts, 9, [log_of(counts, 10)])
