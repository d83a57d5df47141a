"""The smoothed classifier as an attack sees it: a loss and its gradient, from fresh noise at every look."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from rstheory import _check
from rstheory.smoothing.counting import segments
from rstheory.smoothing.noise import Begun, Noise
from rstheory.smoothing.purposes import ATTACK
from rstheory.smoothing.training.ascent import along, into_ball, log_mean_softmax

# Takes logits of m noisy copies of each image, shape (images, m, classes), and labels; gives a loss per image.
Loss = Callable[[Tensor, Tensor], Tensor]


def smoothed_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """-log of the softmax averaged over the noise: the loss of the smoothed soft classifier (Salman et al. 2019, (6)).

    >>> smoothed_cross_entropy(torch.tensor([[[0.0, 100.0], [100.0, 0.0]]]), torch.tensor([0])).exp()
    tensor([2.])
    """
    return -log_mean_softmax(logits.transpose(0, 1)).gather(1, labels[:, None])[:, 0]


def mean_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """The cross entropy averaged over the noise: expectation over transformations (EOT).

    >>> mean_cross_entropy(torch.tensor([[[0.0, 100.0], [100.0, 0.0]]]), torch.tensor([0]))
    tensor([50.])
    """
    images, m, classes = logits.shape
    losses = cross_entropy(logits.reshape(-1, classes), labels.repeat_interleave(m), reduction="none")
    return losses.view(images, m).mean(1)


class Target:
    """Some images of one label each, under the noise of a smoothed classifier. Draws are counted: no look repeats one.

    model: the base classifier in float32, of fixed weights.
    noise: what is added; its seed and the number of each image in its data set fix every draw.
    indices: these numbers.
    labels: the class that each image must lose, int64, shape (images,).
    m: noise draws per gradient.
    loss: what an attack wants large.
    """

    def __init__(
        self, model: nn.Module, noise: Noise, indices: Sequence[int], labels: Tensor, *, m: int, loss: Loss
    ) -> None:
        _check.at_least(1, "m", m)
        self.model, self.noise, self.labels, self.m, self.loss = model, noise, labels, m, loss
        self._indices, self._drawn, self._begun = list(indices), [0] * len(indices), Begun()

    def look(self, places: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
        """Loss and its gradient at some images, from m fresh draws each.

        places: which of the target's images they belong to, shape (k,). images: in [0, 1], shape (k, channels, height,
        width). Returns losses, shape (k,), and gradients, of the shape of the images.

        ValueError where a loss is not finite.
        """
        inputs = images.detach().clone().requires_grad_()
        noise = torch.stack([self._draw(place, self.m, images) for place in places.tolist()])
        logits = self.model((inputs[:, None] + self.noise.sigma * noise).flatten(0, 1)).float()
        losses = self.loss(logits.view(len(images), self.m, -1), self.labels[places])
        if not bool(torch.isfinite(losses).all()):
            place = int(places[int((~torch.isfinite(losses)).nonzero()[0])])
            raise ValueError(f"the loss is not finite on image {self._indices[place]}: the network's output is not")
        (gradients,) = torch.autograd.grad(losses.sum(), inputs)
        return losses.detach(), gradients

    def directions(self, places: Tensor, images: Tensor) -> Tensor:
        """A random direction of L2 norm 1 for each image, from a fresh draw of its own."""
        return along(torch.cat([self._draw(place, 1, images) for place in places.tolist()]), 1.0)

    def _draw(self, place: int, draws: int, like: Tensor) -> Tensor:
        """The next standard normal draws of an image, shape (draws, *shape of one)."""
        out = torch.empty((draws, self.noise.dimension), dtype=torch.float64, device=like.device)
        row = 0
        for part in segments(self._indices[place], ATTACK, self._drawn[place], draws):
            self.noise.fill(out[row : row + part.rows], part, self._begun)
            row += part.rows
        self._drawn[place] += draws
        return out.view(draws, *like.shape[1:]).to(like.dtype)


def within(images: Tensor, moved: Tensor, radius: Tensor) -> Tensor:
    """Moved images, brought back to within an L2 norm of where they were, and to pixels in [0, 1].

    radius: shape (k, 1, 1, 1). Moving pixels back to [0, 1] brings an image nearer, so that the order does no harm.
    """
    return (images + into_ball(moved - images, radius)).clamp(0, 1)
