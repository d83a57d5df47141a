"""The constant classifier (theory B): ACR, exact budgets, growth; against ball arithmetic and by definition."""

import dataclasses
import math
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from strategies import levels, log_uniform, sigmas, small_levels

import rstheory as rs
from rstheory import rigorous, trivial

EPS = float(np.finfo(float).eps)
THOUSANDTH, TENTH = Fraction(1, 1000), Fraction(1, 10)

any_size = st.one_of(
    st.integers(1, 10**6),
    st.integers(2**62, 2**66),
    st.floats(0, 1000).map(lambda e: int(10 ** (e % 1) * 8) * 10 ** int(e)),
)
alphas = st.one_of(levels(), st.integers(1, 900).map(lambda m: 2.0**-m))  # powers of two make ties with L = 1/2
shares = st.one_of(st.sampled_from([0.1, 0.5, 1.0, 0.001]), log_uniform(1e-9, 1))


# -- B1: the ACR ------------------------------------------------------------------------------------------------------


@given(st.integers(1, 10**6), alphas, sigmas(), st.integers(2, 1000), st.integers(0, 2**32 - 1))
@example(100_000, 0.001, 1.0, 10, 0)
@settings(max_examples=50)
def test_trivial_acr_is_what_certification_would_report(n, alpha, sigma, samples, seed):
    """Certify f = 0 sample by sample: class votes, count, radius, mean over the correct ones."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, samples)
    votes = np.zeros(10, dtype=np.int64)
    votes[0] += n  # whatever the n noise draws are, f answers 0
    predicted, count = int(np.argmax(votes)), votes.max()
    radii = rs.radius_from_count(np.full(samples, count), n, alpha, sigma)
    assert np.all(radii == rs.max_radius(n, alpha, sigma))
    acr = math.fsum(radii * (labels == predicted)) / samples
    share = np.mean(labels == 0)
    # fsum and the division round once each, as do the share and its product.
    assert rs.trivial_acr(n, alpha, sigma, share) == pytest.approx(acr, rel=4 * EPS, abs=0)


@given(any_size, alphas, sigmas(), shares)
@example(148, 0.001, 1.0, 0.5)
@example(10**18, 0.001, 1.0, 0.1)
@example(2**64, 0.001, 1.0, 0.1)
@example(10**1000, 0.001, 1.0, 1.0)
@example(9, 0.001, 1.0, 1.0)  # abstains
def test_trivial_acr_against_ball_arithmetic(n, alpha, sigma, share):
    value, truth = rs.trivial_acr(n, alpha, sigma, share), rigorous.trivial_acr(n, alpha, sigma, share)
    # The tail to 1e-12, times t R'(1 - t) <= sqrt(pi/2); a few roundings, of which the product's may be upwards.
    assert abs(truth - arb(value)) <= share * sigma * 1.26e-12 + 40 * EPS * truth
    assert value == 0 or arb(value) <= truth * (1 + EPS)


def test_trivial_acr_broadcasts():
    values = rs.trivial_acr(np.array([[100_000], [10**6]]), [0.001, 0.1, 0.5], 0.5, 0.3)
    assert values.shape == (2, 3)
    assert values[1, 2] == rs.trivial_acr(10**6, 0.5, 0.5, 0.3)
    assert isinstance(rs.trivial_acr(100), float)
    assert rs.trivial_acr(100, share=0.0) == 0  # nobody's class


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
    """B2 and B6. The 18 digits agree with SymPy's (tests/test_symbolic.py) and Arb's."""
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


# -- B4: growth -------------------------------------------------------------------------------------------------------

log_sizes = st.floats(0, 300).map(lambda e: max(1, int(10 ** (e % 1) * 1000) * 10 ** int(e) // 1000))


@given(log_sizes, alphas)
@example(1, 0.001)
@example(100_000, 0.001)
@example(10**300, 1e-300)
@example(7, math.nextafter(1.0, 0))
def test_tail_bounds_hold(n, alpha):
    lower, upper = rs.tail_bounds(n, alpha)
    with ctx.workprec(2000):
        tail = -(arb(alpha).log() / n).expm1()
        # Each side is a few roundings of a closed form, which is all there is between them for large n; the lower one
        # is a difference of numbers of the size of the upper and its square.
        tiny = 1e-322  # below 1e-308 floats are that far apart
        assert arb(lower) <= tail + 4 * EPS * (arb(upper) + arb(upper) ** 2) + tiny
        assert tail <= arb(upper) * (1 + 4 * EPS) + tiny
        a = -arb(alpha).log()
        assert abs(arb(upper) - a / n) <= 4 * EPS * a / n + tiny
        assert abs(arb(lower) - (a / n - (a / n) ** 2 / 2)) <= 4 * EPS * (a / n + (a / n) ** 2) + tiny


@given(log_sizes, alphas, sigmas())
@example(100_000, 0.001, 1.0)
@example(14, 0.001, 1.0)  # 2a = 13.8
@example(1, 0.7, 1.0)
@example(10**300, 1e-300, 0.25)
@example(10**400, 0.001, 1.0)
@example(10**1000, 1e-300, 1.0)
def test_max_radius_bounds_hold(n, alpha, sigma):
    assume(n >= -2 * math.log(alpha))
    lower, upper = rs.max_radius_bounds(n, alpha, sigma)
    truth = rigorous.max_radius(n, alpha, sigma)
    # Both are closed forms rounded to nearest; the upper one is a root, whose error near radius 0 is that of its
    # square: 2 ln(1/2t) to a few units of a number near 1.
    assert lower >= 0
    assert arb(lower) <= truth + sigma * 8 * EPS * (1 + truth / sigma)
    assert (truth / sigma) ** 2 <= (arb(upper) / sigma) ** 2 * (1 + 16 * EPS) + 16 * EPS
    # B4's own words: both are sigma sqrt(2 ln N)(1 + o(1)), and never further apart than twice sqrt(2/pi).
    if n > 100 * -math.log(alpha):
        assert upper - lower < 1.6 * sigma


def test_max_radius_bounds_are_the_formulas():
    """The docstring's, in ball arithmetic, at the standard budget."""
    with ctx.workprec(200):
        a = -arb("0.001").log()
        n, c = arb(100_000), (2 / arb.pi()).sqrt()
        lower = (c * c + 2 * (n / (2 * a)).log()).sqrt() - c
        upper = (-2 * (2 * (a / n - a * a / (2 * n * n))).log()).sqrt()
    found = rs.max_radius_bounds(100_000)
    assert found[0] == pytest.approx(float(lower), rel=1e-14)
    assert found[1] == pytest.approx(float(upper), rel=1e-14)
    assert rs.max_radius_bounds(np.array([10**5, 10**6]), 0.001, [[1.0], [2.0]])[0].shape == (2, 2)


def test_the_bounds_close_in_on_the_radius():
    """Ratios to the radius tend to 1 as N grows."""
    lower, upper, radius = [], [], []
    for e in (5, 20, 80, 300, 3000):
        low, high = rs.max_radius_bounds(10**e)
        lower.append(low)
        upper.append(high)
        radius.append(float(rigorous.max_radius(10**e, 0.001).mid()))
    assert np.all(np.diff(np.divide(lower, radius)) > 0)
    assert np.all(np.diff(np.divide(upper, radius)) < 0)
    assert lower[-1] > 0.99 * radius[-1]
    assert upper[-1] < 1.01 * radius[-1]


@pytest.mark.parametrize("alpha", [0.001, 0.1])
def test_twice_the_acr_takes_the_fourth_power_of_the_budget(alpha):
    """log10 N is close to u^2/(2 ln 10): doubling u multiplies it by 4, ever more nearly."""
    ratio = [
        rs.budget_for_acr(2 * u, alpha, share=1).log10_n / rs.budget_for_acr(u, alpha, share=1).log10_n
        for u in (5.0, 50.0, 500.0, 5000.0)
    ]
    off = np.abs(np.array(ratio) - 4)
    assert np.all(np.diff(off) < 0)
    assert off[0] < 1
    assert off[-1] < 1e-5


# -- B5: the other direction ------------------------------------------------------------------------------------------


def test_the_sigma_the_theory_quotes():
    """B5: 2.214 at the standard budget."""
    assert rs.sigma_for_acr(0.844) == pytest.approx(2.214, abs=5e-4)
    assert rs.trivial_acr(100_000, sigma=2.215) > 0.844 > rs.trivial_acr(100_000, sigma=2.214)


@given(
    st.floats(1e-100, 1e100),
    st.one_of(st.integers(1, 10**6), st.integers(10, 1000).map(lambda e: 10**e)),
    alphas,
    shares,
)
@example(0.844, 100_000, 0.001, 0.1)
def test_sigma_for_acr_goes_back(target, n, alpha, share):
    assume(rs.max_radius(n, alpha) > 0)
    sigma = rs.sigma_for_acr(target, n, alpha, share)
    # Two products, a division, and the rounding down of the radius, which both directions share.
    assert rs.trivial_acr(n, alpha, sigma, share) == pytest.approx(target, rel=16 * EPS, abs=0)
    assert rs.sigma_for_acr(4 * target, n, alpha, share) == 4 * sigma  # linear: a power of two rounds nothing


def test_sigma_for_acr_broadcasts():
    values = rs.sigma_for_acr([[0.5], [1.0]], 100_000, [0.001, 0.01, 0.1], 0.1)
    assert values.shape == (2, 3)
    np.testing.assert_allclose(values[1], 2 * values[0], rtol=4 * EPS)
    assert rs.sigma_for_acr(0.0) == 0


@given(any_size, alphas, shares, st.floats(1e-6, 1e6))
def test_acr_is_linear_in_sigma_and_share(n, alpha, share, sigma):
    """The other unbounded direction: no limit to what more noise reports."""
    one = rs.trivial_acr(n, alpha, 1.0, 1.0)
    assert rs.trivial_acr(n, alpha, sigma, share) == pytest.approx(sigma * share * one, rel=16 * EPS, abs=0)


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


# -- what is refused --------------------------------------------------------------------------------------------------

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("trivial_acr", (0,), r"n=0 is not allowed: .* at least one draw"),
        ("trivial_acr", (1e5,), r"n=100000\.0 .*integer"),
        ("trivial_acr", (10, 0.0), r"alpha=0\.0\b"),
        ("trivial_acr", (10, 1), r"alpha=1\.0\b"),
        ("trivial_acr", (10, 0.1, -1.0), r"sigma=-1\.0\b"),
        ("trivial_acr", (10, 0.1, 1.0, 1.5), r"share=1\.5\b.*\[0, 1\]"),
        ("trivial_acr", (10, 0.1, 1.0, -0.5), r"share=-0\.5\b"),
        ("trivial_acr", (10, 0.1, 1.0, [0.1, NAN]), r"share\[1\]=nan\b"),
        ("budget_for_acr", (-0.1,), r"target=-0\.1\b.*\[0, inf\)"),
        ("budget_for_acr", (NAN,), r"target=nan\b"),
        ("budget_for_acr", (INF,), r"target=inf\b"),
        ("budget_for_acr", (True,), r"target=True\b"),
        ("budget_for_acr", ("0.8",), r"target='0\.8'"),
        ("budget_for_acr", (None,), r"target=None\b"),
        ("budget_for_acr", ([0.1, 0.2],), r"target=\[0\.1, 0\.2\].*one number"),
        ("budget_for_acr", (np.array([0.1]),), r"target=.*one number"),
        ("budget_for_acr", (1e200,), r"target=1e\+?200\b"),  # its log10 N is no float either
        ("budget_for_acr", (0.8, 0.0), r"alpha=0\.0\b.*\(0, 1\)"),
        ("budget_for_acr", (0.8, 1.0), r"alpha=1\.0\b"),
        ("budget_for_acr", (0.8, Fraction(3, 2)), r"alpha=3/2\b"),
        ("budget_for_acr", (0.8, NAN), r"alpha=nan\b"),
        ("budget_for_acr", (0.8, 0.1, 0.0), r"sigma=0\.0\b.*\(0, inf\)"),
        ("budget_for_acr", (0.8, 0.1, INF), r"sigma=inf\b"),
        ("budget_for_acr", (0.8, 0.1, 1.0, 0.0), r"share=0\.0\b.*\(0, 1\]"),
        ("budget_for_acr", (0.8, 0.1, 1.0, 1.1), r"share=1\.1\b"),
        ("budget_for_acr", (0.8, 0.1, 1.0, Fraction(-1, 2)), r"share=-1/2\b"),
        ("sigma_for_acr", (-1.0,), r"target=-1\.0\b"),
        ("sigma_for_acr", (NAN,), r"target=nan\b"),
        ("sigma_for_acr", (0.8, 9), r"n=9\b.*certify nothing"),
        ("sigma_for_acr", (0.8, [9, 10]), r"n\[0\]=9\b.*certify nothing"),
        ("sigma_for_acr", (0.8, 0), r"n=0\b"),
        ("sigma_for_acr", (0.8, 100, 2.0), r"alpha=2\.0\b"),
        ("sigma_for_acr", (0.8, 100, 0.1, 0.0), r".*share\b.*certify nothing"),
        ("tail_bounds", (0,), r"n=0\b"),
        ("tail_bounds", (10.0,), r"n=10\.0 .*integer"),
        ("tail_bounds", (10, 0.0), r"alpha=0\.0\b"),
        ("tail_bounds", (10**400,), r"n\b.*1e308"),
        ("max_radius_bounds", (13,), r"n=13\b"),  # 2 ln 1000 = 13.8
        ("max_radius_bounds", (1,), r"n=1\b"),
        ("max_radius_bounds", ([14, 13],), r"n\[1\]=13\b"),
        ("max_radius_bounds", (100, 0.1, 0.0), r"sigma=0\.0\b"),
        ("max_radius_bounds", (10**400, 0.0), r"alpha=0\.0\b"),
    ],
)
def test_refuses(name, arguments, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        getattr(rs, name)(*arguments)
