"""The oracle against arithmetic that shares nothing with it: exact rationals, mpmath, and its own second evaluator."""

import math
from fractions import Fraction

import mpmath
import pytest
from balls import ALPHAS, DIGITS, near, tight
from flint import arb, ctx
from hypothesis import example, given
from hypothesis import strategies as st

from rstheory import rigorous as rg
from rstheory.rigorous import binomial
from rstheory.rigorous.convexity import increments_non_decreasing
from rstheory.rigorous.exact import to_exact


def encloses(ball: arb, exact: Fraction) -> bool:
    """Does the ball contain the rational number? Compared at a precision that resolves the ball's ends."""
    with ctx.workprec(2000):
        return bool(ball.contains(arb(exact.numerator) / exact.denominator))


def rational_cdf(j: int, n: int, t: Fraction) -> Fraction:
    return sum((math.comb(n, i) * t**i * (1 - t) ** (n - i) for i in range(j + 1)), Fraction(0))


@st.composite
def counts(draw: st.DrawFn, largest: int) -> tuple[int, int]:
    n = draw(st.integers(1, largest))
    return draw(st.integers(0, n)), n


# --- the normal distribution -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("z", [0, 1, -1, 0.3, 5.5, -12, 40, -40, "1e-30", "3.090232306167813541540399830107379205"])
def test_normal_tails_agree_with_mpmath(z):
    with mpmath.workdps(DIGITS):
        x = mpmath.mpf(z)
        lower, upper = mpmath.erfc(-x / mpmath.sqrt(2)) / 2, mpmath.erfc(x / mpmath.sqrt(2)) / 2
    assert near(rg.normal_cdf(z), lower)
    assert near(rg.normal_sf(z), upper)


@pytest.mark.parametrize("t", ["0.5", "0.4999999999999", "0.25", "0.2500001", "0.001", "1e-20", "1e-400", "1e-5000"])
def test_quantile_inverts_the_tail(t):
    with mpmath.workdps(DIGITS):
        z = rg.normal_quantile_sf(t)
        with ctx.workprec(400):
            middle = mpmath.mpf(z.mid().str(DIGITS, radius=False))
            back = mpmath.erfc(middle / mpmath.sqrt(2)) / 2
            assert abs(back / mpmath.mpf(t) - 1) < mpmath.mpf("1e-22")  # a relative error of z grows by z**2 at most
    p = 1 - Fraction(t)
    assert rg.normal_quantile(p).overlaps(z)
    assert rg.normal_quantile(Fraction(t)).overlaps(-z)
    assert z.is_zero() if p == Fraction(1, 2) else tight(z)


def test_quantile_of_a_ball_covers_all_its_points():
    wide = arb(0.5, 0.125)
    z = rg.normal_quantile(wide)
    assert z.contains(rg.normal_quantile(0.4))
    assert z.contains(rg.normal_quantile(0.6))
    assert z.contains(0)


def test_radius_and_sensitivity():
    assert rg.certified_radius(0.5).is_zero()
    assert rg.certified_radius("0.3").is_zero()
    assert rg.certified_radius(0).is_zero()
    assert rg.certified_radius_sf("1e-300", 2).overlaps(2 * rg.normal_quantile_sf("1e-300"))
    with mpmath.workdps(DIGITS):
        z = mpmath.sqrt(2) * mpmath.erfinv(1 - 2 * mpmath.mpf("0.01"))
        assert near(rg.sensitivity_sf("0.01", 3), 3 * mpmath.sqrt(2 * mpmath.pi) * mpmath.exp(z * z / 2))


# --- binomial tails --------------------------------------------------------------------------------------------------


@given(counts(40), st.fractions(0, 1, max_denominator=10**30))
@example((0, 1), Fraction(0))
@example((1, 1), Fraction(1))
@example((20, 40), Fraction(1, 10**40))
@example((39, 40), 1 - Fraction(1, 10**40))
def test_tails_are_the_rational_ones(kn, t):
    k, n = kn
    cdf, sf = rg.binomial_cdf_at(k, n, t), rg.binomial_sf_at(k, n, t)
    exact = rational_cdf(k, n, t)
    assert encloses(cdf, exact)
    assert encloses(sf, 1 - exact + math.comb(n, k) * t**k * (1 - t) ** (n - k))
    assert tight(cdf)
    assert tight(sf)


@pytest.mark.parametrize(
    ("n", "j"),
    [
        (10**4, 0),
        (10**4, 1),
        (10**4, 5000),
        (10**5, 9_999),
        (10**5, 99_990),
        (10**6, 10**5),
        (10**8, 10**6),
        (10**9, 10**4),
    ],
)
@pytest.mark.parametrize("z", [-3.0, 0.1, 3.0, 30.0])
def test_the_two_evaluators_agree(n, j, z):
    """The sum with a geometric remainder against Arb's incomplete beta function: no common code but +, *, exp."""
    share = (j + 1) / (n + 1)
    t_float = share + z * math.sqrt(share * (1 - share) / n)
    if not 0 < t_float < 1:
        t_float = share / 2 if z < 0 else (1 + share) / 2
    with ctx.workprec(300):
        t = arb(t_float)
        by_sum, by_beta = binomial._lower_tail_by_sum(j, n, t, 1 - t), binomial._lower_tail_by_beta(j, n, t, 1 - t)
        assert by_sum.overlaps(by_beta)
        assert tight(by_sum)
        assert tight(by_beta)


@pytest.mark.parametrize("j", [0, 1, 100, 10**4])
def test_huge_n_is_near_its_poisson_limit(j):
    """|P(Bin(n, m/n) <= j) - P(Pois(m) <= j)| <= m/n (Le Cam), at n = 1e18 where little else can be compared."""
    n, mean = 10**18, j + 1
    value = rg.binomial_cdf_at(j, n, Fraction(mean, n))
    with ctx.workprec(300):
        poisson = arb(j + 1).gamma_upper(arb(mean), 1)
        assert abs(value - poisson) <= arb(mean) / n
    assert tight(value)


def test_central_tail_at_n_1e12():
    n = 10**12
    cdf, sf = rg.binomial_cdf_at(n // 2, n, 0.5), rg.binomial_sf_at(n // 2 + 1, n, 0.5)
    with ctx.workprec(300):
        assert (cdf + sf - 1).contains(0)
    assert tight(cdf)
    assert tight(sf)


# --- Clopper-Pearson -------------------------------------------------------------------------------------------------

HARD = [
    (1, 1, "0.5"),
    (1, 10, "1e-300"),
    (3, 10**12, "1e-300"),
    (99_990, 10**5, "0.001"),
    (50_490, 10**5, "0.001"),
    (10**12 // 2, 10**12, "0.001"),
    (10**12 - 10, 10**12, "0.05"),
    (10**18 - 1, 10**18, "1e-300"),
    (10**18 - 10**4, 10**18, "0.001"),
    (500, 1000, "0.999999"),
]


@pytest.mark.parametrize(("k", "n", "alpha"), HARD)
def test_bound_solves_its_equation(k, n, alpha):
    """Just above the bound the tail exceeds alpha, just below it does not: proved on either side, 1e-25 away."""
    t, lower = rg.clopper_pearson_lower_sf(k, n, alpha), rg.clopper_pearson_lower(k, n, alpha)
    assert tight(t)
    assert tight(lower)
    with ctx.workprec(400):
        a = arb(Fraction(alpha).numerator) / Fraction(alpha).denominator
        step = arb(10) ** -25
        if t < 0.99:  # so that the shifted number is below 1 as well
            assert rg.binomial_cdf_at(n - k, n, t.mid() * (1 + step)) < a
            assert rg.binomial_cdf_at(n - k, n, t.mid() * (1 - step)) > a
        if lower < 0.99:
            assert rg.binomial_sf_at(k, n, lower.mid() * (1 + step)) > a
            assert rg.binomial_sf_at(k, n, lower.mid() * (1 - step)) < a
        assert (t + lower).contains(1)


@given(counts(200), st.sampled_from([*ALPHAS, "1e-30", "0.5", "0.9"]))
def test_bound_is_monotone_and_bracketed_by_rationals(kn, alpha):
    k, n = kn
    lower = rg.clopper_pearson_lower(k, n, alpha)
    if k == 0:
        assert lower.is_zero()
        return
    assert lower > rg.clopper_pearson_lower(k - 1, n, alpha)
    p = Fraction(math.floor(to_exact("lower", lower.mid()) * 10**12), 10**12)
    if p > 0:
        assert 1 - rational_cdf(k - 1, n, p) <= Fraction(alpha)
    assert 1 - rational_cdf(k - 1, n, p + Fraction(1, 10**12)) >= Fraction(alpha)


@pytest.mark.parametrize(("k", "n", "alpha"), HARD)
@pytest.mark.parametrize("shift", [Fraction(1, 10**12), Fraction(1, 10**20)])
def test_predicates_refuse_what_is_wrong(k, n, alpha, shift):
    """Fed with rationals just beside the true bound; `shift` is the relative distance from it."""
    t = to_exact("t", rg.clopper_pearson_lower_sf(k, n, alpha).mid())
    lower = to_exact("lower", rg.clopper_pearson_lower(k, n, alpha).mid())
    up, down = min(1, t * (1 + shift)), t * (1 - shift)
    assert rg.is_sound_lower_sf(k, n, alpha, up)
    assert not rg.is_sound_lower_sf(k, n, alpha, down)
    assert rg.is_tight_lower_sf(k, n, alpha, up, 2 * shift)
    assert not rg.is_tight_lower_sf(k, n, alpha, up, shift / 2) or up == 1
    assert rg.is_sound_lower(k, n, alpha, lower * (1 - shift))
    assert not rg.is_sound_lower(k, n, alpha, min(1, lower * (1 + shift)))
    assert rg.is_tight_lower(k, n, alpha, lower * (1 - shift), 2 * shift)
    assert not rg.is_tight_lower(k, n, alpha, lower * (1 - shift), shift / 2)


def test_predicates_settle_equality_and_the_ends():
    assert rg.is_sound_lower_sf(1, 1, 0.5, 0.5)
    assert rg.is_tight_lower_sf(1, 1, 0.5, 0.5, 0)
    assert rg.is_sound_lower(1000, 1000, 2.0**-1000, 0.5)
    assert not rg.is_sound_lower(1000, 1000, 2.0**-1000, 0.5 + 2**-52)
    assert rg.is_sound_lower_sf(0, 5, "0.1", 1)
    assert not rg.is_sound_lower_sf(0, 5, "0.1", "0.999")
    assert rg.is_sound_lower_sf(3, 5, "0.1", 1)
    assert not rg.is_sound_lower_sf(3, 5, "0.1", 0)
    with pytest.raises(ArithmeticError, match="cannot decide"):
        rg.is_sound_lower(1, 1, "0.5", arb(0.5, 0.01))


# --- precision and arguments -----------------------------------------------------------------------------------------


def test_precision_in_force_is_restored_and_irrelevant():
    before = ctx.prec
    with ctx.workprec(20):
        coarse = rg.clopper_pearson_lower_sf(99_990, 100_000, "0.001")
        assert ctx.prec == 20
    assert ctx.prec == before
    assert tight(coarse)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rg.normal_quantile(1), r"p=1 must lie in \(0, 1\)"),
        (lambda: rg.normal_cdf(float("nan")), "z=nan"),
        (lambda: rg.normal_cdf("one"), "z='one'"),
        (lambda: rg.normal_cdf(True), "z=True"),
        (lambda: rg.certified_radius(1), r"p=1 must lie in"),
        (lambda: rg.certified_radius_sf("0.1", 0), r"sigma=0 must lie in \(0, inf\)"),
        (lambda: rg.sensitivity_sf(0), "t=0 must lie in"),
        (lambda: rg.binomial_cdf_at(2.0, 3, 0.5), "j=2.0 .* must be an int"),
        (lambda: rg.binomial_cdf_at(4, 3, 0.5), "j=4 must lie in 0..n, n=3"),
        (lambda: rg.binomial_sf_at(1, 3, 1.5), r"p=1.5 must lie in \[0, 1\]"),
        (lambda: rg.clopper_pearson_lower(1, 0, "0.1"), "n=0 must be at least 1"),
        (lambda: rg.clopper_pearson_lower(1, 3, 1), r"alpha=1 must lie in \(0, 1\)"),
        (lambda: rg.is_tight_lower(1, 3, "0.1", 0.2, -1), r"rel=-1 must lie in \[0, inf\)"),
        (lambda: rg.trivial_acr(10, "0.1", 1, 0), r"share=0 must lie in \(0, 1\]"),
        (lambda: rg.budget_for_acr(0, "0.1"), r"target=0 must lie in"),
        (lambda: rg.expected_radius(arb(1, 0.5), 10, "0.1"), "p="),
        (lambda: increments_non_decreasing(0, "0.1"), "n=0 must be at least 1"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
