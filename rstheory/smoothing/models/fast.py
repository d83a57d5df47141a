"""Small wide networks that learn fast under noise: a fixed whitening layer, blocks that pool, a linear layer.

After airbench (K. Jordan, 2024, arXiv 2404.00498), which descends from hlb-CIFAR10 (T. Sarkar, 2022) and from D. Page
(2018). Changed for noise: the first layer whitens patches of noisy images, keeps only the directions in which images
stand out from the noise, and halves the resolution at once. `docs/recipe/README.md` has the experiments.
"""

# Annotations stay objects here: torch.jit.script cannot read `from __future__ import annotations`' text.
import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

_CHUNK = 500  # images whose patches are in memory at once
# Runs may be a few hundred steps long: the usual momentum of 0.1 would remember the statistics of younger weights.
_NORM_MOMENTUM = 0.4
_HEAD_SCALE = 1 / 9  # of the logits, so that the head may learn at a high rate


class FastNet(nn.Module):
    """Logits of shape (batch, classes) for normalised images (batch, *shape).

    widths: channels of each block. shape: (channels, height, width) of one image. patch, stride: size and step of the
    whitening filters, at least 1; no larger than the image. directions: how many directions of a patch the whitening
    layer looks at, those in which images vary most; each by a filter and its negative. At sigma = 0.5 and 4 x 4 patches
    of CIFAR-10, all but the first 16 have less than 1/50 of the noise's variance: filters for them hand on noise.

    The weights of the whitening layer, `stem`, are not trained. `whiten` sets them; until then they are random. A block
    whose input is smaller than 2 x 2 does not pool.

    >>> FastNet((8, 16, 16), 10, (3, 32, 32))(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 10])
    """

    def __init__(
        self,
        widths: Sequence[int],
        classes: int,
        shape: Sequence[int],
        *,
        patch: int = 4,
        stride: int = 2,
        directions: int = 16,
    ) -> None:
        super().__init__()
        channels, height, width = shape
        if patch > min(height, width):
            raise ValueError(f"shape={tuple(shape)} is not allowed: images must be at least {patch} x {patch}")
        if not widths or min(widths) < 1:
            raise ValueError(f"widths={tuple(widths)} is not allowed: every block has at least 1 channel")
        filters, padding = 2 * min(directions, channels * patch**2), (patch - stride) // 2
        self.stem = nn.Conv2d(channels, filters, patch, stride, padding)
        self.stem.weight.requires_grad_(False)
        self.activation = nn.GELU()
        side = (min(height, width) + 2 * padding - patch) // stride + 1
        blocks = []
        for place, (inputs, outputs) in enumerate(itertools.pairwise((filters, *widths))):
            blocks.append(_block(inputs, outputs, pools=side >> place >= 2))
        self.blocks = nn.Sequential(*blocks)
        self.pool = nn.AdaptiveMaxPool2d(1)
        self.head = nn.Linear(widths[-1], classes, bias=False)
        for layer in self.blocks.modules():
            if isinstance(layer, nn.Conv2d):  # what comes in also goes out, as far as there are outputs for it
                nn.init.dirac_(layer.weight[: layer.weight.shape[1]])

    def forward(self, x: Tensor) -> Tensor:
        features = self.pool(self.blocks(self.activation(self.stem(x)))).flatten(1)
        logits: Tensor = self.head(features) * _HEAD_SCALE
        return logits

    @torch.no_grad()
    def whiten(self, images: Tensor, noise: Tensor) -> None:
        """Set the whitening layer: on patches of noisy images, its outputs are uncorrelated and of mean square 1.

        images: normalised, as `forward` takes them, shape (n, *shape); a few thousand are enough. noise: standard
        deviation of the noise in the same units, one number per channel: sigma / std of the normalisation.

        With l_i and u_i the eigenvalues and eigenvectors of the second moments of patches, plus diag(noise^2), the
        filters are u_i / sqrt(l_i) and their negatives, for the largest l_i. The sign of u_i is arbitrary.
        """
        channels, patch = self.stem.in_channels, self.stem.kernel_size[0]
        moments = torch.diag(noise.cpu().double().square().repeat_interleave(patch**2))
        for chunk in torch.split(images, _CHUNK):
            patches = chunk.unfold(2, patch, 1).unfold(3, patch, 1)  # (n, channels, rows, columns, patch, patch)
            flat = patches.permute(0, 2, 3, 1, 4, 5).reshape(-1, channels * patch**2).double()
            moments += (flat.T @ flat).cpu() * (len(chunk) / len(images) / len(flat))
        values, vectors = torch.linalg.eigh(moments)  # in ascending order
        largest = (vectors / values.sqrt()).T.flip(0)[: self.stem.out_channels // 2]
        filters = largest.reshape(-1, channels, patch, patch).to(self.stem.weight)
        self.stem.weight.copy_(torch.cat([filters, -filters]))
        assert self.stem.bias is not None  # it was made with one
        self.stem.bias.zero_()


def _block(inputs: int, width: int, pools: bool) -> nn.Sequential:
    """Two 3x3 convolutions; pooling after the first one, before its batch norm, so that all else sees fewer pixels."""
    pooling = [nn.MaxPool2d(2)] if pools else []
    return nn.Sequential(
        nn.Conv2d(inputs, width, 3, padding=1, bias=False),
        *pooling,
        _norm(width),
        nn.GELU(),
        nn.Conv2d(width, width, 3, padding=1, bias=False),
        _norm(width),
        nn.GELU(),
    )


def _norm(width: int) -> nn.BatchNorm2d:
    """Batch norm that learns biases only."""
    norm = nn.BatchNorm2d(width, momentum=_NORM_MOMENTUM)
    norm.weight.requires_grad_(False)
    return norm
