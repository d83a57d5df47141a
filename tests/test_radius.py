"""The radius function against ball arithmetic, and the laws of theory A.

Where a tolerance is a multiple of EPS = 2**-52 it is derived from one measured fact, which
`test_quantile_is_as_accurate_as_the_margin_assumes` keeps true: SciPy's ndtri is within 3 EPS of Phi^-1, relative.
"""

import math
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import assume, example, given
from hypothesis import strategies as st
from strategies import (
    SMALLEST_NORMAL,
    log_uniform,
    probabilities,
    probabilities_with_exact_tail,
    sigmas,
    tails,
)

from rstheory import radius as rr
from rstheory import rigorous as rg

EPS = 2.0**-52
C = math.sqrt(2 / math.pi)

# ndtri changes its formula at exp(-2) and at exp(-32); these are the floats around.
SWITCHES = [0.1353352832366126, 0.13533528323661267, 0.1353352832366127, 1.2664165549094176e-14, 1.266416554909418e-14]


@pytest.fixture(autouse=True, scope="module")
def _precision():
    """Arithmetic of this file on balls: 200 bits are far below any tolerance here."""
    with ctx.workprec(200):
        yield


def relative_error(value: float, ball: arb) -> float:
    """(value - true)/|true|; the oracle's own 1e-30 does not show."""
    return float(((arb(value) - ball) / abs(ball)).mid())


def hard_tails(test):
    for t in [*SWITCHES, 0.5 - 2**-54, 0.49999999999999, 0.25, 0.1, 1e-3, 1e-16, 1e-20, 1e-100, 1e-300, 1e-307]:
        test = example(t)(test)
    return test


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


# --- A2 and A3: slope and curvature ----------------------------------------------------------------------------------


def central_difference(t: float, order: int) -> arb:
    """First or second derivative of p -> Phi^-1(p) at p = 1 - t as a symmetric difference quotient of the oracle.

    Step h = t 2**-40. Its relative error is a small multiple of h**2 R''''/R'' ~ (h/t)**2 ~ 1e-24, and the oracle's
    own 1e-30 is divided by 2**-40 once or twice, which leaves 1e-17 or 1e-6: use `order` 2 with that in mind.
    """
    x, h = Fraction(t), Fraction(t) / 2**40
    left, middle, right = (rg.normal_quantile_sf(x - s * h) for s in (-1, 0, 1))  # p falls from right to left
    step = arb(h.numerator) / h.denominator
    return (right - left) / (2 * step) if order == 1 else (right - 2 * middle + left) / step**2


@given(tails(1e-300), sigmas())
@example(0.5, 1.0)
@example(1e-300, 1.0)
@example(0.12797894649515834, 1.0)
def test_sensitivity_is_the_slope_of_the_radius(t, sigma):
    """exp(z**2/2) turns an error of 3 EPS in z into 3 EPS z**2, and the rounding of z**2/2 into another EPS z**2."""
    assume(sigma < 1e5 or t > 1e-20)
    slope = central_difference(t, 1)
    z = rr.signed_radius_sf(t)
    tolerance = 4 * EPS * (1 + z * z)
    assert abs(relative_error(rr.sensitivity_sf(t), slope)) <= tolerance
    assert rr.sensitivity_sf(t, sigma) == pytest.approx(sigma * rr.sensitivity_sf(t), rel=3 * EPS, abs=0)


@given(tails(1e-300))
@hard_tails
@example(0.5)
def test_sensitivity_against_the_oracle(t):
    z = rr.signed_radius_sf(t)
    assert abs(relative_error(rr.sensitivity_sf(t), rg.sensitivity_sf(t))) <= 4 * EPS * (1 + z * z)
    assert rr.sensitivity_sf(1 - t) == pytest.approx(rr.sensitivity_sf(1 - (1 - t)), rel=4 * EPS * (1 + z * z), abs=0)


@given(probabilities(), sigmas())
@example(0.5, 1.0)
def test_sensitivity_is_smallest_at_one_half(p, sigma):
    """exp is at least 1, so this inequality is exact in floats."""
    with np.errstate(over="ignore"):
        assert rr.sensitivity(p, sigma) >= rr.sensitivity(0.5, sigma)
    assert rr.sensitivity(0.5, sigma) == pytest.approx(sigma * math.sqrt(2 * math.pi), rel=2 * EPS, abs=0)


@given(probabilities_with_exact_tail())
def test_sensitivity_is_symmetric(p):
    assert rr.sensitivity(p) == rr.sensitivity(1 - p)


@given(tails(5e-324))
@example(1e-20)
def test_small_p_keeps_its_digits(p):
    """Both derivatives at p near 0 come from p itself, never from 1 - p."""
    assert rr.sensitivity(p) == rr.sensitivity_sf(p)
    assert rr.curvature(p) == -rr.curvature_sf(p)


@given(probabilities(), st.floats(0, 1))
def test_sensitivity_grows_away_from_one_half(p, share):
    """Closer to 1/2 is flatter, up to the error of both: z and z' are within 3 EPS, so each slope within 4 EPS z**2."""
    closer = p + (0.5 - p) * share
    z = rr.signed_radius(p)
    assume(math.isfinite(z))
    assert rr.sensitivity(closer) <= rr.sensitivity(p) * (1 + 8 * EPS * (1 + z * z))


@given(tails(1e-153), sigmas())
@example(0.5, 1.0)
@example(1e-153, 1.0)
def test_curvature_against_the_oracle(t, sigma):
    """2 pi z exp(z**2): twice the exponent of the slope, so twice its error, and 3 EPS of the factor z."""
    assume(sigma < 1)
    z = rg.normal_quantile_sf(t) if t < 0.5 else arb(0)
    true = 2 * arb.pi() * arb(sigma) * z * (z * z).exp()
    value = rr.curvature_sf(t, sigma)
    if t == 0.5:
        assert value == 0
    else:
        assert value > 0  # A3: convex above 1/2
        assert abs(relative_error(value, true)) <= EPS * (8 * float(z) ** 2 + 8)
        assert rr.curvature_sf(1 - (1 - t), sigma) == pytest.approx(-rr.curvature_sf(1 - t, sigma), rel=1e-12, abs=0)


@given(tails(1e-20).filter(lambda t: t < 0.49))
@example(0.4)
@example(1e-20)
def test_curvature_is_the_second_difference_of_the_radius(t):
    """The quotient itself is right to 1e-6 relative to R''; below t = 0.49 no more is lost."""
    assert abs(relative_error(rr.curvature_sf(t), central_difference(t, 2))) <= 1e-4


@given(probabilities_with_exact_tail())
@example(0.5)
def test_curvature_has_the_sign_of_p_minus_one_half_and_is_odd(p):
    curvature = rr.curvature(p)
    assert np.sign(curvature) == np.sign(p - 0.5)
    z = rr.signed_radius(p)
    if math.isfinite(z):
        assert rr.curvature(1 - p) == pytest.approx(-curvature, rel=EPS * (8 + 8 * z * z), abs=0)
        assert rr.curvature_sf(p) == -curvature


# --- A4: what 0.99 -> 0.999 is worth ----------------------------------------------------------------------------------


@given(tails(1e-150), tails(1e-150))
@example(1 - 0.999, 1 - 0.51)
def test_ratio_of_sensitivities(t1, t2):
    """R'(p1)/R'(p2) = exp((z1**2 - z2**2)/2); each side is right to 4 EPS (1 + z**2) for the larger z."""
    z1, z2 = rr.signed_radius_sf(t1), rr.signed_radius_sf(t2)
    ratio = rr.sensitivity_sf(t1) / rr.sensitivity_sf(t2)
    worst = max(z1 * z1, z2 * z2)
    assert ratio == pytest.approx(math.exp((z1 - z2) * (z1 + z2) / 2), rel=12 * EPS * (1 + worst), abs=0)


def test_the_step_from_99_to_999_per_mille_gains_as_much_as_from_nothing_to_78_percent():
    """A4 without a budget: the gain is 0.7639 sigma, and Phi(0.7639) = 0.7775. (0.76 in the paper is at a budget.)"""
    gain = rr.certified_radius(0.999) - rr.certified_radius(0.99)
    true = rg.certified_radius("0.999") - rg.certified_radius("0.99")
    assert abs(gain - float(true)) <= 60 * EPS  # two radii below 4, each within 12 EPS
    assert round(gain, 4) == 0.7639
    assert round(rr.certified_radius_inverse(gain), 4) == 0.7775
    assert rr.certified_radius(rr.certified_radius_inverse(gain)) == pytest.approx(gain, rel=30 * EPS)


# --- A5: bounds for all t <= 1/2 -------------------------------------------------------------------------------------


def below(value: float, ball: arb, units: float) -> bool:
    """value <= true, allowing for `units` roundings of the value itself: these bounds are rounded to nearest."""
    return bool(arb(value) * (1 - units * arb(EPS)) <= ball)


def above(value: float, ball: arb, units: float) -> bool:
    return bool(arb(value) * (1 + units * arb(EPS)) >= ball)


@given(tails(1e-307))
@hard_tails
@example(0.5)
@example(0.4999999999999997)  # lower and upper meet here; the lower bound of R is the tightest
def test_bounds_hold_on_both_sides(t):
    """For all t in (0, 1/2], not only in the limit. A handful of correctly rounded operations: 4 EPS."""
    lower, upper = rr.radius_bounds_sf(t)
    true = rg.certified_radius_sf(t)
    assert below(lower, true, 4)
    assert above(upper, true, 4)
    slope = rg.sensitivity_sf(t)
    lower, upper = rr.sensitivity_bounds_sf(t)
    assert below(lower, slope, 4)
    assert above(upper, slope, 4)


def test_bounds_are_exact_at_one_half():
    lower, upper = rr.radius_bounds_sf(0.5)
    assert lower == upper == 0
    for bound in rr.sensitivity_bounds_sf(0.5):
        assert bound == pytest.approx(math.sqrt(2 * math.pi), rel=2 * EPS, abs=0)


@given(log_uniform(1e-300, 0.4))
@example(1e-300)
def test_bounds_close_in_as_the_tail_shrinks(t):
    """Both bounds of R are within c of it, so their ratio to R is within c/R of 1, which tends to 0. Those of the slope
    are sigma/(t (u + c)) and sigma/(t hypot(l, c)) with u - l <= c: their ratio is at most (l + 2c)/l."""
    lower, upper = rr.radius_bounds_sf(t)
    radius = rr.certified_radius_sf(t)
    assert 1 - C / radius <= lower / radius <= 1 + 13 * EPS
    assert 1 - 4 * EPS <= upper / radius <= 1 + C / radius
    least, most = rr.sensitivity_bounds_sf(t)
    assert 1 <= most / least <= (1 + 2 * C / lower) * (1 + 8 * EPS)


@given(st.floats(0, 1e6))
@example(0.0)
@example(1e6)
def test_bounds_at_a_log_tail_that_no_float_holds(log_ratio):
    """`radius_bounds_at(l)`, t = exp(-l)/2: against the oracle where it still has a say, and ordered everywhere."""
    lower, upper = rr.radius_bounds_at(np.float64(log_ratio))
    assert 0 <= lower <= upper
    if log_ratio <= 700:
        tail = (-arb(log_ratio)).exp() / 2
        assert below(lower, rg.certified_radius_sf(tail), 4) or log_ratio < 1e-12
        assert above(upper, rg.certified_radius_sf(tail), 4) or log_ratio < 1e-12


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
