"""Two logs side by side: differences, dominance, crossings of curves and of budgets, attribution (C8, D3, D5)."""

from itertools import pairwise

import numpy as np
import pytest
from audit_logs import counts_of_model, log_of_counts
from hypothesis import given, settings
from hypothesis import strategies as st

from rstheory.audit.budget_curves import BudgetCurves, at_budgets
from rstheory.audit.compare import compare, compare_all
from rstheory.audit.difficulty import DIFFICULTY, attribution
from rstheory.audit.intervals import group_intervals
from rstheory.audit.paired import bootstrap_intervals, common_samples

N = 60
COUNTS = st.lists(st.integers(0, N), min_size=12, max_size=12)


def pair(first, second, **options):
    return log_of_counts(first, n=N, path="a", **options), log_of_counts(second, n=N, path="b", **options)


@settings(max_examples=12)
@given(COUNTS, COUNTS, st.lists(st.integers(0, 11), max_size=4))
def test_comparison_by_definition(first, second, wrong):
    a, b = pair(first, second, wrong=wrong)
    result = compare(a, b)
    difference = a.radius * a.correct - b.radius * b.correct
    assert result.acr_difference == pytest.approx(difference.mean(), abs=1e-15)
    assert result.standard_error == pytest.approx(difference.std(ddof=1) / np.sqrt(12), abs=1e-15)
    assert sum(result.attribution.values()) == pytest.approx(result.acr_difference, abs=1e-14)
    assert tuple(result.attribution) == DIFFICULTY
    mirrored = compare(b, a)
    assert mirrored.acr_difference == -result.acr_difference
    assert mirrored.crossings == result.crossings
    assert mirrored.crossing_budgets == result.crossing_budgets
    assert mirrored.dominates == {"a": "b", "b": "a", None: None}[result.dominates]


@given(COUNTS, COUNTS)
@settings(max_examples=12)
def test_dominance_and_crossings_are_those_of_the_curves(first, second):
    a, b = pair(first, second)
    radii = np.unique(np.concatenate([a.radius, b.radius]))
    lead = a.certified_accuracy(radii[radii > 0]) - b.certified_accuracy(radii[radii > 0])
    result = compare(a, b)
    signs = np.sign(np.round(lead * 12))
    signs = signs[signs != 0]
    changes = int(np.sum(signs[1:] != signs[:-1]))
    assert len(result.crossings) == changes
    expected = None if changes or not signs.size else ("a" if signs[0] > 0 else "b")
    assert result.dominates == expected
    assert all(0.5 <= u <= 1 for u in result.crossings)
    assert list(result.crossings) == sorted(result.crossings)


@given(COUNTS, COUNTS)
@settings(max_examples=12)
def test_dominance_means_a_larger_acr_at_every_budget(first, second):
    """D3: what dominance promises, checked at many budgets."""
    a, b = pair(first, second)
    if compare(a, b).dominates == "a":
        for n in (1, 10, 20, 30, 45, 59, 60):
            assert a.at_budget(n).acr >= b.at_budget(n).acr - 1e-12


@given(COUNTS, COUNTS)
@settings(max_examples=12)
def test_crossing_budgets_are_every_change_of_sign(first, second):
    """Up to EVERY_BUDGET_TO each is looked at, so nothing is missed: compared with the exact difference at each."""
    a, b = pair(first, second)
    exact = [x.acr - y.acr for x, y in zip(*at_budgets([a, b], range(1, N + 1)), strict=True)]
    signs = [(n, np.sign(d)) for n, d in enumerate(exact, 1) if abs(d) > 1e-13]
    expected = tuple(n for (_, s), (n, t) in pairwise(signs) if s != t)
    assert compare(a, b).crossing_budgets == expected


def test_a_flip_is_found_to_the_draw_at_a_large_budget():
    """A sharp and a broad model, 1,500 samples each: more distinct counts than are evaluated exactly."""
    rng = np.random.default_rng(7)
    sharp = np.where(np.arange(1500) < 900, rng.binomial(50_000, 1 - 1e-4 * rng.random(1500)), 10_000)
    broad = rng.binomial(50_000, 0.9 + 0.1 * rng.random(1500))
    a, b = (log_of_counts(counts, n=50_000, path=name) for counts, name in ((sharp, "a"), (broad, "b")))
    n = compare(a, b).crossing_budgets[-1]
    assert n > 100
    before, after = (a.at_budget(m).acr - b.at_budget(m).acr for m in (n - 1, n))
    assert (before > 0) != (after > 0)
    curves = BudgetCurves([a, b])
    for m in (300, 5_000, 30_000):
        exact = [a.at_budget(m).acr, b.at_budget(m).acr]
        np.testing.assert_allclose(curves.acr(m), exact, atol=1e-6 * a.sigma)


def test_the_crossing_of_a_pair_is_that_of_its_group():
    logs = [log_of_counts(counts_of_model(seed, samples=60), path=str(seed)) for seed in (1, 2, 3)]
    of_group = group_intervals(logs).crossings
    for (i, j), pair in zip(((0, 1), (0, 2), (1, 2)), compare_all(logs), strict=True):
        assert pair.crossing == of_group[i, j]
        alone = compare(logs[i], logs[j]).crossing
        assert (alone.leader, alone.low, alone.high) == (pair.crossing.leader, pair.crossing.low, pair.crossing.high)
    fewer = [logs[0], logs[1].select(np.arange(40))]
    (pair,) = compare_all(fewer)
    assert pair.crossing == compare(*fewer).crossing
    assert compare(logs[0].select(np.array([0])), logs[1]).crossing is None


def test_comparison_is_on_common_samples_only():
    a, b = (log_of_counts(counts_of_model(seed), path=str(seed)) for seed in (1, 2))
    part = b.select(np.arange(150, 20, -1))
    cut_a, cut_b = common_samples(a, part)
    np.testing.assert_array_equal(cut_a.index, np.arange(21, 151))
    np.testing.assert_array_equal(cut_a.index, cut_b.index)
    result = compare(a, part)
    assert result.samples == 130
    assert result.acr_difference == pytest.approx(a.select(np.arange(21, 151)).acr - part.acr)
    with pytest.raises(ValueError, match="no sample in common"):
        compare(a.select(np.arange(10)), b.select(np.arange(10, 20)))


def test_logs_that_cannot_be_compared_are_refused():
    a = log_of_counts([150, 190], n=200, path="a")
    others = [
        log_of_counts([150, 190], n=200, sigma=0.25, path="b"),
        log_of_counts([150, 190], n=300, path="b"),
        log_of_counts([150, 190], n=200, alpha=0.01, path="b"),
    ]
    for other, name in zip(others, ("sigma", "n", "alpha"), strict=True):
        with pytest.raises(ValueError, match=f"{name}=.*one noise level and budget only"):
            compare(a, other)
        with pytest.raises(ValueError, match=f"{name}=.*one noise level and budget only"):
            compare_all([a, a, other])


def test_attribution_bins_are_by_the_reference():
    a, b = pair([60, 60, 60, 60], [30, 48, 60, 60])
    parts = attribution(a, b)
    gains = (a.radius - b.radius) / 4
    assert parts["not certified"] == pytest.approx(gains[0])
    assert parts["0.5-0.9"] == pytest.approx(gains[1:].sum())  # L(60; 60, 0.001) = 0.891
    assert sum(parts.values()) == pytest.approx(a.acr - b.acr)


def test_bootstrap_interval_covers_the_mean():
    """200 samples of 100 exponentials, seed fixed. A 95 % percentile interval covers about 93 % here; 160 of 200 would
    be 7 standard deviations below that."""
    rng = np.random.default_rng(8)
    covered = sum(
        low <= 1 <= high for low, high in bootstrap_intervals([rng.exponential(size=100) for _ in range(200)], seed=0)
    )
    assert 160 <= covered <= 199
    values = rng.random(50)
    assert bootstrap_intervals([values], 3) == bootstrap_intervals([values], 3) != bootstrap_intervals([values], 4)
    (first, second), (alone,) = bootstrap_intervals([values, values[::-1]], 3), bootstrap_intervals([values], 3)
    assert first == pytest.approx(alone, rel=1e-12)
    assert first != second
