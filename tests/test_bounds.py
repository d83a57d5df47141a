"""Radii of the three bounds: exact error rates, the ball-arithmetic oracle, and uniform numbers nobody can choose."""

import itertools

import numpy as np
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, kstest, multinomial, norm

from rstheory import max_radius, rigorous
from rstheory.bounds import BOUNDS, Evidence, clopper_pearson, largest, named, randomized, two_class, uniform
from rstheory.two_class import runner_up_radius


def every_count(n, classes):
    return np.array([c for c in itertools.product(range(n + 1), repeat=classes) if sum(c) == n])


@pytest.mark.parametrize("p", [(0.4, 0.35, 0.25), (0.5, 0.49, 0.01), (0.34, 0.33, 0.33), (0.7, 0.2, 0.1)])
@pytest.mark.parametrize("alpha", [0.05, 0.4])
def test_error_rate_of_the_two_class_radius_exactly(p, alpha):
    """P(radius above the true one), summed over all counts of 30 draws, although they choose the rival."""
    counts = every_count(30, 3)
    radius = two_class(Evidence(counts[:, 0], counts[:, 1:].max(axis=1), 30, 1), alpha, 1.0)
    true = 0.5 * (norm.ppf(p[0]) - norm.ppf(max(p[1:])))
    assert multinomial.pmf(counts, 30, p)[radius > max(true, 0.0)].sum() <= alpha


def test_the_leading_class_must_not_be_chosen_from_the_counted_draws():
    """Broken on purpose: with many classes of equal probability the leader of these very draws is overrated."""
    counts = np.random.default_rng(0).multinomial(30, [0.1] * 10, size=20_000)
    ordered = np.sort(counts, axis=1)
    alpha = 0.9
    picked = two_class(Evidence(ordered[:, -1], ordered[:, -2], 30, 1), alpha, 1.0) > 0
    fixed = two_class(Evidence(counts[:, 0], counts[:, 1:].max(axis=1), 30, 1), alpha, 1.0) > 0
    assert np.mean(fixed) < 0.2 < np.mean(picked)


@settings(max_examples=40)
@given(st.integers(1, 2000), st.data(), st.sampled_from([1e-6, 0.001, 0.05, 0.4]), st.sampled_from([0.25, 1.0]))
def test_two_class_radius_is_below_its_value_in_ball_arithmetic(n, data, alpha, sigma):
    count = data.draw(st.integers(0, n))
    rival = data.draw(st.integers(0, n - count))
    radius = float(runner_up_radius(count, rival, n, alpha, sigma))
    if radius == 0:
        return
    half = alpha / 2  # exact in binary
    lead = rigorous.normal_quantile_sf(rigorous.clopper_pearson_lower_sf(count, n, half))
    rival_lower = rigorous.clopper_pearson_lower(n - rival, n, half) if rival < n else arb(0)
    against = rigorous.normal_quantile_sf(rival_lower) if rival_lower > 0 else arb(40)
    exact = arb(sigma) / 2 * (lead + max(lead, -against, key=lambda ball: float(ball)))
    assert arb(radius) <= exact
    assert radius >= float(exact) * (1 - 1e-9) - 1e-12


@given(st.integers(1, 10**5), st.data(), st.sampled_from([1e-6, 0.001, 0.05]))
def test_order_of_the_bounds(n, data, alpha):
    """Randomized: between the plain radii of k and k + 1. Two classes: the plain one where nobody else got a draw."""
    count = data.draw(st.integers(0, n))
    u = data.draw(st.floats(0, 1))
    at = Evidence(count, n - count, n, u)
    plain, more = (float(clopper_pearson(Evidence(k, 0, n, u), alpha, 0.5)) for k in (count, min(count + 1, n)))
    drawn = float(randomized(at, alpha, 0.5))
    assert plain <= drawn
    assert drawn <= more * (1 + 1e-9) or count >= n - 1
    assert drawn <= float(largest("randomized", n, alpha, 0.5)) * (1 + 1e-9)
    # All other draws in one class: what is left of alpha for L alone is half of it.
    assert two_class(at, alpha, 0.5) <= clopper_pearson(Evidence(count, 0, n, u), alpha / 2, 0.5)
    assert largest("two-class", n, alpha, 0.5) == max_radius(n, alpha, 0.5)


@pytest.mark.parametrize("p", [0.6, 0.9, 0.97])
def test_error_rate_of_the_randomized_radius(p):
    """Averaged over 400 equally spaced u and all counts of 60 draws: alpha, to the spacing, and never above."""
    n, alpha = 60, 0.05
    k, u = np.arange(n + 1)[:, None], (np.arange(400) + 0.5) / 400
    wrong = randomized(Evidence(k, n - k, n, u), alpha, 1.0) > norm.ppf(p)
    rate = float(binom.pmf(k[:, 0], n, p) @ wrong.mean(axis=1))
    assert rate == pytest.approx(alpha, abs=1 / 400)


def test_uniform_numbers_are_uniform_and_told_by_seed_and_sample():
    """Kolmogorov-Smirnov at false-alarm rate 1e-6 (seed fixed, so that it cannot fail by chance later)."""
    drawn = uniform(7, np.arange(20_000))
    assert kstest(drawn, "uniform").pvalue > 1e-6
    assert len(set(drawn.tolist())) == 20_000
    assert uniform(7, 123) == drawn[123] != uniform(8, 123)
    assert uniform(7, [[5]]).shape == (1, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: named("bonferroni"),
            "bound='bonferroni' is not allowed: it must be clopper-pearson, randomized or",
        ),
        (lambda: uniform(-1, 0), "seed=-1 is not allowed"),
        (lambda: uniform(0, -1), "index=-1 is not allowed"),
        (lambda: uniform(0, 1.5), "index=1.5 is not allowed"),
        (lambda: runner_up_radius(7, 4, 10), "rival=4 is not allowed"),
        (lambda: runner_up_radius(11, 0, 10), "count=11 is not allowed"),
        (lambda: runner_up_radius(-1, 0, 10), "count=-1 is not allowed"),
        (lambda: runner_up_radius(5, 5, 10, alpha=1.0), "alpha=1.0 is not allowed"),
        (lambda: runner_up_radius(5, 5, 10, sigma=0.0), "sigma=0.0 is not allowed"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        call()


def test_every_bound_has_a_name():
    assert list(BOUNDS) == ["clopper-pearson", "randomized", "two-class"]
