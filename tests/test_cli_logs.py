"""What `rstheory audit` tells about logs of every kind: nothing is left out, assumed or contradicted in silence."""

import json

import numpy as np
import pytest
from log_files import HEADER, own_lines, row, write
from typer.testing import CliRunner

from rstheory import radius_from_count
from rstheory.cli import app


def audit(*arguments):
    return CliRunner().invoke(app, ["audit", *map(str, arguments)])


def lines_of(n, sigma=0.5, seed=0, samples=300, first=0, label=3):
    rng = np.random.default_rng(seed)
    radius = np.asarray(radius_from_count(rng.binomial(n, rng.beta(2, 0.2, samples)), n, 0.001, sigma))
    rows = (
        row(first + i, f"{r:.3}" if r else "0.0", label=label, predict=label if r else -1, correct=int(r > 0))
        for i, r in enumerate(radius)
    )
    return [HEADER, *rows]


def test_one_classifier_at_two_budgets_leads_nowhere(tmp_path):
    """One of the two was certified with a tenth of the draws, and no file says so."""
    for name, n in (("a_noise_0.50", 100_000), ("b_noise_0.50", 10_000)):
        write(tmp_path, lines_of(n), name)
    result = audit(tmp_path, "--json", tmp_path / "audit.json")
    assert result.exit_code == 0
    assert "leads" not in result.stdout
    assert "N=10,000, alpha=0.001: 1 log" in result.stdout
    assert "N=100,000 (assumed), alpha=0.001: 1 log" in result.stdout
    assert "--n or --alpha settles it" in result.stdout
    told = json.loads((tmp_path / "audit.json").read_text())
    assert [(log["n"], log["assumed"]) for log in told["logs"]] == [(100_000, ["n", "alpha"]), (10_000, ["alpha"])]
    assert told["comparisons"] == []


def test_a_budget_that_is_told_is_not_called_assumed(tmp_path):
    write(tmp_path, lines_of(100_000), "noise_0.50")
    result = audit(tmp_path, "--n", 100_000, "--alpha", 0.001)
    assert "ssumed" not in result.stdout


def test_rounding_is_a_footnote(tmp_path):
    for i in range(3):
        write(tmp_path, lines_of(100_000, seed=i), f"{i}_noise_0.50")
    result = audit(tmp_path)
    assert result.stdout.count("rounded-radius") == 1
    assert "Radii are rounded, by up to 0.005 (rounded-radius): sound is at their lower ends." in result.stdout
    assert "Warnings" not in result.stdout


def test_everything_in_a_folder_is_accounted_for(tmp_path):
    write(tmp_path, lines_of(100_000), "a_noise_0.50")
    write(tmp_path, [HEADER.replace("radius", "radius proved"), row(0)], "b_noise_0.50")
    write(tmp_path, ["# notes"], "README.md")
    (tmp_path / "c_noise_0.50").touch()
    result = audit(tmp_path)
    assert result.exit_code == 0
    assert "b_noise_0.50: skipped: " in result.stderr
    assert "the column radius is missing" in result.stderr
    assert "c_noise_0.50: skipped: empty file" in result.stderr
    assert "1 other file skipped" in result.stderr


def test_a_log_that_cannot_be_read_for_the_most_part_has_no_acr(tmp_path):
    write(tmp_path, [*lines_of(100_000, samples=13), *(f"garbled {i}" for i in range(187))], "noise_0.50")
    result = audit(tmp_path)
    assert result.exit_code == 1
    assert "most lines cannot be read" in result.stderr
    assert "ACR" not in result.stdout


def test_rows_with_a_noise_level_of_their_own_are_audited_and_not_compared(tmp_path):
    cells = [("0.25", "0.8"), ("0.5", "0.9"), ("0.25", "0.96")]
    for name in ("a.tsv", "b.tsv"):
        write(tmp_path, [f"{HEADER}\tsigma", *(f"{row(i, r)}\t{s}" for i, (s, r) in enumerate(cells))], name)
    result = audit(tmp_path, "--json", tmp_path / "audit.json", "--figures", tmp_path / "figures")
    assert result.exit_code == 0, result.output
    assert "sigma=0.25 to 0.5, N=100,000 (assumed), alpha=0.001: 1 log" in result.stdout
    assert "radius-above-maximum (1)" in result.stdout
    log = json.loads((tmp_path / "audit.json").read_text())["logs"][0]
    assert (log["sigma"], log["varying"], log["acr"]) == (None, {"sigma": [0.25, 0.5]}, pytest.approx(2.66 / 3))
    assert list(log["budget"]) == ["100000"]


def test_chunks_of_one_run_are_one_log(tmp_path):
    for i in range(4):
        write(tmp_path / "noise_0.50", lines_of(100_000, seed=i, first=300 * i), f"chunk_{i + 1}out_of4.txt")
    result = audit(tmp_path)
    assert "1,200" in result.stdout
    assert "joined-chunks (1,200)" in result.stdout
    for lie in ("other images", "missing-index"):
        assert lie not in result.stdout


def test_logs_without_a_sample_in_common_are_not_said_to_be_of_other_images(tmp_path):
    for i, name in enumerate(("one_noise_0.50", "two_noise_0.50")):
        write(tmp_path, lines_of(100_000, seed=i, first=300 * i), name)
    result = audit(tmp_path)
    assert "Logs without a sample in common are not compared." in result.stdout
    assert "other images" not in result.stdout
    write(tmp_path, lines_of(100_000, seed=1, label=4), "two_noise_0.50")
    assert "other images" in audit(tmp_path).stdout


def test_text_of_a_file_reaches_the_terminal_escaped_and_cut(tmp_path):
    lines = own_lines([900, 950])
    lines[0] += "\tweights"
    red = "\x1b[31mRED" + "x" * 5000
    (tmp_path / "a.tsv").write_text("\n".join([lines[0], f"{lines[1]}\t{red}", f"{lines[2]}\tother", ""]))
    (tmp_path / "b.tsv").write_text(f"idx\tlabel\tpredict\t{red}\tcorrect\n")
    result = audit(tmp_path / "a.tsv", tmp_path / "b.tsv")
    assert "\x1b[31m" not in result.output
    assert "xxx" in result.output
    assert "x" * 100 not in result.output


def test_strict_fails_on_findings_but_not_on_notes(tmp_path):
    """Rounded radii are a note; a sample that is there twice is not."""
    path = write(tmp_path, lines_of(100_000), "noise_0.50")
    assert audit(path, "--strict").exit_code == 0
    write(tmp_path, [*lines_of(100_000), lines_of(100_000)[1]], "noise_0.50")
    assert audit(path).exit_code == 0
    result = audit(path, "--strict")
    assert result.exit_code == 1
    assert "duplicate-index" in result.stdout


def test_the_reference_is_what_figures_compare_with(tmp_path):
    for name, seed in (("strong", 0), ("weak", 1)):
        write(tmp_path / name, lines_of(100_000, seed=seed), "noise_0.50")
    for name in ("strong", "weak"):
        out = tmp_path / f"figures of {name}"
        result = audit(
            tmp_path / "strong", tmp_path / "weak", "--figures", out, "--reference", tmp_path / name / "noise_0.50"
        )
        assert result.exit_code == 0, result.output
        caption = (out / "sigma_0.5" / "attribution.txt").read_text()
        assert f"ACR of each log minus that of {name}," in caption
    assert audit(tmp_path / "strong", "--reference", tmp_path / "nowhere").exit_code == 2
