"""CAT-RS: an image is trained under as much noise as it can bear, and under the worst noise if it can bear it all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from rstheory import _check
from rstheory.smoothing.models import load_checkpoint
from rstheory.smoothing.training.ascent import TINY, along, into_ball
from rstheory.smoothing.training.interfaces import Epoch, Objective, Outcome, Passes, State, Step
from rstheory.smoothing.training.objectives.cross_entropy import CrossEntropy
from rstheory.smoothing.training.settings import Settings


@dataclass(frozen=True)
class CatRs(Objective):
    """Confidence-aware training.

    Of the m noise vectors of an image, with share p of right answers, K ~ Bin(m, p), at least 1, is drawn. The loss is
    the sum of the K smallest cross entropies, over m. If K = m, lam times the largest KL(target || prediction) over
    attacked noise vectors is added. Those are made by `steps` steps of L2 length 2 epsilon / steps along the gradient
    of KL. After each step a vector is clipped to the ball of radius epsilon around its start, and then given back the
    mean and the root mean square that its entries had. The target of an image is its smoothed prediction: how often a
    Gaussian-trained network answers with each class under noise.

    Jeong, Kim & Shin 2023, "Confidence-aware training of smoothed classifiers for certified robustness"; details as in
    the authors' `train_catrs.py` and `smooth_prediction.py`.

    The authors' Gaussian-trained network is another one, trained as long, and each target the mean of 10 000 answers.
    Without `teacher` the network of the run is its own teacher: up to epoch `start` it is trained by the cross entropy,
    and its answers are then the targets for the rest. That departs from the paper, and needs no second run.

    lam: lambda, weight of the attacked noise.
    start: first epoch of the method; 0 is the paper's, with a teacher.
    epsilon: L2 radius, for pixels in [0, 1].
    steps: T.
    draws: noise samples per image behind each target.
    teacher: path of the checkpoint of a Gaussian-trained network, or "".
    """

    lam: float
    start: int
    epsilon: float = 1.0
    steps: int = 4
    draws: int = 100
    teacher: str = ""

    def __post_init__(self) -> None:
        _check.positive("lam", self.lam)
        _check.positive("epsilon", self.epsilon)
        _check.at_least(0, "start", self.start)
        _check.at_least(1, "steps", self.steps)
        _check.at_least(1, "draws", self.draws)

    @classmethod
    def published(cls, settings: Settings) -> Self:
        """As in the paper on CIFAR-10, but for the teacher, the draws behind its targets, and the start: a third of the
        run, when the paper's learning rate first falls."""
        return cls(settings.nearest({0.25: 0.5, 0.5: 1.0, 1.0: 2.0}), max(1, settings.scaled(50)))

    def remember(self, epoch: Epoch, state: State) -> State:
        if state or epoch.number < self.start:
            return state
        model = load_checkpoint(self.teacher).model if self.teacher else epoch.model
        return {"targets": epoch.votes_of(model, self.draws).float() / self.draws}

    def passes(self, draws: int, epoch: int) -> Passes:
        if epoch < self.start:
            return Passes(trained=draws)
        measured = self.draws if epoch == self.start else 0
        return Passes(trained=2 * draws, attacked=self.steps * draws, measured=measured)

    def loss(self, step: Step, state: State) -> Outcome:
        if not state:
            return CrossEntropy().loss(step, state)
        logits = step.noisy_logits(step.images, step.noise)
        m, n = logits.shape[:2]
        losses = cross_entropy(logits.flatten(0, 1), step.labels.repeat(m), reduction="none").view(m, n)
        right = (logits.argmax(2) == step.labels).float().mean(0)
        kept = torch.binomial(torch.full_like(right, m), right, generator=step.generator).clamp(min=1)
        smallest = torch.arange(m, device=kept.device)[:, None] < kept
        bottom = (losses.sort(0).values * smallest).sum(0) / m
        targets = state["targets"].to(logits.device)[step.indices]
        worst = _divergences(step.noisy_logits(step.images, self._attacked(step, targets)), targets).amax(0)
        return Outcome((bottom + self.lam * (kept == m) * worst).mean(), logits)

    def _attacked(self, step: Step, targets: Tensor) -> Tensor:
        start = step.noise.flatten(0, 1)
        mean, size = _moments(start)
        noise = start
        with step.evaluation():
            for _ in range(self.steps):
                noise = noise.requires_grad_()
                loss = _divergences(step.noisy_logits(step.images, noise.view_as(step.noise)), targets).sum()
                (gradient,) = torch.autograd.grad(loss, noise)
                moved = noise.detach() + along(gradient, 2 * self.epsilon / self.steps)
                moved = start + into_ball(moved - start, self.epsilon)
                own_mean, own_size = _moments(moved)
                noise = mean + (moved - own_mean) * (size / own_size.clamp(min=TINY))
        return noise.view_as(step.noise)


def _divergences(logits: Tensor, targets: Tensor) -> Tensor:
    """KL(target || prediction) of every noisy image, shape (m, batch)."""
    return (torch.xlogy(targets, targets) - targets * torch.log_softmax(logits, 2)).sum(2)


def _moments(noise: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and root mean square of the entries of each vector, in the shape that its entries take part in."""
    flat = noise.flatten(1)
    shape = (-1, *[1] * (noise.dim() - 1))
    return flat.mean(1).view(shape), flat.square().mean(1).sqrt().view(shape)
