"""B2, B3: the smallest budget at which the constant classifier beats an ACR, exactly; and the erratum."""

import dataclasses
import math
from fractions import Fraction

import pytest
from flint import arb, ctx
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from strategies import EPS, levels_and_ties, small_levels

import rstheory as rs
from rstheory import rigorous, trivial

THOUSANDTH, TENTH = Fraction(1, 1000), Fraction(1, 10)
alphas = levels_and_ties()


# -- B2: the exact budget ---------------------------------------------------------------------------------------------


def exceeds(n: int, target, alpha, sigma, share) -> bool:
    """Is the ACR at n above the target? Decided in ball arithmetic, at whatever precision that takes: with u the radius
    in units of sigma, N ln Phi(u) < ln alpha."""
    radius = Fraction(target) / (Fraction(sigma) * Fraction(share))
    level = Fraction(alpha)
    for precision in (200, 800, 3200, 12_800):
        with ctx.workprec(precision):
            u = arb(radius.numerator) / radius.denominator
            tail = (u / arb(2).sqrt()).erfc() / 2
            difference = n * (-tail).log1p() - (arb(level.numerator) / level.denominator).log()
            if difference > 0 or difference < 0:
                return bool(difference < 0)
    raise AssertionError("undecided")


@st.composite
def problems(draw):
    """(target, alpha, sigma, share) as floats or fractions, with budgets of up to 200 digits (u <= 30.2)."""
    alpha = draw(
        st.one_of(
            st.sampled_from([0.001, THOUSANDTH, 0.1, TENTH]),
            st.floats(1e-300, 1 - 1e-9),
            st.fractions(Fraction(1, 10**6), 1 - Fraction(1, 10**6)),
        )
    )
    sigma = draw(st.one_of(st.sampled_from([0.25, 0.5, 1.0, 1, Fraction(1, 4)]), st.floats(1e-6, 1e6)))
    share = draw(
        st.one_of(st.sampled_from([0.1, TENTH, 0.5, 1, 1.0]), st.floats(1e-6, 1), st.fractions(Fraction(1, 10**6), 1))
    )
    u = draw(st.floats(1e-9, 30))
    if draw(st.booleans()):
        return u * float(sigma) * float(share), alpha, sigma, share
    return Fraction(u) * Fraction(sigma) * Fraction(share), alpha, sigma, share


@given(problems())
@example((Fraction("0.8437"), THOUSANDTH, 1, TENTH))
@example((0.8437, 0.001, 1.0, 0.1))
@example((1e-20, 0.5, 1.0, 1.0))  # u next to 0 and alpha = 1/2: x is above 1 in the 20th digit
@example((1e-20, 2.0**-10, 1.0, 0.1))
@example((1.0, 1 - 1e-9, 1.0, 1.0))  # one draw is enough
@example((3.0, 1e-300, 0.1, 1.0))
def test_budget_for_acr_is_exact(problem):
    result = rs.budget_for_acr(*problem)
    assert result.n == rigorous.budget_for_acr(*problem)
    truth = rigorous.log10_budget_for_acr(*problem)
    assert abs(truth - arb(result.log10_n)) <= 4 * EPS * (truth + 1)


@given(problems())
@example((Fraction("0.8437"), THOUSANDTH, 1, TENTH))
@example((0.844, 0.001, 1.0, 0.5))
@example((1e-300, 0.001, 1.0, 1.0))  # u next to 0: x next to log2(1000)
@example((1e-300, 0.5, 1.0, 1.0))  # x is above 1 in the 300th digit, more than the oracle's own budget goes to
@example((Fraction(1, 10**350), 2.0**-7, 1.0, 1.0))  # less than any float
@settings(max_examples=50)
def test_budget_for_acr_is_the_first_to_exceed(problem):
    n = rs.budget_for_acr(*problem).n
    assert exceeds(n, *problem)
    assert n == 1 or not exceeds(n - 1, *problem)


@given(problems())
@settings(max_examples=50)
def test_budget_and_acr_agree(problem):
    """The two numeric functions, each way round: up to the rounding of `trivial_acr`."""
    target, alpha, sigma, share = problem
    n = rs.budget_for_acr(*problem).n
    # An exact alpha is rounded for `trivial_acr`: that moves ln t by EPS/|ln alpha|, the radius by at most 1.26 of it.
    error = 1e-12 + EPS / abs(math.log(float(alpha)))
    rounding = float(sigma) * float(share) * 1.26 * error + 64 * EPS * float(target)
    numbers = (float(alpha), float(sigma), float(share))
    assert rs.trivial_acr(n, *numbers) >= float(target) - rounding
    assert n == 1 or rs.trivial_acr(n - 1, *numbers) <= float(target) + rounding


@given(st.integers(1, 1000), st.sampled_from([0, 0.0, Fraction(0)]))
@example(1, 0)
@example(1000, 0)
def test_target_zero_at_a_tie(m, target):
    """alpha = 2^-m: m draws give L = 1/2 exactly, hence radius 0, and m + 1 are needed."""
    expected = rs.Budget(m + 1, math.log10(m + 1))
    assert rs.budget_for_acr(target, 2.0**-m) == expected
    assert rs.budget_for_acr(target, Fraction(1, 2**m), sigma=7.0, share=0.3) == expected
    below, above = math.nextafter(2.0**-m, 0), math.nextafter(2.0**-m, 1)
    assert rs.budget_for_acr(target, below).n == m + 1  # x = m and a little
    assert rs.budget_for_acr(target, above).n == m  # x = m less a little


@given(alphas)
@example(0.999)  # one draw
@example(0.75)  # the denominator alone is a power of two
@example(0.001)
def test_target_zero_is_the_first_budget_that_certifies(alpha):
    n = rs.budget_for_acr(0.0, alpha).n
    assert rigorous.min_certifiable_count(n, alpha) is not None
    assert n == 1 or rigorous.min_certifiable_count(n - 1, alpha) is None


def test_the_budgets_the_theory_quotes():
    """B2 and B6. The 18 digits agree with SymPy's (tests/test_symbolic_values.py) and Arb's."""
    exact = rs.budget_for_acr(Fraction("0.8437"), THOUSANDTH, 1, TENTH)
    assert exact.n == 424_326_933_692_196_259
    assert rs.budget_for_acr(0.8437).n != exact.n  # a float 0.1 is not a tenth
    assert rs.budget_for_acr(0.8437).n == pytest.approx(exact.n, rel=1e-13)
    astronomical = rs.budget_for_acr(0.8437, share=THOUSANDTH)
    assert astronomical.n is None
    assert astronomical.log10_n == pytest.approx(154_576.0178, abs=5e-5)
    assert rs.budget_for_acr(Fraction("0.844"), share=0.5).n == 148
    assert rs.trivial_acr(148, share=0.5) > 0.844 > rs.trivial_acr(147, share=0.5)


@given(st.floats(96, 1e4), small_levels())
@example(1e5, 0.001)
@settings(max_examples=30)
def test_beyond_the_longest_integer_only_the_logarithm(u, alpha):
    """There ln(1 - t) = -t to 2000 digits, so that log10 N = log10(ln(1/alpha)/t)."""
    result = rs.budget_for_acr(u, alpha, 1.0, 1.0)
    with ctx.workprec(200):
        tail = (arb(u) / arb(2).sqrt()).erfc() / 2
        truth = (-arb(alpha).log() / tail).log() / arb(10).log()
    assume(truth > trivial.MAX_DIGITS)  # but for alpha near 1/2 and u near 96
    assert result.n is None
    assert abs(truth - arb(result.log10_n)) <= 4 * EPS * truth
    assert str(result) == f"10^{result.log10_n:.2f}"


def test_the_longest_integer(monkeypatch):
    """The same budget on either side of the limit on digits."""
    n = rs.budget_for_acr(20.0, share=1).n
    assert len(str(n)) == 90
    monkeypatch.setattr(trivial, "MAX_DIGITS", 89)
    assert rs.budget_for_acr(20.0, share=1).n is None
    monkeypatch.setattr(trivial, "MAX_DIGITS", 90)
    assert rs.budget_for_acr(20.0, share=1).n == n


# -- B3: the erratum --------------------------------------------------------------------------------------------------


@given(st.floats(1e-6, 300), st.integers(2, 1000), st.floats(0.1, 10), st.floats(1e-300, 0.4999))
@example(8.44, 10, 1.0, 0.001)
@example(1e-6, 2, 10.0, 0.4999)  # the ratio near its largest value, ln 2 / ln(1/alpha)
@settings(max_examples=30)
def test_the_printed_budget_certifies_nothing(u, classes, sigma, alpha):
    """ceil(ln Phi(M K/sigma)/ln alpha) + 1 is 2 for every u = M K/sigma at alpha < 1/2; below 1/4 its ACR is 0."""
    ratio = (-rigorous.normal_sf(u)).log1p() / arb(alpha).log()
    assert 0 < ratio < 1
    printed = int(ratio.ceil().unique_fmpz()) + 1
    assert printed == 2
    target, share = Fraction(u) * Fraction(sigma) / classes, Fraction(1, classes)
    result = rs.budget_for_acr(target, alpha, sigma, share)
    assert result.log10_n > 0
    if alpha < 0.25:
        assert rs.trivial_acr(printed, alpha, sigma, 1 / classes) == 0
        assert result.log10_n > math.log10(printed)
    if result.n is not None and result.n < 10**200:
        assert exceeds(result.n, target, alpha, sigma, share)


# -- Budget -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("budget", "text"),
    [
        (rs.Budget(1, 0.0), "1"),
        (rs.Budget(148, math.log10(148)), "148"),
        (rs.Budget(424_326_933_692_196_259, 17.6277), "424,326,933,692,196,259"),
        (rs.Budget(10**24 - 1, 24.0), "999,999,999,999,999,999,999,999"),
        (rs.Budget(10**24, 24.0), "10^24.00"),
        (rs.Budget(None, 154_576.0178), "10^154576.02"),
    ],
)
def test_budget_text(budget, text):
    assert str(budget) == text


def test_budget_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        rs.Budget(1, 0.0).n = 2


@pytest.mark.parametrize(
    ("n", "log10_n", "message"),
    [
        (0, 0.0, r"n=0 is not allowed: .* at least one draw"),
        (-3, 0.0, r"n=-3\b"),
        (None, math.nan, r"log10_n=nan\b.*finite"),
        (None, math.inf, r"log10_n=inf\b"),
        (5, -0.1, r"log10_n=-0\.1\b.*not negative"),
    ],
)
def test_budget_refuses(n, log10_n, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        rs.Budget(n, log10_n)
