"""Attacks on smoothed classifiers, against a network whose robust radius is known, and against slow computations."""

import math

import numpy as np
import pytest
import torch
from attack_runs import SHAPE, attack_rows, linear_problem
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm as normal
from torch import nn

from rstheory.smoothing.attacks import APGD, PGD, Attack, apgd, pgd, search
from rstheory.smoothing.attacks.apgd import checkpoints
from rstheory.smoothing.attacks.search import Found, length_above, next_norm
from rstheory.smoothing.attacks.target import Target, mean_cross_entropy, smoothed_cross_entropy, within
from rstheory.smoothing.noise import BLOCK, Draws, Noise
from rstheory.smoothing.purposes import ATTACK

pytestmark = pytest.mark.usefixtures("one_core")
METHODS = [PGD(5), APGD(10)]


# -- the exact oracle: a linear network --


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
@pytest.mark.parametrize(("sigma", "m", "restarts"), [(0.25, 1, 1), (0.5, 8, 2)])
def test_a_linear_network_falls_at_its_radius_and_never_inside(method, sigma, m, restarts):
    """PREDICT may name the wrong class with probability alpha per image: 6 images, 6e-3 for each of the four cases.

    From r* + 0.11 sigma on the other class leads by 0.087 of 8 000 draws, 7.8 standard deviations, of which a single
    judgement at level 1e-3/19 needs 4.1 at most: it fails once in 4 000 at most. Bisection stops within eps/2^8.
    """
    network, images, exact = linear_problem()
    eps = 0.6
    task = Attack(sigma, eps, method, m=m, restarts=restarts, n=8000)
    rows = attack_rows(task, network, images)
    for row, radius in zip(rows, exact, strict=True):
        if row["predict"] == -1:
            assert radius < 0.11 * sigma
            continue
        assert row["predict"] == row["label"] != row["found"]
        assert row["norm"] <= eps
        assert radius <= row["norm"] <= radius + 0.11 * sigma + eps / 2**8
        assert row["judged"] < task.judgements
    assert sum(row["correct"] for row in rows) >= 4


def test_what_withstands_the_largest_norm_is_given_up():
    network, images, exact = linear_problem()
    rows = attack_rows(Attack(0.25, float(exact.max()) / 2, PGD(3), m=2, n=5000), network, images)
    for row, radius in zip(rows, exact, strict=True):
        if radius > exact.max() / 2:
            assert (row["norm"], row["found"], row["attacked_counts"]) == (math.inf, -1, "")
    assert any(row["norm"] == math.inf and row["judged"] == 1 for row in rows)


def test_an_attack_that_goes_the_wrong_way_is_seen(monkeypatch):
    """Broken on purpose: downhill instead of uphill."""
    network, images, _ = linear_problem()
    for module in (pgd, apgd):
        uphill = module.along
        monkeypatch.setattr(module, "along", lambda gradient, length, uphill=uphill: -uphill(gradient, length))
    for method in METHODS:
        rows = attack_rows(Attack(0.25, 0.6, method, m=4, n=2000), network, images)
        assert all(row["norm"] == math.inf for row in rows)


def test_a_judge_that_believes_everything_is_seen(monkeypatch):
    """Broken on purpose: without its test, PREDICT calls every lead a success, some of them inside r*."""
    monkeypatch.setattr(search.Prediction, "abstained", property(lambda self: False))
    inside = 0
    for seed in range(4):
        network, images, exact = linear_problem(seed)
        rows = attack_rows(Attack(1.0, 0.6, PGD(3), m=2, n=20, seed=seed), network, images)
        inside += sum(row["norm"] < radius for row, radius in zip(rows, exact, strict=True))
    assert inside >= 3


# -- against slow computations --


@given(st.integers(1, 4), st.integers(1, 5), st.integers(2, 6), st.integers(0, 99))
def test_losses_are_those_of_a_plain_loop(images, m, classes, seed):
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn((images, m, classes), generator=generator, dtype=torch.float64)
    labels = torch.randint(classes, (images,), generator=generator)
    smoothed, mean = [], []
    for i in range(images):
        shares = [math.exp(logits[i, j, labels[i]]) / sum(math.exp(v) for v in logits[i, j]) for j in range(m)]
        smoothed.append(-math.log(sum(shares) / m))
        mean.append(-sum(math.log(share) for share in shares) / m)
    assert smoothed_cross_entropy(logits, labels).tolist() == pytest.approx(smoothed, rel=1e-9, abs=1e-12)
    assert mean_cross_entropy(logits, labels).tolist() == pytest.approx(mean, rel=1e-9, abs=1e-12)


def test_looks_use_the_draws_of_the_seed_one_after_the_other():
    """Loss and gradient of each look, from noise drawn by hand: draws 0-99, 100-149 and so on, across a block's end."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.Tanh(), nn.Linear(8, 3)).requires_grad_(False)
    noise, index, label = Noise(3, 0.5, 16), 7, torch.tensor([2])
    image, drawn = torch.rand((1, *SHAPE)), 0
    blocks = torch.empty((2, BLOCK, 16), dtype=torch.float64)
    for block in range(2):
        noise.fill(blocks[block], Draws(index, ATTACK, block, BLOCK))
    numbers = blocks.view(-1, *SHAPE).float()
    for m in (100, 50, 1):
        target = Target(network, noise, [index], label, m=m, loss=smoothed_cross_entropy)
        target._drawn = [drawn]
        loss, gradient = target.look(torch.tensor([0]), image)
        leaf = image.clone().requires_grad_()
        share = network(leaf + 0.5 * numbers[drawn : drawn + m]).softmax(1)[:, 2].mean()
        (expected,) = torch.autograd.grad(-share.log(), leaf)
        assert loss.item() == pytest.approx(-share.log().item(), rel=1e-5)
        torch.testing.assert_close(gradient, expected, rtol=1e-4, atol=1e-6)
        drawn += m
        assert target._drawn == [drawn]


class Hills:
    """A target without noise: a smooth loss with several tops, alike for all images."""

    def __init__(self):
        self.looks = 0

    def look(self, places, images):
        self.looks += 1
        leaf = images.clone().requires_grad_()
        loss = (torch.sin(9 * leaf) + leaf * torch.linspace(-1, 1, 16, dtype=leaf.dtype).view(SHAPE)).flatten(1).sum(1)
        (gradient,) = torch.autograd.grad(loss.sum(), leaf)
        return loss.detach(), gradient


def slow_apgd(image, radius, start, steps):
    """Algorithm 1 of Croce and Hein (2020), one image at a time, in plain NumPy."""
    hills = Hills()

    def loss_at(x):
        loss, gradient = hills.look(None, torch.tensor(x)[None])
        return loss.item(), gradient[0].numpy()

    def project(x):
        shift = x - image
        return np.clip(image + shift * min(1, radius / max(np.linalg.norm(shift), 1e-300)), 0, 1)

    eta, x, previous = 2 * radius, start, start
    f, g = loss_at(x)
    best, f_best, g_best, f_then, halved, rises, since = x, f, g, f, True, 0, 0
    for k in range(steps):
        z = project(x + eta * g / np.linalg.norm(g))
        new = z if k == 0 else project(x + 0.75 * (z - x) + 0.25 * (x - previous))
        f_new, g = loss_at(new)
        rises += f_new > f
        previous, x, f = x, new, f_new
        if f > f_best:
            best, f_best, g_best = x, f, g
        since += 1
        if k + 1 in checkpoints(steps):
            halve = rises < 0.75 * since or (not halved and f_best == f_then)
            if halve:
                eta, x, f, g = eta / 2, best, f_best, g_best
            halved, f_then, rises, since = halve, f_best, 0, 0
    return best


@given(st.integers(0, 2**31), st.floats(0.05, 3.0), st.integers(1, 60))
@settings(max_examples=40, derandomize=True)  # where two losses are equal but for rounding, the two may part
def test_apgd_is_the_published_algorithm(seed, radius, steps):
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand((3, *SHAPE), generator=generator, dtype=torch.float64)
    size = torch.full((3, 1, 1, 1), radius, dtype=torch.float64)
    starts = within(images, images + 0.1 * torch.randn(images.shape, generator=generator, dtype=torch.float64), size)
    found = APGD(steps).perturb(Hills(), torch.arange(3), images, size, starts)
    for image, start, one in zip(images.numpy(), starts.numpy(), found.numpy(), strict=True):
        np.testing.assert_allclose(one, slow_apgd(image, radius, start, steps), rtol=0, atol=1e-6)


def test_checkpoints_are_the_published_ones():
    """Croce and Hein, section 3.1, for 100 steps; with fewer steps some fall together."""
    assert checkpoints(100) == (22, 41, 57, 70, 80, 87, 93, 99)
    assert all(0 < mark <= steps for steps in range(1, 50) for mark in checkpoints(steps))


def test_pgd_takes_steps_of_the_published_length():
    hills, image = Hills(), torch.full((1, *SHAPE), 0.5)
    size = torch.full((1, 1, 1, 1), 0.2)
    (one,) = PGD(1).perturb(hills, torch.tensor([0]), image, size, image)
    _, gradient = hills.look(None, image)
    expected = image + 0.2 * gradient / gradient.norm()  # a step of 2 radius, brought back
    torch.testing.assert_close(one, expected[0], rtol=0, atol=1e-6)
    hills = Hills()
    PGD(7).perturb(hills, torch.tensor([0]), image, size, image)
    assert hills.looks == 7


# -- laws --


@given(st.integers(0, 2**31), st.floats(1e-3, 20.0), st.sampled_from(METHODS))
@settings(max_examples=40)
def test_perturbed_images_stay_in_the_ball_and_in_the_box(seed, radius, method):
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand((2, *SHAPE), generator=generator)
    size = torch.full((2, 1, 1, 1), radius)
    moved = method.perturb(Hills(), torch.arange(2), images, size, images)
    assert bool(((moved >= 0) & (moved <= 1)).all())
    assert max(length_above(images, moved)) <= radius * (1 + 1e-5) + 16 * 2.0**-24  # float32


@given(
    st.lists(st.floats(0, 1, width=32), min_size=16, max_size=16),
    st.lists(st.floats(0, 1, width=32), min_size=16, max_size=16),
)
def test_lengths_are_never_below_the_exact_ones(a, b):
    from fractions import Fraction

    square = sum((Fraction(x) - Fraction(y)) ** 2 for x, y in zip(a, b, strict=True))
    (length,) = length_above(torch.tensor(a).view(1, *SHAPE), torch.tensor(b).view(1, *SHAPE))
    assert Fraction(length) ** 2 >= square
    assert Fraction(length) ** 2 <= square * (1 + Fraction(1, 10**12))


@given(st.floats(0, 0.9), st.floats(0.05, 1.0) | st.just(math.inf), st.lists(st.tuples(st.floats(0, 1), st.booleans())))
def test_the_next_norm_lies_between_what_failed_and_what_succeeded(low, norm, abstained):
    if norm <= low:
        low = 0.0
    chosen = next_norm(Found(low=low, norm=norm, abstained=abstained), 1.0)
    if chosen is None:
        assert norm == math.inf
        assert low > 0
    elif norm < math.inf:
        assert low < chosen < norm or chosen == pytest.approx(norm)
    else:
        assert low < chosen <= 1.0


def test_the_level_is_shared_among_the_judgements():
    """A success of a round needs the count that a level of alpha/19 asks for, and no less."""
    task = Attack(0.5, 1.0, restarts=2, halvings=8, n=1000)
    assert task.judgements == 19
    assert task.judgement_level == 0.001 / 19
    needed = next(k for k in range(500, 1001) if 2 * normal.sf((2 * k - 1000) / 1000**0.5) < 0.001 / 19)
    for k, abstains in ((needed - 3, True), (needed + 3, False)):
        assert search.Prediction((1000 - k, k), task.judgement_level).abstained is abstains


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sigma": 0.0}, "sigma=0.0"),
        ({"eps": -1.0}, "eps=-1.0"),
        ({"m": 0}, "m=0 is not allowed"),
        ({"restarts": 0}, "restarts=0"),
        ({"halvings": -1}, "halvings=-1"),
        ({"alpha": 1.0}, "alpha=1.0"),
        ({"seed": -1}, "seed=-1"),
        ({"n": 10}, "n=10 is not allowed: PREDICT would always abstain .* take at least 15"),
    ],
)
def test_settings_are_checked(change, message):
    with pytest.raises(ValueError, match=message):
        Attack(**{"sigma": 0.5, "eps": 1.0} | change)


def test_a_budget_that_the_noise_does_not_bear_is_refused():
    with pytest.raises(ValueError, match="take fewer"):
        Attack(0.5, 1.0, n=10**7).level(1e-9)


def test_a_network_that_is_not_finite_is_named():
    network, images, _ = linear_problem()
    target = Target(network, Noise(0, 0.5, 16), [3], images.labels[:1], m=2, loss=smoothed_cross_entropy)
    network[1].bias[0] = math.nan
    with pytest.raises(ValueError, match="not finite on image 3"):
        target.look(torch.tensor([0]), images.images[:1])
