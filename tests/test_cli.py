"""The command line: exit statuses, what goes where, and that the same input gives the same bytes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import rstheory
from rstheory import radius_from_count
from rstheory.cli import app

HEADER = "idx\tlabel\tpredict\tradius\tcorrect\ttime"


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def write_log(path, seed, samples=60, n=1000, sigma=0.5):
    rng = np.random.default_rng(seed)
    radius = radius_from_count(rng.binomial(n, rng.beta(3, 0.5, samples)), n, 1e-3, sigma)
    rows = [f"{i}\t{i % 10}\t{i % 10 if r > 0 else -1}\t{r:.3}\t{int(r > 0)}\t0:00:01" for i, r in enumerate(radius)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([HEADER, *rows, ""]))
    return path


@pytest.fixture
def logs(tmp_path):
    for seed, name in enumerate(("first", "second")):
        write_log(tmp_path / "logs" / name / "noise_0.5.tsv", seed)
    write_log(tmp_path / "logs" / "first" / "noise_1.0.tsv", 5, sigma=1.0)
    return tmp_path / "logs"


def test_audit_prints_and_writes_json(logs, tmp_path):
    result = run("audit", logs, "--n", 1000, "--json", tmp_path / "out" / "audit.json")
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    for text in ("sigma=0.5, N=1,000, alpha=0.001: 2 logs", "first", "second", "rounded-radius"):
        assert text in result.stdout
    data = json.loads((tmp_path / "out" / "audit.json").read_text())
    assert [(log["sigma"], log["n"], log["samples"]) for log in data["logs"]] == [
        (0.5, 1000, 60), (1.0, 1000, 60), (0.5, 1000, 60),
    ]  # fmt: skip
    assert len(data["comparisons"]) == 1
    assert data["errors"] == []


def test_unreadable_inputs_are_named_and_the_others_audited(logs, tmp_path):
    garbage = tmp_path / "noise_0.5_garbage.tsv"
    garbage.write_text("nothing of the kind\n")
    result = run("audit", garbage, tmp_path / "missing", logs, "--n", 1000, "--json", tmp_path / "audit.json")
    assert result.exit_code == 1
    assert str(garbage) in result.stderr
    assert str(tmp_path / "missing") in result.stderr
    assert "No such file" in result.stderr
    data = json.loads((tmp_path / "audit.json").read_text())
    assert len(data["logs"]) == 3
    assert {error["path"] for error in data["errors"]} == {str(garbage), str(tmp_path / "missing")}


def test_a_noise_level_that_nobody_tells_can_be_given(tmp_path):
    path = write_log(tmp_path / "plain.tsv", 0)
    result = run("audit", path, "--n", 1000)
    assert result.exit_code == 1
    assert "--sigma" in result.stderr
    result = run("audit", path, "--n", 1000, "--sigma", 0.5)
    assert result.exit_code == 0
    assert "sigma=0.5" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["audit"],
        ["audit", ".", "--no-such-option"],
        ["audit", ".", "--n", "0"],
        ["audit", ".", "--n", "many"],
        ["audit", ".", "--sigma", "-1"],
        ["audit", ".", "--sigma", "nan"],
        ["audit", ".", "--alpha", "1"],
        ["no-such-command"],
        [],
        ["budget"],
        ["budget", "--acr", "much"],
        ["budget", "--acr", "nan"],
        ["budget", "--acr", "1e999999999"],
        ["budget", "--acr", "1/0"],
        ["budget", "--acr", "-1"],
        ["budget", "--acr", "0.5", "--classes", "0"],
        ["budget", "--acr", "0.5", "--alpha", "2"],
        ["budget", "--acr", "0.5", "--sigma", "0"],
    ],
)
def test_wrong_usage(arguments):
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output


def test_output_that_cannot_be_written_is_wrong_usage(logs, tmp_path):
    (tmp_path / "file").write_text("")
    result = run("audit", logs, "--n", 1000, "--json", tmp_path / "file" / "audit.json")
    assert result.exit_code == 2
    assert "cannot write" in result.stderr


def test_no_output_takes_the_place_of_a_log(logs, tmp_path):
    log = logs / "first" / "noise_0.5.tsv"
    before = log.read_bytes()
    (tmp_path / "link.json").symlink_to(log)
    (tmp_path / "folder").symlink_to(logs)
    for given, json_file in (
        (log, log),
        (logs, log),
        (logs, tmp_path / "link.json"),
        (logs, tmp_path / "folder" / "first" / ".." / "first" / "noise_0.5.tsv"),
        (tmp_path / "link.json", log),
    ):
        result = run("audit", given, "--n", 1000, "--json", json_file)
        assert result.exit_code == 2
        assert "would replace" in result.stderr
        assert result.stdout == "", "refused before anything is computed"
        assert log.read_bytes() == before
    assert run("audit", logs, "--n", 1000, "--json", logs / "first" / "new.json").exit_code == 0
    assert run("audit", logs, "--n", 1000, "--json", logs / "first" / "new.json").exit_code == 0, "its own old output"


def test_no_figure_takes_the_place_of_a_log(tmp_path):
    log = write_log(tmp_path / "out" / "sigma_0.5" / "survival.txt", 0)
    before = log.read_bytes()
    result = run("audit", log, "--n", 1000, "--figures", tmp_path / "elsewhere" / ".." / "out")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "might replace" in result.stderr
    assert log.read_bytes() == before
    assert [path.name for path in log.parent.iterdir()] == ["survival.txt"]


def test_figures_and_json_repeat_themselves_byte_for_byte(logs, tmp_path):
    outputs = []
    for name in ("once", "twice"):
        out = tmp_path / name
        result = run("audit", logs, "--n", 1000, "--figures", out, "--json", out / "audit.json")
        assert result.exit_code == 0, result.output
        outputs.append({str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()})
    assert outputs[0] == outputs[1]
    expected = {"survival", "radius_accuracy", "acr_by_budget", "attribution", "ranks"}
    pairs = {f"sigma_0.5/{name}.{ending}" for name in expected for ending in ("png", "pdf", "csv", "txt")}
    alone = {f"sigma_1/{name}.{end}" for name in ("survival", "radius_accuracy", "acr_by_budget")
             for end in ("png", "pdf", "csv", "txt")}  # fmt: skip
    assert set(outputs[0]) == pairs | alone | {"audit.json"}
    assert b"# sigma: 0.5" in outputs[0]["sigma_0.5/survival.csv"]


def test_budget_is_exact():
    result = run("budget", "--acr", "0.844", "--classes", 10, "--sigma", "1.0", "--alpha", "0.001")
    assert result.exit_code == 0
    for text in ("N = 435,356,786,204,273,953 ", "log10 N = 17.638845", "3.811457", "sigma = 2.214377"):
        assert text in result.stdout
    assert "N = 148 " in run("budget", "--acr", "0.844", "--classes", 2).stdout
    assert "more digits" in run("budget", "--acr", "0.8437", "--classes", 1000).stdout


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--acr", "-1"], "--acr=-1 is not allowed: it must not be negative"),
        (["--acr", "-1/3"], "--acr=-1/3 is not allowed: it must not be negative"),
        (["--acr", "1e400"], "--acr=1e400 is not allowed: it must be a number such as 0.844"),
        (["--acr", "1e160"], "--acr=1e160 is not allowed: at sigma=1.0 and 10 classes no budget"),
        (["--acr", "1" * 500], "--acr=1111111111111111111111111111111111111... is not allowed"),
        (["--acr", "0.5", "--sigma", "0"], "--sigma=0 is not allowed: it must be positive"),
        (["--acr", "0.5", "--sigma", "1e390"], "--sigma=1e390 is not allowed"),
        (["--acr", "0.5", "--sigma", "1e-290"], "--acr=0.5 is not allowed: at sigma=1e-290"),
        (["--acr", "0.5", "--alpha", "1"], "--alpha=1 is not allowed: it must lie strictly between 0 and 1"),
        (["--acr", "0.5", "--alpha", "1e-400"], "--alpha=1e-400 is not allowed"),
    ],
)
def test_refused_numbers_are_named_by_their_option_as_written(arguments, named):
    result = run("budget", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert named in result.stderr
    assert len(result.stderr) < 160


def test_a_budget_that_certifies_nothing_says_what_it_takes():
    result = run("budget", "--acr", "0.1", "--n", 9)
    assert result.exit_code == 0
    assert "N = 9: nothing can be certified" in result.stdout
    assert "at least 10 draws" in result.stdout
    assert "nothing" not in run("budget", "--acr", "0.1", "--n", 10).stdout
    assert "at least 4 draws" in run("budget", "--acr", "0.1", "--alpha", "1/8", "--n", 3).stdout, "a tie: 2^-3"


def test_a_budget_of_too_many_digits_is_no_number_of_draws():
    result = run("budget", "--acr", "0.5", "--classes", 1000)
    assert "has more digits than can be written out" in result.stdout
    assert "no fewer" not in result.stdout
    assert "log10 N = 54290.747637" in result.stdout
    for arguments in (["--acr", "1e100"], ["--acr", "1e100", "--sigma", "1e300"], ["--acr", "1e-300"]):
        result = run("budget", *arguments)
        assert result.exit_code == 0, result.output
        assert max(map(len, result.stdout.splitlines())) < 120


def module(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "rstheory", *map(str, arguments)],
        capture_output=True, text=True, check=False, env=os.environ | environment,
        cwd=Path(__file__).resolve().parent.parent,
    )  # fmt: skip


def test_module_runs_quietly_in_a_pipe(logs):
    result = module("audit", logs, "--n", 1000)
    assert (result.returncode, result.stderr) == (0, "")
    assert "\x1b" not in result.stdout
    assert module("audit", logs, "--n", 1000, PYTHONIOENCODING="ascii").returncode == 0


def test_version_and_help():
    assert run("--version").stdout == f"rstheory {rstheory.__version__}\n"
    for arguments in (["--help"], ["audit", "--help"], ["budget", "--help"]):
        assert run(*arguments).exit_code == 0


def test_help_loads_neither_scipy_nor_matplotlib_on_top():
    code = (
        "import sys, rstheory.cli as c, typer.testing as t; before = set(sys.modules);"
        "assert t.CliRunner().invoke(c.app, ['audit', '--help']).exit_code == 0;"
        "assert not {m.split('.')[0] for m in set(sys.modules) - before} & {'matplotlib', 'pandas', 'mpmath', 'sympy'}"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
