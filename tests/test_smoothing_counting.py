"""Counts are those of a loop that draws one vector at a time, however batches are filled, shared or interrupted."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.special import ndtr
from small_networks import CLASSES, CPU, DIMENSION, FLOATS, SHAPE, counted, images, network, reference
from torch import nn

from rstheory.smoothing.counting import ClassCounter, Span, packed, segments
from rstheory.smoothing.noise import BLOCK, Draws, Noise
from rstheory.smoothing.purposes import ESTIMATION, MEASUREMENT, PREDICTION, SELECTION

pytestmark = pytest.mark.usefixtures("one_core")  # small networks wait for other cores on a busy machine

SAMPLES = st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=4, unique=True)
PURPOSES = st.sampled_from([SELECTION, ESTIMATION, PREDICTION, MEASUREMENT])
BUDGETS = st.dictionaries(PURPOSES, st.sampled_from([1, 127, 128, 129, 256]) | st.integers(1, 300), min_size=1)
SIGMAS = st.sampled_from([0.12, 0.25, 0.5, 1.0]) | st.floats(0.05, 8)
BATCHES = st.sampled_from([1, 64, 127, 128, 129, 256]) | st.integers(1, 700)


@settings(max_examples=25)
@given(
    kind=st.sampled_from(["linear", "mlp"]),
    seed=st.integers(0, 2**64 - 1),
    sigma=SIGMAS,
    indices=SAMPLES,
    budgets=BUDGETS,
    batch=BATCHES,
    workers=st.integers(1, 3),
    dtype=st.sampled_from(FLOATS),
)
@example("mlp", 0, 0.5, [7, 3], {ESTIMATION: 300, SELECTION: 100}, 100, 2, torch.float32)
@example("mlp", 0, 0.5, [3, 7], {SELECTION: 100, ESTIMATION: 300}, 128, 1, torch.float32)
@example("linear", 2**64 - 1, 1.0, [0], {PREDICTION: 129}, 1, 3, torch.bfloat16)
@example("linear", 1, 0.25, [5, 6, 8], {SELECTION: 1, ESTIMATION: 1}, 700, 3, torch.float32)
def test_counts_are_those_of_the_plain_loop(kind, seed, sigma, indices, budgets, batch, workers, dtype):
    noise, model = Noise(seed, sigma, DIMENSION), network(kind, seed % 1000, dtype)
    arguments = (model, noise, images(len(indices), seed % 1000), indices, budgets, dtype)
    votes = counted(*arguments, batch=batch, workers=workers)
    assert votes.dtype == np.int64
    assert np.array_equal(votes, reference(*arguments))


@settings(max_examples=25)
@given(indices=SAMPLES, budgets=BUDGETS, data=st.data(), seed=st.integers(0, 2**64 - 1))
def test_batch_order_grouping_and_workers_do_not_matter(indices, budgets, data, seed):
    noise, model, samples = Noise(seed, 0.5, DIMENSION), network("mlp"), images(len(indices))
    votes = counted(model, noise, samples, indices, budgets, batch=256, workers=1)
    order = data.draw(st.permutations(range(len(indices))))
    cut = data.draw(st.integers(0, len(indices)))
    purposes = data.draw(st.permutations(list(budgets)))
    columns = [list(budgets).index(purpose) for purpose in purposes]
    for group in (order[:cut], order[cut:]):
        again = counted(
            model,
            noise,
            samples[group],
            [indices[i] for i in group],
            {purpose: budgets[purpose] for purpose in purposes},
            batch=data.draw(BATCHES),
            workers=data.draw(st.integers(1, 3)),
        )
        assert np.array_equal(again, votes[group][:, columns])


@settings(max_examples=25)
@given(n=st.integers(1, 600), more=st.integers(0, 300))
def test_a_larger_budget_goes_on_with_the_same_draws(n, more):
    """So its counts are at least those of the smaller one: the draws done before are part of it."""
    noise, model, samples = Noise(4, 0.5, DIMENSION), network("mlp"), images(1)
    small, large = (counted(model, noise, samples, [9], {ESTIMATION: k}, workers=1) for k in (n, n + more))
    assert (large - small >= 0).all()
    assert (large - small).sum() == more


def test_counters_keep_nothing_between_calls():
    noise, model, samples = Noise(5, 0.5, DIMENSION), network("mlp"), images(3)
    with ClassCounter(model, shape=SHAPE, classes=CLASSES, noise=noise, device=CPU, batch=200, workers=2) as counter:
        runs = [counter.count(samples, [0, 1, 2], {ESTIMATION: 333}) for _ in range(3)]
        # fewer rows than before leave old ones in the buffers, as padding
        alone = counter.count(samples[1:2], [1], {ESTIMATION: 333})
    assert np.array_equal(runs[0], runs[1])
    assert np.array_equal(runs[0], runs[2])
    assert np.array_equal(alone[0], runs[0][1])


@settings(max_examples=25)
@given(
    indices=SAMPLES,
    budgets=BUDGETS,
    batch=BATCHES,
    workers=st.integers(1, 3),
    seed=st.integers(0, 2**64 - 1),
    data=st.data(),
)
def test_counts_in_looks_are_those_of_counting_at_once(indices, budgets, batch, workers, seed, data):
    """Each sample has looks of its own, which need not end where blocks do."""
    noise, model, samples = Noise(seed, 0.5, DIMENSION), network("mlp"), images(len(indices))
    spans = []
    for place in range(len(indices)):
        for purpose, draws in budgets.items():
            inner = st.lists(st.integers(1, draws - 1), unique=True, max_size=4) if draws > 1 else st.just([])
            looks = [0, *sorted(data.draw(inner)), draws]
            spans += [Span(place, purpose, a, b - a) for a, b in pairwise(looks)]
    spans = data.draw(st.permutations(spans))
    cut = data.draw(st.integers(0, len(spans)))
    options = {"shape": SHAPE, "classes": CLASSES, "noise": noise, "device": CPU, "batch": batch, "workers": workers}
    with ClassCounter(model, **options) as counter:
        parts = [counter.count_spans(samples, indices, part) for part in (spans[:cut], spans[cut:]) if part]
    votes = np.zeros((len(indices), len(budgets), CLASSES), np.int64)
    for span, counts in zip(spans, np.concatenate(parts), strict=True):
        assert counts.sum() == span.draws
        votes[span.sample, list(budgets).index(span.purpose)] += counts
    assert np.array_equal(votes, reference(model, noise, samples, indices, budgets))


SPANS = st.lists(
    st.builds(
        Span,
        sample=st.integers(0, 3),
        purpose=PURPOSES,
        first=st.integers(0, 300) | st.sampled_from([127, 128, 10**15]),
        draws=st.sampled_from([1, 127, 128, 129]) | st.integers(1, 700),
    ),
    max_size=8,
)


@given(spans=SPANS, rows=st.sampled_from([1, BLOCK, 2 * BLOCK]) | st.integers(1, 700))
def test_batches_hold_every_draw_once(spans, rows):
    indices = [7, 3, 5, 2**63 - 1]
    batches = list(packed(spans, indices, rows))
    assert all(0 < sum(segment.draws.rows for segment in batch) <= rows for batch in batches)
    drawn = sorted(
        (s.span, s.draws.index, s.draws.purpose, s.draws.block * BLOCK + s.draws.first + row)
        for batch in batches
        for s in batch
        for row in range(s.draws.rows)
    )
    assert drawn == [
        (place, indices[sample], purpose, first + draw)
        for place, (sample, purpose, first, draws) in enumerate(spans)
        for draw in range(draws)
    ]
    for batch in batches:
        assert all(indices[s.sample] == s.draws.index and s.draws.first + s.draws.rows <= BLOCK for s in batch)


@given(spans=SPANS, rows=st.integers(1, 700))
def test_every_batch_but_the_last_is_full(spans, rows):
    filled = [sum(segment.draws.rows for segment in batch) for batch in packed(spans, [0, 1, 2, 3], rows)]
    assert set(filled[:-1]) <= {rows}
    assert sum(filled) == sum(span.draws for span in spans)


def test_whole_blocks_are_not_cut_in_batches_of_the_usual_sizes():
    """A cut block is drawn twice on CUDA: with 100 selection draws in front, every batch would cut one."""
    spans = [Span(i, purpose, 0, draws) for i in (0, 1) for purpose, draws in ((SELECTION, 100), (ESTIMATION, 10_000))]
    for rows in (256, 2048):
        cut = [s for batch in packed(spans, [0, 1], rows) for s in batch if s.draws.rows < BLOCK]
        assert len(cut) <= 2 * len(spans)


@given(first=st.integers(0, 10**15), draws=st.integers(0, 1000))
def test_segments_are_cut_where_blocks_end(first, draws):
    parts = list(segments(4, ESTIMATION, first, draws))
    assert sum(part.rows for part in parts) == draws
    assert all(0 < part.rows <= BLOCK - part.first for part in parts)
    assert all(part.first == 0 for part in parts[1:])
    if draws:
        assert parts[0].block * BLOCK + parts[0].first == first


# ---------------------------------------------------------------------------------------------------------------------
# The law


class HalfSpace(nn.Module):
    """Class 1 where w.x > c."""

    def __init__(self, w, c):
        super().__init__()
        self.w, self.c = w, c

    def forward(self, x):
        margin = x.flatten(1) @ self.w - self.c
        return torch.stack([torch.zeros_like(margin), margin], 1)


@pytest.mark.parametrize("sigma", [0.25, 1.0])
def test_counts_follow_the_binomial_law(sigma):
    """p = Phi((w.x - c)/(sigma |w|)). Seed fixed; false-alarm rate of 5 standard errors: 6e-7 for each of 6 counts.

    The grid, sigma/512 at its coarsest, moves p by less than 1e-4, a tenth of a standard error.
    """
    w, c, n = torch.tensor([3.0, -1.0, 2.0, 0.5, -2.0, 1.0]), 1.2345, 100_000
    samples, noise = images(3, seed=1), Noise(11, sigma, DIMENSION)
    with ClassCounter(HalfSpace(w, c), shape=SHAPE, classes=2, noise=noise, device=CPU) as counter:
        votes = counter.count(samples, [0, 1, 2], {SELECTION: n, ESTIMATION: n})
    margins = (samples.flatten(1) @ w.double() - c).numpy()
    p = ndtr(margins / (sigma * float(w.norm())))[:, None]
    assert p.min() < 0.5 < p.max()
    assert (votes.sum(2) == n).all()
    assert (np.abs(votes[:, :, 1] - n * p) < 5 * np.sqrt(n * p * (1 - p))).all()
    assert (votes[:, 0] != votes[:, 1]).all()  # purposes do not share their draws


class Recorder(nn.Module):
    """Keeps its inputs, and writes over them, as layers that work in place do."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, x):
        self.seen.append(x.clone())
        return x.zero_().flatten(1)[:, :CLASSES]


def seen_inputs(noise, samples, n, dtype, batch):
    model = Recorder()
    counted(model, noise, samples, [6], {ESTIMATION: n}, dtype, batch=batch, workers=1)
    assert {x.shape for x in model.seen} == {(batch, *SHAPE)}  # padding included: one shape, one choice of kernels
    return torch.cat(model.seen)[:n].flatten(1)


def drawn(noise, index, n):
    z = torch.empty((-(-n // BLOCK) * BLOCK, noise.dimension), dtype=torch.float64)
    for block, part in enumerate(z.split(BLOCK)):
        noise.fill(part, Draws(index, ESTIMATION, block, BLOCK))
    return z[:n]


@settings(max_examples=30)
@given(sigma=SIGMAS | st.floats(1e-4, 1e4), n=st.integers(1, 300), seed=st.integers(0, 2**64 - 1))
def test_the_network_sees_the_grid_point_next_to_the_noisy_image(sigma, n, seed):
    noise, samples = Noise(seed, sigma, DIMENSION), images(1, seed % 1000)
    inputs = seen_inputs(noise, samples, n, torch.float64, 128)
    steps = inputs / noise.grid  # exact
    assert torch.equal(steps, steps.round())
    exact = samples.flatten(1) + sigma * drawn(noise, 6, n)
    # Half a step, and what float64 rounds off: three roundings there and two here, of numbers up to 1 + 13 sigma.
    assert ((inputs - exact).abs() <= noise.grid / 2 + 5 * 2.0**-53 * (1 + 13 * sigma)).all()
    # and not all on a coarser grid
    assert n < 20 or (steps % 2 == 1).any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("sigma", [1e-3, 0.01, 0.12, 0.5, 1.0])
def test_other_dtypes_see_the_same_points_rounded_once(sigma, dtype):
    """In units of the grid of noise below 1/64, pixels lie beyond the 65 504 of float16: they must not get there."""
    noise, samples = Noise(8, sigma, DIMENSION), images(1)
    samples[0, 0] = 1
    exact = seen_inputs(noise, samples, 200, torch.float64, 64)
    assert torch.equal(seen_inputs(noise, samples, 200, dtype, 64), exact.to(dtype))


def test_memory_does_not_grow_with_the_budget():
    """Noise of 200 000 draws would take 77 MB, their inputs 38 MB, their labels 1.6 MB. The peak of a process of its
    own, from VmHWM: `ru_maxrss` would begin at the peak of the process that started it."""
    if not Path("/proc/self/status").exists():
        pytest.skip("peak memory is read from Linux's /proc")
    program = """
import torch
from pathlib import Path
from rstheory.smoothing.counting import ClassCounter
from rstheory.smoothing.noise import Noise
from rstheory.smoothing.purposes import ESTIMATION

class First(torch.nn.Module):
    def forward(self, x):
        return x.flatten(1)[:, :2]

with ClassCounter(First(), shape=(3, 4, 4), classes=2, noise=Noise(0, 0.5, 48), device=torch.device("cpu")) as counter:
    for n in (2_000, 2_000, 200_000):
        counter.count(torch.zeros((1, 3, 4, 4), dtype=torch.float64), [0], {ESTIMATION: n})
        print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    _, small, large = map(int, done.stdout.split())
    assert large - small < 1_500  # kB
