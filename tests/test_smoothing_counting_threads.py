"""Counting in threads: progress, errors, and outputs and inputs that are refused."""

import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from small_networks import CLASSES, CPU, DIMENSION, SHAPE, counted, images, network
from torch import nn

from rstheory.smoothing.counting import ClassCounter, _Shared, keep_freed_memory
from rstheory.smoothing.noise import Noise
from rstheory.smoothing.purposes import ESTIMATION, SELECTION

pytestmark = pytest.mark.usefixtures("one_core")  # small networks wait for other cores on a busy machine


@pytest.mark.parametrize(("batch", "workers"), [(1, 1), (50, 3), (128, 2), (300, 3)])
def test_progress_adds_up_to_the_draws(batch, workers):
    told, lock = [], threading.Lock()

    def advance(draws):
        with lock:
            told.append(draws)

    noise = Noise(0, 0.5, DIMENSION)
    options = {"shape": SHAPE, "classes": CLASSES, "noise": noise, "device": CPU, "batch": batch, "workers": workers}
    with ClassCounter(network("linear"), **options) as counter:
        counter.count(images(3), [0, 1, 2], {SELECTION: 100, ESTIMATION: 515}, advance)
    assert sum(told) == 3 * 615
    assert min(told) > 0


def test_threads_of_the_caller_are_its_own():
    """Workers run on one core each; what torch does elsewhere in the process stays as it was."""
    torch.set_num_threads(2)
    counted(network("linear"), Noise(0, 0.5, DIMENSION), images(2), [0, 1], {ESTIMATION: 2000}, workers=3)
    assert torch.get_num_threads() == 2


def test_workers_default_to_the_cores():
    torch.set_num_threads(2)
    with ClassCounter(
        network("linear"), shape=SHAPE, classes=CLASSES, noise=Noise(0, 0.5, DIMENSION), device=CPU
    ) as counter:
        assert counter.workers == 2


def test_no_samples_make_no_counts():
    votes = counted(network("linear"), Noise(0, 0.5, DIMENSION), images(0), [], {SELECTION: 10, ESTIMATION: 10})
    assert votes.shape == (0, 2, CLASSES)


class Stumbles(nn.Module):
    """Of its first two calls, which meet in two threads, call `bad` raises; the other goes on for a while."""

    def __init__(self, error, bad):
        super().__init__()
        self.inner, self.error, self.bad = network("mlp"), error, bad
        self.calls, self.active = 0, 0
        self.lock, self.meeting = threading.Lock(), threading.Barrier(2)

    def forward(self, x):
        with self.lock:
            self.calls += 1
            call = self.calls
            self.active += 1
        try:
            if call <= 2:
                self.meeting.wait(30)
                if call == self.bad:
                    raise self.error
                time.sleep(0.1)
            return self.inner(x)
        finally:
            with self.lock:
                self.active -= 1


@pytest.mark.parametrize("bad", [1, 2])
@pytest.mark.parametrize("error", [RuntimeError("out of luck"), KeyboardInterrupt("stop")])
def test_an_error_in_a_worker_stops_them_all(error, bad):
    """It comes through at once, not when another thread has done the rest of the group; and no thread is left behind
    that would write into the buffers of the next call."""
    model, noise, samples = Stumbles(error, bad), Noise(0, 0.5, DIMENSION), images(2)
    with ClassCounter(model, shape=SHAPE, classes=CLASSES, noise=noise, device=CPU, batch=128, workers=2) as counter:
        with pytest.raises(type(error), match=str(error)):
            counter.count(samples, [0, 1], {ESTIMATION: 128_000})
        assert model.active == 0
        assert model.calls < 20  # of 2000
        votes = counter.count(samples, [0, 1], {ESTIMATION: 300})
    assert np.array_equal(votes, counted(model.inner, noise, samples, [0, 1], {ESTIMATION: 300}))


def test_threads_take_each_item_once():
    """The items come from a generator, which must not be entered by two threads at a time."""

    def slowly():
        for item in range(40):
            time.sleep(0.001)
            yield item

    shared = _Shared(slowly())
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda _: list(shared), range(4)))
    assert sorted(item for items in taken for item in items) == list(range(40))


def test_an_error_in_the_callback_comes_through():
    def advance(draws):
        raise OSError("no terminal")

    noise = Noise(0, 0.5, DIMENSION)
    with ClassCounter(network("mlp"), shape=SHAPE, classes=CLASSES, noise=noise, device=CPU, workers=2) as counter:
        with pytest.raises(OSError, match="no terminal"):
            counter.count(images(1), [0], {ESTIMATION: 1000}, advance)
        assert counter.count(images(1), [0], {ESTIMATION: 1000}).sum() == 1000


class Outputs(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def scores(x, bright):
    """Logits in order for dark inputs, `bright` in one of them for others."""
    logits = torch.tensor([0.0, 1.0, 2.0, 3.0]).repeat(len(x), 1)
    logits[:, 2] = torch.where(x.flatten(1).mean(1) > 0.5, bright, logits[:, 2])
    return logits


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("workers", [1, 2])
def test_outputs_that_are_not_finite_are_refused(value, workers):
    model = Outputs(lambda x: scores(x, value))
    samples = torch.stack([torch.zeros(SHAPE), torch.ones(SHAPE), torch.ones(SHAPE)]).double()
    with ClassCounter(
        model, shape=SHAPE, classes=CLASSES, noise=Noise(0, 0.01, DIMENSION), device=CPU, batch=100, workers=workers
    ) as counter:
        with pytest.raises(ValueError, match="the network's output is not finite on 600 draws, first on image 50"):
            counter.count(samples, [40, 50, 60], {SELECTION: 100, ESTIMATION: 200})
        votes = counter.count(samples[:1], [40], {SELECTION: 100, ESTIMATION: 200})
    assert votes.tolist() == [[[0, 0, 0, 100], [0, 0, 0, 200]]]


def test_a_class_that_is_ruled_out_is_no_error():
    """A logit of -inf leaves the largest as it is."""
    model = Outputs(lambda x: scores(x, -math.inf))
    votes = counted(model, Noise(0, 0.01, DIMENSION), torch.ones((1, *SHAPE)).double(), [0], {ESTIMATION: 10})
    assert votes.tolist() == [[[0, 0, 0, 10]]]


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.flatten(1),
        lambda x: x.flatten(1)[:, :3],
        lambda x: x.flatten(1)[:, 0],
        lambda x: x.flatten(1)[1:, :4],
        lambda x: x[:, :, 0, :2],
    ],
)
def test_outputs_of_another_shape_are_refused(function):
    with pytest.raises(ValueError, match=r"returned shape \(\S.*\) for 100 inputs: expected \(100, 4\)"):
        counted(Outputs(function), Noise(0, 0.5, DIMENSION), images(1), [0], {ESTIMATION: 10}, batch=100)


@pytest.mark.parametrize("pixel", [-5e-324, 1 + 2.0**-52, 255.0, math.nan, math.inf, -math.inf])
def test_pixels_outside_the_unit_interval_are_refused(pixel):
    samples = images(3)
    samples[1, 1, 0, 2] = pixel
    with pytest.raises(ValueError, match=r"image 33 is not allowed: pixels must lie in \[0, 1\]"):
        counted(network("linear"), Noise(0, 0.5, DIMENSION), samples, [22, 33, 44], {ESTIMATION: 10})


def test_the_ends_of_the_unit_interval_are_allowed():
    samples = torch.stack([torch.zeros(SHAPE), torch.ones(SHAPE)]).double()
    assert counted(network("linear"), Noise(0, 0.5, DIMENSION), samples, [0, 1], {ESTIMATION: 10}).sum() == 20


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shape": (3, 1, 1)}, r"shape=\(3, 1, 1\) is not allowed: the noise has dimension=6"),
        ({"batch": 0}, "batch=0"),
        ({"batch": 2.0}, "batch=2.0"),
        ({"workers": 0}, "workers=0"),
        ({"workers": -1}, "workers=-1"),
        ({"device": torch.device("meta")}, "device=meta"),
    ],
)
def test_bad_counters_are_refused(change, message):
    good = {"shape": SHAPE, "classes": CLASSES, "noise": Noise(0, 0.5, DIMENSION), "device": CPU}
    with pytest.raises(ValueError, match=message):
        ClassCounter(network("linear"), **(good | change))


@pytest.mark.parametrize("shape", [(2, *SHAPE), (1, 1, 2, 3), SHAPE, (1, 6)])
def test_images_of_another_shape_are_refused(shape):
    samples = torch.zeros(shape, dtype=torch.float64)
    with pytest.raises(ValueError, match=r"expected \(1, 2, 1, 3\)"):
        counted(network("linear"), Noise(0, 0.5, DIMENSION), samples, [0], {ESTIMATION: 10})


def test_keeping_freed_memory_twice_changes_no_count():
    arguments = (network("mlp"), Noise(0, 0.5, DIMENSION), images(1), [0], {ESTIMATION: 1000})
    before = counted(*arguments)
    keep_freed_memory()
    keep_freed_memory()
    assert np.array_equal(counted(*arguments), before)
