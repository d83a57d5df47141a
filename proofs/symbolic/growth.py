"""B4: how fast the constant classifier's radius grows with the budget.

With a = ln(1/α) the bound after N successes in N draws is e^(-a/N). Its tail is expanded in 1/N, with remainders that
have a sign (`symbolic.identities()`); A5 turns the tail into a radius.
"""

from __future__ import annotations

import sympy as sp

from proofs.symbolic.derivation import Sides, derivation
from rstheory.symbolic import N, a, all_successes_bound, alpha, tail_expansion


@derivation("B4")
def tail_is_one_minus_an_exponential() -> Sides:
    """1 - α^(1/N) = 1 - e^(-a/N)."""
    return (1 - all_successes_bound()).subs(alpha, sp.exp(-a)), 1 - sp.exp(-a / N)


@derivation("B4")
def expansion_to_fifth_order() -> Sides:
    """The expansion in 1/N is that of the exponential series, term by term."""
    series = -sp.Add(*((-a / N) ** j / sp.factorial(j) for j in range(1, 6)))
    return tail_expansion(5), series


@derivation("B4")
def tail_over_its_leading_term() -> Sides:
    """N (1 - α^(1/N)) → a: the tail is a/N (1 + o(1)), and A5 gives R_N = σ√(2 ln(N/a)) (1 + o(1))."""
    return sp.limit(N * (1 - sp.exp(-a / N)), N, sp.oo), a


@derivation("B4")
def twice_the_radius_takes_the_fourth_power() -> Sides:
    """√(2 ln(N'/a)) = 2 √(2 ln(N/a)) exactly when N'/a = (N/a)⁴."""
    ratio, more = sp.symbols("x y", positive=True)  # ln(N/a) and ln(N'/a)
    (solution,) = sp.solve(sp.sqrt(2 * more) - 2 * sp.sqrt(2 * ratio), more)
    return sp.exp(solution), sp.exp(ratio) ** 4


@derivation("B4")
def radius_bounds_meet() -> Sides:
    """√(2 ln(1/(2(x - x²/2)))) over √(c² + 2 ln(1/(2x))) - c, x = a/N, tends to 1 as N → ∞."""
    m = sp.Symbol("m", positive=True)  # ln(1/(2x)), so x = e^(-m)/2
    c = sp.sqrt(2 / sp.pi)
    upper = sp.sqrt(2 * (m - sp.log(1 - sp.exp(-m) / 4)))
    lower = sp.sqrt(c**2 + 2 * m) - c
    return sp.limit(upper / sp.sqrt(m), m, sp.oo) / sp.limit(lower / sp.sqrt(m), m, sp.oo), sp.Integer(1)
