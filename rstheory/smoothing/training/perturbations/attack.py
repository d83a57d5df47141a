"""E3: noise vectors are turned, on their sphere, towards where the network is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from rstheory import _check
from rstheory.smoothing.training.ascent import TINY, along, norms
from rstheory.smoothing.training.interfaces import Passes, Perturbation, State, Step
from rstheory.smoothing.training.published import easy_start
from rstheory.smoothing.training.settings import Settings


@dataclass(frozen=True)
class Attack(Perturbation):
    """Move each noise vector uphill along the loss, and back to its norm after every step.

    A vector stops as soon as the network is wrong on it. One that is misclassified from the start stays. Vectors of
    equal norm have equal density under N(0, sigma^2 I) (the paper's Theorem 2, theory E4), so the vectors remain as
    likely as they were. The network is in eval mode meanwhile. Sun et al. 2025, Section 5 (theory E3).

    start: E_t, the first epoch.
    steps: T, the most steps that a vector takes.
    step: epsilon, the L2 length of a step, for pixels in [0, 1].
    """

    start: int
    steps: int
    step: float

    def __post_init__(self) -> None:
        _check.at_least(0, "start", self.start)
        _check.at_least(1, "steps", self.steps)
        _check.positive("step", self.step)

    @classmethod
    def published(cls, settings: Settings) -> Self:
        """As in the paper."""
        steps, step = settings.nearest({0.25: (3, 0.25), 0.5: (6, 0.25), 1.0: (4, 0.5)})
        return cls(easy_start(settings), steps, step)

    def passes(self, draws: int, epoch: int) -> Passes:
        return Passes(attacked=self.steps * draws if epoch >= self.start else 0)

    def noise(self, step: Step, state: State) -> Tensor:
        if step.epoch < self.start:
            return step.noise
        copies = len(step.noise)
        with step.evaluation():
            images, labels = step.images.repeat(copies, 1, 1, 1), step.labels.repeat(copies)
            return self._attacked(step, images, labels, step.noise.flatten(0, 1)).view_as(step.noise)

    def _attacked(self, step: Step, images: Tensor, labels: Tensor, noise: Tensor) -> Tensor:
        result = noise.clone()
        lengths = norms(noise)
        rows = torch.arange(len(noise), device=noise.device)
        for _ in range(self.steps):
            delta = result[rows].requires_grad_()
            logits = step.logits(images[rows] + delta)
            right = logits.argmax(1) == labels[rows]
            (gradient,) = torch.autograd.grad(cross_entropy(logits, labels[rows], reduction="sum"), delta)
            rows, gradient, moved = rows[right], gradient[right], delta.detach()[right]
            if not len(rows):
                break
            moved = moved + along(gradient, self.step)
            result[rows] = moved * (lengths[rows] / norms(moved).clamp(min=TINY))
        return result
