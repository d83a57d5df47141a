"""`rstheory budget --radius`: what it says, against sums over every count, and the speed behind its times."""

import re

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import binom
from small_runs import save
from typer.testing import CliRunner

from rstheory import max_radius, min_certifiable_count, radius_from_count
from rstheory.cli import app
from rstheory.sequential import rule_for_radius
from rstheory.smoothing import speed
from rstheory.smoothing.counting import ClassCounter
from rstheory.smoothing.run import Machine


def budget(*arguments):
    return CliRunner().invoke(app, ["budget", *(str(argument) for argument in arguments)])


def lines(*arguments):
    done = budget(*arguments)
    assert done.exit_code == 0, done.output
    return done.stdout.splitlines()


def number(line, before):
    """The number that follows some words in a line."""
    return float(re.search(re.escape(before) + r" *([\d,.e+-]*\d)", line)[1].replace(",", ""))


def power(n, p, radius, alpha, sigma):
    """Probability that n draws certify a radius: a sum over the counts that do."""
    counts = np.arange(n + 1)
    return binom.pmf(counts[radius_from_count(counts, n, alpha, sigma) >= radius], n, p).sum()


@pytest.mark.parametrize(
    ("radius", "sigma", "alpha", "p", "chance"),
    [(0.5, 0.5, 0.001, 0.9, 0.95), (0.25, 1.0, 0.05, 0.75, 0.8), (1.0, 0.5, 0.01, 0.999, 0.5)],
)
def test_every_number_is_right(radius, sigma, alpha, p, chance):
    n = 400
    told = lines("--radius", radius, "--sigma", sigma, "--alpha", alpha, "--p", p, "--power", chance, "--n", n)
    assert number(told[0], "certified only where p is above") == pytest.approx(ndtr(radius / sigma), rel=1e-5)
    least = int(number(told[1], "if every draw gives the class:"))
    assert max_radius(least, alpha, sigma) >= radius > max_radius(least - 1, alpha, sigma)
    assert number(told[2], "can certify:") == pytest.approx(float(max_radius(n, alpha, sigma)), abs=6e-5)
    assert told[3] == f"p = {p:g}:"
    needed = int(number(told[4], "to certify it:"))
    assert power(needed, p, radius, alpha, sigma) >= chance
    assert all(power(fewer, p, radius, alpha, sigma) < chance for fewer in range(max(needed - 30, 1), needed))
    assert number(told[5], "certified with probability") == pytest.approx(power(n, p, radius, alpha, sigma), abs=6e-5)
    reach = number(told[6], f"radius certified with probability {chance:g}:")
    assert power(n, p, reach - 6e-5, alpha, sigma) >= chance > power(n, p, reach + 6e-5, alpha, sigma)
    does = rule_for_radius(radius, sigma, n, alpha).characteristics(1 - p)
    assert number(told[7], f"certify --radius {radius:g}:") == pytest.approx(does.draws, abs=0.6)
    assert number(told[7], "on average; certified") == pytest.approx(does.certified, abs=6e-5)
    assert number(told[7], "refuted") == pytest.approx(does.refuted, abs=6e-5)
    assert len(told) == 8


def test_without_p_several_are_told():
    told = lines("--radius", 0.5, "--n", 1000)
    assert [line for line in told if line.startswith("p = ")] == [f"p = {p:g}:" for p in (0.6, 0.8, 0.9, 0.99, 0.999)]
    assert "  too small: no number of draws certifies it, but with probability alpha" in told  # p = 0.6 < Phi(0.5)


def test_what_the_draws_cannot_do_is_said():
    assert lines("--radius", 1, "--n", 5)[-1] == "  N = 5 draws certify nothing at this alpha"
    assert min_certifiable_count(5, 0.001) > 5
    told = lines("--radius", 2, "--n", 50)
    assert "  so N = 50 is too small for this radius, whatever p" in told
    assert not any("certify --radius" in line for line in told)
    # Just below the largest radius a fixed number of draws will do, and a rule that may stop will not.
    told = lines("--radius", 3.8, "--p", 1)
    assert told[3].startswith("  certify --radius 3.8 is not possible: stopping at any time costs a few draws")
    assert "  at N = 100,000: certified with probability 1.0000" in told
    assert "1.21e+300 draws" in lines("--radius", 37)[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give one question: --radius R, or --acr A"),
        (["--radius", 1, "--acr", 1], "give one question: --radius R, or --acr A"),
        (["--acr", 1, "--p", 0.9], "--p, --checkpoint and --data go with --radius"),
        (["--radius", 1, "--data", "digits"], "--checkpoint and --data go together"),
        (["--radius", 0], "0.0 is not a positive number"),
        (["--radius", "nan"], "is not a positive number"),
        (["--radius", 1, "--p", 1.5], "Invalid value for '--p'"),
        (["--radius", 1, "--power", 1], "1.0 is not between 0 and 1"),
        (["--radius", 1, "--sigma", 0], "--sigma=0 is not allowed: it must be positive"),
        (["--radius", 1, "--alpha", 1], "--alpha=1 is not allowed: it must lie strictly between 0 and 1"),
        (["--radius", 40], "radius=40.0 is not allowed: at sigma=1.0 it needs more than 10^300 draws"),
    ],
)
def test_wrong_usage_prints_nothing_but_why(arguments, message):
    done = budget(*arguments)
    assert done.exit_code == 2
    assert message in " ".join(re.sub("[│╭╮╰╯─]", "", done.stderr).split())
    assert not done.stdout


# -- times --


def test_times_come_from_the_speed_of_the_machine(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(speed, "draws_per_second", lambda *arguments: asked.append(arguments) or 20.0)
    checkpoint = tmp_path / "m.safetensors"
    told = lines("--radius", 0.5, "--sigma", 0.5, "--p", 0.9, "--checkpoint", checkpoint, "--data", "digits")
    assert asked == [(checkpoint, "digits", 0.5)]
    assert told[1] == "  this machine: 20 draws per second"
    assert told[2].endswith("40 draws (2 s)")
    assert told[3].endswith("100,000 draws (83.3 minutes) per image")  # 5000 s: less than two hours


@pytest.fixture
def clock(monkeypatch):
    """Time passes by draws alone: the first call pays for what later ones find loaded, then 5000 draws per second."""

    class Clock:
        now, calls = 0.0, 0

    def count(counter, images, indices, draws):
        (made,) = draws.values()
        Clock.now += made / 5000 + (0 if Clock.calls else 60)
        Clock.calls += 1

    monkeypatch.setattr(ClassCounter, "count", count)
    monkeypatch.setattr(speed.time, "perf_counter", lambda: Clock.now)
    return Clock


def test_speed_is_measured_for_two_seconds_once_all_is_loaded(tmp_path, clock):
    checkpoint = save(tmp_path / "m.safetensors")
    for batch in (1, 64, 20_000):
        clock.now, clock.calls = 0.0, 0
        found = speed.draws_per_second(checkpoint, "digits", 0.5, Machine(device="cpu", batch=batch))
        assert found == pytest.approx(5000, rel=1e-9)
        assert clock.now > 62 or batch == 20_000
        assert clock.calls <= 12, "what is timed grows fast"


def test_speed_of_a_real_network(tmp_path, monkeypatch):
    monkeypatch.setattr(speed, "_SECONDS", 0.01)
    found = speed.draws_per_second(save(tmp_path / "m.safetensors"), "digits", 0.5, Machine(device="cpu", batch=32))
    assert 10 < found < 1e8


def test_speed_needs_a_network_for_the_images(tmp_path):
    with pytest.raises(OSError, match="missing"):
        speed.draws_per_second(tmp_path / "missing.safetensors", "digits", 0.5)
    done = budget("--radius", 0.5, "--checkpoint", tmp_path / "missing.safetensors", "--data", "digits")
    assert (done.exit_code, done.stdout) == (1, "")
