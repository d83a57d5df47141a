"""`rstheory survey` on the command line: the draws it chooses, its log, resuming, reports on logs that are there."""

import json

import pytest
from typer.testing import CliRunner

torch = pytest.importorskip("torch")

from small_runs import save, without_time  # noqa: E402

from rstheory import read_log  # noqa: E402
from rstheory.cli import app  # noqa: E402
from rstheory.survey import DISCLAIMER, survey_log  # noqa: E402


def command(*words, **options):
    arguments = {"data": "digits", "sigma": 0.5, "device": "cpu", "skip": 5} | options
    for option, value in arguments.items():
        words += (f"--{option.replace('_', '-')}",) + (() if value is True else (value,))
    return CliRunner().invoke(app, ["survey", *map(str, words)], catch_exceptions=False)


@pytest.fixture
def checkpoint(tmp_path):
    return save(tmp_path / "model.safetensors")


def test_a_survey_says_what_it_costs_and_writes_an_ordinary_log(checkpoint, tmp_path):
    out = tmp_path / "log.tsv"
    done = command(checkpoint=checkpoint, out=out, draws=30, json=tmp_path / "s.json", figures=tmp_path / "figures")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == DISCLAIMER
    assert lines[1].startswith("90 images, 30 draws each: 3,600 forward passes, about ")
    log = read_log(out)
    assert (log.samples, log.n, log.sigma, log.alpha) == (90, 30, 0.5, 0.001)
    assert log.counts.sum(axis=1).tolist() == [30] * 90
    assert not log.warnings
    data = json.loads((tmp_path / "s.json").read_text())
    assert data["surveys"][0]["acr"]["1000"]["estimate"] == survey_log(log).acr(1000).value
    assert sorted(file.suffix for file in (tmp_path / "figures").iterdir()) == [".csv", ".pdf", ".png", ".txt"]
    assert DISCLAIMER in (tmp_path / "figures" / "survey.txt").read_text()
    audited = CliRunner().invoke(app, ["audit", str(out)])
    assert audited.exit_code == 0, audited.output
    again = CliRunner().invoke(app, ["survey", str(out)])
    assert again.exit_code == 0, again.output
    assert again.stdout.splitlines()[0] == DISCLAIMER
    assert again.stdout.splitlines()[2:] == lines[3:-5]  # all but what the survey cost and the files that it wrote


def test_draws_are_chosen_for_the_error_and_kept_on_resuming(checkpoint, tmp_path):
    """A rougher survey needs fewer draws; a log that was begun says how many, and ends as if never interrupted."""
    rough, fine = tmp_path / "rough.tsv", tmp_path / "fine.tsv"
    for out, error in ((rough, 0.05), (fine, 0.004)):
        done = command(checkpoint=checkpoint, out=out, acr_error=error)
        assert done.exit_code == 0, done.output
        assert "(for ACR at N=100,000 within 0.0" in done.stdout
    assert read_log(rough).n < read_log(fine).n
    whole = without_time(fine)
    fine.write_bytes(fine.read_bytes()[:3000])
    refused = command(checkpoint=checkpoint, out=fine)
    assert refused.exit_code == 2
    assert "--resume" in refused.output
    resumed = command(checkpoint=checkpoint, out=fine, acr_error=0.05, resume=True)
    assert resumed.exit_code == 0, resumed.output
    assert without_time(fine) == whole
    other = command(checkpoint=checkpoint, out=fine, draws=77, resume=True)
    assert other.exit_code == 2
    assert "this run has n=77" in other.output


def test_json_on_standard_output_stands_alone(checkpoint, tmp_path):
    done = command(checkpoint=checkpoint, out=tmp_path / "log.tsv", draws=20, json="-")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["note"] == DISCLAIMER
    assert "90 images, 20 draws each" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "give either --checkpoint"),
        (("log.tsv", "--checkpoint", "x.safetensors"), "give either --checkpoint"),
        (("--checkpoint", "x.safetensors"), "--checkpoint needs --data, --sigma and --out"),
        (("missing.tsv",), "missing.tsv: No such file or directory"),
    ],
)
def test_wrong_usage_is_refused(words, message):
    done = CliRunner().invoke(app, ["survey", *words])
    assert done.exit_code == 2
    assert message in done.output


def test_an_error_that_no_draws_can_reach_is_refused_before_anything_is_written(checkpoint, tmp_path):
    done = command(checkpoint=checkpoint, out=tmp_path / "log.tsv", acr_error=1e-9)
    assert done.exit_code == 2
    assert "acr_error=1e-09 is not allowed: it would take more than 10,000 draws per image" in done.output
    assert not (tmp_path / "log.tsv").exists()


def test_outputs_never_replace_a_log(checkpoint, tmp_path):
    out = tmp_path / "log.tsv"
    assert command(checkpoint=checkpoint, out=out, draws=20).exit_code == 0
    before = out.read_bytes()
    refused = CliRunner().invoke(app, ["survey", str(out), "--json", str(out)])
    assert refused.exit_code == 2
    assert "would replace" in refused.output
    assert out.read_bytes() == before
