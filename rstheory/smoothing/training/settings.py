"""How long and how hard to train, whatever the method."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TypeVar

from rstheory import _check
from rstheory.smoothing.training.recipes import Papers, Recipe
from rstheory.smoothing.training.schedules import PUBLISHED_EPOCHS, Schedule, StepDecay, scaled

Value = TypeVar("Value")


@dataclass(frozen=True)
class Settings:
    """One training run. Defaults are those of Sun et al. 2025 on CIFAR-10 (theory E5).

    sigma: noise level > 0, for pixels in [0, 1].
    epochs: how many. Schedules and methods scale with it.
    draws: m, noise vectors per image in each step.
    batch: images per step.
    learning_rate: the highest one.
    momentum: of SGD, in [0, 1).
    weight_decay: of SGD.
    flip_and_crop: whether images are augmented.
    dtype: bfloat16 (autocast) or float32.
    seed: of everything random.
    schedule: of the learning rate.
    recipe: how weights are moved and images augmented.
    epoch_images: images in an epoch, drawn at random; None for as many as the data set has.
    weights: float32, or float16: what they are rounded to in the end. The checkpoint is then half as large.

    >>> settings = Settings(sigma=0.5, epochs=30)
    >>> [settings.rate(epoch) for epoch in (0, 9, 10, 20)]
    [0.1, 0.1, 0.01, 0.001]
    """

    sigma: float
    epochs: int = PUBLISHED_EPOCHS
    draws: int = 4
    batch: int = 256
    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 1e-4
    flip_and_crop: bool = True
    dtype: str = "bfloat16"
    seed: int = 0
    schedule: Schedule = field(default_factory=StepDecay)
    recipe: Recipe = field(default_factory=Papers)
    epoch_images: int | None = None
    weights: str = "float32"

    def __post_init__(self) -> None:
        for name in ("sigma", "learning_rate"):
            _check.positive(name, getattr(self, name))
        for name in ("momentum", "weight_decay"):
            _check.non_negative(name, getattr(self, name))
        if self.momentum >= 1:
            raise ValueError(f"momentum={self.momentum} is not allowed: from 1 on, steps never fade")
        for name in ("epochs", "draws", "batch"):
            _check.at_least(1, name, getattr(self, name))
        if self.weights not in ("float32", "float16"):
            raise ValueError(f"weights={self.weights!r} is not allowed: use float32 or float16")
        if self.epoch_images is not None:
            _check.at_least(1, "epoch_images", self.epoch_images)
        if not 0 <= _check.scalar_int("seed", self.seed) < 2**63:
            raise ValueError(f"seed={self.seed} is not allowed: it must lie in 0..2^63 - 1")
        if self.dtype not in ("float32", "bfloat16"):
            raise ValueError(f"dtype={self.dtype!r} is not allowed: use float32, or bfloat16 for autocast")

    def rate(self, epoch: float) -> float:
        """Learning rate after this many epochs."""
        return round(self.learning_rate * self.schedule.share(epoch, self.epochs), 12)

    def images_per_epoch(self, images: int) -> int:
        """Images that an epoch draws from a training set of so many."""
        return images if self.epoch_images is None else min(images, self.epoch_images)

    def scaled(self, epoch: int) -> int:
        """An epoch number of the published schedule of 150 epochs, in this run."""
        return scaled(epoch, self.epochs)

    def nearest(self, published: Mapping[float, Value]) -> Value:
        """The value published for the noise level nearest to this run's, by ratio.

        >>> Settings(sigma=0.4).nearest({0.25: "small", 0.5: "middle", 1.0: "large"})
        'middle'
        """
        return published[min(published, key=lambda sigma: abs(math.log(sigma / self.sigma)))]

    def to_dict(self) -> dict[str, object]:
        """As a flat dictionary of numbers, text and lists, for a checkpoint.

        >>> Settings(sigma=0.5).to_dict()["schedule.milestones"]
        [50, 100]
        """
        content = asdict(self) | {"recipe": self.recipe.name}
        schedule = {"name": type(self.schedule).__name__.lower()} | content.pop("schedule")
        lists = {name: list(value) if isinstance(value, tuple) else value for name, value in schedule.items()}
        return content | {f"schedule.{name}": value for name, value in lists.items()}
