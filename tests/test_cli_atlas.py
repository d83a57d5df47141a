"""`rstheory atlas`: what it writes, and its exit status."""

import json

import pandas as pd
import pytest
from atlas_folders import repository, write_log
from typer.testing import CliRunner

from rstheory.cli import app


def run(*arguments):
    return CliRunner().invoke(app, ["atlas", *map(str, arguments)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return repository(tmp_path_factory.mktemp("cli") / "logs", images=300, n=100_000)


def test_everything_is_written(folder, tmp_path):
    outputs = [tmp_path / name for name in ("a.json", "a.csv", "a.md", "a.jsonl", "a.html")]
    result = run(folder, "-j", 1, "--json", outputs[0], "--csv", outputs[1], "--markdown", outputs[2],
                 "--cache", outputs[3], "--html", outputs[4])  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "3 logs read\n" in result.output
    assert "CIFAR-10, sigma=0.5, N=100,000, alpha=0.001" in result.output
    content = json.loads(outputs[0].read_text())
    assert len(content["logs"]) == 3
    assert content["logs"][0]["path"] == "logs/cifar10/gaussian/noise_0.5.tsv"
    assert "levels" not in content["logs"][0]
    table = pd.read_csv(outputs[1], comment="#")
    assert table["method"].tolist() == ["Gaussian", "MACER", "ACR weakness"]
    assert outputs[2].read_text().startswith("# Atlas of 3 certification logs")
    assert "<title>Atlas of 3 certification logs</title>" in outputs[4].read_text()
    again = run(folder, "-j", 1, "--cache", outputs[3])
    assert "3 logs read, 3 of them from the cache" in again.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.html", "a.json", "a.jsonl", "a.md"]


def test_an_unreadable_log_is_told_and_the_others_are_still_there(folder, tmp_path):
    write_log(tmp_path / "more", "cifar10/gaussian/noise_0.25.tsv", ["idx\tlabel\tpredict\tradius\tcorrect"])
    result = run(folder, tmp_path / "more", "-j", 1, "--json", tmp_path / "a.json")
    assert result.exit_code == 1
    assert "rstheory atlas: more/cifar10/gaussian/noise_0.25.tsv: " in result.stderr
    errors = [log["error"] for log in json.loads((tmp_path / "a.json").read_text())["logs"]]
    assert sum(map(bool, errors)) == 1
    assert len(errors) == 4


def test_a_damaged_cache_is_told_and_written_anew(folder, tmp_path):
    cache = tmp_path / "c.jsonl"
    cache.write_text("nonsense\n")
    result = run(folder, "-j", 1, "--cache", cache)
    assert result.exit_code == 0
    assert "the cache is not used, and written anew" in result.stderr
    assert "3 of them from the cache" in run(folder, "-j", 1, "--cache", cache).output


@pytest.mark.parametrize("option", ["--json", "--csv", "--markdown", "--cache", "--html"])
def test_a_log_is_never_overwritten(folder, option):
    log = folder / "cifar10/gaussian/noise_0.5.tsv"
    before = log.read_bytes()
    result = run(folder, option, log)
    assert result.exit_code == 2
    assert "one of the logs to be read" in result.stderr
    assert log.read_bytes() == before


def test_wrong_usage(folder, tmp_path):
    assert run().exit_code == 2
    assert run(folder, "--alpha", 2).exit_code == 2
    rules = tmp_path / "r.toml"
    rules.write_text("[[rule]]\n")
    result = run(folder, "--rules", rules)
    assert result.exit_code == 2
    assert "path is missing" in result.stderr
    assert run(folder, "--rules", tmp_path / "none.toml").exit_code == 2


def test_rules_of_the_user_name_the_logs(folder, tmp_path):
    rules = tmp_path / "r.toml"
    rules.write_text("[[rule]]\npath = '/(?P<method>[^/]+)/noise_0.5.tsv$'\nfixed = { data = 'Mine' }\n")
    result = run(folder, "-j", 1, "--rules", rules)
    assert result.exit_code == 0
    assert "Mine, sigma=0.5" in result.output
