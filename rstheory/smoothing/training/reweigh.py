"""E2: samples are drawn in proportion to the radius they can be certified with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from rstheory import _check
from rstheory.budget import min_certifiable_count, radius_from_count
from rstheory.smoothing.training.parts import Moment, Part


@dataclass(frozen=True)
class Reweigh(Part):
    """From epoch `start` on, every `every` epochs, weigh each sample by its certified radius at a small budget.

    Weight: Phi^-1(L(max(k, k_min); draws, alpha)), divided by that of k_min, the smallest count with a radius (12 of
    16 at alpha = 0.1), so that the smallest weight is 1. Sun et al. 2025, Section 5 (theory E2).
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

    def factor(self, moment: Moment) -> Tensor | None:
        if moment.epoch < self.start or (moment.epoch - self.start) % self.every:
            return None
        return self.weights(moment.count(self.draws))

    def weights(self, counts: Tensor) -> Tensor:
        """Weights of samples with these counts of right answers, at least 1.

        >>> [round(w, 2) for w in Reweigh(start=0, every=1).weights(torch.tensor([0, 12, 16])).tolist()]
        [1.0, 1.0, 7.21]
        """
        least = int(min_certifiable_count(self.draws, self.alpha))
        radii = np.asarray(radius_from_count(np.arange(least, self.draws + 1), self.draws, self.alpha))
        return torch.from_numpy(radii / radii[0])[counts.clamp(min=least).cpu() - least]
