"""The verdict of an audit: what it says, that it is short whatever is audited, and the forms in which it comes."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from audit_logs import counts_of_model, log_of_counts, model
from hypothesis import given, settings
from hypothesis import strategies as st
from log_files import HEADER, row, write
from typer.testing import CliRunner

from rstheory import radius_from_count, trivial_acr
from rstheory.audit.markdown import to_markdown
from rstheory.audit.report import audit_report
from rstheory.audit.sentences import MOST_LINES, sentences
from rstheory.audit.verdict import judge
from rstheory.audit.view import Line, Rows, view
from rstheory.cli import app
from rstheory.logs.find import find_logs
from rstheory.logs.read import read_log
from rstheory.tables import Column, TextColumn


def verdict_of(*logs):
    return judge(audit_report(logs, [100], pairs="none"))


@settings(max_examples=10)
@given(st.lists(st.integers(1, 3), min_size=1, max_size=10), st.booleans())
def test_the_verdict_has_ten_lines_at_most_and_names_every_group_or_counts_it(sizes, on_other_data):
    """Groups by noise level, or on other images at one noise level."""
    logs = []
    for g, size in enumerate(sizes):
        for i in range(size):
            log = log_of_counts(counts_of_model(i, 40), path=f"{g}/{i}/x.tsv", sigma=1.0 if on_other_data else 1.0 + g)
            logs.append(replace(log, index=log.index + 100 * g) if on_other_data else log)
    verdict = verdict_of(*logs)
    lines = sentences(verdict)
    assert len(verdict.groups) == len(sizes)
    assert len(lines) <= MOST_LINES
    assert lines[0].startswith(f"Verdict on {sum(sizes)} log")
    assert lines[-1].startswith("Report instead: ")
    assert all(line.endswith(".") and "\n" not in line for line in lines)


def test_a_leader_within_error_is_no_winner():
    weak = log_of_counts([800] * 200, path="weak")
    one, other = (log_of_counts(counts_of_model(seed, b=0.2), path=f"{seed}") for seed in (1, 2))
    verdict = verdict_of(one, other, weak)
    (group,) = verdict.groups
    assert set(group.top) == {"1", "2"}
    assert group.tiers[-1] == ("weak",)
    text = sentences(verdict)
    first, second = group.top
    assert (
        f"{first} has the largest ACR, {group.acr[0]:.4f}, but {second} ({group.acr[1]:.4f}) is within error" in text[2]
    )
    assert "Then weak." in text[2]
    alone = verdict_of(one, weak)
    assert "has the largest ACR" in sentences(alone)[2]
    assert "beyond error. Then weak." in sentences(alone)[2]


def test_an_order_that_the_radius_turns_round_is_said_with_who_leads_where():
    """`steady` certifies every sample a little, `split` half of them as far as can be: it has the larger ACR."""
    steady, split = log_of_counts([700] * 200, path="steady"), log_of_counts([1000, 300] * 100, path="split")
    (group,) = verdict_of(steady, split).groups
    assert group.order == ("split", "steady")
    (found,) = group.by_radius.contradictions
    assert (found.above, found.below) == ("split", "steady")
    assert found.at == (0.0,)
    assert group.by_radius.first[0] == ("steady",)
    assert "With r the order changes, beyond error: steady leads at r=0." in sentences(verdict_of(steady, split))[3]


def test_a_log_that_cannot_be_what_it_says_comes_first_with_what_its_radii_fit(tmp_path):
    """Certified at alpha = 0.01, read at the field's 0.001."""
    counts = np.random.default_rng(0).binomial(100_000, np.random.default_rng(1).beta(2, 0.05, 300))
    radius = np.asarray(radius_from_count(counts, 100_000, 0.01, 0.25))
    lines = [HEADER, *(row(i, f"{r:.3}" if r else "0.0", predict=3 if r else -1, label=3, correct=int(r > 0))
                       for i, r in enumerate(radius))]  # fmt: skip
    verdict = verdict_of(read_log(write(tmp_path, lines, "noise_0.25")))
    (suspect,) = verdict.suspects
    assert (suspect.code, suspect.fits) == ("radius-above-maximum", (100_000, 0.01))
    second = sentences(verdict)[1]
    assert second.startswith(f"Cannot be what they say: {suspect.log} (")
    assert second.endswith("they fit N=100,000, alpha=0.01.")
    assert sentences(verdict_of(model(1, "honest")))[1] == "No log contradicts itself."


def test_the_constant_classifier_is_counted_on_the_labels_of_the_logs():
    weak, strong = log_of_counts([600] * 100, path="weak"), log_of_counts([1000] * 100, path="strong")
    constant = verdict_of(weak, strong).groups[0].constant
    assert (constant.classes, constant.share) == (10, 0.1)
    assert constant.acr == pytest.approx(float(trivial_acr(1000, 1e-3, 0.5, 0.1)))
    assert constant.beaten == ("weak",)
    assert "no less than weak" in sentences(verdict_of(weak, strong))[-2]
    honest = verdict_of(strong).groups[0]
    passes = honest.constant.passes_first_at.log10_n
    assert (
        trivial_acr(10 ** int(passes + 1), 1e-3, 0.5, 0.1)
        > honest.acr[0]
        > trivial_acr(10 ** int(passes), 1e-3, 0.5, 0.1)
    )
    assert f"with N=10^{passes:.1f} it passes strong" in sentences(verdict_of(strong))[-2]


def test_too_many_logs_for_tests_are_said_to_be(monkeypatch):
    monkeypatch.setattr("rstheory.audit.report.MOST_STANDING", 2)
    text = sentences(verdict_of(*(model(i, f"{i}") for i in range(3))))
    assert text[2].endswith("not tested.")


def test_markdown_has_the_same_words_as_the_terminal():
    report = audit_report([model(1, "a|b.tsv"), model(2, "c_d.tsv")], [100])
    text = to_markdown(view(report))
    for line in sentences(judge(report))[1:]:
        assert line in text.replace("\\", "")
    assert r"| a\|b |" in text
    assert r"c\_d" in text
    table = Rows((TextColumn("log", ("x",)),), (Column("ACR", ("0.5",)),))
    assert to_markdown([table, Line("end")]) == "| log | ACR |\n| :-- | --: |\n| x | 0.5 |\n\nend\n"


# -- the command ------------------------------------------------------------------------------------------------------


def audit(*arguments):
    return CliRunner().invoke(app, ["audit", *map(str, arguments)])


@pytest.fixture
def log(tmp_path):
    rows = (row(i, f"0.{50 + i}") for i in range(20))
    return write(tmp_path, [HEADER, *rows], "noise_0.50")


def test_standard_output_holds_json_or_markdown_and_nothing_else(log, tmp_path):
    result = audit(log, "--json", "-", "--markdown", tmp_path / "audit.md")
    data = json.loads(result.stdout)
    assert data["verdict"]["text"][0].startswith("Verdict on 1 log")
    assert data["verdict"]["groups"][0]["top"] == [data["logs"][0]["name"]]
    assert "wrote" in result.stderr
    result = audit(log, "--markdown", "-", "--json", tmp_path / "audit.json")
    assert result.stdout.startswith("## Verdict on 1 log")
    assert "wrote" not in result.stdout
    assert json.loads((tmp_path / "audit.json").read_text())["verdict"] == data["verdict"]
    for same in ("-", tmp_path / "both"):
        result = audit(log, "--markdown", same, "--json", same)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "name the same output" in result.stderr


def test_the_verdict_comes_before_any_table_and_full_tells_more(log):
    short, full = audit(log).stdout.splitlines(), audit(log, "--full").stdout.splitlines()
    assert short[0].startswith("Verdict on 1 log")
    assert short.index(next(line for line in short if line.startswith("┏"))) <= MOST_LINES + 2
    assert short[:4] == full[:4]
    assert len(full) > len(short)


def test_folders_of_outputs_are_made_or_refused_before_anything_is_computed(log, tmp_path):
    result = audit(log, "--json", tmp_path / "a" / "b.json", "--markdown", tmp_path / "c" / "d.md")
    assert result.exit_code == 0, result.output
    assert all((tmp_path / made).exists() for made in ("a/b.json", "c/d.md"))
    for option in ("--json", "--markdown", "--figures"):
        result = audit(log, option, log / "under" / "a file")
        assert (result.exit_code, result.stdout) == (2, "")
        assert "cannot make its folder" in result.stderr


def test_the_logs_that_ship_have_a_name(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    result = audit("--zoo")
    assert result.exit_code == 0
    assert result.stderr == ""
    assert "Verdict on 12 logs" in result.stdout
    result = audit()
    assert result.exit_code == 2
    assert "--zoo" in result.stderr


# -- the logs that the paper's authors published ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def published():
    folder = os.environ.get("RSTHEORY_PUBLISHED_LOGS")
    if not folder:
        pytest.skip("RSTHEORY_PUBLISHED_LOGS does not name the published certification logs")
    return judge(audit_report([read_log(path) for path in find_logs([Path(folder)]).logs], pairs="none"))


def test_the_published_logs_at_half_are_led_by_two_and_no_one(published):
    (group,) = (g for g in published.groups if (g.sigma, g.label) == (0.5, "cifar10"))
    assert group.tiers[0] == ("ours", "catrs")
    assert group.tiers[-1] == ("gaussian",)
    assert not group.by_budget.contradictions
    assert (group.crossing.estimate, group.crossing.order) == (pytest.approx(23_800, rel=0.01), "open")
    assert {pair.below for pair in group.by_radius.contradictions if pair.above == "ours"} >= {"gaussian"}
    assert group.by_radius.first[0] == ("gaussian",)


def test_the_impossible_published_logs_are_in_the_first_lines(published):
    assert {suspect.log for suspect in published.suspects} == {
        f"imagenet/gaussian/noise_{sigma}" for sigma in ("0.25", "0.5", "1.0")
    }
    assert {suspect.fits for suspect in published.suspects} == {(100_000, 0.01)}
    text = sentences(published)
    assert len(text) <= MOST_LINES
    assert all(suspect.log in text[1] for suspect in published.suspects)
