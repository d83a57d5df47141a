"""E1: images that are hard under noise are dropped, once."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from rstheory import _check
from rstheory.smoothing.training.interfaces import Epoch, Passes, Sampler
from rstheory.smoothing.training.published import easy_start
from rstheory.smoothing.training.settings import Settings


@dataclass(frozen=True)
class Discard(Sampler):
    """At one epoch, drop the images that the network gets right on too few noisy copies.

    The number of steps stays: the other images are drawn more often. If no image of a class is left, a warning says so:
    the network will forget that class. Sun et al. 2025, Section 5 (theory E1).

    start: E_t, the epoch.
    threshold: p_t, the share of right answers below which an image is dropped.
    draws: noise samples per image.
    """

    start: int
    threshold: float
    draws: int = 100

    def __post_init__(self) -> None:
        _check.at_least(0, "start", self.start)
        _check.probability("threshold", self.threshold)
        _check.at_least(1, "draws", self.draws)

    @classmethod
    def published(cls, settings: Settings) -> Self:
        """As in the paper."""
        return cls(easy_start(settings), settings.nearest({0.25: 0.5, 0.5: 0.4, 1.0: 0.4}))

    def passes(self, draws: int, epoch: int) -> Passes:
        return Passes(measured=self.draws if epoch == self.start else 0)

    def weights(self, epoch: Epoch) -> Tensor | None:
        if epoch.number != self.start:
            return None
        kept = epoch.count(self.draws) >= self.threshold * self.draws
        if not bool(kept.any()):
            raise ValueError(
                f"discarding below p={self.threshold} would leave no image at epoch {epoch.number}: the network has"
                " learnt nothing under this noise yet; let it begin later, or train longer"
            )
        lost = sorted(set(epoch.labels.tolist()) - set(epoch.labels[kept].tolist()))
        if lost:
            classes = ", ".join(map(str, lost))
            warnings.warn(
                f"discarding below p={self.threshold} at epoch {epoch.number} leaves no image of the classes"
                f" {classes}: train for more epochs if the network should know them",
                stacklevel=2,
            )
        return kept.to(torch.float64)
