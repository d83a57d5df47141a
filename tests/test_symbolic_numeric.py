"""`symbolic.numeric`: from symbols to float64 or to any number of digits."""

import math

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import example, given
from hypothesis import strategies as st
from symbolic_numbers import BUDGET, numeric, relative_error

from rstheory import symbolic
from rstheory.symbolic import M, N, alpha, in_tail, p, q, sigma, t, z
from rstheory.symbolic.expressions import _only


def test_numeric_broadcasts():
    grid = numeric(symbolic.radius_sf(), t, sigma)(np.array([[1e-3], [1e-20]]), np.array([1.0, 2.0, 4.0]))
    assert grid.shape == (2, 3)
    np.testing.assert_array_equal(grid[:, 1], 2 * grid[:, 0])


@given(st.one_of(st.floats(1e-300, 1e-6), st.floats(1e-6, 1, exclude_max=True)))
@example(0.25)  # erfcinv at 1/2, where the method changes
@example(0.75)  # and at 3/2
@example(0.5)
@example(1 - 2**-53)
def test_high_precision_tail_goes_back(x):
    """Put the radius back into its tail: erfc(z/sqrt 2)/2 = t to 50 digits, less z^2 for the condition of erfc."""
    value = numeric(symbolic.radius_sf(), t, sigma, digits=50)(x, 1)
    with mpmath.workdps(70):
        back = mpmath.erfc(value / mpmath.sqrt(2)) / 2
        condition = 1 + value**2
        assert abs(back / mpmath.mpf(x) - 1) <= condition * mpmath.mpf(10) ** -49


@pytest.mark.parametrize("digits", [None, 30])
def test_ends_of_the_tail(digits):
    function = numeric(symbolic.radius_sf(), t, sigma, digits=digits)
    assert [float(function(x, 1)) for x in (0, 0.5, 1)] == [math.inf, 0, -math.inf]
    assert math.isnan(function(-0.25, 1))
    assert math.isnan(function(math.nan, 1))


def test_decimal_strings_are_exact():
    radius = numeric(symbolic.radius(), p, sigma, digits=40)
    assert radius("0.9", 1) != radius(0.9, 1)  # the float 0.9 is another number
    assert mpmath.nstr(radius("0.975", 1), 30) == "1.95996398454005423552459443052"


def test_numeric_leaves_the_precision_alone():
    before = mpmath.mp.dps
    numeric(symbolic.radius_sf(), t, sigma, digits=80)("1e-9", 1)
    assert mpmath.mp.dps == before


@pytest.mark.parametrize(
    "make",
    [
        symbolic.radius,
        symbolic.sensitivity,
        symbolic.curvature,
        symbolic.trivial_acr,
        symbolic.sigma_for_acr,
        symbolic.budget,
        symbolic.printed_budget_ratio,
    ],
)
def test_in_tail_changes_no_value(make):
    expression = make()
    assert in_tail(expression) != expression
    symbols = sorted(expression.free_symbols, key=str)
    values = [7 if s is N else mpmath.mpf(3 + i) / 4 / (2 + i) for i, s in enumerate(symbols)]
    plain, tail = (numeric(form, *symbols, digits=60)(*values) for form in (expression, in_tail(expression)))
    assert abs(plain / tail - 1) < 1e-40  # both in 60 digits, away from any cancellation


def test_in_tail_keeps_what_float64_loses():
    """4.24e17 draws: ln Phi(8.437) is 1.6e-17, less than the last place of a float near 1."""
    arguments, values = (M, q, sigma, alpha), (0.8437, 0.1, 1.0, 0.001)
    truth = numeric(symbolic.budget(), *arguments, digits=60)(*values)
    assert relative_error(numeric(BUDGET, *arguments)(*values), truth) < 1e-13  # u^2 = 71 eps
    with np.errstate(divide="ignore"):
        assert numeric(symbolic.budget(), *arguments)(*values) == -np.inf


@pytest.mark.parametrize(
    ("arguments", "digits", "message"),
    [
        ((p,), None, "the expression also has the symbols sigma; list them"),
        ((), 20, "the expression also has the symbols p, sigma; list them"),
        ((p, sigma, p), None, "each symbol may be given once"),
        ((p, sigma), 0, "digits=0: .* at least 1"),
        ((p, sigma), 15.0, r"digits=15\.0: .* an integer"),
        ((p, sigma), True, "digits=True"),
    ],
)
def test_numeric_refuses(arguments, digits, message):
    with pytest.raises(ValueError, match=message):
        numeric(symbolic.radius(), *arguments, digits=digits)


def test_no_solution_is_an_error_of_its_own():
    with pytest.raises(RuntimeError, match="found 2 solutions where there is one"):
        _only(sp.solve(z**2 - 1, z))
