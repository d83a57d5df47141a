"""The pieces that the margin of a Clopper-Pearson bound rests on: tail, iteration, point mass, series."""

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import arb
from hypothesis import assume, example, given
from hypothesis import strategies as st
from lower_bounds import REL, bounds, hard_cases
from strategies import EPS, counts, log_uniform, log_uniform_integers, small_levels, supported_counts

from rstheory import binomial as bn
from rstheory import rigorous as rg
from rstheory._saddlepoint import _stirling_remainder, log1pmx, log_pmf

pytestmark = pytest.mark.usefixtures("precise")


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
