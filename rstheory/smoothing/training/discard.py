"""E1: samples that are hard under noise are dropped, once."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import torch
from torch import Tensor

from rstheory import _check
from rstheory.smoothing.training.parts import Moment, Part


@dataclass(frozen=True)
class Discard(Part):
    """At epoch `start`, drop the samples of which fewer than `threshold` of `draws` noisy copies are classified right.

    The number of steps stays: the others are drawn more often. A class of which nothing is left is warned of: the
    network will forget it. Sun et al. 2025, Section 5 (theory E1).
    """

    start: int
    threshold: float
    draws: int = 100

    def __post_init__(self) -> None:
        _check.at_least(0, "start", self.start)
        _check.probability("threshold", self.threshold)
        _check.at_least(1, "draws", self.draws)

    def factor(self, moment: Moment) -> Tensor | None:
        if moment.epoch != self.start:
            return None
        kept = moment.count(self.draws) >= self.threshold * self.draws
        if not bool(kept.any()):
            raise ValueError(
                f"discarding below p={self.threshold} would leave no sample at epoch {moment.epoch}: the network has"
                " not learnt anything under this noise yet; train longer before it"
            )
        lost = sorted(set(moment.labels.tolist()) - set(moment.labels[kept].tolist()))
        if lost:
            classes = ", ".join(map(str, lost))
            warnings.warn(
                f"discarding below p={self.threshold} at epoch {moment.epoch} leaves no sample of the classes"
                f" {classes}: train for more epochs if the network should know them",
                stacklevel=2,
            )
        return kept.to(torch.float64)
