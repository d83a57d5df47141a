"""Normalisation as the first layer of a model, so that inputs, noise and radii all stay in pixel units, [0, 1]."""

# Annotations stay objects here: torch.jit.script cannot read `from __future__ import annotations`' text.
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from rstheory import _check

# Per channel, red, green, blue; pixels in [0, 1]. The deviations are those that smoothing codes have used since Cohen
# et al. (2019). They are means over images of each image's own deviation; the pooled one is (0.2470, 0.2435, 0.2616).
CIFAR10_MEAN, CIFAR10_STD = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)
CIFAR100_MEAN, CIFAR100_STD = (0.5071, 0.4867, 0.4408), (0.2675, 0.2565, 0.2761)  # the same codes' CIFAR-100


class Normalize(nn.Module):
    """(x - mean) / std, per channel.

    * mean, std: one number per channel, or one for all; std positive. Both are buffers: they move with the model and
      are saved with it.
    * dimensions: of one input: 3 for an image (channels, height, width), whose channels come first.

    >>> Normalize([0.5], [0.25])(torch.ones(1, 1, 2, 2)).flatten().tolist()
    [2.0, 2.0, 2.0, 2.0]
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Sequence[float], std: Sequence[float], dimensions: int = 3) -> None:
        super().__init__()
        means = _check.reals("mean", mean, "it must be finite")
        _check.refuse("mean", means, ~np.isfinite(means), "it must be finite")
        _check.positive("std", std)
        if len(mean) != len(std):
            raise ValueError(f"std={tuple(std)} is not allowed: mean has {len(mean)} channels, std {len(std)}")
        layout = (len(mean), *[1] * (dimensions - 1))
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32).reshape(layout))
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32).reshape(layout))

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.std


def default_constants(classes: int, shape: Sequence[int]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """(mean, std) where nobody names any: CIFAR's for images of CIFAR's shape, else 0.5 and 0.5, which give [-1, 1].

    >>> default_constants(10, (3, 32, 32))[0], default_constants(10, (1, 8, 8))[0]
    ((0.4914, 0.4822, 0.4465), (0.5,))
    """
    if tuple(shape) == (3, 32, 32):
        return (CIFAR100_MEAN, CIFAR100_STD) if classes == 100 else (CIFAR10_MEAN, CIFAR10_STD)
    return (0.5,), (0.5,)
