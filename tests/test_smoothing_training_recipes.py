"""Recipes: how weights are moved and images are shown; runs that begin with the weights of others; shorter epochs."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

torch = pytest.importorskip("torch")

from training_runs import CPU, few_digits, quick, stopped, trained  # noqa: E402
from training_runs import Stopping as StoppingAt  # noqa: E402

from rstheory.cli import app  # noqa: E402
from rstheory.smoothing.data import mirror_and_shift  # noqa: E402
from rstheory.smoothing.models import build, load_checkpoint  # noqa: E402
from rstheory.smoothing.models.weights import narrowed  # noqa: E402
from rstheory.smoothing.share import Share  # noqa: E402
from rstheory.smoothing.training import RECIPES, Plan, Settings, Triangle, compose, least_draws, train  # noqa: E402
from rstheory.smoothing.training.budget import planned_pflop  # noqa: E402
from rstheory.smoothing.training.cost import Cost  # noqa: E402
from rstheory.smoothing.training.recipes import Shown  # noqa: E402
from rstheory.smoothing.training.run_state import kept_epochs  # noqa: E402

FAST = RECIPES["fast"]


def fast(**changes):
    """Settings of a short run by the fast recipe."""
    return dataclasses.replace(quick(draws=1, **FAST.defaults(1)), recipe=FAST, **{"batch": 64, **changes})


# -- images ----------------------------------------------------------------------------------------------------------


@given(st.integers(1, 6), st.integers(2, 7), st.integers(2, 7), st.data())
def test_shifts_take_every_pixel_from_the_image_continued_by_reflection(n, height, width, data):
    by = data.draw(st.integers(0, min(height, width) - 1))
    mirrored = torch.tensor(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    images = torch.randint(0, 256, (n, 3, height, width), dtype=torch.uint8)
    seed = data.draw(st.integers(0, 2**31))
    moved = mirror_and_shift(images, mirrored, torch.Generator().manual_seed(seed), by)
    assert moved.dtype == torch.uint8
    down, right = torch.randint(-by, by + 1, (2, n), generator=torch.Generator().manual_seed(seed))
    for i in range(n):
        image = images[i].flip(-1) if mirrored[i] else images[i]
        padded = torch.nn.functional.pad(image[None].double(), [by] * 4, mode="reflect")[0] if by else image
        top, left = by + down[i], by + right[i]
        assert torch.equal(moved[i].double(), padded[:, top : top + height, left : left + width].double())


@pytest.mark.parametrize(
    ("shape", "by", "message"), [((3, 4, 4), 1, "shape"), ((1, 3, 4, 4), 4, "by=4"), ((1, 3, 4, 4), -1, "by=-1")]
)
def test_shifts_that_make_no_sense_are_refused(shape, by, message):
    with pytest.raises(ValueError, match=message):
        mirror_and_shift(torch.zeros(shape), torch.zeros(shape[0], dtype=torch.bool), torch.Generator(), by)


def test_two_epochs_of_the_fast_recipe_show_both_sides():
    images = torch.randint(0, 256, (40, 1, 5, 5), dtype=torch.uint8)
    plain, mirrored = (
        mirror_and_shift(images, torch.full((40,), side), torch.Generator().manual_seed(1)) for side in (False, True)
    )
    even, odd = (
        FAST.augmented(Shown(images, torch.arange(40), 40, epoch, seed=3, generator=torch.Generator().manual_seed(1)))
        for epoch in (0, 1)
    )
    faces = [torch.equal(even[i], mirrored[i]) for i in range(40)]
    assert 5 < sum(faces) < 35
    for i, faced in enumerate(faces):
        assert torch.equal(even[i], (mirrored if faced else plain)[i])
        assert torch.equal(odd[i], (plain if faced else mirrored)[i])


# -- weights ---------------------------------------------------------------------------------------------------------


def test_biases_learn_faster_by_their_factor():
    model = build("fast8-16", 10, (1, 8, 8))
    groups = FAST.optimizer(model, fast()).param_groups
    trained_ones = sum(len(group["params"]) for group in groups)
    assert trained_ones == sum(weights.requires_grad for weights in model.parameters())
    for group in groups:
        assert all((one.ndim < 2) == (group["factor"] == 16) for one in group["params"])
        assert group["weight_decay"] * group["factor"] == pytest.approx(1e-3)


def test_rates_of_a_run_follow_schedule_and_factor(tmp_path, monkeypatch):
    seen = []
    step = torch.optim.SGD.step

    def watched(self, *args, **kwargs):
        seen.append([group["lr"] for group in self.param_groups])
        return step(self, *args, **kwargs)

    monkeypatch.setattr(torch.optim.SGD, "step", watched)
    trained(tmp_path / "a.safetensors", "gaussian", fast(epochs=5), arch="fast8-16")
    steps = 5 * 4
    assert len(seen) == steps
    for number, (plain, biases) in enumerate(seen):
        assert plain == pytest.approx(0.6 * Triangle(0.2, 0.2).share((number + 0.5) / steps, 1), abs=1e-9)
        assert biases == pytest.approx(16 * plain)


@given(st.floats(0.01, 0.99), st.floats(0, 1), st.floats(0, 1))
def test_a_triangle_begins_where_it_should(peak, start, done):
    triangle = Triangle(peak, start)
    assert triangle.share(0, 1) == pytest.approx(start)
    assert triangle.share(peak, 1) == pytest.approx(1)
    assert triangle.share(1, 1) == pytest.approx(0)
    assert 0 <= triangle.share(done, 1) <= 1 + 1e-12
    with pytest.raises(ValueError, match="start="):
        Triangle(peak, start + 1.01)


def test_the_first_layer_is_computed_from_noisy_images_and_stays(tmp_path):
    """Its outputs on noisy images are uncorrelated and of mean square 1 (before the nonlinearity)."""
    trained(tmp_path / "a.safetensors", "gaussian", fast(sigma=0.3), arch="fast8-16")
    model = load_checkpoint(tmp_path / "a.safetensors").model
    images = few_digits().images.float() / 255
    noisy = images + 0.3 * torch.randn((20, *images.shape), generator=torch.Generator().manual_seed(0))
    stem = model[1].stem
    outputs = torch.nn.functional.conv2d(model[0](noisy.flatten(0, 1)), stem.weight)  # whole patches only
    outputs = outputs[:, : len(stem.weight) // 2].transpose(0, 1).flatten(1)
    moments = outputs @ outputs.T / outputs.shape[1]
    assert (moments - torch.eye(len(moments))).abs().max() < 0.35  # strides and 225 images: patches differ a little


def test_the_fast_recipe_learns_digits_in_a_few_epochs(tmp_path):
    """10 % would be chance; it is over 80 % under noise in the last of six epochs, on one seed."""
    from rstheory.smoothing.data import load

    settings = fast(epochs=6, sigma=0.25)
    train("gaussian", settings, load("digits", "train"), arch="fast16-32", out=tmp_path / "a.safetensors", device=CPU)
    last = (tmp_path / "a.train.tsv").read_text().splitlines()[-1].split("\t")
    assert float(last[3]) > 0.8


def test_recipes_are_told_apart_on_resume(tmp_path):
    stopped(tmp_path / "a.safetensors", "gaussian", fast(), arch="fast8-16", progress=StoppingAt(epoch=2))
    with pytest.raises(ValueError, match="recipe=fast there, papers here"):
        trained(tmp_path / "a.safetensors", "gaussian", quick(), arch="fast8-16", resume=True)
    digest = trained(tmp_path / "a.safetensors", "gaussian", fast(), arch="fast8-16", resume=True)
    assert digest == trained(tmp_path / "b.safetensors", "gaussian", fast(), arch="fast8-16")


@pytest.mark.parametrize(("method", "least"), [("gaussian", 1), ("easy", 1), ("smoothmix", 1), ("consistency", 2)])
def test_the_fast_recipe_takes_the_fewest_draws(monkeypatch, tmp_path, method, least):
    seen = []
    monkeypatch.setattr("rstheory.smoothing.training.train", lambda *args, **kwargs: seen.append((args[1], kwargs)))
    arguments = ["train", "--data", "digits", "--sigma", "0.5", "--method", method, "--out", str(tmp_path / "m")]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    settings, options = seen[0]
    assert least_draws(method) == least
    assert settings == Settings(0.5, epochs=40, draws=least, recipe=FAST, **FAST.defaults(least))
    assert settings.batch * least == 512
    assert options["arch"] == "fast32-128-256"


# -- weights of another run, shorter epochs --------------------------------------------------------------------------


def test_a_run_begins_with_the_weights_it_is_given(tmp_path):
    first, second = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    digest = trained(first, "gaussian", quick())
    trained(second, "gaussian", quick(learning_rate=1e-30, weight_decay=0.0), begin=first)
    checkpoint = load_checkpoint(second)
    assert checkpoint.metadata["begun_from"] == digest
    for one, other in zip(load_checkpoint(first).model.parameters(), checkpoint.model.parameters(), strict=True):
        assert torch.equal(one, other)


def test_the_weights_that_a_run_began_with_belong_to_it(tmp_path):
    first, other, out = (tmp_path / f"{name}.safetensors" for name in "abc")
    trained(first, "gaussian", quick())
    trained(other, "gaussian", quick(seed=1))
    stopped(out, "gaussian", quick(), begin=first, progress=StoppingAt(epoch=2))
    for begin in (None, other):
        with pytest.raises(ValueError, match="begun_from="):
            trained(out, "gaussian", quick(), begin=begin, resume=True)
    whole = trained(out, "gaussian", quick(), begin=first, resume=True)
    assert whole == trained(tmp_path / "d.safetensors", "gaussian", quick(), begin=first)
    train("gaussian", quick(), few_digits(), arch="mlp", out=out, device=CPU, begin=first, resume=True)  # complete
    with pytest.raises(ValueError, match="is a mlp"):
        trained(tmp_path / "e.safetensors", "gaussian", quick(), begin=first, arch="cnn")


@pytest.mark.parametrize(("asked", "shown"), [(100, 100), (1000, 225), (None, 225)])
def test_an_epoch_may_be_a_share_of_the_images(tmp_path, asked, shown):
    trained(tmp_path / "a.safetensors", "gaussian", quick(epoch_images=asked))
    lines = [line.split("\t") for line in (tmp_path / "a.train.tsv").read_text().splitlines()]
    assert {float(line[4]) for line in lines[1:]} == {round(shown / 225, 4)}


@given(st.integers(1, 1000), st.sampled_from(["gaussian", "easy", "catrs"]))
def test_short_epochs_cost_what_they_show_and_whole_measurements(shown, name):
    settings = Settings(0.5, epochs=9, draws=2)
    method = compose(name, settings)
    trained_only, measured_only = Cost(0.0, 1e15, 1e15), Cost(1e15, 0.0, 0.0)
    short, whole = (planned_pflop(method, 2, 9, 1000, trained_only, images) for images in (shown, 1000))
    assert short == pytest.approx(whole * shown / 1000)
    assert planned_pflop(method, 2, 9, 1000, measured_only, shown) == planned_pflop(method, 2, 9, 1000, measured_only)


# -- how long ---------------------------------------------------------------------------------------------------------


def test_minutes_become_epochs_by_the_speed_of_the_machine(tmp_path):
    """A run of a fraction of a second; resumed, it has as many epochs as before, whatever the machine does now."""
    out = tmp_path / "a.safetensors"
    told = ["train", "--data", "digits", "--sigma", "0.5", "--arch", "mlp", "--minutes", "0.005", "--out", str(out)]
    done = CliRunner().invoke(app, told)
    assert done.exit_code == 0, done.output
    epochs = int(done.stdout.split(" epochs (")[0])
    assert f'"epochs": {epochs}' in load_checkpoint(out).metadata["config"]
    state = stopped(
        tmp_path / "b.safetensors", "gaussian", fast(epochs=3), arch="fast8-16", progress=StoppingAt(epoch=2)
    )
    assert kept_epochs(state) == 3
    assert kept_epochs(tmp_path / "none") is None
    for wrong in (["--epochs", "3"], ["--budget-pflop", "1"]):
        refused = CliRunner().invoke(app, [*told, *wrong])
        assert refused.exit_code == 2
        assert "are not allowed together: give one" in refused.stderr


def test_twice_the_minutes_buy_twice_the_operations():
    plan = Plan("gaussian", "mlp", fast(), {})
    one, two = (plan.pflop_in(minutes, few_digits(), CPU, Share()) for minutes in (1000, 2_000_000))
    assert 0 < one < two  # by 2000 but for the machine's mood
    with pytest.raises(ValueError, match="minutes="):
        plan.pflop_in(0.0, few_digits(), CPU, Share())


# -- small checkpoints -----------------------------------------------------------------------------------------------


def test_rounded_weights_make_a_file_of_half_the_size(tmp_path):
    whole, half = tmp_path / "whole.safetensors", tmp_path / "half.safetensors"
    trained(whole, "gaussian", quick())
    trained(half, "gaussian", quick(weights="float16"))
    assert half.stat().st_size < 0.55 * whole.stat().st_size
    one, other = load_checkpoint(whole).model, load_checkpoint(half).model
    for exact, rounded in zip(one.parameters(), other.parameters(), strict=True):
        assert rounded.dtype == torch.float32
        assert torch.equal(rounded, exact.half().float())
    for exact, rounded in zip(one.buffers(), other.buffers(), strict=True):
        assert torch.equal(exact, rounded)
    with pytest.raises(ValueError, match="weights='int8'"):
        quick(weights="int8")


@given(st.lists(st.floats(width=32), min_size=1, max_size=20))
def test_narrow_tensors_lose_no_bit(values):
    """Infinities and subnormals too; what float16 cannot hold, NaN among it, stays as it is."""
    tensor = torch.tensor(values)
    stored = narrowed(tensor)
    assert stored.float().view(torch.int32).tolist() == tensor.view(torch.int32).tolist()
