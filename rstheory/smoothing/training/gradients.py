"""How much each training image pulls at the weights, by itself (theory E7)."""

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
from rstheory.smoothing.training.interfaces import Perturbation, Step


def gradient_norms(
    model: nn.Module,
    data: Dataset,
    indices: Sequence[int],
    *,
    sigma: float,
    draws: int,
    seed: int,
    attack: Perturbation | None = None,
    advance: Callable[[int], None] = lambda images: None,
) -> Tensor:
    """L2 norm of the gradient, with respect to all weights, of each image's mean cross entropy over noisy copies.

    draws: noise vectors per image, at least 1. The same seed gives the same vectors.
    attack: what is done to the vectors first. It must act from epoch 0 on.
    advance: is told of images done.

    The network is in eval mode, in float32 (whose convolutions torch computes in TF32 on CUDA, unless told otherwise),
    where it is. One backward pass per image. Returns float64, shape (len(indices),).
    """
    _check.positive("sigma", sigma)
    _check.at_least(1, "draws", draws)
    if start := getattr(attack, "start", 0):
        raise ValueError(f"attack.start={start} is not allowed: a measurement is made at epoch 0")
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
            if attack is not None:
                noise = attack.noise(Step(0, sigma, model, image, label, chosen, noise, generator, exact), {})
            loss = cross_entropy(model((image + noise).flatten(0, 1)), label.repeat(draws))
            gradients = torch.autograd.grad(loss, [weight for weight in model.parameters() if weight.requires_grad])
            norms.append(sum(float(g.double().square().sum()) for g in gradients) ** 0.5)
            advance(1)
    finally:
        model.train(training)
    return torch.tensor(norms, dtype=torch.float64)
