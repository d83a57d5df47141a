"""How many draws per second a checkpoint makes on this machine: measured in a few seconds, for planning."""

from __future__ import annotations

import math
import time
from pathlib import Path

import torch

from rstheory.smoothing.counting import ClassCounter
from rstheory.smoothing.data import load
from rstheory.smoothing.models import load_checkpoint, prepare
from rstheory.smoothing.noise import Noise
from rstheory.smoothing.purposes import MEASUREMENT
from rstheory.smoothing.run import Machine
from rstheory.smoothing.share import own_device

_SECONDS = 2.0  # at least, for the part that is timed


def draws_per_second(checkpoint: Path, source: str, sigma: float, machine: Machine = Machine()) -> float:  # noqa: B008
    """Draws per second on the first image, warmed up: what `rstheory certify` reaches where draws are many.

    checkpoint, source: as `run_checkpoint` takes them. sigma: noise level. machine: how the network is run.
    ValueError or OSError where they cannot be read.
    """
    device, data = own_device(machine.device), load(source)
    loaded = load_checkpoint(checkpoint, shape=data.shape)
    dtype: torch.dtype = getattr(torch, machine.dtype)
    image = data.inputs(torch.tensor([0]))
    with ClassCounter(
        prepare(loaded.model, dtype=dtype, device=device),
        shape=data.shape,
        classes=loaded.classes,
        noise=Noise(0, sigma, math.prod(data.shape)),
        device=device,
        dtype=dtype,
        batch=machine.batch,
    ) as counter:
        draws = 4 * counter.batch * counter.workers
        counter.count(image, [0], {MEASUREMENT: draws})
        while True:
            start = time.perf_counter()
            counter.count(image, [0], {MEASUREMENT: draws})
            seconds = time.perf_counter() - start
            if seconds >= _SECONDS:
                return draws / seconds
            draws *= 2 if seconds > _SECONDS / 4 else 4
