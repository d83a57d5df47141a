"""C4: ball arithmetic, its refusals, and the formulas of `proofs/C4.md` against direct evaluations."""

import math
from fractions import Fraction
from functools import cache

import mpmath
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

pytest.importorskip("flint")
from flint import arb, ctx

from proofs.intervals import convexity, convexity_lemma


def test_c4_at_small_standard_budgets():
    assert convexity.holds([(100, "0.001"), (1000, "0.001"), (300, "0.5"), (1, "0.1"), (2, "0.1")]).proved


def test_c4_is_refused_where_it_is_false():
    verdict = convexity.holds([(2, "0.99"), (2, "0.999"), (10, "0.001")])
    assert not verdict.proved
    assert verdict.open_cases == ((2, "0.999"),)


def test_counterexamples_are_certified():
    assert convexity.counterexample_by_hand().proved
    assert convexity.first_failures((("0.999", 2), ("0.99", 3), ("0.95", 7), ("0.9", 11))).proved
    assert not convexity.first_failures((("0.95", 8),)).proved  # it fails before
    assert not convexity.first_failures((("0.5", 8),)).proved  # it holds


def test_the_lemma_of_c4():
    """Every block is run by check.py; here the first, where it is tightest, one in the middle and the infinite one."""
    for block in (convexity_lemma.BLOCKS[0], convexity_lemma.BLOCKS[2], convexity_lemma.BLOCKS[-1]):
        assert convexity_lemma.lemma(block).proved
    assert [block.least for block in convexity_lemma.BLOCKS] == list(range(2, 13))
    assert [block.only for block in convexity_lemma.BLOCKS] == [True] * 10 + [False]


def test_the_lemma_of_c4_with_too_large_a_constant_is_refused():
    """At b = 1, n = 2 the mean of G is 1/ln 2 - 1 = 0.4427: more than 2 - pi/2 = 0.4292, less than 0.445."""
    first = convexity_lemma.BLOCKS[0]
    assert convexity_lemma.lemma(first, arb("0.435")).proved
    assert not convexity_lemma.lemma(first, arb("0.445")).proved
    assert not convexity_lemma.lemma(convexity_lemma.BLOCKS[-1], arb("0.5"), Fraction(1, 100)).proved


def test_the_lemma_of_c4_evaluates_what_it_says():
    """κ, κG and the weight at a few nodes against mpmath, and that the sum stays below the integral, but not by far."""
    b, block = Fraction(17, 10), convexity_lemma.Block(5, True)
    with mpmath.workdps(25), ctx.workprec(60):
        x_b, c = mpmath.mpf(17) / 10, 2 - mpmath.pi / 2
        t = mpmath.mpf(float(block.smallest_mean(b, b))) / 5

        def kappa(x):
            return mpmath.quad(lambda v: v ** (x_b - 1) / (1 - x * v), [0, 0.5, 0.9, 0.99, 0.999, 1])

        for i in (300, 700, 950):
            x = mpmath.exp(-mpmath.mpf(float(convexity_lemma._grid()[i + 1])))
            truth = kappa(x)
            assert float(convexity_lemma._kappa(b)[i]) == pytest.approx(float(truth), rel=1e-12)
            positive = (x_b + (1 - x_b) * x) * truth - 1
            assert float(convexity_lemma._kappa_times_g(b)[i]) == pytest.approx(float(positive), rel=1e-12)

        def integrand(r):
            k = mpmath.hyp2f1(1, x_b, x_b + 1, mpmath.exp(-r)) / x_b
            good = (x_b + (1 - x_b) * mpmath.exp(-r)) * k - 1
            return (good - c * k) * (1 + t * mpmath.expm1(r)) ** -5

        whole = mpmath.quad(integrand, [0, 1e-3, 0.03, 0.3, 1, 3, 10, 40])
        bounded = float(convexity_lemma.lower_sum(b, b, block, 2 - arb.pi() / 2).lower())
    assert float(whole) - 0.02 < bounded < float(whole)


@given(st.floats(1, 4), st.integers(2, 400))
@example(1.0, 2)
@example(1.5, 3)
@example(2.0, 4)
@example(4.0, 12)
def test_the_bounds_on_the_median_in_the_lemma(b, n):
    from scipy.special import betaincinv

    b = min(b, n / 2)
    block = next(block for block in reversed(convexity_lemma.BLOCKS) if block.least <= n)
    mean = float(block.smallest_mean(Fraction(b), Fraction(b)))
    assert mean <= n * betaincinv(b, n - b, 0.5) * (1 + 1e-9)


# The formulas of C4.md against direct evaluation in mpmath, which knows nothing of them.


@cache
def bound(k, n, alpha):
    """The alpha-quantile of Beta(k, n - k) for real k, from the library's ball arithmetic where k is an integer."""
    with mpmath.workdps(30):
        k, rest, target = mpmath.mpf(k), n - mpmath.mpf(k), mpmath.mpf(alpha)
        low, high = mpmath.mpf(0), mpmath.mpf(1)
        for _ in range(90):
            middle = (low + high) / 2
            below = mpmath.betainc(k, rest, 0, middle, regularized=True) < target
            low, high = (middle, high) if below else (low, middle)
        return low


def velocity_term(a, p, n):
    """J(a, p) of C4.md, by quadrature in r."""

    def integrand(r):
        kappa = mpmath.hyp2f1(1, a, a + 1, mpmath.exp(-r)) / a
        return kappa * (1 + p * mpmath.expm1(r)) ** (-n)

    return mpmath.quad(integrand, [0, 1e-3, 0.03, 0.3, 1, 3, 10, 40])


@pytest.mark.parametrize(("a", "n", "alpha"), [(5, 8, "0.3"), (9.5, 12, "0.01"), (4, 5, "0.5"), (1.25, 3, "0.2")])
def test_velocity_of_the_log_odds(a, n, alpha):
    """Lemma 1 of C4.md: d/da ln(L/(1-L)) = J(a, L) + J(n-a, 1-L)."""
    with mpmath.workdps(30):
        step = mpmath.mpf("1e-6")
        up, down = (mpmath.log(x / (1 - x)) for x in (bound(a + step, n, alpha), bound(a - step, n, alpha)))
        p = bound(a, n, alpha)
        by_lemma = velocity_term(a, p, n) + velocity_term(n - mpmath.mpf(a), 1 - p, n)
        assert abs((up - down) / (2 * step) / by_lemma - 1) < 1e-9  # step^2, times a third derivative


def certified(k, n, alpha):
    return mpmath.sqrt(2) * mpmath.erfinv(2 * bound(k, n, alpha) - 1)


@given(st.integers(2, 40), st.floats(0, 1), st.floats(0.001, 0.5))
@settings(max_examples=10)
@example(2, 0.5, 0.45)
@example(40, 0.0, 0.45)
def test_velocity_grows(budget, share, alpha):
    """C4.md: Phi^-1(L(k)) is convex in *real* k wherever L >= 1/2, for alpha <= 1/2; so are the log odds of L(k)."""
    n = budget + 1
    with mpmath.workdps(30):
        assume(mpmath.mpf(alpha) ** (mpmath.mpf(1) / budget) > 0.51)  # L(N): else no real k certifies enough to tell
        low, high = mpmath.mpf(n) / 2, mpmath.mpf(budget)  # L(n/2) <= 1/2 as alpha <= 1/2
        for _ in range(40):
            middle = (low + high) / 2
            below = mpmath.betainc(middle, n - middle, 0, 0.5, regularized=True) > alpha  # L(middle) < 1/2
            low, high = (middle, high) if below else (low, middle)
        width = (budget - high) / 4
        k = high + width + share * (budget - high - 2 * width)
        points = [bound(k + shift, n, alpha) for shift in (-width, 0, width)]
        assert points[0] > 0.5 - mpmath.mpf(10) ** -10
        for transform in (lambda x: mpmath.log(x / (1 - x)), lambda x: mpmath.sqrt(2) * mpmath.erfinv(2 * x - 1)):
            low, middle, high = (transform(x) for x in points)
            assert low - 2 * middle + high > -1e-20


@given(st.floats(1, 60), st.floats(0.05, 20))
@settings(max_examples=40)
def test_the_series_of_the_positive_part(b, r):
    """C4.md, Section 3: kappa_b G_b = sum of k x^k / ((b+k-1)(b+k)), by which it falls in b."""
    with mpmath.workdps(30):
        b, x = mpmath.mpf(b), mpmath.exp(-mpmath.mpf(r))
        kappa = mpmath.lerchphi(x, 1, b)
        terms = range(1, int(50 / r) + 2)  # the others add less than x^(50/r) / (1 - x) < 1e-19
        series = mpmath.fsum(k * x**k / ((b + k - 1) * (b + k)) for k in terms)
        assert abs((b + (1 - b) * x) * kappa - 1 - series) < 1e-18


@pytest.mark.parametrize("y", [1e-6, 0.1, 0.5, 1, 1.7, 2.5, 4, 8])
def test_the_price_of_leaving_log_odds(y):
    """Lemma 2 of C4.md, and that its constant is the best: the ratio starts at 1 - pi/4."""
    with mpmath.workdps(40):
        p, t, density = mpmath.ncdf(y), mpmath.ncdf(-y), mpmath.npdf(y)
        ratio = 1 - y * p * t / density / (p - t)
        assert 0 < ratio < 1 - mpmath.pi / 4
        assert y > 0.01 or abs(ratio - (1 - mpmath.pi / 4)) < 1e-9


@given(st.floats(0.51, 50), st.floats(1, 100))
@settings(max_examples=50)
def test_the_median_of_a_beta_law(b, ratio):
    """Lemma 3 of C4.md."""
    from scipy.special import betaincinv

    n = b * (1 + ratio)
    assert betaincinv(b, n - b, 0.5) >= (b - 0.5) / (n - 1) * (1 - 1e-9)


@pytest.mark.parametrize("b", [1, 1.3, 2, 3.7])
def test_the_mean_in_closed_form(b):
    """G_b, and its mean under the weight e^(-tau r), as C4.md states them: by quadrature against digamma."""
    with mpmath.workdps(25):
        b, tau = mpmath.mpf(b), mpmath.mpf(b) + mpmath.mpf("0.75")

        def kappa(r):
            return mpmath.hyp2f1(1, b, b + 1, mpmath.exp(-r)) / b

        def bare(r):
            return kappa(r) * mpmath.exp(-tau * r)

        def weighted(r):
            return ((b + (1 - b) * mpmath.exp(-r)) * kappa(r) - 1) * mpmath.exp(-tau * r)

        ends = [0, 1e-3, 0.03, 0.3, 1, 3, 10, 60]
        mean = mpmath.quad(weighted, ends) / mpmath.quad(bare, ends)

        def closed(x):
            return (mpmath.digamma(x) - mpmath.digamma(b)) / (x - b)

        assert abs(mean - tau * (1 - closed(tau + 1) / closed(tau))) < 1e-8
        if b > 1:  # at tau = b - 1 it is what C4.md says
            tau = b - 1
            stated = (b - 1) * (1 - (b - 1) * mpmath.psi(1, b))
            assert abs(tau * (1 - mpmath.psi(1, b) / closed(tau)) - stated) < 1e-15


@given(st.floats(1e-12, 0.999), st.floats(0, 50))
@example(0.999, 0.0)
@example(0.5, 0.0)
def test_poisson_constants_are_log_concave(alpha, j):
    """C4.md on C3: c_{j+1}/c_j falls in j, for real j and every alpha, also above 1/2 where C4 itself fails."""
    from scipy.special import gammainccinv

    low, middle, high = (math.log(gammainccinv(j + 1 + shift, alpha)) for shift in (0, 1, 2))
    assert low - 2 * middle + high < 1e-12
