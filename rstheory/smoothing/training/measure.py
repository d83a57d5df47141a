"""Measurements of a trained network, from which figures are drawn: p and gradient norms of images, in a file (E7)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import torch

from rstheory import _check
from rstheory._files import require_folder
from rstheory._progress import Progress, silent
from rstheory._provenance import provenance, write_csv
from rstheory.smoothing.data import load
from rstheory.smoothing.models import load_checkpoint, note_other_noise
from rstheory.smoothing.training.gradients import gradient_norms
from rstheory.smoothing.training.perturbations import Attack
from rstheory.smoothing.training.probability import count_labels
from rstheory.smoothing.training.settings import Settings

COLUMNS = ("idx", "label", "count", "gradient", "gradient_attacked")


def measure(
    checkpoint: Path,
    source: str,
    out: Path,
    *,
    sigma: float,
    split: str = "train",
    start: int = 0,
    skip: int = 1,
    limit: int | None = None,
    label: str | None = None,
    channels: int | None = None,
    trust_program: bool = False,
    draws: int = 100,
    gradient_draws: int = 4,
    seed: int = 0,
    steps: int | None = None,
    step: float | None = None,
    device: torch.device | None = None,
    progress: Progress = silent,
) -> None:
    """Write how many of `draws` noisy copies of every skip-th image get its label, and its gradient norms.

    Images count from the start-th.

    The file is CSV below comment lines that say what made it. Its columns `gradient` and `gradient_attacked` are
    `gradient_norms` on `gradient_draws` noise vectors, and on the same ones after E3.

    steps, step: of the attack; defaults are the paper's for this sigma.
    label, channels, trust_program: as `data.load` and `load_checkpoint` take them.
    device: CPU by default.
    progress: opened with three steps per image.

    ValueError, before anything is computed, for what cannot be measured or written.
    """
    if out.exists():
        raise ValueError(f"{out} exists: choose another file, or remove it")
    require_folder(out)
    published = Attack.published(Settings(sigma))
    attack = Attack(0, published.steps if steps is None else steps, published.step if step is None else step)
    for name, value in (("draws", draws), ("gradient_draws", gradient_draws)):
        _check.at_least(1, name, value)
    device = device or torch.device("cpu")
    data = load(source, split, label=label, channels=channels)
    loaded = load_checkpoint(checkpoint, shape=data.shape, trust_program=trust_program)
    note_other_noise(checkpoint, loaded, sigma)
    indices = data.every(skip, limit, start).tolist()
    model = loaded.model
    with progress(3 * len(indices)) as advance:
        counts = count_labels(model, data, indices, sigma=sigma, draws=draws, seed=seed, device=device)
        advance(len(indices))
        model = model.to(device).requires_grad_(True)
        before, after = (
            gradient_norms(
                model, data, indices, attack=part, sigma=sigma, draws=gradient_draws, seed=seed, advance=advance
            )
            for part in (None, attack)
        )
    columns = (indices, data.labels[indices].tolist(), counts.tolist(), before.tolist(), after.tolist())
    made_by = provenance(
        torch=torch.__version__,
        method=loaded.metadata.get("method", "unknown"),
        weights=loaded.fingerprint[:16],
        data=f"{data.name} {data.digest[:16]}",
        device=torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        samples=len(indices),
        sigma=sigma,
        draws=draws,
        gradient_draws=gradient_draws,
        attack=f"{attack.steps} steps of {attack.step}",
        seed=seed,
    )
    write_csv(pd.DataFrame(dict(zip(COLUMNS, columns, strict=True))), out, made_by)
