"""Consistency regularisation: the predictions under different noise should agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import torch
from torch.nn.functional import cross_entropy

from rstheory import _check
from rstheory.smoothing.training.ascent import log_mean_softmax
from rstheory.smoothing.training.interfaces import Objective, Outcome, Passes, State, Step
from rstheory.smoothing.training.settings import Settings


@dataclass(frozen=True)
class Consistency(Objective):
    """Mean cross entropy, plus the spread of the predictions under noise, plus the entropy of their mean.

    With F_i the softmax under noise vector i and F its mean over the m vectors, the loss of an image is the mean over i
    of -log F_i(y) + lam KL(F || F_i), plus eta H(F).

    Jeong & Shin 2020, "Consistency regularization for certified robustness of smoothed classifiers"; the authors'
    `consistency.py`, loss "default".

    lam: lambda, weight of the spread.
    eta: weight of the entropy.
    """

    lam: float
    eta: float = 0.5
    least_draws: ClassVar[int] = 2

    def __post_init__(self) -> None:
        _check.positive("lam", self.lam)
        _check.non_negative("eta", self.eta)

    @classmethod
    def published(cls, settings: Settings) -> Self:
        """As the paper on easy samples, and those on SmoothMix and CAT-RS, trained it on CIFAR-10."""
        return cls(settings.nearest({0.25: 20.0, 0.5: 10.0, 1.0: 10.0}))

    def passes(self, draws: int, epoch: int) -> Passes:
        return Passes(trained=draws)

    def loss(self, step: Step, state: State) -> Outcome:
        logits = step.noisy_logits(step.images, step.noise)
        mean = log_mean_softmax(logits)
        spread = (mean.exp() * (mean - torch.log_softmax(logits, 2))).sum(2).mean()
        entropy = -(mean.exp() * mean).sum(1).mean()
        plain = cross_entropy(logits.flatten(0, 1), step.labels.repeat(len(logits)))
        return Outcome(plain + self.lam * spread + self.eta * entropy, logits)
