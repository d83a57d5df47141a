"""Samples that stop at different times: the same counts and looks however they are put together, and full batches."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from stopping import Patience
from torch import nn

from rstheory import radius_from_count
from rstheory.sequential import FixedDraws, rule_for_curve, rule_for_tolerance
from rstheory.smoothing import schedule
from rstheory.smoothing.counting import ClassCounter
from rstheory.smoothing.given import GivenImages
from rstheory.smoothing.noise import Noise
from rstheory.smoothing.purposes import ESTIMATION, SELECTION
from rstheory.smoothing.tasks import Certify, Predict

CPU = torch.device("cpu")
SHAPE, DIMENSION, CLASSES = (1, 2, 2), 4, 3
N0, SIGMA = 10, 0.5


class Tilted(nn.Module):
    """Three classes of different probability, which the image moves."""

    def forward(self, x):
        x = x.flatten(1)
        return torch.stack([x[:, 0] - 0.4, 0.5 * x[:, 1] + 0.1, x[:, 2] - x[:, 3]], 1)


IMAGES = GivenImages(torch.rand((40, *SHAPE), generator=torch.Generator().manual_seed(0)), torch.zeros(40).long())
NOISE = Noise(3, SIGMA, DIMENSION)
LOOKS = st.lists(st.integers(1, 600), min_size=1, max_size=6, unique=True).map(lambda looks: tuple(sorted(looks)))


def counted(task, indices, batch=128, workers=1, advance=lambda draws: None):
    """Samples in the order in which they were finished."""
    options = {"shape": SHAPE, "classes": CLASSES, "noise": NOISE, "device": CPU, "batch": batch, "workers": workers}
    with ClassCounter(Tilted(), **options) as counter:
        return [s for group in schedule.finished(task, counter, IMAGES, indices, advance) for s in group]


def at_once(index, draws):
    """Counts of one sample's first draws, by the plain way."""
    with ClassCounter(Tilted(), shape=SHAPE, classes=CLASSES, noise=NOISE, device=CPU, workers=1) as counter:
        image = IMAGES.inputs(torch.tensor([index]))
        return counter.count(image, [index], {SELECTION: N0, ESTIMATION: draws})[0]


@settings(max_examples=20)
@given(
    looks=LOOKS,
    share=st.floats(0, 0.8),
    indices=st.lists(st.integers(0, 39), unique=True, max_size=8),
    batch=st.integers(1, 300),
    workers=st.integers(1, 3),
    room=st.sampled_from([1, 2 * 8 * DIMENSION, 2**28]),
    batches=st.integers(1, 16),
)
def test_each_sample_stops_where_it_would_by_itself(looks, share, indices, batch, workers, room, batches):
    """Its counts are those of its draws up to the first look at which the rule stops, whoever else is under way."""
    task = Certify(SIGMA, Patience(looks, share), N0, seed=3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schedule, "_MOST_BYTES", room)
        patch.setattr(schedule, "_BATCHES", batches)
        done = counted(task, indices, batch, workers)
    assert sorted(sample.index for sample in done) == sorted(indices)
    for sample in done:
        for look in looks:
            counts = at_once(sample.index, look)
            if not task.needed(counts[None]).any():
                break
        assert np.array_equal(sample.counts, counts)
        assert sample.seconds > 0


def test_the_samples_above_stop_at_different_looks():
    """Against a test in which all samples do the same."""
    done = counted(Certify(SIGMA, Patience((20, 50, 100), 0.4), N0, seed=3), range(40))
    assert {int(sample.counts[1].sum()) for sample in done} == {20, 50, 100}
    assert [sample.index for sample in done] != list(range(40))


def test_samples_with_one_look_come_in_order():
    done = counted(Certify(SIGMA, FixedDraws(100), N0, seed=3), range(40))
    assert [sample.index for sample in done] == list(range(40))
    for sample in done[:3]:
        assert np.array_equal(sample.counts, at_once(sample.index, 100))


@pytest.mark.parametrize("rule", [FixedDraws(300), Patience((20, 50, 300), 0.4)])
def test_progress_adds_up_to_the_most_draws(rule):
    told = []
    task = Certify(SIGMA, rule, N0, seed=3)
    counted(task, range(20), advance=told.append)
    assert sum(told) == 20 * task.most_draws == 20 * (N0 + 300)
    assert min(told) >= 0


class Counting(nn.Module):
    """Counts its forward passes."""

    calls = 0

    def forward(self, x):
        type(self).calls += 1
        return x.flatten(1)[:, :CLASSES]


def filled(task, images):
    """Share of the rows of forward passes that hold a draw, and the draws of each sample."""
    given_, Counting.calls = GivenImages(images, torch.zeros(len(images)).long()), 0
    options = {"shape": SHAPE, "classes": CLASSES, "noise": NOISE, "device": CPU, "batch": 256, "workers": 1}
    with ClassCounter(Counting(), **options) as counter:
        groups = schedule.finished(task, counter, given_, range(len(images)), lambda draws: None)
        draws = [int(sample.counts.sum()) for group in groups for sample in group]
    return sum(draws) / (256 * Counting.calls), draws


@pytest.mark.parametrize("growth", [0.02, 0.1])
def test_batches_stay_full_while_samples_stop_at_different_times(growth):
    """97 % at least, the end of the run included."""
    looks = [100]
    while looks[-1] < 3000:
        looks.append(math.ceil(looks[-1] * (1 + growth)))
    task = Certify(SIGMA, Patience(tuple(looks), 0.45), N0, seed=3)
    share, draws = filled(task, torch.rand((300, *SHAPE), generator=torch.Generator().manual_seed(1)))
    assert len(set(draws)) > 10
    assert draws.count(max(draws)) > 20
    assert share >= 0.97


def test_a_curve_of_a_hundred_images_fills_its_batches():
    """With looks 2 % apart from the start it was 87 %: early ones of a few draws each left batches half empty."""
    task = Certify(SIGMA, rule_for_curve(SIGMA, 20_000), N0, seed=3)
    share, draws = filled(task, torch.rand((100, *SHAPE), generator=torch.Generator().manual_seed(1)))
    assert len(set(draws)) > 10
    assert share >= 0.97


# -- what a task says of counts --


@given(data=st.data(), n=st.integers(1, 500), n0=st.integers(1, 50))
def test_the_row_of_fixed_draws_is_that_of_cohen_et_al(data, n, n0):
    """The class by the selection draws, its count, Clopper-Pearson at alpha, and the radius of that."""
    draws = [data.draw(st.lists(st.integers(0, 2), min_size=k, max_size=k)) for k in (min(n0, 5), min(n, 20))]
    counts = np.array([np.bincount(d, minlength=3) for d in draws])
    counts[:, 0] += np.array([n0, n]) - counts.sum(axis=1)
    counts[1] = np.roll(counts[1], data.draw(st.integers(0, 2)))
    task = Certify(SIGMA, FixedDraws(n), n0, seed=3)
    assert task.needed(counts[None]).tolist() == [[0, 0]]
    cells = task.rows([5], [0], counts[None], [1.5])[0]
    selected = int(np.argmax(counts[0]))
    radius = float(radius_from_count(int(counts[1, selected]), n, 1e-3, SIGMA))
    assert cells["radius"] == radius
    assert cells["predict"] == (selected if radius > 0 else -1)
    assert cells["correct"] == int(cells["predict"] == 0)
    assert cells["count"] == counts[1, selected]
    assert (cells["idx"], cells["label"], cells["time"]) == (5, 0, "1.500")
    assert (cells["n"], cells["n0"], cells["alpha"], cells["sigma"]) == (str(n), str(n0), "0.001", "0.5")
    assert not {"rule", "draws"} & set(cells)


def test_a_rule_is_told_in_the_log_with_all_its_settings():
    plain = Certify(SIGMA, FixedDraws(300))
    assert not {"rule", "draws"} & set(plain.form.columns)
    stopped = [Certify(SIGMA, Patience((20, 300), share)) for share in (0.1, 0.2, 0.1)]
    assert stopped[0].form.columns == (*plain.form.columns, "draws", "rule")
    rules = [task.cells["rule"] for task in stopped]
    assert rules[0] == rules[2] != rules[1]
    assert rules[0].startswith("patience ")
    assert "rule" in stopped[0].form.identity
    cells = stopped[0].rows([1], [0], np.array([[[100, 0, 0], [18, 2, 0]]]), [0.1])[0]
    assert (cells["draws"], cells["n"], cells["predict"], cells["radius"]) == (20, "300", -1, 0.0)


@pytest.mark.parametrize(
    "task",
    [
        Certify(SIGMA, rule_for_tolerance(0.1, SIGMA, 500)),
        Certify(SIGMA, rule_for_curve(SIGMA, 500)),
        Certify(SIGMA, FixedDraws(500), bound="randomized"),
        Predict(SIGMA, 500),
    ],
    ids=lambda task: type(task).__name__ + getattr(getattr(task, "rule", None), "name", ""),
)
def test_rows_of_many_samples_are_those_of_each_alone(task):
    rng = np.random.default_rng(2)
    draws = rng.choice(task.rule.looks, 30) if isinstance(task, Certify) else np.full(30, 500)
    share = rng.dirichlet((9, 1, 0.1), 30)
    counts = np.array([[rng.multinomial(n, p) for _ in task.purposes] for n, p in zip(draws, share, strict=True)])
    indices, labels, seconds = [*range(30)], [0, 1, 2] * 10, rng.random(30).tolist()
    alone = [
        task.rows([i], [label], counts[i : i + 1], [s])[0] for i, label, s in zip(indices, labels, seconds, strict=True)
    ]
    assert task.rows(indices, labels, counts, seconds) == alone
    assert len({row["counts"] for row in alone}) > 20


def test_what_is_still_needed():
    certify, predict = Certify(SIGMA, Patience((20, 300), 0.1), n0=100), Predict(SIGMA, 500)
    assert certify.needed(np.zeros((2, 2, 3), np.int64)).tolist() == [[100, 20]] * 2
    after = np.array([[[100, 0, 0], [18, 2, 0]], [[0, 100, 0], [18, 2, 0]]])
    assert certify.needed(after).tolist() == [[0, 0], [0, 280]]
    assert predict.needed(np.array([[[1, 2, 3]], [[0, 500, 0]]])).tolist() == [[494], [0]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: FixedDraws(0), "cap=0 is not allowed"),
        (lambda: FixedDraws(10.0), "cap=10.0 is not allowed"),
        (lambda: FixedDraws(10, 1.0), "level=1.0 is not allowed"),
        (lambda: FixedDraws(10).decide(3, 5), "n=5 is not allowed: this rule is asked at its looks only"),
        (lambda: FixedDraws(10).decide([3, 11], 10), "count\\[1\\]=11 is not allowed"),
        (lambda: Certify(0.0), "sigma=0.0"),
        (lambda: Certify(0.5, n0=0), "n0=0"),
        (lambda: Predict(0.5, 0), "n=0"),
        (lambda: Certify(0.5, Patience((10, 10**12), 0.1)).level(1e-9), "n=1000000000000 is not allowed here"),
    ],
)
def test_bad_settings_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
