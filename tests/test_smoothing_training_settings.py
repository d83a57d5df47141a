"""Settings, schedules and methods by name, and the command line that chooses them."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from training_runs import quick
from typer.testing import CliRunner

from rstheory.cli import app
from rstheory.smoothing.training import (
    Attack,
    CatRs,
    Consistency,
    CrossEntropy,
    Discard,
    Macer,
    Method,
    Reweigh,
    Settings,
    SmoothAdv,
    SmoothMix,
    StepDecay,
    Triangle,
    compose,
    published_draws,
)


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
    assert compose("easy", chosen) == Method("easy", CrossEntropy(), samplers, (Attack(start, steps, step),))


@given(epochs=st.integers(2, 400))
def test_methods_scale_with_the_epochs(epochs):
    discard, reweigh = compose("discard+reweigh", Settings(0.5, epochs=epochs)).samplers
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
        compose(method, quick(epochs=1))
    assert compose(method, quick(epochs=2))
    assert compose("gaussian", quick(epochs=1)) == Method("gaussian", CrossEntropy())


@pytest.mark.parametrize("method", ["", "magic", "discard+magic", "discard+discard", "gaussian+attack", "easy+attack"])
def test_unknown_methods_are_refused(method):
    with pytest.raises(ValueError, match=r"use gaussian, easy, discard, .*, or parts joined by"):
        compose(method, quick())


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
        compose("attack", quick(), options)


# -- the published methods -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sigma", "adv", "macer", "consistency", "mix", "cat"),
    [
        (0.25, (1.0, 4), (12.0, 0), 20.0, (0.5, 0), 0.5),
        (0.5, (1.0, 8), (6.0, 0), 10.0, (1.0, 1), 1.0),
        (1.0, (2.0, 2), (12.0, 50), 10.0, (2.0, 1), 2.0),
    ],
)
def test_defaults_are_the_published_ones(sigma, adv, macer, consistency, mix, cat):
    """On CIFAR-10; from EXPERIMENTS.MD of alinlab/smoothing-catrs."""
    chosen = Settings(sigma, draws=16)
    assert compose("smoothadv", chosen).perturbations == (SmoothAdv(adv[0], steps=10, warmup=10),)
    assert compose("smoothadv", chosen).objective == CrossEntropy()
    assert compose("macer", chosen).objective == Macer(macer[0], gamma=8.0, beta=16.0, start=macer[1])
    assert compose("consistency", chosen).objective == Consistency(consistency, eta=0.5)
    assert compose("smoothmix", chosen).objective == SmoothMix(mix[0], mix[1], steps=4, eta=5.0, warmup=10)
    assert compose("catrs", chosen).objective == CatRs(cat, start=50, epsilon=1.0, steps=4)
    draws = {"smoothadv": adv[1], "macer": 16, "consistency": 2, "smoothmix": 2, "catrs": 4, "gaussian": 4, "easy": 4}
    assert {name: published_draws(name, chosen) for name in draws} == draws


def test_epoch_numbers_of_the_published_methods_scale_with_the_run():
    chosen = Settings(1.0, epochs=30, draws=2)
    assert compose("smoothadv", chosen).perturbations[0].warmup == 2
    assert compose("smoothmix", chosen).objective.warmup == 2
    assert compose("macer", chosen).objective.start == 10
    assert compose("catrs", chosen).objective.start == 10


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (lambda: SmoothAdv(0.0), "epsilon=0.0"),
        (lambda: SmoothAdv(1.0, steps=0), "steps=0"),
        (lambda: SmoothAdv(1.0, warmup=0), "warmup=0"),
        (lambda: Macer(-1.0), "lam=-1.0"),
        (lambda: Macer(1.0, gamma=0.0), "gamma=0.0"),
        (lambda: Macer(1.0, start=-1), "start=-1"),
        (lambda: Consistency(float("inf")), "lam=inf"),
        (lambda: Consistency(1.0, eta=-0.1), "eta=-0.1"),
        (lambda: SmoothMix(1.0, 4, steps=4), "mix_step=4 is not allowed: it must be less than steps=4"),
        (lambda: SmoothMix(0.0, 0), "step=0.0"),
        (lambda: CatRs(1.0, start=0, epsilon=-1.0), "epsilon=-1.0"),
        (lambda: CatRs(1.0, start=0, draws=0), "draws=0"),
        (
            lambda: compose("consistency", Settings(0.5, draws=1)),
            "draws=1 is not allowed: consistency needs at least 2",
        ),
        (lambda: compose("macer+consistency", Settings(0.5)), "macer and consistency are objectives"),
    ],
)
def test_bad_values_of_the_published_methods_are_refused(part, message):
    with pytest.raises(ValueError, match=message):
        part()


# -- the command line -----------------------------------------------------------------------------------------------


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
        (["--method", "attack+discard", "--reweigh-every", "3"], "reweigh.every=1 has no effect"),
        (["--method", "attack", "--set", "steps=3"], "--set steps=3 is not allowed: write PART.NAME=VALUE"),
        (["--schedule", "cosine"], "--schedule cosine is not allowed: use stepdecay or triangle"),
        (["--schedule", "triangle", "--gamma", "0.5"], "--gamma 0.5 has no effect with --schedule triangle"),
        (["--milestones", "a,b"], "--milestones a,b is not allowed: write epoch numbers"),
        (["--milestones", "50"], "--milestones (50,) has no effect with --schedule triangle"),
        (["--recipe", "slow"], "--recipe slow is not allowed: use papers or fast"),
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
    arguments = ["train", "--data", "digits", "--sigma", 0.5, "--recipe", "papers", "--method", method, *options]
    result = CliRunner().invoke(app, [*map(str, arguments), "--out", str(tmp_path / "m")])
    assert result.exit_code == 0, result.output
    assert seen == [(compose(method, Settings(0.5), changed), Settings(sigma=0.5))]


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
    arguments = ["train", "--data", "digits", "--sigma", "0.5", "--recipe", "papers", *options]
    result = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "m")])
    assert result.exit_code == 0, result.output
    assert seen == [Settings(sigma=0.5, schedule=schedule)]
