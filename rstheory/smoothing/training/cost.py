"""What training costs, in floating-point operations: those of the network, times the passes that are made."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode, conv_flop_count

from rstheory.smoothing.training.interfaces import Method, Passes

PETA = 1e15


@dataclass(frozen=True)
class Cost:
    """Floating-point operations of one network on one image; a multiplication and an addition are two.

    measured: of a forward pass.
    attacked: of a forward pass and the gradient with respect to the image.
    trained: of a forward pass and the gradient with respect to the weights.
    """

    measured: float
    attacked: float
    trained: float

    def pflop(self, passes: Passes) -> float:
        """10^15 operations of these passes.

        >>> Cost(measured=1e15, attacked=2e15, trained=3e15).pflop(Passes(trained=1, attacked=2, measured=4))
        11.0
        """
        return (
            passes.trained * self.trained + passes.attacked * self.attacked + passes.measured * self.measured
        ) / PETA


def cost_of(model: nn.Module, shape: Sequence[int]) -> Cost:
    """The cost of a network on images of this shape, counted by torch in its convolutions and matrix products.

    What torch does not count, such as batch norm and activations, is left out. A copy of the network is run, on two
    black images. In convolutions of several groups, torch's own formula of the gradient for the weights leaves the
    groups out, and counts a depthwise one as many times as it has channels: ours is used. Attention is counted as the
    matrix products that it is made of, whatever kernel a device has for it.

    >>> cost_of(nn.Sequential(nn.Flatten(), nn.Linear(12, 5)), (3, 2, 2))
    Cost(measured=120.0, attacked=240.0, trained=240.0)
    """
    device = next(model.parameters()).device
    copied = copy.deepcopy(model).train()
    images = torch.zeros((2, *shape), device=device)  # batch norm in training mode can refuse a single one

    def flop(pixels: Tensor, *, weights: bool) -> float:
        copied.requires_grad_(weights)
        with (
            torch.random.fork_rng([device] if device.type == "cuda" else []),
            sdpa_kernel(SDPBackend.MATH),  # of the fused kernels torch counts some, not that of the CPU
            FlopCounterMode(display=False, custom_mapping={_BACKWARD: _convolution_backward}) as counter,
        ):
            logits = copied(pixels)
            if logits.requires_grad:
                torch.autograd.backward(logits.sum())
        return float(counter.get_total_flops()) / len(pixels)

    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        return Cost(
            flop(images, weights=False),
            flop(images.clone().requires_grad_(), weights=False),
            flop(images, weights=True),
        )


_BACKWARD = torch.ops.aten.convolution_backward


def _convolution_backward(
    outputs: list[int],
    inputs: list[int],
    weights: list[int],
    _bias: object,
    _stride: object,
    _padding: object,
    _dilation: object,
    transposed: bool,
    _output_padding: object,
    _groups: int,
    wanted: Sequence[bool],
    *,
    out_shape: object,
) -> int:
    """Each gradient takes the products of the forward pass once more. The arguments are shapes, but for the flags."""
    return sum(wanted[:2]) * conv_flop_count(inputs, weights, outputs, transposed)


@contextmanager
def counted_passes(model: nn.Module) -> Iterator[list[Passes]]:
    """The passes of a network in the block, in a list of one entry that grows as they are made.

    In training mode a pass is trained on, and in eval mode its images are attacked, if gradients are recorded at all.
    """
    made = [Passes()]

    def note(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        images = len(inputs[0])
        if not torch.is_grad_enabled():
            made[0] += Passes(measured=images)
        elif module.training:
            made[0] += Passes(trained=images)
        else:
            made[0] += Passes(attacked=images)

    hook = model.register_forward_pre_hook(note)
    try:
        yield made
    finally:
        hook.remove()


def planned_passes(method: Method, draws: int, epochs: int) -> Passes:
    """The most passes per training image that a run makes, each image counted as drawn once in every epoch."""
    passes = Passes()
    for epoch in range(epochs):
        for part in (method.objective, *method.perturbations):
            passes += part.passes(draws, epoch)
        sampling = [part.passes(draws, epoch) for part in method.samplers]
        shared = max((one.measured for one in sampling), default=0)  # samplers look at the same draws
        passes += Passes(sum(one.trained for one in sampling), sum(one.attacked for one in sampling), shared)
    return passes
