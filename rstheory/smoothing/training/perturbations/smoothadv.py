"""SmoothAdv: adversarial training of the smoothed classifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor
from torch.nn.functional import nll_loss

from rstheory import _check
from rstheory.smoothing.training.ascent import along, into_ball, log_mean_softmax
from rstheory.smoothing.training.interfaces import Passes, Perturbation, State, Step
from rstheory.smoothing.training.settings import Settings


@dataclass(frozen=True)
class SmoothAdv(Perturbation):
    """Move each image towards where the smoothed classifier is wrong: one shift for all its noise vectors.

    Projected gradient ascent on -log of the softmax averaged over the m noise vectors: `steps` steps of L2 length
    2 epsilon / steps along the normalised gradient, each followed by clipping the image to [0, 1] and the shift to the
    ball of radius epsilon. epsilon grows in a straight line over the first `warmup` epochs. The network is in eval mode
    meanwhile. The cross entropy over all noise vectors is then the loss.

    Salman et al. 2019, "Provably robust deep learning via adversarially trained smoothed classifiers"; details as in
    the authors' `attacks.py` and `train_pgd.py` with `--train-multi-noise`. Where a gradient is 0 the image stays;
    their code then takes a random direction.

    epsilon: L2 radius, for pixels in [0, 1].
    steps: T.
    warmup: epochs until epsilon is reached; it scales with the run (10 of 150).
    """

    epsilon: float
    steps: int = 10
    warmup: int = 10

    def __post_init__(self) -> None:
        _check.positive("epsilon", self.epsilon)
        _check.at_least(1, "steps", self.steps)
        _check.at_least(1, "warmup", self.warmup)

    @classmethod
    def published(cls, settings: Settings) -> Self:
        """As the paper on easy samples, and those on SmoothMix and CAT-RS, trained it on CIFAR-10."""
        epsilon = settings.nearest({0.25: 1.0, 0.5: 1.0, 1.0: 2.0})
        return cls(epsilon, warmup=max(1, settings.scaled(10)))

    def radius(self, epoch: int) -> float:
        """epsilon in an epoch, counted from 0.

        >>> [SmoothAdv(epsilon=1.0, warmup=4).radius(epoch) for epoch in (0, 1, 3, 9)]
        [0.25, 0.5, 1.0, 1.0]
        """
        return min(1.0, (epoch + 1) / self.warmup) * self.epsilon

    def passes(self, draws: int, epoch: int) -> Passes:
        return Passes(attacked=self.steps * draws)

    def noise(self, step: Step, state: State) -> Tensor:
        radius = self.radius(step.epoch)
        shift = torch.zeros_like(step.images)
        with step.evaluation():
            for _ in range(self.steps):
                images = (step.images + shift).requires_grad_()
                loss = nll_loss(log_mean_softmax(step.noisy_logits(images, step.noise)), step.labels, reduction="sum")
                (gradient,) = torch.autograd.grad(loss, images)
                moved = (images.detach() + along(gradient, 2 * radius / self.steps)).clamp(0, 1)
                shift = into_ball(moved - step.images, radius)
        return step.noise + shift
