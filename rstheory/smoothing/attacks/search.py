"""The smallest perturbation that an attack finds: bisection over its norm, each success judged by PREDICT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rstheory.certify import Prediction
from rstheory.logs.schema import ABSTAINED
from rstheory.smoothing.attacks.target import Target, within
from rstheory.smoothing.training.ascent import norms


class Method(Protocol):
    """An attack within a given norm."""

    @property
    def name(self) -> str:
        """What the log calls it."""

    @property
    def steps(self) -> int:
        """Gradient steps."""

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """What it wants large, per image. logits: of m noisy copies of each image, shape (images, m, classes)."""

    def perturb(self, target: Target, places: Tensor, images: Tensor, radius: Tensor, start: Tensor) -> Tensor:
        """Images that the smoothed classifier may get wrong.

        target: gives losses and gradients. places: which of its images these are, shape (k,). images: in [0, 1], shape
        (k, channels, height, width). radius: largest L2 norm of a perturbation, shape (k, 1, 1, 1). start: where to
        begin, within the radius and in [0, 1]; so is what is returned.
        """


class Proposal(NamedTuple):
    """Perturbed images to be judged, and the places of the images that they belong to."""

    places: list[int]
    images: Tensor


@dataclass
class Found:
    """What is known of one image while its search goes on.

    counts: draws that gave each class at the image itself. predict: what PREDICT says of it.
    low: largest norm at which PREDICT still gave the label.
    norm: smallest one at which the attack succeeded, inf until then. found, attacked_counts: the class and the draws
    there.
    abstain_norm: smallest norm at which PREDICT abstained. abstained: norms of the rounds in which it did, each with
    whether two other classes had more draws than the label.
    judged: perturbations judged.
    """

    counts: tuple[int, ...] = ()
    predict: int = ABSTAINED
    low: float = 0.0
    norm: float = np.inf
    found: int = ABSTAINED
    attacked_counts: tuple[int, ...] = ()
    abstain_norm: float = np.inf
    judged: int = 0
    abstained: list[tuple[float, bool]] = field(default_factory=list)


def next_norm(found: Found, eps: float) -> float | None:
    """The norm to attack an image at next, up to eps; None if it is given up.

    The largest first; where PREDICT still gives the label there, the image is given up. Where it abstains, the middle
    of the widest gap between norms tried: far out, several other classes may share the draws, and PREDICT answers
    nearer. Once an attack has succeeded, half-way between the largest norm that left the label in front, or second to
    one class only, and the smallest that led beyond.

    >>> next_norm(Found(), 4.0), next_norm(Found(abstained=[(4.0, True)]), 4.0), next_norm(Found(norm=3.0), 4.0)
    (4.0, 2.0, 1.5)
    """
    if np.isfinite(found.norm):
        near = max([found.low, *(norm for norm, beyond in found.abstained if not beyond and norm < found.norm)])
        far = min([found.norm, *(norm for norm, beyond in found.abstained if beyond and norm > near)])
        return (near + far) / 2
    if not found.abstained:
        return eps if found.low == 0 else None
    tried = [found.low, *sorted({eps, *(norm for norm, _ in found.abstained if norm > found.low)})]
    below, above = max(pairwise(tried), key=lambda gap: gap[1] - gap[0])
    return (below + above) / 2


class Search:
    """The search for some images that are attacked together, round by round.

    images: in [0, 1], shape (k, channels, height, width). target: of the same images and their labels. eps: largest
    norm that is tried, in the first round. alpha: level of each single judgement.

    Only images that PREDICT first gives their label are attacked, each at one norm per round (`next_norm`). The first
    attack of a round starts from the best perturbation so far, shortened; restarts start from random directions.
    """

    def __init__(self, method: Method, target: Target, images: Tensor, *, eps: float, alpha: float) -> None:
        self.method, self.target, self.images, self.eps, self.alpha = method, target, images, eps, alpha
        self.found = [Found() for _ in range(len(images))]
        self._best = images.clone()
        self._radius: dict[int, float] = {}  # of the images still to be attacked in this round

    def learn_clean(self, counts: Sequence[NDArray[np.int64]]) -> None:
        """Take what PREDICT drew at the images themselves."""
        for found, drawn in zip(self.found, counts, strict=True):
            found.counts = tuple(drawn.tolist())
            found.predict, _ = self._judged(found.counts)

    def begin_round(self) -> None:
        """Choose the norm for each image that is searched in this round."""
        self._radius = {}
        for place, found in enumerate(self.found):
            if found.predict == int(self.target.labels[place]) and (radius := next_norm(found, self.eps)) is not None:
                self._radius[place] = radius

    def propose(self, restart: int) -> Proposal:
        """Attack the images of this round that have not fallen to an earlier restart."""
        places = list(self._radius)
        if not places:
            return Proposal([], self.images[:0])
        at = torch.tensor(places, device=self.images.device)
        images = self.images[at]
        # Pixels and norms are rounded in float32; no perturbation shall be longer than its round says.
        slack = images[0].numel() ** 0.5 * 2.0**-24
        shorter = [max(length * (1 - 2.0**-18) - slack, length / 2) for length in map(self._radius.__getitem__, places)]
        radius = torch.tensor(shorter, dtype=images.dtype, device=images.device).view(-1, 1, 1, 1)
        start = self._best[at] if restart == 0 else images + radius * self.target.directions(at, images)
        start = within(images, start, radius)
        return Proposal(places, self.method.perturb(self.target, at, images, radius, start).detach())

    def learn(self, proposal: Proposal, counts: Sequence[NDArray[np.int64]], last: bool) -> None:
        """Take what PREDICT drew at the perturbed images. last: whether the round has no further restart."""
        lengths = length_above(self.images[proposal.places], proposal.images)
        for place, length, image, drawn in zip(proposal.places, lengths, proposal.images, counts, strict=True):
            found, votes, label = self.found[place], tuple(drawn.tolist()), int(self.target.labels[place])
            answer, abstained = self._judged(votes)
            found.judged += 1
            if abstained:
                found.abstain_norm = min(found.abstain_norm, length)
            elif answer != label:
                if length < found.norm:
                    found.norm, found.found, found.attacked_counts = length, answer, votes
                    found.low = found.low if found.low < length else 0.0  # an attack that failed there proves nothing
                    self._best[place] = image
                del self._radius[place]
                continue
            if last and abstained:
                beyond = votes[label] < sorted(votes)[-2]
                found.abstained.append((self._radius[place], beyond))
            elif last:
                found.low = max(found.low, self._radius[place])

    def _judged(self, counts: tuple[int, ...]) -> tuple[int, bool]:
        """What PREDICT answers, and whether it abstains."""
        prediction = Prediction(counts, self.alpha)
        return (ABSTAINED, True) if prediction.abstained else (prediction.leader, False)


def length_above(images: Tensor, moved: Tensor) -> list[float]:
    """L2 norm of each perturbation, rounded up: never below the exact one of the images as they are judged.

    >>> length_above(torch.zeros(1, 1, 1, 2), torch.tensor([[[[3.0, 4.0]]]]))[0] - 5 < 1e-14
    True
    """
    exact = norms(moved.double() - images.double()).flatten()
    rounding = (images[0].numel() + 4) * 2.0**-52 if len(images) else 0.0  # differences, squares, sum, root, product
    return [float(value) for value in exact * (1 + rounding)]
