"""The logs that ship with the package: complete, and recomputable from their counts."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import rstheory
from rstheory import radius_from_count
from rstheory.audit.read import read_log
from rstheory.smoothing.counting import Counter
from rstheory.smoothing.data import load
from rstheory.smoothing.models import load_checkpoint, prepare, weights_digest
from rstheory.smoothing.noise import ESTIMATION, SELECTION, Noise

ZOO = Path(rstheory.__file__).parent / "zoo"
LOGS = sorted(ZOO.rglob("noise_*.tsv"))


def test_there_are_logs_and_the_networks_they_came_from():
    assert [path.parent.relative_to(ZOO).as_posix() for path in LOGS] == ["digits/easy", "digits/gaussian"]


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.parent.name)
def test_logs_belong_to_their_checkpoints(path):
    checkpoint = load_checkpoint(path.parent / "model_0.50.safetensors")
    rows = pd.read_csv(path, sep="\t")
    assert set(rows["weights"]) == {weights_digest(checkpoint.model)[:16]}
    assert checkpoint.metadata["sigma"] == str(rows["sigma"][0])
    command = checkpoint.metadata["command"]
    assert command.startswith("rstheory train --data ")
    assert f"--method {path.parent.name} " in command
    assert not [word for word in command.split() if word.startswith("/")]  # it runs on other machines


def test_the_first_rows_come_out_again():
    """The shipped log of the Gaussian network, by the code as it is: counts may differ by near-ties of the logits only
    (other processors add in another order), and do not on the machine that made them."""
    rows = pd.read_csv(LOGS[1], sep="\t", nrows=3)
    data, checkpoint = load("digits"), load_checkpoint(LOGS[1].parent / "model_0.50.safetensors")
    noise = Noise(int(rows["seed"][0]), float(rows["sigma"][0]), 64)
    options = {"shape": data.shape, "classes": 10, "noise": noise, "device": torch.device("cpu")}
    with Counter(prepare(checkpoint.model), **options) as counter:
        images = data.inputs(torch.arange(3)).double()
        found = counter.count(images, range(3), {SELECTION: 100, ESTIMATION: 10_000})[:, 1]
    shipped = np.array([[int(c) for c in cell.split(",")] for cell in rows["counts"]])
    assert np.abs(found - shipped).max() <= 2


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.parent.name)
def test_every_radius_follows_from_its_count(path):
    log = read_log(path)
    assert (log.samples, log.n, log.alpha, log.sigma) == (450, 10_000, 1e-3, 0.5)
    # A bound computed in an array may differ from the same one alone in its last bits; both are sound.
    np.testing.assert_allclose(log.radius, radius_from_count(log.count, log.n, log.alpha, log.sigma), rtol=1e-13)
    counts = np.array([[int(c) for c in cell.split(",")] for cell in pd.read_csv(path, sep="\t")["counts"]])
    assert (counts.sum(axis=1) == log.n).all()
    predicted = log.predict >= 0
    np.testing.assert_array_equal(counts[predicted, log.predict[predicted]], log.count[predicted])
    np.testing.assert_array_equal(log.correct, log.predict == log.label)
    assert log.warnings == ()


def test_looking_at_easy_samples_raised_acr_and_lowered_accuracy():
    """The paper's point, on 450 real digits: what the README says of these logs."""
    easy, gaussian = (read_log(path) for path in LOGS)
    assert easy.acr > gaussian.acr
    assert easy.clean_accuracy < gaussian.clean_accuracy
