"""Attack your own network: any PyTorch module, on images that you have as tensors or as a data set."""

from __future__ import annotations

import os
from collections.abc import Sequence
from math import prod
from pathlib import Path

import torch
from torch import Tensor, nn

from rstheory import _check
from rstheory._files import require_folder
from rstheory._progress import Progress, silent
from rstheory.logs.attack_log import AttackLog, parse_attack_log, read_attack_log
from rstheory.logs.write import row
from rstheory.smoothing.attacks.run import Attacker, run_attack
from rstheory.smoothing.attacks.task import Attack
from rstheory.smoothing.counting import ClassCounter, keep_freed_memory
from rstheory.smoothing.data import Dataset
from rstheory.smoothing.given import Pairs, given_images
from rstheory.smoothing.models import prepare, weights_digest
from rstheory.smoothing.noise import Noise
from rstheory.smoothing.run import origin
from rstheory.smoothing.share import own_device


def attack(
    module: nn.Module,
    images: Tensor | Pairs | Dataset,
    labels: Tensor | Sequence[int] | None = None,
    *,
    task: Attack,
    classes: int,
    batch: int | None = None,
    rows: int | None = None,
    dtype: torch.dtype = torch.float32,
    device: str = "auto",
    out: str | os.PathLike[str] | None = None,
    resume: bool = False,
    progress: Progress = silent,
) -> AttackLog:
    """The smallest L2 perturbation found, for each image, that changes what the smoothed classifier of a network says.

    module, images, labels: as for `rstheory.smoothing.certify`. The module must let gradients through to its input.
    task: noise level, attack, and how successes are judged.
    classes: how many there are.
    batch: rows of a forward pass of PREDICT. rows: noisy images per gradient pass. Defaults: what suits the device.
    dtype: arithmetic of the network that is judged. Gradients are those of float32.
    device, out, resume, progress: as for `certify`.

    Perturbed images stay in [0, 1]: that is what a picture can hold, and what the noise's bound is proved for. The
    certificate holds for perturbations beyond it, too, so that r_certified <= r* <= the norm found all the same.
    A failed attack proves nothing: a better one may find a smaller perturbation.

    ValueError for wrong arguments, pixels outside [0, 1], a loss that is not finite, and a log that exists or belongs
    to another run; OSError where the log cannot be written.

    >>> network = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
    >>> network[1].weight.data = torch.tensor([[0.0], [1.0]]).repeat(1, 16)
    >>> network[1].bias.data = torch.tensor([0.0, -8.0])  # the border: a mean of 1/2
    >>> log = attack(network, torch.full((1, 1, 4, 4), 0.6), [1], task=Attack(sigma=0.25, eps=1.0, m=4), classes=2)
    >>> bool(0.4 <= log.norm[0] < 0.5)  # its distance from the border is 4 * 0.1
    True
    """
    if not isinstance(module, nn.Module):
        raise ValueError(f"module is of type {type(module).__name__}: it must be a torch.nn.Module")
    if resume and out is None:
        raise ValueError("resume=True is not allowed without out: nothing was kept to go on with")
    given, place = given_images(images, labels), own_device(device)
    _check.at_least(2, "classes", classes)
    known = given.labels.cpu().numpy()
    _check.refuse("labels", known, known >= classes, f"the network has {classes} classes")
    if place.type == "cpu":
        keep_freed_memory()
    weights, indices = weights_digest(module), range(len(given))
    gradients = prepare(module, dtype=torch.float32, device=place)
    with ClassCounter(
        gradients if dtype == torch.float32 else prepare(module, dtype=dtype, device=place),
        shape=given.shape,
        classes=classes,
        noise=Noise(task.seed, task.sigma, prod(given.shape)),
        device=place,
        dtype=dtype,
        batch=batch,
    ) as counter:
        attacker = Attacker(task, gradients, counter, rows)
        if out is not None:
            path = require_folder(Path(out))
            run_attack(attacker, given, indices, weights, path, resume=resume, progress=progress)
            return read_attack_log(path)
        made_by, form = origin(counter, given, weights), task.form
        with progress(len(given) * (1 + task.halvings)) as advance:
            parts = attacker.attack(given, attacker.groups(indices), advance)
            lines = [row(form, cells | made_by) for part in parts for cells in part]
    return parse_attack_log(given.name, "\n".join([form.header, *lines]))
