"""The numbers of `rstheory.symbolic` agree with `rstheory.radius` (A) and `rstheory.trivial` (B)."""

import math

import mpmath
import pytest
import sympy as sp
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import EPS
from symbolic_numbers import BUDGET, TRIVIAL_ACR, exact, numeric, relative_error

from rstheory import radius as numeric_radius
from rstheory import symbolic
from rstheory.symbolic import K, M, N, alpha, in_tail, p, p1, p2, q, sigma, t

tails = st.floats(min_value=1e-150, max_value=0.5)  # R'' overflows below 1e-154
sigmas = st.floats(min_value=0.01, max_value=100)
alphas = st.floats(min_value=1e-100, max_value=0.49)
budgets = st.integers(min_value=1, max_value=10**15)
TAIL_EXPANSIONS = symbolic.tail_expansion(1), symbolic.tail_expansion(2)


# -- A: against rstheory.radius ---------------------------------------------------------------------------------------

# Tolerances: ndtri and erfcinv are good to about 4 units in the last place, and certified_radius is rounded down by
# 8 more. An error e in z becomes e z^2 in exp(z^2/2) and 2 e z^2 in exp(z^2).
RADIUS_EPS = 16 * EPS


def slope_tolerance(t, power):
    return (16 + 5 * power * 2 * math.log(1 / t)) * EPS  # z^2 <= 2 ln(1/t), A5


@given(tails, sigmas)
@example(0.5, 1.0)
@example(1e-20, 1.0)
def test_radius_in_the_tail(x, s):
    symbolic_value = numeric(symbolic.radius_sf(), t, sigma)(x, s)
    truth = exact(symbolic.radius_sf(), t, sigma)(x, s)
    value = numeric_radius.certified_radius_sf(x, s)
    if x == 0.5:
        assert value == truth == symbolic_value == 0
        return
    assert value <= truth
    # Near t = 1/2 the radius is a small difference: its absolute error is then a rounding of t itself at most.
    assert abs(value - truth) <= RADIUS_EPS * (truth + s)
    assert abs(symbolic_value - truth) <= RADIUS_EPS * (truth + s)


@given(st.floats(min_value=0.5, max_value=1 - 2**-53), sigmas)
@example(0.99, 0.5)
def test_radius_and_derivatives_from_p(x, s):
    """2p - 1 and 1 - p are exact for a float p in [1/2, 1], so both forms start without loss."""
    truth = exact(symbolic.radius(), p, sigma)(x, s)
    assert abs(numeric_radius.certified_radius(x, s) - truth) <= RADIUS_EPS * (truth + s)
    assert abs(numeric(symbolic.radius(), p, sigma)(x, s) - truth) <= RADIUS_EPS * (truth + s)
    for name, power in (("sensitivity", 1), ("curvature", 2)):
        expression = getattr(symbolic, name)()
        truth = exact(expression, p, sigma)(x, s)
        tolerance = slope_tolerance(1 - x, power) * (truth + 2 * math.pi * s)
        assert abs(getattr(numeric_radius, name)(x, s) - truth) <= tolerance
        assert abs(numeric(expression, p, sigma)(x, s) - truth) <= tolerance


@given(tails, sigmas)
def test_sensitivity_in_the_tail(x, s):
    truth = exact(symbolic.sensitivity_sf(), t, sigma)(x, s)
    assert relative_error(numeric_radius.sensitivity_sf(x, s), truth) <= slope_tolerance(x, 1)
    assert relative_error(numeric(symbolic.sensitivity_sf(), t, sigma)(x, s), truth) <= slope_tolerance(x, 1)


def test_sensitivity_ratio_is_the_paper_s_order_of_magnitude():
    """At p = 0.999 a gain counts over a hundred times what it counts at 0.51 (A4)."""
    ratio = exact(symbolic.sensitivity_ratio(), p1, p2)("0.999", "0.51")
    quantiles = [mpmath.sqrt(2) * mpmath.erfinv(2 * mpmath.mpf(x) - 1) for x in (0.999, 0.51)]
    assert relative_error(ratio, mpmath.exp((quantiles[0] ** 2 - quantiles[1] ** 2) / 2)) < 1e-12  # mpf of a float
    assert 118 < ratio < 119


def test_radius_has_the_sign_of_p_less_one_half():
    assert exact(symbolic.radius(), p, sigma)("0.3", 1) < 0 < exact(symbolic.radius(), p, sigma)("0.7", 1)


# -- B: the constant classifier, against rstheory.trivial -------------------------------------------------------------


@given(budgets, alphas, sigmas, st.sampled_from([0.5, 0.1, 0.001]))
@example(100_000, 0.001, 1.0, 0.1)
@example(148, 0.001, 1.0, 0.5)
def test_trivial_acr(n, level, s, share):
    from rstheory.trivial import trivial_acr

    truth = exact(TRIVIAL_ACR, N, alpha, sigma, q)(n, level, s, share)
    # As for the radius, plus a few roundings in share * sigma and in ln(alpha)/n, on which the radius depends weakly.
    tolerance = 2 * RADIUS_EPS * (max(truth, 0) + share * s)
    value = trivial_acr(n, level, s, share)
    if truth < -tolerance:  # the unclipped form is negative where the certificate abstains
        assert value == 0
        return
    assert abs(value - max(truth, 0)) <= tolerance
    assert abs(numeric(TRIVIAL_ACR, N, alpha, sigma, q)(n, level, s, share) - truth) <= tolerance


@given(st.floats(min_value=1e-3, max_value=1e3), st.floats(min_value=1e-50, max_value=0.49), sigmas)
@example(8.437, 0.001, 1.0)
@example(843.7, 0.001, 1.0)
def test_budget_for_acr(u, level, s):
    """u = M/(q sigma) sets the size of the budget; N is about exp(u^2/2), so log10 N is compared for all of them."""
    from rstheory.trivial import budget_for_acr

    share = 0.125  # a power of two, so that M/(q sigma) is the same number on both sides up to one rounding
    target = u * share * s
    with mpmath.workdps(60):
        real_budget = exact(BUDGET, M, alpha, sigma, q)(target, level, s, share)
        smallest = mpmath.floor(real_budget) + 1
        log10_smallest = mpmath.log10(smallest)
    result = budget_for_acr(target, level, s, share)
    # One rounding in u moves ln N by u^2 eps; a second eps for log10_n itself.
    assert abs(result.log10_n - log10_smallest) <= 4 * EPS * (u * u + float(log10_smallest) + 1)
    if result.n is not None and smallest < 10**12 and abs(real_budget - mpmath.nint(real_budget)) > 1e-3:
        # Within 1e-3 of an integer, a rounding of the arguments may decide either way.
        assert result.n == int(smallest)


@given(st.fractions(min_value="1/2", max_value=40), st.sampled_from([0.001, 0.1, 0.4]))
@settings(max_examples=50)
def test_smallest_budget_is_the_first_to_exceed(u, level):
    """The definition of B2, in 60 + digits of N: the ACR at the smallest budget exceeds M, one draw fewer does not."""
    ratio = mpmath.mpf(u.numerator) / u.denominator
    digits = 60 + int(u * u / 2)  # N has about u^2 / (2 ln 10) digits
    smallest = numeric(symbolic.smallest_budget(), M, q, sigma, alpha, digits=digits)(ratio, 1, 1, level)
    acr = numeric(TRIVIAL_ACR, N, q, sigma, alpha, digits=digits)
    with mpmath.workdps(digits):
        assert acr(smallest, 1, 1, level) > ratio
        assert smallest == 1 or acr(smallest - 1, 1, 1, level) <= ratio


def test_budgets_the_theory_quotes():
    """B2's 4.24e17 and B6's 148, as exact integers by SymPy itself."""
    thousandth, tenth, half = sp.Rational(1, 1000), sp.Rational(1, 10), sp.Rational(1, 2)
    at = {M: sp.Rational(8437, 10_000), q: tenth, sigma: 1, alpha: thousandth}
    assert symbolic.smallest_budget().subs(at) == 424_326_933_692_196_259
    assert symbolic.smallest_budget().subs(at | {M: sp.Rational(844, 1000), q: half}) == 148
    astronomical = numeric(BUDGET, M, q, sigma, alpha, digits=30)("0.8437", "0.001", 1, "0.001")
    assert int(mpmath.log10(astronomical)) == 154_576


def test_sigma_the_theory_quotes():
    """B5: at the standard budget the constant classifier reaches 0.844 at sigma = 2.214."""
    value = numeric(in_tail(symbolic.sigma_for_acr()), M, q, N, alpha)(0.844, 0.1, 100_000, 0.001)
    assert value == pytest.approx(2.214, abs=5e-4)  # the digits quoted


def test_trivial_acr_has_no_bound():
    assert sp.limit(symbolic.trivial_acr(), N, sp.oo) is sp.oo


@given(st.floats(1e-6, 1e6), st.integers(2, 10**6), st.floats(1e-3, 1e3), st.floats(1e-300, 0.4999))
@example(0.844, 10, 1.0, 0.001)
@example(1e-6, 2, 1e3, 0.4999)  # the ratio near its largest value, ln 2 / ln(1/alpha)
@example(1e6, 10**6, 1e-3, 0.001)  # and near 0: a tail of 10^(-2e29)
def test_printed_budget_is_two(m, classes, s, level):
    """B3 for alpha < 1/2, whatever the target."""
    assert numeric(symbolic.printed_budget(), M, K, sigma, alpha, digits=30)(m, classes, s, level) == 2


def test_printed_budget_ratio_stays_below_one():
    """B3 derived: the ratio falls in M (its identity), so its limits bound it; the upper one is < 1 iff alpha < 1/2."""
    largest = sp.limit(symbolic.printed_budget_ratio(), M, 0, "+")
    assert sp.simplify(largest - sp.log(2) / sp.log(1 / alpha)) == 0
    assert largest.subs(alpha, sp.Rational(1, 2)) == 1
    assert sp.diff(largest.subs(alpha, sp.exp(-symbolic.a)), symbolic.a).is_negative
    assert sp.limit(symbolic.printed_budget_ratio(), M, sp.oo) == 0


def test_printed_budget_depends_on_alpha_above_one_half():
    """So 2 is not what `printed_budget` says of everything."""
    assert numeric(symbolic.printed_budget(), M, K, sigma, alpha)(0.001, 2, 1.0, 0.9) == 8


@given(st.integers(1, 10**12), st.floats(1e-300, 0.999))
def test_tail_bounds(n, level):
    """B4: a/N - a^2/(2N^2) <= 1 - alpha^(1/N) <= a/N, with the first two terms of the derived expansion."""
    with mpmath.workdps(60):
        log = mpmath.ln(1 / mpmath.mpf(level))
        tail = -mpmath.expm1(-log / n)
    first, second = (numeric(expansion, symbolic.a, N, digits=60)(log, n) for expansion in TAIL_EXPANSIONS)
    assert second < tail < first


@pytest.mark.parametrize("order", [0, -1, 2.0, True, "2"])
def test_tail_expansion_refuses(order):
    with pytest.raises(ValueError, match=f"order={order!r}: .* at least 1"):
        symbolic.tail_expansion(order)
