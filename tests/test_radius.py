"""The radius function against ball arithmetic, and A1.

Where a tolerance is a multiple of EPS = 2**-52 it is derived from one measured fact, which
`test_quantile_is_as_accurate_as_the_margin_assumes` keeps true: SciPy's ndtri is within 3 EPS of Phi^-1, relative.
"""

import math
from fractions import Fraction

import numpy as np
import pytest
from flint import arb
from hypothesis import assume, example, given
from hypothesis import strategies as st
from quantiles import C, hard_tails, relative_error
from strategies import EPS, SMALLEST_NORMAL, probabilities, probabilities_with_exact_tail, sigmas, tails

from rstheory import radius as rr
from rstheory import rigorous as rg

pytestmark = pytest.mark.usefixtures("precise")


# --- soundness: a certificate is an inequality -----------------------------------------------------------------------


@given(tails(5e-324))
@hard_tails
@example(5e-324)  # the smallest float, the smallest normal one, and its neighbour
@example(SMALLEST_NORMAL)
@example(math.nextafter(SMALLEST_NORMAL, 0))
def test_quantile_is_as_accurate_as_the_margin_assumes(t):
    """The margin of `certified_radius_sf` is 8 EPS; 2.5 EPS was the worst of 10**4 random tails. 3 leaves room to
    notice a worse ndtri long before a certificate is unsound."""
    assume(t < 0.5)
    assert abs(relative_error(rr.signed_radius_sf(t), rg.normal_quantile_sf(t))) <= 3 * EPS


@given(tails(5e-324), sigmas())
@example(0.5, 1.0)
@example(5e-324, 1.0)
@example(0.09978030282187189, 1.0)  # where ndtri was found furthest above
@example(0.13099881170674654, 1.0)
@example(0.13721546990229144, 1.0)  # and furthest below
def test_certified_radius_is_sound_and_tight(t, sigma):
    """Never above sigma Phi^-1(1 - t). Below by 8 EPS of margin, 3 of ndtri, and 1/2 for each of two products."""
    radius, true = rr.certified_radius_sf(t, sigma), rg.certified_radius_sf(t, sigma)
    assert arb(radius) <= true
    assert arb(radius) >= true * (1 - 12 * arb(EPS))


@given(probabilities(), sigmas())
@example(math.nextafter(1.0, 0), 1.0)
@example(math.nextafter(0.5, 1), 1.0)
@example(math.nextafter(0.5, 0), 1.0)
def test_certified_radius_of_p_is_sound(p, sigma):
    radius = rr.certified_radius(p, sigma)
    if p == 1:
        assert radius == math.inf
    else:
        true = rg.certified_radius(p, sigma)
        assert arb(radius) <= true
        assert arb(radius) >= true * (1 - 12 * arb(EPS))  # 1 - p is exact for p >= 1/2


@given(st.floats(0.5, 1), sigmas())
def test_abstains_below_one_half(t, sigma):
    radius = rr.certified_radius_sf(t, sigma)
    assert radius == 0
    assert math.copysign(1, radius) == 1  # a negative zero would print as "-0.0"
    assert rr.certified_radius(1 - t, sigma) == 0


def test_the_ends():
    assert rr.certified_radius(1.0) == rr.certified_radius_sf(0.0) == math.inf
    assert rr.signed_radius(0.0) == rr.signed_radius_sf(1.0) == -math.inf
    assert rr.signed_radius(0.5) == rr.signed_radius_sf(0.5) == 0
    assert rr.certified_radius_inverse(0.0) == rr.certified_radius_inverse_sf(0.0) == 0.5
    assert rr.certified_radius_inverse(math.inf) == 1
    assert rr.certified_radius_inverse_sf(math.inf) == 0
    assert rr.sensitivity(0.0) == rr.sensitivity(1.0) == rr.sensitivity_sf(0.0) == math.inf
    assert rr.curvature(0.5) == 0
    assert rr.curvature(1.0) == rr.curvature_sf(0.0) == math.inf
    assert rr.curvature(0.0) == rr.curvature_sf(1.0) == -math.inf


# --- A1: monotone, odd, linear in sigma ------------------------------------------------------------------------------


@given(tails(1e-300) | tails(1e-300).map(lambda t: 1 - t), st.floats(0, 1))
@example(1.0, 1.0)
@example(0.5, 0.5)
def test_strictly_decreasing_in_the_tail(t, cut):
    """z moves by dt/phi(z) and is known to 3 EPS |z|. A cut of a share 1e-11 of t moves it by at least
    1e-11/(z (z + c)) of itself, with z (z + c) < 1500 above t = 1e-300: 5 times both errors."""
    smaller = t * (1 - max(cut, 1e-11))
    assert rr.signed_radius_sf(smaller) > rr.signed_radius_sf(t)
    assert rr.certified_radius_sf(smaller) >= rr.certified_radius_sf(t)
    if t <= 0.5:
        assert rr.certified_radius_sf(smaller) > rr.certified_radius_sf(t)


@given(tails(1e-300) | tails(1e-300).map(lambda t: 1 - t))
@hard_tails
def test_neighbouring_tails_are_in_order_up_to_rounding(t):
    """One float apart the order is ndtri's to keep; each of the two values is within 3 EPS, so no more is promised."""
    here, there = rr.signed_radius_sf(t), rr.signed_radius_sf(math.nextafter(t, 0))
    assert there >= here - 6 * EPS * abs(here)


@given(probabilities(), probabilities(), sigmas())
def test_increasing_in_p(p, q, sigma):
    """Both rounded to within 12 EPS, so the order of close ones may be lost, by no more than that."""
    low, high = sorted((p, q))
    assert rr.certified_radius(low, sigma) * (1 - 12 * EPS) <= rr.certified_radius(high, sigma)


@given(probabilities_with_exact_tail(), sigmas())
@example(0.8646647167633873, 1.0)  # the switch between two formulas of ndtri: the two tails differ in the last digit
@example(0.0, 1.0)
def test_odd_about_one_half(p, sigma):
    """R(1 - p) = -R(p), and the tail form is the plain one. Exactly, but for ndtri's switch: two errors of 3 EPS."""
    radius = rr.signed_radius(p, sigma)
    assert rr.signed_radius_sf(1 - p, sigma) == pytest.approx(radius, rel=6 * EPS, abs=0)
    assert rr.signed_radius(1 - p, sigma) == pytest.approx(-radius, rel=6 * EPS, abs=0)
    assert rr.signed_radius_sf(p, sigma) == pytest.approx(-radius, rel=6 * EPS, abs=0)


@given(st.floats(0.5, 1), sigmas())
def test_tail_form_is_the_plain_form_where_the_tail_is_exact(p, sigma):
    """1 - p is a float for p in [1/2, 1] (Sterbenz), so that nothing may differ."""
    assert rr.certified_radius(p, sigma) == rr.certified_radius_sf(1 - p, sigma)
    assert rr.sensitivity(p, sigma) == rr.sensitivity_sf(1 - p, sigma)
    assert rr.certified_radius(p, sigma) == pytest.approx(max(rr.signed_radius(p, sigma), 0.0), rel=12 * EPS, abs=0)


@given(probabilities(), sigmas(), st.integers(-200, 200))
@example(0.99, 0.25, 1)
def test_linear_in_sigma(p, sigma, power):
    """A power of two is a change of exponent: the equality is exact. Any other factor costs one rounding."""
    assume(abs(math.log10(sigma)) < 150 and abs(math.log10(sigma) + power * math.log10(2)) < 150)
    assume(1e-60 < p < 1)  # the curvature is below 1e120, so that nothing over- or underflows
    for f in (rr.certified_radius, rr.signed_radius, rr.sensitivity, rr.curvature):
        assert f(p, math.ldexp(sigma, power)) == math.ldexp(f(p, sigma), power)
        assert f(p, sigma) == pytest.approx(sigma * f(p), rel=3 * EPS, abs=0)
    for f in (rr.radius_bounds_sf, rr.sensitivity_bounds_sf):
        t = min(p, 0.5)
        assert f(t, math.ldexp(sigma, power)) == tuple(math.ldexp(value, power) for value in f(t, sigma))


@given(st.floats(0, 38), sigmas(), st.integers(-200, 200))
def test_inverse_depends_on_the_ratio_only(z, sigma, power):
    assume(-250 < math.log10(sigma) + power * math.log10(2) < 250)
    radius, scaled = z * sigma, math.ldexp(z * sigma, power)
    assume(radius == 0 or radius > 1e-250)
    assume(scaled == 0 or scaled > 1e-250)
    for f in (rr.certified_radius_inverse, rr.certified_radius_inverse_sf):
        assert f(scaled, math.ldexp(sigma, power)) == f(radius, sigma)


# --- round trips -----------------------------------------------------------------------------------------------------


@given(tails(1e-300), sigmas())
@example(0.5, 1.0)
@example(1e-300, 0.25)
def test_tail_to_radius_and_back(t, sigma):
    """d ln t/d ln z = -z h(z), where the hazard rate h <= z + c: a radius 13 EPS too small comes back as a tail
    13 EPS z (z + c) too large. ndtr adds the error of exp(-z**2/2), at most 2 EPS (1 + z**2)."""
    z = rr.signed_radius_sf(t)
    back = rr.certified_radius_inverse_sf(rr.certified_radius_sf(t, sigma), sigma)
    assert abs(back / t - 1) <= EPS * (13 * z * (z + C) + 2 * (1 + z * z))


@given(st.floats(0, 37), sigmas())
@example(0.0, 1.0)
@example(37.0, 1.0)
@example(1e-16, 1.0)
def test_radius_to_tail_and_back(z, sigma):
    """A tail wrong by a share 2 EPS (1 + z**2) moves z by that over h(z) >= max(z, c), at most 2 EPS (1.26 + 1.26 + z);
    the radius itself is within 12 EPS, and z sigma / sigma within 1."""
    radius = z * sigma
    back = rr.certified_radius_sf(rr.certified_radius_inverse_sf(radius, sigma), sigma)
    assert abs(back - radius) <= sigma * EPS * (13 * z + 2 * (2.6 + z))


@given(st.floats(0, 7), sigmas())
@example(0.0, 1.0)
@example(7.0, 1.0)
def test_radius_to_p_and_back(z, sigma):
    """p in [1/2, 1] is rounded to EPS/2 at worst, which moves z by R'(p) EPS/2; ndtr may double that, the radius adds
    12 EPS. At z = 7, EPS/2 is still below 1e-3 of the tail, so R' is the same to 1e-3 at both ends."""
    radius = z * sigma
    back = rr.certified_radius(rr.certified_radius_inverse(radius, sigma), sigma)
    slope = rr.sensitivity_sf(rr.certified_radius_inverse_sf(z))
    assert abs(back - radius) <= sigma * EPS * (1.01 * slope + 13 * z)


@given(st.floats(0, 37), sigmas())
@example(10.0, 1.0)
def test_inverse_against_the_oracle(z, sigma):
    """z = radius/sigma, rounded by EPS/2, has a share z h(z) <= z (z + c) of it in t; ndtr adds 2 EPS (1 + z**2)."""
    radius = z * sigma
    exact = Fraction(radius) / Fraction(sigma)
    tolerance = EPS * (z * (z + C) + 2 * (1 + z * z))
    assert abs(relative_error(rr.certified_radius_inverse_sf(radius, sigma), rg.normal_sf(exact))) <= tolerance
    assert abs(relative_error(rr.certified_radius_inverse(radius, sigma), rg.normal_cdf(exact))) <= 3 * EPS


# --- shapes ----------------------------------------------------------------------------------------------------------

ONE_ARGUMENT = [
    rr.certified_radius,
    rr.certified_radius_sf,
    rr.signed_radius,
    rr.signed_radius_sf,
    rr.certified_radius_inverse,
    rr.certified_radius_inverse_sf,
    rr.sensitivity,
    rr.sensitivity_sf,
    rr.curvature,
    rr.curvature_sf,
]


@pytest.mark.parametrize("f", ONE_ARGUMENT, ids=lambda f: f.__name__)
def test_arrays_are_elementwise(f):
    x = np.array([0.0, 1e-5, 0.25, 0.5, 0.75, 1.0])
    sigma = np.array([[0.25], [1.0]])
    table = f(x, sigma)
    assert table.shape == (2, 6)
    assert [[f(v, s) for v in x] for s in sigma[:, 0]] == table.tolist()
    assert f(x.astype(np.float32), 1).tolist() == f(x.astype(np.float32).astype(float)).tolist()
    assert x.tolist() == [0.0, 1e-5, 0.25, 0.5, 0.75, 1.0]  # the input is left alone
    assert f([0, 1]).tolist() == f([0.0, 1.0]).tolist()


@pytest.mark.parametrize("f", [rr.radius_bounds_sf, rr.sensitivity_bounds_sf], ids=lambda f: f.__name__)
def test_pairs_of_arrays_are_elementwise(f):
    t, sigma = np.array([1e-5, 0.25, 0.5]), np.array([[0.25], [1.0]])
    for side in (0, 1):
        assert [[f(v, s)[side] for v in t] for s in sigma[:, 0]] == f(t, sigma)[side].tolist()
