"""Steps uphill along a loss, which all attacks share: those inside training methods, and those on a trained network.

A length or radius is one number, or one per image in the shape that `norms` gives.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

# A gradient of 0 gives no direction, and the vector stays; from logit gaps of about 104 on, float32 has no other.
TINY = torch.finfo(torch.float32).tiny


def norms(vectors: Tensor) -> Tensor:
    """L2 norm of each vector, in the shape that divides it."""
    lengths: Tensor = torch.linalg.vector_norm(vectors.flatten(1), dim=1)
    return lengths.view(-1, *[1] * (vectors.dim() - 1))


def along(gradient: Tensor, length: float | Tensor) -> Tensor:
    """For each image, the step of this L2 length in the direction of its gradient; 0 where the gradient is 0.

    >>> along(torch.tensor([[3e-30, 4e-30], [0.0, 0.0]]), 5.0).tolist()
    [[3.0, 4.0], [0.0, 0.0]]
    """
    gradient = _scaled(gradient)
    return length * gradient / norms(gradient).clamp(min=TINY)


def into_ball(shifts: Tensor, radius: float | Tensor) -> Tensor:
    """Each shift, shortened to this L2 norm if it is longer.

    >>> into_ball(torch.tensor([[3.0, 4.0], [0.3, 0.4]]), 1.0)
    tensor([[0.6000, 0.8000],
            [0.3000, 0.4000]])
    """
    return shifts * (radius / norms(shifts).clamp(min=TINY)).clamp(max=1)


def log_mean_softmax(logits: Tensor) -> Tensor:
    """Logarithm of the softmax, averaged over the m noise vectors: (m, batch, classes) -> (batch, classes).

    >>> log_mean_softmax(torch.tensor([[[0.0, 1000.0]], [[1000.0, 0.0]]])).exp()
    tensor([[0.5000, 0.5000]])
    """
    return torch.logsumexp(torch.log_softmax(logits, 2), 0) - math.log(len(logits))


def _scaled(vectors: Tensor) -> Tensor:
    """Each vector times a power of two, which is exact, so that its largest entry lies in [1/2, 1).

    The squares of a gradient's entries leave float32 from logit gaps of about 45 on, where the entries do not.
    """
    largest = vectors.flatten(1).abs().amax(dim=1).clamp(min=TINY)
    exponents = torch.frexp(largest).exponent.view(-1, *[1] * (vectors.dim() - 1))
    return torch.ldexp(vectors, -exponents)
