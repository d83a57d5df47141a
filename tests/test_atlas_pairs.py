"""Two entries against each other: the tests are the textbook's, and cry wolf no more often than they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, fisher_exact

from rstheory.atlas.grid import TAILS, Images
from rstheory.atlas.pairs import LEAST_COMMON, Runs, difference
from rstheory.statistics.multiple import adjusted

POINTS = len(TAILS)
level_lists = st.lists(st.tuples(st.integers(0, POINTS), st.integers(0, POINTS)), min_size=LEAST_COMMON, max_size=60)


def images(number, start=0):
    return Images(np.arange(start, start + number), np.zeros(number, np.int64))


def runs(*levels, of=None):
    arrays = tuple(np.asarray(level, np.uint8) for level in levels)
    which = of or images(len(arrays[0]))
    return Runs((which,) * len(arrays), arrays)


@given(level_lists)
def test_on_common_images_it_is_mcnemars_exact_test(pairs):
    a, b = np.array(pairs).T
    found = difference(runs(a), runs(b), POINTS)
    assert found.how == "paired"
    for g in range(1, POINTS + 1):
        only_a, only_b = int(np.sum((a >= g) & (b < g))), int(np.sum((b >= g) & (a < g)))
        expected = binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1.0
        assert found.p_value[g - 1] == pytest.approx(expected, rel=1e-9)
        each = (a >= g).astype(float) - (b >= g)
        assert found.lead[g - 1] == pytest.approx(each.mean(), abs=1e-12)
        assert found.error[g - 1] == pytest.approx(each.std() / np.sqrt(len(a)), abs=1e-9)
        assert found.share_a[g - 1] == np.mean(a >= g)


@given(level_lists)
def test_the_other_way_round_it_is_the_same(pairs):
    a, b = np.array(pairs).T
    there, back = difference(runs(a), runs(b), POINTS), difference(runs(b), runs(a), POINTS)
    assert np.array_equal(there.lead, -back.lead)
    assert np.array_equal(there.p_value, back.p_value)


@given(level_lists)
def test_on_other_images_it_is_fishers_exact_test_doubled(pairs):
    a, b = np.array(pairs).T
    of = images(len(b), start=10_000)
    found = difference(runs(a), runs(b, of=of), POINTS)
    assert found.how == "two samples"
    for g in (1, 5, POINTS):
        table = [[np.sum(a >= g), np.sum(a < g)], [np.sum(b >= g), np.sum(b < g)]]
        tails = [fisher_exact(table, alternative=side).pvalue for side in ("less", "greater")]
        assert found.p_value[g - 1] == pytest.approx(min(1.0, 2 * min(tails)), rel=1e-7)


def test_only_common_images_are_compared():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, POINTS, 100), rng.integers(0, POINTS, 100)
    found = difference(runs(a), runs(b, of=images(100, start=60)), POINTS)
    assert (found.how, found.images) == ("paired", 40)
    direct = difference(runs(a[60:]), runs(b[:40]), POINTS)
    assert np.array_equal(found.p_value, direct.p_value)
    few = difference(runs(a), runs(b, of=images(100, start=100 - LEAST_COMMON + 1)), POINTS)
    assert few.how == "two samples"


def wolf(make, groups):
    """How many of some groups of two equal entries have any test that is significant after Holm at 5 %."""
    return sum(bool(np.any(adjusted(make(seed).p_value, "holm") <= 0.05)) for seed in range(groups))


def at_most(count, groups, level=0.05, chance=1e-6):
    return count <= binom.ppf(1 - chance, groups, level)


def test_equal_networks_are_told_apart_at_most_as_often_as_stated():
    """400 pairs of networks that are equal image by image in law. False alarm of this test: 1e-6 at most."""

    def make(seed):
        rng = np.random.default_rng(seed)
        ease = rng.integers(0, POINTS, 300)
        a, b = (np.clip(ease + rng.integers(-2, 3, 300), 0, POINTS) for _ in range(2))
        return difference(runs(a), runs(b), POINTS)

    assert at_most(wolf(make, 400), 400)


@pytest.mark.parametrize(("first", "second"), [(5, 5), (1, 4), (2, 3)])
def test_equal_trainings_are_told_apart_at_most_as_often_as_stated(first, second):
    """Runs move the whole curve at random, and images flip at random. 300 pairs; false alarm of this test: 1e-6."""

    def make(seed):
        rng = np.random.default_rng(seed)
        ease = rng.normal(7, 4, 400)

        def run():
            return np.clip(np.round(ease + rng.normal(0, 1) + rng.normal(0, 1, 400)), 0, POINTS)

        return difference(runs(*(run() for _ in range(first))), runs(*(run() for _ in range(second))), POINTS)

    assert at_most(wolf(make, 300), 300)


def test_runs_that_differ_among_themselves_are_not_mistaken_for_a_method():
    """One run of each, far apart, is a finding about two networks; five of each with the same spread are a tie."""
    rng = np.random.default_rng(3)
    ease = rng.normal(7, 4, 2_000)

    def run(shift):
        return np.clip(np.round(ease + shift), 0, POINTS)

    single = difference(runs(run(0)), runs(run(1)), POINTS)
    assert np.any(adjusted(single.p_value, "holm") <= 0.05)
    shifts = [-1, -0.5, 0, 0.5, 1]
    several = difference(runs(*map(run, shifts)), runs(*(run(s + 0.3) for s in shifts)), POINTS)
    assert several.how == "runs"
    assert not np.any(adjusted(several.p_value, "holm") <= 0.05)


def test_a_real_difference_is_found_over_runs():
    rng = np.random.default_rng(4)
    ease = rng.normal(7, 4, 2_000)
    a, b = ([np.clip(np.round(ease + s + rng.normal(0, 0.05)), 0, POINTS) for _ in range(5)] for s in (0, 2))
    found = difference(runs(*a), runs(*b), POINTS)
    assert np.any(adjusted(found.p_value, "holm") <= 0.05)
    assert found.lead.min() < -0.1
