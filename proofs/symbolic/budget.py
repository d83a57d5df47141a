"""C2 and C3: the slope of the expected radius at a finite budget, and its limit as the budget grows.

C2's slope for N = 1, ..., 6 and its term for every N are among `symbolic.identities()`; here the terms are joined by
summation by parts, and the ends of the polynomial looked at. C3 replaces the binomial law of the failures by Poisson's.
"""

from __future__ import annotations

import sympy as sp

from proofs.symbolic.derivation import Sides, derivation
from rstheory import symbolic
from rstheory.symbolic import bernstein_slope, expected_value, p, v

j = sp.Symbol("j", integer=True, nonnegative=True)  # failures
n = sp.Symbol("n", integer=True, positive=True)  # draws
x = sp.Symbol("x", positive=True)  # n times the tail probability
c0 = sp.Symbol("c_0", positive=True)


# -- C2: the slope ----------------------------------------------------------------------------------------------------


@derivation("C2")
def summation_by_parts() -> Sides:
    """Σ_k (b_{k-1} - b_k) v_k = Σ_k b_k (v_{k+1} - v_k), b_{-1} = b_N = 0: the term identity gives the slope."""
    size = 8
    b = [sp.Integer(0), *sp.symbols(f"b0:{size}"), sp.Integer(0)]  # b[k + 1] is b_k
    by_terms = sum((b[k] - b[k + 1]) * v[k] for k in range(size + 1))
    by_increments = sum(b[k + 1] * (v[k + 1] - v[k]) for k in range(size))
    return sp.expand(by_terms), sp.expand(by_increments)


@derivation("C2")
def slope_at_zero() -> Sides:
    """At p = 0 the slope is N (g(1) - g(0))."""
    values = [v[k] for k in range(8)]
    return bernstein_slope(values).subs(p, 0), 7 * (v[1] - v[0])


@derivation("C2")
def curvature_by_second_differences() -> Sides:
    """r_N'' = N (N-1) Σ Bin(k; N-2, p) (v_{k+2} - 2 v_{k+1} + v_k): C4 makes r_N convex."""
    size = 7
    values = [v[k] for k in range(size + 1)]
    second = [values[k + 2] - 2 * values[k + 1] + values[k] for k in range(size - 1)]
    return sp.expand(sp.diff(expected_value(values), p, 2)), sp.expand(size * (size - 1) * expected_value(second))


# -- C3: the Poisson limit --------------------------------------------------------------------------------------------


@derivation("C3")
def no_failure() -> Sides:
    """P(Bin(n, x/n) = 0) → e^(-x)."""
    return sp.limit((1 - x / n) ** n, n, sp.oo), sp.exp(-x)


@derivation("C3")
def one_failure_more() -> Sides:
    """P(j+1)/P(j) → x/(j+1), the ratio of the Poisson law, for every j: so every P(Bin(n, x/n) = j) has its limit."""
    ratio = sp.combsimp(sp.binomial(n, j + 1) / sp.binomial(n, j)) * (x / n) / (1 - x / n)
    return sp.limit(ratio, n, sp.oo), x / (j + 1)


@derivation("C3")
def first_constant() -> Sides:
    """c₀ = ln(1/α): N (1 - L(N)) → ln(1/α), since P(Pois(c) <= 0) = e^(-c) = α."""
    tail = 1 - symbolic.all_successes_bound()
    limit = sp.limit((symbolic.N * tail).subs(symbolic.alpha, sp.exp(-c0)), symbolic.N, sp.oo)
    return limit, sp.solve(sp.Eq(sp.exp(-x), sp.exp(-c0)), x)[0]


# The increment g(N) - g(N-1) is ∫ R'(1 - x/N) dx/N from c₀ to c₁, and A5 puts R'(1 - t) between multiples of
# σ/(t √(2 ln(1/t))) whose quotient tends to 1. With s = ln x and m = ln N that is σ ∫ ds/√(2(m - s)), in closed form.
m = sp.Symbol("m", positive=True)
s, e0, e1 = sp.symbols("s e_0 e_1", real=True)  # ln x, ln c₀, ln c₁
antiderivative = -sp.sqrt(2) * sp.sqrt(m - s)


@derivation("C3")
def increment_in_closed_form() -> Sides:
    """-√2 √(m - s) is the antiderivative of 1/√(2(m - s))."""
    return sp.diff(antiderivative, s), 1 / sp.sqrt(2 * (m - s))


@derivation("C3")
def slope_at_one() -> Sides:
    """(g(N) - g(N-1)) √(2 ln(N/c₀)) → σ ln(c₁/c₀), so the slope N (g(N) - g(N-1)) grows as the theory says."""
    increment = antiderivative.subs(s, e1) - antiderivative.subs(s, e0)
    return sp.limit(increment * sp.sqrt(2 * (m - e0)), m, sp.oo), e1 - e0
