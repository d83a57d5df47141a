"""Pieces of the search for the fast recipe: orthogonal steps, the optimiser and its groups, schedule and flips."""

import copy
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from muon import FastOptimizer, alternately_flipped, orthogonalised, parameter_groups, share  # noqa: E402
from torch import nn  # noqa: E402

from rstheory.smoothing.models import build  # noqa: E402

matrices = st.builds(
    lambda rows, columns, seed: torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed)),
    st.integers(1, 24),
    st.integers(1, 24),
    st.integers(0, 2**32),
)


def slow(matrix, rounds):
    """The iteration's polynomial on each singular value, in float64."""
    u, s, v = torch.linalg.svd(matrix.double(), full_matrices=False)
    s = s / matrix.double().norm()
    for _ in range(rounds):
        s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
    return u @ torch.diag(s) @ v


def errors_allowed(matrix, rounds):
    """How far rounding may move a singular vector's share of the result. In each round the products are rounded to
    2^-9, and their factors add up to 10.3: 0.02. What is wrong before a round grows as the polynomial stretches it."""
    s = torch.linalg.svdvals(matrix.double()) / matrix.double().norm()
    error = 0.02
    for _ in range(rounds):
        slope = (3.4445 - 3 * 4.7750 * s**2 + 5 * 2.0315 * s**4).abs()
        chord = (3.4445 - 4.7750 * s**2 + 2.0315 * s**4).abs()
        error = error * float(torch.maximum(slope, chord).max()) + 0.02
        s = s * (3.4445 - 4.7750 * s**2 + 2.0315 * s**4)
    return error


@given(matrices, st.integers(1, 5))
def test_orthogonal_steps_apply_the_polynomial_to_singular_values(matrix, rounds):
    difference = orthogonalised(matrix, rounds) - slow(matrix, rounds)
    assert difference.norm() < errors_allowed(matrix, rounds) * min(matrix.shape) ** 0.5


@given(matrices)
def test_orthogonal_steps_know_no_scale_and_no_side(matrix):
    step = orthogonalised(matrix)
    assert torch.equal(orthogonalised(matrix.T), step.T) or matrix.shape[0] == matrix.shape[1]
    assert torch.equal(orthogonalised(matrix * 4), step)  # a power of two rounds to the same digits


@pytest.mark.parametrize("shape", [(32, 288), (288, 32), (256, 2304)])
def test_gradients_become_nearly_orthogonal(shape):
    """Singular values of a random matrix, and of one with a direction ten times as long."""
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(shape, generator=generator)
    values = torch.linalg.svdvals(orthogonalised(matrix, 5).double())
    assert (values > 0.6).all()
    assert (values < 1.3).all()


def test_zero_gradients_stay_zero():
    assert not orthogonalised(torch.zeros(3, 4)).any()


@pytest.mark.parametrize(
    ("matrix", "rounds", "message"), [(torch.ones(3), 3, "shape"), (torch.ones(3, 3), 0, "rounds=0")]
)
def test_other_shapes_are_refused(matrix, rounds, message):
    with pytest.raises(ValueError, match=message):
        orthogonalised(matrix, rounds)


def group(weights, **changes):
    return {"params": weights, "orthogonal": False, "peak": 0.1, "momentum": 0.9, "weight_decay": 0.01} | changes


def gradients(weights, seed):
    for place, tensor in enumerate(weights):
        tensor.grad = torch.randn(tensor.shape, generator=torch.Generator().manual_seed(1000 * seed + place))


@given(st.floats(0.0, 0.99), st.floats(0.0, 0.1), st.floats(1e-3, 1.0))
def test_other_groups_move_as_torch_moves_them(momentum, decay, rate):
    """Bit for bit with torch.optim.SGD, Nesterov momentum, over steps at changing rates."""
    ours, theirs = ([nn.Parameter(torch.ones(4, 3)), nn.Parameter(torch.ones(2))] for _ in range(2))
    options = {"momentum": momentum, "weight_decay": decay}
    optimizer = FastOptimizer([group(ours, peak=rate, **options)])
    reference = torch.optim.SGD(theirs, lr=rate, nesterov=momentum > 0, **options)
    for step in range(4):
        for weights in (ours, theirs):
            gradients(weights, step)
        fraction = 1 / (step + 1)
        optimizer.param_groups[0]["lr"] = fraction
        reference.param_groups[0]["lr"] = fraction * rate
        optimizer.step()
        reference.step()
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-7)


def test_filters_move_by_orthogonal_steps_and_keep_their_norm():
    start = torch.randn(8, 4, 3, 3, generator=torch.Generator().manual_seed(0))
    weights = nn.Parameter(start.clone())
    optimizer = FastOptimizer([group([weights], orthogonal=True, peak=0.5, momentum=0.6, weight_decay=0.0)])
    gradients([weights], 1)
    first = weights.grad
    optimizer.step()
    expected = start * (8**0.5 / start.norm()) - 0.5 * orthogonalised((first * 1.6).flatten(1)).view_as(start)
    torch.testing.assert_close(weights.detach(), expected)
    before = weights.detach().clone()
    gradients([weights], 2)
    momentum = 0.6 * first + weights.grad
    step = orthogonalised((weights.grad + 0.6 * momentum).flatten(1)).view_as(start)
    optimizer.param_groups[0]["lr"] = 0.5
    optimizer.step()
    torch.testing.assert_close(weights.detach(), before * (8**0.5 / before.norm()) - 0.25 * step)


def test_a_run_goes_on_from_its_state():
    """Bit for bit, through the state dict of model and optimiser."""
    torch.manual_seed(0)
    straight = build("fast8-8", 10, (3, 16, 16))
    mover = FastOptimizer(parameter_groups(straight))

    def step(model, optimizer, number):
        gradients([weights for weights in model.parameters() if weights.requires_grad], number)
        for one in optimizer.param_groups:
            one["lr"] = share(number / 6)
        optimizer.step()

    for number in range(3):
        step(straight, mover, number)
    resumed = build("fast8-8", 10, (3, 16, 16))
    resumed.load_state_dict(straight.state_dict())
    again = FastOptimizer(parameter_groups(resumed))
    again.load_state_dict(copy.deepcopy(mover.state_dict()))
    for number in range(3, 6):
        step(straight, mover, number)
        step(resumed, again, number)
    for a, b in zip(straight.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"peak": 0.0}, "peak=0.0"),
        ({"momentum": 1.0}, "momentum=1.0"),
        ({"momentum": -0.1}, "momentum=-0.1"),
        ({"orthogonal": True}, "no weight decay"),
        ({"orthogonal": True, "weight_decay": 0.0, "params": [nn.Parameter(torch.ones(3))]}, "matrices"),
    ],
)
def test_impossible_groups_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        FastOptimizer([group([nn.Parameter(torch.ones(3, 3))], **changes)])


class Odd(nn.Module):
    """Weights of every kind: places, a convolution in groups, a frozen layer, two linear ones."""

    def __init__(self):
        super().__init__()
        self.places = nn.Parameter(torch.zeros(1, 4, 6))
        self.grouped = nn.Conv2d(6, 6, 3, groups=6)
        self.conv = nn.Conv2d(6, 6, 3)
        self.frozen = nn.Conv2d(6, 6, 3).requires_grad_(False)
        self.hidden = nn.Linear(6, 6)
        self.norm = nn.LayerNorm(6)
        self.head = nn.Linear(6, 2)


def test_each_trained_weight_is_in_one_group():
    model = Odd()
    filters, biases, others = ({id(w) for w in one["params"]} for one in parameter_groups(model))
    assert filters == {id(model.conv.weight), id(model.hidden.weight)}
    assert others == {id(model.places), id(model.grouped.weight), id(model.head.weight)}
    assert len(biases) == 6
    trained = {id(weights) for weights in model.parameters() if weights.requires_grad}
    assert filters | biases | others == trained


@pytest.mark.parametrize("arch", ["fast8-16-16", "resnet8", "cnn", "mlp"])
def test_groups_of_the_registry_fit_the_optimiser(arch):
    model = build(arch, 10, (3, 32, 32))
    groups = parameter_groups(model)
    assert sum(len(one["params"]) for one in groups) == sum(w.requires_grad for w in model.parameters())
    FastOptimizer(groups)


def test_a_model_without_weights_is_refused():
    with pytest.raises(ValueError, match="no weights"):
        parameter_groups(build("constant", 10, (1, 8, 8)))


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_the_schedule_goes_up_once_and_down_once(a, b):
    low, high = sorted((a, b))
    assert 0 <= share(low) <= 1
    if high <= 0.2:
        assert share(low) <= share(high)
    if low >= 0.2:
        assert share(low) >= share(high)
    assert abs(share(high) - share(low)) <= 4 * (high - low) + 1e-12  # the steeper side: 0.8 in a fifth


@pytest.mark.parametrize("progress", [-0.1, 1.1, float("nan")])
def test_there_is_nothing_before_and_after_a_run(progress):
    with pytest.raises(ValueError, match="progress="):
        share(progress)


def test_two_epochs_show_both_sides():
    images = torch.rand(5, 3, 4, 4)
    facing = torch.tensor([True, False, True, True, False])
    shown = [alternately_flipped(images, facing, torch.full((5,), epoch)) for epoch in range(4)]
    for i, even in enumerate(facing):
        assert torch.equal(shown[0][i], images[i].flip(-1) if even else images[i])
    for one, other in itertools.pairwise(shown):
        assert torch.equal(one, other.flip(-1))
    assert torch.equal(shown[0], shown[2])


def test_digits_are_learnt_in_few_steps():
    """Two epochs of noisy digits: a schedule or a step that does not work leaves 10 % right, this over 80 %."""
    pytest.importorskip("sklearn")
    from rstheory.smoothing.data import load

    torch.manual_seed(0)
    data = load("digits", "train")
    images, labels = data.images.float() / 255, data.labels
    model = build("fast16-32", 10, data.shape).train()
    model[1].whiten(model[0](images), 0.25 / model[0].std.flatten())
    optimizer = FastOptimizer(parameter_groups(model))
    order = torch.randperm(len(data)).repeat(2).split(64)
    for number, chosen in enumerate(order):
        for one in optimizer.param_groups:
            one["lr"] = share(number / len(order))
        noisy = images[chosen] + 0.25 * torch.randn(images[chosen].shape)
        loss = nn.functional.cross_entropy(model(noisy), labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    noisy = images + 0.25 * torch.randn(images.shape)
    with torch.no_grad():
        assert (model.eval()(noisy).argmax(1) == labels).float().mean() > 0.8
