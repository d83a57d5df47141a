"""Intervals that assume nothing about the distribution of p (theory H3): inequalities first, coverage after."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from strategies import log_uniform
from test_mixture import people

from rstheory import Population, clopper_pearson_lower, clopper_pearson_upper
from rstheory.mixture import ACR, CertifiedAccuracy, LabelCounts, Region, Survival, localize, localized, mean
from rstheory.mixture.counts import at_most
from rstheory.mixture.region import _cuts, lowered
from rstheory.mixture.search import upper_bound_of_maximum

few = settings(max_examples=25)


def functionals():
    return st.one_of(
        st.builds(ACR, st.sampled_from([1, 5, 10, 100, 1000])),
        st.builds(CertifiedAccuracy, st.floats(0, 3), st.sampled_from([10, 100, 3000])),
        st.builds(Survival, st.floats(0, 1) | log_uniform(1e-9, 1)),
    )


def region_around(population, m, slack):
    """The exact law of counts under a population, and `slack` on either side."""
    cuts = _cuts(m)
    law = at_most(cuts, np.full_like(cuts, m), population.tail) @ population.share
    return Region(m, cuts, np.maximum(law - slack, 0), np.minimum(law + slack, 1), 0.05)


@given(people(), st.integers(1, 80), st.sampled_from([1e-3, 0.01, 0.3]), functionals())
@settings(max_examples=60)
@example(Population([0.0], [1.0]), 50, 1e-3, ACR(1000))
@example(Population([1.0], [1.0]), 50, 1e-3, ACR(1000))
@example(Population([0.1, 0.1000001], [0.5, 0.5]), 50, 1e-3, Survival(0.1))
def test_range_holds_every_population_whose_law_is_in_the_region(population, m, slack, functional):
    """The guarantee, with no chance in it, and for atoms that no grid has."""
    low, high = localized(region_around(population, m, slack), functional)
    assert low <= mean(population, functional) <= high


@given(people(), st.integers(1, 60), functionals())
@settings(max_examples=10)
def test_a_larger_region_has_a_larger_range(population, m, functional):
    narrow, wide = (localized(region_around(population, m, slack), functional) for slack in (0.002, 0.05))
    largest = float(functional(np.zeros(1))[0])
    assert wide[0] <= narrow[0] + 1e-3 * largest  # up to the tolerance of branch and bound
    assert wide[1] >= narrow[1] - 1e-3 * largest


def test_range_is_not_wider_than_it_has_to_be():
    """A narrow region around the law of one p leaves little room; a bound that were always [0, 1] would fail here."""
    region = region_around(Population([0.3], [1.0]), 40, 1e-3)
    assert localized(region, Survival(0.4))[0] > 0.9
    low, high = localized(region, ACR(40))
    assert low > 0.02  # the truth is 0.0270
    assert high < 0.035


def poisson_binomial(p):
    law = np.ones(1)
    for q in p:
        law = np.append(law * (1 - q), 0) + np.append(0, law * q)
    return law


@given(
    st.lists(st.floats(0, 1) | log_uniform(1e-6, 1) | st.sampled_from([0.0, 1.0]), min_size=1, max_size=25),
    st.booleans(),
    st.floats(0.001, 0.2),
)
@settings(max_examples=300)
@example([1.0] * 9 + [0.949], False, 0.05)
@example([0.0] * 9 + [0.051], False, 0.05)
def test_bounds_hold_for_images_that_differ(p, mirror, level):
    """Clopper-Pearson at 1 - exp(-level) for a sum of indicators with different probabilities, in exact sums."""
    p = np.array([1 - q for q in p] if mirror else p)
    n, law = len(p), poisson_binomial(p)
    k = np.arange(n + 1)
    below = np.asarray(clopper_pearson_lower(k, n, lowered(level))) > p.mean()
    above = np.asarray(clopper_pearson_upper(k, n, lowered(level))) < p.mean()
    assert law[below].sum() <= level * (1 + 1e-9)
    assert law[above].sum() <= level * (1 + 1e-9)


@given(st.lists(st.integers(0, 20), min_size=1, max_size=40), st.data())
@few
def test_unknown_counts_only_widen_the_region(k, data):
    k = np.array(k)
    low = np.array([data.draw(st.integers(0, int(c))) for c in k])
    high = np.array([data.draw(st.integers(int(c), 20)) for c in k])
    known, unknown = localize(LabelCounts.known(k, 20)), localize(LabelCounts(low, high, 20))
    # A linear programme is solved to 1e-7 (HiGHS).
    assert np.all(unknown.low <= known.low + 1e-6)
    assert np.all(unknown.high >= known.high - 1e-6)
    share = (k[:, None] <= known.cuts).mean(axis=0)
    assert np.all((known.low <= share) & (share <= known.high))


def test_region_holds_the_law_as_often_as_it_says():
    """These images, p fixed: 400 surveys at rho = 0.2. P(Bin(400, 0.8) < 288) = 5e-5: the false-alarm rate."""
    rng = np.random.default_rng(4)
    tail = rng.beta(0.3, 0.8, 400)
    cuts = _cuts(30)
    law = at_most(cuts, np.full_like(cuts, 30), tail).mean(axis=1)
    held = 0
    for _ in range(400):
        region = localize(LabelCounts.known(30 - rng.binomial(30, tail), 30), 0.2)
        held += bool(np.all((region.low <= law) & (law <= region.high)))
    assert binom.cdf(287, 400, 0.8) < 1e-4
    assert held >= 288


def test_counts_that_no_distribution_explains_are_reported():
    """Exactly half of ten draws, 10 000 times: no binomial mixture is so narrow."""
    region = localize(LabelCounts.known([5] * 10_000, 10))
    with pytest.raises(ArithmeticError, match=r"no distribution of p explains the counts at level 0\.05"):
        localized(region, ACR(10))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: localize(LabelCounts.known([1, 2], [5, 6])), r"draws\[1\]=6 is not allowed"),
        (lambda: localize(LabelCounts.known([1, 2], 5), 0.0), r"rho=0\.0 is not allowed"),
        (lambda: localize(LabelCounts.known([1, 2], 5), 1.5), r"rho=1\.5 is not allowed"),
    ],
)
def test_bad_input_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@given(st.integers(0, 10**6), st.floats(0.5, 20))
@few
def test_branch_and_bound_is_above_the_maximum_and_close(seed, steep):
    """A sum of sines with a known slope: the bound is above every value, and no more than the tolerance above one."""
    rng = np.random.default_rng(seed)
    frequency, phase = rng.uniform(0, steep, 3), rng.uniform(0, 6.3, 3)

    def f(x):
        return np.sin(np.outer(x, frequency) + phase).sum(axis=1)

    def bound(left, right):
        return f(left), np.maximum(f(left), f(right)) + frequency.sum() * (right - left) / 2

    top = upper_bound_of_maximum(bound, np.linspace(0, 3, 5), 1e-4)
    seen = f(np.linspace(0, 3, 20_001)).max()
    assert seen <= top <= seen + 1e-4 + frequency.sum() * 3 / 20_000
