"""Several runs of one method on the same images: the hierarchical interval between runs and between images."""

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import binom, t
from test_survey import surveyed

from rstheory.mixture import ACR, MeanProbability
from rstheory.survey import between_methods, between_runs, run_values, survey_log, survey_runs

# Data sets simulated per coverage test; the nightly profile takes more.
DATA_SETS = 4000 if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 1000
IMAGES = 200
tables = arrays(np.float64, st.tuples(st.integers(2, 5), st.integers(2, 9)), elements=st.floats(-4, 4))


def least_covering(level=0.95):
    """The fewest covering intervals that are not an alarm: false-alarm rate at most 1e-4 if the level is met."""
    return int(binom.ppf(1e-4, DATA_SETS, level))


def radii(rng, runs, luck, rest, share=1.0):
    """Values as of ACR: 0 for images that fail, else up to about 2; their mean over all runs and images is mu.

    Effects of images and of the rest are not normal, as in life; that of a run is.
    """
    easy = np.where(rng.random(IMAGES) < 0.4, 0.0, rng.gamma(2.0, 0.4, IMAGES)) * share
    own = rest * (rng.random((runs, IMAGES)) - 0.5)
    return easy, luck * rng.normal(size=(runs, 1)) + easy + own, 0.6 * 0.8 * share


@pytest.mark.parametrize("runs", [2, 3, 6])
@pytest.mark.parametrize(("luck", "rest"), [(0.0, 0.5), (0.02, 0.5), (0.3, 0.1)])
def test_intervals_cover(runs, luck, rest):
    """Luck of a run absent, like that of the images, and far larger."""
    rng = np.random.default_rng([runs, int(100 * luck)])
    these = behind = 0
    for _ in range(DATA_SETS):
        easy, values, mu = radii(rng, runs, luck, rest)
        found = between_runs(values)
        these += easy.mean() in found.runs
        behind += mu in found.population
    assert these >= least_covering()
    assert behind >= least_covering()


def test_without_the_part_of_the_runs_the_interval_would_not_cover():
    """What a standard error over images alone covers, where the luck of a run is twice as large: far too little."""
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(300):
        _, values, mu = radii(rng, 3, 0.1, 0.1)
        found = between_runs(values)
        covered += abs(mu - found.value) <= 1.96 * found.image_error
    assert covered < 0.8 * 300


def test_differences_of_two_methods_cover_and_pair_the_images():
    rng = np.random.default_rng(3)
    covered, narrower = 0, 0
    for _ in range(DATA_SETS):
        easy, a, _ = radii(rng, 3, 0.02, 0.2)
        b = 0.02 * rng.normal(size=(2, 1)) + 0.9 * easy + 0.05
        found = between_methods(a, b)
        covered += (0.1 * 0.48 - 0.05) in found.population
        narrower += found.image_error < between_runs(a).image_error / 3
    assert covered >= least_covering()
    assert narrower == DATA_SETS


@given(tables, st.floats(-3, 3), st.floats(0.1, 10))
def test_laws(values, shift, scale):
    found, moved = between_runs(values), between_runs(scale * values + shift)
    size = scale * (1 + np.abs(values).max()) + abs(shift)
    for one, other in ((found.runs, moved.runs), (found.population, moved.population)):
        assert other.low == pytest.approx(scale * one.low + shift, abs=1e-9 * size)
        assert other.high == pytest.approx(scale * one.high + shift, abs=1e-9 * size)
    assert found.population.low <= found.runs.low <= found.value <= found.runs.high <= found.population.high
    back = between_methods(values[::-1], values)
    assert back.value == pytest.approx(0, abs=1e-12)
    assert back.image_error == pytest.approx(0, abs=1e-12)
    assert between_runs(values, rho=0.01).runs.high >= found.runs.high


def test_interval_for_these_images_is_students():
    values = np.array([[0.1, 0.4, 0.9], [0.3, 0.4, 0.8], [0.2, 0.6, 0.6], [0.2, 0.1, 0.9]])
    means = values.mean(axis=1)
    low, high = t.interval(0.9, 3, means.mean(), means.std(ddof=1) / 2)
    assert between_runs(values, rho=0.1).runs.low == pytest.approx(low, abs=1e-12)
    assert between_runs(values, rho=0.1).runs.high == pytest.approx(high, abs=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: between_runs([[1.0, 2.0]]), r"values of shape \(1, 2\) is not allowed"),
        (lambda: between_runs([[1.0], [2.0]]), r"values of shape \(2, 1\)"),
        (lambda: between_runs([1.0, 2.0]), r"values of shape \(2,\)"),
        (lambda: between_runs([[1.0, np.nan], [1.0, 2.0]]), r"values\[0, 1\]=nan is not allowed"),
        (lambda: between_runs([[1.0, 2.0], [1.0, 2.0]], rho=1.0), r"rho=1\.0 is not allowed"),
        (lambda: between_methods(np.eye(2), np.ones((2, 3))), r"b of shape \(2, 3\) is not allowed: .* 2 images"),
        (lambda: survey_runs([surveyed(1, images=20)], ACR(100)), r"1 surveys are not allowed"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_values_of_surveys_have_the_estimate_as_mean_and_its_error_as_spread():
    surveys = [surveyed(seed, images=1000) for seed in (1, 2, 3)]
    for functional in (ACR(1000, 1e-3, 0.5), MeanProbability()):
        values = run_values(surveys, functional)
        for row, survey in zip(values, surveys, strict=True):
            estimate = survey.estimates([functional])[0]
            assert row.mean() == pytest.approx(estimate.value, abs=1e-12)
            claimed = (estimate.population.high - estimate.population.low) / 2 / 1.96
            assert row.std(ddof=1) / np.sqrt(1000) == pytest.approx(claimed, rel=0.25)
    found = survey_runs(surveys, MeanProbability())
    assert found.value == pytest.approx(np.mean([s.mean_probability().value for s in surveys]), abs=1e-12)
    cut = survey_log(surveys[1].log.select(np.arange(999, -1, -1)))
    with pytest.raises(ValueError, match="hold different images, or in another order"):
        run_values([surveys[0], cut], MeanProbability())
