"""C3: the Poisson limit of Clopper-Pearson bounds with few failures."""

import mpmath
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lower_bounds import REL
from strategies import log_uniform, small_levels

from rstheory import binomial as bn

pytestmark = pytest.mark.usefixtures("precise")


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
