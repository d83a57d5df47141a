"""What a recipe decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from rstheory.smoothing.training.settings import Settings


@dataclass(frozen=True)
class Shown:
    """Which images a step shows.

    images: uint8, shape (batch, channels, height, width).
    indices: of the images in the training set, int64, shape (batch,).
    of: size of the training set.
    epoch: from 0.
    seed: of the run.
    generator: for random changes.
    """

    images: Tensor
    indices: Tensor
    of: int
    epoch: int
    seed: int
    generator: torch.Generator


@dataclass(frozen=True)
class Recipe:
    """How weights are moved and images are shown. Override all but `begin`.

    name: on the command line and in checkpoints.
    arch, epochs: what the command line takes when none is named.
    """

    name: ClassVar[str]
    arch: ClassVar[str]
    epochs: ClassVar[int]

    def draws(self, published: int, least: int) -> int:
        """Noise vectors per image, of a method whose paper has so many, and which needs at least so many."""
        raise NotImplementedError

    def defaults(self, draws: int) -> Mapping[str, Any]:
        """Fields of `Settings` that the recipe is meant to go with, for so many noise vectors per image."""
        raise NotImplementedError

    def begin(self, model: nn.Module, images: Tensor, sigma: float) -> None:
        """Prepare a fresh network.

        images: some of the training set, in [0, 1], shape (n, *shape).
        """

    def optimizer(self, model: nn.Module, settings: Settings) -> torch.optim.Optimizer:
        """What moves the weights. A group of weights with a `factor` learns so many times faster than the others."""
        raise NotImplementedError

    def augmented(self, shown: Shown) -> Tensor:
        """The images of a step, each changed at random: uint8, of the same shape."""
        raise NotImplementedError
