"""E2: images are drawn in proportion to the radius they can be certified with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from rstheory import _check
from rstheory.budget import min_certifiable_count, radius_from_count
from rstheory.smoothing.training.interfaces import Epoch, Passes, Sampler
from rstheory.smoothing.training.published import easy_start
from rstheory.smoothing.training.settings import Settings


@dataclass(frozen=True)
class Reweigh(Sampler):
    """Every few epochs, weigh each image by its certified radius at a small budget.

    The weight of an image with k right answers is Phi^-1(L(max(k, k_min); draws, alpha)), divided by that of k_min, so
    that the smallest weight is 1. k_min is the smallest count with a radius: 12 of 16 at alpha = 0.1. Sun et al. 2025,
    Section 5 (theory E2).

    start: E_t, the first epoch.
    every: epochs between two measurements.
    draws: noise samples per image.
    alpha: significance level of the radius.
    """

    start: int
    every: int
    draws: int = 16
    alpha: float = 0.1

    def __post_init__(self) -> None:
        _check.at_least(0, "start", self.start)
        _check.at_least(1, "every", self.every)
        if min_certifiable_count(self.draws, self.alpha) > self.draws:
            raise ValueError(f"draws={self.draws} is not allowed: at alpha={self.alpha} it certifies no count")

    @classmethod
    def published(cls, settings: Settings) -> Self:
        """As in the paper: every 10 of 150 epochs."""
        return cls(easy_start(settings), max(1, settings.scaled(10)))

    def passes(self, draws: int, epoch: int) -> Passes:
        return Passes(measured=self.draws if self._measures(epoch) else 0)

    def weights(self, epoch: Epoch) -> Tensor | None:
        if not self._measures(epoch.number):
            return None
        return self.of_counts(epoch.count(self.draws))

    def _measures(self, epoch: int) -> bool:
        return epoch >= self.start and (epoch - self.start) % self.every == 0

    def of_counts(self, counts: Tensor) -> Tensor:
        """Weights of images with these counts of right answers, at least 1.

        >>> [round(w, 2) for w in Reweigh(start=0, every=1).of_counts(torch.tensor([0, 12, 16])).tolist()]
        [1.0, 1.0, 7.21]
        """
        least = int(min_certifiable_count(self.draws, self.alpha))
        radii = np.asarray(radius_from_count(np.arange(least, self.draws + 1), self.draws, self.alpha))
        return torch.from_numpy(radii / radii[0])[counts.clamp(min=least).cpu() - least]
