"""The lower band of a survival function: its error probability exactly, by hand and by simulation."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from misses import allowed, data_sets
from scipy.stats import binom, ksone

from rstheory.statistics import survival_lower
from rstheory.statistics.bands import _local_level, _ranks, crossing_probability, dkw_distance


@pytest.mark.parametrize(("samples", "distance"), [(20, 0.25), (200, 0.08), (1000, 0.04), (1000, 0.01)])
def test_crossing_probability_of_the_even_band(samples, distance):
    """b_j = j/T - d: the law of the one-sided Kolmogorov-Smirnov statistic. FFTs are good to some 1e-16 of the largest
    probability, 1,000 of them in a row, divided by the probability of the total, 0.01."""
    ranks = np.arange(1, samples + 1)
    found = crossing_probability(ranks, np.maximum(ranks / samples - distance, 0), samples)
    assert found == pytest.approx(ksone.sf(distance, samples), abs=1e-8)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=4))
def test_crossing_probability_by_hand(bounds):
    """Few uniforms: all ways in which they fall between the bounds, counted."""
    b, samples = np.sort(bounds), len(bounds)
    widths = np.diff(b, prepend=0.0, append=1.0)
    kept = 0.0
    for cells in product(range(samples + 1), repeat=samples):
        below = [sum(cell <= j for cell in cells) for j in range(samples)]  # uniforms below b_(j+1)
        kept += float(np.prod(widths[list(cells)])) * all(number <= j for j, number in enumerate(below))
    assert crossing_probability(np.arange(1, samples + 1), b, samples) == pytest.approx(1 - kept, abs=1e-11)


@settings(max_examples=20)
@given(st.integers(1, 3000), st.floats(1e-6, 0.5))
def test_the_local_level_spends_the_error(samples, rho):
    from scipy.special import betaincinv

    ranks = _ranks(samples)
    level = _local_level(samples, rho)
    spent = crossing_probability(ranks, betaincinv(ranks, samples - ranks + 1, level), samples)
    assert 0.97 * rho <= spent <= rho + 1e-11  # found to 1 %; mass left out is added, also to Bonferroni's level
    assert rho / len(ranks) <= level <= rho


@settings(max_examples=15)
@given(st.integers(1, 3000), st.floats(1e-6, 0.5))
def test_laws_of_the_band(samples, rho):
    band = survival_lower(samples, rho)
    assert band.shape == (samples + 1,)
    assert (np.diff(band) >= 0).all()
    assert (band <= np.arange(samples + 1) / samples + 1e-12).all()
    assert (band >= np.arange(samples + 1) / samples - dkw_distance(samples, rho / 2)).all()
    assert (band <= survival_lower(samples, min(2 * rho, 0.9)) + 1e-12).all()


@pytest.mark.parametrize("samples", [500, 1000, 10_000])
def test_narrower_than_dkw_and_a_quantile(samples):
    """The band before: DKW at rho/2, less the quantile of Bin(T, alpha) at 1 - rho/2. Nowhere higher than the new one,
    and at a twentieth of the images half as far from the share."""
    alpha, rho, share = 1e-3, 0.05, np.arange(samples + 1) / samples
    before = share - dkw_distance(samples, rho / 2) - binom.ppf(1 - rho / 2, samples, alpha) / samples
    now = np.maximum(survival_lower(samples, rho) - alpha, 0) / (1 - alpha)
    assert (now >= before).all()
    at = samples // 20
    assert share[at] - now[at] < 0.6 * (share[at] - before[at])


def test_no_samples():
    assert survival_lower(0, 0.05).tolist() == [0.0]
    with pytest.raises(ValueError, match=r"rho=1\.0"):
        survival_lower(5, 1.0)


@pytest.mark.parametrize("atoms", [0, 5])
@pytest.mark.parametrize("samples", [40, 400])
def test_band_covers(samples, atoms):
    """Uniform variables, and rounded ones with five values. Event: the band exceeds the survival function somewhere."""
    rng = np.random.default_rng(samples + atoms)
    rho, runs, failures = 0.2, data_sets(5000, 400), 0
    band = survival_lower(samples, rho)
    for _ in range(runs):
        x = rng.random(samples)
        if atoms:
            x = np.floor(x * atoms) / atoms
        x = np.sort(x)
        reached = samples - np.searchsorted(x, x)  # of the samples, at each of them
        failures += bool(np.any(band[reached] > 1 - x + 1e-12))
    assert failures <= allowed(runs, rho)
    if not atoms:
        assert failures > runs * rho / 8  # the two bands fail together at times; they are not far from using rho
