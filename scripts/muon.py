"""The optimiser that the search for the fast recipe compared with gradient descent, and other pieces of the search.

What the search chose is in `rstheory/smoothing/training/recipes/fast.py`; `docs/recipe/README.md` has the experiments.

Filters of hidden convolutions are moved by Muon (K. Jordan and others, 2024, "Muon: an optimizer for hidden layers in
neural networks"; its form for CIFAR-10 is that of airbench, K. Jordan, 2024, arXiv 2404.00498 and its repository): the
step is the momentum made nearly orthogonal, so that all its directions are as long, and a filter bank keeps its norm.
Everything else is moved by stochastic gradient descent with Nesterov momentum.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from rstheory import _check

_SLOPES = (3.4445, -4.7750, 2.0315)  # a, b, c of Jordan's quintic a s + b s^3 + c s^5, steepest at 0
_ROUNDS = 3  # of the iteration, as airbench has; 5 are usual elsewhere

BATCH = 512  # noisy images in a step, which the rates below go with
SMOOTHING = 0.2  # of labels
WARM, START = 0.2, 0.2  # of the schedule: share of the run after which rates are highest, and what they begin with
FILTER_RATE, FILTER_MOMENTUM = 0.24, 0.6
RATE, MOMENTUM, DECAY = 0.6, 0.85, 1e-3
BIAS_FACTOR = 16.0  # how many times faster biases learn


def orthogonalised(matrix: Tensor, rounds: int = _ROUNDS) -> Tensor:
    """A matrix with the singular vectors of `matrix`, its singular values made nearly equal.

    matrix: shape (rows, columns). rounds: of the Newton-Schulz iteration X <- a X + (b A + c A^2) X, A = X X^T, which
    applies one polynomial to every singular value. Values that are not small beside the largest one end between 0.3
    and 1.3; the iteration is not meant to reach 1. Computed in bfloat16, returned in the type of `matrix`. A zero
    matrix stays zero.

    >>> orthogonalised(torch.diag(torch.tensor([3.0, 1.0, 2.0])), 5).diagonal().min().item() > 0.5
    True
    """
    if matrix.ndim != 2:
        raise ValueError(f"matrix has shape {tuple(matrix.shape)}: it must be (rows, columns)")
    if _check.scalar_int("rounds", rounds) < 1:
        raise ValueError(f"rounds={rounds} is not allowed: it must be at least 1")
    a, b, c = _SLOPES
    tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix.T if tall else matrix).bfloat16()  # the smaller side is the one to be multiplied out
    x = x / x.norm().clamp_min(1e-7)
    for _ in range(rounds):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    made: Tensor = (x.T if tall else x).to(matrix.dtype)
    return made


class FastOptimizer(torch.optim.Optimizer):
    """Muon for the groups marked `orthogonal`, gradient descent with Nesterov momentum for the others.

    groups: as `parameter_groups` makes them. Each says `params`, `orthogonal`, `peak` (its learning rate at the top of
    the schedule), `momentum` in [0, 1) and `weight_decay` (added to the gradient; not of orthogonal groups, whose
    weights keep their norm). `lr` of every group is the share of its peak at which it moves: a trainer sets the same
    value everywhere, from `share`. The state is momentum only.

    >>> weights = nn.Parameter(torch.ones(2))
    >>> group = {"params": [weights], "orthogonal": False, "peak": 0.5, "momentum": 0.0, "weight_decay": 0.0}
    >>> optimizer = FastOptimizer([group])
    >>> weights.grad = torch.tensor([1.0, 0.0])
    >>> optimizer.step()
    >>> weights.tolist()
    [0.5, 1.0]
    """

    def __init__(self, groups: Iterable[dict[str, Any]]) -> None:
        super().__init__(groups, {"lr": 1.0})
        for group in self.param_groups:
            _check.positive("peak", group["peak"])
            if not 0 <= group["momentum"] < 1:
                raise ValueError(f"momentum={group['momentum']} is not allowed: it must be in [0, 1)")
            if group["orthogonal"] and (group["weight_decay"] or any(w.ndim < 2 for w in group["params"])):
                raise ValueError("an orthogonal group takes matrices and filters, and no weight decay")

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]  # no closures here
        """One step of all weights that have a gradient."""
        if closure is not None:
            raise ValueError("closure is not allowed: this optimiser looks at one gradient a step")
        for group in self.param_groups:
            rate = group["lr"] * group["peak"]
            for weights in group["params"]:
                if weights.grad is None:
                    continue
                gradient = weights.grad.add(weights, alpha=group["weight_decay"])
                if "momentum" not in self.state[weights]:
                    self.state[weights]["momentum"] = torch.zeros_like(weights)
                momentum = self.state[weights]["momentum"].mul_(group["momentum"]).add_(gradient)
                step = gradient.add(momentum, alpha=group["momentum"])
                if group["orthogonal"]:
                    step = orthogonalised(step.flatten(1)).view_as(step)
                    weights.mul_(math.sqrt(len(weights)) / weights.norm().clamp_min(1e-7))
                weights.sub_(step, alpha=rate)


def parameter_groups(model: nn.Module) -> list[dict[str, Any]]:
    """The trained weights of a model, for `FastOptimizer`, at the peaks and momenta of the recipe.

    Weights of convolutions and linear layers go to Muon, but for the last linear layer, and for convolutions in groups,
    whose filters are too few numbers to be made orthogonal. Those, and whatever has two dimensions or more and belongs
    to no such layer, are moved by gradient descent; so is what has one dimension (biases, scales of norms), faster.
    Groups that would be empty are left out. ValueError if nothing is to be trained.

    >>> from rstheory.smoothing.models import build
    >>> [len(group["params"]) for group in parameter_groups(build("fast8-16", 10, (3, 32, 32)))]
    [4, 5, 1]
    """
    layers = [m for m in model.modules() if isinstance(m, nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d)]
    last = next((m for m in reversed(layers) if isinstance(m, nn.Linear)), None)
    hidden = {id(m.weight) for m in layers if m is not last and getattr(m, "groups", 1) == 1}
    trained = [weights for weights in model.parameters() if weights.requires_grad]
    if not trained:
        raise ValueError("the model has no weights to train")
    filters = [weights for weights in trained if id(weights) in hidden]
    biases = [weights for weights in trained if weights.ndim < 2]
    others = [weights for weights in trained if weights.ndim >= 2 and id(weights) not in hidden]
    rest = {"orthogonal": False, "momentum": MOMENTUM}
    groups = [
        {
            "params": filters,
            "orthogonal": True,
            "peak": FILTER_RATE,
            "momentum": FILTER_MOMENTUM,
            "weight_decay": 0.0,
        },
        {"params": biases, **rest, "peak": RATE * BIAS_FACTOR, "weight_decay": DECAY / BIAS_FACTOR},
        {"params": others, **rest, "peak": RATE, "weight_decay": DECAY},
    ]
    return [group for group in groups if group["params"]]


def by_descent(groups: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same groups, filters too moved by gradient descent, as runs of many epochs want it.

    >>> by_descent([{"orthogonal": True}])
    [{'orthogonal': False, 'peak': 0.6, 'momentum': 0.85, 'weight_decay': 0.001}]
    """
    descent = {"orthogonal": False, "peak": RATE, "momentum": MOMENTUM, "weight_decay": DECAY}
    return [group | descent if group["orthogonal"] else group for group in groups]


def share(progress: float) -> float:
    """Share of its peak at which each weight learns: from 0.2 evenly up to 1, then evenly down to 0.

    progress: of the run, from 0 in the first step to 1 after the last one.

    >>> [round(share(progress), 3) for progress in (0.0, 0.1, 0.2, 0.6, 1.0)]
    [0.2, 0.6, 1.0, 0.5, 0.0]
    """
    if not 0 <= progress <= 1:
        raise ValueError(f"progress={progress} is not allowed: it must be in [0, 1]")
    if progress < WARM:
        return START + (1 - START) * progress / WARM
    return (1 - progress) / (1 - WARM)


def alternately_flipped(images: Tensor, facing: Tensor, epochs: Tensor) -> Tensor:
    """Each image mirrored in every other epoch, so that two epochs show both its sides (airbench's alternating flip).

    images: shape (n, channels, height, width). facing: bool, shape (n,): which of the images are mirrored in even
    epochs, drawn once for a whole run. epochs: integers, shape (n,): which epoch each image is of. Returns a
    new tensor.

    >>> image = torch.arange(2.0).reshape(1, 1, 1, 2)
    >>> [alternately_flipped(image, torch.tensor([True]), torch.tensor([e])).flatten().tolist() for e in (0, 1)]
    [[1.0, 0.0], [0.0, 1.0]]
    """
    mirrored = facing ^ (epochs % 2 == 1)
    return torch.where(mirrored[:, None, None, None], images.flip(-1), images)
