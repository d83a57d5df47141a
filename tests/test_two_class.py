"""The two-class radius: exact error rates by enumeration, and which draws may choose the buckets (theory C12)."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multinomial, norm

from rstheory import clopper_pearson_lower_sf, rigorous
from rstheory.two_class import rival_buckets, two_class_radius


def every_count(n, classes):
    return np.array([c for c in itertools.product(range(n + 1), repeat=classes) if sum(c) == n])


@pytest.mark.parametrize("p", [(0.4, 0.35, 0.25), (0.5, 0.49, 0.01), (0.34, 0.33, 0.33), (0.7, 0.2, 0.1)])
@pytest.mark.parametrize("alpha", [0.05, 0.4])
def test_error_rate_exactly(p, alpha):
    """P(radius above the true one), summed over all counts of 30 draws, is at most alpha for every bucketing."""
    counts = every_count(30, 3)
    chance = multinomial.pmf(counts, 30, p)
    true = 0.5 * (norm.ppf(p[0]) - norm.ppf(max(p[1:])))
    for buckets in ([-1, 0, 1], [-1, 0, 0]):
        radius = two_class_radius(counts, 0, buckets, alpha)
        assert chance[radius > max(true, 0.0)].sum() <= alpha


def test_bound_on_a_rival_chosen_for_its_few_counted_draws_breaks_the_level():
    """Broken on purpose: alpha/2 for a rival that these very draws choose, nothing for the others. (For the rival that
    has the most of them it would hold: `proofs/coq/C12.v`, C12_runner_up.)"""
    n, alpha, p = 30, 0.4, (0.5, 0.1, 0.1, 0.1, 0.1, 0.1)
    rng = np.random.default_rng(0)
    counts = rng.multinomial(n, p, size=20_000)
    rivals = counts[:, 1:].min(axis=1)  # as bad as can be: a rival picked for having few draws
    upper = 1 - clopper_pearson_lower_sf(n - rivals, n, alpha / 2)
    assert np.mean(1 - upper < 1 - 0.1) > alpha


@given(st.lists(st.integers(0, 400), min_size=3, max_size=6).filter(lambda c: sum(c) > 0), st.data())
def test_never_above_the_bounds_and_monotone_in_the_first_class(counts, data):
    first = data.draw(st.integers(0, len(counts) - 1))
    buckets = rival_buckets(counts, first, data.draw(st.integers(1, 3)))
    radius = two_class_radius(counts, first, buckets, 0.01)
    n, names = sum(counts), sorted(set(buckets.tolist()) - {-1})
    level = 0.01 / (1 + len(names))
    if radius > 0:  # recomputed in ball arithmetic; the bounds are enclosed, so the radius is never above
        rivals = [sum(c for c, b in zip(counts, buckets.tolist(), strict=True) if b == name) for name in names]
        lead = rigorous.normal_quantile_sf(rigorous.clopper_pearson_lower_sf(counts[first], n, level))
        against = rigorous.normal_quantile_sf(rigorous.clopper_pearson_lower(n - max(rivals), n, level))
        assert radius <= float((lead - against.min(-lead) * 1) / 2) * (1 + 1e-12) or radius <= float(lead) * (1 + 1e-12)
    assert radius >= 0
    if counts[first] == 0:
        assert radius == 0
    more = list(counts)
    rival = next(i for i in range(len(counts)) if i != first)
    if more[rival] > 0:
        more[rival] -= 1
        more[first] += 1
        assert two_class_radius(more, first, buckets, 0.01) >= radius - 1e-12


def test_value_from_the_bounds():
    """sigma/2 (Phi^-1(L_A) - Phi^-1(max U_B)) with alpha/3 each."""
    counts, alpha = [4500, 2500, 2000, 1000], 0.003
    lower = rigorous.normal_quantile_sf(rigorous.clopper_pearson_lower_sf(4500, 10_000, "0.001"))
    upper = rigorous.normal_quantile_sf(rigorous.clopper_pearson_lower(7000, 10_000, "0.001"))  # others: 3000
    exact = float(lower - upper) / 2
    found = two_class_radius(counts, 0, [-1, 0, 1, 1], alpha)
    assert found <= exact
    assert found == pytest.approx(exact, rel=1e-10)


def test_more_than_half_is_not_needed():
    assert two_class_radius([4800, 2600, 2600], 0, [-1, 0, 1], sigma=0.5) > 0


def test_no_rival_exceeds_what_the_first_class_leaves():
    n = 100_000
    found = two_class_radius([n, 0, 0], 0, [-1, 0, 0], 0.001)
    assert found >= -norm.ppf(clopper_pearson_lower_sf(n, n, 0.0005)) - 1e-12


@given(st.lists(st.integers(0, 50), min_size=2, max_size=8), st.integers(1, 4), st.data())
def test_buckets_put_the_strongest_rivals_apart(selection, number, data):
    first = data.draw(st.integers(0, len(selection) - 1))
    buckets = rival_buckets(selection, first, number)
    assert buckets[first] == -1
    rivals = [i for i in range(len(selection)) if i != first]
    assert all(0 <= buckets[i] < number for i in rivals)
    for a, b in itertools.permutations(rivals, 2):
        if selection[a] > selection[b]:
            assert buckets[a] <= buckets[b]
    for name in range(number - 1):
        assert sum(buckets[i] == name for i in rivals) <= 1


def test_vectorised_over_samples():
    counts = np.array([[90, 5, 5], [20, 60, 20]])
    buckets = rival_buckets(counts, [0, 1])
    both = two_class_radius(counts, [0, 1], buckets, 0.05)
    assert both.shape == (2,)
    assert both[1] == two_class_radius(counts[1], 1, buckets[1], 0.05)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([3, 4], 2, [-1, 0]), "first=2"),
        (([3, -4], 0, [-1, 0]), r"counts\[1\]=-4"),
        (([3, 4], 0, [-1, -1]), r"buckets\[1\]=-1"),
        (([3], 0, [-1]), "one count per class"),
        (([0, 0], 0, [-1, 0]), "at least one draw"),
        (([3, 4], 0, [-1, 0], 0.0), "alpha=0.0"),
        (([3, 4], 0, [-1, 0], 0.1, math.inf), "sigma=inf"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(ValueError, match=message):
        two_class_radius(*arguments)
