"""Noise: a pure function of its coordinates, and as near to the normal law as tau says.

The oracle for tau is the real-number ziggurat: 256 layers of one exact area, computed here from their equation, fed
with words that we choose or that come from a Philox written out below.
"""

import math
from fractions import Fraction
from functools import cache
from itertools import pairwise

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy import special, stats

from rstheory.binomial import clopper_pearson_lower
from rstheory.smoothing.noise import (
    BLOCK,
    Begun,
    Draws,
    Noise,
    cut_tail_variation,
    generator_name,
    level_with_noise_error,
)
from rstheory.smoothing.purposes import ESTIMATION, GRADIENT, MEASUREMENT, PREDICTION, SELECTION
from tests.strategies import log_uniform

SEEDS = st.sampled_from([0, 1, 2**63 - 1, 2**63, 2**64 - 1]) | st.integers(0, 2**64 - 1)
INDICES = st.sampled_from([0, 1, 2**63 - 1]) | st.integers(0, 2**63 - 1)
BLOCKS = st.sampled_from([0, 1, 2**32]) | st.integers(0, 2**63 - 1)
PURPOSES = st.sampled_from([SELECTION, ESTIMATION, PREDICTION, MEASUREMENT])
SIGMAS = st.sampled_from([0.12, 0.25, 0.5, 1.0]) | log_uniform(2.0**-499, 2.0**499)
HALF_CELL = Fraction(1, 2**53)  # the relative error of one rounding in float64


def filled(noise, index=0, purpose=ESTIMATION, block=0, rows=BLOCK):
    out = torch.full((rows, noise.dimension), math.nan, dtype=torch.float64)
    noise.fill(out, Draws(index, purpose, block, rows))
    return out.numpy()


# ---------------------------------------------------------------------------------------------------------------------
# A pure function of (seed, index, purpose, draw number)


@given(seed=SEEDS, index=INDICES, purpose=PURPOSES, block=BLOCKS, rows=st.integers(1, BLOCK), d=st.integers(1, 20))
def test_fewer_rows_are_a_prefix(seed, index, purpose, block, rows, d):
    noise = Noise(seed, 0.5, d)
    whole = filled(noise, index, purpose, block)
    assert np.isfinite(whole).all()
    assert np.array_equal(filled(noise, index, purpose, block, rows), whole[:rows])


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


def philox(counter, key):
    """Philox4x64-10 of Salmon et al. (SC 2011), figure 5 and table 2."""
    mask = 2**64 - 1
    a, b, c, d = counter
    left, right = key
    for _ in range(10):
        one, two = 0xD2E7470EE14C6C93 * a, 0xCA5A826395121157 * c
        a, b, c, d = two >> 64 ^ b ^ left, two & mask, one >> 64 ^ d ^ right, one & mask
        left, right = left + 0x9E3779B97F4A7C15 & mask, right + 0xBB67AE8584CAA73B & mask
    return a, b, c, d


def test_philox_has_the_published_answers():
    """The first two rows for philox4x64-10 in kat_vectors of Random123, the authors' own code."""
    zeros = (0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B)
    ones = (0x87B092C3013FE90B, 0x438C3C67BE8D0224, 0x9CC7D7C69CD777B6, 0xA09CAEBF594F0BA0)
    assert philox((0,) * 4, (0,) * 2) == zeros
    assert philox((2**64 - 1,) * 4, (2**64 - 1,) * 2) == ones


def words(seed, index, purpose, block):
    """The random words of a block, by the counters that the head of the module states: word 0 counts from 1."""
    for step in range(1, 10**6):
        yield from philox((step, 0, block, purpose), (seed, index))


# ---------------------------------------------------------------------------------------------------------------------
# The real-number ziggurat


def density(x):
    return mpmath.exp(-x * x / 2)


@cache
def layers():
    """Right ends X_0..X_255 of 256 layers of equal area under exp(-x^2/2), X_0 that of the base with its tail.

    X_255 = r is where the top layer closes: V/X_1 + f(X_1) = f(0) = 1.
    """
    with mpmath.workprec(250):

        def build(r):
            area = r * density(r) + mpmath.sqrt(mpmath.pi / 2) * mpmath.erfc(r / mpmath.sqrt(2))
            widths = [r]
            for _ in range(254):
                widths.append(mpmath.sqrt(-2 * mpmath.log(area / widths[-1] + density(widths[-1]))))
            return [area / density(r), *reversed(widths)], area

        def gap(r):
            widths, area = build(r)
            return area / widths[1] + density(widths[1]) - 1

        start = mpmath.mpf("3.6541528853610088")
        r = mpmath.findroot(gap, (start, start + mpmath.mpf(10) ** -15), solver="secant", tol=1e-100)
        assert abs(r - start) < 4e-17  # the float next to r is the constant of every implementation
        return build(r)


@cache
def width(layer):
    """X_i as a Fraction, right to 2^-200."""
    with mpmath.workprec(250):
        return Fraction(int(mpmath.floor(layers()[0][layer] * 2**200)), 2**200)


def rectangle(layer):
    """Up to here, all of a layer lies under the density: the width of the layer above it; none in the top layer."""
    return 0 if layer == 1 else width(layer - 1 if layer else 255)


def threshold(layer, x):
    """A wedge at x accepts a uniform number below this."""
    widths, _ = layers()
    below, above = density(widths[layer]), density(widths[layer - 1]) if layer > 1 else 1
    return (density(x) - below) / (above - below)


def split(word):
    """A word's layer, sign bit and 52 bits of abscissa."""
    return word & 0xFF, word >> 8 & 1, word >> 9 & 2**52 - 1


def real_draw(stream):
    """(layer, value) that real numbers with these leading bits (and none behind them) give; layer "tail" beyond r."""

    def uniform():
        return mpmath.mpf(next(stream) >> 11) / 2**53

    while True:
        layer, sign, bits = split(next(stream))
        value = bits * width(layer) / 2**52
        if value < rectangle(layer):
            return layer, -value if sign else value
        with mpmath.workprec(120):
            if layer:
                if uniform() < threshold(layer, mpmath.mpf(bits) / 2**52 * layers()[0][layer]):
                    return layer, -value if sign else value
            else:
                r = layers()[0][255]
                accepted = False
                while not accepted:
                    beyond = -mpmath.log1p(-uniform()) / r
                    accepted = -2 * mpmath.log1p(-uniform()) > beyond**2
                far = Fraction(int((r + beyond) * 2**100), 2**100)
                return "tail", -far if bits >> 8 & 1 else far


def real_draws(count, *place):
    stream = words(*place)
    return [real_draw(stream) for _ in range(count)]


# Of NumPy's table of widths, in units of 2^-53; `tables` below measures 70 in layer 1.
LARGEST_TABLE_ERROR = 71


def agree(draws, reals):
    """Every draw comes from the same layer by the same decisions, and its error is that of table and product."""
    for z, (layer, value) in zip(draws.tolist(), reals, strict=True):
        # In the tail: 1/r, log1p and the two products of `xx`, then r and the sum, by at most 2^-53 or an ulp each.
        allowed = 8 if layer == "tail" else LARGEST_TABLE_ERROR + 1
        assert abs(Fraction(z) - value) <= allowed * HALF_CELL * abs(value), (layer, z)


def test_draws_are_those_of_the_real_ziggurat():
    """30 000 draws, each layer hit about 117 times, some 350 wedges and 8 tails. One decision taken otherwise would
    shift the words of all later draws."""
    place = (2026, 17, ESTIMATION, 3)
    draws = filled(Noise(2026, 0.5, 300), *place[1:], rows=100).ravel()
    reals = real_draws(draws.size, *place)
    assert {layer for layer, _ in reals} == {*range(256), "tail"}
    agree(draws, reals)


@settings(max_examples=20)
@given(seed=SEEDS, index=INDICES, purpose=PURPOSES, block=BLOCKS)
def test_every_place_draws_from_its_own_counters(seed, index, purpose, block):
    """Key (seed, index), counter (1 and up, 0, block, purpose): nothing else enters."""
    agree(filled(Noise(seed, 1.0, 30), index, purpose, block, 1)[0], real_draws(30, seed, index, purpose, block))


# ---------------------------------------------------------------------------------------------------------------------
# NumPy's tables, measured by feeding it words of our own


class Fed:
    """NumPy's `standard_normal` on up to four chosen words, then zeros of layer 255, which end any rejection."""

    def __init__(self):
        self.bits = np.random.Philox(0)
        self.generator = np.random.Generator(self.bits)
        self.state = self.bits.state

    def __call__(self, *chosen):
        """(value, words used; 5 for more than four)."""
        self.state["buffer"] = np.array((*chosen, *[0xFF] * (4 - len(chosen))), dtype=np.uint64)
        self.state["buffer_pos"] = 0
        self.bits.state = self.state
        z = float(self.generator.standard_normal())
        after = self.bits.state
        moved = not np.array_equal(after["state"]["counter"], self.state["state"]["counter"])
        return z, 5 if moved else after["buffer_pos"]


def first_false(holds, end):
    """The first integer in [0, end] where `holds`, true and then false, is false; `end` if it never is."""
    low, high = 0, end
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            low = middle + 1
        else:
            high = middle
    return low


@cache
def tables():
    """For each layer: the table error e_i, the error of its rectangle, of its wedge's decisions (as probabilities)."""
    fed = Fed()
    errors, rectangles, wedges = [], [], []
    for layer in range(256):
        # 2^51 times the table's entry is exact. In layer 1, which is all wedge, the word 0 accepts.
        value, _ = fed((1 << 51) << 9 | layer, 0)
        errors.append(float(abs(Fraction(value) * 2 / width(layer) - 1) / HALF_CELL))
        bound = first_false(lambda bits, i=layer: fed(bits << 9 | i)[1] == 1, 2**52)
        rectangles.append(float(abs(Fraction(bound, 2**52) - rectangle(layer) / width(layer))))
        worst = 0.0
        for place in (0.01, 0.4, 0.8, 0.99) if layer else ():
            bits = bound + int(place * (2**52 - bound))
            with mpmath.workprec(120):
                x = mpmath.mpf(bits) / 2**52 * layers()[0][layer]
                accepted = first_false(lambda u, w=bits << 9 | layer: fed(w, u << 11)[1] == 2, 2**53)
                worst = max(worst, abs(float(threshold(layer, x) - mpmath.mpf(accepted) / 2**53)))
        wedges.append(worst)
    return errors, rectangles, wedges


def test_layers_are_as_wide_as_the_proof_says():
    """The numbers at the head of the module, and that the layers share the area alike."""
    widths, area = layers()
    with mpmath.workprec(250):
        heights = [density(x) for x in widths[1:]]
        pieces = [x * (upper - lower) for x, lower, upper in zip(widths[1:], heights, [1, *heights], strict=False)]
        assert all(abs(piece - area) < mpmath.mpf(10) ** -60 for piece in pieces)
        assert abs(widths[0] * heights[-1] - area) < mpmath.mpf(10) ** -60
    assert all(inner < outer for inner, outer in pairwise(widths[1:]))
    assert 0.2 < min(widths) == widths[1]
    assert max(widths) == widths[0] < 4
    assert 1.59 < sum(widths) / 256 < 1.6
    assert sum(1 / x for x in widths) / 256 < 0.8
    assert mpmath.sqrt(mpmath.pi / 2) / (256 * area) > 0.993  # accepted proposals


def test_the_tables_are_as_wrong_as_the_proof_says():
    """Correct rounding would be e_i <= 1; NumPy's tables were computed in double precision, layer after layer."""
    errors, rectangles, wedges = tables()
    assert 69 < max(errors) == errors[1] < 70
    assert 3.8 < sum(e * width(i) for i, e in enumerate(errors)) / 256 < 3.9
    assert max(rectangles) < 15 * 2.0**-52
    assert max(wedges) < 600 * 2.0**-53
    # With the unseen bits of the abscissa, by the slope of the density, and of the uniform:
    assert max(w + unseen(i) for i, w in enumerate(wedges)) < 2.0**-42


@cache
def unseen(layer):
    """How far bits behind those drawn can move the decision of a wedge, in probability.

    |f'| <= x f at the inner end, over the height V/X of the layer, times an abscissa's 2^-52 X; 2^-53 of the uniform.
    """
    if layer == 0:
        return 0.0
    widths, area = layers()
    inner = widths[layer - 1] if layer > 1 else 0
    return float(widths[layer] * density(inner) * widths[layer] / area * widths[layer]) * 2.0**-52 + 2.0**-53


def test_few_draws_meet_a_decision():
    beyond = [1 - rectangle(i) / width(i) for i in range(256)]
    assert 0.0149 < sum(beyond) / 256 < 0.015
    assert 2.5e-4 < beyond[0] / 256 < 2.6e-4


def disagreement(a, b):
    """Bound on the probability that a coordinate a z + b, |b| as given, is rounded otherwise than the real a Z + b.

    In two parts: the values in the layers, and the rest (acceptance, values in the tail). Products of two errors, 2^-40
    of what is here, are left out.
    """
    errors, rectangles, wedges = tables()
    widths, area = list(map(float, layers()[0])), float(layers()[1])
    unit = 2.0**-53
    body = rest = 0.0
    for i, x in enumerate(widths):
        beyond = 1 - float(rectangle(i) / width(i))
        # Table, product by it, product by a; sum: to either side. The unseen bits: to one side, 2^-52 of the width.
        swept = 2 * ((errors[i] + 2) * a * x + (a * x + b)) + 2 * a * x
        body += (1 + 2 / (a * x)) * swept * unit  # half-integers in an interval as long as a x, each sweeping so much
        rest += rectangles[i] + 2 * unit
        if i:
            # The measured error comes from tables, linear across the wedge, and from roundings: four times is plenty.
            rest += beyond * (4 * wedges[i] + 2 * unseen(i))
    r = widths[255]
    tries = math.exp(-r * r / 2) / (r * math.sqrt(2 * math.pi) * special.ndtr(-r))
    tail = (1 - float(rectangle(0) / width(0))) * tries
    # Value: off by 10 roundings of a z and one of b, and by a cell of the uniform at each half-integer up to r + 10.1,
    # beyond which there is one cell; the sum over half-integers of a falling density is at most its first term and its
    # integral. Acceptance: 100 units are ten times what its roundings and cells make. Sign: a bit of `bits`, of which
    # all but 256 come in pairs.
    swept = 2 * (r * (10 * r + b / a) + 10 * a * (r + 1 / r) + b) + 10.1 * a + 3
    rest += tail * (swept + 100) * unit + 256 * 2.0**-52
    accepted = math.sqrt(math.pi / 2) / (256 * area)
    return body / 256 / accepted, rest / 256 / accepted


@given(sigma=SIGMAS, d=st.sampled_from([1, 64, 3072, 3 * 224 * 224]) | st.integers(1, 10**9))
@example(sigma=0.5, d=3072)
@example(sigma=1.0, d=3072)
@example(sigma=float(np.nextafter(1.0, 0.0)), d=3072)  # a at its largest, 1024
@example(sigma=2.0**-499, d=1)
@example(sigma=2.0**499, d=1)
def test_tau_bounds_the_disagreement_with_the_real_ziggurat(sigma, d):
    noise = Noise(0, sigma, d)
    body, rest = disagreement(sigma / noise.grid, 1 / noise.grid)
    assert d * (body + rest) <= noise.tau
    assert body < 0.65 * noise.tau / d
    assert rest < 0.01 * body
    assert noise.tau < 2 * d * body  # no mere safety factor


@given(sigma=SIGMAS, x=st.floats(0, 1))
def test_the_bound_holds_at_every_pixel(sigma, x):
    noise = Noise(0, sigma, 1)
    a, b = sigma / noise.grid, x / noise.grid
    assert sum(disagreement(a, b)) <= 2.0**-48 * (a + b / 8)


# ---------------------------------------------------------------------------------------------------------------------
# Tails


def test_largest_value_of_the_ziggurat():
    """The largest exponential is 53 log 2, at u = 1 - 2^-53: acceptance, 2 y > x^2, keeps x below sqrt(106 log 2)."""
    fed, last = Fed(), 2**53 - 1
    outermost = (2**52 - 1) << 9  # layer 0, the tail; its bit 8 makes the value negative
    accepted = first_false(lambda u: fed(outermost, u << 11, last << 11)[1] == 3, last)
    value, used = fed(outermost, (accepted - 1) << 11, last << 11)
    r = float(layers()[0][255])
    assert used == 3
    assert 12.22 < -value <= r + math.sqrt(106 * math.log(2)) < 12.23
    # Normal draws fall beyond it so seldom that tau need not know.
    assert 2 * special.ndtr(value) < 1e-33


def test_largest_values_of_the_others():
    """cuRAND's uniforms in double precision start at 2^-54, those of torch's CPU `randn` in float32 at 2^-24."""
    assert round(math.sqrt(108 * math.log(2)), 2) == 8.65
    assert 5.768 < math.sqrt(48 * math.log(2)) < 5.7684


def test_float32_randn_is_cut():
    """The reason for noise of our own. 3e7 normal draws would exceed 5.7684 with probability 0.2; these never can."""
    generator = torch.Generator().manual_seed(0)
    largest = max(float(torch.randn(10**6, generator=generator).abs().max()) for _ in range(30))
    assert 5.2 < largest <= np.float32(math.sqrt(48 * math.log(2)))


def test_law_of_the_draws():
    """2e7 draws of 51 blocks against N(0, 1): the far tail, 256 bins of equal probability, and what neighbouring
    vectors, blocks and samples have in common. Seed fixed; false-alarm rate 1e-6 each, 2e-6 for the bins."""
    noise, blocks = Noise(1, 0.5, 3072), 51
    far, bins, near, total = 0, np.zeros(256, np.int64), np.zeros(2), 0
    before = None
    for block in range(blocks):
        z = filled(noise, index=block // 10, block=block % 10).ravel()
        total += z.size
        far += int(np.count_nonzero(np.abs(z) > 4.5))
        bins += np.bincount((special.ndtr(z) * 256).astype(np.intp), minlength=256)
        near += [z[3072:] @ z[:-3072], 0.0 if before is None else z @ before]
        before = z
    p = 2 * special.ndtr(-4.5)
    assert stats.binom.ppf(5e-7, total, p) <= far <= stats.binom.isf(5e-7, total, p)
    assert stats.chi2.ppf(1e-6, 255) < ((bins - total / 256) ** 2).sum() / (total / 256) < stats.chi2.isf(1e-6, 255)
    assert (np.abs(near) < 4.9 * math.sqrt(total)).all()


@given(cutoff=log_uniform(1e-3, 30), dimension=st.integers(1, 10**7))
@example(cutoff=5.768, dimension=3072)
def test_cut_tail_variation_is_what_the_cut_takes(cutoff, dimension):
    with mpmath.workdps(60):
        exact = float(-mpmath.expm1(dimension * mpmath.log1p(-mpmath.erfc(mpmath.mpf(cutoff) / mpmath.sqrt(2)))))
    # At 30 deviations one rounding of the cutoff's square, 900, already moves the tail by 450 2^-52 = 1e-13.
    assert cut_tail_variation(cutoff, dimension) == pytest.approx(exact, rel=1e-12, abs=0)


def test_cut_tail_variation_where_next_to_nothing_is_left():
    assert cut_tail_variation(1e-300, 1) == 1
    assert cut_tail_variation(1e-9, 3072) == 1


def test_cut_tail_variation_of_float32_randn():
    assert f"{cut_tail_variation(5.768, 3072):.1e}" == "2.5e-05"
    assert f"{cut_tail_variation(12.22, 3072):.0e}" == "7e-31"


@given(cutoff=log_uniform(1e-3, 30), more=log_uniform(1e-3, 10), d=st.integers(1, 10**6), extra=st.integers(1, 10**6))
def test_cut_tail_variation_is_monotone(cutoff, more, d, extra):
    here = cut_tail_variation(cutoff, d)
    assert 0 < here <= 1
    assert cut_tail_variation(cutoff + more, d) <= here <= cut_tail_variation(cutoff, d + extra)
    if here < 0.99:
        assert cut_tail_variation(cutoff + more, d) < here < cut_tail_variation(cutoff, d + extra)


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
# What noise within tau of normal does to a level


def tail_sum(n, p, k):
    """P(Bin(n, p) >= k) for a Fraction p, exactly."""
    i, d = p.numerator, p.denominator
    return Fraction(sum(math.comb(n, j) * i**j * (d - i) ** (n - j) for j in range(k, n + 1)), d**n)


@st.composite
def half_or_more(draw):
    return Fraction(draw(st.integers(500, 1000) | st.sampled_from([500, 501, 999])), 1000)


TAUS = st.integers(0, 500).map(lambda i: Fraction(i, 10_000))


@given(data=st.data(), n=st.integers(1, 200), p=half_or_more(), tau=TAUS)
def test_the_theorem_behind_the_level(data, n, p, tau):
    k = data.draw(st.integers(0, n) | st.just(n))
    met = tail_sum(n, min(p + tau, Fraction(1)), k)
    assert met <= (1 + tau / p) ** k * tail_sum(n, p, k) <= (1 + 2 * tau) ** n * tail_sum(n, p, k)


@given(data=st.data(), n=st.integers(1, 200), low=st.integers(1, 999))
def test_the_lemma_behind_the_theorem(data, n, low):
    """P(Bin(n, p) >= k)/p^k does not rise in p."""
    k, high = data.draw(st.integers(0, n)), data.draw(st.integers(low, 1000))
    small, large = Fraction(low, 1000), Fraction(high, 1000)
    assert tail_sum(n, large, k) * small**k <= tail_sum(n, small, k) * large**k


@pytest.mark.parametrize("factor", [lambda n, tau: (1 + tau / 2) ** n, lambda n, tau: (1 + 1.99 * tau) ** n])
def test_a_smaller_factor_would_be_wrong(factor):
    """At k = n and p = 1/2 the theorem is an equation: the tests above could fail."""
    n, p, tau = 200, Fraction(1, 2), Fraction(1, 20)
    assert tail_sum(n, p + tau, n) > factor(n, tau) * tail_sum(n, p, n)
    assert tail_sum(n, p + tau, n) == (1 + 2 * tau) ** n * tail_sum(n, p, n)


@given(data=st.data(), n=st.integers(1, 12), p=half_or_more(), tau=TAUS)
def test_the_theorem_behind_the_level_of_any_stopping_rule(data, n, p, tau):
    """Any rule that stops by (draws, successes) within n draws, and any set of its ends: the factor covers it."""
    stops = data.draw(st.sets(st.tuples(st.integers(1, n), st.integers(0, n))))
    wrong = data.draw(st.sets(st.tuples(st.integers(1, n), st.integers(0, n))))

    def probability(q):
        """Of ending in `wrong`, by walking all paths."""
        paths, total = {0: Fraction(1)}, Fraction(0)
        for draws in range(1, n + 1):
            walked = {}
            for k, weight in paths.items():
                walked[k] = walked.get(k, 0) + weight * (1 - q)
                walked[k + 1] = walked.get(k + 1, 0) + weight * q
            ended = {k for k in walked if draws == n or (draws, k) in stops}
            total += sum((walked[k] for k in ended if (draws, k) in wrong), Fraction(0))
            paths = {k: weight for k, weight in walked.items() if k not in ended}
        return total

    assert probability(min(p + tau, Fraction(1))) <= (1 + 2 * tau) ** n * probability(p)


@settings(max_examples=30)
@given(n=st.integers(1, 200), alpha=log_uniform(1e-9, 0.5), p=half_or_more(), tau=TAUS)
@example(n=100, alpha=1e-3, p=Fraction(1, 2), tau=Fraction(1, 20))
def test_clopper_pearson_keeps_the_level_under_such_noise(n, alpha, p, tau):
    """The probability that the lower bound exceeds p, where counts come from p + tau."""
    assume(p < 1)
    wrong = np.nonzero(clopper_pearson_lower(np.arange(n + 1), n, alpha) > float(p))[0]
    if wrong.size:
        met = tail_sum(n, min(p + tau, Fraction(1)), int(wrong[0]))
        assert met <= Fraction(level_with_noise_error(alpha, n, float(tau))) * (1 + Fraction(1, 10**12))


@given(alpha=log_uniform(1e-300, 0.99), n=st.integers(1, 10**9), tau=st.just(0.0) | log_uniform(1e-300, 1e-3))
@example(alpha=1e-3, n=100_000, tau=7e-9)
@example(alpha=0.5, n=10**308, tau=0.05)
def test_level_with_noise_error_is_the_formula(alpha, n, tau):
    with mpmath.workdps(60):
        growth = n * mpmath.log1p(2 * mpmath.mpf(tau))
        exact = alpha * mpmath.exp(growth) if growth < 10**4 else mpmath.inf
    level = level_with_noise_error(alpha, n, tau)
    if growth > 709:
        assert level > 1  # says nothing, as it may
    else:  # exp turns the two roundings of its argument into relative errors
        assert abs(level - exact) <= exact * (float(growth) + 2) * 2.0**-51
    assert level >= alpha
    if tau == 0:
        assert level == alpha


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
