"""Certificates and attacks together: what contradicts is found, and how often chance alone would do it."""

import json
import math
import re
import shutil

import numpy as np
import pytest
from attack_runs import TASK, attacked
from scipy.special import ndtr, ndtri
from scipy.stats import binom
from small_runs import certified
from typer.testing import CliRunner

from rstheory import CertificationLog, radius_from_count, read_log
from rstheory.audit.difficulty import DIFFICULTY
from rstheory.audit.sandwich import pair_up, sandwich, summary
from rstheory.cli import app
from rstheory.logs.attack_log import judgements, read_attack_log
from rstheory.logs.both import read_both
from rstheory.logs.schema import ATTACK_LOG
from rstheory.plots.sandwich import sandwich_plates
from rstheory.sequential.rule import FixedDraws
from rstheory.smoothing.models import load_checkpoint, save_checkpoint
from rstheory.smoothing.tasks import Certify

SETTINGS = {"attack": "pgd", "steps": 5, "m": 2, "restarts": 1, "halvings": 0, "eps": 2.0, "together": 8, "n": 100,
            "alpha": 0.01, "sigma": 0.5, "seed": 0, "tau": "0.0", "noise": "x", "dtype": "float32", "weights": "w",
            "data": "d"}  # fmt: skip


def attack_row(index=0, label=0, counts=(90, 10), norm=math.inf, attacked=None, **changes):
    """One row of an attack log; attacked: counts at the perturbed image, which is then a success."""
    cells = {
        "idx": index, "label": label, "predict": int(np.argmax(counts)), "correct": int(np.argmax(counts) == label),
        "time": "0.1", "counts": ",".join(map(str, counts)), "norm": norm,
        "found": -1 if attacked is None else int(np.argmax(attacked)),
        "attacked_counts": "" if attacked is None else ",".join(map(str, attacked)), "abstain_norm": math.inf,
        "judged": 1, **SETTINGS, **changes,
    }  # fmt: skip
    return "\t".join(str(cells.get(name, "x")) for name in ATTACK_LOG.columns)


@pytest.fixture
def attack_log(tmp_path):
    """An attack log of these rows."""

    def made(*rows, name="attack.tsv"):
        (tmp_path / name).write_text("\n".join([ATTACK_LOG.header, *rows]) + "\n")
        return read_attack_log(tmp_path / name)

    return made


def certificates(*counts, label=None, n=1000, sigma=0.5, alpha=0.001):
    """A log of images with these counts of two classes."""
    rows = np.array(counts)
    radius = [float(radius_from_count(int(row.max()), n, alpha, sigma)) for row in rows]
    predict = [int(row.argmax()) if r > 0 else -1 for row, r in zip(rows, radius, strict=True)]
    return CertificationLog.from_arrays(
        label=np.zeros(len(rows), int) if label is None else label, predict=predict, radius=radius, sigma=sigma, n=n,
        alpha=alpha, count=rows.max(axis=1), counts=rows,
    )  # fmt: skip


# -- alarms --


def test_a_success_inside_a_certificate_is_an_alarm(attack_log):
    proved = certificates((950, 50), (950, 50), (950, 50))
    radius = proved.radius[0]
    log = attack_log(
        attack_row(0, norm=0.9 * radius, attacked=(10, 90)),
        attack_row(1, norm=1.1 * radius, attacked=(10, 90)),
        attack_row(2),
    )
    one = sandwich(proved, log)
    (alarm,) = one.alarms
    assert (alarm.index, alarm.found, alarm.predict, alarm.norm) == (0, 1, 0, 0.9 * radius)
    # The image's p is at most Phi(norm/sigma) if the class changes there: as many votes are then improbable.
    tail = binom.sf(949, 1000, ndtr(0.9 * radius / 0.5))
    answer = judgements(0, 1) * 2 * binom.cdf(10, 100, 0.5)
    assert alarm.chance == pytest.approx(2 * max(tail, answer), rel=1e-9)
    assert one.to_frame()["inside"].tolist() == [True, False, False]
    assert "image 0: PREDICT says class 1" in str(alarm)
    assert one.level == pytest.approx(3 * (0.001 + 0.01))


def test_two_answers_for_one_image_are_an_alarm(attack_log):
    """The image itself: certified as class 1, and PREDICT says 0. Abstentions contradict nothing."""
    proved = certificates((50, 950), (50, 950), (480, 520))
    log = attack_log(attack_row(0), attack_row(1, counts=(52, 48), predict=-1, correct=0), attack_row(2))
    (alarm,) = sandwich(proved, log).alarms
    assert (alarm.index, alarm.norm, alarm.predict, alarm.found) == (0, 0.0, 1, 0)
    assert alarm.chance < 1e-6


def test_a_log_without_counts_alarms_at_its_level(attack_log):
    log = CertificationLog.from_arrays(label=[0], predict=[0], radius=[1.0], sigma=0.5, n=1000, alpha=0.001)
    (alarm,) = sandwich(log, attack_log(attack_row(0, norm=0.5, attacked=(0, 100)))).alarms
    assert alarm.chance == pytest.approx(2 * 0.001)


@pytest.mark.parametrize("distance", [0.1, 0.5])
def test_chance_is_a_p_value(distance):
    """With sound parts, the probability of an alarm whose chance is at most a is at most a. Summed exactly.

    One image, one judgement of an image at this distance, N = 60, n = 40. p is the probability of the class at the
    image, and at the other one the least that p allows: the attack is as good as it can be.
    """
    N, n, sigma, alpha = 60, 40, 0.5, 0.3
    k, j = np.arange(N + 1), np.arange(n + 1)
    radius = np.array([float(radius_from_count(int(count), N, alpha, sigma)) for count in k])
    certificate = binom.sf(k - 1, N, ndtr(distance / sigma))
    answer = np.minimum(1, 2 * binom.cdf(j, n, 0.5))  # p-value of a lead of the other class
    alarm = (radius[:, None] > distance) & (j < n / 2) & (answer <= alpha)
    chance = 2 * np.maximum(certificate[:, None], answer)
    for p in (0.3, 0.5, *ndtr(distance / sigma + np.linspace(-0.3, 0.3, 13)), 0.99):
        other = ndtr(ndtri(p) - distance / sigma)
        law = binom.pmf(k, N, p)[:, None] * binom.pmf(j, n, other)
        for a in (0.3, 0.1, 0.03, 0.01, 0.001):
            assert law[alarm & (chance <= a)].sum() <= a
        assert law[alarm].sum() <= 2 * alpha  # the level: alpha for the certificate, alpha for PREDICT


# -- what is put together --


def test_tables_of_a_small_case(attack_log):
    proved = certificates((990, 10), (700, 300), (400, 600), (999, 1))
    log = attack_log(
        attack_row(0, norm=1.5, attacked=(10, 90), abstain_norm=1.2),
        attack_row(1, norm=0.6, attacked=(10, 90)),
        attack_row(2, counts=(10, 90)),
        attack_row(3, abstain_norm=1.9),
    )
    one = sandwich(proved, log)
    frame = one.to_frame()
    assert frame["outcome"].tolist() == ["changed", "changed", "not attacked", "withstood"]
    assert frame["difficulty"].tolist() == ["0.9-0.99", "0.5-0.9", "not certified", "0.99-0.999"]
    assert frame["attacked"].tolist() == [1.5, 0.6, 0.0, math.inf]
    assert frame["certified"].tolist() == [*proved.radius[:2], 0.0, proved.radius[3]]
    table = one.by_difficulty().set_index("difficulty")
    assert table.index.tolist() == [*DIFFICULTY, "all"]
    assert table.loc["all", ["images", "attacked", "changed", "inside"]].tolist() == [4, 3, 2, 0]
    assert table.loc["all", "attack_median"] == 1.5
    assert table.loc["0.99-0.999", "attack_median"] == math.inf
    assert log.attacked_accuracy([0.0, 0.6, 1.2, 1.5, 2.0], abstentions_lost=False).tolist() == [
        0.75,
        0.5,
        0.5,
        0.25,
        0.25,
    ]
    assert log.attacked_accuracy([0.6, 1.2, 1.8, 2.0]).tolist() == [0.5, 0.25, 0.25, 0.0]
    with pytest.raises(ValueError, match="norms up to 2 were tried"):
        log.attacked_accuracy(2.1)
    assert summary([one])["images"].tolist() == [1, 1, 1, 1, 4]


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"sigma": 0.25}, "sigma is 0.5"), ({"label": 1}, "label of idx=0 is 0"), ({"index": 9}, "no image in common")],
)
def test_logs_that_do_not_belong_together_are_refused(attack_log, changes, message):
    with pytest.raises(ValueError, match=message):
        sandwich(certificates((990, 10)), attack_log(attack_row(**changes)))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (attack_row(0, norm=0.5, attacked=(40, 60)), "class 1 does not follow from the counts"),
        (attack_row(0, norm=0.5, attacked=(10, 80)), "do not add up to n=100"),
        (attack_row(0, counts=(55, 45)), "class 0 does not follow"),
        (attack_row(0, norm=0.5), "norm=0.5 with the class -1 found"),
        (attack_row(0, attacked=(10, 90)), "norm=inf with the class 1 found"),
        (attack_row(0, norm=-1.0, attacked=(10, 90)), "is no success"),
        (attack_row(0, norm=0.5, attacked=(90, 10)), "is no success"),
        (attack_row(0, norm="nan"), "norm=nan"),
        (attack_row(0, abstain_norm=0.0), "abstain_norm=0.0"),
        (attack_row(0, m="many"), "invalid literal"),
        (attack_row(0) + "\tmore", "columns where"),
        (attack_row(1, seed=5), "rows of more than one run: seed"),
        (attack_row(5), "an image is there twice"),
    ],
)
def test_an_attack_log_that_contradicts_itself_is_refused(attack_log, row, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        attack_log(attack_row(5), row)


# -- on digits --


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with a checkpoint, its certification log and two attack logs."""
    folder = tmp_path_factory.mktemp("runs")
    loaded = load_checkpoint("rstheory/zoo/digits/gaussian/model_0.50.safetensors")
    save_checkpoint(folder / "model.safetensors", loaded.model, arch="cnn", classes=10, shape=(1, 8, 8), metadata={})
    certified(folder / "model.safetensors", folder / "noise_0.5.tsv", Certify(0.5, FixedDraws(2000), n0=20))
    attacked(folder / "model.safetensors", folder / "pgd.tsv")
    return folder


def test_certified_is_below_attacked(runs):
    one = sandwich(read_log(runs / "noise_0.5.tsv"), read_attack_log(runs / "pgd.tsv"))
    assert one.alarms == ()
    tried = one.attack.succeeded
    assert tried.sum() >= 5
    assert (one.certified[tried] < one.attacked[tried]).all()
    curve = one.accuracies()
    assert (
        curve["certified"] <= curve["answered"] + 1 / one.samples * (one.attack.predict != one.attack.label).sum()
    ).all()
    assert (curve["answered"] <= curve["attacked"]).all()


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def forged(runs, folder):
    """The certification log with one radius far beyond the truth, and the count that would prove it."""
    lines = (runs / "noise_0.5.tsv").read_text().splitlines()
    log, attack = read_log(runs / "noise_0.5.tsv"), read_attack_log(runs / "pgd.tsv")
    place = int(np.argmin(np.where(log.correct, attack.norm, math.inf)))
    cells = dict(zip(lines[0].split("\t"), lines[place + 1].split("\t"), strict=True))
    counts = [0] * 10
    counts[int(cells["predict"])] = 2000
    cells |= {"count": "2000", "counts": ",".join(map(str, counts)),
              "radius": str(float(radius_from_count(2000, 2000, 0.001, 0.5)))}  # fmt: skip
    lines[place + 1] = "\t".join(cells.values())
    (folder / "noise_0.5.tsv").write_text("\n".join(lines) + "\n")
    return folder / "noise_0.5.tsv", int(cells["idx"]), attack.norm[place]


def test_the_command_fails_on_a_forged_certificate(runs, tmp_path):
    path, index, norm = forged(runs, tmp_path)
    assert norm < 1.4
    answer = run("sandwich", path, runs / "pgd.tsv")
    assert answer.exit_code == 3
    assert f"ALARM: {runs / 'pgd.tsv'}: image {index}: PREDICT says class" in answer.stderr
    assert "1 contradiction on 15 images" in answer.stdout


def test_the_command_shows_everything(runs, tmp_path):
    answer = run("sandwich", runs, "--json", tmp_path / "all.json", "--figures", tmp_path / "figures")
    assert answer.exit_code == 0, answer.output
    assert "0 contradictions on 15 images" in answer.stdout
    (found,) = json.loads((tmp_path / "all.json").read_text())["sandwiches"]
    assert (found["alarms"], found["samples"], len(found["images"])) == ([], 15, 15)
    assert sorted(path.suffix for path in (tmp_path / "figures").iterdir()) == [".csv", ".pdf", ".png", ".txt"]


def test_comparisons_without_an_alarm_share_one_line(runs, tmp_path):
    for name in ("first", "second"):
        shutil.copytree(runs, tmp_path / name)
    path, _, _ = forged(runs, tmp_path)
    answer = run("sandwich", tmp_path / "first", tmp_path / "second")
    assert answer.exit_code == 0, answer.output
    assert "0 contradictions in 4 comparisons of 60 images together" in answer.stdout
    assert "contradictions on" not in answer.stdout
    answer = run("sandwich", tmp_path / "first", path)
    assert answer.exit_code == 3
    assert "1 contradiction on 15 images" in answer.stdout
    assert "0 contradictions on 15 images" in answer.stdout


def test_the_attack_compares_at_its_end(runs, tmp_path):
    path, _, _ = forged(runs, tmp_path)
    arguments = ["attack", "--checkpoint", runs / "model.safetensors", "--data", "digits", "--sigma", 0.5, "--eps", 2,
                 "--m", 4, "--steps", 4, "--halvings", 3, "--n", 200, "--seed", 1, "--rows", 12, "--skip", 30,
                 "--device", "cpu", "--out", tmp_path / "log.tsv"]  # fmt: skip
    (tmp_path / "log.tsv").write_bytes((runs / "pgd.tsv").read_bytes())
    answer = run(*arguments, "--resume", "--against", path)
    assert answer.exit_code == 3, answer.output
    answer = run(*arguments, "--resume", "--against", runs / "noise_0.5.tsv")
    assert answer.exit_code == 0, answer.output
    refused = run(*arguments, "--resume", "--figures", tmp_path)
    assert (refused.exit_code, "give --against LOG" in refused.stderr) == (2, True)
    refused = run(*arguments, "--attack", "fgsm")
    assert (refused.exit_code, "--attack fgsm is not allowed: use pgd or apgd" in refused.stderr) == (2, True)


def test_logs_find_their_partners(runs, tmp_path):
    other = tmp_path / "other.tsv"
    other.write_text((runs / "pgd.tsv").read_text().replace("float32", "bfloat16"))
    proved, tried, errors = read_both([runs, other])
    assert (len(proved), len(tried), errors) == (1, 2, [])
    made, alone = pair_up(proved, tried)
    assert [one.attack.path for one in made] == [str(runs / "pgd.tsv")]
    ((path, reason),) = alone
    assert path == str(other)
    assert "dtype is float32 in one and bfloat16 in the other" in reason
    refused = run("sandwich", other, runs / "noise_0.5.tsv")
    assert refused.exit_code == 1
    (tmp_path / "broken.tsv").write_text(ATTACK_LOG.header + "\nnonsense\n")
    answer = run("sandwich", runs, tmp_path / "broken.tsv")
    assert (answer.exit_code, "broken.tsv, line 2" in answer.stderr) == (1, True)


def test_the_figure_is_the_same_every_time(runs, tmp_path):
    one = sandwich(read_log(runs / "noise_0.5.tsv"), read_attack_log(runs / "pgd.tsv"))
    for folder in ("a", "b"):
        (plate,) = sandwich_plates([one])
        plate.save(tmp_path / folder, {})
    for name in ("sandwich.png", "sandwich.csv", "sandwich.txt"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert "15 images per attack" in plate.caption


def test_the_task_of_the_log_is_that_of_the_run(runs):
    assert read_attack_log(runs / "pgd.tsv").level == TASK.judgement_level


def test_columns_may_come_in_any_order_and_number(attack_log, tmp_path):
    """A log of another release, which has a column less and one that is not known here."""
    log = attack_log(attack_row(0, norm=0.5, attacked=(10, 90)))
    lines = [line.split("\t") for line in (tmp_path / "attack.tsv").read_text().splitlines()]
    place = lines[0].index("kernels")
    turned = ["\t".join(["new" if i == 0 else "1", *line[:place], *line[place + 1 :]]) for i, line in enumerate(lines)]
    (tmp_path / "other.tsv").write_text("\n".join(turned) + "\n")
    assert read_attack_log(tmp_path / "other.tsv").norm.tolist() == log.norm.tolist()
    (tmp_path / "less.tsv").write_text("\n".join(turned).replace("\tseed", "\tsaat") + "\n")
    with pytest.raises(ValueError, match=r"less\.tsv, line 1: .* the column seed once"):
        read_attack_log(tmp_path / "less.tsv")
