"""A small network of inverted bottlenecks, in the manner of EfficientNet, for small images."""

# Annotations stay objects here: torch.jit.script cannot read `from __future__ import annotations`' text.
import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

_EXPANSION, _SQUEEZE = 4, 4


class SqueezeExcite(nn.Module):
    """Scale each channel by a number in (0, 1) that depends on the means of all channels (J. Hu et al. 2018).

    >>> SqueezeExcite(8, 2)(torch.ones(2, 8, 4, 4)).shape
    torch.Size([2, 8, 4, 4])
    """

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.scale = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, hidden, 1), nn.SiLU(), nn.Conv2d(hidden, channels, 1),
            nn.Sigmoid(),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        scaled: Tensor = x * self.scale(x)
        return scaled


class MBConv(nn.Module):
    """Expand, filter each channel by itself, squeeze and excite, project; with a shortcut where the shape stays.

    M. Sandler et al. 2018 (arXiv 1801.04381), squeeze and SiLU as in M. Tan and Q. Le 2019 (arXiv 1905.11946).

    >>> MBConv(8, 16, 2)(torch.zeros(2, 8, 8, 8)).shape
    torch.Size([2, 16, 4, 4])
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        wide = _EXPANSION * inputs
        self.shortcut = stride == 1 and inputs == outputs
        self.layers = nn.Sequential(
            *_conv(inputs, wide, 1), nn.SiLU(),
            *_conv(wide, wide, 3, stride, wide), nn.SiLU(),
            SqueezeExcite(wide, max(1, inputs // _SQUEEZE)),
            *_conv(wide, outputs, 1),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return x + y if self.shortcut else y


class MBConvNet(nn.Module):
    """Logits of shape (batch, classes) for normalised images (batch, *shape).

    A 3 x 3 convolution, two MBConv blocks per stage, the mean over pixels, a linear layer. Each stage but the first
    halves the resolution. EfficientNet starts with a stride of 2 and has a wide last convolution: both are left out,
    since images are small. No dropout, no stochastic depth.

    widths: channels of each stage. shape: (channels, height, width) of one image.

    >>> MBConvNet((8, 16), 10, (3, 32, 32))(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 10])
    """

    def __init__(self, widths: Sequence[int], classes: int, shape: Sequence[int]) -> None:
        super().__init__()
        if not widths or min(widths) < 1:
            raise ValueError(f"widths={tuple(widths)} is not allowed: every stage has at least 1 channel")
        self.stem = nn.Sequential(*_conv(shape[0], widths[0], 3), nn.SiLU())
        blocks = []
        for stage, (inputs, outputs) in enumerate(itertools.pairwise((widths[0], *widths))):
            blocks += [MBConv(inputs, outputs, 2 if stage else 1), MBConv(outputs, outputs, 1)]
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(widths[-1], classes)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(torch.mean(self.blocks(self.stem(x)), (2, 3)))
        return logits


def _conv(inputs: int, outputs: int, size: int, stride: int = 1, groups: int = 1) -> tuple[nn.Module, nn.Module]:
    """A convolution that keeps the size but for its stride, and its batch norm."""
    return nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False), nn.BatchNorm2d(outputs)
