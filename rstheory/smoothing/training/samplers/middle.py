"""Images are drawn where the network is undecided: a method for the distribution of p, not for ACR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from rstheory import _check
from rstheory.smoothing.training.interfaces import Epoch, Passes, Sampler
from rstheory.smoothing.training.published import easy_start
from rstheory.smoothing.training.settings import Settings


@dataclass(frozen=True)
class Middle(Sampler):
    """Every few epochs, weigh each image by p (1 - p): most where p is 1/2, next to nothing near 0 and 1.

    ACR pays for images that are easy already (C2), and reweighing by the radius draws those. This is its opposite, to
    see what the distribution of p becomes: images that are lost, and images that are safe, are left alone. p is
    estimated by (k + 1/2)/(m + 1) from k of m draws, so that no image is never drawn again. Ours, from no paper.

    start: the first epoch.
    every: epochs between two measurements.
    draws: m, noise samples per image.
    """

    start: int
    every: int
    draws: int = 16

    def __post_init__(self) -> None:
        _check.at_least(0, "start", self.start)
        _check.at_least(1, "every", self.every)
        _check.at_least(1, "draws", self.draws)

    @classmethod
    def published(cls, settings: Settings) -> Self:
        """As easy-sample training's reweighing, which it is compared with."""
        return cls(easy_start(settings), max(1, settings.scaled(10)))

    def passes(self, draws: int, epoch: int) -> Passes:
        return Passes(measured=self.draws if self._measures(epoch) else 0)

    def weights(self, epoch: Epoch) -> Tensor | None:
        return self.of_counts(epoch.count(self.draws)) if self._measures(epoch.number) else None

    def _measures(self, epoch: int) -> bool:
        return epoch >= self.start and (epoch - self.start) % self.every == 0

    def of_counts(self, counts: Tensor) -> Tensor:
        """Weights of images with these counts of right answers, in (0, 1]: 4 p (1 - p).

        >>> [round(w, 2) for w in Middle(start=0, every=1, draws=4).of_counts(torch.tensor([0, 2, 4])).tolist()]
        [0.36, 1.0, 0.36]
        """
        p = (counts.to(torch.float64) + 0.5) / (self.draws + 1)
        return 4 * p * (1 - p)
