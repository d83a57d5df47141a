"""ACR at other budgets: exact below the log's own, marked as a prediction above it (C7)."""

import math
from fractions import Fraction

import numpy as np
import pytest
from audit_logs import counts_of_model, log_of_counts
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, hypergeom

from rstheory import radius_from_count
from rstheory.audit.budget_curves import BudgetCurves, at_budgets
from rstheory.far_budgets import mean_radius_sf
from rstheory.logs.log import CertificationLog
from rstheory.logs.schema import ABSTAINED
from rstheory.transport import fresh_variance, interpolated_moments, moments


@given(counts=st.lists(st.integers(0, 300), min_size=1, max_size=20), digits=st.sampled_from([2, 3, 4, 6]))
def test_counts_behind_a_rounded_radius(counts, digits):
    log = log_of_counts(counts, n=300, alpha=0.01, sigma=0.25, digits=digits, known=False)
    truth, found = np.array(counts)[log.correct], log.recovered_counts()
    assert (found.low <= truth).all()
    # The nearest count prints as the truth does: rounding to nearest can have lost no more than half a unit.
    again = radius_from_count(found.nearest, 300, 0.01, 0.25)
    assert (np.abs(again - log.radius[log.correct]) <= log.half_unit[log.correct] * (1 + 1e-9)).all()


def test_full_precision_gives_the_count_back():
    counts = np.arange(500, 1001)
    log = log_of_counts(counts, known=False)
    np.testing.assert_array_equal(log.recovered_counts().nearest, counts[log.correct])


@given(seed=st.integers(0, 10**6), budget=st.integers(1, 300), alpha=st.sampled_from([0.1, 0.01, 1e-3]))
def test_transport_is_the_hypergeometric_mean(seed, budget, alpha):
    counts = counts_of_model(seed, samples=20, n=300)
    log = log_of_counts(counts, n=300, wrong=[0, 3])
    result = log.at_budget(budget, alpha)
    radii = radius_from_count(np.arange(budget + 1), budget, alpha, log.sigma)
    chosen = counts[log.correct | (log.predict == ABSTAINED)]  # an abstention may certify at another budget
    masses = [hypergeom.pmf(np.arange(budget + 1), 300, k, budget) for k in chosen]
    mean = [mass @ radii for mass in masses]
    variance = [mass @ radii**2 - (mass @ radii) ** 2 for mass in masses]
    if (budget, alpha) == (log.n, log.alpha):
        assert result.acr == log.acr
    else:
        assert result.acr == pytest.approx(sum(mean) / 20, rel=1e-9, abs=1e-15)
        # Variances are differences of moments: 1e-12 of the squared radius is what rounding leaves of a small one.
        expected = math.sqrt(sum(max(v, 0) for v in variance)) / 20
        assert result.standard_deviation == pytest.approx(expected, rel=1e-6, abs=1e-6)
    assert float(result) == result.acr
    assert result.kind == ("as printed" if (budget, alpha) == (300, 1e-3) else "exact")


def test_transport_agrees_with_resampling_the_draws():
    """400 subsamples, seed fixed: beyond 4.5 standard errors of the mean has probability 7e-6 by the normal law."""
    rng = np.random.default_rng(0)
    log = log_of_counts(counts_of_model(1, samples=300), wrong=[5])
    counts = np.asarray(log.count)[log.correct | (log.predict == ABSTAINED)]
    for budget in (50, 200, 900):
        drawn = rng.hypergeometric(counts, 1000 - counts, budget, (400, len(counts)))
        acr = radius_from_count(drawn, budget, log.alpha, log.sigma).sum(axis=1) / log.samples
        result = log.at_budget(budget)
        assert abs(acr.mean() - result.acr) < 4.5 * result.standard_deviation / 20
        # The sample standard deviation of 400 near-normal values is within 20 % with probability above 1 - 1e-7.
        assert acr.std() == pytest.approx(result.standard_deviation, rel=0.2)


def test_own_budget_is_the_printed_acr_whatever_the_rounding():
    log = log_of_counts(counts_of_model(2), digits=3, known=False)
    result = log.at_budget(log.n)
    assert (result.acr, result.standard_deviation, result.kind) == (log.acr, 0.0, "as printed")
    assert result.fresh_standard_deviation > 0
    assert result.acr_sound == log.rounded_down().acr <= log.acr


def test_one_draw_fewer_exactly():
    """From N to N - 1 the mean is (k/N) g(k-1) + (1 - k/N) g(k): the definition, in exact arithmetic."""
    counts = [700, 1000, 999, 530]
    log = log_of_counts(counts)
    g = [Fraction(float(r)) for r in radius_from_count(np.arange(1000), 999, log.alpha, log.sigma)]
    expected = sum(
        Fraction(k, 1000) * g[k - 1] + (1 - Fraction(k, 1000)) * (g[k] if k < 1000 else 0) for k in counts
    ) / len(counts)
    assert log.at_budget(999).acr == pytest.approx(float(expected), rel=1e-13)


def test_prediction_is_marked_and_continuous():
    log = log_of_counts(counts_of_model(3))
    result = log.at_budget(5000)
    assert result.kind == "predicted"
    assert log.acr < result.acr < log.at_budget(20_000).acr
    assert log.at_budget(1001).acr == pytest.approx(log.acr, abs=2e-3)
    assert 0 < result.standard_deviation < log.at_budget(20_000).standard_deviation
    with pytest.raises(ValueError, match=r"n=1001 is not allowed: 1,000 draws tell nothing exact beyond"):
        moments(np.array([1000]), 1000, 1001, 1e-3)


@pytest.mark.parametrize("shape", [(2.0, 0.5), (1.0, 0.1), (20.0, 0.05)])
def test_prediction_is_that_of_the_true_distribution(shape):
    """Ten times the draws: within four standard errors of the truth. The last one has most images all but
    at p = 1."""
    p = np.random.default_rng(1).beta(*shape, 2000)
    log = log_of_counts(np.random.default_rng(2).binomial(1000, p))
    true = float(np.mean(mean_radius_sf(1 - p, 10_000))) * log.sigma
    result = log.at_budget(10_000)
    fresh = log.at_budget(1000).fresh_standard_deviation  # by which the ACR at the log's own draws misses its mean
    assert abs(result.acr - true) <= 4 * np.hypot(result.standard_deviation, fresh)


@pytest.mark.parametrize("n", [100, 1000, 10_000, 60_000])
def test_interpolation_holds_its_accuracy(n):
    rng = np.random.default_rng(n)
    counts = np.unique(rng.integers(50_490, 100_001, 3000))
    exact, quick = moments(counts, 100_000, n, 1e-3), interpolated_moments(counts, 100_000, n, 1e-3)
    # What matters is a mean over samples; single counts may be off by more where the radius bends.
    assert abs((exact.mean - quick.mean).mean()) < 1e-6
    assert np.abs(exact.mean - quick.mean).max() < 1e-3


# -- what abstained rows know -----------------------------------------------------------------------------------------

SIXTY_FIVES = [65] * 10 + [90]  # of 100: at alpha = 0.001 the first ten abstain, at 0.1 they certify


def two_classes(counts, n=100, alpha=1e-3, told=(), selected=0):
    """A log of label 0 throughout whose rows gave it `counts` of n draws; `told`: which of count and counts it has."""
    counts = np.asarray(counts)
    radius = np.asarray(radius_from_count(counts, n, alpha))
    both = np.stack([counts, n - counts], axis=1) if selected == 0 else np.stack([n - counts, counts], axis=1)
    columns = {"count": counts, "counts": both}
    return CertificationLog.from_arrays(
        label=np.zeros(len(counts), int), predict=np.where(radius > 0, selected, ABSTAINED), radius=radius, sigma=1.0,
        n=n, alpha=alpha, **{name: columns[name] for name in told},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("told", "acr", "sound", "kind"),
    [
        (("counts",), 0.28247, 0.28247, "exact"),
        (("count", "counts"), 0.28247, 0.28247, "exact"),
        (("count",), 0.28247, 0.09427, "exact"),  # whose the count is, the log does not tell
        ((), 0.09427, 0.09427, "lower bound"),
    ],
)
def test_abstained_rows_count_at_a_larger_level(told, acr, sound, kind):
    log = two_classes(SIXTY_FIVES, told=told)
    result = log.at_budget(100, 0.1)
    assert (result.kind, round(result.acr, 5), round(result.acr_sound, 5)) == (kind, acr, sound)
    # What is not known is bounded: with it, the truth is within reach.
    assert result.acr + result.unknown_at_most >= 0.28246
    assert (result.unknown_at_most > 0) == (kind == "lower bound")
    assert at_budgets([log], [100], 0.1)[0][0] == result


def test_an_abstention_on_another_class_than_the_label_counts_nothing():
    log = two_classes([65] * 11, told=("count", "counts"), selected=1)
    assert log.at_budget(100, 0.1).acr == log.at_budget(100, 0.1).unknown_at_most == 0


@settings(max_examples=50)
@given(
    counts=st.lists(st.integers(0, 200), min_size=1, max_size=12),
    levels=st.tuples(st.sampled_from([1e-6, 1e-3, 0.05]), st.sampled_from([1e-6, 1e-3, 0.05, 0.3])),
    n=st.integers(1, 200),
)
def test_what_is_not_told_lies_within_its_bound(counts, levels, n):
    """The same rows with and without their counts: the answer without is below the other by `unknown_at_most` at most,
    and never called exact where the level is what makes the difference."""
    own, asked = levels
    known, blind = (two_classes(counts, 200, own, told=told) for told in (("counts",), ()))
    full, partial = (log.at_budget(n, asked) for log in (known, blind))
    assert full.unknown_at_most == 0
    if (n, asked) != (200, own):
        assert partial.acr - 1e-12 <= full.acr <= partial.acr + partial.unknown_at_most + 1e-12
        assert full.kind == "exact"
        unknown = bool(np.any(blind.predict == ABSTAINED))
        assert partial.kind == ("lower bound" if unknown and asked > own else "exact")


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6), n=st.sampled_from([1, 10, 100, 999, 1000, 2500]), known=st.booleans())
def test_curves_give_the_numbers_of_the_logs(seed, n, known):
    logs = [log_of_counts(counts_of_model(seed + i), wrong=[1, 4], known=known, digits=4) for i in range(2)]
    for one, other in zip(BudgetCurves(logs).at(n), (log.at_budget(n) for log in logs), strict=True):
        assert (one.n, one.alpha, one.kind) == (other.n, other.alpha, other.kind)
        for name in ("acr", "standard_deviation", "acr_sound", "fresh_standard_deviation", "unknown_at_most"):
            assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-4, abs=1e-6), name


# -- the deviation of a fresh run -------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [50, 600, 1000, 3000])
def test_deviation_of_a_fresh_run(n):
    """400 fresh runs, seed fixed: the sample deviation of near-normal values is within 20 % with probability above
    1 - 1e-7. At the log's own budget the deviation of a sub-run is 0, and that of a fresh one is not."""
    rng = np.random.default_rng(3)
    p = rng.uniform(0.5, 1, 300)
    log = log_of_counts(rng.binomial(1000, p))
    acr = radius_from_count(rng.binomial(n, p, (400, len(p))), n, log.alpha, log.sigma).mean(axis=1)
    result = log.at_budget(n)
    assert acr.std() == pytest.approx(result.fresh_standard_deviation, rel=0.2)
    if n <= 1000:
        assert result.fresh_standard_deviation > result.standard_deviation


@given(counts=st.lists(st.integers(0, 60), min_size=1, max_size=8), n=st.integers(1, 80))
def test_fresh_variance_is_that_of_the_binomial_law(counts, n):
    distinct = np.unique(counts)
    radius = np.asarray(radius_from_count(np.arange(n + 1), n, 0.01))
    mass = [binom.pmf(np.arange(n + 1), n, (k + 0.5) / 61) for k in distinct]
    expected = [m @ radius**2 - (m @ radius) ** 2 for m in mass]
    assert fresh_variance(distinct, 60, n, 0.01) == pytest.approx(expected, rel=1e-8, abs=1e-11)


@pytest.mark.parametrize("n", [100, 10_000, 100_000])
def test_interpolated_fresh_variance(n):
    counts = np.unique(np.random.default_rng(n).integers(0, 100_001, 4000))
    quick = fresh_variance(counts, 100_000, n, 1e-3)
    some = np.arange(0, len(counts), 20)
    assert len(some) < 240  # these are computed one by one
    exact = fresh_variance(counts[some], 100_000, n, 1e-3)
    assert np.sqrt(quick[some].sum()) == pytest.approx(np.sqrt(exact.sum()), rel=1e-3)
    assert (quick >= 0).all()


def test_bad_budgets_are_refused():
    log = log_of_counts([900])
    for bad, message in ((0, "n=0"), (2.5, "n=2.5"), (True, "n=True")):
        with pytest.raises(ValueError, match=message):
            log.at_budget(bad)
    with pytest.raises(ValueError, match="alpha"):
        log.at_budget(10, 1.5)
    assert len(at_budgets([log, log], [10, 20])) == 2
