"""The published methods in runs: each resumes to the bit, and does on digits what its paper says it does."""

from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from training_runs import CPU, Stopping, loses_classes, quick, stopped, trained

from rstheory.smoothing.data import load
from rstheory.smoothing.models import load_checkpoint
from rstheory.smoothing.training import (
    METHODS,
    Settings,
    SmoothAdv,
    Step,
    compose,
    count_labels,
    train,
)

OTHERS = ["smoothadv", "macer", "consistency", "smoothmix", "catrs"]


@loses_classes
@pytest.mark.parametrize("name", sorted(METHODS))
@given(at=st.integers(0, 15), dtype=st.sampled_from(["float32", "bfloat16"]))
@settings(max_examples=2, deadline=None)
def test_every_method_resumes_to_the_bit(tmp_path_factory, name, at, dtype):
    """Stopped after any of its 16 steps, and resumed: the same weights, the same log but for the seconds. The network
    has batch norm, whose statistics must come back, too."""
    folder = tmp_path_factory.mktemp("runs")
    chosen = quick(flip_and_crop=True, dtype=dtype)
    options = {"smoothadv": {"smoothadv.steps": 2}, "catrs": {"catrs.draws": 10}}.get(name, {})
    run = (compose(name, chosen, options), chosen)
    stopped(folder / "a.safetensors", *run, progress=Stopping(steps=at), arch="cnn")
    assert not (folder / "a.safetensors").exists()
    resumed = trained(folder / "a.safetensors", *run, arch="cnn", resume=True)
    assert resumed == trained(folder / "whole.safetensors", *run, arch="cnn")
    logs = [(folder / f"{file}.train.tsv").read_text().splitlines() for file in ("a", "whole")]
    first, second = ([line.split("\t")[:-1] for line in log] for log in logs)
    assert first == second


# -- what the papers say --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """Networks by method, learning rate and noise vectors per image, trained on digits once each, for 20 epochs.
    Lengths are for images of 64 pixels."""
    folder, made = tmp_path_factory.mktemp("networks"), {}
    options = {
        "smoothadv": {"smoothadv.epsilon": 0.5},
        "consistency": {"consistency.lam": 2.0},
        "smoothmix": {"smoothmix.step": 0.25},
        "catrs": {"catrs.epsilon": 0.5},
    }

    def network(name, rate=0.1, draws=2):
        if (name, rate) not in made:
            chosen = Settings(0.5, 20, draws, 64, learning_rate=rate, flip_and_crop=False, dtype="float32")
            out = folder / f"{name}_{rate}.safetensors"
            method = compose(name, chosen, options.get(name))
            train(method, chosen, load("digits", "train"), arch="mlp", out=out, device=CPU)
            made[name, rate] = load_checkpoint(out).model
        return made[name, rate]

    return network


def shares(model, levels):
    """Shares of test images whose label probability passes these levels, by 400 draws."""
    test = load("digits", "test")
    counts = count_labels(model, test, range(len(test)), sigma=0.5, draws=400, seed=5, device=CPU).numpy()
    return [float(np.mean(counts > level * 400)) for level in levels]


@pytest.mark.parametrize("name", OTHERS)
def test_methods_give_up_accuracy_for_larger_radii(networks, name):
    """What all five papers report beside Gaussian training: more images at a large radius, fewer at radius 0. Large is
    sigma Phi^-1(0.9) = 0.64 here. MACER, and Gaussian training beside it, have a tenth of the learning rate, as in its
    paper, and more noise vectors: with less care it diverges here. Seeds fixed; the differences in the first are more
    than twice their standard errors."""
    how = (0.01, 6) if name == "macer" else (0.1, 2)
    (accuracy, robust), (gaussian_accuracy, gaussian_robust) = (
        shares(networks(method, *how), levels=(0.5, 0.9)) for method in (name, "gaussian")
    )
    assert robust > gaussian_robust + 0.04
    assert accuracy < gaussian_accuracy


def noisy_predictions(model, attack=None):
    """Softmax of test images under 16 noise vectors each, shape (16, n, classes)."""
    test = load("digits", "test")
    images = test.inputs(torch.arange(len(test)))
    generator = torch.Generator().manual_seed(1)
    noise = 0.5 * torch.randn((16, *images.shape), generator=generator)
    exact = partial(torch.autocast, "cpu", enabled=False)
    step = Step(99, 0.5, model, images, test.labels, torch.arange(len(test)), noise, generator, exact)
    noise = noise if attack is None else attack.noise(step, {})
    with torch.no_grad():
        return step.noisy_logits(images, noise).double().softmax(2)


def test_consistency_makes_predictions_agree(networks):
    """KL of single predictions from their mean is well below that under Gaussian training."""
    spread = {}
    for name in ("gaussian", "consistency"):
        scores = noisy_predictions(networks(name))
        mean = scores.mean(0)
        spread[name] = float((mean * (mean.log() - scores.log())).sum(2).mean())
    assert spread["consistency"] < 0.75 * spread["gaussian"]


def test_smoothmix_is_less_sure_of_adversarial_images(networks):
    """Its name for over-confidence near off-class images: the largest mean probability after an attack of length 1."""
    sure = {
        name: float(noisy_predictions(networks(name), SmoothAdv(1.0, 4, 1)).mean(0).amax(1).mean())
        for name in ("gaussian", "smoothmix")
    }
    assert sure["smoothmix"] < sure["gaussian"] - 0.1
