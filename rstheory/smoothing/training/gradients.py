"""How much each training sample pulls at the weights, by itself (theory E7)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from rstheory import _check
from rstheory.smoothing.data import Dataset
from rstheory.smoothing.purposes import GRADIENT
from rstheory.smoothing.training.attack import Attack
from rstheory.smoothing.training.parts import Moment, Part


def gradient_norms(
    model: nn.Module,
    data: Dataset,
    indices: Sequence[int],
    *,
    sigma: float,
    draws: int,
    seed: int,
    attack: Part | None = None,
    advance: Callable[[int], None] = lambda samples: None,
) -> Tensor:
    """L2 norm of the gradient, with respect to all weights, of each sample's mean cross entropy over noisy copies.

    draws: noise vectors a sample, at least 1, turned first by `attack` if one is given, which must act from epoch 0 on;
    the same seed gives the same vectors before the attack. The network is in eval mode, in float32 (whose convolutions
    torch computes in TF32 on CUDA, unless told otherwise), where it is. float64, shape (len(indices),). One backward
    pass a sample.
    """
    _check.positive("sigma", sigma)
    _check.at_least(1, "draws", draws)
    if isinstance(attack, Attack) and attack.start:
        raise ValueError(f"attack.start={attack.start} is not allowed: a measurement is made at epoch 0")
    part = attack or Part()
    device = next(model.parameters()).device
    training = model.training
    model.eval()
    norms = []
    try:
        for index in indices:
            entropy = np.random.SeedSequence((seed, index, GRADIENT)).generate_state(1, np.uint64)[0]
            generator = torch.Generator(device).manual_seed(int(entropy) >> 1)
            chosen = torch.tensor([index], device=data.images.device)
            image, label = data.inputs(chosen).to(device), data.labels[chosen].to(device)
            noise = sigma * torch.randn((draws, *image.shape), generator=generator, device=device)
            exact = partial(torch.autocast, device.type, enabled=False)
            moment = Moment(model, sigma, 0, data.labels, _no_count, generator, exact)
            noise = part.noise(moment, image, label, noise)
            loss = cross_entropy(model((image + noise).flatten(0, 1)), label.repeat(draws))
            gradients = torch.autograd.grad(loss, [weight for weight in model.parameters() if weight.requires_grad])
            norms.append(sum(float(g.double().square().sum()) for g in gradients) ** 0.5)
            advance(1)
    finally:
        model.train(training)
    return torch.tensor(norms, dtype=torch.float64)


def _no_count(draws: int) -> Tensor:
    raise ValueError("a gradient is measured at one moment: parts that count samples have no place here")
