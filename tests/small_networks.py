"""Networks with small integer weights, and the plain loop that counts their classes one vector at a time.

On inputs that are multiples of h every sum is then exact in float32, and the order of summation, which batches and
threads change, cannot move a logit. So counts are compared exactly.
"""

import numpy as np
import torch
from torch import nn

from rstheory.smoothing.counting import ClassCounter
from rstheory.smoothing.noise import BLOCK, Draws

CPU = torch.device("cpu")
SHAPE = (2, 1, 3)
DIMENSION, CLASSES = 6, 4
FLOATS = [torch.float32, torch.bfloat16]


def linear(seed, features, outputs):
    layer = nn.Linear(features, outputs)
    generator = torch.Generator().manual_seed(seed)
    for tensor in (layer.weight, layer.bias):
        tensor.data = torch.randint(-3, 4, tensor.shape, generator=generator).float()
    return layer


def network(kind, seed=0, dtype=torch.float32):
    hidden = [] if kind == "linear" else [linear(seed + 1, DIMENSION, 5), nn.ReLU()]
    last = linear(seed, 5 if hidden else DIMENSION, CLASSES)
    return nn.Sequential(nn.Flatten(), *hidden, last).to(dtype).eval().requires_grad_(False)


def images(count, seed=0):
    return torch.rand((count, *SHAPE), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def counted(model, noise, samples, indices, budgets, dtype=torch.float32, **options):
    with ClassCounter(model, shape=SHAPE, classes=CLASSES, noise=noise, device=CPU, dtype=dtype, **options) as counter:
        return counter.count(samples, indices, budgets)


def reference(model, noise, samples, indices, budgets, dtype=torch.float32):
    """One vector at a time: noise, grid, network, argmax."""
    votes = np.zeros((len(indices), len(budgets), CLASSES), np.int64)
    h = noise.grid
    for i, index in enumerate(indices):
        pixels = samples[i].numpy().ravel()
        for j, (purpose, budget) in enumerate(budgets.items()):
            for draw in range(budget):
                if draw % BLOCK == 0:
                    z = torch.empty((BLOCK, noise.dimension), dtype=torch.float64)
                    noise.fill(z, Draws(index, purpose, draw // BLOCK, BLOCK))
                point = np.rint(noise.sigma / h * z[draw % BLOCK].numpy() + pixels / h) * h
                logits = model(torch.tensor(point).to(dtype).view(1, *SHAPE))[0]
                votes[i, j, int(np.argmax(logits.float().numpy()))] += 1
    return votes
