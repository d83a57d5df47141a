"""E7: what `rstheory measure` writes, against the functions that make it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

import rstheory
from rstheory.cli import app
from rstheory.smoothing.data import load
from rstheory.smoothing.models import load_checkpoint
from rstheory.smoothing.training import Attack, count_labels
from rstheory.smoothing.training.gradients import gradient_norms
from rstheory.smoothing.training.measure import measure

CHECKPOINT = Path(rstheory.__file__).parent / "zoo" / "digits" / "gaussian" / "model_0.50.safetensors"


@pytest.mark.filterwarnings("ignore:.* was trained under sigma")
@pytest.mark.parametrize(
    ("sigma", "options", "steps", "step"),
    [
        (0.25, [], 3, 0.25),  # theory E5
        (0.5, ["--attack-steps", 2, "--attack-step", 0.03], 2, 0.03),
        (0.5, ["--attack-steps", 2], 2, 0.25),
        (0.5, ["--attack-step", 0.03], 6, 0.03),
    ],
)
def test_measure_writes_what_its_parts_find(tmp_path, sigma, options, steps, step):
    """Every column against the function that makes it, at the noise level, seed, draws and attack asked for."""
    out = tmp_path / "measured.csv"
    arguments = ["measure", "--checkpoint", CHECKPOINT, "--data", "digits", "--split", "test", "--sigma", sigma]
    arguments += ["--skip", 40, "--max", 6, "--draws", 30, "--gradient-draws", 3, "--seed", 5, "--device", "cpu"]
    result = CliRunner().invoke(app, [*map(str, [*arguments, *options]), "--out", str(out)])
    assert result.exit_code == 0, result.output
    frame = pd.read_csv(out, comment="#")
    indices = list(range(0, 240, 40))
    assert frame["idx"].tolist() == indices
    data, model = load("digits", "test"), load_checkpoint(CHECKPOINT).model.requires_grad_(True)
    assert frame["label"].tolist() == data.labels[indices].tolist()
    alike = {"sigma": sigma, "seed": 5}
    counts = count_labels(model, data, indices, draws=30, device=torch.device("cpu"), **alike)
    assert frame["count"].tolist() == counts.tolist()
    plain = gradient_norms(model, data, indices, draws=3, **alike).numpy()
    attacked = gradient_norms(model, data, indices, draws=3, attack=Attack(0, steps, step), **alike).numpy()
    assert not np.allclose(plain, attacked, rtol=0.01)
    np.testing.assert_allclose(frame["gradient"], plain, rtol=1e-6)
    np.testing.assert_allclose(frame["gradient_attacked"], attacked, rtol=1e-6)
    assert f"# attack: {steps} steps of {step}\n" in out.read_text()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sigma": -1.0}, "sigma=-1.0"),
        ({"steps": 0}, "steps=0"),
        ({"steps": -2}, "steps=-2"),
        ({"step": 0.0}, "step=0.0"),
        ({"draws": 0}, "draws=0"),
        ({"gradient_draws": 0}, "gradient_draws=0"),
    ],
)
def test_bad_measurements_are_refused_before_they_are_made(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        measure(tmp_path / "absent.safetensors", "digits", tmp_path / "out.csv", **({"sigma": 0.5} | change))


@pytest.mark.parametrize(
    ("change", "message"),
    [({"sigma": -1.0}, "sigma=-1.0"), ({"draws": 0}, "draws=0"), ({"attack": Attack(1, 2, 0.1)}, "attack.start=1")],
)
def test_bad_gradients_are_refused(change, message):
    options = {"sigma": 0.5, "draws": 1, "seed": 0} | change
    with pytest.raises(ValueError, match=message):
        gradient_norms(load_checkpoint(CHECKPOINT).model, load("digits", "test"), [0], **options)
