"""E3: noise vectors are turned, on their sphere, towards where the network errs."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from rstheory import _check
from rstheory.smoothing.training.parts import Moment, Part

# A gradient of 0 gives no direction, and the vector stays; from logit gaps of about 104 on, float32 has no other.
_TINY = torch.finfo(torch.float32).tiny


@dataclass(frozen=True)
class Attack(Part):
    """From epoch `start` on, move each noise vector by up to `steps` steps of L2 length `step`, and back to its norm.

    A vector stops as soon as the network errs on it; one that is misclassified from the start stays. Equal norms have
    equal density under N(0, sigma^2 I) (the paper's Theorem 2, theory E4), so the vectors remain as likely as they
    were. The network is in eval mode meanwhile. Sun et al. 2025, Section 5 (theory E3).
    """

    start: int
    steps: int
    step: float

    def __post_init__(self) -> None:
        _check.at_least(0, "start", self.start)
        _check.at_least(1, "steps", self.steps)
        _check.positive("step", self.step)

    def noise(self, moment: Moment, images: Tensor, labels: Tensor, noise: Tensor) -> Tensor:
        if moment.epoch < self.start:
            return noise
        training = moment.model.training
        moment.model.eval()
        try:
            flat = noise.flatten(0, 1)
            copies = len(noise)
            attacked = self._attacked(moment, images.repeat(copies, 1, 1, 1), labels.repeat(copies), flat)
        finally:
            moment.model.train(training)
        return attacked.view_as(noise)

    def _attacked(self, moment: Moment, images: Tensor, labels: Tensor, noise: Tensor) -> Tensor:
        result = noise.clone()
        norms = _norms(noise)
        rows = torch.arange(len(noise), device=noise.device)
        for _ in range(self.steps):
            delta = result[rows].requires_grad_()
            with moment.autocast():
                logits = moment.model(images[rows] + delta).float()
            right = logits.argmax(1) == labels[rows]
            (gradient,) = torch.autograd.grad(cross_entropy(logits, labels[rows], reduction="sum"), delta)
            rows, gradient, moved = rows[right], gradient[right], delta.detach()[right]
            if not len(rows):
                break
            gradient = _scaled(gradient)
            moved = moved + self.step * gradient / _norms(gradient).clamp(min=_TINY)
            result[rows] = moved * (norms[rows] / _norms(moved).clamp(min=_TINY))
        return result


def _scaled(vectors: Tensor) -> Tensor:
    """Each vector times a power of two, which is exact, so that its largest entry lies in [1/2, 1).

    The squares of a gradient's entries leave float32 from logit gaps of about 45 on, where the entries do not.
    """
    largest = vectors.flatten(1).abs().amax(dim=1).clamp(min=_TINY)
    exponents = torch.frexp(largest).exponent.view(-1, *[1] * (vectors.dim() - 1))
    return torch.ldexp(vectors, -exponents)


def _norms(vectors: Tensor) -> Tensor:
    """L2 norm of each vector, in the shape that divides it."""
    norms: Tensor = torch.linalg.vector_norm(vectors.flatten(1), dim=1)
    return norms.view(-1, *[1] * (vectors.dim() - 1))
