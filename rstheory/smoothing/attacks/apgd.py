"""Auto-PGD with expectation over transformations: AutoAttack's setting for randomized classifiers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from rstheory import _check
from rstheory.smoothing.attacks.target import Target, mean_cross_entropy, within
from rstheory.smoothing.training.ascent import along

MOMENTUM = 0.75
_RISES = 0.75  # share of steps that must raise the loss between two checkpoints


@dataclass(frozen=True)
class APGD:
    """Auto-PGD (Croce and Hein 2020, "Reliable evaluation of adversarial robustness with an ensemble of diverse
    parameter-free attacks", algorithm 1) on the cross entropy, averaged over m noise draws (EOT).

    Steps of length 2 radius at first, with momentum. At each checkpoint, an image whose loss rose in fewer than 3 of 4
    steps since the last one, or whose step was kept there and whose best loss has not risen since, halves its step and
    starts again from its best image. The best image is the answer. AutoAttack's `rand` version runs 100 steps with 20
    draws on this loss, and then on DLR, which is left out here.

    Differences from the authors' code: a loss is the mean over all m draws, where they keep the last draw's; after
    a restart the next loss is compared with that of the image restarted from; what counts as success is decided by
    PREDICT afterwards, not by a single noisy answer on the way.

    steps: gradient steps.
    """

    steps: int = 100
    name: ClassVar[str] = "apgd"

    def __post_init__(self) -> None:
        _check.at_least(1, "steps", self.steps)

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """See `mean_cross_entropy`."""
        return mean_cross_entropy(logits, labels)

    def perturb(self, target: Target, places: Tensor, images: Tensor, radius: Tensor, start: Tensor) -> Tensor:
        """Images within `radius` of `images` that the smoothed classifier may get wrong. See `Method`."""

        def chosen(rows: Tensor, there: Tensor, elsewhere: Tensor) -> Tensor:
            return torch.where(rows.view(-1, *[1] * (there.dim() - 1)), there, elsewhere)

        at, before = start, start
        loss, gradient = target.look(places, at)
        best, best_loss, best_gradient = at, loss, gradient
        step = 2 * radius
        rises, halved, best_then = torch.zeros_like(loss), torch.ones_like(loss, dtype=torch.bool), best_loss
        since, marks = 0, checkpoints(self.steps)
        for i in range(self.steps):
            uphill = within(images, at + along(gradient, step), radius)
            share = MOMENTUM if i else 1.0
            moved = within(images, at + share * (uphill - at) + (1 - share) * (at - before), radius)
            before, at, last = at, moved, loss
            loss, gradient = target.look(places, at)
            rises += loss > last
            better = loss > best_loss
            best, best_gradient = chosen(better, at, best), chosen(better, gradient, best_gradient)
            best_loss = torch.maximum(loss, best_loss)
            since += 1
            if i + 1 in marks:
                stuck = (rises < _RISES * since) | (~halved & (best_loss <= best_then))
                step = chosen(stuck, step / 2, step)
                at, gradient = chosen(stuck, best, at), chosen(stuck, best_gradient, gradient)
                loss = torch.where(stuck, best_loss, loss)
                rises, halved, best_then, since = torch.zeros_like(rises), stuck, best_loss, 0
        return best


def checkpoints(steps: int) -> tuple[int, ...]:
    """Steps after which the step size is reconsidered: at the shares p of all steps, where p starts with 0 and 0.22 and
    each interval is 0.03 shorter than the one before it, but at least 0.06.

    >>> checkpoints(100)
    (22, 41, 57, 70, 80, 87, 93, 99)
    """
    shares = [0, 22]  # in hundredths, so that they are exact
    while shares[-1] < 100:
        shares.append(shares[-1] + max(shares[-1] - shares[-2] - 3, 6))
    return tuple(sorted({-(-share * steps // 100) for share in shares[1:] if share < 100}))
