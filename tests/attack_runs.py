"""Attacks of the tests: small runs on digits, and a linear network, whose robust radius is known exactly."""

import torch
from small_runs import without_time
from torch import nn

from rstheory.smoothing.attacks import PGD, Attack, Attacker, attack_checkpoint
from rstheory.smoothing.counting import ClassCounter
from rstheory.smoothing.given import GivenImages
from rstheory.smoothing.noise import Noise
from rstheory.smoothing.run import Machine

TASK = Attack(sigma=0.5, eps=2.0, method=PGD(4), m=4, halvings=3, n=200, seed=1)
CPU = torch.device("cpu")
SHAPE = (1, 4, 4)


def attacked(checkpoint, out, task=TASK, **options):
    """Lines of the log of a small run, without the times."""
    arguments = {"source": "digits", "skip": 30, "machine": Machine(device="cpu"), "rows": 12} | options
    attack_checkpoint(task, checkpoint=checkpoint, out=out, **arguments)
    return without_time(out)


def linear_problem(seed=0, count=6):
    """A network of two classes, the sign of w x, images around 1/2, and the distance of each from the border.

    The smoothed classifier answers the same sign, so that this distance is the robust radius r*, exactly.
    """
    generator = torch.Generator().manual_seed(seed)
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 2)).requires_grad_(False)
    network[1].weight[0], network[1].weight[1] = 0, torch.randn(16, generator=generator)
    network[1].bias[0], network[1].bias[1] = 0, -network[1].weight[1].sum() / 2  # 1/2 everywhere lies on the border
    weight = network[1].weight[1].double()
    images = 0.5 + 0.15 * torch.randn((count, *SHAPE), generator=generator)
    margins = (images.double().flatten(1) @ weight + network[1].bias[1].double()) / weight.norm()
    return network, GivenImages(images.clamp(0, 1), (margins > 0).long()), margins.abs().numpy()


def attack_rows(task, network, images, groups=None, **options):
    """Cells of the log's rows of an attack on a network of two classes on some images."""
    noise = Noise(task.seed, task.sigma, network[1].in_features)
    options = {"workers": 1} | options
    with ClassCounter(network, shape=images.shape, classes=2, noise=noise, device=CPU, **options) as counter:
        attacker = Attacker(task, network, counter)
        parts = attacker.attack(images, groups or [range(len(images))], lambda rounds: None)
        return [row for rows in parts for row in rows]
