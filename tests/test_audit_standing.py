"""Which logs can be told apart: each number against the plainest way to get it, and how often chance is called more."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from audit_logs import counts_of_model, log_of_counts
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, norm

from rstheory.audit.budget_curves import BudgetCurves
from rstheory.audit.standing import LEVEL, Contest, Standing, holm, standing

BUDGETS, RADII = (100, 300, 1000), (0.0, 0.25, 0.5)


def standing_of(logs, budgets=BUDGETS, radii=RADII):
    return standing(logs, BudgetCurves(logs), budgets, radii)


@st.composite
def groups(draw):
    """Two to four logs at one budget, which may hold the first samples alone."""
    size = draw(st.integers(4, 40))
    count = st.one_of(st.integers(500, 1000), st.sampled_from([0, 999, 1000]))
    made = []
    for i in range(draw(st.integers(2, 4))):
        samples = draw(st.sampled_from([size, size // 2]))
        counts = draw(st.lists(count, min_size=samples, max_size=samples))
        wrong = draw(st.lists(st.integers(0, samples - 1), max_size=samples // 2))
        log = log_of_counts(counts, wrong=wrong, digits=draw(st.sampled_from([None, 3])), path=str(i))
        made.append(replace(log, count=np.where(log.correct, log.count, -1)))
    return made


def in_the_other_order(log):
    return log.select(np.arange(log.samples)[::-1])


@given(groups())
@settings(max_examples=25)
def test_every_pair_is_compared_on_its_common_samples(logs):
    found = standing_of([in_the_other_order(log) if i % 2 else log for i, log in enumerate(logs)])
    for i, j in combinations(range(len(logs)), 2):
        samples = min(logs[i].samples, logs[j].samples)
        a, b = (log.select(np.arange(samples)) for log in (logs[i], logs[j]))
        difference = a.acr - b.acr
        assert found.by_acr.difference[0, i, j] == pytest.approx(difference, abs=1e-12)
        for place, r in enumerate(RADII):
            lead = float(a.certified_accuracy(r) - b.certified_accuracy(r))
            assert found.by_radius.difference[place, i, j] == pytest.approx(lead, abs=1e-12)
        for place, n in enumerate(BUDGETS[:-1]):
            lead = a.at_budget(n).acr - b.at_budget(n).acr
            assert found.by_budget.difference[place, i, j] == pytest.approx(lead, abs=2e-6)
    for contest in (found.by_acr, found.by_budget, found.by_radius):
        assert np.all(contest.difference == -contest.difference.transpose(0, 2, 1))
        assert np.all(contest.p == contest.p.transpose(0, 2, 1))
        assert np.all((contest.p >= 0) & (contest.p <= 1))


@given(groups())
@settings(max_examples=25)
def test_p_values_are_those_of_the_paired_tests_times_holm(logs):
    two = logs[:2]
    found = standing(two, None, (1000,), RADII)
    samples = min(log.samples for log in two)
    a, b = (log.select(np.arange(samples)) for log in two)
    difference = a.radius * a.correct - b.radius * b.correct
    error = difference.std(ddof=1) / np.sqrt(samples)
    expected = 2 * norm.sf(abs(difference.mean()) / error) if error > 1e-9 else None
    if expected is not None:
        assert found.by_acr.p[0, 0, 1] == pytest.approx(expected, rel=1e-6, abs=1e-12)
    exact = []
    for r in RADII:
        one, other = (log.correct & (log.radius >= r) for log in (a, b))
        apart = int(np.sum(one != other))
        exact.append(binomtest(int(np.sum(one & ~other)), apart).pvalue if apart else 1.0)
    np.testing.assert_allclose(found.by_radius.p[:, 0, 1], holm(np.array(exact)), rtol=1e-9)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_steps_down(p):
    corrected = holm(np.array(p))
    for value, mine in zip(p, corrected, strict=True):
        assert mine == max(min(1.0, q * sum(other >= q for other in p)) for q in p if q <= value)


def test_no_more_is_called_beyond_error_than_said():
    """Four logs of one law, by 150 data sets: anything at all is called beyond error in 5 % of them, for each question.

    By certified accuracy less, the sign test being discrete. False-alarm rate of this test: below 1e-3.
    """
    rng = np.random.default_rng(0)
    called, runs = np.zeros(3), 150
    for _ in range(runs):
        counts = rng.binomial(1000, rng.beta(3, 0.5, (4, 200)))
        found = standing_of([log_of_counts(k, path=str(i)) for i, k in enumerate(counts)], budgets=(100, 1000))
        called += [contest.leads.any() for contest in (found.by_acr, found.by_budget, found.by_radius)]
    assert np.all(called <= runs * LEVEL + 4 * (runs * LEVEL) ** 0.5)
    assert called[0] > 0


def contest(p, difference):
    """One place, from the upper halves of two matrices."""
    whole = [np.triu(np.array(m, float), 1) for m in (p, difference)]
    return Contest((1.0,), (whole[1] - whole[1].T)[None], (whole[0] + whole[0].T)[None])


def test_tiers_begin_with_a_log_that_is_told_apart_from_the_first():
    """a and b are alike, b and c are, a and c are not; d stands alone."""
    ahead = np.ones((4, 4))
    alike = contest([[0, 0.9, 0.01, 0.01], [0, 0, 0.9, 0.01], [0, 0, 0, 0.01], [0] * 4], ahead)
    found = Standing((0, 1, 2, 3), alike, alike, alike)
    assert found.tiers == ((0, 1), (1, 2), (3,))
    assert found.first_at(alike, 0) == (0, 1)
    all_alike = contest(np.ones((3, 3)), ahead[:3, :3])
    assert Standing((2, 0, 1), all_alike, all_alike, all_alike).tiers == ((2, 0, 1),)


def test_a_reversal_is_beyond_error_at_both_ends():
    """a leads by ACR; elsewhere b leads. Only where both leads are beyond error is the order contradicted."""
    for by_acr, elsewhere, reversals, within in ((0.01, 0.01, 1, 0), (0.01, 0.5, 0, 1), (0.5, 0.01, 0, 1)):
        own, other = (
            contest([[0, by_acr], [0, 0]], [[0, 1], [0, 0]]),
            contest([[0, elsewhere], [0, 0]], [[0, -1], [0, 0]]),
        )
        changes = Standing((0, 1), own, other, other).changes(other)
        assert (changes.pairs, len(changes.reversals), changes.within) == (1, reversals, within)
    same = contest([[0, 0.01], [0, 0]], [[0, 1], [0, 0]])
    assert Standing((0, 1), same, same, same).changes(same).within == 0


def test_radii_that_no_budget_gives_put_no_log_first():
    honest = log_of_counts(counts_of_model(1) // 2 + 500, path="honest")
    liar = log_of_counts(counts_of_model(1) // 2 + 500, path="liar")
    assert np.any(liar.correct)
    liar = replace(liar, radius=np.where(liar.correct, 9.0, 0.0))
    tops = replace(honest, radius=np.where(honest.correct, honest.max_radius, 0.0), path="tops")
    found = standing_of([liar, tops])
    assert found.by_acr.difference[0, 0, 1] == pytest.approx(0, abs=1e-12)
    assert found.tiers == ((0, 1),)
