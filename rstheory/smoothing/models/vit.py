"""A small vision transformer for small images."""

# Annotations stay objects here: torch.jit.script cannot read `from __future__ import annotations`' text.
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

PATCH = 4
HEAD = 64  # numbers per attention head


class Block(nn.Module):
    """Self-attention and a two-layer perceptron, each behind a layer norm and beside a shortcut.

    >>> Block(128)(torch.zeros(2, 16, 128)).shape
    torch.Size([2, 16, 128])
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = width // HEAD
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.perceptron = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        batch, tokens, width = x.shape
        parts = self.qkv(self.norm1(x)).view(batch, tokens, 3, self.heads, HEAD).permute(2, 0, 3, 1, 4)
        mixed = scaled_dot_product_attention(parts[0], parts[1], parts[2])
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, tokens, width))
        y: Tensor = x + self.perceptron(self.norm2(x))
        return y


class ViT(nn.Module):
    """Logits of shape (batch, classes) for normalised images (batch, *shape).

    A. Dosovitskiy et al. 2021 (arXiv 2010.11929), with 4 x 4 patches, which suit images of 32 x 32, and the mean of all
    tokens in place of a class token, as in L. Beyer et al. 2022 (arXiv 2205.01580). No dropout.

    depth: blocks. width: numbers per token, a multiple of 64. shape: (channels, height, width) of one image, height
    and width multiples of 4.

    >>> ViT(2, 64, 10, (3, 32, 32))(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 10])
    """

    def __init__(self, depth: int, width: int, classes: int, shape: Sequence[int]) -> None:
        super().__init__()
        channels, rows, columns = shape
        if depth < 1 or width < 1 or width % HEAD:
            raise ValueError(f"vit{depth}-{width} is not allowed: at least 1 block, and a multiple of {HEAD} as width")
        if rows % PATCH or columns % PATCH:
            raise ValueError(f"shape={tuple(shape)} is not allowed: height and width must be multiples of {PATCH}")
        self.patches = nn.Conv2d(channels, width, PATCH, PATCH)
        self.position = nn.Parameter(torch.empty(1, rows * columns // PATCH**2, width))
        self.blocks = nn.Sequential(*(Block(width) for _ in range(depth)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, classes)
        nn.init.trunc_normal_(self.position, std=0.02)
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                nn.init.trunc_normal_(layer.weight, std=0.02)
                nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.patches(x).flatten(2).transpose(1, 2) + self.position
        logits: Tensor = self.head(self.norm(self.blocks(tokens)).mean(1))
        return logits
