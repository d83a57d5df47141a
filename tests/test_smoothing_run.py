"""A certification run: the same log whatever the batch, the order, the kills and the processes; and clear refusals."""

import fcntl
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import rstheory.smoothing.run as run_module
from rstheory import radius_from_count, read_log, trivial_acr
from rstheory.cli import app
from rstheory.logs.append import RunLog, collect
from rstheory.logs.schema import Format
from rstheory.smoothing.models import build, save_checkpoint
from rstheory.smoothing.run import Machine, run_checkpoint
from rstheory.smoothing.tasks import Certify, Predict

HERE = Path(__file__).parent
TASK = Certify(sigma=0.5, n=300, n0=20, seed=1)


def save(path, arch="mlp", classes=10, shape=(1, 8, 8), seed=0, **options):
    torch.manual_seed(seed)
    model = build(arch, classes, shape, **options)
    save_checkpoint(path, model, arch=arch, classes=classes, shape=shape, metadata={})
    return path


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save(tmp_path_factory.mktemp("models") / "mlp.safetensors")


def certified(checkpoint, out, task=TASK, **options):
    """Lines of the log of a small run, without the times."""
    arguments = {"source": "digits", "skip": 30, "machine": Machine(device="cpu")} | options
    run_checkpoint(task, checkpoint=checkpoint, out=out, **arguments)
    return without_time(out)


def without_time(out):
    rows = [line.split("\t") for line in out.read_text().splitlines()]
    place = rows[0].index("time")
    return [row[:place] + row[place + 1 :] for row in rows]


# -- what a log says --


def test_every_radius_can_be_recomputed_from_its_row(checkpoint, tmp_path):
    certified(checkpoint, tmp_path / "log.tsv")
    log = read_log(tmp_path / "log.tsv")
    assert (log.samples, log.sigma, log.n, log.alpha, log.warnings) == (15, 0.5, 300, 0.001, ())
    abstained = log.predict == -1
    assert 0 < abstained.sum() < 15
    assert log.radius.tolist() == [float(radius_from_count(int(k), 300, 0.001, 0.5)) for k in log.count]
    rows = without_time(tmp_path / "log.tsv")
    header, rows = rows[0], rows[1:]
    for row in rows:
        cells = dict(zip(header, row, strict=True))
        counts = [int(count) for count in cells["counts"].split(",")]
        assert len(counts) == 10
        assert sum(counts) == 300
        assert int(cells["count"]) in counts
        assert float(cells["tau"]) < 1e-9
        assert (cells["noise"], cells["dtype"]) == ("philox4x64-ziggurat-f64", "float32")
        assert cells["data"].startswith("digits test ")
        assert re.fullmatch("[0-9a-f]{16}", cells["weights"])


def test_constant_classifier_has_exactly_the_trivial_acr(tmp_path):
    """F1: through the code that certifies any network, B1 to the last digit."""
    model = save(tmp_path / "constant.safetensors", "constant", label=7)
    for n, sigma in ((300, 0.5), (1000, 2.0)):
        out = tmp_path / f"{n}.tsv"
        certified(model, out, Certify(sigma, n=n, n0=5), skip=3)
        log = read_log(out)
        share = float((log.label == 7).mean())
        assert log.correct.sum() == (log.label == 7).sum() > 5
        assert set(log.radius) == {float(radius_from_count(n, n, 0.001, sigma))}
        # The mean of the radii and share x radius round differently, in the last places only.
        assert log.acr == pytest.approx(float(trivial_acr(n, 0.001, sigma, share)), rel=1e-15 * log.samples)


def test_bfloat16_is_another_classifier_and_the_log_says_so(checkpoint, tmp_path):
    half = certified(checkpoint, tmp_path / "half.tsv", machine=Machine("bfloat16", "cpu"))
    assert half[1][half[0].index("dtype")] == "bfloat16"
    with pytest.raises(ValueError, match="dtype=bfloat16, this run has dtype=float32"):
        certified(checkpoint, tmp_path / "half.tsv", resume=True)


def test_prediction_follows_the_counts(checkpoint, tmp_path):
    rows = certified(checkpoint, tmp_path / "predict.tsv", Predict(sigma=0.5, n=200, seed=1))
    assert rows[0][:4] == ["idx", "label", "predict", "correct"]
    predicted = set()
    for row in rows[1:]:
        cells = dict(zip(rows[0], row, strict=True))
        counts = sorted(map(int, cells["counts"].split(",")))
        assert sum(counts) == 200
        predicted.add(cells["predict"] == "-1")
        assert int(cells["correct"]) == int(cells["predict"] == cells["label"])
        if cells["predict"] != "-1":
            assert int(cells["counts"].split(",")[int(cells["predict"])]) == counts[-1] > counts[-2]
    assert predicted == {True, False}


# -- the same log, however it was made --


@pytest.mark.parametrize("machine", [Machine(batch=17), Machine(batch=1000), Machine(batch=128)])
def test_batch_size_does_not_matter(checkpoint, tmp_path, machine):
    assert certified(checkpoint, tmp_path / "a.tsv", machine=machine) == certified(checkpoint, tmp_path / "b.tsv")


def test_samples_do_not_depend_on_each_other(checkpoint, tmp_path):
    every = certified(checkpoint, tmp_path / "a.tsv", skip=30)
    assert certified(checkpoint, tmp_path / "b.tsv", skip=90) == [every[0], *every[1::3]]
    assert certified(checkpoint, tmp_path / "c.tsv", skip=30, limit=4) == every[:5]


def test_killed_at_random_moments_and_resumed(checkpoint, tmp_path):
    """Twenty runs ended by SIGKILL, each resumed: see kill_and_resume.py, which compares the logs."""
    command = [sys.executable, str(HERE / "kill_and_resume.py"), str(checkpoint), str(tmp_path), "20", "0"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    trials = [line.split() for line in ended.stdout.splitlines()]
    assert len(trials) == 20
    assert sum(trial[1] == "True" for trial in trials) >= 10, "hardly any run was killed before its end"
    assert len({trial[2] for trial in trials}) >= 4, "all kills came at the same point"


@given(cut=st.floats(0, 1))
@settings(max_examples=25, deadline=None)
def test_cut_anywhere_and_resumed(checkpoint, tmp_path_factory, cut):
    """A system that went down may leave any prefix of the file."""
    folder = tmp_path_factory.mktemp("cut")
    whole = certified(checkpoint, folder / "whole.tsv", skip=90)
    content = (folder / "whole.tsv").read_bytes()
    (folder / "log.tsv").write_bytes(content[: int(cut * len(content))])
    assert certified(checkpoint, folder / "log.tsv", skip=90, resume=True) == whole
    assert not list(folder.glob("log.tsv.*"))


def test_a_finished_run_is_left_alone(checkpoint, tmp_path):
    certified(checkpoint, tmp_path / "log.tsv")
    before = (tmp_path / "log.tsv").read_bytes()
    certified(checkpoint, tmp_path / "log.tsv", resume=True)
    assert (tmp_path / "log.tsv").read_bytes() == before


def torchrun(*arguments, processes=2):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*command, "-m", "--", "rstheory", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )


def test_torchrun_writes_the_log_of_a_single_process(checkpoint, tmp_path):
    arguments = ["--checkpoint", checkpoint, "--data", "digits", "--sigma", 0.5, "--n", 300, "--n0", 20, "--seed", 1]
    shared = torchrun("certify", *arguments, "--skip", 30, "--out", tmp_path / "shared.tsv")
    assert shared.returncode == 0, shared.stderr
    assert shared.stdout.count("ACR") == 2  # the first process speaks, once: result and hint
    expected = certified(checkpoint, tmp_path / "alone.tsv")
    assert without_time(tmp_path / "shared.tsv") == expected
    assert sorted(os.listdir(tmp_path)) == ["alone.tsv", "shared.tsv"]
    # Parts that killed processes left behind, one of them cut, are taken in by one process alone.
    lines = (tmp_path / "alone.tsv").read_bytes().splitlines(keepends=True)
    (tmp_path / "left.tsv").write_bytes(b"".join(lines[:4]))
    (tmp_path / "left.tsv.part-0").write_bytes(b"".join([lines[0], *lines[4:9:2]]))
    (tmp_path / "left.tsv.part-1").write_bytes(b"".join([lines[0], lines[5], lines[7][:20]]))
    assert certified(checkpoint, tmp_path / "left.tsv", resume=True) == expected
    refused = torchrun("certify", *arguments, "--skip", 30, "--out", tmp_path / "shared.tsv")
    assert refused.returncode != 0
    assert refused.stderr.count("shared.tsv exists: go on with it by --resume") == 2  # each process says why it ends


# -- refusals --


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task": Certify(0.5, n=301, n0=20, seed=1)}, "it says n=300, this run has n=301"),
        ({"task": Certify(0.25, n=300, n0=20, seed=1)}, "it says sigma=0.5, this run has sigma=0.25"),
        ({"task": Certify(0.5, n=300, n0=20, seed=2)}, "it says seed=1, this run has seed=2"),
        ({"task": Certify(0.5, n=300, n0=20, seed=1, alpha=0.01)}, "it says alpha=0.001, this run has alpha=0.01"),
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
    monkeypatch.setattr(run_module, "grouped", lambda indices, budgets, counter: ([i] for i in indices))
    count = run_module.Counter.count

    def failing(self, images, indices, *rest):
        if indices[0] == 20:
            raise RuntimeError("out of memory")
        return count(self, images, indices, *rest)

    monkeypatch.setattr(run_module.Counter, "count", failing)
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
        (["--out", "/nowhere/log.tsv"], 2, "/nowhere/log.tsv: the folder /nowhere does not exist: make it first"),
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
