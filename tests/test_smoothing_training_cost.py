"""What training costs: operations per pass, passes that are made, and epochs that a budget affords."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from training_runs import CPU, few_digits
from typer.testing import CliRunner

from rstheory.cli import app
from rstheory.smoothing.models import build, load_checkpoint
from rstheory.smoothing.training import METHODS, Settings, compose, train
from rstheory.smoothing.training.budget import affordable_epochs, planned_pflop
from rstheory.smoothing.training.cost import Cost, cost_of, counted_passes, planned_passes
from rstheory.smoothing.training.interfaces import Passes


@pytest.fixture(scope="module")
def digits():
    return few_digits()


def test_cost_of_a_convolution_by_hand():
    """Twice its multiplications: 5 x 5 places, 3 x 3 x 2 weights for each of 4 channels. The gradient with respect to
    the image costs as much as the forward pass, and so does that with respect to the weights."""
    model = torch.nn.Sequential(torch.nn.Conv2d(2, 4, 3, padding=1), torch.nn.Dropout(0.5), torch.nn.Flatten())
    before = torch.random.get_rng_state()
    once = 2 * 25 * 18 * 4
    assert cost_of(model, (2, 5, 5)) == Cost(measured=once, attacked=2 * once, trained=2 * once)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert model.training
    assert all(weight.requires_grad and weight.grad is None for weight in model.parameters())


@pytest.mark.parametrize("groups", [1, 2, 6])
def test_groups_of_a_convolution_make_every_pass_cheaper(groups):
    # 12 outputs of 8 x 8 pixels, each a sum over 3 x 3 pixels of 6 / groups channels.
    products = 2 * 12 * 8 * 8 * 9 * 6 // groups
    cost = cost_of(torch.nn.Conv2d(6, 12, 3, padding=1, groups=groups), (6, 8, 8))
    assert cost == Cost(measured=products, attacked=2 * products, trained=2 * products)


def test_cost_of_a_resnet_20():
    """41 million multiplications, as in He et al. 2016 (Table 6 has its 0.27 million weights). Backward costs twice as
    much, but for the first layer, whose input needs no gradient."""
    cost = cost_of(build("resnet20", 10, (3, 32, 32)), (3, 32, 32))
    assert cost.measured == pytest.approx(2 * 40.8e6, rel=0.01)
    first = 2 * 27 * 16 * 32 * 32
    assert cost.trained == 3 * cost.measured - first
    assert cost.attacked == 2 * cost.measured


def test_attention_is_counted_whatever_computes_it():
    """Of 64 tokens in 2 heads of 64 numbers: two products of 64 x 64 x 64 multiplications each, forward; backward two
    for each of them."""
    with_attention = cost_of(Attention(), (2, 64, 64)).measured
    products = 2 * 2 * 2 * 64**3
    assert with_attention == products
    assert cost_of(Attention(), (2, 64, 64)).attacked == 3 * products


class Attention(torch.nn.Module):
    """Each head looks at itself, and learns nothing but a factor."""

    def __init__(self):
        super().__init__()
        self.factor = torch.nn.Parameter(torch.ones(1))

    def forward(self, x):
        return torch.nn.functional.scaled_dot_product_attention(self.factor * x, x, x).flatten(1)


def test_passes_are_told_apart():
    model = torch.nn.Linear(3, 2)
    with counted_passes(model) as made:
        model(torch.zeros(5, 3))
        model.eval()(torch.zeros(2, 3, requires_grad=True))
        with torch.no_grad():
            model.train()(torch.zeros(7, 3))
    model(torch.zeros(9, 3))
    assert made == [Passes(trained=5, attacked=2, measured=7)]


@pytest.mark.filterwarnings("ignore:discarding below")
@pytest.mark.parametrize("name", sorted(METHODS))
def test_runs_make_the_passes_that_their_parts_state(digits, tmp_path, name):
    """In every epoch of the log exactly; at most, where the attack stops early, and where two parts share their draws.
    Watching p adds 16 passes for each of the 225 images."""
    chosen = Settings(sigma=0.5, epochs=4, draws=3, batch=64, flip_and_crop=False, dtype="float32")
    method = compose(name, chosen)
    train(method, chosen, digits, arch="mlp", out=tmp_path / "a.safetensors", device=CPU)
    cost = cost_of(build("mlp", 10, digits.shape), digits.shape)
    lines = [line.split("\t") for line in (tmp_path / "a.train.tsv").read_text().splitlines()]
    logged = [float(line[lines[0].index("pflop")]) for line in lines[1:]]
    planned = [planned_pflop(method, 3, epochs, len(digits), cost) for epochs in (1, 2, 3, 4)]
    by_hand = cost.pflop(Passes(*(225 * count for count in planned_passes(method, 3, 4))) + Passes(0, 0, 4 * 16 * 225))
    assert planned[-1] == pytest.approx(by_hand)
    if name in ("attack", "easy"):
        gaussian = planned_pflop(compose("gaussian", chosen), 3, 4, len(digits), cost)
        assert gaussian < logged[-1] <= planned[-1]
    else:
        assert logged == pytest.approx(planned, rel=1e-5)
    metadata = load_checkpoint(tmp_path / "a.safetensors").metadata
    assert float(metadata["pflop"]) == logged[-1]
    assert float(metadata["seconds"]) >= 0


@given(st.floats(1e-3, 1e3), st.floats(1e-3, 10))
def test_a_budget_affords_the_most_epochs_that_fit(budget, price):
    if price > budget:
        with pytest.raises(ValueError, match="one epoch takes"):
            affordable_epochs(budget, lambda epochs: price * epochs)
    else:
        epochs = affordable_epochs(budget, lambda epochs: price * epochs)
        assert price * epochs <= budget < price * (epochs + 1)


@pytest.mark.parametrize("method", ["gaussian", "easy", "catrs"])
def test_the_command_line_chooses_the_epochs_of_a_budget(monkeypatch, method):
    seen = []
    monkeypatch.setattr("rstheory.smoothing.training.train", lambda *told, **more: seen.append(told))
    arguments = ["train", "--data", "digits", "--sigma", "0.5", "--arch", "mlp", "--method", method, "--out", "m"]
    result = CliRunner().invoke(app, [*arguments, "--budget-pflop", "0.001"])
    assert result.exit_code == 0, result.output
    ((made, chosen, data),) = seen
    assert made == compose(method, chosen)
    cost = cost_of(build("mlp", 10, data.shape), data.shape)
    spent, more = (
        planned_pflop(compose(method, Settings(0.5, epochs=epochs)), 1, epochs, len(data), cost)
        for epochs in (chosen.epochs, chosen.epochs + 1)
    )
    assert spent <= 0.001 < more
    for options, message in (
        (["--budget-pflop", "1e-9"], "budget_pflop=1e-09 is not allowed: one epoch takes"),
        (["--budget-pflop", "1", "--epochs", "3"], "are not allowed together: give one"),
        (["--budget-pflop", "1", "--set", "nothing.at=1"], "nothing.at=1 has no effect"),
    ):
        result = CliRunner().invoke(app, [*arguments, *options])
        assert result.exit_code == 2, result.output
        assert message in result.stderr
