"""What training methods are made of.

A method is a sequence of parts, and plain Gaussian training is the empty one. A part may touch three things and
nothing else:

* how often each training sample is drawn (`factor`): before an epoch it may return a factor >= 0 for each sample, which
  holds until it returns another; the sampling weight is the product over the parts, so parts need not know each other;
* the noise of a batch (`noise`): it may replace the noise vectors, shape (draws, batch, channels, height, width), and
  may run the network on them; it must leave the network, its mode and its gradients as they were;
* the loss (`loss`): it may replace the mean cross entropy over all noisy copies by a scalar of its own, of the logits
  of all draws, shape (draws, batch, classes), and of what the moment tells. At most one part of a method may.

It may not step the optimiser, keep state between epochs other than its factor (a resumed run would not have it), or
draw random numbers other than from the generator of the moment. That is enough for the six methods of theory E6:
Gaussian, SmoothAdv and SmoothMix (noise, loss), MACER, Consistency and CAT-RS (loss).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Moment:
    """What a part is told: where training stands.

    model: the network in training, taking images in [0, 1]. sigma: noise level. epoch: from 0. labels: of all training
    samples, int64, shape (n,), on the CPU. count: measures, for every training sample, how many of so many noise draws
    the network now gets right (int64, shape (n,)); in one epoch all parts see the same draws, the fewer being the first
    of the more. generator: for the part's own random numbers. autocast: a context manager maker for the precision of
    the run.
    """

    model: nn.Module
    sigma: float
    epoch: int
    labels: Tensor
    count: Callable[[int], Tensor]
    generator: torch.Generator
    autocast: Callable[[], torch.autocast]


class Part:
    """A part that changes nothing. Override what a method needs; a part is immutable."""

    def factor(self, moment: Moment) -> Tensor | None:
        """Factors of the sampling weights from this epoch on, float64 >= 0, shape (n,); None leaves them alone."""
        return None

    def noise(self, moment: Moment, images: Tensor, labels: Tensor, noise: Tensor) -> Tensor:
        """Noise vectors for one step, shape (draws, batch, ...), in place of those drawn from N(0, sigma^2 I)."""
        return noise

    def loss(self, moment: Moment, logits: Tensor, labels: Tensor) -> Tensor | None:
        """Scalar loss from logits (draws, batch, classes) and labels (batch,); None for the mean cross entropy."""
        return None
