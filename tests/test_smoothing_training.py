"""Training: the parts do what theory E says, runs repeat and resume to the bit, and the metric can be played."""

import dataclasses
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare, kstest, norm
from typer.testing import CliRunner

from rstheory.cli import app
from rstheory.smoothing.data import Dataset, load
from rstheory.smoothing.models import build, load_checkpoint, save_checkpoint, weights_digest
from rstheory.smoothing.training import (
    Attack,
    CrossEntropy,
    Discard,
    Method,
    Objective,
    Outcome,
    Perturbation,
    Reweigh,
    Sampler,
    Settings,
    StepDecay,
    Triangle,
    label_counts,
    recipe,
    train,
)
from rstheory.smoothing.training.epoch import COLUMNS, WATCH, seed_of

CPU = torch.device("cpu")
# After two short epochs little has been learnt, and whole classes are hard.
loses_classes = pytest.mark.filterwarnings("ignore:discarding below")


@pytest.fixture(scope="module")
def digits():
    data = load("digits", "train")
    return Dataset(data.images[::6], data.labels[::6], data.classes, data.name)


def quick(**changes):
    return dataclasses.replace(
        Settings(sigma=0.5, epochs=4, draws=2, batch=64, flip_and_crop=False, dtype="float32"), **changes
    )


def trained(data, out, method="easy", configuration=None, **options):
    train(method, configuration or quick(), data, arch="mlp", out=out, device=CPU, **options)
    return weights_digest(load_checkpoint(out).model)


# -- settings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sigma", "start", "threshold", "steps", "step"),
    [(0.25, 60, 0.5, 3, 0.25), (0.5, 70, 0.4, 6, 0.25), (1.0, 60, 0.4, 4, 0.5)],
)
def test_defaults_are_the_papers(sigma, start, threshold, steps, step):
    """Theory E5, the table."""
    chosen = Settings(sigma)
    assert (chosen.epochs, chosen.draws, chosen.batch, chosen.momentum, chosen.weight_decay) == (150, 4, 256, 0.9, 1e-4)
    assert [chosen.rate(epoch) for epoch in (0, 49, 50, 99, 100, 149)] == [0.1, 0.1, 0.01, 0.01, 0.001, 0.001]
    samplers = (Discard(start, threshold, draws=100), Reweigh(start, every=10, draws=16, alpha=0.1))
    assert recipe("easy", chosen) == Method("easy", CrossEntropy(), samplers, (Attack(start, steps, step),))


@given(epochs=st.integers(2, 400))
def test_methods_scale_with_the_epochs(epochs):
    discard, reweigh = recipe("discard+reweigh", Settings(0.5, epochs=epochs)).samplers
    assert discard.start == reweigh.start
    assert discard.start == 1 or abs(discard.start - epochs * 70 / 150) <= 0.5
    assert 1 <= reweigh.every <= max(1, epochs / 15 + 0.5)
    assert 1 <= discard.start < epochs


@given(
    epochs=st.integers(1, 400),
    milestones=st.lists(st.integers(1, 150), unique=True, max_size=4).map(sorted),
    gamma=st.sampled_from([0.1, 0.2, 0.5]),
)
@example(epochs=150, milestones=[50, 100], gamma=0.1)
@example(epochs=2, milestones=[50, 100], gamma=0.1)
def test_step_decay_scales_with_the_epochs(epochs, milestones, gamma):
    """Every rate is used for one epoch at least, the largest first, and within an epoch the rate stays."""
    chosen = Settings(0.5, epochs=epochs, schedule=StepDecay(tuple(milestones), gamma))
    rates = [chosen.rate(epoch) for epoch in range(epochs)]
    assert rates == [chosen.rate(epoch + 0.99) for epoch in range(epochs)]
    assert (
        list(dict.fromkeys(rates)) == [round(0.1 * gamma**k, 12) for k in range(len(milestones) + 1)][: len(set(rates))]
    )
    if epochs == 150:
        assert [rates.index(rate) for rate in dict.fromkeys(rates)] == [0, *(m for m in milestones if m < 150)]


@given(epochs=st.integers(1, 400), peak=st.floats(0.01, 0.99), done=st.floats(0, 1))
def test_a_triangle_has_two_straight_sides(epochs, peak, done):
    schedule = Triangle(peak)
    assert schedule.share(done * epochs, epochs) == pytest.approx(min(done / peak, (1 - done) / (1 - peak)), abs=1e-9)
    assert 0 <= schedule.share(done * epochs, epochs) <= 1 + 1e-12


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sigma": 0.0}, "sigma=0.0"),
        ({"epochs": 0}, "epochs=0"),
        ({"draws": 0}, "draws=0"),
        ({"batch": -1}, "batch=-1"),
        ({"learning_rate": float("nan")}, "learning_rate=nan"),
        ({"weight_decay": -1.0}, "weight_decay=-1.0"),
        ({"momentum": 1.0}, "momentum=1.0"),
        ({"seed": -1}, "seed=-1"),
        ({"dtype": "float16"}, "dtype='float16'"),
    ],
)
def test_bad_settings_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        quick(**change)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (lambda: Attack(-1, 1, 0.1), "start=-1"),
        (lambda: Attack(0, -3, 0.1), "steps=-3"),
        (lambda: Attack(0, 1, float("inf")), "step=inf"),
        (lambda: Discard(-1, 0.4), "start=-1"),
        (lambda: Discard(0, 1.1), "threshold=1.1"),
        (lambda: Discard(0, 0.4, draws=0), "draws=0"),
        (lambda: Reweigh(-1, 1), "start=-1"),
        (lambda: Reweigh(0, 0), "every=0"),
        (lambda: Reweigh(0, 1, draws=3), "draws=3 .* certifies no count"),
        (lambda: StepDecay((0, 3)), "milestones=0"),
        (lambda: StepDecay((100, 50)), r"milestones=\(100, 50\) .* must rise"),
        (lambda: StepDecay(gamma=1.5), "gamma=1.5"),
        (lambda: Triangle(peak=1.0), "peak=1.0"),
    ],
)
def test_bad_parts_and_schedules_are_refused(part, message):
    with pytest.raises(ValueError, match=message):
        part()
    assert Reweigh(0, 1, draws=4)  # the fewest that certify at alpha = 0.1


@pytest.mark.parametrize("method", ["discard", "reweigh", "attack", "easy"])
def test_a_run_that_ends_before_its_method_begins_is_refused(method):
    with pytest.raises(ValueError, match=rf"{method} would begin at epoch 1, counted from 0, of 1: the run would be"):
        recipe(method, quick(epochs=1))
    assert recipe(method, quick(epochs=2))
    assert recipe("gaussian", quick(epochs=1)) == Method("gaussian", CrossEntropy())


@pytest.mark.parametrize("method", ["", "magic", "discard+magic", "discard+discard", "gaussian+attack", "easy+attack"])
def test_unknown_methods_are_refused(method):
    with pytest.raises(ValueError, match=r"use gaussian, easy, discard, .*, or parts joined by"):
        recipe(method, quick())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"attack.steps": 0}, r"attack\.steps=0 is not allowed: steps=0"),
        ({"attack.steps": "2.5"}, r"attack\.steps=2\.5 is not allowed"),
        ({"attack.steps": 2.5}, r"attack\.steps=2\.5 is not allowed"),
        ({"attack.eps": 1}, r"attack\.eps is not allowed: attack has start, steps, step"),
        ({"discard.draws": 7}, r"discard\.draws=7 has no effect with method attack"),
        ({"attack.start": 4}, "attack would begin at epoch 4, counted from 0, of 4"),
    ],
)
def test_bad_hyper_parameters_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        recipe("attack", quick(), options)


# -- runs -----------------------------------------------------------------------------------------------------------


@loses_classes
def test_the_same_run_gives_the_same_weights(digits, tmp_path):
    first = trained(digits, tmp_path / "a.safetensors")
    assert trained(digits, tmp_path / "b.safetensors") == first
    assert trained(digits, tmp_path / "c.safetensors", configuration=quick(seed=1)) != first
    assert trained(digits, tmp_path / "d.safetensors", method="gaussian") != first
    rows = [line.split("\t") for line in (tmp_path / "a.train.tsv").read_text().splitlines()]
    assert tuple(rows[0]) == COLUMNS
    assert [row[0] for row in rows[1:]] == ["0", "1", "2", "3"]
    for row in rows[1:]:
        cells = dict(zip(rows[0], map(float, row), strict=True))
        shares = [value for name, value in cells.items() if name.startswith("p") and name != "pflop"]
        assert sum(shares) == pytest.approx(1, abs=1e-3)


class StoppedError(Exception):
    pass


@given(
    at=st.integers(0, 15), method=st.sampled_from(["gaussian", "easy"]), dtype=st.sampled_from(["float32", "bfloat16"])
)
@loses_classes
@settings(max_examples=8, deadline=None)
def test_a_run_stopped_anywhere_ends_in_the_same_weights(digits, tmp_path_factory, at, method, dtype):
    """Stopped within an epoch, after `at` of the 16 steps, and resumed."""
    folder = tmp_path_factory.mktemp("runs")
    steps = iter(range(100))

    class Stopping:
        def __enter__(self):
            return self.advance

        def __exit__(self, *error):
            return False

        @staticmethod
        def advance(done):
            if next(steps) == at:
                raise StoppedError

    configuration = quick(dtype=dtype)
    with pytest.raises(StoppedError):
        trained(digits, folder / "a.safetensors", method, configuration, progress=lambda *told: Stopping())
    assert not (folder / "a.safetensors").exists()
    resumed = trained(digits, folder / "a.safetensors", method, configuration, resume=True)
    assert resumed == trained(digits, folder / "whole.safetensors", method, configuration)
    without_time = [
        [line.split("\t")[:-1] for line in (folder / f"{name}.train.tsv").read_text().splitlines()]
        for name in ("a", "whole")
    ]
    assert without_time[0] == without_time[1]


def test_a_killed_run_ends_in_the_same_weights(tmp_path):
    """SIGKILL through the command line, at a random moment after its first epoch."""
    arguments = "train --data digits --sigma 0.5 --arch mlp --method attack --epochs 12 --draws 1 --no-augment --seed 3"
    command = [sys.executable, "-m", "rstheory", *arguments.split(), "--dtype", "float32", "--out"]
    whole, killed = tmp_path / "whole.safetensors", tmp_path / "killed.safetensors"
    run = subprocess.run([*command, str(whole)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    child = subprocess.Popen([*command, str(killed)])
    state = tmp_path / "killed.safetensors.state"
    while not state.exists() and child.poll() is None:
        time.sleep(0.01)
    time.sleep(float(np.random.default_rng(0).uniform(0, 0.3)))
    child.send_signal(signal.SIGKILL)
    child.wait()
    if not killed.exists():  # it may have been quick enough
        again = subprocess.run([*command, str(killed)], capture_output=True, text=True, check=False)
        assert again.returncode == 2
        assert "from a run that was cut short: go on with it by --resume" in again.stderr
        run = subprocess.run([*command, str(killed), "--resume"], capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
    assert weights_digest(load_checkpoint(killed).model) == weights_digest(load_checkpoint(whole).model)
    assert not state.exists()
    before = whole.read_bytes()
    run = subprocess.run([*command, str(whole), "--resume"], capture_output=True, text=True, check=True)
    assert "is complete: left as it is" in run.stdout
    assert whole.read_bytes() == before
    metadata = load_checkpoint(whole).metadata
    assert (metadata["method"], metadata["sigma"]) == ("attack", "0.5")
    assert metadata["data"].startswith("digits train ")


@loses_classes
def test_a_state_of_another_run_is_refused(digits, tmp_path):
    def stop(*told):
        raise StoppedError

    out = tmp_path / "model.safetensors"
    calls = iter(range(10))
    with pytest.raises(StoppedError):
        trained(digits, out, progress=lambda *told: stop() if next(calls) else _Quiet())
    for change, message in (
        ({"configuration": quick(sigma=0.25)}, "sigma=0.5 there, 0.25 here"),
        ({"method": "gaussian"}, "method=easy there, gaussian here"),
    ):
        with pytest.raises(ValueError, match=message):
            trained(digits, out, resume=True, **change)
    with pytest.raises(ValueError, match="cut short: go on with it by --resume"):
        trained(digits, out)
    others = Dataset(digits.images[1:], digits.labels[1:], digits.classes, digits.name)
    with pytest.raises(ValueError, match=f"data={digits.digest} there, {others.digest} here"):
        trained(others, out, resume=True)
    with pytest.raises(ValueError, match="arch=mlp there, cnn here"):
        train("easy", quick(), digits, arch="cnn", out=out, device=CPU, resume=True)
    trained(digits, out, resume=True)
    with pytest.raises(ValueError, match="exists: choose another file"):
        trained(digits, out)


def test_resuming_what_is_complete_leaves_it_and_another_run_is_refused(digits, tmp_path):
    out = tmp_path / "model.safetensors"
    configuration = quick(epochs=1)
    trained(digits, out, "gaussian", configuration)
    before = out.read_bytes(), (tmp_path / "model.train.tsv").read_bytes()
    out.with_name("model.safetensors.state").touch()  # as if killed between the checkpoint and the end
    trained(digits, out, "gaussian", configuration, resume=True)
    assert not out.with_name("model.safetensors.state").exists()
    assert before == (out.read_bytes(), (tmp_path / "model.train.tsv").read_bytes())
    with pytest.raises(ValueError, match=r"model\.safetensors is of another run: epochs=1 there, 2 here; resume with"):
        trained(digits, out, "gaussian", quick(epochs=2), resume=True)
    with pytest.raises(ValueError, match=r"of another run: .*method=gaussian there, attack here"):
        trained(digits, out, "attack", quick(epochs=2), resume=True)
    save_checkpoint(out, build("mlp", 10, digits.shape), arch="mlp", classes=10, shape=digits.shape)
    with pytest.raises(ValueError, match=r"of another run: .*method=None there, gaussian here"):
        trained(digits, out, "gaussian", configuration, resume=True)
    with pytest.raises(ValueError, match=r"the folder .*absent does not exist: make it first"):
        trained(digits, tmp_path / "absent" / "model.safetensors")


def test_a_network_without_weights_is_refused(digits, tmp_path):
    with pytest.raises(ValueError, match="arch='constant' has no weights to train"):
        train("gaussian", quick(), digits, arch="constant", out=tmp_path / "a.safetensors", device=CPU)


def stopped_after(epochs, digits, out, **options):
    """Leave the state of a run stopped after so many epochs."""

    def progress(epoch, *told):
        if epoch == epochs:
            raise StoppedError
        return _Quiet()

    with pytest.raises(StoppedError):
        trained(digits, out, "gaussian", progress=progress, **options)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda state: state.write_bytes(b"no state at all"),
        lambda state: state.write_bytes(b""),
        lambda state: state.write_bytes(state.read_bytes()[:-2000]),
        lambda state: torch.save({"identity": "{}"}, state),
        lambda state: torch.save([1, 2], state),
    ],
)
def test_a_spoilt_state_is_refused(digits, tmp_path, spoil):
    out = tmp_path / "model.safetensors"
    stopped_after(1, digits, out)
    spoil(out.with_name("model.safetensors.state"))
    with pytest.raises(ValueError, match=r"model\.safetensors\.state is not a state of `rstheory train`, or"):
        trained(digits, out, "gaussian", resume=True)


def test_a_run_that_moves_to_another_machine_says_so(digits, tmp_path, monkeypatch):
    out = tmp_path / "model.safetensors"
    stopped_after(1, digits, out)
    own = torch.backends.cpu.get_cpu_capability()
    monkeypatch.setattr("torch.backends.cpu.get_cpu_capability", lambda: "another kind")
    with pytest.warns(UserWarning, match="the weights will not be those of an undisturbed run"):
        trained(digits, out, "gaussian", resume=True)
    first, then = load_checkpoint(out).metadata["machine"].split("; then ")
    assert f"cpu {own}, " in first
    assert f"cpu another kind, threads: {torch.get_num_threads()}, torch {torch.__version__}" in then


@pytest.mark.parametrize("name", ["model.train.tsv", "model.safetensors.state"])
@pytest.mark.parametrize("epoch", [1, 4])
def test_a_write_that_fails_loses_no_row_of_the_log(digits, tmp_path, monkeypatch, name, epoch):
    """The disk is full when the log, or the state, of an epoch is to be written; the last one included."""
    out = tmp_path / "model.safetensors"
    kept_by = {"model.train.tsv": "trainer", "model.safetensors.state": "run_state"}
    module = sys.modules[f"rstheory.smoothing.training.{kept_by[name]}"]
    atomic_write, written = module.atomic_write, []

    def full(path):
        written.append(path.name)
        if written.count(name) == epoch:
            raise OSError(28, "No space left on device")
        return atomic_write(path)

    monkeypatch.setattr(module, "atomic_write", full)
    with pytest.raises(OSError, match="No space left"):
        trained(digits, out, "gaussian")
    monkeypatch.undo()
    resumed = trained(digits, out, "gaussian", resume=True)
    assert resumed == trained(digits, tmp_path / "whole.safetensors", "gaussian")
    rows = [(tmp_path / f"{one}.train.tsv").read_text().splitlines() for one in ("model", "whole")]
    assert [row.split("\t")[:-1] for row in rows[0]] == [row.split("\t")[:-1] for row in rows[1]]
    assert len(rows[0]) == 5


class _Quiet:
    def __enter__(self):
        return lambda steps: None

    def __exit__(self, *error):
        return False


def test_a_diverging_run_ends_with_a_reason(digits, tmp_path):
    with pytest.raises(ValueError, match="the loss of epoch 0 is not finite: lower the learning rate"):
        trained(digits, tmp_path / "a.safetensors", "gaussian", quick(learning_rate=1e30))


def test_an_objective_makes_the_loss(digits, tmp_path):
    class Ours(Objective):
        def loss(self, step, state):
            logits = step.noisy_logits(step.images, step.noise)
            assert logits.shape[:2] == (2, len(step.labels))
            return Outcome(logits.square().mean(), logits)

    changed = trained(digits, tmp_path / "a.safetensors", Method("ours", Ours()))
    assert changed != trained(digits, tmp_path / "b.safetensors", "gaussian")


def test_easy_samples_become_easier_and_hard_ones_harder(tmp_path):
    """The paper's mechanism, on digits: more samples with p near 1, more below 1/2, at a lower mean. Seed fixed; with
    another one the differences are as large."""
    data, test = load("digits", "train"), load("digits", "test")
    p = {}
    for method in ("gaussian", "easy"):
        out = tmp_path / f"{method}.safetensors"
        trained(data, out, method, quick(epochs=20, batch=128))
        model = load_checkpoint(out).model
        p[method] = label_counts(model, test, range(len(test)), sigma=0.5, draws=400, seed=5, device=CPU).numpy() / 400
    assert np.mean(p["easy"] > 0.95) > np.mean(p["gaussian"] > 0.95) + 0.05
    assert np.mean(p["easy"] < 0.5) > np.mean(p["gaussian"] < 0.5) + 0.1
    assert np.mean(p["easy"]) < np.mean(p["gaussian"]) - 0.05
    assert np.std(p["easy"]) > np.std(p["gaussian"]) + 0.05


def test_command_line_refuses_in_one_line(tmp_path):
    arguments = [
        "train",
        "--data",
        "digits",
        "--sigma",
        "0.5",
        "--arch",
        "mlp",
        "--out",
        str(tmp_path / "m.safetensors"),
    ]
    for change, message in (
        (["--method", "magic"], "method='magic'"),
        (["--arch", "vgg"], "vgg"),
        (["--dtype", "x"], "'x'"),
        (["--attack-step", "0.1"], "attack.step=0.1 has no effect with method gaussian"),
        (["--method", "attack+discard", "--reweigh-every", "3"], "reweigh.every=3 has no effect"),
        (["--method", "attack", "--set", "steps=3"], "--set steps=3 is not allowed: write PART.NAME=VALUE"),
        (["--schedule", "cosine"], "--schedule cosine is not allowed: use stepdecay or triangle"),
        (["--schedule", "triangle", "--gamma", "0.5"], "--gamma 0.5 has no effect with --schedule triangle"),
        (["--milestones", "a,b"], "--milestones a,b is not allowed: write epoch numbers"),
    ):
        result = CliRunner().invoke(app, [*arguments, *change])
        assert result.exit_code == 2, result.output
        assert message in result.stderr
        assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("method", "options", "changed"),
    [
        ("easy", [], {}),
        (
            "discard+attack",
            ["--discard-draws", 7, "--attack-step", 0.5, "--set", "discard.threshold=0.25"],
            {"discard.draws": 7, "attack.step": 0.5, "discard.threshold": 0.25},
        ),
        ("easy", ["--reweigh-every", 3, "--attack-steps", 2], {"reweigh.every": 3, "attack.steps": 2}),
        ("easy", ["--set", "attack.start=9", "--set", "attack.steps=2"], {"attack.start": 9, "attack.steps": 2}),
    ],
)
def test_options_of_the_command_reach_the_method(monkeypatch, tmp_path, method, options, changed):
    seen = []
    monkeypatch.setattr("rstheory.smoothing.training.train", lambda *args, **kwargs: seen.append(args[:2]))
    arguments = ["train", "--data", "digits", "--sigma", 0.5, "--method", method, *options, "--out", tmp_path / "m"]
    result = CliRunner().invoke(app, list(map(str, arguments)))
    assert result.exit_code == 0, result.output
    assert seen == [(recipe(method, Settings(0.5), changed), Settings(sigma=0.5))]


@pytest.mark.parametrize(
    ("options", "schedule"),
    [
        ([], StepDecay()),
        (["--milestones", "60,120,140", "--gamma", "0.2"], StepDecay((60, 120, 140), 0.2)),
        (["--schedule", "triangle"], Triangle()),
        (["--schedule", "triangle", "--peak", "0.4"], Triangle(0.4)),
    ],
)
def test_options_of_the_command_reach_the_schedule(monkeypatch, tmp_path, options, schedule):
    seen = []
    monkeypatch.setattr("rstheory.smoothing.training.train", lambda *args, **kwargs: seen.append(args[1]))
    arguments = ["train", "--data", "digits", "--sigma", "0.5", *options, "--out", str(tmp_path / "m")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert seen == [Settings(sigma=0.5, schedule=schedule)]


# -- what a step sees and does --------------------------------------------------------------------------------------


class Watching(Perturbation):
    """Changes nothing, and keeps what every step is given: epoch, images, labels, noise."""

    def __init__(self):
        self.steps = []

    def noise(self, step, state):
        self.steps.append((step.epoch, step.images.clone(), step.labels.clone(), step.noise.clone()))
        return step.noise


def watched(data, out, configuration, *samplers, objective=None):
    """The steps of a run with these samplers, under the cross entropy if there is no other objective."""
    watching = Watching()
    method = Method("watched", objective or CrossEntropy(), samplers, (watching,))
    train(method, configuration, data, arch="mlp", out=out, device=CPU)
    return watching.steps


def kinds(n, classes=4, shape=(1, 2, 2)):
    """n plain images; kind i % classes is told from the brightness of image i, and is its label."""
    labels = torch.arange(n) % classes
    images = (60 * labels).to(torch.uint8).view(-1, 1, 1, 1).expand(-1, *shape).contiguous()
    return Dataset(images, labels, tuple(map(str, range(classes))), "kinds")


class Known(Sampler):
    """Returns the weights that it was given for an epoch, by kind."""

    def __init__(self, **given):
        self.given = given

    def weights(self, epoch):
        of_kind = self.given.get(f"epoch_{epoch.number}")
        return None if of_kind is None else torch.tensor(of_kind, dtype=torch.float64)[epoch.labels]


@pytest.mark.parametrize("swapped", [False, True])
def test_the_weights_of_all_samplers_multiply_and_each_holds_until_its_sampler_gives_another(tmp_path, swapped):
    """E1 with E2: what one sampler dropped stays dropped when another weighs the rest, and weighs it again. Chi-square
    at 1e-6 over 1,200 draws an epoch, seed fixed; eight of them, so a fresh seed would fail once in 125,000 times."""
    dropping, weighing = Known(epoch_1=[1, 0, 1, 1]), Known(epoch_2=[5, 7, 1, 2], epoch_3=[1, 9, 3, 4])
    parts = (weighing, dropping) if swapped else (dropping, weighing)
    steps = watched(kinds(1200), tmp_path / "a.safetensors", quick(epochs=4, batch=300), *parts)
    expected = [[1, 1, 1, 1], [1, 0, 1, 1], [5, 0, 1, 2], [1, 0, 3, 4]]
    for epoch, weights in enumerate(expected):
        images = torch.cat([images for at, images, _, _ in steps if at == epoch])
        kind = torch.round(images[:, 0, 0, 0] * 255 / 60).long().numpy()
        counts, weights = np.bincount(kind, minlength=4), np.array(weights)
        assert counts.sum() == 1200
        if epoch == 0:  # nobody has spoken yet: every sample once
            assert counts.tolist() == [300] * 4
        assert not counts[weights == 0].any()
        chances = weights[weights > 0] / weights.sum()
        assert chisquare(counts[weights > 0], 1200 * chances).pvalue > 1e-6


def test_weights_follow_sgd_by_hand(tmp_path):
    """Three epochs at three rates, with momentum and weight decay large enough to matter: v <- momentum v + gradient +
    decay w, then w <- w - rate v. Momentum runs on from epoch to epoch. Tolerance: nine steps in float32."""
    configuration = quick(epochs=3, batch=16, learning_rate=0.2, momentum=0.8, weight_decay=0.05, seed=7)
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (40, 1, 3, 3), generator=generator, dtype=torch.uint8)
    data = Dataset(images, torch.randint(0, 3, (40,), generator=generator), ("a", "b", "c"), "toy")
    steps = watched(data, tmp_path / "a.safetensors", configuration)
    assert [(epoch, len(labels)) for epoch, _, labels, _ in steps] == [(e, b) for e in range(3) for b in (16, 16, 8)]
    torch.manual_seed(7)
    model = build("mlp", 3, (1, 3, 3))
    weights = list(model.parameters())
    velocity = [torch.zeros_like(weight) for weight in weights]
    for epoch, images, labels, noise in steps:
        rate = (0.2, 0.02, 0.002)[epoch]
        scores = torch.stack([model(images + one) for one in noise]).log_softmax(2)
        loss = -scores[:, torch.arange(len(labels)), labels].mean()
        gradients = torch.autograd.grad(loss, weights)
        with torch.no_grad():
            for weight, pace, gradient in zip(weights, velocity, gradients, strict=True):
                pace.mul_(0.8).add_(gradient + 0.05 * weight)
                weight.sub_(rate * pace)
    found = list(load_checkpoint(tmp_path / "a.safetensors").model.parameters())
    for weight, own in zip(weights, found, strict=True):
        torch.testing.assert_close(own.detach(), weight.detach(), rtol=1e-4, atol=1e-6)


def variants(image):
    """Every crop of an image (channels, height, width) padded by 4 zeros, and its mirror: bytes -> flip, top, left."""
    _, height, width = image.shape
    padded = np.pad(image, [(0, 0), (4, 4), (4, 4)])
    crops = {(top, left): padded[:, top : top + height, left : left + width] for top in range(9) for left in range(9)}
    found = {crop.tobytes(): (0, *place) for place, crop in crops.items()}
    found |= {crop[:, :, ::-1].tobytes(): (1, *place) for place, crop in crops.items()}
    return found


def test_augmented_images_are_flipped_and_cropped_at_random(tmp_path):
    """Each of the 480 images that training saw is one of the 162 variants of the image with its label (every image has
    a label of its own), and flips, rows and columns are as often as they should be: chi-square at 1e-6, thrice, seed
    fixed."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (120, 3, 8, 8), generator=generator, dtype=torch.uint8)
    data = Dataset(images, torch.arange(120), tuple(map(str, range(120))), "noise")
    steps = watched(data, tmp_path / "a.safetensors", quick(batch=50, flip_and_crop=True))
    known = [variants(image) for image in images.numpy()]
    assert {len(found) for found in known} == {162}
    places = []
    for _, images, labels, _ in steps:
        pixels = (images * 255).round().to(torch.uint8).contiguous().numpy()
        torch.testing.assert_close(torch.from_numpy(pixels).float() / 255, images, rtol=0, atol=1e-7)
        places += [known[label][image.tobytes()] for image, label in zip(pixels, labels.tolist(), strict=True)]
    for values, number in zip(np.array(places).T, (2, 9, 9), strict=True):
        assert chisquare(np.bincount(values, minlength=number)).pvalue > 1e-6


def test_images_stay_as_they_are_without_augmentation(digits, tmp_path):
    steps = watched(digits, tmp_path / "a.safetensors", quick(epochs=1))
    seen = torch.cat([images for _, images, _, _ in steps]).flatten(1)
    assert torch.equal(seen.unique(dim=0), (digits.images.flatten(1).float() / 255).unique(dim=0))


@pytest.mark.parametrize("sigma", [0.12, 1.5])
def test_noise_has_the_level_that_was_asked_for(digits, tmp_path, sigma):
    """In the steps: Kolmogorov and Smirnov's test of N(0, sigma^2) on 43,200 numbers, at 1e-6, and another draw for
    every copy. In the counts that samplers ask for: as many right answers, by Hoeffding's bound at 1e-5, as in counts
    made beside the run with another seed. Seeds fixed. The labels are the raw network's own answers, so that noise
    alone decides how many are right."""
    torch.manual_seed(0)
    raw = build("mlp", 10, digits.shape).eval()
    labels = raw(digits.inputs(torch.arange(len(digits)))).argmax(1)
    digits = dataclasses.replace(digits, labels=labels)
    counted = []

    class Counting(Sampler):
        def weights(self, epoch):
            direct = label_counts(epoch.model, digits, range(len(digits)), sigma=sigma, draws=64, seed=1, device=CPU)
            counted.append((epoch.sigma, epoch.count(64).sum() - direct.sum()))

    configuration = quick(epochs=1, draws=3, sigma=sigma)
    steps = watched(digits, tmp_path / "a.safetensors", configuration, Counting())
    noise = torch.cat([noise.flatten(2) for _, _, _, noise in steps], dim=1)
    assert noise.shape == (3, len(digits), 64)
    assert kstest(noise.flatten().numpy(), norm(0, sigma).cdf).pvalue > 1e-6
    assert len(noise[:, :, 0].unique()) > 0.999 * noise[:, :, 0].numel()
    ((level, difference),) = counted
    assert level == sigma
    # Of 2 * 64 n answers, each 0 or 1: a difference of t has a chance of at most 2 exp(-2 t^2 / (2 * 64 n)).
    assert abs(difference) < (64 * len(digits) * np.log(2e5)) ** 0.5


# -- the training log -----------------------------------------------------------------------------------------------


def test_every_column_of_the_training_log_is_what_it_says(digits, tmp_path):
    """Loss and accuracy from the logits of all steps, the share drawn from the images seen, the rate from the schedule,
    and p of the watched samples from the weights, which are those of the last epoch."""

    class Dropping(Sampler):
        """Drops a third of the classes from epoch 1 on."""

        def weights(self, epoch):
            return (epoch.labels % 3 != 0).double() if epoch.number == 1 else None

    class Reading(CrossEntropy):
        """Keeps the logits and labels of every step."""

        def __init__(self):
            self.steps = []

        def loss(self, step, state):
            outcome = super().loss(step, state)
            self.steps.append((step.epoch, outcome.logits.detach().double(), step.labels))
            return outcome

    reading, configuration = Reading(), quick(epochs=3, sigma=0.4)
    steps = watched(digits, tmp_path / "a.safetensors", configuration, Dropping(), objective=reading)
    lines = [line.split("\t") for line in (tmp_path / "a.train.tsv").read_text().splitlines()]
    rows = [dict(zip(lines[0], map(float, line), strict=True)) for line in lines[1:]]
    assert [row["epoch"] for row in rows] == [0, 1, 2]
    assert [row["rate"] for row in rows] == [0.1, 0.01, 0.001]
    for epoch, row in enumerate(rows):
        losses, right, images = [], 0, 0
        for _, logits, labels in (step for step in reading.steps if step[0] == epoch):
            scores = logits.log_softmax(2)
            losses += (-scores[:, torch.arange(len(labels)), labels]).flatten().tolist()
            right += int((logits.argmax(2) == labels).sum())
            images += 2 * len(labels)
        assert images == 2 * len(digits)
        assert row["loss"] == pytest.approx(sum(losses) / images, abs=1e-5)
        assert row["accuracy"] == pytest.approx(right / images, abs=1e-5)
        seen = torch.cat([images for at, images, _, _ in steps if at == epoch]).flatten(1).unique(dim=0)
        assert row["drawn"] == pytest.approx(len(seen) / len(digits), abs=1e-4)
        assert row["seconds"] >= 0
    assert rows[0]["drawn"] == 1 > rows[1]["drawn"]
    # Fewer than 500 training samples: all are watched.
    model = load_checkpoint(tmp_path / "a.safetensors").model
    options = {"sigma": 0.4, "draws": 16, "device": CPU}
    counts = label_counts(model, digits, range(len(digits)), seed=seed_of(0, 2, WATCH), **options).numpy()
    edges = {"p0-0.25": (0, 4), "p0.25-0.5": (4, 8), "p0.5-0.75": (8, 12), "p0.75-1": (12, 16), "p1": (16, 17)}
    assert list(edges) == [name for name in lines[0] if name in edges]
    shares = [np.mean((counts >= low) & (counts < high)) for low, high in edges.values()]
    assert len({round(share, 4) for share in shares}) == 5  # so that no two of them can change places unseen
    for name, share in zip(edges, shares, strict=True):
        assert rows[2][name] == pytest.approx(share, abs=1e-4)


def test_every_epoch_draws_afresh(digits, tmp_path):
    """Order, noise, and the draws by which samplers count: those of one epoch are not those of another. At this rate
    the network stays what it was, so counts differ by their draws alone."""
    counts = []

    class Counting(Sampler):
        def weights(self, epoch):
            counts.append(epoch.count(16))
            assert torch.equal(epoch.count(16), counts[-1])

    configuration = quick(learning_rate=1e-30, weight_decay=0.0)
    steps = watched(digits, tmp_path / "a.safetensors", configuration, Counting())
    first, again = ([step[1:] for step in steps if step[0] == epoch] for epoch in (0, 1))
    assert not torch.equal(torch.cat([labels for _, labels, _ in first]), torch.cat([labels for _, labels, _ in again]))
    assert not torch.equal(first[0][2], again[0][2])
    assert not any(torch.equal(counts[0], other) for other in counts[1:])
