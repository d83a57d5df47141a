"""The recipe of the papers: gradient descent as for any residual network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor, nn

from rstheory.smoothing.data import flip_and_crop
from rstheory.smoothing.training.recipes.interface import Recipe, Shown

if TYPE_CHECKING:
    from rstheory.smoothing.training.settings import Settings


@dataclass(frozen=True)
class Papers(Recipe):
    """Momentum, equal rates for all weights, the rate lowered twice, zeros around the images. Sun et al. 2025, E5."""

    name: ClassVar[str] = "papers"
    arch: ClassVar[str] = "resnet110"
    epochs: ClassVar[int] = 150

    def draws(self, published: int, least: int) -> int:
        return published

    def defaults(self, draws: int) -> Mapping[str, Any]:
        return {}

    def optimizer(self, model: nn.Module, settings: Settings) -> torch.optim.Optimizer:
        return torch.optim.SGD(
            model.parameters(),
            lr=settings.learning_rate,
            momentum=settings.momentum,
            weight_decay=settings.weight_decay,
        )

    def augmented(self, shown: Shown) -> Tensor:
        return flip_and_crop(shown.images, shown.generator)
