"""Training runs: they repeat and resume to the bit, refuse what they cannot do, and the metric can be played."""

import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from training_runs import CPU, Stopping, few_digits, loses_classes, quick, stopped, trained

from rstheory.smoothing.data import Dataset, load
from rstheory.smoothing.models import build, load_checkpoint, save_checkpoint, weights_digest
from rstheory.smoothing.training import (
    Method,
    Objective,
    Outcome,
    count_labels,
    train,
)
from rstheory.smoothing.training.epoch import COLUMNS


@pytest.fixture(scope="module")
def digits():
    return few_digits()


@loses_classes
def test_the_same_run_gives_the_same_weights(digits, tmp_path):
    first = trained(tmp_path / "a.safetensors")
    assert trained(tmp_path / "b.safetensors") == first
    assert trained(tmp_path / "c.safetensors", configuration=quick(seed=1)) != first
    assert trained(tmp_path / "d.safetensors", method="gaussian") != first
    rows = [line.split("\t") for line in (tmp_path / "a.train.tsv").read_text().splitlines()]
    assert tuple(rows[0]) == COLUMNS
    assert [row[0] for row in rows[1:]] == ["0", "1", "2", "3"]
    for row in rows[1:]:
        cells = dict(zip(rows[0], map(float, row), strict=True))
        shares = [value for name, value in cells.items() if name.startswith("p") and name != "pflop"]
        assert sum(shares) == pytest.approx(1, abs=1e-3)


def test_a_killed_run_ends_in_the_same_weights(tmp_path):
    """SIGKILL through the command line, at a random moment after its first epoch."""
    arguments = "train --data digits --sigma 0.5 --arch mlp --method attack --epochs 12 --draws 1 --no-augment --seed 3"
    command = [sys.executable, "-m", "rstheory", *arguments.split(), "--dtype", "float32", "--out"]
    whole, killed = tmp_path / "whole.safetensors", tmp_path / "killed.safetensors"
    run = subprocess.run([*command, str(whole)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    child = subprocess.Popen([*command, str(killed)])
    state = tmp_path / "killed.safetensors.state"
    while not state.exists() and child.poll() is None:
        time.sleep(0.01)
    time.sleep(float(np.random.default_rng(0).uniform(0, 0.3)))
    child.send_signal(signal.SIGKILL)
    child.wait()
    if not killed.exists():  # it may have been quick enough
        again = subprocess.run([*command, str(killed)], capture_output=True, text=True, check=False)
        assert again.returncode == 2
        assert "from a run that was cut short: go on with it by --resume" in again.stderr
        run = subprocess.run([*command, str(killed), "--resume"], capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
    assert weights_digest(load_checkpoint(killed).model) == weights_digest(load_checkpoint(whole).model)
    assert not state.exists()
    before = whole.read_bytes()
    run = subprocess.run([*command, str(whole), "--resume"], capture_output=True, text=True, check=True)
    assert "is complete: left as it is" in run.stdout
    assert whole.read_bytes() == before
    metadata = load_checkpoint(whole).metadata
    assert (metadata["method"], metadata["sigma"]) == ("attack", "0.5")
    assert metadata["data"].startswith("digits train ")


@loses_classes
def test_a_state_of_another_run_is_refused(digits, tmp_path):
    out = tmp_path / "model.safetensors"
    stopped(out, progress=Stopping(epoch=1))
    for change, message in (
        ({"configuration": quick(sigma=0.25)}, "sigma=0.5 there, 0.25 here"),
        ({"method": "gaussian"}, "method=easy there, gaussian here"),
    ):
        with pytest.raises(ValueError, match=message):
            trained(out, resume=True, **change)
    with pytest.raises(ValueError, match="cut short: go on with it by --resume"):
        trained(out)
    others = Dataset(digits.images[1:], digits.labels[1:], digits.classes, digits.name)
    with pytest.raises(ValueError, match=f"data={digits.digest} there, {others.digest} here"):
        trained(out, data=others, resume=True)
    with pytest.raises(ValueError, match="arch=mlp there, cnn here"):
        train("easy", quick(), digits, arch="cnn", out=out, device=CPU, resume=True)
    trained(out, resume=True)
    with pytest.raises(ValueError, match="exists: choose another file"):
        trained(out)


def test_resuming_what_is_complete_leaves_it_and_another_run_is_refused(digits, tmp_path):
    out = tmp_path / "model.safetensors"
    configuration = quick(epochs=1)
    trained(out, "gaussian", configuration)
    before = out.read_bytes(), (tmp_path / "model.train.tsv").read_bytes()
    out.with_name("model.safetensors.state").touch()  # as if killed between the checkpoint and the end
    trained(out, "gaussian", configuration, resume=True)
    assert not out.with_name("model.safetensors.state").exists()
    assert before == (out.read_bytes(), (tmp_path / "model.train.tsv").read_bytes())
    with pytest.raises(ValueError, match=r"model\.safetensors is of another run: epochs=1 there, 2 here; resume with"):
        trained(out, "gaussian", quick(epochs=2), resume=True)
    with pytest.raises(ValueError, match=r"of another run: .*method=gaussian there, attack here"):
        trained(out, "attack", quick(epochs=2), resume=True)
    save_checkpoint(out, build("mlp", 10, digits.shape), arch="mlp", classes=10, shape=digits.shape)
    with pytest.raises(ValueError, match=r"of another run: .*method=None there, gaussian here"):
        trained(out, "gaussian", configuration, resume=True)
    with pytest.raises(ValueError, match="cannot make its folder"):
        trained(out / "model.safetensors")


def test_a_network_without_weights_is_refused(digits, tmp_path):
    with pytest.raises(ValueError, match="arch='constant' has no weights to train"):
        train("gaussian", quick(), digits, arch="constant", out=tmp_path / "a.safetensors", device=CPU)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda state: state.write_bytes(b"no state at all"),
        lambda state: state.write_bytes(b""),
        lambda state: state.write_bytes(state.read_bytes()[:-2000]),
        lambda state: torch.save({"identity": "{}"}, state),
        lambda state: torch.save([1, 2], state),
    ],
)
def test_a_spoilt_state_is_refused(digits, tmp_path, spoil):
    out = tmp_path / "model.safetensors"
    stopped(out, "gaussian", progress=Stopping(epoch=1))
    spoil(out.with_name("model.safetensors.state"))
    with pytest.raises(ValueError, match=r"model\.safetensors\.state is not a state of `rstheory train`, or"):
        trained(out, "gaussian", resume=True)


def test_a_run_that_moves_to_another_machine_says_so(digits, tmp_path, monkeypatch):
    out = tmp_path / "model.safetensors"
    stopped(out, "gaussian", progress=Stopping(epoch=1))
    own = torch.backends.cpu.get_cpu_capability()
    monkeypatch.setattr("torch.backends.cpu.get_cpu_capability", lambda: "another kind")
    with pytest.warns(UserWarning, match="the weights will not be those of an undisturbed run"):
        trained(out, "gaussian", resume=True)
    first, then = load_checkpoint(out).metadata["machine"].split("; then ")
    assert f"cpu {own}, " in first
    assert f"cpu another kind, threads: {torch.get_num_threads()}, torch {torch.__version__}" in then


@pytest.mark.parametrize("name", ["model.train.tsv", "model.safetensors.state"])
@pytest.mark.parametrize("epoch", [1, 4])
def test_a_write_that_fails_loses_no_row_of_the_log(digits, tmp_path, monkeypatch, name, epoch):
    """The disk is full when the log, or the state, of an epoch is to be written; the last one included."""
    out = tmp_path / "model.safetensors"
    kept_by = {"model.train.tsv": "trainer", "model.safetensors.state": "run_state"}
    module = sys.modules[f"rstheory.smoothing.training.{kept_by[name]}"]
    atomic_write, written = module.atomic_write, []

    def full(path):
        written.append(path.name)
        if written.count(name) == epoch:
            raise OSError(28, "No space left on device")
        return atomic_write(path)

    monkeypatch.setattr(module, "atomic_write", full)
    with pytest.raises(OSError, match="No space left"):
        trained(out, "gaussian")
    monkeypatch.undo()
    resumed = trained(out, "gaussian", resume=True)
    assert resumed == trained(tmp_path / "whole.safetensors", "gaussian")
    rows = [(tmp_path / f"{one}.train.tsv").read_text().splitlines() for one in ("model", "whole")]
    assert [row.split("\t")[:-1] for row in rows[0]] == [row.split("\t")[:-1] for row in rows[1]]
    assert len(rows[0]) == 5


def test_a_diverging_run_ends_with_a_reason(digits, tmp_path):
    with pytest.raises(ValueError, match="the loss of epoch 0 is not finite: lower the learning rate"):
        trained(tmp_path / "a.safetensors", "gaussian", quick(learning_rate=1e30))


def test_an_objective_makes_the_loss(digits, tmp_path):
    class Ours(Objective):
        def loss(self, step, state):
            logits = step.noisy_logits(step.images, step.noise)
            assert logits.shape[:2] == (2, len(step.labels))
            return Outcome(logits.square().mean(), logits)

    changed = trained(tmp_path / "a.safetensors", Method("ours", Ours()))
    assert changed != trained(tmp_path / "b.safetensors", "gaussian")


def test_easy_samples_become_easier_and_hard_ones_harder(tmp_path):
    """The paper's mechanism, on digits: more samples with p near 1, more below 1/2, at a lower mean. Seed fixed; with
    another one the differences are as large."""
    data, test = load("digits", "train"), load("digits", "test")
    p = {}
    for method in ("gaussian", "easy"):
        out = tmp_path / f"{method}.safetensors"
        trained(out, method, quick(epochs=20, batch=128), data=data)
        model = load_checkpoint(out).model
        p[method] = count_labels(model, test, range(len(test)), sigma=0.5, draws=400, seed=5, device=CPU).numpy() / 400
    assert np.mean(p["easy"] > 0.95) > np.mean(p["gaussian"] > 0.95) + 0.05
    assert np.mean(p["easy"] < 0.5) > np.mean(p["gaussian"] < 0.5) + 0.1
    assert np.mean(p["easy"]) < np.mean(p["gaussian"]) - 0.05
    assert np.std(p["easy"]) > np.std(p["gaussian"]) + 0.05
