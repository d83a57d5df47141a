"""What is said, as a warning, of a checkpoint that loads and may yet not be what its user means."""

from __future__ import annotations

import math
import reprlib
import warnings
from pathlib import Path

import torch

from rstheory.smoothing.data import Dataset
from rstheory.smoothing.models.checkpoint import Checkpoint

ASKED = 200  # images, which a sound network answers in seconds and far better than chance
FEWEST = 20  # images: fewer do not tell a poor network from chance
ADVICE = {
    "published": (
        "Such a file does not hold its normalisation: try --std 1,1,1 (SmoothAdv's networks are only centred), or"
        " --mean 0 --std 1 (networks that take pixels as they are)"
    ),
    "program": "Does the program normalise its inputs itself, and take pixels in [0, 1]?",
}


def note_other_noise(path: Path, checkpoint: Checkpoint, sigma: float) -> None:
    """Warn where a network says that it was trained under another noise level than it is now looked at under."""
    trained = checkpoint.metadata.get("sigma", str(sigma))
    try:
        agrees = float(trained) == sigma
    except ValueError:
        agrees = False
    if not agrees:
        shown = trained if trained.replace(".", "").isdecimal() and len(trained) < 30 else reprlib.repr(trained)
        warnings.warn(f"{path} was trained under sigma={shown}, and sigma={sigma} was asked for", stacklevel=3)


def note_chance(path: Path, checkpoint: Checkpoint, data: Dataset, sigma: float) -> None:
    """Warn where a file that is not ours answers no better than by chance.

    Asked are up to `ASKED` images, evenly spread over the data set, one noisy copy each, from a fixed seed. "By chance"
    means: no more right answers than 1 / classes plus two standard errors. Data sets of fewer than `FEWEST` images are
    passed over.
    """
    kind = "program" if checkpoint.arch == "program" else checkpoint.metadata.get("format", "")
    if kind not in ADVICE or len(data) < FEWEST:
        return
    chosen = torch.linspace(0, len(data) - 1, min(ASKED, len(data))).round().long()
    generator = torch.Generator().manual_seed(0)
    right = 0
    with torch.no_grad():
        for start in range(0, len(chosen), 50):
            indices = chosen[start : start + 50]
            inputs = data.inputs(indices)
            noisy = inputs + sigma * torch.randn(inputs.shape, generator=generator)
            right += int((checkpoint.model(noisy).argmax(1) == data.labels[indices]).sum())
    asked, chance = len(chosen), 1 / checkpoint.classes
    if right <= asked * chance + 2 * math.sqrt(asked * chance * (1 - chance)):
        warnings.warn(
            f"{path}: {right} of {asked} images are classified right under one draw of the noise, no better than by"
            f" chance ({checkpoint.classes} classes). {ADVICE[kind]}. Are its classes numbered as the data are?",
            stacklevel=3,
        )
