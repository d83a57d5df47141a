"""The logs that ship with the package: complete, recomputable from their counts, and of the networks beside them."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import binomtest

import rstheory
from rstheory import radius_from_count
from rstheory.logs.read import read_log
from rstheory.smoothing.counting import ClassCounter
from rstheory.smoothing.data import load
from rstheory.smoothing.models import load_checkpoint, prepare, weights_digest
from rstheory.smoothing.noise import Noise
from rstheory.smoothing.purposes import ESTIMATION, PREDICTION, SELECTION
from rstheory.smoothing.training.identity import identity_of_checkpoint

ZOO = Path(rstheory.__file__).parent / "zoo"
LOGS = {path.relative_to(ZOO).as_posix(): path for path in sorted(ZOO.rglob("noise_*.tsv"))}
SAMPLES = {"digits": 450, "cifar10-resnet20": 500}
CIFAR10 = os.environ.get("RSTHEORY_CIFAR10")

TRAINING = [
    path
    for path in sorted(ZOO.rglob("model_*.train.tsv"))
    if not path.parent.name.endswith("-rerun") and "seed" not in path.name
]
SURVEYS = sorted(ZOO.glob("cifar10-*/*/survey_*.tsv.xz"))
CERTIFIED = sorted(ZOO.glob("cifar10-fast/*/certified_*.tsv.xz"))

every_log = pytest.mark.parametrize("name", LOGS)


def checkpoint_of(name):
    return LOGS[name].with_name(LOGS[name].name.replace("noise_", "model_")).with_suffix(".safetensors")


def test_there_are_logs_of_both_data_sets():
    folders = {name.split("/")[0] for name in LOGS}
    assert folders == set(SAMPLES)
    for folder in folders:
        assert {f"{folder}/{method}/noise_0.50.tsv" for method in ("gaussian", "easy")} <= set(LOGS)


@every_log
def test_logs_belong_to_their_checkpoints(name):
    checkpoint = load_checkpoint(checkpoint_of(name))
    rows = pd.read_csv(LOGS[name], sep="\t")
    assert set(rows["weights"]) == {weights_digest(checkpoint.model)[:16]}
    assert checkpoint.metadata["sigma"] == str(rows["sigma"][0])
    command = checkpoint.metadata["command"]
    assert command.startswith("rstheory train --recipe papers --data ")
    assert f"--method {LOGS[name].parent.name.removesuffix('-rerun')} " in command
    assert not [word for word in command.split() if word.startswith("/")]  # it runs on other machines


@pytest.mark.parametrize("path", TRAINING, ids=lambda path: "/".join(path.parts[-3:]))
def test_training_logs_agree_with_the_baselines_until_the_method_begins(path):
    """One seed, machine and number of threads: what the method does not change is the same to the last digit."""
    run = identity_of_checkpoint(path.with_name(path.name.replace("train.tsv", "safetensors")))
    start = min([value for name, value in run.items() if name.endswith(".start")], default=run["epochs"])
    baseline = path.parent.parent / "gaussian" / path.name
    own, other = (pd.read_csv(log, sep="\t").drop(columns="seconds").iloc[:start] for log in (path, baseline))
    pd.testing.assert_frame_equal(own, other)


def test_the_first_rows_come_out_again():
    """The shipped log of the Gaussian network, by the code as it is: counts may differ by near-ties of the logits only
    (other processors add in another order), and do not on the machine that made them."""
    name = "digits/gaussian/noise_0.50.tsv"
    rows = pd.read_csv(LOGS[name], sep="\t", nrows=3)
    data, checkpoint = load("digits"), load_checkpoint(checkpoint_of(name))
    noise = Noise(int(rows["seed"][0]), float(rows["sigma"][0]), 64)
    options = {"shape": data.shape, "classes": 10, "noise": noise, "device": torch.device("cpu")}
    with ClassCounter(prepare(checkpoint.model), **options) as counter:
        images = data.inputs(torch.arange(3)).double()
        found = counter.count(images, range(3), {SELECTION: 100, ESTIMATION: 10_000})[:, 1]
    shipped = np.array([[int(c) for c in cell.split(",")] for cell in rows["counts"]])
    assert np.abs(found - shipped).max() <= 2


@pytest.mark.skipif(CIFAR10 is None, reason="RSTHEORY_CIFAR10 does not name a folder of CIFAR-10 Parquet files")
@pytest.mark.parametrize("name", [name for name in LOGS if name.startswith("cifar10")])
def test_fresh_draws_fit_the_counts_of_a_shipped_log(name):
    """Processors round bfloat16 products differently, so counts need not come out again; their law must. Four samples
    of each log, 200 fresh draws in float32 each: the two-sided binomial test of the log's share refuses below 1e-9,
    which a right log passes but for a chance of at most 4e-8 a log, and for the noise of the log's own 10,000 draws."""
    rows = pd.read_csv(LOGS[name], sep="\t").iloc[::125]
    data, checkpoint = load(CIFAR10), load_checkpoint(checkpoint_of(name))
    noise = Noise(1, float(rows["sigma"].iloc[0]), 3072)
    options = {"shape": data.shape, "classes": 10, "noise": noise, "device": torch.device("cpu")}
    with ClassCounter(prepare(checkpoint.model), **options) as counter:
        images = data.inputs(torch.tensor(rows["idx"].to_numpy())).double()
        found = counter.count(images, rows["idx"].tolist(), {PREDICTION: 200})[:, 0]
    for fresh, cell in zip(found, rows["counts"], strict=True):
        shipped = np.array([int(c) for c in cell.split(",")])
        top = shipped.argmax()
        share = np.clip(shipped[top] / shipped.sum(), 1e-3, 1 - 1e-3)
        assert binomtest(int(fresh[top]), 200, share).pvalue > 1e-9


@every_log
def test_every_radius_follows_from_its_count(name):
    log = read_log(LOGS[name])
    sigma = float(LOGS[name].stem.removeprefix("noise_"))
    assert (log.samples, log.n, log.alpha, log.sigma) == (SAMPLES[name.split("/")[0]], 10_000, 1e-3, sigma)
    # A bound computed in an array may differ from the same one alone in its last bits; both are sound.
    np.testing.assert_allclose(log.radius, radius_from_count(log.count, log.n, log.alpha, log.sigma), rtol=1e-13)
    counts = np.array([[int(c) for c in cell.split(",")] for cell in pd.read_csv(LOGS[name], sep="\t")["counts"]])
    assert (counts.sum(axis=1) == log.n).all()
    predicted = log.predict >= 0
    np.testing.assert_array_equal(counts[predicted, log.predict[predicted]], log.count[predicted])
    np.testing.assert_array_equal(log.correct, log.predict == log.label)
    assert log.warnings == ()


@pytest.mark.parametrize("folder", SAMPLES)
def test_looking_at_easy_samples_raised_acr_and_lowered_accuracy(folder):
    """The paper's point, on real images: what the README says of these logs."""
    easy, gaussian = (read_log(LOGS[f"{folder}/{method}/noise_0.50.tsv"]) for method in ("easy", "gaussian"))
    assert easy.acr > gaussian.acr
    assert easy.clean_accuracy < gaussian.clean_accuracy


@pytest.mark.parametrize("path", SURVEYS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_surveys_are_whole_and_of_their_networks(path):
    """Every test image under 200 draws, or the first half of them, beside the training log; and of the checkpoint,
    where that ships too."""
    log = read_log(path)
    images = 5_000 if path.parts[-3] == "cifar10-vit" else 10_000
    assert (log.n, log.warnings) == (200, ())
    assert log.index.tolist() == list(range(images))
    assert (log.counts.sum(axis=1) == 200).all()
    of_run = path.name.removeprefix("survey_").removesuffix(".tsv.xz")
    assert f"{log.sigma:.2f}" == of_run.partition("_")[0]
    assert path.with_name(f"model_{of_run}.train.tsv").exists()
    if (model := path.with_name(f"model_{of_run}.safetensors")).exists():
        checkpoint = load_checkpoint(model)
        assert log.origin.weights == weights_digest(checkpoint.model)[:16]
        assert not [word for word in checkpoint.metadata["command"].split() if word.startswith("/")]


@pytest.mark.parametrize("path", CERTIFIED, ids=lambda path: path.parent.name)
def test_certificates_by_the_curve_rule_are_of_their_networks(path):
    """Every 20th test image, at most 100,000 draws each; counts give the class, and no radius is larger than they
    allow."""
    log = read_log(path)
    checkpoint = load_checkpoint(
        path.with_name(path.name.replace("certified", "model").replace("tsv.xz", "safetensors"))
    )
    assert log.origin.weights == weights_digest(checkpoint.model)[:16]
    assert (log.samples, log.n, log.alpha) == (500, 100_000, 1e-3)
    assert log.index.tolist() == list(range(0, 10_000, 20))
    assert [finding.code for finding in log.warnings] == ["stopping-rule"]
    draws = pd.read_csv(path, sep="\t")["draws"].to_numpy()
    assert (log.counts.sum(axis=1) == draws).all()
    predicted = log.predict >= 0
    np.testing.assert_array_equal(log.counts[predicted, log.predict[predicted]], log.count[predicted])
    # The rule has looked several times: it proves no more than Clopper and Pearson would, asked once at the end.
    once = radius_from_count(log.count, draws, log.alpha, log.sigma)
    assert (log.radius[predicted] <= once[predicted] + 1e-12).all()


@pytest.mark.parametrize("path", SURVEYS, ids=lambda path: "/".join(path.parts[-3:]))
def test_methods_of_a_study_cost_the_same(path):
    """No more than planned, and no less than three quarters of it: costs are cut to whole epochs."""
    run = path.with_name(path.name.replace("survey_", "model_").replace(".tsv.xz", ".train.tsv"))
    studies = {"cifar10-fast": 0.08, "cifar10-fast-wide": 0.8, "cifar10-vit": 0.54, "cifar10-mbconv": 0.03}
    planned = studies[path.parts[-3]]
    spent = pd.read_csv(run, sep="\t")["pflop"].iloc[-1]
    assert 0.75 * planned < spent <= planned
