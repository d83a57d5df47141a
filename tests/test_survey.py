"""A survey from a log: what the log tells of the label's counts, the estimates, two surveys side by side (theory H)."""

import io
import json

import numpy as np
import pytest
from audit_logs import log_of_counts
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from scipy.special import ndtr

from rstheory import CertificationLog, radius_from_count
from rstheory.logs.survey_counts import survey_counts
from rstheory.mixture import ACR, CertifiedAccuracy, Survival, images_interval, mean, population_interval
from rstheory.survey import BUDGETS, DISCLAIMER, compare_surveys, survey_log
from rstheory.survey.export import to_json
from rstheory.survey.frames import acr_frame, survival_frame
from rstheory.survey.report import models_report, runs_report
from rstheory.survey.terminal import print_surveys


def certified(votes, label, n, alpha=1e-3, *, sigma=0.5, digits=None, tell="nothing", path="made up"):
    """A log of runs that saw these votes (images, classes) of n draws, the leading class having been selected."""
    votes, label = np.asarray(votes), np.asarray(label)
    leader, count = votes.argmax(axis=1), votes.max(axis=1)
    radius = np.asarray(radius_from_count(count, n, alpha, sigma))
    if digits is not None:
        radius = np.array([float(f"{r:.{digits}g}") for r in radius])
    return CertificationLog.from_arrays(
        label=label,
        predict=np.where(radius > 0, leader, -1),
        radius=radius,
        sigma=sigma,
        n=n,
        alpha=alpha,
        count=count if tell == "count" else None,
        counts=votes if tell == "counts" else None,
        path=path,
    )


def surveyed(seed, images=400, m=200, shift=0.5, path="made up"):
    """The survey of a model whose Phi^-1(p) is normal; a log with all counts."""
    rng = np.random.default_rng(seed)
    k = rng.binomial(m, ndtr(shift + 1.2 * rng.normal(size=images)))
    return survey_log(certified(np.stack([k, m - k], axis=1), np.zeros(images, int), m, tell="counts", path=path))


@st.composite
def votes(draw):
    """Votes of some images among three classes, the number of draws, and the labels."""
    n = draw(st.integers(1, 400))
    images = draw(st.integers(1, 12))
    ends = [sorted(draw(st.tuples(st.integers(0, n), st.integers(0, n)))) for _ in range(images)]
    label = draw(st.lists(st.integers(0, 2), min_size=images, max_size=images))
    return np.array([[a, b - a, n - b] for a, b in ends]), n, np.array(label)


# -- what a log tells -------------------------------------------------------------------------------------------------


@given(
    votes(), st.sampled_from([1e-3, 0.1]), st.sampled_from([None, 3]), st.sampled_from(["nothing", "count", "counts"])
)
def test_the_count_of_the_label_lies_in_its_range(seen, alpha, digits, tell):
    given_votes, n, label = seen
    log = certified(given_votes, label, n, alpha, digits=digits, tell=tell)
    counts = survey_counts(log)
    truth = given_votes[np.arange(len(label)), label]
    assert np.all(counts.draws == n)
    if tell == "counts":
        assert np.array_equal(counts.low, truth)
        assert np.array_equal(counts.high, truth)
        return
    right = log.correct
    assert np.array_equal(counts.low[right], counts.high[right])
    if digits is None or tell == "count":
        assert np.array_equal(counts.low[right], truth[right])
    else:  # the count whose radius is nearest prints alike
        again = np.asarray(radius_from_count(counts.low[right], n, alpha, 0.5))
        assert np.all(np.abs(again - log.radius[right]) <= np.abs(log.radius[right]) * 5.1e-3)
    assert np.all((counts.low <= truth)[~right])
    assert np.all((truth <= counts.high)[~right])


def test_a_log_that_cannot_be_surveyed_is_refused():
    with pytest.raises(ValueError, match="rows differ in n"):
        survey_counts(CertificationLog.from_frame(_frame(n=[100, 200])))
    large = CertificationLog.from_arrays(label=[0], predict=[0], radius=[0.3], sigma=0.5, n=10**8)
    with pytest.raises(ValueError, match="counts are recovered from radii of up to 10,000,000 draws, not 100,000,000"):
        survey_counts(large)


def _frame(n):
    import pandas as pd

    return pd.DataFrame({"idx": [0, 1], "label": 0, "predict": 0, "radius": [0.1, 0.2], "correct": 1, "n": n,
                         "sigma": 0.5, "alpha": 0.001})  # fmt: skip


# -- the estimates ----------------------------------------------------------------------------------------------------


def test_estimates_are_those_of_the_mixture():
    survey = surveyed(1)
    for found, functional in (
        (survey.acr(10_000), ACR(10_000, 1e-3, 0.5)),
        (survey.acr(10_000, alpha=0.05), ACR(10_000, 0.05, 0.5)),
        (survey.certified_accuracy(0.3, 1000), CertifiedAccuracy(0.3, 1000, 1e-3, 0.5)),
        (survey.survival(0.9), Survival(1 - 0.9)),
    ):
        assert found.images == images_interval(survey.fit, functional)
        assert found.population == population_interval(survey.fit, functional)
        assert float(found) == found.value == found.images.estimate
        assert found.population.estimate == pytest.approx(mean(survey.fit.population, functional), abs=1e-12)
    assert survey.mean_probability().value == pytest.approx(survey.log.label_counts.mean() / 200, abs=0.002)
    assert survey.acr(1000, rho=0.01).images.low < survey.acr(1000).images.low


def test_at_its_own_budget_a_survey_agrees_with_the_log():
    """Given the counts of N draws, ACR at N is known up to a few standard errors of a fresh run."""
    rng = np.random.default_rng(3)
    log = log_of_counts(rng.binomial(2000, ndtr(rng.normal(1, 1, 1000))), n=2000)
    survey = survey_log(log)
    assert survey.acr(2000).value == pytest.approx(log.acr, abs=5 * log.at_budget(2000).fresh_standard_deviation)
    assert survey.told_from == 0.5


def test_intervals_stay_within_what_is_possible():
    log = certified([[100, 0]] * 30, [0] * 30, 100, tell="counts")
    survey = survey_log(log)
    everything = [survey.survival(0.0), survey.survival(0.5), survey.certified_accuracy(0.0), survey.mean_probability()]
    assert all(e.population.high <= 1 and e.images.high <= 1 and e.value <= 1 for e in everything)
    assert survey.certified_accuracy(3.0, n=100).value == 0
    assert survey.acr(100).population.high <= log.max_radius


def test_what_a_log_does_not_tell_is_not_made_up():
    """No counts of rows that are not right: nothing below 1/2 can be known."""
    log = certified([[180, 20], [100, 100], [10, 190]] * 20, [0] * 60, 200)
    survey = survey_log(log)
    assert 0.5 <= survey.told_from < 0.7
    with pytest.raises(ValueError, match=r"the mean of p is not known: made up does not tell"):
        survey.mean_probability()
    with pytest.raises(ValueError, match=r"u=0\.2 is not allowed: made up does not tell .* below 0\."):
        survey.survival(0.2)
    frame = survey.to_frame()
    assert "mean p" not in set(frame["quantity"])
    assert frame["u"].min() >= survey.told_from
    assert survival_frame([survey], ["x"])["u"].min() >= survey.told_from - 1e-12
    told = to_json(models_report([survey]))["surveys"][0]
    assert told["mean_probability"] is None
    assert survey_log(certified([[180, 20], [10, 190]] * 20, [0] * 40, 200, tell="counts")).told_from == 0


def test_frame_holds_every_number_once():
    survey = surveyed(2, images=60)
    frame = survey.to_frame()
    assert not frame.duplicated(["quantity", "u", "n", "alpha", "r"]).any()
    for row in frame[frame["quantity"] == "ACR"].itertuples():
        found = survey.acr(int(row.n))
        numbers = (found.value, found.images.low, found.population.high)
        assert (row.estimate, row.images_low, row.population_high) == pytest.approx(numbers, abs=1e-12)
    assert (frame["population_low"] <= frame["population_high"]).all()
    assert frame.attrs["images"] == 60


def test_curves_fall_and_rise_as_they_must():
    survey = surveyed(4)
    curve = survival_frame([survey], ["a"])
    assert curve["u"].is_monotonic_increasing
    assert (curve["estimate"].diff().dropna() <= 1e-12).all()
    alone = survey.survival(float(ndtr(1.0)))
    at = curve[np.isclose(curve["z"], 1.0)].iloc[0]
    assert at["estimate"] == pytest.approx(alone.value, abs=1e-9)
    assert at["population_high"] >= alone.population.high - 1e-9  # simultaneous: no narrower than one on its own
    acr = acr_frame([survey], ["a"])
    assert (acr["estimate"].diff().dropna() >= 0).all()


# -- two surveys ------------------------------------------------------------------------------------------------------


@given(st.integers(0, 5), st.integers(6, 10))
@settings(max_examples=4)
def test_differences_change_sign_with_the_order(i, j):
    a, b = surveyed(i), surveyed(j, shift=0.8)
    there, back = compare_surveys(a, b), compare_surveys(b, a)
    for one, other in zip((*there.acr, there.mean_probability), (*back.acr, back.mean_probability), strict=True):
        assert one.value == pytest.approx(-other.value, abs=1e-12)
        assert one.population.low == pytest.approx(-other.population.high, abs=1e-9)
    np.testing.assert_allclose(there.survival.estimate, -back.survival.estimate, atol=1e-12)
    assert [e.value for e in compare_surveys(a, a).acr] == [0.0] * len(BUDGETS)


def test_surveys_are_compared_on_their_common_images():
    a, b = surveyed(1), surveyed(2)
    half = survey_log(b.log.select(np.arange(399, 199, -1)))
    pair = compare_surveys(a, half)
    assert pair.images == 200
    by_hand = survey_log(a.log.select(np.arange(200, 400))).acr(1000).value
    by_hand -= survey_log(b.log.select(np.arange(200, 400))).acr(1000).value
    assert pair.acr[0].value == pytest.approx(by_hand, abs=1e-9)
    assert list(pair.to_frame()["quantity"]) == ["ACR"] * 3 + ["mean p"]
    with pytest.raises(ValueError, match="no image in common"):
        compare_surveys(survey_log(a.log.select(np.arange(10))), half)
    other_noise = survey_log(certified([[90, 10]], [0], 100, sigma=1.0, tell="counts"))
    with pytest.raises(ValueError, match=r"b\.sigma=1 is not allowed"):
        compare_surveys(a, other_noise)


# -- what is shown ----------------------------------------------------------------------------------------------------


def test_the_first_line_says_that_nothing_is_certified():
    a, b = surveyed(1, path="runs/first.tsv"), surveyed(2, path="runs/second.tsv")
    console = Console(width=200, record=True, file=io.StringIO())
    print_surveys(models_report([a, b]), console)
    text = console.export_text()
    assert text.splitlines()[0] == DISCLAIMER
    for part in ("first", "second", "N=100,000", f"{a.acr(1000).value:.4f}", "paired"):
        assert part in text
    data = to_json(models_report([a, b]))
    assert next(iter(data)) == "note"
    assert data["note"] == DISCLAIMER
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert data["surveys"][0]["acr"]["1000"]["estimate"] == a.acr(1000).value


def test_runs_of_one_method_are_told_together():
    surveys = [surveyed(seed, path=f"seed{seed}.tsv") for seed in (1, 2, 3)]
    report = runs_report(surveys)
    assert list(report.runs) == ["mean p", "N=1,000", "N=10,000", "N=100,000"]
    console = Console(width=200, record=True, file=io.StringIO())
    print_surveys(report, console)
    text = console.export_text()
    assert "mean of 3 runs of one method" in text
    assert f"{report.runs['N=1,000'].value:.4f}" in text
    found = to_json(report)["runs"]["N=1000"]
    assert found["values"] == pytest.approx([survey.acr(1000).value for survey in surveys], rel=1e-12)


def test_repr_is_one_line():
    a, b = surveyed(1), surveyed(2)
    assert repr(a).startswith("Survey('made up', 400 images, 200 draws per image, sigma=0.5, ACR at N=100,000: 0.")
    assert "\n" not in repr(compare_surveys(a, b))
