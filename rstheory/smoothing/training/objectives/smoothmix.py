"""SmoothMix: images between a training image and an adversarial one should get less and less certain predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, nll_loss

from rstheory import _check
from rstheory.smoothing.training.ascent import TINY, along, into_ball, log_mean_softmax
from rstheory.smoothing.training.interfaces import Objective, Outcome, Passes, State, Step
from rstheory.smoothing.training.settings import Settings


@dataclass(frozen=True)
class SmoothMix(Objective):
    """Mean cross entropy, plus KL of predictions on mixed images from mixed targets.

    An attack moves each image x uphill along -log of the softmax averaged over the m noise vectors, by `steps` steps
    of L2 length `step`, each clipped to [0, 1] but not to any ball. x' is the image after `mix_step` of them, x* the
    one after all. With l uniform in [0, 1/2], F the mean softmax at x' and u the uniform distribution, the mixed image
    is (1 - l) x' + l x* and its target (1 - l) F + l u. The loss is the mean cross entropy at x', plus eta times the
    mean KL(target || prediction) on the mixed image, under the same noise, of images on which F is right. Over the
    first `warmup` epochs eta, and the distance of x' from x, grow in a straight line.

    Jeong et al. 2021, "SmoothMix: Training confidence-calibrated smoothed classifiers for certified robustness";
    details as in the authors' `train.py`, where targets are differentiated, too.

    step: alpha, for pixels in [0, 1].
    mix_step: steps of the attack behind x'; 0 leaves the image as it is.
    steps: T.
    eta: weight of the mixed images.
    warmup: epochs until all is reached; it scales with the run (10 of 150).
    """

    step: float
    mix_step: int
    steps: int = 4
    eta: float = 5.0
    warmup: int = 10

    def __post_init__(self) -> None:
        _check.positive("step", self.step)
        _check.positive("eta", self.eta)
        _check.at_least(1, "steps", self.steps)
        _check.at_least(1, "warmup", self.warmup)
        if _check.at_least(0, "mix_step", self.mix_step) >= self.steps:
            raise ValueError(f"mix_step={self.mix_step} is not allowed: it must be less than steps={self.steps}")

    @classmethod
    def published(cls, settings: Settings) -> Self:
        """As the paper on easy samples, and that on CAT-RS, trained it on CIFAR-10."""
        step, mix_step = settings.nearest({0.25: (0.5, 0), 0.5: (1.0, 1), 1.0: (2.0, 1)})
        return cls(step, mix_step, warmup=max(1, settings.scaled(10)))

    def passes(self, draws: int, epoch: int) -> Passes:
        return Passes(trained=2 * draws, attacked=self.steps * draws)

    def loss(self, step: Step, state: State) -> Outcome:
        warm = min(1.0, (step.epoch + 1) / self.warmup)
        clean, adversarial = self._attacked(step, warm * self.step * self.mix_step)
        logits = step.noisy_logits(clean, step.noise)
        mean = log_mean_softmax(logits).exp()
        share = torch.rand(len(clean), generator=step.generator, device=clean.device) / 2
        target = (1 - share[:, None]) * mean + share[:, None] / logits.shape[2]
        share = share.view(-1, 1, 1, 1)
        mixed = step.noisy_logits((1 - share) * clean + share * adversarial, step.noise)
        distance = (target * (target.clamp(min=TINY).log() - torch.log_softmax(mixed, 2))).sum(2).mean(0)
        right = mean.argmax(1) == step.labels
        plain = cross_entropy(logits.flatten(0, 1), step.labels.repeat(len(logits)))
        return Outcome(plain + self.eta * warm * (right * distance).mean(), logits)

    def _attacked(self, step: Step, reach: float) -> tuple[Tensor, Tensor]:
        """x', at most `reach` from the image, and x*."""
        images = clean = step.images
        with step.evaluation():
            for number in range(self.steps):
                if number == self.mix_step:
                    clean = images
                images = images.detach().requires_grad_()
                loss = nll_loss(log_mean_softmax(step.noisy_logits(images, step.noise)), step.labels, reduction="sum")
                (gradient,) = torch.autograd.grad(loss, images)
                images = (images.detach() + along(gradient, self.step)).clamp(0, 1)
        return step.images + into_ball(clean.detach() - step.images, reach), images
