"""How a network does on training images under noise: counts, from which p is estimated."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from rstheory.smoothing.counting import ClassCounter
from rstheory.smoothing.data import Dataset
from rstheory.smoothing.models import prepare
from rstheory.smoothing.noise import Noise
from rstheory.smoothing.purposes import MEASUREMENT

_GROUP = 512  # images counted together


def class_counts(
    model: nn.Module,
    data: Dataset,
    indices: Sequence[int],
    *,
    sigma: float,
    draws: int,
    seed: int,
    device: torch.device,
    dtype: torch.dtype = torch.float32,
    advance: Callable[[int], None] = lambda draws: None,
) -> Tensor:
    """How many of `draws` noisy copies of each image get each class: int64, shape (len(indices), classes), on the CPU.

    The network is measured as it is in eval mode, batch norm folded, in `dtype`. The same seed gives the same counts;
    measurements that should be independent need different seeds.

    advance: is told of draws done.
    """
    noise = Noise(seed, sigma, math.prod(data.shape))
    ready = prepare(model, dtype=dtype, device=device)
    counts = []
    options = {"shape": data.shape, "classes": len(data.classes), "noise": noise, "device": device, "dtype": dtype}
    with ClassCounter(ready, **options) as counter:  # type: ignore[arg-type]  # the values have their types
        for start in range(0, len(indices), _GROUP):
            group = list(indices[start : start + _GROUP])
            chosen = torch.tensor(group, device=data.images.device)
            counts.append(counter.count(data.inputs(chosen).double(), group, {MEASUREMENT: draws}, advance)[:, 0])
    return torch.from_numpy(np.concatenate(counts))


def count_labels(
    model: nn.Module,
    data: Dataset,
    indices: Sequence[int],
    *,
    sigma: float,
    draws: int,
    seed: int,
    device: torch.device,
    dtype: torch.dtype = torch.float32,
    advance: Callable[[int], None] = lambda draws: None,
) -> Tensor:
    """How many of `draws` noisy copies of each image get its label: int64, shape (len(indices),), on the CPU.

    The rest is as in `class_counts`.
    """
    counts = class_counts(
        model, data, indices, sigma=sigma, draws=draws, seed=seed, device=device, dtype=dtype, advance=advance
    )
    labels = data.labels[torch.tensor(list(indices), device=data.labels.device)].cpu()
    return counts.gather(1, labels[:, None])[:, 0]
