"""Noise is as near to the normal law as tau says.

The oracle is the real-number ziggurat, fed with words that we choose or that come from a Philox.
"""

import math
from fractions import Fraction
from functools import cache
from itertools import pairwise

import mpmath
import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from noise_draws import BLOCKS, HALF_CELL, INDICES, PURPOSES, SEEDS, SIGMAS, filled
from scipy import special
from ziggurat import density, layers, philox, real_draws, rectangle, threshold, width

from rstheory.smoothing.noise import Noise
from rstheory.smoothing.purposes import ESTIMATION


def test_philox_has_the_published_answers():
    """The first two rows for philox4x64-10 in kat_vectors of Random123, the authors' own code."""
    zeros = (0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B)
    ones = (0x87B092C3013FE90B, 0x438C3C67BE8D0224, 0x9CC7D7C69CD777B6, 0xA09CAEBF594F0BA0)
    assert philox((0,) * 4, (0,) * 2) == zeros
    assert philox((2**64 - 1,) * 4, (2**64 - 1,) * 2) == ones


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
