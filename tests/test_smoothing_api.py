"""`rstheory.smoothing.certify` and `predict`: any module, tensors or a data set, the log of `rstheory certify`."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from certify_command import certify as certify_command
from torch import nn

import rstheory.smoothing as smoothing
from rstheory import read_log
from rstheory.sequential import rule_for_curve, rule_for_radius, rule_for_tolerance
from rstheory.smoothing import certify, predict
from rstheory.smoothing.data import load
from rstheory.smoothing.models import build, save_checkpoint

FEW = {"sigma": 0.5, "n": 200, "n0": 20, "device": "cpu"}


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3)).eval()


IMAGES = torch.rand((6, 1, 4, 4), generator=torch.Generator().manual_seed(0))
LABELS = torch.tensor([0, 1, 2, 0, 1, 2])
COLUMNS = ("index", "label", "predict", "radius", "half_unit", "correct", "count", "counts")


def same(a, b):
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in COLUMNS)


def test_the_log_in_memory_is_the_log_on_disk(tmp_path):
    memory = certify(network(), IMAGES, LABELS, **FEW)
    disk = certify(network(), IMAGES, LABELS, **FEW, out=tmp_path / "log.tsv")
    assert same(memory, disk)
    assert memory.origin == disk.origin
    assert (memory.samples, memory.n, memory.alpha, memory.sigma, memory.warnings) == (6, 200, 0.001, 0.5, ())
    assert (memory.origin.n0, memory.origin.seed, memory.origin.dtype) == (20, 0, "float32")
    assert (memory.counts.sum(axis=1) == 200).all()
    assert len({tuple(row) for row in memory.counts.tolist()}) > 3
    assert same(disk, read_log(tmp_path / "log.tsv"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.tsv"]


def test_nothing_is_written_without_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    certify(network(), IMAGES, LABELS, **FEW)
    assert not list(tmp_path.iterdir())


def test_the_module_stays_as_it_is_and_is_certified_in_eval_mode():
    module = network().train()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    log = certify(module, IMAGES, LABELS, **FEW)
    assert module.training
    assert all(torch.equal(before[name], tensor) for name, tensor in module.state_dict().items())
    assert same(log, certify(network().eval(), IMAGES, LABELS, **FEW))


def test_batch_does_not_matter_and_the_seed_does():
    log = certify(network(), IMAGES, LABELS, **FEW)
    assert same(log, certify(network(), IMAGES, LABELS, **FEW, batch=37))
    assert not same(log, certify(network(), IMAGES, LABELS, **FEW, seed=1))


@pytest.mark.parametrize("labels", [LABELS.tolist(), LABELS.int(), LABELS.to(torch.uint8)])
def test_labels_of_any_integer_type(labels):
    assert certify(network(), IMAGES, labels, **FEW).label.tolist() == LABELS.tolist()


def test_data_sets_of_pairs():
    expected = certify(network(), IMAGES, LABELS, **FEW)
    assert same(certify(network(), torch.utils.data.TensorDataset(IMAGES, LABELS), **FEW), expected)
    assert same(certify(network(), list(zip(IMAGES, LABELS.tolist(), strict=True)), **FEW), expected)


def test_the_library_and_the_command_certify_the_same(tmp_path):
    """Digits, through a checkpoint and `run_checkpoint`, and through the module in memory."""
    torch.manual_seed(0)
    module, data = build("mlp", 10, (1, 8, 8)).eval(), load("digits", "test")
    save_checkpoint(tmp_path / "m.safetensors", module, arch="mlp", classes=10, shape=(1, 8, 8))
    smoothing.run_checkpoint(
        smoothing.Certify(0.5, smoothing.FixedDraws(200), n0=20),
        checkpoint=tmp_path / "m.safetensors",
        source="digits",
        out=tmp_path / "log.tsv",
        limit=12,
        machine=smoothing.Machine(device="cpu"),
    )
    few = smoothing.Dataset(data.images[:12], data.labels[:12], data.classes, "digits test")
    from_module, from_command = certify(module, few, **FEW), read_log(tmp_path / "log.tsv")
    assert same(from_module, from_command)
    assert from_module.origin.weights == from_command.origin.weights


QUESTIONS = {
    "": {"n": 300},
    "--radius 0.25": {"rule": rule_for_radius(0.25, 0.5, 300)},
    "--curve": {"rule": rule_for_curve(0.5, 300)},
    "--tolerance 0.2": {"rule": rule_for_tolerance(0.2, 0.5, 300)},
    "--alpha 0.01": {"n": 300, "alpha": 0.01},
    "--bound randomized": {"n": 300, "bound": "randomized"},
    "--bound two-class": {"n": 300, "bound": "two-class"},
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_rules_and_bounds_give_the_rows_of_the_command(question, tmp_path):
    """Every column but two: the time, and the digest of the data, which here are only the images certified."""
    torch.manual_seed(0)
    module, data = build("mlp", 10, (1, 8, 8)).eval(), load("digits", "test")
    save_checkpoint(tmp_path / "m.safetensors", module, arch="mlp", classes=10, shape=(1, 8, 8))
    done = certify_command(tmp_path / "m.safetensors", tmp_path / "command.tsv", "--max", 12, *question.split(), skip=1)
    assert done.exit_code == 0, done.output
    few = smoothing.Dataset(data.images[:12], data.labels[:12], data.classes, "digits test")
    arguments = {"sigma": 0.5, "n0": 20, "seed": 1, "device": "cpu"} | QUESTIONS[question]
    memory = certify(module, few, **arguments)
    disk = certify(module, few, **arguments, out=tmp_path / "library.tsv")
    ours, theirs = (
        pd.read_csv(tmp_path / name, sep="\t", dtype=str).drop(columns=["time", "data"])
        for name in ("library.tsv", "command.tsv")
    )
    pd.testing.assert_frame_equal(ours, theirs)
    assert same(memory, disk)
    assert (memory.rule, memory.bound, memory.alpha) == (disk.rule, disk.bound, disk.alpha)
    assert np.array_equal(memory.draws, disk.draws)
    assert ("rule" in ours) == (memory.rule is not None) == ("rule" in arguments)


def test_killed_and_resumed(tmp_path):
    out = tmp_path / "log.tsv"
    whole = certify(network(), IMAGES, LABELS, **FEW, out=out)
    content = out.read_bytes()
    out.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match="exists: go on with it"):
        certify(network(), IMAGES, LABELS, **FEW, out=out)
    assert same(certify(network(), IMAGES, LABELS, **FEW, out=out, resume=True), whole)
    out.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match="it says weights="):
        certify(network(1), IMAGES, LABELS, **FEW, out=out, resume=True)
    with pytest.raises(ValueError, match="it says data="):
        certify(network(), IMAGES.flip(0), LABELS, **FEW, out=out, resume=True)


def test_progress_is_told(tmp_path):
    from contextlib import contextmanager

    told = []

    @contextmanager
    def progress(total):
        told.append(-total)
        yield told.append

    certify(network(), IMAGES, LABELS, **FEW, progress=progress)
    assert (told[0], sum(told)) == (-6 * 220, 0)


def test_predictions_follow_the_counts():
    log = certify(network(), IMAGES, LABELS, **FEW)
    answers = predict(network(), IMAGES, sigma=0.5, n=200, device="cpu")
    assert len(answers) == 6
    assert all(sum(answer.counts) == 200 for answer in answers)
    sure = log.radius > 0.1
    assert sure.any()
    assert [answers[i].leader for i in np.flatnonzero(sure)] == log.predict[sure].tolist()
    # Draws of their own: none is shared with CERTIFY.
    assert [answer.counts for answer in answers] != [tuple(row) for row in log.counts.tolist()]


class Answers(nn.Module):
    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, x):
        return self.answer(x)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": IMAGES * 2}, "image 0 is not allowed: pixels must lie in"),
        ({"images": IMAGES.index_fill(0, torch.tensor([3]), float("nan"))}, "image 3 is not allowed"),
        ({"images": (IMAGES * 255).to(torch.uint8)}, "images is torch.uint8: it must be a floating-point tensor"),
        ({"images": IMAGES[0]}, "images has shape"),
        ({"images": IMAGES[:0], "labels": []}, "images has shape"),
        ({"labels": None}, "labels is missing"),
        ({"labels": LABELS[:3]}, "labels has shape"),
        ({"labels": LABELS.float()}, "labels is torch.float32"),
        ({"labels": LABELS - 1}, "labels has -1"),
        ({"labels": LABELS + 1}, r"labels\[2\]=3 is not allowed: the network has 3 classes"),
        ({"images": [(IMAGES[0], 0)]}, "labels is not allowed beside a data set"),
        ({"images": [], "labels": None}, "images is empty"),
        ({"module": lambda x: x}, "module is of type function"),
        ({"module": Answers(lambda x: x)}, "module answers"),
        ({"module": Answers(lambda x: x.flatten(1)[:, :3] * float("nan"))}, "output is not finite"),
        ({"sigma": 0.0}, "sigma=0.0"),
        ({"n": 0}, "n=0"),
        ({"n0": 0}, "n0=0"),
        ({"alpha": 0.0}, "alpha=0.0"),
        ({"seed": -1}, "seed=-1"),
        ({"batch": 0}, "batch=0"),
        ({"device": "abacus"}, "device='abacus'"),
        ({"dtype": torch.int32}, "dtype=torch.int32"),
        ({"resume": True}, "resume=True is not allowed without out"),
        ({"out": "/dev/null/log.tsv"}, "cannot make its folder"),
        ({"n": 10**10}, "the noise is Gaussian up to tau="),
        ({"n": None}, "n is missing: give the draws per image, or a rule"),
        ({"rule": rule_for_curve(0.5, 300)}, "n=200 is not allowed with a rule: it brings its own, cap=300"),
        ({"rule": rule_for_curve(0.5, 300), "n": None, "alpha": 0.1}, "alpha=0.1 is not allowed with a rule"),
        (
            {"rule": rule_for_curve(0.5, 300), "n": None, "bound": "two-class"},
            "bound='two-class' is not allowed with the rule curve",
        ),
        ({"bound": "betting"}, "bound='betting' is not allowed"),
    ],
)
def test_what_cannot_be_certified_is_refused(change, message):
    arguments = {"module": network(), "images": IMAGES, "labels": LABELS, **FEW} | change
    with pytest.raises(ValueError, match=message):
        certify(**arguments)


# -- the face of the room --


def test_public_names_resolve_and_torch_waits():
    for name in smoothing.__all__:
        thing = getattr(smoothing, name)
        assert thing.__doc__, name
    assert set(smoothing.__all__) <= set(dir(smoothing))
    assert sorted(smoothing.__all__) == list(smoothing.__all__)
    with pytest.raises(AttributeError, match="no attribute 'certified'"):
        _ = smoothing.certified
    code = (
        "import sys, rstheory.smoothing as s; assert 'torch' not in sys.modules; s.Noise; assert 'torch' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
