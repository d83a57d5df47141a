"""The figures of a group: titles, ranks, predictions, bars and ticks."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from audit_logs import log_of_counts
from hypothesis import given
from hypothesis import strategies as st

from rstheory import certified_radius_sf
from rstheory.audit.budget_curves import BudgetCurves
from rstheory.audit.frames import accuracy_frame, budget_frame, predicted_frame, rank_frame, survival_frame
from rstheory.audit.report import audit_report
from rstheory.plots import (
    CAPTIONS,
    acr_by_budget,
    attribution_bars,
    group_figures,
    radius_accuracy,
    rank_table,
    survival,
)
from rstheory.plots.audit import looks_of_run
from rstheory.plots.labels import spread
from rstheory.plots.style import COLORS
from rstheory.radius import certified_radius_inverse


def heads(plates):
    """The title at the head of each figure, by its stem."""
    return {plate.stem: plate.figure.get_suptitle() or plate.figure.axes[0].get_title("left") for plate in plates}


def test_titles_say_what_was_certified(report):
    group = report.groups[0]
    settings = r"$\sigma = 0.5$, $N = 10^{3}$, $\alpha = 0.001$"
    named = heads(group_figures(report, group, subject="costs $5"))
    assert set(named) == {"survival", "radius_accuracy", "acr_by_budget", "attribution", "ranks"}
    assert all(title.startswith(rf"costs \$5, {settings}") for title in named.values())
    assert all(title.startswith(settings) for title in heads(group_figures(report, group)).values())


def drawn_lines(axes):
    return {line.get_label(): line.get_xydata() for line in axes.get_lines()}


def cells(axes):
    """The numbers in the cells of a table of ranks, and which of the cells have a colour."""
    numbers = {tuple(map(int, text.get_position())): text.get_text() for text in axes.texts}
    (image,) = axes.get_images()
    rows, columns = image.get_array().shape[:2]
    colours = np.asarray(image.get_array())
    table = [[numbers[j, i] for j in range(columns)] for i in range(rows)]
    return table, np.ptp(colours[:, :, :3], axis=2) > 1e-6


def test_ranks_leave_out_radii_that_nobody_certifies_and_colour_who_is_first_within_error():
    """The logs tie at small radii, then the stronger leads, and at the largest neither certifies a sample."""
    strong, weak = (log_of_counts([k] * 40, path=path) for k, path in ((990, "strong"), (870, "weak")))
    report = audit_report([strong, weak], [100])
    group = report.groups[0]
    assert group.radii[-1] > strong.radius[0]
    frame = rank_frame(report, group, ["strong", "weak"])
    at = frame[frame["by"] == "certified accuracy"].pivot(index="at", columns="log", values="rank")
    reached = [r for r in group.radii if r <= strong.radius[0]]
    assert at.index.tolist() == reached
    assert at["strong"].eq(1).all()
    tied = [r <= weak.radius[0] for r in reached]
    assert 0 < sum(tied) < len(tied)
    assert at["weak"].tolist() == [1 if tie else 2 for tie in tied]
    first = frame[frame["by"] == "certified accuracy"].pivot(index="at", columns="log", values="first")
    assert first["strong"].all()
    assert first["weak"].tolist() == tied
    by_acr, by_accuracy = rank_table(frame, "").axes
    numbers, colour = cells(by_accuracy)
    assert numbers == [["1"] * len(reached), ["1" if tie else "2" for tie in tied]]
    assert colour.tolist() == [[True] * len(reached), tied]
    assert cells(by_acr)[0] == [["1", "1"], ["2", "2"]]


def test_ranks_of_logs_that_were_not_tested_have_a_pale_leader(report, monkeypatch):
    monkeypatch.setattr("rstheory.audit.report.MOST_STANDING", 1)
    untested = audit_report([log.log for log in report.logs[:2]], [100], pairs="none")
    frame = rank_frame(untested, untested.groups[0], ["first", "second"])
    assert frame["first"].isna().all()
    numbers, colour = cells(rank_table(frame, "").axes[0])
    assert colour.tolist() == [[cell == "1" for cell in row] for row in numbers]


def test_a_method_has_one_colour_in_all_figures_of_a_run():
    """At one noise level three methods, at the other two of them, in another order by ACR."""
    ks = {0.5: {"a": 990, "b": 900, "c": 800}, 1.0: {"c": 950, "a": 900}}
    logs = [log_of_counts([k, k - 20], sigma=s, path=f"{m}/{s}") for s, of in ks.items() for m, k in of.items()]
    report = audit_report(logs, [100])
    look_of = looks_of_run(report)
    assert [look_of[name].color for name in "abc"] == list(COLORS[:3])
    for group in report.groups:
        for plate in group_figures(report, group):
            if plate.stem == "acr_by_budget":
                named = {text.get_text(): text.get_color() for axes in plate.figure.axes for text in axes.texts}
                assert named.items() >= {name: look_of[name].color for name in group.names}.items()
                drawn = {line.get_color() for axes in plate.figure.axes for line in axes.get_lines()} - {"black"}
                assert drawn == {look_of[name].color for name in group.names}


@given(st.lists(st.floats(0, 1), max_size=12).map(sorted), st.floats(0.01, 0.2))
def test_labels_stand_apart_in_order_and_stay_where_there_is_room(heights, apart):
    places = spread(heights, apart)
    assert all(b - a >= apart - 1e-9 for a, b in pairwise(places))
    assert np.mean(places) == pytest.approx(np.mean(heights), abs=1e-9) if heights else not places
    if all(b - a >= apart for a, b in pairwise(heights)):
        assert places == heights


def test_every_figure_says_what_to_see(report):
    for plate in group_figures(report, report.groups[0]):
        assert plate.caption.startswith(CAPTIONS[plate.stem] + " ")
    assert all(text.endswith(".") and text.count(".") == 1 for text in CAPTIONS.values())


def test_prediction_starts_just_beyond_the_log_and_joins_it(report):
    drawn = BudgetCurves([log.log for log in report.logs[:2]]), [0, 1], ["first", "second"]
    frame = pd.concat([budget_frame(*drawn), predicted_frame(*drawn)])
    beyond = sorted(set(frame.loc[frame["kind"] == "predicted", "n"]))
    assert beyond == [1001, 1200, 1500, 2000, 3000, 5000, 10_000]
    at = frame.set_index(["log", "n"])["acr"]
    for name in ("first", "second"):
        assert abs(at[name, 1001] - at[name, 1000]) < abs(at[name, 1200] - at[name, 1000])
        assert at[name, 1000] < at[name, 1200] < at[name, 10_000]
    for axes in acr_by_budget(frame, pd.DataFrame(columns=["log", "first", "n"]), "").axes:
        ends = [(line.get_xdata()[0], line.get_xdata()[-1]) for line in axes.get_lines() if len(line.get_xdata())]
        assert ends == [(100, 1000), (1001, 10_000)] * 2


def test_no_bar_where_nothing_differs():
    parts = pd.DataFrame(
        {
            "log": ["a"] * 3 + ["b"] * 3,
            "difficulty": ["hard", "middle", "easy"] * 2,
            "difference": [0.1, 0.0, 0.0, -0.2, 0.3, 0.0],
            "standard_error": [0.01, 0.0, 0.0, 0.01, 0.02, np.nan],
        }
    )
    figure = attribution_bars(parts, "reference", "")
    heights = {bars.get_label(): [bar.get_height() for bar in bars] for bars in figure.axes[0].containers[1::2]}
    assert list(heights) == ["hard", "middle", "easy: no difference"]
    np.testing.assert_array_equal(list(heights.values()), [[0.1, -0.2], [np.nan, 0.3], [np.nan, np.nan]])


def test_survival_shows_the_first_band_and_enough_ticks():
    weak = [log_of_counts([k, k - 20], n=1000, path=str(k)) for k in (900, 850, 800)]
    left, right = survival(survival_frame(weak, ["a", "b", "c"]), "", 0.5).axes[:2]
    assert len(left.collections) == 1, "one band of D4"
    assert {text.get_text() for text in right.texts} == {"a", "b", "c"}
    (axes,) = radius_accuracy(accuracy_frame(weak, ["a", "b", "c"]), "").axes
    assert len(axes.collections) == 1
    assert [tick.get_text() for tick in left.get_xticklabels()] == ["0.5", "0.7", "0.8", "0.9"]
    strong = [log_of_counts([1000, 900], n=1000, path="strong")]
    axes, radii = survival(survival_frame(strong, ["a"]), "", 0.5).axes
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0.5", "0.9", "0.99"]
    for tick, text in zip(radii.get_xticks(), radii.get_xticklabels(), strict=True):
        assert float(text.get_text()) == pytest.approx(float(certified_radius_sf(tick, 0.5)), abs=1e-9)


def test_errors_of_a_lead_are_those_of_the_curve_at_their_u():
    a, b = log_of_counts([999, 950, 900, 800] * 25), log_of_counts([990, 990, 850, 700] * 25, path="b")
    frame = survival_frame([a, b], ["a", "b"])
    right = survival(frame, "", 0.5).axes[1]
    (bars,) = [container for container in right.containers if len(container)]
    for ends in bars[2][0].get_segments():
        (tail, low), (_, high) = ends
        u = 1 - tail
        at = [log.correct & (certified_radius_inverse(log.radius, 0.5) > u - 1e-9) for log in (b, a)]
        assert (low + high) / 2 == pytest.approx(100 * float(np.mean(at[0]) - np.mean(at[1])), abs=1e-9)
