"""Clopper-Pearson bounds against ball arithmetic, closed forms and exact rationals (theory C1, C3).

A lower bound is a certificate, so soundness is tested as the inequality that it is, through the tail: t is sound iff
P(Bin(n, t) <= n - k) <= alpha, which `rigorous.is_sound_lower_sf` proves or refutes.
"""

import math
import random
import warnings
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy.special import betainccinv, betaincinv
from strategies import (
    SMALLEST_NORMAL,
    counts,
    large_levels,
    levels,
    log_uniform,
    log_uniform_integers,
    small_levels,
    supported_counts,
)

from rstheory import binomial as bn
from rstheory import rigorous as rg
from rstheory._saddlepoint import _stirling_remainder, log1pmx, log_pmf

EPS = 2.0**-52
ACCURACY = "1e-12"  # what clopper_pearson_lower_sf promises, relative
REL = float(ACCURACY)


@pytest.fixture(autouse=True, scope="module")
def _precision():
    with ctx.workprec(200), mpmath.workdps(60):
        yield


def bounds(k: int, n: int, alpha: float) -> tuple[float, float]:
    """(L, 1 - L), with the types on the way out checked once for all tests."""
    lower, lower_sf = bn.clopper_pearson_lower(k, n, alpha), bn.clopper_pearson_lower_sf(k, n, alpha)
    assert isinstance(lower, float)
    assert isinstance(lower_sf, float)
    return lower, lower_sf


def assert_sound(k: int, n: int, alpha: float, lower: float, lower_sf: float) -> None:
    assert 0 <= lower < 1, (k, n, alpha)
    assert 0 < lower_sf <= 1, (k, n, alpha)
    assert rg.is_sound_lower(k, n, alpha, lower), f"L is above the true bound: {k=}, {n=}, {alpha=}, {lower=}"
    assert rg.is_sound_lower_sf(k, n, alpha, lower_sf), (
        f"1 - L is below the true one: {k=}, {n=}, {alpha=}, {lower_sf=}"
    )


def assert_tight(k: int, n: int, alpha: float, lower: float, lower_sf: float) -> None:
    """1 - L within the promised 1e-12. L itself within twice that (its error is up to the margin on ln P, which grows
    to 1.6e-12 at alpha = 1e-300, and L moves by 1/k of it), or within 3 steps where it is subnormal."""
    assert rg.is_tight_lower_sf(k, n, alpha, lower_sf, ACCURACY), f"1 - L too large: {k=}, {n=}, {alpha=}, {lower_sf=}"
    if lower < SMALLEST_NORMAL:
        raised = Fraction(lower) + 3 * Fraction(5e-324)
        assert k == 0 or not rg.is_sound_lower(k, n, alpha, raised)
    else:
        assert rg.is_tight_lower(k, n, alpha, lower, "2e-12"), f"L too small: {k=}, {n=}, {alpha=}, {lower=}"


def hard_cases(test):
    """Rows that have been, or could well be, hard: pinned for every test over (k, n) and alpha <= 1/2."""
    rows = [
        # tiny n, equality cases in binary arithmetic
        *[((1, 1), 0.5), ((1, 2), 0.25), ((2, 2), 0.25), ((1, 2), 0.5), ((2, 3), 0.5)],
        # budgets people use
        *[((99_999, 100_000), 0.001), ((50_500, 100_000), 0.001), ((12, 16), 0.1), ((990, 1000), 0.001)],
        # L near 0: the start from SciPy fails or underflows
        *[((1, 10**12), 1e-300), ((2, 10**12), 1e-300), ((2, 5), 1e-300), ((10, 10**12), 1e-300), ((1, 5), 1e-300)],
        # SciPy's quantile loses digits or fails
        *[((10**18 - 3, 10**18), 0.001), ((10**18 - 10**4, 10**18), 1e-300), ((10**18 - 1, 10**18), 0.5)],
        # the middle, where nothing is Poisson; 1 - L near 1/2 from both sides
        *[((5 * 10**11, 10**12), 1e-300), ((5 * 10**11, 10**12), 0.5), ((51, 100), 0.5), ((501, 1000), 0.49)],
        # all but one, all
        *[
            ((10**12 - 1, 10**12), 0.5),
            ((10**12, 10**12), 1e-300),
            ((1, 1), 1e-300),
            ((0, 1), 0.5),
            ((0, 10**12), 1e-300),
        ],
    ]
    for row in rows:
        test = example(*row)(test)
    return test


# --- the promise -----------------------------------------------------------------------------------------------------


def random_case(rng: random.Random) -> tuple[int, int, float]:
    """One case of the promised domain: in turn any k up to n = 10**12, and n - k <= 10**4 up to n = 10**18."""
    if rng.random() < 0.5:
        n = int(10 ** rng.uniform(0, 12))
        near = min(n - 1, int(10 ** rng.uniform(0, math.log10(n) + 1e-9)) - 1)
        k = rng.choice([rng.randint(1, n), 1 + near, n - near])
    else:
        n = int(10 ** rng.uniform(0, 18))
        k = n - rng.randint(0, min(10**4, n - 1))
    return k, n, 10 ** rng.uniform(-300, math.log10(0.5))


@pytest.mark.parametrize("seed", range(4))
def test_promised_accuracy_on_2000_random_cases(seed):
    """1 - L within 1e-12 of the oracle and never unsound, on 4 x 500 cases with fixed seeds: no false alarms. Computed
    as one array, so that the cases also share blocks of the vectorised solver."""
    rng = random.Random(20_240 + seed)
    cases = [random_case(rng) for _ in range(500)]
    k, n, alpha = (np.array(column) for column in zip(*cases, strict=True))
    results = zip(cases, bn.clopper_pearson_lower(k, n, alpha), bn.clopper_pearson_lower_sf(k, n, alpha), strict=True)
    for case, lower, lower_sf in results:
        assert_sound(*case, float(lower), float(lower_sf))
        assert_tight(*case, float(lower), float(lower_sf))


@given(supported_counts(), small_levels())
@hard_cases
def test_sound_and_tight(kn, alpha):
    k, n = kn
    lower, lower_sf = bounds(k, n, alpha)
    assert_sound(k, n, alpha, lower, lower_sf)
    assert_tight(k, n, alpha, lower, lower_sf)


@given(supported_counts(), large_levels())
@example((1, 1), math.nextafter(1, 0))
@example((5, 10), math.nextafter(0.5, 1))
@example((2, 2), math.nextafter(1, 0))
@example((2, 5), math.nextafter(1, 0))
@example((10**18 - 10**4, 10**18), 1 - 1e-12)
@example((5 * 10**11, 10**12), math.nextafter(1, 0))
@example((1, 10**12), 0.999)
@example((3, 10**12), math.nextafter(1, 0))
def test_sound_and_tight_for_levels_above_one_half(kn, alpha):
    """The mirrored branch. Its accuracy is not promised in the docstring, but it is the same."""
    k, n = kn
    lower, lower_sf = bounds(k, n, alpha)
    assert_sound(k, n, alpha, lower, lower_sf)
    assert_tight(k, n, alpha, lower, lower_sf)


@given(counts(40), levels())
def test_sound_and_tight_for_small_budgets(kn, alpha):
    k, n = kn
    lower, lower_sf = bounds(k, n, alpha)
    assert_sound(k, n, alpha, lower, lower_sf)
    assert_tight(k, n, alpha, lower, lower_sf)


@given(counts(10**15), log_uniform(5e-324, 1e-290))
@example((1, 10**15), 1e-300)
@example((1, 5), 5e-324)  # L is below every float: 0 is the only sound answer
@example((2, 5), 5e-324)  # used to overflow in a warning
@example((2, 2), 1e-310)
@example((10**15, 10**15), 5e-324)
def test_sound_where_results_are_subnormal(kn, alpha):
    k, n = kn
    assume(n <= 10**12 or k <= 10**4)
    assert_sound(k, n, alpha, *bounds(k, n, alpha))


@given(log_uniform_integers(1, 10**30), st.integers(0, 10**4), small_levels())
@example(10**30, 3, 0.001)
@example(2**63, 3, 0.001)
@example(2**63 - 1, 10**4, 1e-300)
@example(2**64, 1, 0.5)
@example(10**300, 3, 0.001)  # beyond the square root of the largest float
def test_budgets_beyond_64_bits(n, failures, alpha):
    """Python ints of any size: the failures stay exact, and n is rounded once, to 1 EPS/2 relative."""
    assume(failures < n)
    k = n - failures
    lower, lower_sf = bounds(k, n, alpha)
    assert_sound(k, n, alpha, lower, lower_sf)
    assert rg.is_tight_lower_sf(k, n, alpha, lower_sf, ACCURACY)
    few = bounds(failures, n, alpha)
    assert_sound(failures, n, alpha, *few)
    assert bn.clopper_pearson_upper(failures, n, alpha) == lower_sf


# --- the pieces that the margin rests on -----------------------------------------------------------------------------


def log_tail_error(mean: float, k: int, n: int, coordinate: bn._Coordinate) -> tuple[float, float]:
    """(error, true value) of `_log_tail` at a mean given as a float, where n t or n (1 - t) is exactly that float."""
    j = n - k
    arrays = np.array([float(j)]), np.array([float(k)])
    value, _ = bn._log_tail(*arrays, *coordinate.means(*arrays, np.array([mean])))
    small = Fraction(mean) / n
    true = rg.binomial_cdf_at(j, n, small if coordinate.sign > 0 else 1 - small).log()
    return float((arb(float(value[0])) - true).mid()), float(true)


@given(supported_counts(2), small_levels())
@hard_cases
def test_log_tail_is_as_accurate_as_the_margin_assumes(kn, alpha):
    """`_newton` gives away 5e-14 + 10 EPS |ln alpha| of ln P; near the root, the evaluation must err by less."""
    k, n = kn
    assume(2 <= k < n)
    lower, lower_sf = bounds(k, n, alpha)
    if lower_sf <= 0.5:
        mean, coordinate = n * lower_sf, bn._BY_FAILURES
    else:
        mean, coordinate = n * lower, bn._BY_SUCCESSES
    error, true = log_tail_error(mean, k, n, coordinate)
    assert abs(error) <= 5e-14 - 10 * EPS * true


@given(supported_counts(2), small_levels(), log_uniform(1e-9, 0.5), st.booleans())
@example((99, 100), 0.001, 1e-5, True)
@example((99, 100), 0.001, 1e-5, False)
@example((2, 100), 0.001, 1e-5, True)
@example((2, 100), 0.001, 1e-5, False)
def test_newton_forgets_its_start(kn, alpha, distance, above):
    """The start is SciPy's, whose quality is not ours to promise; one that is off by a share of 1e-9 to 1/2 leads to
    the same bound. It would not if the iteration stopped too early: a last step from ln P off by F leaves F**2/2."""
    k, n = kn
    assume(2 <= k < n)
    lower, lower_sf = bounds(k, n, alpha)
    factor = 1 + distance if above else 1 - distance
    by_failures = lower_sf <= 0.5
    if by_failures:
        coordinate, rounding, start = bn._BY_FAILURES, +1, max(min(n * lower_sf * factor, n / 2), n - k)
    else:
        coordinate, rounding, start = bn._BY_SUCCESSES, -1, min(n * lower * factor, k)
    arrays = (np.array([float(v)]) for v in (n - k, k, alpha, start))
    result = float(bn._newton(*arrays, coordinate, rounding)[0]) / n
    # Both results lie between the root and the promised accuracy.
    assert result == pytest.approx(lower_sf if by_failures else lower, rel=REL if by_failures else 2 * REL, abs=0)


@given(log_uniform(1e-150, 1) | st.floats(0.3, 0.5) | log_uniform(1, 1e300), st.booleans())
@example(0.4, True)  # the switch from the series to log1p
@example(0.4, False)
@example(math.nextafter(0.4, 0), True)
@example(math.nextafter(1, 0), True)
def test_log1pmx(x, negative):
    """Full relative precision: next to 0.4 log1p(x) - x loses digits; 2.2 EPS was the worst of 10**4."""
    assume(x < 1 or not negative)
    x = -x if negative else x
    y = mpmath.mpf(x)
    # 60 digits cancel below 1e-20; the series' rest is of relative size x**2.
    true = mpmath.log1p(y) - y if abs(x) > 1e-20 else -y * y / 2 + y**3 / 3
    value = float(log1pmx(np.array([x]))[0])
    assert value < 0
    assert abs(value / true - 1) <= 3 * EPS


def test_log1pmx_keeps_enough_terms_up_to_its_switch():
    """The first term left out weighs most at the two ends of the series' range."""
    x = np.concatenate([np.linspace(-0.4, -0.39, 300), np.linspace(0.39, 0.4, 300)])
    for point, value in zip(x, log1pmx(x), strict=True):
        true = mpmath.log1p(mpmath.mpf(float(point))) - mpmath.mpf(float(point))
        assert abs(mpmath.mpf(float(value)) / true - 1) <= 3 * EPS


@given(log_uniform_integers(1, 10**18))
@example(15)
@example(16)  # the switch from gammaln to the series
@example(17)
def test_stirling_remainder(x):
    """Absolute error below 2e-14, as its docstring says: it is added to logarithms of order 1 and more. From 16 on it
    is a series whose first term left out is 691/360360 x**-11 = 1.1e-16, and no digits cancel."""
    y = mpmath.mpf(x)
    true = mpmath.loggamma(y + 1) - ((y + 0.5) * mpmath.log(y) - y + mpmath.log(2 * mpmath.pi) / 2)
    assert abs(float(_stirling_remainder(np.array([float(x)]))[0]) - true) <= (2e-14 if x < 16 else 5e-16)


def point_mass(j: float, m: float, mean: float, other_mean: float) -> float:
    return float(log_pmf(*(np.array([float(v)]) for v in (j, m, mean, other_mean)))[0])


@given(counts(60), st.integers(0, 64))
@example((0, 1), 0)
@example((0, 5), 0)
@example((5, 5), 64)
@example((5, 5), 0)
@example((0, 5), 64)
@example((3, 5), 0)
@example((3, 5), 64)
def test_log_pmf_against_rationals(jm, share):
    """t = share/64 makes m t exact. Three remainders of 2e-14, and a few units of each deviance, below 60 |ln t|."""
    j, m = jm
    t = Fraction(share, 64)
    exact = math.comb(m, j) * t**j * (1 - t) ** (m - j)
    value = point_mass(j, m, float(m * t), float(m * (1 - t)))
    if exact == 0:
        assert value == -math.inf
    else:
        true = math.log(exact.numerator) - math.log(exact.denominator)
        assert abs(value - true) <= 6e-14 + 8 * EPS * (1 + abs(true))


@given(log_uniform_integers(2, 2**53), st.floats(0, 1), st.floats(-30, 30))
@example(2**53, 0.5, 3.0)
@example(10**15, 1e-12, -3.0)
@example(10**15, 1 - 1e-12, 3.0)
def test_log_pmf_at_large_budgets(m, share, distance):
    """Whole numbers for both means, so that they are exact, and j up to 30 standard deviations away: as before,
    with deviances of a size up to a few thousand dominating."""
    mean = min(max(int(m * share), 1), m - 1)
    j = min(max(mean + int(distance * math.sqrt(mean * (m - mean) / m)), 0), m)
    t = mpmath.mpf(mean) / m
    log_choose = mpmath.loggamma(m + 1) - mpmath.loggamma(j + 1) - mpmath.loggamma(m - j + 1)
    true = log_choose + j * mpmath.log(t) + (m - j) * mpmath.log1p(-t)
    assert abs(point_mass(j, m, mean, m - mean) - true) <= 6e-14 + 8 * EPS * (1 + abs(float(true)))


@given(st.integers(0, 200), log_uniform(1e-3, 300), log_uniform_integers(10**3, 2**53), st.booleans())
@example(1, 0.3, 10**15, False)
@example(1, 0.3, 10**15, True)
def test_log_pmf_takes_the_digits_from_the_smaller_mean(j, mean, m, mirrored):
    """Where one mean is small, the other is m to all digits: only the small one can tell how far j is from it."""
    t = mpmath.mpf(mean) / m
    log_choose = mpmath.loggamma(m + 1) - mpmath.loggamma(j + 1) - mpmath.loggamma(m - j + 1)
    true = float(log_choose + j * mpmath.log(t) + (m - j) * mpmath.log1p(-t))
    value = point_mass(m - j, m, m - mean, mean) if mirrored else point_mass(j, m, mean, m - mean)
    assert abs(value - true) <= 6e-14 + 8 * EPS * (1 + abs(true))


# --- closed forms ----------------------------------------------------------------------------------------------------


@given(log_uniform_integers(1, 10**18), levels())
def test_no_success_proves_nothing(n, alpha):
    assert bounds(0, n, alpha) == (0.0, 1.0)
    assert bn.clopper_pearson_upper(n, n, alpha) == 1.0
    assert bn.clopper_pearson_upper_sf(n, n, alpha) == 0.0


@given(log_uniform_integers(1, 10**18), levels())
@example(1, 0.5)
@example(1, 1e-300)
@example(10**18, 1e-300)
@example(10**18, math.nextafter(1, 0))
def test_all_succeeded(n, alpha):
    """L = alpha**(1/n). The two roundings to the safe side are 8 EPS (1 + |ln L|) and one step, the error as much."""
    lower, lower_sf = bounds(n, n, alpha)
    logarithm = mpmath.log(mpmath.mpf(alpha)) / n
    true, true_sf = mpmath.exp(logarithm), -mpmath.expm1(logarithm)
    assert true * (1 - 16 * EPS * (1 + abs(logarithm))) <= lower <= true
    assert true_sf <= lower_sf <= true_sf * (1 + 16 * EPS)


@given(log_uniform_integers(2, 10**18), levels())
@example(2, 0.5)
@example(10**18, 1e-300)
@example(10**18, math.nextafter(1, 0))
def test_one_success(n, alpha):
    """L = 1 - (1 - alpha)**(1/n), down to the subnormal 1e-318, where a step is all that can be asked."""
    lower, lower_sf = bounds(1, n, alpha)
    logarithm = mpmath.log1p(-mpmath.mpf(alpha)) / n
    true, true_sf = -mpmath.expm1(logarithm), mpmath.exp(logarithm)
    assert true * (1 - 16 * EPS) - 3 * mpmath.mpf(5e-324) <= lower <= true
    assert true_sf <= lower_sf <= true_sf * (1 + 16 * EPS * (1 + abs(logarithm)))


def test_the_values_that_the_theory_quotes():
    assert 6.907e-5 < bn.clopper_pearson_lower_sf(10**5, 10**5, 0.001) < 6.908e-5
    assert bn.clopper_pearson_lower(12, 16, 0.1) > 0.5 > bn.clopper_pearson_lower(11, 16, 0.1)
    assert bn.clopper_pearson_lower(50_490, 10**5, 0.001) > 0.5 > bn.clopper_pearson_lower(50_489, 10**5, 0.001)


# --- monotone in everything ------------------------------------------------------------------------------------------
#
# The true bounds are strictly ordered. The computed ones are on the safe side of them by less than 1e-12, relative to
# the smaller of L and 1 - L: so their order is certain where the true gap is wider, and no disorder exceeds 1e-12.


def assert_ordered(lesser: tuple[float, float], greater: tuple[float, float], strictly: bool) -> None:
    """(L, 1 - L) of a case with the smaller true L, and of one with the larger."""
    assert lesser[0] * (1 - 2 * REL) <= greater[0]
    assert greater[1] * (1 - REL) <= lesser[1]
    if strictly:
        # L is held best below 1/2 and 1 - L above: the other may be 1 for both.
        assert lesser[0] < greater[0] if lesser[0] <= 0.5 else greater[1] < lesser[1]


def neighbours(test):
    for kn in [(1, 2), (2, 2), (1, 10**9), (10**9, 10**9), (5 * 10**8, 10**9), (10**12, 10**12), (5 * 10**11, 10**12)]:
        for alpha in (0.001, 0.5, 1e-300, 1 - 1e-12):
            test = example(kn, alpha)(test)
    return test


@given(supported_counts(1), levels())
@neighbours
def test_increasing_in_k(kn, alpha):
    """One success more raises n L by about 1: a share 1e-9 of it at least up to n = 10**9, a thousand errors."""
    k, n = kn
    assert_ordered(bounds(k - 1, n, alpha), bounds(k, n, alpha), strictly=n <= 10**9)


@pytest.mark.parametrize("alpha", [1e-300, 0.001, 0.5, 0.999])
@pytest.mark.parametrize("n", [1, 2, 16, 1000, 20_000])
def test_strictly_increasing_over_all_counts(n, alpha):
    k = np.arange(n + 1)
    lower, lower_sf = bn.clopper_pearson_lower(k, n, alpha), bn.clopper_pearson_lower_sf(k, n, alpha)
    assert np.all(np.diff(lower) > 0)
    falls = np.diff(lower_sf) < 0
    assert np.all(falls | (lower_sf[:-1] > 1 - 2 * EPS))  # next to 1, 1 - L runs out of floats


@given(supported_counts(1), levels(), log_uniform(1e-15, 0.5))
@example((5 * 10**11, 10**12), 1e-300, 0.5)
@example((1, 1), 0.5, 0.5)
def test_increasing_in_alpha(kn, alpha, cut):
    """A factor of 2 in alpha (or in 1 - alpha) moves z by ln 2/z, and 1 - L by that over sqrt(n), at least: a share
    2e-8 at z = 37, n = 10**12. A smaller step may be lost in rounding, but not reversed by more than the error."""
    k, n = kn
    smaller = alpha * (1 - cut) if alpha <= 0.5 else 1 - (1 - alpha) * (1 + cut)
    assume(0 < smaller < alpha)
    assert_ordered(bounds(k, n, smaller), bounds(k, n, alpha), strictly=cut > 0.1 and n <= 10**12)


@given(supported_counts(1), levels())
@neighbours
def test_decreasing_in_n_at_fixed_successes(kn, alpha):
    k, n = kn
    assume(n <= 10**12 - 1)
    assert_ordered(bounds(k, n + 1, alpha), bounds(k, n, alpha), strictly=n <= 10**9)


@given(supported_counts(1), levels())
@neighbours
def test_increasing_in_n_at_fixed_failures(kn, alpha):
    k, n = kn
    assume(n <= 10**12 - 1 or (n - k <= 10**4 and n < 10**18))
    assert_ordered(bounds(k, n, alpha), bounds(k + 1, n + 1, alpha), strictly=n <= 10**9)


# --- the two directions, the two tails -------------------------------------------------------------------------------


@given(supported_counts(), levels())
@neighbours
def test_upper_bounds_mirror_lower_ones(kn, alpha):
    k, n = kn
    lower, lower_sf = bounds(k, n, alpha)
    assert bn.clopper_pearson_upper(n - k, n, alpha) == lower_sf
    assert bn.clopper_pearson_upper_sf(n - k, n, alpha) == lower


@given(supported_counts(), levels())
@neighbours
def test_the_two_tails_add_up_to_one(kn, alpha):
    """Inside, the larger of the two is what the smaller leaves of 1, within two steps. The closed forms are moved to
    the safe side each on its own: by 8 EPS (1 + |ln x|) of x and a step, so by 24 EPS in all, as x |ln x| <= 1/e."""
    k, n = kn
    lower, lower_sf = map(Fraction, bounds(k, n, alpha))
    assert abs(lower + lower_sf - 1) <= Fraction(EPS) * (2 if 1 < k < n else 24)


@given(counts(10**6, 1), st.floats(-6, math.log10(0.5)).map(lambda e: 10**e))
@example((990, 1000), 0.001)
def test_bound_put_back_into_its_tail_gives_alpha_back(kn, alpha):
    """P(Bin(n, t) <= j) falls by a share of at most kappa dt/t, where kappa = k t/(1 - t): as the tail is the integral
    of s**j (1 - s)**(k-1) over s > t, and s**j >= t**j. For the success side the same gives kappa = k."""
    k, n = kn
    lower, lower_sf = bounds(k, n, alpha)
    if lower_sf <= 0.5:
        share, back = REL * k * lower_sf / (1 - lower_sf), rg.binomial_cdf_at(n - k, n, lower_sf)
    else:
        share, back = 2 * REL * k, rg.binomial_sf_at(k, n, lower)
    assert back <= alpha
    assert back >= alpha * (1 - 1.01 * arb(share))


@given(supported_counts(), supported_counts())
def test_a_bound_beside_others_is_the_bound_alone(first, second):
    """Up to the order of summation inside a matrix product, which may depend on the block: two steps of 1e-12."""
    k, n = (np.array(column) for column in zip(first, second, strict=True))
    together = bn.clopper_pearson_lower_sf(k, n, 0.001)
    alone = [bounds(*first, 0.001)[1], bounds(*second, 0.001)[1]]
    assert together == pytest.approx(alone, rel=REL, abs=0)


# --- against the routines that people use ----------------------------------------------------------------------------


@given(counts(10**5, 1), st.floats(-6, math.log10(0.5)).map(lambda e: 10**e))
@example((99_999, 100_000), 0.001)
def test_scipy_quantiles_agree(kn, alpha):
    """SciPy's beta quantile put alpha back to 2e-12 in ball arithmetic on this domain; a quantile moves less than its
    tail, relatively, so 1e-11 is far outside both errors and far inside any mistake in the definition."""
    k, n = kn
    lower, lower_sf = bounds(k, n, alpha)
    assert lower == pytest.approx(betaincinv(k, n - k + 1, alpha), rel=1e-11, abs=0)
    assert lower_sf == pytest.approx(betainccinv(n - k + 1, k, alpha), rel=1e-11, abs=0)


def test_statsmodels_agrees():
    """Their interval is two-sided, at twice our one-sided level. Same domain and tolerance as for SciPy."""
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    rng = random.Random(7)
    n = np.array([int(10 ** rng.uniform(0.5, 5)) for _ in range(300)])
    k = np.array([rng.randint(1, int(m) - 1) for m in n])
    for alpha in (0.001, 0.05, 0.2):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # theirs, not ours
            lower, upper = proportion.proportion_confint(k, n, alpha=2 * alpha, method="beta")
        assert bn.clopper_pearson_lower(k, n, alpha) == pytest.approx(lower, rel=1e-11, abs=0)
        assert bn.clopper_pearson_upper(k, n, alpha) == pytest.approx(upper, rel=1e-11, abs=0)


# --- C1: coverage, exactly -------------------------------------------------------------------------------------------


def rational_sf(k: int, n: int, p: Fraction) -> Fraction:
    """P(Bin(n, p) >= k)."""
    return sum((math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1)), Fraction(0))


def miscoverage(n: int, alpha: float, p: Fraction) -> Fraction:
    """P(L(K) > p), K ~ Bin(n, p), in rationals. L increases in k, so it is the tail from the first k with L(k) > p."""
    lower = [Fraction(float(v)) for v in bn.clopper_pearson_lower(np.arange(n + 1), n, alpha)]
    return rational_sf(sum(bound <= p for bound in lower), n, p)


@given(st.integers(1, 30), levels(), st.fractions(0, 1, max_denominator=10**6))
@example(1, 0.5, Fraction(1, 2))  # ties: L = p exactly, or it would be without rounding
@example(2, 0.25, Fraction(1, 2))
@example(3, 0.125, Fraction(1, 2))
@example(1, 0.25, Fraction(1, 4))
@example(30, 0.001, Fraction(0))
@example(30, 0.001, Fraction(1))
def test_coverage(n, alpha, p):
    """C1: P(L(K) > p) <= alpha. No simulation: an exact sum, an exact inequality."""
    assert miscoverage(n, alpha, p) <= Fraction(alpha)


@given(counts(30, 1), levels())
@example((1, 1), 0.5)
@example((12, 16), 0.1)
@example((2, 16), 0.1)
def test_coverage_where_it_is_tightest(kn, alpha):
    """The worst p is just below a bound: there the error probability is alpha, up to what rounding gave away. Exactly
    at the bound the event is strict, so the tail starts one success later."""
    k, n = kn
    lower = Fraction(float(bn.clopper_pearson_lower(np.arange(n + 1), n, alpha)[k]))
    worst = miscoverage(n, alpha, lower * (1 - Fraction(1, 10**30)))
    assert worst <= Fraction(alpha)
    # L is at most 2e-12 below the root, and ln P(Bin(n, L) >= k) moves by at most k d ln L.
    assert worst >= Fraction(alpha) * (1 - Fraction(2 * k, 10**12) - Fraction(1, 10**25))
    assert miscoverage(n, alpha, lower) < worst


@pytest.mark.parametrize("alpha", [0.5, 0.1, 0.05, 0.001])
@pytest.mark.parametrize("n", [1, 2, 3, 7, 20])
def test_coverage_on_a_grid(n, alpha):
    """All p = i/256, where powers of two make ties with alpha = 1/2 possible."""
    assert all(miscoverage(n, alpha, Fraction(i, 256)) <= Fraction(alpha) for i in range(257))


# --- C3: the Poisson limit -------------------------------------------------------------------------------------------


@given(st.integers(0, 10**4), small_levels())
@example(0, 0.001)
@example(1, 0.001)
def test_poisson_limit_solves_its_equation(j, alpha):
    """P(Pois(c) <= j) = alpha. c is SciPy's quantile; the worst of 300 random cases was 6e-15 off, relative."""
    c = bn.poisson_limit(j, alpha)
    with mpmath.workdps(40):
        tail = mpmath.gammainc(j + 1, c, mpmath.inf, regularized=True)
        mass = mpmath.exp((j + 1) * mpmath.log(c) - c - mpmath.loggamma(j + 1))  # c times -dP/dc
        assert abs((tail - mpmath.mpf(alpha)) / mass) <= 1e-13


@given(st.integers(0, 20), log_uniform(1e-20, 0.5), st.sampled_from([10**4, 10**5, 10**6]))
@example(0, 0.001, 10**5)
@example(1, 0.001, 10**5)
def test_poisson_limit_is_reached_at_rate_one_over_n(j, alpha, n):
    """n (1 - L(n - j)) = c - c (c - j)/(2n) + O(n**-2) (for j = 0 this is n (1 - exp(-c/n))). So n times the gap tends
    to c (c - j)/2, with a remainder of the order of c**3/n, and the gap is 0 to 1e-12 c at best."""
    c = bn.poisson_limit(j, alpha)
    gap = c - n * bn.clopper_pearson_lower_sf(n - j, n, alpha)
    assert abs(n * gap - c * (c - j) / 2) <= c**3 / n + 2 * REL * c * n


def test_poisson_limit_at_a_huge_budget():
    """At n = 10**18 the gap, of relative size c/n, is far below rounding: 1e-12 for the bound, 1e-13 for the limit."""
    j = np.arange(200)
    n = 10**18
    scaled = n * bn.clopper_pearson_lower_sf(n - j, n, 0.001)
    assert scaled == pytest.approx(bn.poisson_limit(j, 0.001), rel=REL + 1e-13, abs=0)


# --- shapes and kinds of integers ------------------------------------------------------------------------------------

FUNCTIONS = [
    bn.clopper_pearson_lower,
    bn.clopper_pearson_lower_sf,
    bn.clopper_pearson_upper,
    bn.clopper_pearson_upper_sf,
]


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_broadcasting(f):
    k, n, alpha = np.array([0, 1, 5, 99, 100]), np.array([[100], [1000]]), np.array([0.001, 0.7]).reshape(2, 1, 1)
    table = f(k, n, alpha)
    assert table.shape == (2, 2, 5)
    # Alone or in a block, up to the order of summation.
    assert table == pytest.approx(
        np.array([[[f(int(i), int(m), a) for i in k] for m in n[:, 0]] for a in (0.001, 0.7)]), rel=REL, abs=0
    )
    assert k.tolist() == [0, 1, 5, 99, 100]  # the input is left alone


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int16, np.uint32, np.int64, np.uint64, object])
def test_every_kind_of_integer(f, kind):
    """Also unsigned and narrow ones, in which n - k or k - n could wrap around."""
    k = np.array([0, 1, 60, 119, 120]).astype(kind)
    n = np.array(120).astype(kind)
    assert f(k, n, 0.001).tolist() == f([0, 1, 60, 119, 120], 120, 0.001).tolist()
    if kind is not object:
        assert f(kind(60), kind(120), 0.001) == f(60, 120, 0.001)


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_big_python_integers_in_arrays(f):
    n = 10**30
    k = [n, n - 3, 3, 1, 0]
    together = f(k, n, 0.001)
    assert together.dtype == np.float64
    assert together == pytest.approx([f(i, n, 0.001) for i in k], rel=REL, abs=0)
    assert f([5, 6], [10, n], 0.001)[0] == pytest.approx(f(5, 10, 0.001), rel=REL)


def test_many_samples_at_once_cross_the_blocks():
    """More samples than a block holds: each is what it is alone."""
    rng = random.Random(3)
    n = 10**5
    k = np.array([rng.randint(1, n) for _ in range(3 * bn._CHUNK + 17)])
    table = bn.clopper_pearson_lower_sf(k, n, 0.001)
    for i in [0, bn._CHUNK - 1, bn._CHUNK, 2 * bn._CHUNK, 3 * bn._CHUNK + 16]:
        assert table[i] == pytest.approx(bn.clopper_pearson_lower_sf(int(k[i]), n, 0.001), rel=REL, abs=0)
