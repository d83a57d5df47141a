"""Counts of a survey, the nonparametric estimate with its duality gap, the smooth estimate (theory H1, H2)."""

import math

import numpy as np
import pytest
from flint import arb
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from strategies import log_uniform_integers, probabilities, tails

import rstheory as rs
from rstheory import Population, rigorous
from rstheory.mixture import (
    ACR,
    CertifiedAccuracy,
    LabelCounts,
    Survival,
    fit_nonparametric,
    fit_smooth,
    mean,
)
from rstheory.mixture.functionals import least_count
from rstheory.mixture.gap import duality_gap
from rstheory.mixture.smooth import CELLS

few = settings(max_examples=25)


@st.composite
def surveys(draw, most_draws=60, most_images=60):
    """Known counts and ranges, one number of draws or several."""
    images = draw(st.integers(1, most_images))
    m = draw(st.integers(1, most_draws))
    draws = draw(st.just([m] * images) | st.lists(st.integers(1, most_draws), min_size=images, max_size=images))
    low = [draw(st.sampled_from([0, d]) | st.integers(0, d)) for d in draws]
    width = draw(st.just([0] * images) | st.lists(st.sampled_from([0, 0, 3, 100]), min_size=images, max_size=images))
    high = [min(k + w, d) for k, w, d in zip(low, width, draws, strict=True)]
    return LabelCounts(low, high, draws)


@st.composite
def people(draw, tail=tails() | probabilities()):  # noqa: B008
    found = draw(st.lists(tail, min_size=1, max_size=5))
    share = np.array(draw(st.lists(st.integers(1, 20), min_size=len(found), max_size=len(found))), float)
    return Population(found, share / share.sum())


def log_likelihood(counts, population):
    rows = counts.rows()
    with np.errstate(divide="ignore"):
        return float(rows.share @ np.log(rows.likelihood(population.tail) @ population.share))


# -- counts -----------------------------------------------------------------------------------------------------------


@given(st.data(), log_uniform_integers(1, 5000), tails() | st.sampled_from([0.0, 1.0]))
def test_likelihood_is_the_binomial_mass(data, m, t):
    k = data.draw(st.integers(0, m))
    value = float(LabelCounts.known([k], m).rows().likelihood(np.array([t]))[0, 0])
    if t in (0.0, 1.0):
        assert value == float(k == (m if t == 0 else 0))
        return
    from rstheory.rigorous.binomial import point_mass

    true = point_mass(m - k, m, arb(t), 1 - arb(t))
    # In units of the logarithms that were added up: at most m times 36, and those of small masses are not needed.
    assert abs(float(true) - value) <= 1e-11 * float(true) + 1e-15 * m * float(true) * 40 + 1e-290


@given(surveys(), tails() | probabilities())
def test_a_range_is_the_sum_of_its_counts(counts, t):
    rows = counts.rows()
    for low, high, draws, value in zip(
        rows.low, rows.high, rows.draws, rows.likelihood(np.array([t]))[:, 0], strict=True
    ):
        assert value == pytest.approx(math.fsum(binom.pmf(np.arange(low, high + 1), draws, 1 - t)), abs=1e-12)


@given(surveys(), st.lists(tails(), min_size=1, max_size=20))
def test_averages_over_cells_are_means_of_likelihoods(counts, tail):
    tail = np.sort(tail)
    cell = np.arange(len(tail)) // 3
    rows, cells = counts.rows(), int(cell[-1]) + 1
    each = rows.likelihood(tail)
    by_hand = np.stack([each[:, cell == c].mean(axis=1) for c in range(cells)], axis=1)
    # Left out: below exp(-45) of a mass of at most 1.
    np.testing.assert_allclose(rows.averaged(tail, cell, cells), by_hand, rtol=1e-10, atol=3e-20)


@given(surveys())
def test_rows_keep_every_image(counts):
    rows = counts.rows()
    assert rows.share.sum() == pytest.approx(1, abs=1e-12)
    for name in ("low", "high", "draws"):
        assert np.array_equal(getattr(rows, name)[rows.kind], getattr(counts, name))
    assert np.array_equal(np.bincount(rows.kind), np.round(rows.share * counts.images))
    assert len({*zip(rows.low, rows.high, rows.draws, strict=True)}) == len(rows.low)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LabelCounts.known([], 10), r"lists of one length"),
        (lambda: LabelCounts.known(3, 10), r"lists of one length"),
        (lambda: LabelCounts.known([3, 4], [10, 10, 10]), r"lists of one length"),
        (lambda: LabelCounts([3, 4], [3], 10), r"lists of one length"),
        (lambda: LabelCounts.known([3.0], 10), r"k=\[3\.0\] is not allowed: .*integer"),
        (lambda: LabelCounts.known([math.nan], 10), r"k=\[nan\] is not allowed"),
        (lambda: LabelCounts.known([3, 11], 10), r"high\[1\]=11 is not allowed: .*number of draws"),
        (lambda: LabelCounts.known([-1], 10), r"low\[0\]=-1 is not allowed"),
        (lambda: LabelCounts([3], [2], 10), r"high\[0\]=2 is not allowed"),
        (lambda: LabelCounts.known([3], 0), r"draws=0 is not allowed"),
        (lambda: LabelCounts.known([3], 10**13), r"draws\[0\]=10000000000000 is not allowed: .*1e12"),
        (lambda: LabelCounts.known([3, 3], [10, 11]).one_budget, r"draws\[1\]=11 is not allowed: .*10"),
        (lambda: ACR(0), r"n=0 is not allowed"),
        (lambda: ACR(100, 1.0), r"alpha=1\.0 is not allowed"),
        (lambda: ACR(100, 0.1, -1.0), r"sigma=-1\.0 is not allowed"),
        (lambda: ACR([100, 200]), r"n must be a single number"),
        (lambda: CertifiedAccuracy(-1.0, 100), r"r=-1\.0 is not allowed"),
        (lambda: CertifiedAccuracy(math.nan, 100), r"r=nan is not allowed"),
        (lambda: Survival(1.5), r"tail=1\.5 is not allowed"),
    ],
)
def test_bad_input_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# -- functionals ------------------------------------------------------------------------------------------------------


@given(st.floats(0, 4), st.integers(1, 3000), st.sampled_from([1e-3, 0.05, 0.4]), st.sampled_from([0.25, 1.0]))
def test_least_count_is_the_first_that_reaches_the_radius(r, n, alpha, sigma):
    count = least_count(r, n, alpha, sigma)
    if count <= n:
        assert rs.radius_from_count(count, n, alpha, sigma) >= r
        assert rs.radius_from_count(count, n, alpha, sigma) > 0
    if count > 1:
        below = rs.radius_from_count(count - 1, n, alpha, sigma)
        assert below < r or below == 0


@given(people(), st.integers(1, 2000), st.floats(0, 3))
@few
def test_functionals_by_hand(population, n, r):
    assert mean(population, ACR(n)) == population.expected_acr(n)
    count = least_count(r, n, 1e-3, 1.0)
    by_hand = population.share @ binom.sf(count - 1, n, 1 - population.tail)
    assert mean(population, CertifiedAccuracy(r, n)) == pytest.approx(by_hand, abs=1e-10)
    assert mean(population, Survival(float(population.tail[0]))) >= population.share[0] - 1e-12


# -- the duality gap is a proof ---------------------------------------------------------------------------------------


def derivative(counts, fitted, p):
    """D(p) in ball arithmetic, from the fitted likelihoods as they stand."""
    rows = counts.rows()
    total = arb(-1)
    for low, high, draws, share, value in zip(
        rows.low.tolist(), rows.high.tolist(), rows.draws.tolist(), rows.share.tolist(), fitted.tolist(), strict=True
    ):
        above = rigorous.binomial_sf_at(high + 1, draws, p) if high < draws else arb(0)
        total += arb(share) / arb(value) * (rigorous.binomial_sf_at(low, draws, p) - above)
    return total


@given(surveys(), people(tails(1e-6) | st.floats(0.5, 1 - 1e-6)), st.lists(probabilities(), min_size=1, max_size=8))
@few
def test_gap_bounds_the_derivative_at_every_p(counts, population, at):
    """For any mixture, fitted or not: what the gap says is an inequality over all p."""
    rows = counts.rows()
    fitted = rows.likelihood(population.tail) @ population.share
    if fitted.min() < 1e-200:
        return  # a likelihood of 0 has no derivative in floating point
    gap = duality_gap(rows, fitted, 1e-7)
    for p in at:
        assert derivative(counts, fitted, p) <= gap
    near = 1 - np.sin(np.linspace(0, np.pi / 2, 4001)) ** 2
    on_grid = (rows.share / fitted) @ rows.likelihood(1 - near) - 1
    assert gap <= max(on_grid.max(), 0) * (1 + 1e-3) + 1e-6  # tight: the grid misses little of a maximum


@given(surveys(), people())
@settings(max_examples=50)
@example(LabelCounts.known([10] * 5, 10), Population([0.0], [1.0]))
@example(LabelCounts.known([0, 0, 1, 1, 1], 1), Population([0.0, 1.0], [0.6, 0.4]))
@example(LabelCounts([0, 0], [10, 10], 10), Population([0.5], [1.0]))
def test_no_distribution_beats_the_estimate_by_more_than_its_gap(counts, rival):
    fit = fit_nonparametric(counts)
    assert 0 <= fit.gap <= 1e-6
    assert fit.log_likelihood == pytest.approx(log_likelihood(counts, fit.population), abs=1e-12)
    assert log_likelihood(counts, rival) <= fit.log_likelihood + fit.gap + 1e-12


def test_estimates_known_in_closed_form():
    """m = 1 identifies the mean alone; counts at both ends are their own atoms."""
    once = fit_nonparametric(LabelCounts.known([1, 1, 1, 0], 1))
    assert once.log_likelihood == pytest.approx(0.75 * math.log(0.75) + 0.25 * math.log(0.25), abs=1e-6)
    assert once.population.mean_probability == pytest.approx(0.75, abs=1e-3)
    certain = fit_nonparametric(LabelCounts.known([100] * 30, 100))
    assert certain.population.certain_share == 1
    single = fit_nonparametric(LabelCounts.known([70], 100))
    assert single.population.mean_probability == pytest.approx(0.7, abs=1e-3)
    assert single.log_likelihood == pytest.approx(binom.logpmf(70, 100, 0.7), abs=1e-6)


def test_ten_thousand_images_with_a_thousand_draws():
    rng = np.random.default_rng(0)
    tail = rng.beta(0.3, 1.0, 10_000)
    counts = LabelCounts.known(rng.binomial(1000, 1 - tail), 1000)
    fit = fit_nonparametric(counts)
    assert fit.gap <= 1e-6
    assert fit.log_likelihood >= fit_smooth(counts).log_likelihood - 1e-9


# -- the smooth estimate ----------------------------------------------------------------------------------------------


@given(surveys())
@settings(max_examples=15)
@example(LabelCounts.known([10] * 5, 10))
@example(LabelCounts.known([0] * 5, 10))
@example(LabelCounts.known([0], 1))
@example(LabelCounts([0, 0], [10, 10], 10))
def test_smooth_estimate_is_a_distribution_that_the_optimum_bounds(counts):
    fit, best = fit_smooth(counts), fit_nonparametric(counts)
    assert fit.images == counts.images
    assert sum(part.probability for part in fit.parts) == pytest.approx(1, abs=1e-12)
    for part in fit.parts:
        assert part.cell_share.shape == (CELLS,)
        assert part.cell_share.sum() == pytest.approx(1, abs=1e-12)
    assert fit.log_likelihood <= best.log_likelihood + best.gap + 1e-9
    again = fit_smooth(LabelCounts(counts.low[::-1], counts.high[::-1], counts.draws[::-1]))
    np.testing.assert_allclose(again.population.share, fit.population.share, atol=1e-9)


def test_a_certain_model_has_the_acr_of_the_constant_classifier():
    fit = fit_smooth(LabelCounts.known([100] * 1000 + [0] * 9000, 100))
    assert fit.population.expected_acr(100_000) == pytest.approx(rs.trivial_acr(100_000, share=0.1), rel=1e-3)


@pytest.mark.parametrize(("m", "error"), [(100, 0.02), (1000, 0.005)])
def test_acr_far_beyond_the_draws(m, error):
    """One survey each of three populations, seed fixed; `error` is about four standard errors given the images."""
    rng = np.random.default_rng(5)
    from scipy.special import ndtr

    for z in (rng.normal(1, 1.5, 10_000), rng.gumbel(0.5, 1, 10_000), np.log(rng.random(10_000)) + 2.5):
        tail = ndtr(-z)
        counts = LabelCounts.known(m - rng.binomial(m, tail), m)
        true = Population(np.sort(tail)[::10], np.full(1000, 1e-3)).expected_acr(100_000)
        assert fit_smooth(counts).population.expected_acr(100_000) == pytest.approx(true, abs=error)


def test_unknown_counts_are_better_left_unknown_than_set_to_zero():
    """Counts below m/2 withheld: nothing above 1/2 moves by much, and the mass below stays below."""
    rng = np.random.default_rng(1)
    k = rng.binomial(200, rng.beta(2, 0.5, 5000))
    known = fit_smooth(LabelCounts.known(k, 200))
    withheld = fit_smooth(LabelCounts(np.where(k > 110, k, 0), np.where(k > 110, k, 110), 200))
    for n in (200, 10_000):
        assert withheld.population.expected_acr(n) == pytest.approx(known.population.expected_acr(n), abs=0.003)
    assert mean(withheld.population, Survival(0.4)) == pytest.approx(mean(known.population, Survival(0.4)), abs=0.01)
