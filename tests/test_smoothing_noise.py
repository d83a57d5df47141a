"""Noise is a pure function of its coordinates; its grid and its tau; what is refused."""

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import assume, example, given
from hypothesis import strategies as st
from noise_draws import BLOCKS, HALF_CELL, INDICES, PURPOSES, SEEDS, SIGMAS, filled

from rstheory.smoothing.noise import (
    BLOCK,
    Begun,
    Draws,
    Noise,
    cuda_seed,
    cut_tail_variation,
    generator_name,
    level_with_noise_error,
)
from rstheory.smoothing.purposes import ESTIMATION, GRADIENT, MEASUREMENT, PREDICTION, SELECTION
from rstheory.smoothing.training.epoch import seed_of

# ---------------------------------------------------------------------------------------------------------------------
# A pure function of (seed, index, purpose, draw number)


@given(seed=SEEDS, index=INDICES, purpose=PURPOSES, block=BLOCKS, rows=st.integers(1, BLOCK), d=st.integers(1, 20))
def test_fewer_rows_are_a_prefix(seed, index, purpose, block, rows, d):
    noise = Noise(seed, 0.5, d)
    whole = filled(noise, index, purpose, block)
    assert np.isfinite(whole).all()
    assert np.array_equal(filled(noise, index, purpose, block, rows), whole[:rows])


def test_seeds_on_cuda_are_distinct_and_none_is_of_training():
    """NumPy takes (seed, 7, 1) and (seed, 7, 1, 0) for one seed: that of epoch 7 was that of image 7's first block."""
    runs, numbers = range(3), range(20)
    noise = [
        cuda_seed(run, Draws(index, purpose, block, BLOCK))
        for run in runs
        for index in numbers
        for purpose in range(5)
        for block in range(4)
    ]
    training = {seed_of(run, epoch, purpose) for run in runs for epoch in numbers for purpose in range(3)}
    assert len(set(noise)) == len(noise)
    assert not training & set(noise)


@given(data=st.data(), seed=SEEDS, index=INDICES, block=BLOCKS, d=st.integers(1, 20), remembers=st.booleans())
def test_a_block_may_be_drawn_in_parts(data, seed, index, block, d, remembers):
    """In any order, with generators kept or not."""
    noise, begun = Noise(seed, 0.5, d), Begun() if remembers else None
    whole = filled(noise, index, ESTIMATION, block)
    edges = [0, *sorted(data.draw(st.lists(st.integers(1, BLOCK - 1), unique=True, max_size=6))), BLOCK]
    parts = list(pairwise(edges))
    if data.draw(st.booleans()):
        parts = data.draw(st.permutations(parts))
    for first, end in parts:
        out = torch.full((end - first, d), math.nan, dtype=torch.float64)
        noise.fill(out, Draws(index, ESTIMATION, block, end - first, first), begun)
        assert np.array_equal(out.numpy(), whole[first:end])


def test_generators_of_half_drawn_blocks_are_kept_in_bounds(monkeypatch):
    monkeypatch.setattr(Begun, "_MOST", 3)
    noise, begun, out = Noise(0, 0.5, 2), Begun(), torch.empty((5, 2), dtype=torch.float64)
    for index in range(5):
        noise.fill(out, Draws(index, ESTIMATION, 0, 5), begun)
    kept = [begun.take(Draws(index, ESTIMATION, 0, 1, 5)) is not None for index in range(5)]
    assert kept == [False, False, True, True, True]
    noise.fill(out, Draws(0, ESTIMATION, 0, 5, BLOCK - 5), begun)
    assert begun.take(Draws(0, ESTIMATION, 1, 1, 0)) is None


def test_purposes_are_told_apart():
    assert len({SELECTION, ESTIMATION, PREDICTION, MEASUREMENT, GRADIENT}) == 5


@given(seed=SEEDS, where=st.lists(st.tuples(INDICES, PURPOSES, BLOCKS), min_size=2, max_size=5), data=st.data())
def test_order_does_not_matter_and_sigma_does_not_enter(seed, where, data):
    first = [filled(Noise(seed, 0.5, 3), *place) for place in where]
    order = data.draw(st.permutations(range(len(where))))
    noise = Noise(seed, data.draw(SIGMAS), 3)
    again = {i: filled(noise, *where[i]) for i in order}
    assert all(np.array_equal(again[i], draws) for i, draws in enumerate(first))


PLACES = st.tuples(SEEDS, INDICES, PURPOSES, BLOCKS)


@given(one=PLACES, other=PLACES, same=st.sets(st.integers(0, 3), max_size=3))
@example(one=(0, 1, 0, 0), other=(1, 0, 0, 0), same=set())  # seed and index must not be added up or swapped
@example(one=(0, 0, 0, 1), other=(0, 0, 1, 0), same=set())  # nor block and purpose
@example(one=(5, 0, 0, 0), other=(5, 0, 0, 1), same=set())
@example(one=(2**64 - 1, 0, 0, 0), other=(2**63 - 1, 0, 0, 0), same=set())
def test_distinct_places_share_no_draw(one, other, same):
    """Two honest sets of 256 doubles of 52 bits share a value with probability 2^16 / 2^52 an example."""
    other = tuple(mine if i in same else theirs for i, (mine, theirs) in enumerate(zip(one, other, strict=True)))
    assume(one != other)
    drawn = [set(filled(Noise(seed, 1.0, 2), *place).ravel()) for seed, *place in (one, other)]
    assert len(drawn[0]) == len(drawn[1]) == 2 * BLOCK
    assert not drawn[0] & drawn[1]


def test_purposes_keep_their_numbers():
    """They are part of the noise: renumbered, no old log could be computed again."""
    assert (SELECTION, ESTIMATION, PREDICTION, MEASUREMENT, BLOCK) == (0, 1, 2, 3, 128)


# ---------------------------------------------------------------------------------------------------------------------
# Grid and tau


@given(sigma=SIGMAS | st.floats(2.0**-499, 2.0**499), d=st.integers(1, 10**9), power=st.integers(-10, 10))
@example(sigma=1.0, d=1, power=1)
@example(sigma=float(np.nextafter(1.0, 0.0)), d=1, power=1)
@example(sigma=float(np.nextafter(2.0**-500, 1.0)), d=1, power=0)
@example(sigma=float(np.nextafter(2.0**500, 1.0)), d=1, power=0)
def test_grid_is_the_power_of_two_below_the_noise(sigma, d, power):
    noise = Noise(0, sigma, d)
    h = Fraction(noise.grid)
    assert math.frexp(noise.grid)[0] == 0.5
    assert Fraction(sigma) / 1024 < h <= Fraction(sigma) / 512
    # Four roundings: of the two quotients, the sum and the product by d.
    exact = d * (Fraction(sigma) / h + 1 / (8 * h)) / 2**48
    assert abs(Fraction(noise.tau) - exact) <= 4 * HALF_CELL * exact
    if 2.0**-500 < sigma * 2.0**power < 2.0**500:
        assert Noise(0, sigma * 2.0**power, d).grid == noise.grid * 2.0**power


def test_tau_of_the_published_noise_levels():
    """Images of CIFAR-10; the level of a bound at alpha = 0.001 and n = 100 000 grows by 1 to 4 in a thousand."""
    assert [f"{Noise(0, sigma, 3072).tau:.1e}" for sigma in (0.12, 0.25, 0.5, 1.0)] == [
        "2.2e-08",
        "8.4e-09",
        "7.0e-09",
        "6.3e-09",
    ]


# ---------------------------------------------------------------------------------------------------------------------
# Bad input


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Noise(0, 0.0, 1), "sigma=0.0"),
        (lambda: Noise(0, -1.0, 1), "sigma=-1.0"),
        (lambda: Noise(0, math.nan, 1), "sigma=nan"),
        (lambda: Noise(0, math.inf, 1), "sigma=inf"),
        (lambda: Noise(0, True, 1), "sigma=True"),
        (lambda: Noise(0, 2.0**-500, 1), r"sigma=3\.05\S*e-151 is not allowed: noise is drawn for sigma between"),
        (lambda: Noise(0, 2.0**500, 1), r"sigma=3\.27\S*e\+150"),
        (lambda: Noise(-1, 0.5, 1), "seed=-1"),
        (lambda: Noise(2**64, 0.5, 1), "seed=18446744073709551616"),
        (lambda: Noise(0.0, 0.5, 1), "seed=0.0"),
        (lambda: Noise(True, 0.5, 1), "seed=True"),
        (lambda: Noise(0, 0.5, 0), "dimension=0"),
        (lambda: Noise(0, 0.5, -3), "dimension=-3"),
        (lambda: Noise(0, 0.5, 3.0), "dimension=3.0"),
        (lambda: generator_name(torch.device("meta")), "device=meta"),
        (lambda: level_with_noise_error(0.0, 1, 0.1), "alpha=0.0"),
        (lambda: level_with_noise_error(1.0, 1, 0.1), "alpha=1.0"),
        (lambda: level_with_noise_error(0.1, 0, 0.1), "n=0"),
        (lambda: level_with_noise_error(0.1, 1.0, 0.1), "n=1.0"),
        (lambda: level_with_noise_error(0.1, 10**400, 0.1), "n=2.1328 or more"),
        (lambda: level_with_noise_error(0.1, 1, -0.1), "tau=-0.1"),
        (lambda: level_with_noise_error(0.1, 1, math.nan), "tau=nan"),
        (lambda: cut_tail_variation(0.0, 1), "cutoff=0.0"),
        (lambda: cut_tail_variation(math.nan, 1), "cutoff=nan"),
        (lambda: cut_tail_variation(1.0, 0), "dimension=0"),
        (lambda: cut_tail_variation(1.0, 2.0), "dimension=2.0"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
