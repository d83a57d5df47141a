"""Planning: exact in integers, against brute force (item by item)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from strategies import log_uniform

from rstheory import max_radius, radius_from_count
from rstheory import planning as pl


@given(st.floats(0.01, 8), log_uniform(1e-12, 0.9), st.sampled_from([0.12, 0.5, 1.0]))
def test_budget_for_radius_is_the_least(z, alpha, sigma):
    radius = z * sigma
    n = pl.budget_for_radius(radius, alpha, sigma)
    assert max_radius(n, alpha, sigma) >= radius
    assert n == 1 or max_radius(n - 1, alpha, sigma) < radius


@given(st.integers(1, 120), st.floats(0, 1), st.floats(0.01, 2), st.sampled_from([0.001, 0.05]))
def test_power_is_the_sum_over_counts(n, p, radius, alpha):
    k = [i for i in range(n + 1) if radius_from_count(i, n, alpha) >= radius]
    assert pl.certification_power(p, n, radius, alpha) == pytest.approx(float(binom.pmf(k, n, p).sum()), abs=1e-9)


@pytest.mark.parametrize(
    ("p", "radius", "power"), [(0.99, 1.0, 0.95), (0.95, 1.0, 0.5), (0.8, 0.25, 0.9), (1.0, 1.5, 0.99)]
)
def test_budget_for_power_is_the_least(p, radius, power):
    n = pl.budget_for_power(p, radius, power)
    assert pl.certification_power(p, n, radius) >= power
    assert all(pl.certification_power(p, list(range(1, n)), radius) < power)


@given(st.floats(0.5, 1), st.integers(10, 10**5), st.floats(0.05, 0.99))
def test_radius_at_power_has_the_power_and_no_larger_one_does(p, n, power):
    radius = pl.radius_at_power(p, n, power)
    if radius > 0:
        assert pl.certification_power(p, n, radius) >= power - 1e-9
        assert pl.certification_power(p, n, radius * (1 + 1e-9) + 1e-12) <= power + 1e-9


def test_refusals():
    with pytest.raises(ValueError, match=r"radius=0(\.0)? is not allowed"):
        pl.budget_for_radius(0)
    with pytest.raises(ValueError, match=r"more than 10\^300"):
        pl.budget_for_radius(100)
    with pytest.raises(ValueError, match="certified at radius 1"):
        pl.budget_for_power(0.8, 1.0)
    with pytest.raises(ValueError, match=r"n=10000000000000 is not allowed"):
        pl.certification_power(0.9, 10**13, 1.0)
