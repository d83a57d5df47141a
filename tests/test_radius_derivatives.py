"""A2 to A4: slope and curvature of the radius, and what a step of p is worth. Tolerances as in test_radius.py."""

import math
from fractions import Fraction

import numpy as np
import pytest
from flint import arb
from hypothesis import assume, example, given
from hypothesis import strategies as st
from quantiles import hard_tails, relative_error
from strategies import EPS, probabilities, probabilities_with_exact_tail, sigmas, tails

from rstheory import radius as rr
from rstheory import rigorous as rg

pytestmark = pytest.mark.usefixtures("precise")


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
