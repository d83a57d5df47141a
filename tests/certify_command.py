"""`rstheory certify` on digits, and a network whose success probability is known exactly."""

import torch
from typer.testing import CliRunner

from rstheory.cli import app
from rstheory.smoothing.models import build, save_checkpoint


def certify(checkpoint, out, *options, sigma=0.5, n=300, n0=20, skip=30):
    words = ["certify", "--checkpoint", checkpoint, "--data", "digits", "--device", "cpu", "--sigma", sigma, "--n", n,
             "--n0", n0, "--seed", 1, "--skip", skip, "--out", out, *options]  # fmt: skip
    return CliRunner().invoke(app, [str(word) for word in words])


def half_space(path, radius):
    """A checkpoint that answers 0 where the first pixel, black in every digit, is above -radius, and else 1.

    So every digit has class 0 with probability Phi(radius/sigma), and its true radius is `radius`.
    """
    model = build("mlp", 10, (1, 8, 8), mean=[0.0], std=[1.0])
    with torch.no_grad():
        for weights in model.parameters():
            weights.zero_()
        first, second, last = (layer for layer in model.modules() if isinstance(layer, torch.nn.Linear))
        first.weight[0, 0], first.bias[0] = 1.0, radius
        first.weight[1, 0], first.bias[1] = -1.0, -radius
        for unit in (0, 1):
            second.weight[unit, unit] = last.weight[unit, unit] = 1.0
        last.bias[2:] = -1.0
    save_checkpoint(path, model, arch="mlp", classes=10, shape=(1, 8, 8), metadata={})
    return path
