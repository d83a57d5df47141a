"""The published methods: each loss is its formula, computed slowly in float64."""

import copy
import math
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from scipy.stats import norm
from training_runs import quick

from rstheory.smoothing.models import build, save_checkpoint
from rstheory.smoothing.training import (
    CatRs,
    Consistency,
    CrossEntropy,
    Epoch,
    Macer,
    SmoothAdv,
    SmoothMix,
    Step,
    compose,
)

METHODS = ["smoothadv", "macer", "consistency", "smoothmix", "catrs"]
seeds = st.integers(0, 2**32)


def step_of(seed, m=4, n=6, epoch=99, sigma=0.5):
    """A step on n random images of 3 x 3 with four classes, of which the network is right on most."""
    torch.manual_seed(seed)
    model = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(9, 12), torch.nn.Tanh(), torch.nn.Linear(12, 4)
    ).requires_grad_(True)
    with torch.no_grad():
        model[3].weight *= 4  # so that predictions differ
    images, noise = torch.rand(n, 1, 3, 3), sigma * torch.randn(m, n, 1, 3, 3)
    labels = model((images + noise).flatten(0, 1)).view(m, n, 4).softmax(2).mean(0).argmax(1)
    labels[0] = (labels[0] + 1) % 4
    generator = torch.Generator().manual_seed(seed)
    exact = partial(torch.autocast, "cpu", enabled=False)
    return Step(epoch, sigma, model, images, labels, torch.arange(n), noise, generator, exact)


class Slow:
    """The network of a step in float64, one image at a time."""

    def __init__(self, step):
        self.step = step
        self.model = copy.deepcopy(step.model).double()
        self.images, self.noise = step.images.double(), step.noise.double()
        self.labels = step.labels.tolist()

    def probabilities(self, image, noise):
        """Softmax of one noisy image, as numbers."""
        with torch.no_grad():
            return softmax(self.model((image + noise)[None])[0].numpy())

    def logits(self, i):
        with torch.no_grad():
            return np.array([self.model((self.images[i] + noise[i])[None])[0].numpy() for noise in self.noise])

    def uphill(self, i, point, steps, length, after):
        """Points on the way from a point along the gradient of -log of the mean softmax; `after` follows each step."""
        path = [point]
        for _ in range(steps):
            here = path[-1].clone().requires_grad_()
            scores = [torch.softmax(self.model((here + noise[i])[None])[0], 0) for noise in self.noise]
            loss = -torch.log(sum(scores)[self.labels[i]] / len(scores))
            (gradient,) = torch.autograd.grad(loss, here)
            path.append(after(here.detach() + length * gradient / gradient.norm()))
        return path


def value(objective, step, state=None):
    return float(objective.loss(step, state or {}).loss.detach())


def kl(p, q):
    return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)


# -- losses by their formulas ---------------------------------------------------------------------------------------


@given(seed=seeds, epsilon=st.floats(0.05, 2), steps=st.integers(1, 5), epoch=st.integers(0, 5))
@settings(max_examples=25, deadline=None)
def test_smoothadv_by_its_formula(seed, epsilon, steps, epoch):
    """Steps of 2 epsilon / T along the normalised gradient, clipped to [0, 1] and to the ball; epsilon grows over the
    first four epochs. Every noise vector gets the same shift. Tolerance: float32, and up to five steps."""
    step = step_of(seed, m=3, n=4, epoch=epoch)
    slow, radius = Slow(step), epsilon * min(1, (epoch + 1) / 4)
    found = SmoothAdv(epsilon, steps, warmup=4).noise(step, {}) - step.noise
    for i, image in enumerate(slow.images):

        def clipped(point, image=image):
            shift = point.clamp(0, 1) - image
            return image + shift * min(1.0, radius / float(shift.norm()))

        expected = slow.uphill(i, image, steps, 2 * radius / steps, clipped)[-1] - image
        for shift in found[:, i]:
            torch.testing.assert_close(shift.double(), expected, rtol=1e-3, atol=2e-4)
            assert float((step.images[i] + shift).min()) >= -1e-6
            assert float((step.images[i] + shift).max()) <= 1 + 1e-6
            assert float(shift.norm()) <= radius * (1 + 1e-5)


@given(seed=seeds, lam=st.floats(0.1, 20), gamma=st.floats(0.5, 8), beta=st.floats(0.1, 16), deferred=st.booleans())
@settings(max_examples=60, deadline=None)
def test_macer_by_its_formula(seed, lam, gamma, beta, deferred):
    step = step_of(seed)
    slow, losses = Slow(step), []
    for i, label in enumerate(slow.labels):
        logits = slow.logits(i)
        mean = softmax(logits, 1).mean(0)
        loss = -math.log(mean[label] + 1e-10)
        sharp = softmax(beta * logits, 1).mean(0)
        second, first = np.sort(sharp)[-2:]
        gap = norm.isf(sharp[sharp < first].sum()) - norm.ppf(second)
        if not deferred and sharp.argmax() == label and gap <= gamma:
            loss += lam * step.sigma / 2 * (gamma - gap)
        losses.append(loss)
    part = Macer(lam, gamma, beta, start=step.epoch + deferred)
    assert value(part, step) == pytest.approx(np.mean(losses), rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 10.0, 1e3, 1e6])
@pytest.mark.parametrize("objective", [Macer(12.0), Consistency(20.0), SmoothMix(0.5, 1), CatRs(2.0, 0)])
def test_gradients_stay_finite_however_sure_the_network_is(objective, scale):
    step = step_of(3)
    with torch.no_grad():
        step.model[3].weight *= scale
    state = {"targets": torch.eye(4)[step.labels]} if isinstance(objective, CatRs) else {}
    loss, logits = objective.loss(step, state)
    assert logits.shape == (4, 6, 4)
    for gradient in torch.autograd.grad(loss, list(step.model.parameters())):
        assert torch.isfinite(gradient).all()


@given(seed=seeds, lam=st.floats(0.1, 20), eta=st.floats(0, 1), m=st.integers(2, 5))
@settings(max_examples=60, deadline=None)
def test_consistency_by_its_formula(seed, lam, eta, m):
    step = step_of(seed, m=m)
    slow, losses = Slow(step), []
    for i, label in enumerate(slow.labels):
        scores = softmax(slow.logits(i), 1)
        mean = scores.mean(0)
        plain = np.mean([-math.log(one[label]) for one in scores])
        spread = np.mean([kl(mean, one) for one in scores])
        losses.append(plain + lam * spread - eta * sum(p * math.log(p) for p in mean))
    assert value(Consistency(lam, eta), step) == pytest.approx(np.mean(losses), rel=1e-4)


@given(
    seed=seeds,
    length=st.floats(0.05, 1),
    mix_step=st.integers(0, 2),
    eta=st.floats(0.1, 5),
    epoch=st.integers(0, 5),
)
@settings(max_examples=25, deadline=None)
def test_smoothmix_by_its_formula(seed, length, mix_step, eta, epoch):
    """eta, and the reach of the clean side, grow over the first four epochs. Tolerance: float32 over three steps."""
    step = step_of(seed, m=3, n=4, epoch=epoch)
    slow, warm = Slow(step), min(1, (epoch + 1) / 4)
    shares = torch.rand(4, generator=torch.Generator().manual_seed(seed)).double() / 2
    plain, extra = [], []
    for i, (image, label) in enumerate(zip(slow.images, slow.labels, strict=True)):
        path = slow.uphill(i, image, 3, length, lambda point: point.clamp(0, 1))
        shift, reach = path[mix_step] - image, warm * length * mix_step
        clean = image + shift * min(1.0, reach / max(float(shift.norm()), 1e-30))
        scores = [slow.probabilities(clean, noise[i]) for noise in slow.noise]
        plain += [-math.log(one[label]) for one in scores]
        mean, share = np.mean(scores, 0), float(shares[i])
        target, mixed = (1 - share) * mean + share / 4, (1 - share) * clean + share * path[-1]
        right = float(mean.argmax() == label)
        extra += [right * kl(target, slow.probabilities(mixed, noise[i])) for noise in slow.noise]
    expected = np.mean(plain) + eta * warm * np.mean(extra)
    assert value(SmoothMix(length, mix_step, steps=3, eta=eta, warmup=4), step) == pytest.approx(expected, rel=2e-3)


@given(seed=seeds, eta=st.floats(0.5, 5))
@settings(max_examples=15, deadline=None)
def test_smoothmix_differentiates_its_targets_by_the_formula(seed, eta):
    """The gradient of the loss with the images of the attack held fixed, by autograd in float64. Adversarial images are
    far enough from the others here that the gradient through the targets is no small part."""
    step = step_of(seed, m=2, n=3)
    part = SmoothMix(1.0, 0, eta=eta, warmup=1)
    weights = list(step.model.parameters())
    found = torch.autograd.grad(part.loss(step, {}).loss, weights)
    slow = Slow(step)
    share = (torch.rand(3, generator=torch.Generator().manual_seed(seed)).double() / 2)[:, None]
    adversarial = torch.stack(
        [slow.uphill(i, slow.images[i], 4, 1.0, lambda point: point.clamp(0, 1))[-1] for i in range(3)]
    )
    lam = share[:, :, None, None]
    plain = torch.stack([slow.model(slow.images + noise) for noise in slow.noise]).log_softmax(2)
    mixed = (1 - lam) * slow.images + lam * adversarial
    mixed = torch.stack([slow.model(mixed + noise) for noise in slow.noise]).log_softmax(2)
    mean = plain.exp().mean(0)
    target = (1 - share) * mean + share / 4
    distance = (target * (target.log() - mixed)).sum(2)
    loss = -plain[:, torch.arange(3), step.labels].mean() + eta * (distance * (mean.argmax(1) == step.labels)).mean()
    for one, other in zip(found, torch.autograd.grad(loss, list(slow.model.parameters())), strict=True):
        torch.testing.assert_close(one.double(), other, rtol=1e-2, atol=1e-3)


@given(seed=seeds, lam=st.floats(0.1, 4), epsilon=st.floats(0.05, 1), steps=st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_catrs_by_its_formula(seed, lam, epsilon, steps):
    """The K smallest cross entropies, and the worst attacked KL where K = m. Tolerance: float32 over three steps."""
    step = step_of(seed, m=3, n=5)
    slow, m = Slow(step), 3
    targets = torch.softmax(3 * torch.randn(5, 4), 1)
    right = torch.tensor(
        [[int(one.argmax()) == label for one in slow.logits(i)] for i, label in enumerate(slow.labels)]
    )
    chances = right.float().mean(1)
    kept = torch.binomial(torch.full((5,), 3.0), chances, generator=torch.Generator().manual_seed(seed)).clamp(min=1)
    losses = []
    for i, label in enumerate(slow.labels):
        entropies = sorted(-math.log(softmax(one)[label]) for one in slow.logits(i))
        loss = sum(entropies[: int(kept[i])]) / m
        if kept[i] == m:
            loss += lam * max(
                kl(targets[i].tolist(), attacked(slow, i, k, targets[i], epsilon, steps)) for k in range(m)
            )
        losses.append(loss)
    found = value(CatRs(lam, 0, epsilon, steps), step, {"targets": targets})
    assert found == pytest.approx(np.mean(losses), rel=2e-3)


def attacked(slow, i, k, target, epsilon, steps):
    """The prediction under noise vector k of image i after CAT-RS's attack."""
    start = slow.noise[k, i]
    noise = start
    for _ in range(steps):
        noise = noise.clone().requires_grad_()
        scores = torch.log_softmax(slow.model((slow.images[i] + noise)[None])[0], 0)
        (gradient,) = torch.autograd.grad(-(target.double() * scores).sum(), noise)
        moved = noise.detach() + 2 * epsilon / steps * gradient / gradient.norm() - start
        noise = start + moved * min(1.0, epsilon / float(moved.norm()))
        size = noise.square().mean().sqrt()
        noise = start.mean() + (noise - noise.mean()) / size * start.square().mean().sqrt()
    return slow.probabilities(slow.images[i], noise)


def test_catrs_is_gaussian_training_until_it_has_targets():
    step = step_of(5)
    assert value(CatRs(1.0, start=3), step) == value(CrossEntropy(), step)


def test_catrs_takes_its_targets_once_from_the_network_or_from_its_teacher(tmp_path):
    counts = {"own": torch.tensor([[10, 0], [4, 6]]), "other": torch.tensor([[0, 10], [5, 5]])}
    asked = []

    def votes(model, draws):
        asked.append(draws)
        return counts["own" if model is own else "other"]

    own = build("mlp", 2, (1, 2, 2))
    part = CatRs(1.0, start=2, draws=10)
    epochs = [Epoch(number, 0.5, own, torch.tensor([0, 1]), votes) for number in range(5)]
    assert part.remember(epochs[1], {}) == {}
    state = part.remember(epochs[2], {})
    torch.testing.assert_close(state["targets"], torch.tensor([[1, 0], [0.4, 0.6]]))
    assert part.remember(epochs[3], state) is state
    save_checkpoint(tmp_path / "t.safetensors", own, arch="mlp", classes=2, shape=(1, 2, 2))
    taught = CatRs(1.0, start=0, draws=10, teacher=str(tmp_path / "t.safetensors"))
    torch.testing.assert_close(taught.remember(epochs[0], {})["targets"], torch.tensor([[0, 1], [0.5, 0.5]]))
    assert asked == [10, 10]


@pytest.mark.parametrize("name", METHODS)
def test_methods_leave_the_network_as_it_was(name):
    """Its mode and its weights. Statistics of batch norm change by forward passes in training mode only."""
    torch.manual_seed(0)
    plain = step_of(1)
    model = build("cnn", 10, (1, 8, 8)).train()
    images, noise = torch.rand(6, 1, 8, 8), 0.5 * torch.randn(2, 6, 1, 8, 8)
    step = Step(9, 0.5, model, images, plain.labels, plain.indices, noise, plain.generator, plain.autocast)
    before = {key: weight.clone() for key, weight in model.named_parameters()}
    method = compose(name, quick())
    for perturbation in method.perturbations:
        statistics = {key: tensor.clone() for key, tensor in model.state_dict().items()}
        assert not perturbation.noise(step, {}).requires_grad
        assert all(torch.equal(tensor, statistics[key]) for key, tensor in model.state_dict().items())
    method.objective.loss(step, {"targets": torch.eye(10)[step.labels]} if name == "catrs" else {})
    assert all(module.training for module in model.modules())
    assert all(torch.equal(weight, before[key]) for key, weight in model.named_parameters())
    assert all(weight.grad is None for weight in model.parameters())
