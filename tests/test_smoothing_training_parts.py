"""The parts of training methods: E1, E2 and E3 do what the theory says."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare, norm

from rstheory import clopper_pearson_lower
from rstheory.smoothing.models import build
from rstheory.smoothing.training import Attack, Discard, Epoch, Middle, Reweigh, Step
from rstheory.smoothing.training.samplers import draw


def epoch(number, counts, labels=(0, 0, 0, 0, 0)):
    """An epoch in which each image's label gets so many votes, and the other class none."""
    labels = torch.tensor(labels[: len(counts)])
    votes = torch.zeros(len(counts), 3, dtype=torch.int64).scatter(1, labels[:, None], counts[:, None])
    return Epoch(number, 0.5, None, labels, lambda model, draws: votes)


def attacked(part, model, images, labels, noise, number=0):
    """What a perturbation makes of noise."""
    exact = partial(torch.autocast, "cpu", enabled=False)
    indices = torch.arange(len(images))
    return part.noise(Step(number, 0.5, model, images, labels, indices, noise, torch.Generator(), exact), {})


# -- E1, E2: which samples are drawn --------------------------------------------------------------------------------


def test_discarding_keeps_what_reaches_the_threshold():
    """An image at the threshold itself stays: p < p_t is what goes."""
    counts = torch.tensor([0, 39, 40, 41, 100])
    part = Discard(start=3, threshold=0.4)
    asked = []
    plain = epoch(3, counts)
    counting = replace(plain, votes_of=lambda model, draws: asked.append(draws) or plain.votes(draws))
    assert part.weights(counting).tolist() == [0, 0, 1, 1, 1]
    assert asked == [100]
    assert part.weights(epoch(2, counts)) is None
    assert part.weights(epoch(4, counts)) is None
    with pytest.raises(ValueError, match="would leave no image at epoch 3"):
        part.weights(epoch(3, counts * 0))
    labels = (2, 0, 0, 0, 0)  # of class 2 there is the hardest image alone, of class 1 none to begin with
    with pytest.warns(UserWarning, match="at epoch 3 leaves no image of the classes 2:"):
        part.weights(epoch(3, counts, labels))


def test_weights_are_the_papers():
    """E2 by its formula: Phi^-1(L(max(k, 12); 16, 0.1)), over its value at 12."""
    part = Reweigh(start=0, every=10)
    counts = np.arange(17)
    expected = norm.ppf(clopper_pearson_lower(np.maximum(counts, 12), 16, 0.1))
    weights = part.of_counts(torch.from_numpy(counts)).numpy()
    np.testing.assert_allclose(weights, expected / expected[12], rtol=1e-12)
    assert weights[0] == weights[12] == 1
    assert np.all(np.diff(weights[12:]) > 0)


def test_reweighing_happens_when_it_should():
    part = Reweigh(start=7, every=3)
    asked = [number for number in range(20) if part.weights(epoch(number, torch.zeros(4).long())) is not None]
    assert asked == [7, 10, 13, 16, 19]


def test_a_sampler_remembers_its_weights_until_it_gives_others():
    part = Reweigh(start=1, every=2)
    state = {}
    kept = []
    for number in range(5):
        state = part.remember(epoch(number, torch.tensor([12, 16 - number])), state)
        kept.append(state.get("weights"))
    assert kept[0] is None
    assert kept[1] is kept[2]
    assert kept[3] is kept[4]
    assert not torch.equal(kept[2], kept[3])


def test_drawing_follows_the_weights():
    """Chi-square at 1e-6, seed fixed; weights 0 are never drawn; without weights it is a permutation."""
    weights = [torch.tensor([1.0, 1.0, 0.0, 1.0]).double(), torch.tensor([1.0, 2.0, 3.0, 5.0]).double()]
    counts = sum(
        np.bincount(draw(weights, 4, torch.Generator().manual_seed(seed)).numpy(), minlength=4) for seed in range(3000)
    )
    assert counts[2] == 0
    assert chisquare(counts[[0, 1, 3]], np.array([1, 2, 5]) / 8 * 12_000).pvalue > 1e-6
    order = draw([], 1000, torch.Generator().manual_seed(0)).numpy()
    assert sorted(order) == list(range(1000))
    assert not np.array_equal(order, np.arange(1000))


@given(st.lists(st.sampled_from([0.0, 1.0, 1e-9, 9.5]), min_size=1, max_size=6).filter(any), st.integers(0, 2**60))
def test_an_image_of_weight_zero_is_never_drawn(weights, seed):
    order = draw([torch.tensor(weights, dtype=torch.float64)], len(weights), torch.Generator().manual_seed(seed))
    assert len(order) == len(weights)
    assert all(weights[i] > 0 for i in order)


# -- E3: the attack -------------------------------------------------------------------------------------------------


@given(seed=st.integers(0, 2**32), steps=st.integers(1, 8), step=st.floats(0.01, 3))
@settings(max_examples=30, deadline=None)
def test_the_attack_stays_on_the_sphere_and_helps(seed, steps, step):
    """E4: norms are kept. Vectors on which the network errs from the start are kept whole. What was moved is at most as
    often classified right as before, on this linear network, where every step goes uphill."""
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 3))
    images, labels = torch.rand(12, 1, 4, 4, generator=generator), torch.randint(0, 3, (12,), generator=generator)
    noise = 0.5 * torch.randn(2, 12, 1, 4, 4, generator=generator)
    moved = attacked(Attack(0, steps, step), model, images, labels, noise)
    torch.testing.assert_close(moved.flatten(2).norm(dim=2), noise.flatten(2).norm(dim=2), rtol=1e-5, atol=1e-6)
    right = [(model((images + delta).flatten(0, 1)).argmax(1) == labels.repeat(2)) for delta in (noise, moved)]
    wrong = ~right[0].view(2, 12)
    assert torch.equal(moved[wrong], noise[wrong])
    assert right[1].sum() <= right[0].sum()


def test_the_attack_goes_along_the_gradient():
    """On a linear network the first step is known in closed form."""
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2, bias=False))
    weight = torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]])
    model[1].weight.data = weight
    images = torch.tensor([[[[0.9, 0.1], [0.5, 0.5]]]])
    noise = torch.tensor([[[[[0.0, 0.0], [0.3, 0.4]]]]])  # norm 0.5; label 0 is right
    moved = attacked(Attack(0, 1, 0.25), model, images, torch.tensor([0]), noise).flatten()
    direction = torch.tensor([-1.0, 1.0, 0.0, 0.0]) / 2**0.5
    expected = noise.flatten() + 0.25 * direction
    torch.testing.assert_close(moved, 0.5 * expected / expected.norm())


def test_the_attack_leaves_the_network_as_it_was():
    torch.manual_seed(0)
    model = build("cnn", 10, (1, 8, 8)).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    images, noise = torch.rand(8, 1, 8, 8), 0.5 * torch.randn(2, 8, 1, 8, 8)
    labels = model.eval()(images).argmax(1)
    model.train()
    moved = attacked(Attack(0, 3, 0.5), model, images, labels, noise)
    assert not torch.equal(moved, noise)
    assert all(module.training for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not moved.requires_grad
    assert attacked(Attack(5, 3, 0.5), model, images, labels, noise, number=4) is noise


# -- E3 in closed form ----------------------------------------------------------------------------------------------


def turned(delta, uphill, step, times):
    """A vector moved so many times by a step along a unit vector, and back to its norm."""
    norm = delta.norm()
    for _ in range(times):
        delta = delta + step * uphill
        delta = delta * norm / delta.norm()
    return delta


def linear(weight):
    """A network with these logits, and the unit vector along which the loss of class 0 grows; of class 1, its
    negative."""
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(weight.shape[1], 2, bias=False))
    model[1].weight.data = weight
    return model, (weight[1] - weight[0]) / (weight[1] - weight[0]).norm()


def test_the_attack_moves_each_vector_until_the_network_errs_on_it():
    """The image's class leads by 0.8, so the network errs once a vector reaches 0.8 / sqrt 2 = 0.566 uphill."""
    model, uphill = linear(torch.eye(2, 4))
    images = torch.tensor([[0.9, 0.1, 0.5, 0.5], [0.1, 0.9, 0.5, 0.5]])  # of class 0, of class 1
    uphill = torch.stack([uphill, -uphill])
    aside = torch.tensor([0.0, 0.0, 1.0, 0.0])
    vectors = {
        2: aside.expand(2, -1),  # at 0.447 after one step, at 0.727 after two: it stops, and stays
        5: 0.5 * aside.expand(2, -1),  # too short to get there, whatever it does
        0: 0.8 * uphill,  # there from the start
        1: 0.5 * uphill + 0.4 * aside,  # past it by the first step
    }
    noise = torch.stack(list(vectors.values()))
    part = Attack(start=0, steps=5, step=0.5)
    found = attacked(part, model, images.view(2, 1, 2, 2), torch.tensor([0, 1]), noise.view(4, 2, 1, 2, 2))
    rows = zip(vectors.items(), found.flatten(2), strict=True)
    for (times, starts), ends in rows:
        expected = [turned(start, up, 0.5, times) for start, up in zip(starts, uphill, strict=True)]
        torch.testing.assert_close(ends, torch.stack(expected), msg=f"the vector that takes {times} steps")
    torch.testing.assert_close(found.flatten(2).norm(dim=2), noise.norm(dim=2))
    # A run of fewer steps is the beginning of a longer one.
    short = Attack(start=0, steps=3, step=0.5)
    found = attacked(short, model, images.view(2, 1, 2, 2), torch.tensor([0, 1]), noise.view(4, 2, 1, 2, 2))
    torch.testing.assert_close(found[1, 0].flatten(), turned(noise[1, 0], uphill[0], 0.5, 3))


@given(gap=st.floats(0.1, 80), step=st.sampled_from([0.001, 0.01, 0.1]), dimension=st.sampled_from([3, 48]))
@example(gap=45.0, step=0.01, dimension=48)  # squares of the gradient's entries leave float32
@example(gap=80.0, step=0.01, dimension=48)
@settings(max_examples=60, deadline=None)
def test_a_step_is_as_long_as_asked_for_whatever_the_lead(gap, step, dimension):
    """A class leads by `gap`, so that the gradient is about exp(-gap): its direction is known, its length no matter."""
    weight = torch.zeros(2, dimension + 1)
    weight[:, 0] = torch.tensor([gap / 2, -gap / 2])
    model, uphill = linear(weight)
    image = torch.zeros(dimension + 1)
    image[0] = 1
    noise = torch.full((dimension + 1,), 0.3)
    noise[0] = 0
    shape = (1, 1, dimension + 1)
    found = attacked(Attack(0, 1, step), model, image.view(1, *shape), torch.tensor([0]), noise.view(1, 1, *shape))
    torch.testing.assert_close(found.flatten(), turned(noise, uphill, step, 1), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("gap", [84.0, 90.0, 100.0, 110.0, 1e4])
def test_a_step_is_never_longer_than_asked_for(gap):
    """Where the gradient's own entries leave float32 the direction is rounded, or lost, and the vector may stay."""
    weight = torch.zeros(2, 4)
    weight[:, 0] = torch.tensor([gap / 2, -gap / 2])
    model, _ = linear(weight)
    noise = torch.tensor([0.0, 1.0, 1.0, 1.0])
    image = torch.tensor([1.0, 0, 0, 0]).view(1, 1, 2, 2)
    found = attacked(Attack(0, 1, 0.01), model, image, torch.tensor([0]), noise.view(1, 1, 1, 2, 2)).flatten()
    assert torch.isfinite(found).all()
    assert (found - noise).norm() <= 0.0101


@given(seed=st.integers(0, 2**32), steps=st.integers(1, 8), step=st.floats(0.01, 3))
@settings(max_examples=40, deadline=None)
def test_the_attack_on_a_linear_network_is_known_vector_by_vector(seed, steps, step):
    """Vectors that come within 1e-4 of the decision boundary are left out: there, rounding decides. So are those on
    which a class leads by more than 5: softmax in float32 is exact to 6e-8, and the gradient's direction to e^5 times
    that."""
    generator = torch.Generator().manual_seed(seed)
    weight = 0.4 * torch.randn(2, 9, generator=generator)
    model, uphill = linear(weight)
    images, noise = torch.rand(6, 9, generator=generator), 0.7 * torch.randn(3, 6, 9, generator=generator)
    labels = model(images).argmax(1)
    labels[0] = 1 - labels[0]  # on this one the network errs without noise already
    found = attacked(Attack(0, steps, step), model, images.view(6, 1, 3, 3), labels, noise.view(3, 6, 1, 3, 3))
    for copy in range(3):
        for i, label in enumerate(labels.tolist()):
            sign, delta, close = 1 - 2 * label, noise[copy, i].double(), False
            for _ in range(steps):
                scores = weight.double() @ (images[i] + delta)
                margin = float(sign * (scores[0] - scores[1]))
                close |= not 1e-4 < abs(margin) < 5
                if margin < 0:
                    break
                delta = turned(delta, sign * uphill.double(), step, 1)
            if not close:
                torch.testing.assert_close(found[copy, i].flatten().double(), delta, rtol=1e-4, atol=1e-5)


def test_middle_draws_what_is_undecided():
    """By definition, symmetric, largest at the middle, never zero; at its epochs only."""
    part = Middle(start=2, every=3, draws=10)
    counts = torch.arange(11)
    weights = part.of_counts(counts)
    p = (counts + 0.5) / 11
    assert torch.allclose(weights, (4 * p * (1 - p)).double())
    assert torch.allclose(weights, weights.flip(0))
    assert weights.argmax() == 5
    assert weights.min() > 0
    assert [number for number in range(9) if part.passes(1, number).measured] == [2, 5, 8]
    for wrong in ({"start": -1}, {"every": 0}, {"draws": 0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Middle(**{"start": 0, "every": 1, **wrong})
