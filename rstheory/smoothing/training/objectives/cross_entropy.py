"""The mean cross entropy under noise: Gaussian training."""

from __future__ import annotations

from dataclasses import dataclass

from torch.nn.functional import cross_entropy

from rstheory.smoothing.training.interfaces import Objective, Outcome, Passes, State, Step


@dataclass(frozen=True)
class CrossEntropy(Objective):
    """Mean cross entropy over all noisy images. Cohen, Rosenfeld & Kolter 2019, Section 3.3."""

    def passes(self, draws: int, epoch: int) -> Passes:
        return Passes(trained=draws)

    def loss(self, step: Step, state: State) -> Outcome:
        logits = step.noisy_logits(step.images, step.noise)
        return Outcome(cross_entropy(logits.flatten(0, 1), step.labels.repeat(len(step.noise))), logits)
