"""Projected gradient descent on the smoothed classifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from rstheory import _check
from rstheory.smoothing.attacks.target import Target, smoothed_cross_entropy, within
from rstheory.smoothing.training.ascent import along


@dataclass(frozen=True)
class PGD:
    """PGD against the smoothed soft classifier (Salman et al. 2019, "Provably robust deep learning via adversarially
    trained smoothed classifiers", section 3).

    `steps` steps of L2 length 2 radius / steps along the normalised gradient of -log of the mean softmax over m noise
    draws, each followed by projection. The last image is the answer. Step length and projection are those of the
    authors' `attacks.py`. Differences: every step draws fresh noise, where they keep one set of draws for all steps;
    and where a gradient is exactly 0 the image stays, where they take a random direction.

    steps: gradient steps.

    >>> PGD(steps=10).name
    'pgd'
    """

    steps: int = 20
    name: ClassVar[str] = "pgd"

    def __post_init__(self) -> None:
        _check.at_least(1, "steps", self.steps)

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """See `smoothed_cross_entropy`."""
        return smoothed_cross_entropy(logits, labels)

    def perturb(self, target: Target, places: Tensor, images: Tensor, radius: Tensor, start: Tensor) -> Tensor:
        """Images within `radius` of `images` that the smoothed classifier may get wrong. See `Method`."""
        moved = start
        for _ in range(self.steps):
            _, gradient = target.look(places, moved)
            moved = within(images, moved + along(gradient, 2 * radius / self.steps), radius)
        return moved
