"""What a certification run refuses, and what it keeps when something fails."""

import fcntl
import re
import sys
import warnings

import pytest
from small_runs import certified, save, without_time
from typer.testing import CliRunner

from rstheory import read_log
from rstheory.cli import app
from rstheory.logs.append import RunLog, collect
from rstheory.logs.schema import Format
from rstheory.sequential.rule import FixedDraws
from rstheory.smoothing import schedule
from rstheory.smoothing.counting import ClassCounter
from rstheory.smoothing.models import build, save_checkpoint
from rstheory.smoothing.tasks import Certify, Predict


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save(tmp_path_factory.mktemp("models") / "mlp.safetensors")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task": Certify(0.5, FixedDraws(301), n0=20, seed=1)}, "it says n=300, this run has n=301"),
        ({"task": Certify(0.25, FixedDraws(300), n0=20, seed=1)}, "it says sigma=0.5, this run has sigma=0.25"),
        ({"task": Certify(0.5, FixedDraws(300), n0=20, seed=2)}, "it says seed=1, this run has seed=2"),
        ({"task": Certify(0.5, FixedDraws(300, 0.01), n0=20, seed=1)}, "it says alpha=0.001, this run has alpha=0.01"),
        ({"task": Predict(0.5, n=300, seed=1)}, "this log was not written by this kind of run"),
        ({"skip": 31}, "idx=30 is not among the samples"),
        ({"split": "train"}, "it says data=digits test"),
        ({"checkpoint": 1}, "it says weights="),
    ],
)
def test_a_log_of_another_run_is_refused_and_kept(checkpoint, tmp_path, change, message):
    certified(checkpoint, tmp_path / "log.tsv")
    before = (tmp_path / "log.tsv").read_bytes()
    if "checkpoint" in change:
        change = {"checkpoint": save(tmp_path / "other.safetensors", seed=1)}
    arguments = {"checkpoint": checkpoint} | change
    with pytest.raises(ValueError, match=re.escape(message)):
        certified(arguments.pop("checkpoint"), tmp_path / "log.tsv", resume=True, **arguments)
    assert (tmp_path / "log.tsv").read_bytes() == before


def test_an_existing_log_is_not_overwritten(checkpoint, tmp_path):
    (tmp_path / "log.tsv").write_text("somebody's work\n")
    with pytest.raises(ValueError, match="exists: go on with it by --resume"):
        certified(checkpoint, tmp_path / "log.tsv")
    with pytest.raises(ValueError, match="line 1: this log was not written by this kind of run"):
        certified(checkpoint, tmp_path / "log.tsv", resume=True)
    assert (tmp_path / "log.tsv").read_text() == "somebody's work\n"


def test_two_runs_cannot_write_one_log(checkpoint, tmp_path):
    certified(checkpoint, tmp_path / "log.tsv")
    with open(tmp_path / "log.tsv", "rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(ValueError, match="is being written by another run"):
            certified(checkpoint, tmp_path / "log.tsv", resume=True)


def test_a_full_disk_loses_nothing(checkpoint, tmp_path, monkeypatch):
    """Half of a group's lines reach the disk, then there is no space: the log ends at a whole line and goes on."""
    whole = certified(checkpoint, tmp_path / "whole.tsv")
    append = RunLog.append

    class Full:
        """A file on a disk with little space left."""

        def __init__(self, file, room):
            self.file, self.room = file, room

        def write(self, data):
            if len(data) > self.room:
                return self.file.write(data[: self.room])
            return self.file.write(data)

        def __getattr__(self, name):
            return getattr(self.file, name)

    def nearly_full(log, lines):
        log._file = Full(log._file, room=200)
        append(log, lines)

    monkeypatch.setattr(RunLog, "append", nearly_full)
    with pytest.raises(OSError, match=r"is the disk full.*go on by --resume"):
        certified(checkpoint, tmp_path / "log.tsv")
    assert without_time(tmp_path / "log.tsv") == whole[:1]
    monkeypatch.undo()
    assert certified(checkpoint, tmp_path / "log.tsv", resume=True) == whole


def test_an_error_in_the_middle_keeps_what_was_certified(checkpoint, tmp_path, monkeypatch):
    whole = certified(checkpoint, tmp_path / "whole.tsv", skip=1, limit=40)
    monkeypatch.setattr(schedule, "_MOST_BYTES", 1)  # one image at a time
    count = ClassCounter.count_spans

    def failing(self, images, indices, *rest):
        if indices[0] == 20:
            raise RuntimeError("out of memory")
        return count(self, images, indices, *rest)

    monkeypatch.setattr(ClassCounter, "count_spans", failing)
    with pytest.raises(RuntimeError):
        certified(checkpoint, tmp_path / "log.tsv", skip=1, limit=40)
    assert without_time(tmp_path / "log.tsv") == whole[:21]


def test_twice_the_same_sample_with_different_results_is_refused(tmp_path):
    form = Format(("idx", "time", "count"))
    (tmp_path / "log.tsv").write_text("idx\ttime\tcount\n0\t1.0\t5\n")
    (tmp_path / "log.tsv.part-0").write_text("idx\ttime\tcount\n0\t2.0\t5\n1\t1.0\t7\n")
    assert collect(tmp_path / "log.tsv", form, {}, {1: 0, 0: 1}) == {0, 1}
    assert (tmp_path / "log.tsv").read_text() == "idx\ttime\tcount\n1\t1.0\t7\n0\t1.0\t5\n"
    (tmp_path / "log.tsv.part-0").write_text("idx\ttime\tcount\n0\t2.0\t6\n")
    with pytest.raises(ValueError, match=r"part-0, line 2: idx=0 stands there twice"):
        collect(tmp_path / "log.tsv", form, {}, {1: 0, 0: 1})


@pytest.mark.parametrize(
    ("change", "status", "message"),
    [
        (["--sigma", "0"], 2, "0.0 is not a positive number"),
        (["--sigma", "-1"], 2, "-1.0 is not a positive number"),
        (["--n", "0"], 2, "should be greater than or equal to 1"),
        (["--alpha", "1"], 2, "1.0 is not between 0 and 1"),
        (["--data", "/nowhere"], 1, "/nowhere"),
        (["--checkpoint", "/nowhere"], 1, "/nowhere"),
        (["--split", "validation"], 2, "validation"),
        (["--dtype", "float8"], 2, "dtype='float8' is not allowed"),
        (["--mean", "0.5,x"], 2, "--mean=0.5,x is not allowed"),
        (["--std", "1"], 2, "holds its own normalisation"),
        (["--device", "abacus"], 2, "device='abacus' is not allowed"),
        (["--device", "mps"], 2, "device=mps is not allowed"),
        (["--out", "/dev/null/log.tsv"], 2, "cannot write /dev/null/log.tsv: cannot make its folder"),
        (["--n", "9"], 2, "--n 9 certifies nothing at alpha=0.001, whatever is drawn: take at least 10"),
        (["--n", "10000000000"], 2, "the noise is Gaussian up to tau="),
    ],
)
def test_bad_options_are_refused_in_one_line(checkpoint, tmp_path, change, status, message):
    options = {"--checkpoint": checkpoint, "--data": "digits", "--sigma": "0.5", "--n": 10, "--out": tmp_path / "o.tsv"}
    options |= {change[0]: change[1]}
    result = CliRunner().invoke(app, ["certify", "--skip", "200", *(str(x) for pair in options.items() for x in pair)])
    assert result.exit_code == status, result.output
    assert message in " ".join(result.stderr.replace("│", " ").split())
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "o.tsv").exists()


def test_a_prediction_that_can_only_abstain_is_refused(checkpoint, tmp_path):
    arguments = ["predict", "--checkpoint", checkpoint, "--data", "digits", "--sigma", 0.5, "--out", tmp_path / "o.tsv"]
    arguments += ["--skip", 200, "--n"]
    result = CliRunner().invoke(app, [*map(str, arguments), "10"])
    assert result.exit_code == 2, result.output
    assert "--n 10 predicts nothing at alpha=0.001, whatever is drawn: take at least 11" in result.stderr
    assert CliRunner().invoke(app, [*map(str, arguments), "11"]).exit_code == 0


@pytest.mark.parametrize("command", ["certify", "measure"])
def test_another_noise_level_than_trained_under_is_told_of(tmp_path, command):
    model = tmp_path / "mlp.safetensors"
    metadata = {"sigma": "0.5"}
    save_checkpoint(model, build("mlp", 10, (1, 8, 8)), arch="mlp", classes=10, shape=(1, 8, 8), metadata=metadata)
    arguments = [command, "--checkpoint", model, "--data", "digits", "--skip", 400, "--sigma"]
    for sigma, heard in (("0.25", f"{model} was trained under sigma=0.5, and sigma=0.25 was asked for"), ("0.50", "")):
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            result = CliRunner().invoke(app, [*map(str, arguments), sigma, "--out", str(tmp_path / sigma)])
        assert result.exit_code == 0, result.output
        assert result.stderr == (f"rstheory: warning: {heard}\n" if heard else "")


def test_a_missing_package_is_named(checkpoint, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    arguments = ["--checkpoint", checkpoint, "--data", "digits", "--sigma", 0.5, "--out", tmp_path / "o.tsv"]
    result = CliRunner().invoke(app, ["certify", *map(str, arguments)])
    assert result.exit_code == 2, result.output
    assert "pip install 'rstheory[digits]'" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classes": 7}, "a network of 7 classes cannot be judged by digits test, which has 10"),
        ({"shape": (3, 32, 32)}, "shape="),
    ],
)
def test_a_network_for_other_data_is_refused(tmp_path, options, message):
    model = save(tmp_path / "other.safetensors", **options)
    with pytest.raises(ValueError, match=re.escape(message)):
        certified(model, tmp_path / "log.tsv")
    assert not (tmp_path / "log.tsv").exists()


def test_command_line_prints_the_result(checkpoint, tmp_path):
    out = tmp_path / "log.tsv"
    arguments = ["--checkpoint", checkpoint, "--data", "digits", "--sigma", 0.5, "--n", 300, "--n0", 20, "--skip", 30]
    result = CliRunner().invoke(app, ["certify", *map(str, arguments), "--seed", "1", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert f"ACR {read_log(out).acr:.4f} over 15 samples, at sigma=0.5, N=300, alpha=0.001" in result.stdout
    assert result.stderr == ""
    result = CliRunner().invoke(app, ["predict", *map(str, arguments[:6]), "--skip", "90", "--out", str(out) + "2"])
    assert result.exit_code == 0, result.output
    assert "accuracy " in result.stdout
