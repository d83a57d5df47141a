"""MACER: the certified radius itself is made larger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from rstheory import _check
from rstheory.smoothing.training.interfaces import Objective, Outcome, Passes, State, Step
from rstheory.smoothing.training.settings import Settings


@dataclass(frozen=True)
class Macer(Objective):
    """Cross entropy of the mean softmax, plus a hinge on the certified radius of images that are right.

    With z the mean over the m noise vectors of the softmax of the logits, and w that of the softmax of `beta` times the
    logits, the loss of an image is -log z_y + lam sigma / 2 max(0, gamma - gap), gap = Phi^-1(w_1) - Phi^-1(w_2) of the
    two largest. The second term is there only if w is largest at y. Its gradient is that of the radius.

    Zhai et al. 2020, "MACER: Attack-free and scalable robust training via maximizing certified radius", Algorithm 1;
    the 1e-10 under the logarithm is in the authors' `macer.py`.

    lam: lambda, weight of the radius.
    gamma: gap beyond which a radius is large enough.
    beta: inverse temperature.
    start: first epoch with the second term. At sigma 1 it is the first milestone ("deferred", Jeong & Shin 2020).
    """

    lam: float
    gamma: float = 8.0
    beta: float = 16.0
    start: int = 0

    def __post_init__(self) -> None:
        for name in ("lam", "gamma", "beta"):
            _check.positive(name, getattr(self, name))
        _check.at_least(0, "start", self.start)

    @classmethod
    def published(cls, settings: Settings) -> Self:
        """As the paper on easy samples, and those on SmoothMix and CAT-RS, trained it on CIFAR-10."""
        lam, start = settings.nearest({0.25: (12.0, 0), 0.5: (6.0, 0), 1.0: (12.0, 50)})
        return cls(lam, start=settings.scaled(start))

    def passes(self, draws: int, epoch: int) -> Passes:
        return Passes(trained=draws)

    def loss(self, step: Step, state: State) -> Outcome:
        logits = step.noisy_logits(step.images, step.noise)
        exact = logits.double()  # Phi^-1 near 1 would lose most digits of a float32
        mean = exact.softmax(2).mean(0)
        losses = -(mean.gather(1, step.labels[:, None])[:, 0] + 1e-10).log()
        if step.epoch >= self.start:
            losses = losses + self.lam * step.sigma / 2 * self._hinge(exact, step.labels)
        return Outcome(losses.mean().float(), logits)

    def _hinge(self, logits: Tensor, labels: Tensor) -> Tensor:
        """max(0, gamma - gap) of each image that is right, and 0 of the others."""
        mean = (self.beta * logits).softmax(2).mean(0)
        (_, second), (first_class, _) = (pair.unbind(1) for pair in mean.topk(2, 1))
        tail = mean.scatter(1, first_class[:, None], 0.0).sum(1)  # 1 - w_1, to all its digits
        # Beyond the hinge the gradient of Phi^-1 can be infinite, and infinity times 0 is NaN: it is left out there.
        near = (first_class == labels) & (_gap(tail, second) <= self.gamma)
        return torch.where(near, self.gamma - _gap(torch.where(near, tail, 0.5), torch.where(near, second, 0.5)), 0.0)


def _gap(tail: Tensor, second: Tensor) -> Tensor:
    """Phi^-1(1 - tail) - Phi^-1(second)."""
    gap: Tensor = -torch.special.ndtri(tail) - torch.special.ndtri(second)
    return gap
