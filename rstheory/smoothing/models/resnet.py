"""The ResNets for CIFAR of He et al. (CVPR 2016, section 4.2), in the layout in which smoothing codes publish weights.

Three stages of n blocks, 16, 32 and 64 channels wide: depth 6n + 2. Where a stage begins, the shortcut is a strided 1x1
convolution with batch norm. He et al. pad with zeros there, which needs no parameters (their 0.27 M for ResNet-20);
every smoothing code since Cohen et al. (2019) has the convolution, hence so do the published checkpoints: 2752
parameters more. Names of the parameters are theirs too: conv1, bn1, layer1.0.conv1, layer2.0.downsample.0, fc.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import relu

WIDTHS = (16, 32, 64)
DEEPEST = 1202  # of He et al., section 4.2


class Block(nn.Module):
    """Two 3x3 convolutions, and a shortcut around them: (batch, inputs, h, w) to (batch, width, h/stride, w/stride).

    >>> import torch
    >>> Block(16, 32, stride=2)(torch.zeros(1, 16, 8, 8)).shape
    torch.Size([1, 32, 4, 4])
    """

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample: nn.Module = nn.Identity()  # holds no weights, so a state dict does not show it
        if stride != 1 or inputs != width:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        out = relu(self.bn1(self.conv1(x)), inplace=True)
        out = self.bn2(self.conv2(out))
        return relu(out + self.downsample(x), inplace=True)


class ResNet(nn.Module):
    """Logits of shape (batch, classes) for normalised images (batch, channels, height, width) of any size.

    depth: 6n + 2 layers, n >= 1. At 32x32, the global average pool is the 8x8 pool of the published codes.

    >>> sum(weight.numel() for weight in ResNet(20, classes=10).parameters())
    272474
    """

    def __init__(self, depth: int, classes: int, channels: int = 3) -> None:
        super().__init__()
        if not 8 <= depth <= DEEPEST or depth % 6 != 2:
            raise ValueError(
                f"depth={depth} is not allowed: a CIFAR ResNet has 6n + 2 layers, 8 to {DEEPEST}, such as 20 or 110"
            )
        blocks = (depth - 2) // 6
        self.conv1 = nn.Conv2d(channels, WIDTHS[0], 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTHS[0])
        self.layer1 = _stage(WIDTHS[0], WIDTHS[0], blocks, stride=1)
        self.layer2 = _stage(WIDTHS[0], WIDTHS[1], blocks, stride=2)
        self.layer3 = _stage(WIDTHS[1], WIDTHS[2], blocks, stride=2)
        self.fc = nn.Linear(WIDTHS[2], classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        out = relu(self.bn1(self.conv1(x)), inplace=True)
        out = self.layer3(self.layer2(self.layer1(out)))
        logits: Tensor = self.fc(out.mean((2, 3)))
        return logits


def _stage(inputs: int, width: int, blocks: int, stride: int) -> nn.Sequential:
    first = Block(inputs, width, stride)
    return nn.Sequential(first, *(Block(width, width, stride=1) for _ in range(blocks - 1)))
