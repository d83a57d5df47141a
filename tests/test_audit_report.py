"""The report of an audit: schema, ranks, groups, names, and the published logs where they are at hand."""

import io
import json
import os
import re
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from audit_logs import counts_of_model, log_of_counts, model
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from rstheory._words import group_labels, short_names
from rstheory.audit.export import to_json, write_json
from rstheory.audit.full_view import flips, full_view
from rstheory.audit.groups import radius_grid, ranks
from rstheory.audit.report import BUDGETS, COMPARED_UNASKED, audit_report
from rstheory.audit.terminal import print_blocks
from rstheory.audit.view import shown_radii, view
from rstheory.logs.find import find_logs
from rstheory.logs.read import read_log


def printed(report, shown=view):
    console = Console(file=io.StringIO(), width=1000, emoji=False)
    print_blocks(shown(report), console)
    return console.file.getvalue()


def test_every_log_appears_with_its_numbers(report):
    assert [log.name for log in report.logs] == ["first", "second", "third"]
    for log in report.logs:
        assert [budget.n for budget in log.budgets] == [100, 300, 1000]
        assert [budget.kind for budget in log.budgets] == ["exact", "exact", "as printed"]
        assert log.acr_at(1000) == log.log.acr == pytest.approx(np.mean(log.log.correct * log.log.radius), abs=1e-12)
        assert log.radii[0] == 0
        assert log.certified_accuracy[0] == log.log.clean_accuracy
    assert [(budget.n, budget.kind) for budget in report.predicted] == [(10_000, "predicted")] * 3
    exact = [log.log.at_budget(10_000).acr for log in report.logs]
    assert [budget.acr for budget in report.predicted] == pytest.approx(exact, abs=1e-6)


def test_only_logs_with_one_noise_level_are_grouped(report):
    assert [group.members for group in report.groups] == [(0, 1), (2,)]
    assert [len(group.comparisons) for group in report.groups] == [1, 0]
    assert report.groups[1].not_compared == "only one log"


def test_other_budgets_and_other_images_are_not_grouped():
    first = model(1, "a.tsv")
    relabelled = replace(model(2, "b.tsv"), path="b.tsv", label=(first.label + 3) % 10)
    shorter = first.select(np.arange(50))
    report = audit_report(
        [first, relabelled, log_of_counts([90, 80], n=100, path="c.tsv"), replace(shorter, path="d.tsv")]
    )
    assert sorted(group.members for group in report.groups) == [(0, 3), (1,), (2,)]
    (pair,) = (pair for group in report.groups for pair in group.comparisons)
    assert pair.samples == 50
    (group,) = (group for group in report.groups if group.comparisons)
    assert [warning.code for warning in group.between[0]] == ["different-samples"]
    assert "different-samples" in printed(report)


def test_many_logs_are_compared_when_asked_only():
    logs = [log_of_counts([90 + i % 10, 80], n=100, path=f"{i}.tsv") for i in range(COMPARED_UNASKED + 1)]
    report = audit_report(logs)
    assert not report.groups[0].comparisons
    assert "--compare" in printed(report, full_view)
    assert len(audit_report(logs, pairs="all").groups[0].comparisons) == len(logs) * (len(logs) - 1) // 2
    assert not audit_report(logs[:2], pairs="none").groups[0].comparisons


def above_its_budget(seed, share=0.1, **options):
    """A log some of whose radii its budget cannot certify."""
    log = log_of_counts(counts_of_model(seed), **options)
    rows = np.arange(log.samples) < share * log.samples
    return replace(log, radius=np.where(rows & log.correct, 3 * log.max_radius, log.radius))


@settings(max_examples=10)
@given(st.integers(0, 1000), st.floats(0, 1), st.sampled_from([None, 3]))
def test_acr_never_falls_with_more_draws_whatever_the_radii(seed, share, digits):
    log = above_its_budget(seed, share, digits=digits)
    (report,) = audit_report([log], [30, 100, 300]).logs
    known = [budget.acr for budget in report.budgets if budget.kind != "predicted"]
    assert known == sorted(known)
    assert report.budgets[3].acr == pytest.approx(np.mean(np.minimum(log.radius, log.max_radius) * log.correct))
    assert report.budgets[3].acr_sound == pytest.approx(log.rounded_down().acr, rel=1e-14)


def test_radii_cut_off_keep_the_sound_numbers():
    log = above_its_budget(1, digits=3)
    cut = log.possible()
    assert np.any(log.impossible)
    assert not np.any(cut.impossible)
    np.testing.assert_allclose(cut.rounded_down().radius, log.rounded_down().radius, rtol=1e-14)
    assert cut.radius.max() == log.max_radius


@pytest.mark.parametrize(("digits", "rounded_up"), [(3, False), (4, True)])
def test_radii_that_no_budget_gives_lead_nowhere(digits, rounded_up):
    """b has the same radii, the largest of them printed rounded: only the impossible rows tell them apart."""
    b = log_of_counts([1000] * 40 + [900] * 60, digits=digits, known=False, path="b.tsv")
    a = replace(b, path="a.tsv", radius=np.where(np.arange(100) < 20, 9.0, b.radius))
    assert (b.radius.max() > b.max_radius) == rounded_up
    report = audit_report([a, b], [100])
    (pair,) = report.groups[0].comparisons
    assert (pair.regions, pair.dominates) == ((), None)
    assert pair.acr_difference == pytest.approx(a.acr - b.acr)
    assert report.groups[0].rank_by_budget[0] == (1, 1)
    assert printed(report).count("│ a (!) ") == 1
    text = printed(report, full_view)
    assert text.count("│ a (!) ") == 3
    assert "b (!)" not in text
    assert "(!) Has radii above 1.232," in text
    assert "(!)" not in printed(audit_report([b, replace(b, path="c.tsv")]), full_view)


def test_progress_counts_to_the_end():
    steps, opened = [], []

    def progress(total):
        opened.append(total)
        return nullcontext(steps.append)

    audit_report([model(1, "a"), model(2, "b")], progress=progress)
    assert opened == [sum(steps)]
    assert set(steps) == {1}


def test_json_has_the_promised_names(report, tmp_path):
    data = to_json(report)
    for log in data["logs"]:
        promised = {"path", "sigma", "n", "alpha", "samples", "acr", "certified_accuracy", "abstain_rate", "budget"}
        assert promised | {"warnings"} <= set(log)
        assert list(log["budget"]) == ["100", "300", "1000"]
        assert list(log["budget_predicted"]) == ["10000"]
        assert list(log["certified_accuracy"])[:2] == ["0.00", "0.25"]
    (comparison,) = data["comparisons"]
    promised = {"a", "b", "samples", "acr_difference", "dominates", "crossings", "crossing_budgets"}
    assert promised <= set(comparison)
    assert comparison["dominates"] in ("a", "b", None)
    write_json(data, tmp_path / "new" / "audit.json")
    assert json.loads((tmp_path / "new" / "audit.json").read_text()) == data
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["audit.json"]


def test_leads_are_told_in_r_as_well_as_in_u():
    """`steady` leads up to its one radius, `split` from there on."""
    steady, split = log_of_counts([700] * 200, path="steady"), log_of_counts([1000, 300] * 100, path="split")
    report = audit_report([steady, split], [100])
    r, top = steady.radius[0], split.max_radius
    regions = to_json(report)["comparisons"][0]["regions"]
    assert [(region["start_radius"], region["end_radius"]) for region in regions] == [
        (0, pytest.approx(r)), (pytest.approx(r), pytest.approx(top)),
    ]  # fmt: skip
    text = printed(report, full_view)
    assert f"steady 0.00-{r:.2f} (0.5-" in text
    assert f"split {r:.2f}-{top:.2f} (" in text


def test_json_has_null_for_what_is_no_number():
    report = audit_report([log_of_counts([90], n=100, path="one.tsv"), log_of_counts([95], n=100, path="two.tsv")])
    data = to_json(report)
    assert data["logs"][0]["standard_error"] is None
    json.dumps(data, allow_nan=False)


def test_nothing_to_audit():
    empty = audit_report([])
    verdict = {"text": [], "logs": 0, "assumed": [], "suspects": [], "groups": []}
    assert to_json(empty) == {"verdict": verdict, "logs": [], "comparisons": [], "groups": []}
    assert printed(empty) == printed(empty, full_view) == ""


def test_a_budget_too_large_to_transport_is_reported_as_printed():
    log = log_of_counts([10**9, 10**9 - 5], n=10**9, path="large.tsv")
    report = audit_report([log, replace(log, path="larger.tsv")])
    assert [(budget.n, budget.kind) for budget in report.logs[0].budgets] == [(10**9, "as printed")]
    assert "not transported" in report.groups[0].not_compared
    printed(report)
    printed(report, full_view)


def test_radius_grid_reaches_the_largest_radius_and_stays_short():
    grid = radius_grid(log_of_counts([90], n=100_000, sigma=1.0))
    assert grid == tuple(0.25 * i for i in range(16))
    assert len(radius_grid(log_of_counts([90], n=1000, sigma=1e9))) <= 1024
    assert radius_grid(log_of_counts([2], n=2)) == (0.0,)


def test_ranks_share_ties():
    assert ranks([3.0, 1.0, 3.0, 2.0]) == (1, 4, 1, 3)


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["a/noise_0.25", "a/noise_0.5"], ["noise_0.25", "noise_0.5"]),
        (["m/ours/noise_0.5.tsv", "m/ours/noise_1.0.tsv", "m/x/noise_0.5.tsv"],
         ["ours/noise_0.5", "ours/noise_1.0", "x/noise_0.5"]),
        (["a.tsv", "a.txt"], ["a.tsv", "a.txt"]),
        (["noise_0.5.tsv"], ["noise_0.5"]),
        (["a/\x1b[31mred.tsv"], [r"\x1b[31mred"]),
        ([], []),
    ],
)  # fmt: skip
def test_short_names(paths, names):
    assert short_names(paths) == names


def test_groups_on_other_data_are_labelled():
    first = [model(seed, f"logs/digits/{seed}/noise_0.5.tsv") for seed in (1, 2)]
    other = replace(model(3, "logs/cifar10-resnet20/3/noise_0.5.tsv"), label=(first[0].label + 3) % 10)
    report = audit_report(
        [*first, replace(other, path="logs/cifar10-resnet20/4.tsv"), other, model(5, "x.tsv", sigma=1.0)]
    )
    assert [group.label for group in report.groups] == ["digits", "cifar10-resnet20", ""]
    assert [group["label"] for group in to_json(report)["groups"]] == ["digits", "cifar10-resnet20", ""]
    assert "\ndigits: sigma=0.5, N=1,000, alpha=0.001: 2 logs\n" in printed(report)
    assert "\nsigma=1, N=1,000, alpha=0.001: 1 log\n" in printed(report)


@pytest.mark.parametrize(
    ("groups", "labels"),
    [
        ([["a/x.tsv"], ["a/y.tsv"]], ["x", "y"]),
        ([["a/x.tsv", "a/b/y.tsv"], ["a/b/z.tsv"]], ["a", "b"]),
        ([["a/x.tsv", "b/y.tsv"], ["b/z.tsv", "a/w.tsv"]], ["a/x and 1 more", "b/z and 1 more"]),
        ([["a/m/x.tsv", "a/n/x.tsv"], ["/b/x.tsv"], ["b\x1b/x.tsv"]], None),
    ],
)
def test_labels_are_short_and_distinct(groups, labels, monkeypatch):
    monkeypatch.chdir("/")
    found = group_labels(groups)
    assert len(set(found)) == len(groups)
    assert all(label.isprintable() and label for label in found)
    assert labels in (None, found)


@given(st.lists(st.lists(st.text("ab/.", min_size=1), min_size=1, max_size=3), min_size=2, max_size=4))
def test_any_paths_get_labels(groups):
    assert len(group_labels(groups)) == len(groups)


def test_on_a_narrow_terminal_no_number_is_cut():
    logs = [model(seed, f"logs/method number {seed}/noise_0.5.tsv") for seed in (1, 2, 3)]
    report = audit_report(logs)
    console = Console(file=io.StringIO(), width=80, emoji=False, force_terminal=True, color_system=None)
    print_blocks(full_view(report), console)
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    cells = {cell.strip() for line in text.splitlines() for cell in re.split("[│┃]", line)}
    for log in report.logs:
        assert {f"{log.log.acr:.4f}", f"{log.log.rounded_down().acr:.4f}", f"{log.log.standard_error:.4f}"} <= cells
        assert all(any(cell.startswith(f"{b.acr:.4f} (") for cell in cells) for b in log.budgets)
    for pair in report.groups[0].comparisons:
        assert f"{pair.interval[0]:+.4f} to {pair.interval[1]:+.4f}" in cells


@pytest.mark.parametrize(
    ("sigma", "least"),
    [(0.25, [0.25, 0.5, 0.75]), (0.5, [0.5, 1, 1.5]), (1.0, [0.5, 1, 1.5, 2, 2.5]), (2.0, [0.5, 1, 1.5, 2])],
)
def test_the_radii_shown_are_those_of_the_fields_tables(sigma, least):
    grid = radius_grid(log_of_counts([90], n=100_000, sigma=sigma))
    shown = [grid[i] for i in shown_radii(grid)]
    assert set(least) <= set(shown)
    assert len(shown) <= 7
    assert shown == sorted(shown)


@given(st.integers(0, 20), st.integers(1, 1024))
def test_some_radii_are_shown_for_any_grid(doublings, size):
    grid = [0.25 * 2**doublings * i for i in range(size)]
    shown = shown_radii(grid)
    assert len(shown) <= 7
    assert 0 not in shown
    assert bool(shown) == (size > 1)


def test_the_terminal_tells_settings_ranks_and_markup_apart(report):
    text = printed(report)
    assert "sigma=0.5, N=1,000, alpha=0.001: 2 logs" in text
    assert "[red]" in printed(audit_report([model(1, "[red]x.tsv")]))


# -- the logs that the paper's authors published ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def published():
    folder = os.environ.get("RSTHEORY_PUBLISHED_LOGS")
    if not folder:
        pytest.skip("RSTHEORY_PUBLISHED_LOGS does not name the published certification logs")
    return [read_log(path) for path in find_logs([Path(folder, "cifar10")]).logs]


def test_published_acr_is_the_mean_of_the_printed_radii(published):
    assert len(published) == 21
    for log in published:
        table = np.genfromtxt(log.path, delimiter="\t", skip_header=1, usecols=(3, 4))
        assert log.acr == pytest.approx(np.mean(table[:, 0] * table[:, 1]), abs=1e-12)


def test_published_ranking_depends_on_the_budget(published):
    """C8: at sigma = 0.5 the best method at N = 100,000 is not the best at N = 10,000."""
    half = [log for log in published if log.sigma == 0.5]
    (group,) = audit_report(half, BUDGETS, pairs="none").groups
    at = dict(zip(group.budgets, group.rank_by_budget, strict=True))
    assert group.names[at[100_000].index(1)] == "ours"
    assert group.names[at[10_000].index(1)] == "catrs"
    assert 10_000 in flips(group)[0]
    pair = [log for log in half if Path(log.path).parent.name in ("catrs", "ours")]
    (comparison,) = audit_report(pair, []).groups[0].comparisons
    assert [round(n, -2) for n in comparison.crossing_budgets[-1:]] == [23_800]
