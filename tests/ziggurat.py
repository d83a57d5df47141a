"""The real-number ziggurat: 256 layers of one exact area, computed from their equation, fed with words of a Philox
written out here. The oracle for what noise in floating point comes near to.
"""

from fractions import Fraction
from functools import cache

import mpmath


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


def words(seed, index, purpose, block):
    """The random words of a block, by the counters that the head of the module states: word 0 counts from 1."""
    for step in range(1, 10**6):
        yield from philox((step, 0, block, purpose), (seed, index))


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
