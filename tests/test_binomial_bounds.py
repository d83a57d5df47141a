"""Clopper-Pearson bounds are sound and tight, and cover as often as they say (theory C1).

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
from hypothesis import assume, example, given
from hypothesis import strategies as st
from lower_bounds import ACCURACY, assert_sound, assert_tight, bounds, hard_cases
from scipy.special import betainccinv, betaincinv
from strategies import (
    EPS,
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

pytestmark = pytest.mark.usefixtures("precise")


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


@given(counts(300), st.floats(0.05, 0.5))
@example((65, 74), 0.5)  # unsound by 3e-14 with a quadrature of 24 nodes
@example((69, 80), 0.5)
@example((57, 60), 0.5)
def test_sound_where_the_integrand_is_widest(kn, alpha):
    """Levels near 1/2, one bound at a time: the range of the quadrature is widest then."""
    k, n = kn
    lower, lower_sf = bounds(k, n, alpha)
    assert_sound(k, n, alpha, lower, lower_sf)
    assert_tight(k, n, alpha, lower, lower_sf)


@given(st.lists(st.tuples(counts(1000), small_levels()), min_size=2, max_size=30))
def test_a_bound_does_not_depend_on_its_company(cases):
    k, n, alpha = (np.array(column) for column in zip(*((*kn, alpha) for kn, alpha in cases), strict=True))
    together = bn.clopper_pearson_lower_sf(k, n, alpha)
    alone = [bn.clopper_pearson_lower_sf(*kn, alpha) for kn, alpha in cases]
    # NumPy adds blocks in another order: the last digits of ln P may differ, not the safe side
    np.testing.assert_allclose(together, alone, rtol=1e-13)


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


@given(log_uniform_integers(10**7, 10**15), st.floats(0, 1), small_levels())
@example(10**7, 0.5, 0.001)  # the last n with SciPy's start ...
@example(10**7 + 1, 0.5, 0.001)  # ... and the first without
@example(10**15, 0.01, 0.3)
@example(10**15, 1e-12, 1e-300)
@example(10**15, 1.0, 1e-300)
def test_sound_and_tight_for_any_count_of_large_budgets(n, share, alpha):
    """Where Newton's method starts from the Poisson law. Promised are 1e-12 up to n = 10^12; beyond it one unit in the
    last place of k, which is 1e-16 k, moves the bound by more."""
    k = min(max(round(n * share), 1), n)
    lower, lower_sf = bounds(k, n, alpha)
    assert_sound(k, n, alpha, lower, lower_sf)
    if n <= 10**12:
        assert rg.is_tight_lower_sf(k, n, alpha, lower_sf, ACCURACY)


@given(log_uniform_integers(10**7, 10**18), st.floats(0, 1), small_levels())
def test_newton_needs_few_steps_from_any_start(n, share, alpha):
    """Work, not time: SciPy's start took 46 ms and left up to ten steps near n = 10^18."""
    k = min(max(round(n * share), 2), n - 1)
    calls, plain = [], bn._log_tail
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bn, "_log_tail", lambda *arguments: (calls.append(1), plain(*arguments))[1])
        bn.clopper_pearson_lower(k, n, alpha)
    assert 1 <= len(calls) <= 8


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
