"""What a training method is made of: samplers, perturbations and one objective.

* A *sampler* says how often each training image is drawn. The sampling weight of an image is the product over the
  samplers, so samplers need not know each other.
* A *perturbation* turns the noise of a step into other noise. Perturbations act one after the other.
* An *objective* makes the loss of a step. A method has exactly one. It runs the network as often as it needs to, on
  whatever it makes of the images and the noise.

Each is a frozen dataclass that owns its hyper-parameters and its first epoch. It must leave the network, its mode and
its gradients as it found them, and take its random numbers from the generator that it is given.

What a part must remember from epoch to epoch is its *state*: tensors by name, kept in the checkpoint of the run, so
that a resumed run has them. A part may renew its state before an epoch (`remember`), and reads it in the steps. It may
not write to it in a step: what every step changes would differ between the devices of one run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Self

import torch
from torch import Tensor, nn

from rstheory.smoothing.training.settings import Settings

State = Mapping[str, Tensor]


@dataclass(frozen=True)
class Epoch:
    """What a part is told before an epoch.

    number: from 0.
    sigma: noise level.
    model: the network in training. It takes images in [0, 1].
    labels: of all training images, int64, shape (n,), on the CPU.
    votes_of: class counts of every training image, by a network, under so many noise draws: int64, shape (n, classes),
        on the CPU. Within one epoch all parts see the same draws; fewer draws are the first of more.
    """

    number: int
    sigma: float
    model: nn.Module
    labels: Tensor
    votes_of: Callable[[nn.Module, int], Tensor]

    def votes(self, draws: int) -> Tensor:
        """Class counts by the network in training: int64, shape (n, classes)."""
        return self.votes_of(self.model, draws)

    def count(self, draws: int) -> Tensor:
        """Of so many noise draws, how many each training image's label gets: int64, shape (n,)."""
        return self.votes(draws).gather(1, self.labels[:, None])[:, 0]


@dataclass(frozen=True)
class Step:
    """What a part is told in a step of the optimiser: m noise vectors for each image of a batch.

    epoch: from 0.
    sigma: noise level.
    model: the network in training. It takes images in [0, 1].
    images: shape (batch, channels, height, width), in [0, 1], augmented.
    labels: int64, shape (batch,).
    indices: of the images in the training set, int64, shape (batch,).
    noise: shape (m, batch, channels, height, width).
    generator: for the part's own random numbers.
    autocast: makes the context in which the network runs in the precision of the run.
    """

    epoch: int
    sigma: float
    model: nn.Module
    images: Tensor
    labels: Tensor
    indices: Tensor
    noise: Tensor
    generator: torch.Generator
    autocast: Callable[[], torch.autocast]

    def logits(self, inputs: Tensor) -> Tensor:
        """The network's answers in float32, shape (k, classes), to inputs of shape (k, channels, height, width)."""
        with self.autocast():
            answers: Tensor = self.model(inputs)
        return answers.float()

    def noisy_logits(self, images: Tensor, noise: Tensor) -> Tensor:
        """Answers to every image under each of its noise vectors, shape (m, batch, classes), in one pass."""
        inputs = (images + noise).flatten(0, 1).contiguous(memory_format=torch.channels_last)
        return self.logits(inputs).view(*noise.shape[:2], -1)

    @contextmanager
    def evaluation(self) -> Iterator[None]:
        """The network in eval mode for the length of a block, and then in the mode it was in."""
        training = self.model.training
        self.model.eval()
        try:
            yield
        finally:
            self.model.train(training)


class Passes(NamedTuple):
    """Images that go through the network.

    trained: forward, and backward to the weights.
    attacked: forward, and backward to the image.
    measured: forward alone.
    """

    trained: int = 0
    attacked: int = 0
    measured: int = 0

    def __add__(self, other: object) -> Passes:
        if not isinstance(other, Passes):
            return NotImplemented
        return Passes(*(one + another for one, another in zip(self, other, strict=True)))


class Outcome(NamedTuple):
    """What an objective makes of a step.

    loss: scalar, to be minimised.
    logits: of the noisy images, shape (m, batch, classes). The training log counts right answers in them.
    """

    loss: Tensor
    logits: Tensor


@dataclass(frozen=True)
class Part:
    """What samplers, perturbations and objectives have in common: published hyper-parameters, and a state.

    least_draws: noise vectors per image that the part needs.
    """

    least_draws: ClassVar[int] = 1

    @classmethod
    def published(cls, settings: Settings) -> Self:
        """The part with the hyper-parameters that its paper has for the noise level, scaled to the epochs."""
        return cls()

    def remember(self, epoch: Epoch, state: State) -> State:
        """The state from this epoch on. It is empty before the first epoch."""
        return state

    def passes(self, draws: int, epoch: int) -> Passes:
        """The most passes that the part makes in an epoch per training image, which has so many noise vectors."""
        return Passes()


@dataclass(frozen=True)
class Sampler(Part):
    """Says how often each training image is drawn. Override `weights`."""

    def weights(self, epoch: Epoch) -> Tensor | None:
        """Weights from this epoch on, float64 >= 0, shape (n,). None leaves those that hold."""
        raise NotImplementedError

    def remember(self, epoch: Epoch, state: State) -> State:
        weights = self.weights(epoch)
        return state if weights is None else {"weights": weights}


@dataclass(frozen=True)
class Perturbation(Part):
    """Turns the noise of a step into other noise. Override `noise`."""

    def noise(self, step: Step, state: State) -> Tensor:
        """Noise in place of `step.noise`, of the same shape."""
        raise NotImplementedError


@dataclass(frozen=True)
class Objective(Part):
    """Makes the loss of a step. Override `loss`."""

    def loss(self, step: Step, state: State) -> Outcome:
        """Loss of the step, and the logits from which the training log counts right answers."""
        raise NotImplementedError


@dataclass(frozen=True)
class Method:
    """A training method.

    name: for the checkpoint and the resume of a run.
    objective: makes the loss.
    samplers: their weights are multiplied.
    perturbations: in the order in which they act.
    """

    name: str
    objective: Objective
    samplers: tuple[Sampler, ...] = ()
    perturbations: tuple[Perturbation, ...] = ()

    @property
    def parts(self) -> tuple[Part, ...]:
        """All parts, in the order in which their states are kept."""
        return (*self.samplers, *self.perturbations, self.objective)
