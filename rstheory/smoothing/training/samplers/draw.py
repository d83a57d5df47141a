"""The indices of one epoch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def draw(weights: Sequence[Tensor], n: int, generator: torch.Generator) -> Tensor:
    """Indices of n training images, in the order in which an epoch takes them.

    weights: one tensor per sampler, float64 >= 0, shape (n,). The chance of an image is in proportion to their product,
    and images are drawn with replacement. Without weights every image comes once.

    >>> draw([torch.tensor([0.0, 1.0, 0.0]).double()], 3, torch.Generator()).tolist()
    [1, 1, 1]
    """
    if not weights:
        return torch.randperm(n, generator=generator, device=generator.device)
    product = torch.ones(n, dtype=torch.float64)
    for factor in weights:
        product *= factor
    cumulative = torch.cumsum(product, 0).to(generator.device)
    points = torch.rand(n, dtype=torch.float64, generator=generator, device=generator.device) * cumulative[-1]
    return torch.searchsorted(cumulative, points, right=True).clamp(max=int(product.nonzero()[-1]))
