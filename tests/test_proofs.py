"""`proofs/`: the proofs pass, each kind of them refuses wrong statements, and the ledger is complete and true."""

import ast
import doctest
import math
import re
import subprocess
import sys
from fractions import Fraction
from functools import cache
from pathlib import Path

import mpmath
import pytest
import sympy as sp
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # `proofs` is not part of the installed package

flint = pytest.importorskip("flint")
from flint import arb, ctx  # noqa: E402

from proofs import check, render, runners, statements  # noqa: E402
from proofs.intervals import (  # noqa: E402
    anytime,
    constants,
    convexity,
    convexity_lemma,
    growth,
    radius,
    randomized,
    subdivision,
)
from proofs.ledger import LEDGER, Check, Row  # noqa: E402
from proofs.symbolic import all as symbolic  # noqa: E402
from proofs.symbolic.derivation import Derivation  # noqa: E402

PROOFS = ROOT / "proofs"
CHECKS = list(dict.fromkeys(check for row in LEDGER for check in row.checks))


# -- Symbolic derivations ---------------------------------------------------------------------------------------------

DERIVATIONS = [derivation for item in symbolic.ITEMS for derivation in symbolic.derivations(item)]
NEW = [derivation for derivation in DERIVATIONS if derivation.sides.__module__.startswith("proofs.symbolic.")]
NEW = [
    derivation for derivation in NEW if "from_library" not in derivation.sides.__qualname__
]  # tested with the library


def title(derivation):
    return f"{derivation.item} {derivation.name}"


def test_every_promised_item_is_derived():
    assert {d.item for d in NEW} >= {"A2", "A3", "A4", "A5", "B4", "C2", "C3", "D2", "E4"}
    assert len({title(d) for d in DERIVATIONS}) == len(DERIVATIONS)
    assert all(d.sides.__doc__ for d in NEW)


@pytest.mark.parametrize("derivation", NEW, ids=title)
def test_difference_is_exactly_zero(derivation):
    assert derivation() is sp.S.Zero


@pytest.mark.parametrize("derivation", NEW, ids=title)
def test_spoiled_statement_is_refused(derivation):
    """Neither a wrong term nor a wrong factor is simplified away."""
    left, right = derivation.sides()
    millionth = sp.Rational(1, 10**6)
    assert Derivation(derivation.item, lambda: (left, right + millionth))() != 0
    if right != 0:
        assert Derivation(derivation.item, lambda: (left, right * (1 + millionth)))() != 0


def test_the_runner_refuses_an_item_without_derivations_and_a_difference(monkeypatch):
    assert runners.run_symbolic(symbolic_check("B4")).status == "pass"
    assert runners.run_symbolic(symbolic_check("D5")).status == "fail"
    wrong = Derivation("A4", lambda: (sp.Symbol("x"), sp.Integer(1)))
    monkeypatch.setattr(symbolic, "derivations", lambda item: (wrong,))
    result = runners.run_symbolic(symbolic_check("A4"))
    assert result.status == "fail"
    assert "difference x - 1" in result.detail


def symbolic_check(item):
    return Check("symbolic derivation", "proofs/symbolic/all.py", (), (item,))


# -- Ball arithmetic: bounds on intervals -----------------------------------------------------------------------------

BOUNDS = [  # function, range, and a range on which the bound tightened by a factor of 1.001 is false somewhere
    (radius.radius_lower_bound, 40, 40),
    (radius.radius_upper_bound, 40, 100),  # near its value only far in the tail
    (radius.slope_lower_bound, 40, 40),
    (radius.slope_upper_bound, 40, 40),
    (growth.tail_lower_bound, 50, 50),
    (growth.tail_upper_bound, 50, 50),
    (growth.radius_lower_bound, 1000, None),  # R_N stays above the bound by far: see `test_a_false_radius_bound`
    (growth.radius_upper_bound, 1000, 10_000),
]


def bound_name(case):
    function = case[0]
    return f"{function.__module__.rsplit('.', 1)[1]}.{function.__name__}"


@pytest.mark.parametrize("case", BOUNDS, ids=bound_name)
def test_bound_is_proved(case):
    function, largest, _ = case
    outcome = function(largest)
    assert outcome.proved
    assert outcome.refuted_at is None


@pytest.mark.parametrize("case", [case for case in BOUNDS if case[2]], ids=bound_name)
def test_tightened_bound_is_refused(case):
    function, _, largest = case
    outcome = function(largest, arb("1.001"))
    assert not outcome.proved
    assert outcome.refuted_at is not None


@pytest.mark.parametrize("function", [growth.radius_lower_bound, growth.radius_upper_bound], ids=lambda f: f.__name__)
def test_a_false_radius_bound_is_refused(function):
    assert not function(100, arb("1.2")).proved


@pytest.mark.parametrize("z", [0.01, 0.5, 2.0, 7.0, 30.0])
def test_the_claims_are_those_of_the_library(z):
    """The bounds proved are the ones that `rstheory.radius` computes, at points in the range."""
    import rstheory.radius as rr

    t = rr.certified_radius_inverse_sf(z)
    lower, upper = rr.radius_bounds_sf(t)
    least, most = rr.sensitivity_bounds_sf(t)
    with ctx.workprec(100):
        log_ratio, h, c = radius.log_ratio(arb(z)), radius.hazard(arb(z)), radius.constant()
        root, y = (2 * log_ratio).sqrt(), (c * c + 2 * log_ratio).sqrt() - c
        for ball, value in [
            (y, lower),
            (root, upper),
            (1 / (root + c), least * t),
            (1 / (y * y + c * c).sqrt(), most * t),
            (1 / h, rr.sensitivity_sf(t) * t),
        ]:
            assert float(ball) == pytest.approx(float(value), rel=1e-11)  # z^2 eps, as for `sensitivity`


def test_subdivision_refuses_a_dip_that_no_sample_sees():
    """Positive at every multiple of 1/64, negative near 1/3 on an interval of 1e-5: bisection finds it."""
    third = arb(1) / 3

    def dip(x):
        return (x - third) ** 2 - arb("1e-11")

    outcome = subdivision.positive(dip, 0, 1, lambda x: 2 * (x - third))
    assert not outcome.proved
    assert outcome.refuted_at == pytest.approx(1 / 3, abs=1e-5)


def test_subdivision_does_not_prove_what_touches_zero():
    assert not subdivision.positive(lambda x: (x - arb(1) / 3) ** 2, 0, 1).proved
    assert not subdivision.positive(lambda x: arb.nan(), 0, 1, smallest=0.1).proved


@pytest.mark.parametrize(
    ("at_zero", "proved"),
    [([arb(0)], True), ([arb(-1)], False), ([arb(0, 1e-9)], False), ([arb(1)], True)],
)
def test_the_start_at_zero_must_be_exact(at_zero, proved):
    outcome = subdivision.positive_from_zero([lambda x: x, lambda x: arb(1)], at_zero, Fraction(1, 2), 1)
    assert outcome.proved is proved


# -- Ball arithmetic: C4 ----------------------------------------------------------------------------------------------


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


# -- Ball arithmetic: constants ---------------------------------------------------------------------------------------

QUICK = [c for c in constants.CONSTANTS if c.quoted not in ("2.506", "0.7657")]  # those two take 20 s each


@pytest.mark.parametrize("constant", QUICK, ids=lambda c: f"{c.item} {c.quoted}")
def test_constant_is_enclosed(constant):
    assert constants.enclose(constant).proved


def test_every_constant_that_the_issue_names_is_there():
    quoted = {c.quoted for c in constants.CONSTANTS}
    assert {"7232.99", "0.7657", "2.214", "148", "4.24E17", "154576.0", "50490", "3.8115"} <= quoted


@pytest.mark.parametrize(
    ("quoted", "value"),
    [
        ("7232.98", arb("7232.989")),
        ("3.8114", arb("3.811456563")),
        ("148", 147),
        ("4.25E17", arb(424326933692196259)),
        ("2.214", arb("2.214", 0.01)),  # right, but not known well enough
        ("2.214", arb.nan()),
    ],
)
def test_wrong_constant_is_refused(quoted, value):
    assert not constants.agrees(quoted, value)


def test_the_runner_refuses_what_is_not_proved():
    def status(file, name, *arguments):
        return runners.run_balls(Check("ball arithmetic", f"proofs/intervals/{file}", (name,), arguments)).status

    assert status("constants.py", "quoted", "B6") == "pass"
    assert status("constants.py", "quoted", "D5") == "fail"  # there are none
    assert status("convexity.py", "holds", ((2, "0.999"),)) == "fail"


# -- Ball arithmetic: rules that stop, randomized bounds --------------------------------------------------------------


def test_no_rate_of_the_truncated_mixture_exceeds_its_level():
    outcome = anytime.false_alarms()
    assert outcome.proved
    assert outcome.cases == len(anytime.ALPHAS) * len(anytime.QS) * len(anytime.SHARES) * anytime.LARGEST
    assert 0.5 < outcome.worst <= 1


def test_the_untruncated_mixture_is_refused():
    """At p = q it is a test too; below q it is not."""
    outcome = anytime.false_alarms(anytime.untruncated)
    assert not outcome.proved
    assert outcome.worst > 9


def test_a_level_that_is_half_as_large_is_refused():
    """What is claimed of W could not be claimed of 2W: some exact rate lies above α then."""
    assert not anytime.false_alarms(lambda q, k, j: 2 * anytime.truncated(q, k, j)).proved


@pytest.mark.parametrize("q", anytime.QS, ids=float)
def test_the_wealth_is_the_mean_ratio_over_the_angle(q):
    """The beta functions of the theory against the integral that Coq reasons about."""
    with mpmath.workdps(20):
        start = mpmath.asin(mpmath.sqrt(mpmath.mpf(q.numerator) / q.denominator))
        for k, j in ((0, 0), (5, 0), (0, 4), (17, 6)):
            ratio = mpmath.quad(
                lambda s, k=k, j=j: (mpmath.sin(s) ** 2 / q) ** k * (mpmath.cos(s) ** 2 / (1 - q)) ** j,
                [start, (start + mpmath.pi / 2) / 2, mpmath.pi / 2],
            )
            mean = ratio / (mpmath.pi / 2 - start)
            assert abs(float(anytime.truncated(q, k, j).mid()) / float(mean) - 1) < 1e-12


@given(k=st.integers(0, 60), j=st.integers(0, 60), low=st.fractions(0, 1), high=st.fractions(0, 1))
@example(k=1, j=0, low=Fraction(1, 1000), high=Fraction(999, 1000))
@settings(max_examples=200)
def test_the_mixture_falls_where_it_exceeds_1(k, j, low, high):
    """G2: it does not rise in q up to k/n, and is at most 1 from there on."""
    assume(0 < low < high < 1)
    with ctx.workprec(400):
        at_low, at_high = anytime.truncated(low, k, j), anytime.truncated(high, k, j)
    if high * (k + j) <= k:
        assert not at_high > at_low
    else:
        assert not at_high > 1


def test_a_bound_that_is_a_little_too_large_is_refused(monkeypatch):
    assert anytime.bound_against_brute_force(6, 50).proved
    right = anytime.bound
    monkeypatch.setattr(anytime, "bound", lambda alpha, k, j: right(alpha, k, j) + Fraction(1, 50))
    assert not anytime.bound_against_brute_force(6, 50).proved


def test_a_crossing_that_cannot_be_decided_is_an_error():
    with pytest.raises(ArithmeticError, match="too close to 1/α to decide"):
        anytime.crossed(lambda q, k, j: arb(10), Fraction(1, 2), Fraction(1, 10))(0, 0)


def test_repeated_bounds_are_refused():
    outcome = anytime.repeated_bounds()
    assert outcome.proved
    assert outcome.worst > 4
    once = anytime.exceeding(Fraction(1, 2), Fraction(1, 20))
    *_, at_the_end = anytime.crossing_probabilities(lambda k, j: k + j == 60 and once(k, j), Fraction(1, 2), 60)
    assert at_the_end < Fraction(1, 20)  # one look: it is the repetition that costs


def test_the_recursion_over_counts_is_that_of_coq():
    """Coq's `crossing` conditions on the first draw; here the law of what has not crossed is carried forward."""
    hit = anytime.crossed(anytime.truncated, anytime.QS[0], anytime.ALPHAS[0])
    p = Fraction(3, 7)

    @cache
    def crossing(n, k, j):
        if hit(k, j):
            return Fraction(1)
        return Fraction(0) if n == 0 else (1 - p) * crossing(n - 1, k, j + 1) + p * crossing(n - 1, k + 1, j)

    assert list(anytime.crossing_probabilities(hit, p, 25)) == [crossing(n, 0, 0) for n in range(26)]


def test_the_randomized_level_is_exact_and_the_plain_one_is_not():
    assert randomized.level_is_exact(20).proved
    for n, p in ((7, Fraction(1, 3)), (50, Fraction(9, 10))):
        assert randomized.level(n, p, Fraction(1, 20)) == Fraction(1, 20)
        assert randomized.level(n, p, Fraction(1, 20), randomized.plain_length) < Fraction(1, 20)
        # half of u for every count, whatever the bound: not a level
        assert randomized.level(n, p, Fraction(1, 20), lambda above, mass, target: Fraction(1, 2)) == Fraction(1, 2)


def test_a_randomized_bound_has_no_root_at_either_end():
    alpha = Fraction(1, 20)
    assert randomized.bound(5, 0, Fraction(1, 2), alpha) == (0, 0)
    assert randomized.bound(5, 5, Fraction(1, 100), alpha) == (1, 1)
    low, high = randomized.bound(5, 5, Fraction(1), alpha)
    assert low**5 <= alpha <= high**5


# -- Coq --------------------------------------------------------------------------------------------------------------

COQ_FILES = sorted((PROOFS / "coq").glob("*.v"))
WRONG_FILES = sorted((PROOFS / "coq" / "Wrong").glob("*.v"))
NO_COQ = runners.coq_missing()


def test_there_are_coq_files():
    assert COQ_FILES
    assert WRONG_FILES


@pytest.mark.parametrize("path", COQ_FILES, ids=lambda path: path.stem)
def test_coq_file_takes_no_shortcut(path):
    assert runners.shortcuts(path) == []


def test_every_coq_file_is_compiled():
    listed = (PROOFS / "coq" / "_CoqProject").read_text(encoding="utf-8").split()
    assert {path.name for path in COQ_FILES} == {name for name in listed if name.endswith(".v")}


@pytest.mark.parametrize(
    "word", ["Admitted.", "admit.", "Axiom a : False.", "Parameter x : nat.", "Axioms a b : False."]
)
def test_a_shortcut_is_seen(word, tmp_path):
    file = tmp_path / "shortcut.v"
    file.write_text(f"(* no (* Admitted *) here: Axiom *)\nTheorem t : True. (* fine *) {word}\n", encoding="utf-8")
    assert runners.shortcuts(file) == [word.rstrip(".").split()[0]]


def test_comments_are_no_shortcuts(tmp_path):
    file = tmp_path / "comment.v"
    file.write_text("(* Admitted (* nested *) Axiom *) Theorem t : True. Proof. exact I. Qed.\n", encoding="utf-8")
    assert runners.shortcuts(file) == []


def test_printed_assumptions_are_read():
    source = """Print Assumptions one. (* Print Assumptions no. *)
        Definition g := ( @two,
          @three' ).
        Print Assumptions g."""
    output = "Closed under the global context\nAxioms:\nClassical_Prop.classic : forall P : Prop, P\nM.ax\n  : False\n"
    axioms = runners.printed_assumptions(source, output)
    assert axioms == {
        "one": (),
        "two": ("Classical_Prop.classic", "M.ax"),
        "three'": ("Classical_Prop.classic", "M.ax"),
    }
    with pytest.raises(ValueError, match="asks 2 questions, coqc printed 0 answers"):
        runners.printed_assumptions(source, "")


def test_a_theorem_is_quoted_with_its_words_and_what_its_section_assumes():
    text = """(** * Heading *)
        Section Outer. Variable x : R. (** Zero. *) Lemma zero : 0 = 0. Proof. auto. Qed.
        Section Inner. Hypothesis positive : 0 < x.
        (** A comment, (* nested *) and quoted. *)
        Theorem one (y : R) :
          0 < y -> x <= 1.5 * y.
        Proof. trivial. Qed.
        End Inner.
        (** ** A heading is no statement *)
        Theorem two : x = x. Proof. auto. Qed. End Outer.
        (* Not for documentation. *)
        Corollary three' : 1 = 1. Proof. auto. Qed."""
    found = statements.statements(text)
    assert list(found) == ["zero", "one", "two", "three'"]
    assert found["one"].words == "A comment, (* nested *) and quoted."
    assert found["one"].given == ("Variable x : R.", "Hypothesis positive : 0 < x.")
    assert " ".join(found["one"].formal.split()) == "Theorem one (y : R) : 0 < y -> x <= 1.5 * y."
    assert found["zero"].given == found["two"].given == ("Variable x : R.",)
    assert found["two"].words == found["three'"].words == ""
    assert found["three'"].given == ()


FORMAL = list(
    dict.fromkeys((formal.file, name) for formal in CHECKS if formal.kind == "formal proof" for name in formal.names)
)


@pytest.mark.parametrize(("file", "name"), FORMAL, ids=lambda part: part.rsplit("/", 1)[-1])
def test_every_theorem_of_the_ledger_says_in_words_what_it_states(file, name):
    statement = statements.statements_of(ROOT / file)[name]
    assert statement.words.endswith(".")
    assert len(statement.words) > 15
    assert statement.formal.endswith(".")


def test_a_theorem_without_words_is_refused(monkeypatch):
    bare = statements.Statement("B3_refuted", "", (), "Theorem B3_refuted : True.")
    monkeypatch.setattr(runners, "statements_of", lambda path: {"B3_refuted": bare})
    result = runners.judge_coq(
        Check("formal proof", "proofs/coq/B3.v", ("B3_refuted",)), runners.CoqBuild({"B3_refuted": ()}, None, 0.0)
    )
    assert result.status == "fail"
    assert "does not say in words" in result.detail


@pytest.mark.skipif(NO_COQ is not None, reason=NO_COQ or "")
def test_coq_proves_the_ledger_s_theorems_and_refuses_the_wrong_ones():
    """One build, hence one test: under xdist a fixture would build once a worker.

    What `make` left compiled is kept here; check.py builds from nothing. Each file of Wrong/ names, in its comment, the
    message with which coqc must refuse it, so that a missing import does not pass for a refusal.
    """
    build = runners.build_coq(fresh=False, try_wrong=True)
    assert build.error is None
    assert build.axioms
    for name, axioms in build.axioms.items():
        assert set(axioms) <= runners.STANDARD_AXIOMS, name
    for formal in (c for c in CHECKS if c.kind == "formal proof"):
        result = runners.judge_coq(formal, build)
        assert result.status == "pass", result.detail
    assert set(build.wrong) == {path.name for path in WRONG_FILES}
    for path in WRONG_FILES:
        expected = re.search(r'coqc must refuse it:\s*"([^"]+)"', path.read_text(encoding="utf-8"))
        assert expected is not None, f"{path.name} does not say how it is refused"
        said = build.wrong[path.name]
        assert said is not None, f"coqc accepted {path.name}"
        assert " ".join(expected.group(1).split()) in " ".join(said.split()), path.name


@pytest.mark.parametrize(
    ("name", "axioms", "complaint"),
    [
        ("B3_no_such_theorem", {}, "has no theorem B3_no_such_theorem"),
        ("B3_refuted", {}, "does not print the assumptions of B3_refuted"),
        ("B3_refuted", {"B3_refuted": ("Cheating.axiom",)}, "B3_refuted assumes Cheating.axiom"),
    ],
)
def test_a_theorem_that_is_not_proved_is_refused(name, axioms, complaint):
    build = runners.CoqBuild(axioms, None, 0.0)
    result = runners.judge_coq(Check("formal proof", "proofs/coq/B3.v", (name,)), build)
    assert result.status == "fail"
    assert complaint in result.detail


def test_a_build_that_failed_proves_nothing():
    build = runners.CoqBuild({"B3_refuted": ()}, "Error: no", 0.0)
    assert runners.judge_coq(Check("formal proof", "proofs/coq/B3.v", ("B3_refuted",)), build).status == "fail"


# -- The ledger -------------------------------------------------------------------------------------------------------

ITEMS = [f"{section}{i}" for section, last in (("A", 5), ("B", 7), ("C", 12), ("D", 5)) for i in range(1, last + 1)]
ITEMS += ["E4", *(f"G{i}" for i in range(1, 6)), "H1", "H3"]


def test_ledger_has_every_item_once_and_in_order():
    assert [row.item for row in LEDGER] == ITEMS


@pytest.mark.parametrize("row", LEDGER, ids=lambda row: row.item)
def test_row_is_filled_in(row):
    assert isinstance(row, Row)
    assert row.checks
    assert row.statement
    assert row.verdict
    assert row.not_covered
    if row.verdict.startswith("proved"):
        assert {c.kind for c in row.checks} & {"formal proof", "ball arithmetic", "written proof"}


@pytest.mark.parametrize("named", CHECKS, ids=lambda c: f"{c.file}:{','.join((*c.names, *map(str, c.arguments)))}")
def test_what_the_ledger_names_exists(named):
    path = ROOT / named.file
    assert path.is_file()
    text = path.read_text(encoding="utf-8")
    if named.kind in ("property test", "ball arithmetic"):
        functions = {node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}
        assert set(named.names) <= functions
    elif named.kind == "formal proof":
        assert named.names
        for name in named.names:
            assert re.search(rf"\b(Theorem|Lemma|Corollary)\s+{re.escape(name)}\b", text), name
    elif named.kind == "symbolic derivation":
        assert symbolic.derivations(*named.arguments)


def test_every_symbolic_item_is_in_the_ledger():
    assert {c.arguments[0] for c in CHECKS if c.kind == "symbolic derivation"} == set(symbolic.ITEMS)


def test_pytest_collects_every_test_that_the_ledger_names():
    nodes = runners.node_ids([c for c in CHECKS if c.kind == "property test"])
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *nodes]
    collected = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert collected.returncode == 0, collected.stdout[-2000:] + collected.stderr
    found = {line.split("[")[0] for line in collected.stdout.splitlines() if "::" in line}
    assert set(nodes) <= found


@pytest.mark.parametrize(
    "module", [subdivision, constants, anytime, randomized, render, statements], ids=lambda module: module.__name__
)
def test_the_examples_in_the_docstrings(module):
    results = doctest.testmod(module)
    assert results.failed == 0
    assert results.attempted > 0


def test_what_check_writes_is_up_to_date():
    assert (PROOFS / "README.md").read_text(encoding="utf-8") == render.render(LEDGER)
    assert (PROOFS / "STATEMENTS.md").read_text(encoding="utf-8") == render.render_statements(LEDGER)


def test_a_theorem_that_changes_makes_its_quotation_out_of_date(monkeypatch):
    """So that a line of the ledger and the theorem behind it are read together."""
    changed = statements.statements((PROOFS / "coq" / "D1.v").read_text(encoding="utf-8").replace("< 1) l", "<= 1) l"))
    of_file = statements.statements_of
    monkeypatch.setattr(render, "statements_of", lambda path: changed if path.name == "D1.v" else of_file(path))
    assert (PROOFS / "STATEMENTS.md").read_text(encoding="utf-8") != render.render_statements(LEDGER)


def test_one_item_runs_from_the_command_line():
    command = [sys.executable, PROOFS / "check.py"]
    done = subprocess.run([*command, "B6"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 pass" in done.stdout
    unknown = subprocess.run([*command, "Z9"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert unknown.returncode == 2
    assert "Z9" in unknown.stderr
    assert "--write" in subprocess.run([*command, "--help"], capture_output=True, text=True, check=False).stdout


def test_a_failure_is_an_exit_status(monkeypatch, capsys):
    """A row whose check is false: printed as fail, and the command fails."""
    import typer

    false = Check("ball arithmetic", "proofs/intervals/convexity.py", ("holds",), (((2, "0.999"),),))
    row = Row("C4", "increments", "new", "false", (false,), "nothing")
    monkeypatch.setattr(check, "LEDGER", (row,))
    monkeypatch.setattr(check, "render", lambda rows: (PROOFS / "README.md").read_text(encoding="utf-8"))
    monkeypatch.setattr(check, "render_statements", lambda rows: (PROOFS / "STATEMENTS.md").read_text(encoding="utf-8"))
    with pytest.raises(typer.Exit) as stopped:
        check.main(items=None, write=False, strict=False, jobs=1)
    assert stopped.value.exit_code == 1
    assert "1 fail" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["README", "STATEMENTS"])
def test_a_stale_document_is_a_failure(name, monkeypatch, tmp_path, capsys):
    import typer

    monkeypatch.setattr(check, "README", tmp_path / "README.md")
    monkeypatch.setattr(check, "STATEMENTS", tmp_path / "STATEMENTS.md")
    rows = tuple(row for row in LEDGER if row.item == "D5")
    monkeypatch.setattr(check, "LEDGER", rows)
    monkeypatch.setattr(
        check, "run", lambda rows, jobs: {c: runners.Result("pass", "") for r in rows for c in r.checks}
    )
    check.main(items=None, write=True, strict=True, jobs=1)
    check.main(items=None, write=False, strict=True, jobs=1)
    (tmp_path / f"{name}.md").write_text("old", encoding="utf-8")
    capsys.readouterr()
    with pytest.raises(typer.Exit):
        check.main(items=None, write=False, strict=False, jobs=1)
    assert f"proofs/{name}.md is out of date" in capsys.readouterr().out


def test_what_is_missing_is_said_once_with_its_cure(monkeypatch, capsys):
    """Without Coq `make proofs` passes, and says what was not checked and how to install it."""
    monkeypatch.setattr(runners.shutil, "which", lambda name: None)
    reason = runners.coq_missing()
    assert reason is not None
    assert "apt-get install make coq" in reason

    def without_coq(rows, jobs):
        return {
            c: runners.Result("skipped", reason) if c.kind == "formal proof" else runners.Result("pass", "")
            for r in rows
            for c in r.checks
        }

    monkeypatch.setattr(check, "run", without_coq)
    check.main(items=["C1", "C2"], write=False, strict=False, jobs=1)
    said = capsys.readouterr().out
    assert said.count("not checked") == 1
    assert f"3 not checked (formal proof): {reason}" in said.splitlines()


def test_progress_is_shown_on_a_terminal_only(monkeypatch):
    assert check._progress().disable
    monkeypatch.setenv("FORCE_COLOR", "1")  # makes rich see a terminal
    assert not check._progress().disable
    kinds = [Check("formal proof", "a"), Check("ball arithmetic", "b"), Check("formal proof", "c")]
    assert check._kinds([kinds[:1], kinds[1:]]) == "formal proof, ball arithmetic"
    assert check._kinds([]) == "done"


def test_a_skip_is_a_failure_only_when_strict(monkeypatch):
    import typer

    monkeypatch.setattr(
        check, "run", lambda rows, jobs: {c: runners.Result("skipped", "no coqc") for r in rows for c in r.checks}
    )
    check.main(items=["E4"], write=False, strict=False, jobs=1)
    with pytest.raises(typer.Exit):
        check.main(items=["E4"], write=False, strict=True, jobs=1)
