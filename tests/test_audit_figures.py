"""The figures of a group: titles, ranks, predictions, bars and ticks."""

import numpy as np
import pandas as pd
from audit_logs import log_of_counts

from rstheory.audit.budget_curves import BudgetCurves
from rstheory.audit.frames import accuracy_frame, budget_frame, predicted_frame, rank_frame, survival_frame
from rstheory.audit.report import audit_report
from rstheory.plots import acr_by_budget, attribution_bars, group_figures, radius_accuracy, rank_flips, survival


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


def test_ranks_leave_out_radii_that_nobody_certifies_and_show_ties():
    """The logs tie at small radii, then the stronger leads, and at the largest neither certifies a sample."""
    strong, weak = (log_of_counts([k, k], path=path) for k, path in ((990, "strong"), (870, "weak")))
    report = audit_report([strong, weak], [100])
    group = report.groups[0]
    assert group.radii[-1] > strong.radius[0]
    frame = rank_frame(report, group, ["strong", "weak"])
    at = frame[frame["by"] == "certified accuracy"].pivot(index="at", columns="log", values="rank")
    reached = [r for r in group.radii if r <= strong.radius[0]]
    assert at.index.tolist() == reached
    assert at["strong"].eq(1).all()
    assert at["weak"].tolist() == [1 if r <= weak.radius[0] else 2 for r in reached]
    by_acr, by_accuracy = rank_flips(frame, "").axes
    assert by_acr.get_xscale() == "log"
    lines = drawn_lines(by_accuracy)
    tied = lines["weak"][:, 0] <= weak.radius[0]
    assert 0 < tied.sum() < len(tied)
    assert (lines["strong"][:, 1] == 1).all()
    assert ((lines["weak"][tied, 1] > 1) & (lines["weak"][tied, 1] < 1.5)).all()
    assert (lines["weak"][~tied, 1] == 2).all()


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
    figure = survival(survival_frame(weak, ["a", "b", "c"]), "")
    left, right = figure.axes
    assert [len(axes.collections) for axes in (left, right)] == [1, 2]  # one band of D4; two of leads
    (axes,) = radius_accuracy(accuracy_frame(weak, ["a", "b", "c"]), "").axes
    assert len(axes.collections) == 1
    assert [tick.get_text() for tick in left.get_xticklabels()] == ["0.5", "0.7", "0.8", "0.9"]
    strong = [log_of_counts([1000, 900], n=1000, path="strong")]
    (axes,) = survival(survival_frame(strong, ["a"]), "").axes
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0.5", "0.9", "0.99"]
