"""C2 in symbols: expectations under a binomial law, and their slope."""

from itertools import pairwise

import pytest
import sympy as sp
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rstheory import symbolic
from rstheory.symbolic import N, p, v

values_lists = st.lists(st.integers(-100, 100), min_size=1, max_size=9)
probabilities = st.fractions(0, 1, max_denominator=50)


@given(values_lists, probabilities)
@example([0, 1], 0)
@example([5], 1)
def test_expected_value_by_enumeration(values, x):
    """Exact rational arithmetic, by another road: all 2^N outcomes summed up a draw at a time."""
    row = list(values)
    while len(row) > 1:  # de Casteljau: condition on one draw
        row = [(1 - x) * low + x * high for low, high in pairwise(row)]
    x = sp.Rational(x.numerator, x.denominator)
    assert symbolic.expected_value(values, x) == row[0]


@given(values_lists, probabilities)
def test_slope_is_the_derivative(values, x):
    x = sp.Rational(x.numerator, x.denominator)
    at = sp.Symbol("x")
    derivative = sp.Poly(sp.expand(symbolic.expected_value(values, at)), at).diff(at)
    assert symbolic.bernstein_slope(values, x) == derivative.eval(x)


@given(st.integers(1, 8), st.integers(0, 3))
@settings(max_examples=20)
def test_expected_powers(n, power):
    """E of a constant is that constant, E of k is Np, E of k(k-1) is N(N-1)p^2, and so on: the factorial moments."""
    values = [sp.ff(j, power) for j in range(n + 1)]
    assert sp.expand(symbolic.expected_value(values) - sp.ff(n, power) * p**power) == 0


@pytest.mark.parametrize("n", [1, 2, 5])
def test_sums_with_symbolic_n(n):
    values = [v[j] for j in range(n + 1)]
    assert sp.expand(symbolic.expected_value_sum().subs(N, n).doit() - symbolic.expected_value(values)) == 0
    assert sp.expand(symbolic.bernstein_slope_sum().subs(N, n).doit() - symbolic.bernstein_slope(values)) == 0


def test_no_values_are_refused():
    for function in (symbolic.expected_value, symbolic.bernstein_slope):
        with pytest.raises(ValueError, match=r"values=\[\]"):
            function([])
