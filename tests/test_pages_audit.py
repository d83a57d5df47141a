"""What the page of an audit holds: everything that the terminal tells, and charts of what it was told about."""

import json
import sys

import numpy as np
import pytest
from audit_logs import log_of_counts, model
from log_files import HEADER, own_lines, row, write
from page_reader import read
from typer.testing import CliRunner

from rstheory.audit import full_view, view
from rstheory.audit.report import audit_report
from rstheory.audit.verdict import judge
from rstheory.cli import app
from rstheory.pages import Chart, Paragraph, Points, Remark, Table, audit_page, render
from rstheory.pages.frames import budget_grid, crossing_points, curve_frame, grid_frame, lead_frame
from rstheory.pages.thin import MOST_POINTS


@pytest.fixture(scope="module")
def page(report):
    return audit_page(report, unread=[("x/bad.tsv", "no header")])


def tables(page):
    blocks = [block for section in page.sections for block in section.blocks]
    return [block.table if isinstance(block, Chart) else block for block in blocks if isinstance(block, Chart | Table)]


def texts(page):
    """All sentences of a page, those of its charts too."""
    for section in page.sections:
        for block in section.blocks:
            if isinstance(block, Paragraph | Remark):
                yield block.text
            elif isinstance(block, Points):
                yield from (text for point in block.points for text in point)
            elif isinstance(block, Table):
                yield from block.remarks
            elif isinstance(block, Chart):
                yield from block.table.remarks


def test_everything_that_the_terminal_tells_is_there(page, report):
    """But the warnings, which are in a table of their own."""
    told = list(full_view.full_view(report, judge(report)))
    shown = {cell for table in tables(page) for cells in table.rows for cell in cells}
    rows = [block for block in told if isinstance(block, view.Rows)]
    assert len(rows) >= 5
    for block in rows:
        assert {cell for column in (*block.names, *block.others) for cell in column.cells} <= shown
    sentences = set(texts(page))
    assert {text for block in told if isinstance(block, view.Points) for text in block.texts} <= sentences
    remarks = {block.text for block in told if isinstance(block, view.Remark)}
    assert len(remarks) >= 4
    assert remarks <= sentences
    assert "no header" in sentences


def test_sections_and_charts(page):
    titles = [section.title for section in page.sections]
    assert (titles[0], titles[-2:]) == ("Verdict", ["Findings", "How it was computed"])
    pair, alone = (
        [block.title for block in section.blocks if isinstance(block, Chart)] for section in page.sections[1:3]
    )
    assert pair == [
        "Certified accuracy",
        "ACR by certification budget",
        "Order by ACR at the chosen budget",
        "Two logs compared",
    ]
    assert alone == pair[:2]
    assert page.sections[1].controls
    assert not page.sections[2].controls


def test_no_more_than_2000_points_of_a_curve_and_no_rows_of_logs():
    log = log_of_counts(np.arange(1000), path="x")
    assert len(curve_frame([log])) < 300
    many = log_of_counts(np.arange(20_000), n=20_000, path="y")
    frame = curve_frame([many])
    assert len(frame) <= 120 < MOST_POINTS
    assert len(grid_frame([many])) <= 60


def test_drawn_curves_are_never_above_the_log(report):
    """At every point, and between two of them, where the staircase keeps to the later one."""
    for member in report.logs:
        frame = curve_frame([member.log])
        assert frame["radius"].is_monotonic_increasing
        true = 100 * np.asarray(member.log.certified_accuracy(frame["radius"].to_numpy()))
        assert np.all(frame["share"] <= true + 1e-9)
        middle = (frame["radius"].to_numpy()[1:] + frame["radius"].to_numpy()[:-1]) / 2
        between = 100 * np.asarray(member.log.certified_accuracy(middle))
        assert np.all(frame["share"].to_numpy()[1:] <= between + 1e-9)
        assert np.all(frame["lower"] <= frame["share"])


def test_leads_are_differences_of_certified_accuracy(report):
    a, b = (report.logs[i].log for i in (0, 1))
    frame, grid = lead_frame([a, b]), grid_frame([a, b])
    assert np.allclose(frame["l0"], grid["s0"] - grid["s1"], atol=1e-4)  # rounded to four places
    assert np.all(frame["e0"] >= 0)


def test_pairs_without_a_common_sample_have_no_lead():
    a = log_of_counts([900, 950], path="a")
    b = log_of_counts([900, 950], path="b")
    object.__setattr__(b, "index", b.index + 10)
    assert lead_frame([a, b])[["l0", "e0"]].isna().all(axis=None)


def test_budgets_end_at_the_log(report):
    group = report.groups[0]
    curves, which = report.curves_of(group)
    frame = budget_grid(curves, which)
    assert frame["n"].iloc[-1] == group.n
    assert list(frame["step"]) == list(range(len(frame)))
    own = [member.log.acr for member in report.members(group)]
    assert np.allclose(frame.iloc[-1][["s0", "s1"]].astype(float), own, atol=1e-4)
    for a, b, n, acr in crossing_points([(0, 1, group.comparisons[0])], frame).itertuples(index=False):
        assert (a, b) == (0, 1)
        assert frame["s0"].min() <= acr <= frame["s0"].max()
        assert n <= group.n


_REFERENCES = ("aria-labelledby", "aria-describedby")


def nobody(**options):
    """A log in which nothing is certified."""
    return log_of_counts([100, 200, 300], **options)


@pytest.mark.parametrize(
    "logs",
    [
        [],
        [model(1, "one.tsv")],
        [nobody(path="a/x.tsv"), nobody(path="b/x.tsv")],
        [nobody(path="a/x.tsv"), nobody(path="c/x.tsv", n=400)],
        [log_of_counts([40, 50], n=60, path="few draws.tsv")],
        [log_of_counts([10**9] * 3, n=10**9, path=path) for path in ("many draws.tsv", "b.tsv")],
        [log_of_counts([], path="empty.tsv")],
        [log_of_counts([1000], path="a.tsv"), log_of_counts([1000], path="b.tsv")],
        [model(seed, f"m{seed}.tsv") for seed in range(9)],
    ],
    ids=["none", "one", "nothing certified", "two budgets", "few draws", "many draws", "empty", "one sample", "nine"],
)
def test_every_kind_of_audit_has_a_page(logs):
    html = render(audit_page(audit_report(logs, pairs="all")))
    reader = read(html)
    assert reader.text.count("Verdict")
    figures = reader.all("figure")
    assert len({figure["aria-labelledby"] for figure in figures}) == len(figures)
    ids = [found["id"] for _, found in reader.elements if "id" in found]
    assert len(set(ids)) == len(ids)
    used = {name for _, found in reader.elements for key in _REFERENCES for name in found.get(key, "").split()}
    assert used <= set(ids)
    if figures:
        data = json.loads(reader.scripts[0])
        assert all(len(text.splitlines()) <= len(logs) * MOST_POINTS for text in data.values())


def test_rows_with_settings_of_their_own_are_told_without_charts(tmp_path):
    lines = [*own_lines([900, 950]), *(line for line in own_lines([0, 0, 900, 950], sigma=0.5)[3:])]
    path = write(tmp_path, lines, "mixed.tsv")
    result = CliRunner().invoke(app, ["audit", str(path), "--html", str(tmp_path / "page.html")])
    assert result.exit_code == 0, result.output
    html = (tmp_path / "page.html").read_text()
    assert "several-settings" in html
    assert "<figure" not in html
    assert "<script" not in html


def test_the_command_writes_the_page(tmp_path):
    path = write(tmp_path, [HEADER, *(row(i, 0.5 + i / 100) for i in range(40))], "<b>'noise_0.5")
    page = tmp_path / "new folder" / "page.html"
    result = CliRunner().invoke(app, ["audit", str(path), str(tmp_path / "nowhere"), "--html", str(page)])
    assert result.exit_code == 1  # for the file that is not there
    assert f"wrote {page}" in result.output
    reader = read(page.read_text())
    assert not reader.all("b")
    assert "<b>'noise_0.5" in reader.text
    assert "nowhere" in reader.text


def test_a_log_is_not_overwritten(tmp_path):
    path = write(tmp_path, [HEADER, row(0)], "noise_0.5.tsv")
    before = path.read_bytes()
    result = CliRunner().invoke(app, ["audit", str(path), "--html", str(path)])
    assert result.exit_code == 2
    assert "one of the logs to be read" in result.output
    assert path.read_bytes() == before


def test_missing_packages_are_named_before_the_audit(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "altair", None)
    path = write(tmp_path, [HEADER, row(0)], "noise_0.5.tsv")
    result = CliRunner().invoke(app, ["audit", str(path), "--html", str(tmp_path / "page.html")])
    assert result.exit_code == 2
    assert "pip install 'rstheory[html]'" in result.output
    assert "Verdict" not in result.output
