"""Models that train in seconds, for 8x8 digits and for tests, and the one that looks at nothing."""

# Annotations stay objects here: torch.jit.script cannot read `from __future__ import annotations`' text.
import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot


def mlp(classes: int, shape: Sequence[int], hidden: int = 64) -> nn.Sequential:
    """Two hidden layers of `hidden` units for inputs of any shape.

    >>> mlp(10, (1, 8, 8))(torch.zeros(2, 1, 8, 8)).shape
    torch.Size([2, 10])
    """
    units = [math.prod(shape), hidden, hidden]
    layers = [layer for a, b in itertools.pairwise(units) for layer in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(nn.Flatten(), *layers, nn.Linear(hidden, classes))


def cnn(classes: int, shape: Sequence[int], width: int = 16) -> nn.Sequential:
    """Two 3x3 convolutions with batch norm, the second of stride 2, and a linear layer, for images of any size.

    >>> cnn(10, (1, 8, 8))(torch.zeros(2, 1, 8, 8)).shape
    torch.Size([2, 10])
    """
    channels, height, breadth = shape
    features = 2 * width * ((height + 1) // 2) * ((breadth + 1) // 2)
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.Conv2d(width, 2 * width, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(2 * width),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(features, classes),
    )


class Constant(nn.Module):
    """The trivial classifier of theory item B: it answers `label`, whatever comes in, NaN included.

    Its logits are a buffer, so that the label is kept in a checkpoint; it has nothing to train.

    >>> Constant(10, label=3)(torch.rand(4, 1, 8, 8)).argmax(1).tolist()
    [3, 3, 3, 3]
    """

    logits: Tensor

    def __init__(self, classes: int, label: int = 0) -> None:
        super().__init__()
        if not 0 <= label < classes:
            raise ValueError(f"label={label} is not allowed: it must be a class, 0..{classes - 1}")
        self.register_buffer("logits", one_hot(torch.tensor(label), classes).float())

    def forward(self, x: Tensor) -> Tensor:
        return x.new_zeros((x.shape[0], 1)) + self.logits
