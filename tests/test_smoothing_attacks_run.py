"""An attack run: the same log whatever the kills, the threads and the processes; a log of another run is refused."""

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest
from attack_runs import TASK, attack_rows, attacked, linear_problem
from hypothesis import given, settings
from hypothesis import strategies as st
from small_runs import save, without_time
from test_smoothing_run import torchrun

from rstheory.logs.attack_log import read_attack_log
from rstheory.logs.find import find_logs
from rstheory.smoothing.attacks import APGD, PGD, Attack
from rstheory.smoothing.run import Machine

HERE = Path(__file__).parent
pytestmark = pytest.mark.usefixtures("one_core")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save(tmp_path_factory.mktemp("models") / "cnn.safetensors", "cnn")


@pytest.fixture(scope="module")
def whole(checkpoint, tmp_path_factory):
    """The log of a run that nobody disturbed, and its lines without the times."""
    out = tmp_path_factory.mktemp("whole") / "log.tsv"
    return out, attacked(checkpoint, out)


def test_the_log_tells_what_made_it(whole):
    path, rows = whole
    log = read_attack_log(path)
    assert (log.attack, log.steps, log.m, log.restarts, log.halvings) == ("pgd", 4, 4, 1, 3)
    assert (log.eps, log.n, log.alpha, log.sigma, log.seed, log.judgements) == (2.0, 200, 0.001, 0.5, 1, 5)
    assert log.index.tolist() == list(range(0, 450, 30))
    assert log.data.startswith("digits test ")
    assert re.fullmatch("[0-9a-f]{16}", log.weights)
    assert 0 < log.correct.sum() < log.samples == len(rows) - 1
    assert log.succeeded.any()
    assert not log.succeeded[~log.correct].any()
    assert log.norm[log.succeeded].max() <= 2


def test_no_reader_takes_it_for_a_certification_log(whole):
    path, _ = whole
    found = find_logs([path.parent])
    assert found.logs == ()
    assert "the log of an attack, which rstheory sandwich compares" in found.skipped[0][1]


@given(cut=st.floats(0, 1))
@settings(max_examples=12, deadline=None)
def test_cut_anywhere_and_resumed(checkpoint, whole, tmp_path_factory, cut):
    """A system that went down may leave any prefix of the file."""
    path, lines = whole
    folder = tmp_path_factory.mktemp("cut")
    content = path.read_bytes()
    (folder / "log.tsv").write_bytes(content[: int(cut * len(content))])
    assert attacked(checkpoint, folder / "log.tsv", resume=True) == lines
    assert not list(folder.glob("log.tsv.*"))


def test_killed_at_random_moments_and_resumed(checkpoint, tmp_path):
    command = [sys.executable, str(HERE / "kill_and_resume.py"), str(checkpoint), str(tmp_path), "8", "0", "attack"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    trials = [line.split()[1:] for line in ended.stdout.splitlines()]
    assert sum(trial[1] == "True" for trial in trials) >= 4, "hardly any run was killed before its end"
    assert len({trial[2] for trial in trials}) >= 3, "all kills came at the same point"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"m": 5}, "it says m=4, this run has m=5"),
        ({"method": PGD(5)}, "it says steps=4, this run has steps=5"),
        ({"method": APGD(4)}, "it says attack=pgd, this run has attack=apgd"),
        ({"eps": 1.0}, "it says eps=2.0, this run has eps=1.0"),
        ({"halvings": 4}, "it says halvings=3, this run has halvings=4"),
        ({"restarts": 2}, "it says restarts=1, this run has restarts=2"),
        ({"n": 300}, "it says n=200, this run has n=300"),
        ({"alpha": 0.01}, "it says alpha=0.001, this run has alpha=0.01"),
        ({"sigma": 0.25}, "it says sigma=0.5, this run has sigma=0.25"),
        ({"seed": 2}, "it says seed=1, this run has seed=2"),
        ({"rows": 40}, "it says together=3, this run has together=10"),
        ({"machine": Machine("bfloat16", "cpu")}, "it says dtype=float32, this run has dtype=bfloat16"),
        ({"skip": 31}, "idx=30 is not among the samples"),
        ({"split": "train"}, "it says data=digits test"),
        ({"checkpoint": 1}, "it says weights="),
        ({"resume": False}, "exists: go on with it by --resume"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_log_of_another_run_is_refused_and_kept(checkpoint, whole, tmp_path, change, message):
    path, _ = whole
    (tmp_path / "log.tsv").write_bytes(path.read_bytes())
    fields = {field.name for field in dataclasses.fields(Attack)}
    task = dataclasses.replace(TASK, **{name: value for name, value in change.items() if name in fields})
    options = {"resume": True} | {name: value for name, value in change.items() if name not in fields}
    if options.pop("checkpoint", None):
        checkpoint = save(tmp_path / "other.safetensors", "cnn", seed=1)
    with pytest.raises(ValueError, match=re.escape(message)):
        attacked(checkpoint, tmp_path / "log.tsv", task, **options)
    assert (tmp_path / "log.tsv").read_bytes() == path.read_bytes()


def test_torchrun_writes_the_log_of_a_single_process(checkpoint, whole, tmp_path):
    _, lines = whole
    arguments = ["--checkpoint", checkpoint, "--data", "digits", "--sigma", 0.5, "--eps", 2, "--m", 4, "--steps", 4,
                 "--halvings", 3, "--n", 200, "--seed", 1, "--rows", 12, "--skip", 30]  # fmt: skip
    shared = torchrun("attack", *arguments, "--device", "cpu", "--out", tmp_path / "shared.tsv")
    assert shared.returncode == 0, shared.stderr
    assert shared.stdout.count("15 images") == 1  # the first process speaks for all
    assert without_time(tmp_path / "shared.tsv") == lines
    assert [path.name for path in tmp_path.iterdir()] == ["shared.tsv"]


def test_threads_and_other_groups_change_nothing():
    """Groups run side by side, and what an image gets does not depend on which others are attacked in the run."""
    network, images, _ = linear_problem()
    task = Attack(0.25, 0.6, PGD(2), m=2, halvings=3, n=200)
    groups = [[0, 1], [2, 3], [4, 5]]

    def cells(rows):
        return [{name: cell for name, cell in row.items() if name != "time"} for row in rows]

    rows = cells(attack_rows(task, network, images, groups))
    assert cells(attack_rows(task, network, images, groups, workers=3)) == rows
    assert cells(attack_rows(task, network, images, groups[1:])) == rows[2:]


def test_finished_images_are_not_attacked_again(checkpoint, whole, tmp_path, monkeypatch):
    path, lines = whole
    (tmp_path / "log.tsv").write_bytes(path.read_bytes())
    monkeypatch.setattr(PGD, "perturb", None)
    assert attacked(checkpoint, tmp_path / "log.tsv", resume=True) == lines
