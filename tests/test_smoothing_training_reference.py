"""The trainer against a plain loop that spells the easy-sample method out, and against what it gave before: the same
weights, bit for bit."""

import json
import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import norm
from torch.nn.functional import cross_entropy
from training_runs import CPU, Stopping, few_digits, quick, stopped
from typer.testing import CliRunner

from rstheory import clopper_pearson_lower
from rstheory.cli import app
from rstheory.smoothing.data import Dataset, flip_and_crop, load
from rstheory.smoothing.models import build, load_checkpoint, save_checkpoint, weights_digest
from rstheory.smoothing.training import (
    Method,
    Objective,
    Outcome,
    Settings,
    compose,
    count_labels,
    train,
)
from rstheory.smoothing.training.epoch import COLUMNS
from rstheory.smoothing.training.identity import identity_of, identity_of_checkpoint

CHECKPOINTS = sorted((Path(__file__).parents[1] / "rstheory" / "zoo").rglob("model_*.safetensors"))
pytestmark = pytest.mark.filterwarnings("ignore:discarding below")


@pytest.fixture(scope="module")
def digits():
    return few_digits()


def seeded(*numbers):
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0]) >> 1


def attacked(model, images, labels, noise, steps, step):
    """E3, on the vectors that the network still gets right; each keeps its norm."""
    noise, norms = noise.clone(), noise.flatten(1).norm(dim=1)
    left = torch.arange(len(noise))
    for _ in range(steps):
        vectors = noise[left].clone().requires_grad_()
        logits = model(images[left] + vectors)
        loss = cross_entropy(logits, labels[left], reduction="sum")
        (gradient,) = torch.autograd.grad(loss, vectors)
        right = logits.argmax(1) == labels[left]
        left, gradient, vectors = left[right], gradient[right], vectors.detach()[right]
        if len(left) == 0:
            return noise
        # Scaled by a power of two before its norm is taken, as float32 could not square a gradient of 1e-20.
        exponent = torch.frexp(gradient.flatten(1).abs().amax(dim=1).clamp(min=1e-38)).exponent
        gradient = torch.ldexp(gradient, -exponent.view(-1, 1, 1, 1))
        vectors = vectors + step * gradient / gradient.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
        noise[left] = vectors * (norms[left] / vectors.flatten(1).norm(dim=1)).view(-1, 1, 1, 1)
    return noise


def reference(data, parts, *, sigma, epochs, draws, batch, augment, start, threshold, discard_draws, every, attack):
    """Weights after a run, by one loop without interfaces. sigma 0.5; lr 0.1, down by 10 at a third and two thirds."""
    torch.manual_seed(0)
    model = build("mlp", 10, data.shape).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    kept = weights = None
    for epoch in range(epochs):
        generator = torch.Generator().manual_seed(seeded(0, epoch, 0))

        def right(n, epoch=epoch):
            options = {"sigma": sigma, "draws": n, "seed": seeded(0, epoch, 1), "device": CPU}
            return count_labels(model, data, range(len(data)), **options).numpy()

        if "discard" in parts and epoch == start:
            kept = (right(discard_draws) >= threshold * discard_draws).astype(float)
        if "reweigh" in parts and epoch >= start and (epoch - start) % every == 0:
            radius = norm.ppf(clopper_pearson_lower(np.arange(12, 17), 16, 0.1))
            weights = (radius / radius[0])[np.maximum(right(16), 12) - 12]
        if kept is None and weights is None:
            order = torch.randperm(len(data), generator=generator)
        else:
            product = (1.0 if kept is None else kept) * (1.0 if weights is None else weights)
            cumulative = torch.from_numpy(product).cumsum(0)
            points = torch.rand(len(data), dtype=torch.float64, generator=generator) * cumulative[-1]
            order = torch.searchsorted(cumulative, points, right=True)
        for group in optimizer.param_groups:
            group["lr"] = [0.1, 0.01, 0.001][(epoch >= round(epochs / 3)) + (epoch >= round(epochs * 2 / 3))]
        for indices in order.split(batch):
            images, labels = data.images[indices], data.labels[indices].repeat(draws)
            if augment:
                images = flip_and_crop(images, generator)
            images = images.float() / 255
            noise = (sigma * torch.randn((draws, *images.shape), generator=generator)).flatten(0, 1)
            repeated = images.repeat(draws, 1, 1, 1)
            if "attack" in parts and epoch >= start:
                noise = attacked(model, repeated, labels, noise, *attack)
            optimizer.zero_grad()
            cross_entropy(model(repeated + noise), labels).backward()
            optimizer.step()
    return list(model.parameters())


@pytest.mark.parametrize(
    ("method", "parts"),
    [
        ("gaussian", ()),
        ("discard", ("discard",)),
        ("reweigh", ("reweigh",)),
        ("attack", ("attack",)),
        ("easy", ("discard", "reweigh", "attack")),
        ("attack+reweigh", ("attack", "reweigh")),
    ],
)
@pytest.mark.parametrize("augment", [False, True])
def test_the_trainer_ends_in_the_weights_of_a_plain_loop(digits, tmp_path, method, parts, augment):
    """To the bit: six epochs, of which the last four are the method's, with two reweighings. The network has no batch
    norm, so that eval mode is training mode."""
    settings = Settings(sigma=0.5, epochs=6, draws=2, batch=64, flip_and_crop=augment, dtype="float32")
    own = {"discard": {"start": 2, "draws": 20}, "reweigh": {"start": 2, "every": 2}, "attack": {"start": 2}}
    options = {f"{part}.{name}": value for part in parts for name, value in own[part].items()}
    train(compose(method, settings, options), settings, digits, arch="mlp", out=tmp_path / "a.safetensors", device=CPU)
    ours = load_checkpoint(tmp_path / "a.safetensors").model.parameters()
    theirs = reference(
        digits,
        parts,
        sigma=0.5,
        epochs=6,
        draws=2,
        batch=64,
        augment=augment,
        start=2,
        threshold=0.4,
        discard_draws=20,
        every=2,
        attack=(6, 0.25),
    )
    for one, other in zip(ours, theirs, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize(
    ("method", "losses"),
    [
        ("gaussian", [2.29689, 2.19743, 1.96244, 1.90805, 1.86724]),
        ("attack", [2.29689, 2.19743, 2.09879, 2.05957, 2.03793]),
    ],
)
def test_losses_are_those_of_the_trainer_before_it_had_interfaces(tmp_path, method, losses):
    """Recorded with torch 2.13 on a CPU with AVX-512. Tolerance: another machine rounds in another order, and five
    epochs of training let that grow to about 1e-4; another draw of the noise moves a loss by 1e-2."""
    data = load("digits", "train")
    data = Dataset(data.images[::3], data.labels[::3], data.classes, data.name)
    settings = Settings(sigma=0.5, epochs=5, draws=2, batch=64, flip_and_crop=False, dtype="float32")
    train(method, settings, data, arch="mlp", out=tmp_path / "a.safetensors", device=CPU)
    rows = [line.split("\t") for line in (tmp_path / "a.train.tsv").read_text().splitlines()]
    assert [float(row[2]) for row in rows[1:]] == pytest.approx(losses, abs=2e-3)


# -- files of earlier versions --------------------------------------------------------------------------------------


EASY = {"start": 70, "threshold": 0.4, "steps": 6, "step": 0.25, "every": 10, "discard_draws": 100}
QUICK = quick()


def earlier(settings, easy=EASY):
    """Settings as checkpoints and states held them before parts owned their hyper-parameters."""
    flat = settings.to_dict()
    return {name: value for name, value in flat.items() if not name.startswith("schedule.")} | {"easy": easy}


def without(cells, place):
    return cells[:place] + cells[place + 1 :]


@pytest.mark.parametrize("method", ["gaussian", "easy", "attack+reweigh"])
def test_a_state_of_an_earlier_version_goes_on(digits, tmp_path, method):
    train(method, QUICK, digits, arch="mlp", out=tmp_path / "whole.safetensors", device=CPU)
    out = tmp_path / "a.safetensors"
    place = stopped(out, method, QUICK, progress=Stopping(epoch=3))
    content = torch.load(place, weights_only=True)
    names = {"gaussian": [], "easy": ["discard", "reweigh", "attack"]}.get(method, method.split("+"))
    samplers = [number for number, name in enumerate(names) if name != "attack"]
    states = [state for state in content.pop("parts") if state]
    del content["pflop"]
    place_of_pflop = COLUMNS.index("pflop")
    content["rows"] = ["\t".join(without(row.split("\t"), place_of_pflop)) for row in content["rows"]]
    content["factors"] = {number: state["weights"] for number, state in zip(samplers, states, strict=True)}
    about = {"method": method, "arch": "mlp", "data": digits.digest}
    content["identity"] = json.dumps(about | earlier(QUICK), sort_keys=True)
    torch.save(content, place)
    with pytest.raises(ValueError, match="of another run: epochs=4 there, 5 here"):
        train(method, replace(QUICK, epochs=5), digits, arch="mlp", out=out, device=CPU, resume=True)
    train(method, QUICK, digits, arch="mlp", out=out, device=CPU, resume=True)
    assert weights_digest(load_checkpoint(out).model) == weights_digest(
        load_checkpoint(tmp_path / "whole.safetensors").model
    )
    logs = [(tmp_path / f"{name}.train.tsv").read_text().splitlines() for name in ("a", "whole")]
    rows, whole = ([line.split("\t")[:-1] for line in log] for log in logs)
    assert [without(row, place_of_pflop) for row in rows] == [without(row, place_of_pflop) for row in whole]
    assert [row[place_of_pflop] for row in rows] == ["pflop", *["nan"] * 4]  # nobody counted in the first three epochs


def test_a_checkpoint_of_an_earlier_version_is_recognised(digits, tmp_path):
    """Complete runs stay as they are, whatever the options that only their method did not have; other runs are told
    apart by what differs."""
    out = tmp_path / "a.safetensors"
    about = {"method": "attack", "data": f"digits train {digits.digest}"}
    config = json.dumps(earlier(QUICK, EASY | {"step": 0.04, "discard_draws": 7}))
    model = build("mlp", 10, digits.shape)
    metadata = about | {"config": config}
    save_checkpoint(out, model, arch="mlp", classes=10, shape=digits.shape, metadata=metadata)
    before = out.read_bytes()
    options = {"arch": "mlp", "out": out, "device": CPU, "resume": True}
    train(compose("attack", QUICK, {"attack.step": 0.04}), QUICK, digits, **options)
    assert out.read_bytes() == before
    with pytest.raises(ValueError, match=r"of another run: attack\.step=0\.04 there, 0\.25 here; resume with"):
        train("attack", QUICK, digits, **options)


@pytest.mark.parametrize("path", CHECKPOINTS, ids=lambda path: "/".join(path.parts[-3:]))
def test_the_commands_of_shipped_checkpoints_mean_the_same_runs(monkeypatch, path):
    """Each checkpoint says by which command it was made. The command line reads it as the run that the checkpoint, in
    the form of the version that wrote it, belongs to."""
    seen = []
    monkeypatch.setattr("rstheory.smoothing.training.train", lambda *told, arch, **more: seen.append((*told, arch)))
    monkeypatch.setattr("rstheory.smoothing.data.load", lambda source, split, **options: source)
    metadata = load_checkpoint(path).metadata
    identity = identity_of_checkpoint(path)
    command = shlex.split(metadata["command"])[1:]
    if "--budget-pflop" in command:  # the epochs that it afforded are known now
        place = command.index("--budget-pflop")
        command[place : place + 2] = ["--epochs", str(identity["epochs"])]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    ((method, settings, _, arch),) = seen
    assert (
        identity_of(method, settings, arch, metadata["data"].rpartition(" ")[2], metadata.get("begun_from")) == identity
    )


# -- the state of a part --------------------------------------------------------------------------------------------


class Remembering(Objective):
    """Weighs each image's loss by how often the network was right on it when the state was last renewed."""

    def remember(self, epoch, state):
        return {"shares": epoch.count(8) / 8} if epoch.number == 1 else state

    def loss(self, step, state):
        logits = step.noisy_logits(step.images, step.noise)
        losses = cross_entropy(logits.flatten(0, 1), step.labels.repeat(len(logits)), reduction="none")
        if state:
            losses = losses * state["shares"][step.indices].repeat(len(logits))
        return Outcome(losses.mean(), logits)


def test_the_state_of_a_part_survives_a_stop(digits, tmp_path):
    """It is made in epoch 1, read in every later one, and does not come back from the weights of epoch 3."""
    method = Method("remembering", Remembering())
    train(method, QUICK, digits, arch="mlp", out=tmp_path / "whole.safetensors", device=CPU)
    whole = weights_digest(load_checkpoint(tmp_path / "whole.safetensors").model)
    out = tmp_path / "a.safetensors"
    place = stopped(out, method, QUICK, progress=Stopping(epoch=3))
    assert torch.load(place, weights_only=True)["parts"][0]["shares"].shape == (len(digits),)
    train(method, QUICK, digits, arch="mlp", out=out, device=CPU, resume=True)
    assert weights_digest(load_checkpoint(out).model) == whole
    out = tmp_path / "forgetful.safetensors"
    place = stopped(out, method, QUICK, progress=Stopping(epoch=3))
    content = torch.load(place, weights_only=True)
    torch.save(content | {"parts": [{}]}, place)
    train(method, QUICK, digits, arch="mlp", out=out, device=CPU, resume=True)
    assert weights_digest(load_checkpoint(out).model) != whole
