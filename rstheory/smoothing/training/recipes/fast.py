"""The fast recipe: the most that a small budget can buy under noise. `docs/recipe` has the experiments behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor, nn

from rstheory.smoothing.data import mirror_and_shift
from rstheory.smoothing.models.fast import FastNet
from rstheory.smoothing.models.normalize import Normalize
from rstheory.smoothing.training.recipes.interface import Recipe, Shown
from rstheory.smoothing.training.schedules import Triangle

if TYPE_CHECKING:
    from rstheory.smoothing.training.settings import Settings

NOISY_IMAGES = 512  # in a step, which the rates below go with
BIAS_FACTOR = 16.0  # how many times faster biases learn


@dataclass(frozen=True)
class Fast(Recipe):
    """Nesterov momentum at a rate that goes up once and down once, fast biases, and every other look mirrored.

    The first layer of a `FastNet` is computed from noisy images before the first step; other networks begin as they
    are. K. Jordan 2024 (airbench, arXiv 2404.00498) has most of it, for images without noise.
    """

    name: ClassVar[str] = "fast"
    arch: ClassVar[str] = "fast32-128-256"
    epochs: ClassVar[int] = 40

    def draws(self, published: int, least: int) -> int:
        return least  # more images are worth more than more noise

    def defaults(self, draws: int) -> Mapping[str, Any]:
        return {
            "batch": max(1, NOISY_IMAGES // draws),
            "learning_rate": 0.6,
            "momentum": 0.85,
            "weight_decay": 1e-3,
            "schedule": Triangle(peak=0.2, start=0.2),
        }

    def begin(self, model: nn.Module, images: Tensor, sigma: float) -> None:
        if isinstance(model, nn.Sequential) and isinstance(model[-1], FastNet) and isinstance(model[0], Normalize):
            model[-1].whiten(model[0](images), sigma / model[0].std.flatten())

    def optimizer(self, model: nn.Module, settings: Settings) -> torch.optim.Optimizer:
        trained = [weights for weights in model.parameters() if weights.requires_grad]
        groups = [
            {"params": [one for one in trained if one.ndim >= 2], "factor": 1.0},
            {
                "params": [one for one in trained if one.ndim < 2],
                "factor": BIAS_FACTOR,
                "weight_decay": settings.weight_decay / BIAS_FACTOR,
            },
        ]
        return torch.optim.SGD(
            [group for group in groups if group["params"]],
            lr=settings.learning_rate,
            momentum=settings.momentum,
            weight_decay=settings.weight_decay,
            nesterov=settings.momentum > 0,
        )

    def augmented(self, shown: Shown) -> Tensor:
        mirrored = _facing(shown.seed, shown.of, shown.indices.device)[shown.indices] ^ (shown.epoch % 2 == 1)
        return mirror_and_shift(shown.images, mirrored, shown.generator)


@lru_cache(maxsize=4)
def _facing(seed: int, images: int, device: torch.device) -> Tensor:
    """Which images are mirrored in even epochs: two epochs show both sides of each (airbench's alternating flip).

    Kept on the device: a step that asks the CPU would wait there for all steps before it.
    """
    return torch.randint(2, (images,), generator=torch.Generator().manual_seed(seed)).bool().to(device)
