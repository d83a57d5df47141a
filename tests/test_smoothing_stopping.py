"""`rstheory certify` with a question: what it prints, what it proves, what it refuses."""

import re

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from certify_command import certify, half_space  # noqa: E402
from scipy.stats import binom  # noqa: E402
from small_runs import save, without_time  # noqa: E402
from test_smoothing_run import torchrun  # noqa: E402

from rstheory import radius_from_count, read_log  # noqa: E402
from rstheory.bounds import uniform  # noqa: E402
from rstheory.radius import certified_radius_sf  # noqa: E402
from rstheory.sequential import FixedDraws, rule_for_curve, rule_for_radius, rule_for_tolerance  # noqa: E402
from rstheory.smoothing.tasks import Certify  # noqa: E402

QUESTIONS = {
    "--radius 0.25": lambda: rule_for_radius(0.25, 0.5, 300),
    "--curve": lambda: rule_for_curve(0.5, 300),
    "--tolerance 0.2": lambda: rule_for_tolerance(0.2, 0.5, 300),
}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save(tmp_path_factory.mktemp("models") / "mlp.safetensors")


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_row_is_enough_to_recompute_its_certificate(checkpoint, tmp_path, question):
    done = certify(checkpoint, tmp_path / "log.tsv", *question.split())
    assert done.exit_code == 0, done.output
    log, rule = read_log(tmp_path / "log.tsv"), QUESTIONS[question]()
    assert log.rule == rule.name
    assert log.samples == 15
    assert set(log.draws.tolist()) <= set(rule.looks)
    for radius, count, draws in zip(log.radius, log.count, log.draws, strict=True):
        answer = rule.decide(int(count), int(draws))
        assert answer.done
        assert radius == certified_radius_sf(answer.lower_sf, 0.5)
    total = int(log.draws.sum())
    assert f"{total:,} draws, {total / 15:,.0f} per image: {4500 / total:.1f} times fewer" in done.stdout
    certified, at_cap = log.predict >= 0, log.draws == 300
    assert f"  {certified.sum()} certified at " in done.stdout
    assert f"{(~certified & ~at_cap).sum()} refuted early, {(~certified & at_cap).sum()} undecided at N" in done.stdout


def test_the_summary_of_one_radius_tells_no_acr(checkpoint, tmp_path):
    done = certify(checkpoint, tmp_path / "log.tsv", "--radius", "0.25")
    share = read_log(tmp_path / "log.tsv").certified_accuracy(0.25)
    assert done.stdout.startswith(f"certified accuracy {share:.4f} at radius 0.25 over 15 samples")
    assert "ACR 0" not in done.stdout


def test_the_randomized_bound_keeps_its_uniform_number(checkpoint, tmp_path):
    done = certify(checkpoint, tmp_path / "log.tsv", "--bound", "randomized")
    assert done.exit_code == 0, done.output
    log = read_log(tmp_path / "log.tsv")
    assert log.bound == "randomized"
    rows = without_time(tmp_path / "log.tsv")
    assert [float(row[-1]) for row in rows[1:]] == uniform(1, log.index).tolist()
    plain = log.rebound("clopper-pearson")
    assert np.all(log.radius >= plain.radius)
    assert f"Clopper and Pearson's would give ACR {plain.acr:.4f}" in done.stdout
    certify(checkpoint, tmp_path / "plain.tsv")
    assert np.array_equal(plain.radius, read_log(tmp_path / "plain.tsv").radius)
    assert read_log(tmp_path / "plain.tsv").rebound("randomized").radius == pytest.approx(log.radius, rel=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--radius 0.5 --curve", "--radius and --curve are different questions"),
        ("--curve --tolerance 0.1", "--curve and --tolerance are different questions"),
        ("--curve --bound randomized", "--bound randomized is for N draws per image: --curve stops earlier"),
        (
            "--bound bonferroni",
            "bound='bonferroni' is not allowed: it must be clopper-pearson, randomized or",
        ),
        ("--radius 9", "radius=9 is not allowed: N=300 draws certify less than 0.9999"),
        ("--radius -1", "radius=-1"),
        ("--tolerance 0", "0.0 is not a positive number"),
        ("--curve --n 9", "--n 9 certifies nothing at alpha=0.001"),
    ],
)
def test_questions_that_cannot_be_answered_are_refused(checkpoint, tmp_path, options, message):
    refused = certify(checkpoint, tmp_path / "log.tsv", *options.split())
    assert refused.exit_code == 2
    assert message in re.sub(r"[\s│]+", " ", refused.output)
    assert not (tmp_path / "log.tsv").exists()


def test_another_question_does_not_go_on_with_a_log(checkpoint, tmp_path):
    certify(checkpoint, tmp_path / "log.tsv", "--radius", "0.25")
    other = certify(checkpoint, tmp_path / "log.tsv", "--radius", "0.5", "--resume")
    assert other.exit_code == 2
    assert "it says rule=radius=0.25 " in other.output
    with pytest.raises(ValueError, match="it brings its own"):
        Certify(0.5, QUESTIONS["--curve"](), bound="two-class")


def test_processes_share_one_queue(checkpoint, tmp_path):
    """Two processes take samples as they have room, and write the log of one."""
    certify(checkpoint, tmp_path / "alone.tsv", "--curve")
    arguments = ["--checkpoint", checkpoint, "--data", "digits", "--sigma", 0.5, "--n", 300, "--n0", 20, "--seed", 1]
    shared = torchrun("certify", *arguments, "--skip", 30, "--curve", "--out", tmp_path / "shared.tsv")
    assert shared.returncode == 0, shared.stderr
    assert without_time(tmp_path / "shared.tsv") == without_time(tmp_path / "alone.tsv")


# -- the level printed is the level proved --

WAYS = ("", "--radius 0.5", "--curve", "--tolerance 0.2", "--bound randomized", "--bound two-class")


def false_alarms(checkpoint, out, way, true, skip=3):
    """(certificates above the true radius, samples, level printed) of a run at level 0.05."""
    done = certify(checkpoint, out, "--alpha", "0.05", *way.split(), n=200, skip=skip)
    assert done.exit_code == 0, done.output
    printed = float(re.search(r"level including the noise's error (\S+)", done.stdout)[1])
    log = read_log(out)
    return int(np.sum(log.radius[log.predict == 0] > true)), log.samples, printed


@pytest.mark.parametrize("way", WAYS)
def test_false_alarms_where_p_is_just_below_the_threshold(tmp_path, way):
    """Digits whose true radius is a hair below 0.5. If the printed level holds, the count of certificates above it
    exceeds this quantile with probability 1e-6 (seed fixed)."""
    true = 0.5 * (1 - 1e-6)
    wrong, samples, printed = false_alarms(
        half_space(tmp_path / "half.safetensors", true),
        tmp_path / "l.tsv",
        way,
        true,
        skip=10 if "tolerance" in way else 3,
    )
    assert samples == (45 if "tolerance" in way else 150)
    assert 0.05 <= printed < 0.0501
    assert wrong <= binom.ppf(1 - 1e-6, samples, printed)


def test_a_rule_that_spends_its_level_at_every_look_is_caught(tmp_path, monkeypatch):
    """Broken on purpose: Clopper-Pearson at the full level, asked again and again."""

    class Repeated(FixedDraws):
        @property
        def looks(self):
            return tuple(range(5, self.cap + 1))

        def decide(self, count, n):
            proved = np.asarray(radius_from_count(count, np.maximum(n, 1), 0.05, 0.5)) >= 0.5
            stop = (np.asarray(n) > 0) & (proved | (np.asarray(n) == self.cap))
            more = np.where(stop, 0, np.where(np.asarray(n) == 0, 5, 1))
            return type("Answer", (), {"more": more, "lower_sf": np.where(proved, 0.158, 1.0)})

    import rstheory.sequential

    monkeypatch.setattr(rstheory.sequential, "rule_for_radius", lambda *_: Repeated(200, 0.05))
    monkeypatch.setattr(Certify, "_stops_early", True)
    checkpoint = half_space(tmp_path / "half.safetensors", true := 0.5 * (1 - 1e-6))
    wrong, samples, printed = false_alarms(checkpoint, tmp_path / "log.tsv", "--radius 0.5", true, skip=1)
    assert wrong > binom.ppf(1 - 1e-6, samples, printed)
