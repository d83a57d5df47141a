"""D4, D5: survival curves, leads and attribution, each number against the plainest way to get it."""

import numpy as np
import pytest
from audit_logs import counts_of_model, log_of_counts
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from rstheory.audit.frames import attribution_frame, survival_frame


@st.composite
def logs(draw):
    """Two logs at one budget, of which the second may hold the first samples alone; rounded, or not."""
    n = draw(st.sampled_from([100, 1000]))
    size = draw(st.integers(2, 40))
    count = st.one_of(st.integers(n // 2, n), st.sampled_from([0, n - 1, n]))
    made = []
    for samples in (size, draw(st.integers(2, size))):
        counts = draw(st.lists(count, min_size=samples, max_size=samples))
        wrong = draw(st.lists(st.integers(0, samples - 1), max_size=samples // 2))
        made.append(log_of_counts(counts, n, wrong=wrong, digits=draw(st.sampled_from([None, 3]))))
    return made


@given(logs())
@settings(max_examples=30)
def test_a_survival_curve_counts_the_samples_that_reach_each_step(made):
    """One row for each bound of a sample predicted correctly, and the first one again at u = 1/2."""
    frame = survival_frame(made, ["a", "b"])
    for log, name in zip(made, "ab", strict=True):
        rows = frame[frame["log"] == name]
        sound, rows_of_log = log.rounded_down().radius, range(log.samples)
        steps = sorted({sound[i] for i in rows_of_log if log.correct[i]})
        if steps:
            assert rows["tail"].iloc[0] == 0.5
            assert rows["share"].iloc[0] == rows["share"].iloc[1]
        rows = rows.iloc[1:]
        for radius, tail, share in zip(steps, rows["tail"], rows["share"], strict=True):
            assert tail == pytest.approx(norm.sf(radius / log.sigma), rel=1e-9)
            reaching = sum(bool(log.correct[i]) and log.radius[i] >= radius for i in rows_of_log)
            assert share == pytest.approx(reaching / log.samples, rel=1e-12)


@given(logs())
@settings(max_examples=30)
def test_a_lead_is_a_paired_mean_with_its_standard_error(made):
    """d = +1, 0, -1 for each sample that both logs hold: its mean, and its deviation (of n, not n - 1) over sqrt n. No
    lead beyond what either log reaches on them."""
    frame = survival_frame(made, ["a", "b"])
    for log, name in zip(made, "ab", strict=True):
        common = min(log.samples, made[0].samples)
        own, other = (np.where(one.correct, one.radius, -1.0)[:common] for one in (log, made[0]))
        rows = frame[frame["log"] == name].iloc[1:]  # without the one at u = 1/2
        steps = np.unique(log.rounded_down().radius[log.correct])
        for radius, lead, error in zip(steps, rows["lead"], rows["lead_error"], strict=True):
            if radius > min(own.max(), other.max()):
                assert np.isnan(lead)
                assert np.isnan(error)
                continue
            d = [int(mine >= radius) - int(theirs >= radius) for mine, theirs in zip(own, other, strict=True)]
            mean = sum(d) / common
            assert lead == pytest.approx(mean, abs=1e-12)
            assert error**2 == pytest.approx(sum((x - mean) ** 2 for x in d) / common**2, abs=1e-12)


def test_the_error_of_a_large_lead_is_small():
    """One log reaches everywhere, the other nowhere but on one sample: nearly every d is 1, and hardly varies."""
    frame = survival_frame([log_of_counts([1000] + [600] * 99), log_of_counts([1000] * 100)], ["a", "b"])
    row = frame[frame["log"] == "b"].iloc[-1]
    assert row["lead"] == pytest.approx(0.99)
    assert row["lead_error"] == pytest.approx((0.99 * 0.01 / 100) ** 0.5)


@pytest.mark.parametrize("samples", [2, 7, 200, 333])
def test_attribution_splits_the_difference_and_its_error_is_the_paired_one(samples):
    """d = radius of one minus radius of the other, counted within a bin of the other's bound on p and 0 outside it: the
    part is the mean of d over all samples, and its error that of a mean."""
    wrong = [1, 5, 6]
    reference = log_of_counts(counts_of_model(1, samples, n=10_000), 10_000, wrong=wrong)
    other = log_of_counts(counts_of_model(2, samples, n=10_000, b=0.3), 10_000, wrong=[0, 5])
    frame = attribution_frame([reference, other], ["reference", "other"])
    assert set(frame["log"]) == {"other"}
    limits = {"not certified": (-1, 0.5), "0.5-0.9": (0.5, 0.9), "0.9-0.99": (0.9, 0.99)}
    limits |= {"0.99-0.999": (0.99, 0.999), "0.999-1": (0.999, 1)}
    assert frame["difficulty"].tolist() == list(limits)
    change = other.radius * other.correct - reference.radius * reference.correct
    bound = np.where(reference.correct, norm.cdf(reference.radius / 0.5), 0)
    for difficulty, part, error in frame.drop(columns="log").itertuples(index=False):
        low, high = limits[difficulty]
        d = [x if low < u <= high else 0.0 for x, u in zip(change, bound, strict=True)]
        mean = sum(d) / samples
        assert part == pytest.approx(mean, abs=1e-12)
        expected = (sum((x - mean) ** 2 for x in d) / (samples - 1) / samples) ** 0.5
        assert error == pytest.approx(expected, rel=1e-12, abs=1e-15)
    assert frame["difference"].sum() == pytest.approx(other.acr - reference.acr, abs=1e-12)
