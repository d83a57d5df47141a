"""Laws of Clopper-Pearson bounds: order in k, n and alpha, the two directions, the two tails, shapes."""

import math
import random
from fractions import Fraction

import numpy as np
import pytest
from flint import arb
from hypothesis import assume, example, given
from hypothesis import strategies as st
from lower_bounds import REL, bounds
from strategies import EPS, counts, levels, log_uniform, supported_counts

from rstheory import binomial as bn
from rstheory import rigorous as rg

pytestmark = pytest.mark.usefixtures("precise")


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
