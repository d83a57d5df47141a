"""A certification run: the same log whatever the batch, the order, the kills and the processes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from many_processes import torchrun
from small_runs import certified, save, without_time
from stopping import Patience

from rstheory import radius_from_count, read_log, trivial_acr
from rstheory.sequential.rule import FixedDraws
from rstheory.smoothing.run import Machine
from rstheory.smoothing.tasks import Certify, Predict

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save(tmp_path_factory.mktemp("models") / "mlp.safetensors")


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
        certified(model, out, Certify(sigma, FixedDraws(n), n0=5), skip=3)
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


LONG = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"


@pytest.mark.parametrize(("rule", "trials"), [("fixed", 20), ("all", 50 if LONG else 2)])
def test_killed_at_random_moments_and_resumed(checkpoint, tmp_path, rule, trials):
    """Runs under each rule ended by SIGKILL, each resumed: see kill_and_resume.py, which compares the logs."""
    command = [sys.executable, str(HERE / "kill_and_resume.py"), str(checkpoint), str(tmp_path), str(trials), "0", rule]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    of_rule: dict[str, list[list[str]]] = {}
    for name, *trial in (line.split() for line in ended.stdout.splitlines()):
        of_rule.setdefault(name, []).append(trial)
    assert len(of_rule) == (6 if rule == "all" else 1)
    for each in of_rule.values():
        assert len(each) == trials
        if trials >= 20:
            assert sum(trial[1] == "True" for trial in each) >= trials // 2, "hardly any run was killed before its end"
            assert len({trial[2] for trial in each}) >= 4, "all kills came at the same point"


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


STOPPING = Certify(0.5, Patience((30, 50, 100, 300), share=0.5), n0=20, seed=1)


def test_a_log_of_samples_that_a_rule_stopped(checkpoint, tmp_path):
    """The counts of a sample are those of a run that fixes its draws; the log tells draws and rule, in order."""
    rows = certified(checkpoint, tmp_path / "log.tsv", STOPPING)
    plain = certified(checkpoint, tmp_path / "plain.tsv")
    assert rows[0] == [*plain[0], "draws", "rule"]
    log = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    assert [int(row["idx"]) for row in log] == list(range(0, 450, 30))
    assert {row["draws"] for row in log} >= {"30", "300"}
    assert {row["n"] for row in log} == {"300"}
    for draws in {row["draws"] for row in log}:
        fixed = certified(checkpoint, tmp_path / draws, Certify(0.5, FixedDraws(int(draws)), n0=20, seed=1))
        for row, other in zip(log, fixed[1:], strict=True):
            if row["draws"] == draws:
                assert row["counts"] == dict(zip(fixed[0], other, strict=True))["counts"]


@given(cut=st.floats(0, 1), batch=st.integers(1, 700))
@settings(max_examples=10, deadline=None)
def test_a_stopped_log_is_the_same_whatever_the_batch_and_the_kills(checkpoint, tmp_path_factory, cut, batch):
    folder = tmp_path_factory.mktemp("stopped")
    whole = certified(checkpoint, folder / "whole.tsv", STOPPING, skip=60)
    content = (folder / "whole.tsv").read_bytes()
    (folder / "log.tsv").write_bytes(content[: int(cut * len(content))])
    machine = Machine(device="cpu", batch=batch)
    assert certified(checkpoint, folder / "log.tsv", STOPPING, skip=60, resume=True, machine=machine) == whole


def test_another_rule_does_not_go_on_with_a_log(checkpoint, tmp_path):
    certified(checkpoint, tmp_path / "log.tsv", STOPPING)
    other = Certify(0.5, Patience((30, 50, 100, 300), share=0.6), n0=20, seed=1)
    with pytest.raises(ValueError, match="it says rule=patience "):
        certified(checkpoint, tmp_path / "log.tsv", other, resume=True)
    with pytest.raises(ValueError, match="this log was not written by this kind of run"):
        certified(checkpoint, tmp_path / "log.tsv", resume=True)


def test_a_finished_run_is_left_alone(checkpoint, tmp_path):
    certified(checkpoint, tmp_path / "log.tsv")
    before = (tmp_path / "log.tsv").read_bytes()
    certified(checkpoint, tmp_path / "log.tsv", resume=True)
    assert (tmp_path / "log.tsv").read_bytes() == before


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
