"""The radius, the constant classifier and the expected radius: each derived from Φ or from the certification rule."""

from collections.abc import Sequence
from functools import lru_cache

import sympy as sp

from rstheory.symbolic.numbers import in_tail
from rstheory.symbolic.symbols import K, M, N, a, alpha, k, p, p1, p2, q, sigma, t, v, z

# -- The normal law ---------------------------------------------------------------------------------------------------


def cdf(z: sp.Expr) -> sp.Expr:
    """Return Φ(z) = (1 + erf(z/√2))/2, the standard normal CDF: the definition that everything else starts from.

    >>> cdf(0)
    1/2
    """
    return (1 + sp.erf(z / sp.sqrt(2))) / 2


def density(z: sp.Expr) -> sp.Expr:
    """Return φ(z), the derivative of `cdf`.

    >>> density(z)
    sqrt(2)*exp(-z**2/2)/(2*sqrt(pi))
    """
    x = sp.Dummy("x", real=True)
    return sp.diff(cdf(x), x).subs(x, z)


@lru_cache
def quantile(p: sp.Expr) -> sp.Expr:
    """Return Φ⁻¹(p) for p in (0, 1), solved from Φ(z) = p.

    >>> quantile(p), quantile(cdf(z))
    (sqrt(2)*erfinv(2*p - 1), z)
    """
    x = sp.Dummy("x", positive=True)
    return _only(sp.solve(sp.Eq(cdf(z), x), z)).subs(x, p)


# -- A: the radius ----------------------------------------------------------------------------------------------------


def radius() -> sp.Expr:
    """Return σΦ⁻¹(p), the radius at probability p in (0, 1), unclipped (A1; Cohen, Rosenfeld, Kolter, ICML 2019).

    >>> radius()
    sqrt(2)*sigma*erfinv(2*p - 1)
    """
    return sigma * quantile(p)


@lru_cache
def radius_sf() -> sp.Expr:
    """Return the radius by its tail t = 1 - p in (0, 1): solved from 1 - Φ(z) = t with the tail written as erfc (A1).

    >>> radius_sf()
    sqrt(2)*sigma*erfcinv(2*t)
    """
    tail = sp.expand((1 - cdf(z)).rewrite(sp.erfc))
    return sigma * _only(sp.solve(sp.Eq(tail, t), z))


def sensitivity() -> sp.Expr:
    """Return R′(p), the derivative of `radius`, for p in (0, 1) (A2, paper §4.2).

    >>> sensitivity().subs(p, sp.Rational(1, 2))
    sqrt(2)*sqrt(pi)*sigma
    """
    return sp.diff(radius(), p)


def sensitivity_sf() -> sp.Expr:
    """Return R′ at p = 1 - t, by the chain rule from `radius_sf`, for t in (0, 1) (A2).

    >>> sensitivity_sf()
    sqrt(2)*sqrt(pi)*sigma*exp(erfcinv(2*t)**2)
    """
    return -sp.diff(radius_sf(), t)


def curvature() -> sp.Expr:
    """Return R″(p), the second derivative of `radius`, for p in (0, 1); its sign is that of p - 1/2 (A3).

    >>> curvature()
    2*sqrt(2)*pi*sigma*exp(2*erfinv(2*p - 1)**2)*erfinv(2*p - 1)
    """
    return sp.diff(radius(), p, 2)


def sensitivity_ratio() -> sp.Expr:
    """Return R′(p₁)/R′(p₂): how many times more a gain is worth at p₁ than at p₂, both in (0, 1) (A4, paper §4.2).

    >>> from rstheory.symbolic import z1, z2
    >>> sensitivity_ratio().subs({p1: cdf(z1), p2: cdf(z2)})
    exp(z_1**2/2)*exp(-z_2**2/2)
    """
    return sensitivity().subs(p, p1) / sensitivity().subs(p, p2)


# -- B: the constant classifier ---------------------------------------------------------------------------------------


@lru_cache
def all_successes_bound() -> sp.Expr:
    """Return L(N; N, α), the bound after N successes in N draws: the p at which that outcome has probability α (C1).

    >>> all_successes_bound()
    alpha**(1/N)
    """
    return _only(sp.solve(sp.Eq(p**N, alpha), p))


def trivial_acr() -> sp.Expr:
    """Return the constant classifier's ACR, qσΦ⁻¹(α^(1/N)) (B1, paper Theorem 1).

    Valid where the classifier does not abstain, α^(1/N) > 1/2. It grows without bound:

    >>> sp.limit(trivial_acr(), N, sp.oo)
    oo
    """
    return q * radius().subs(p, all_successes_bound())


@lru_cache
def budget() -> sp.Expr:
    """Return the real number of draws at which `trivial_acr` equals M > 0, solved for N (B2).

    α in (0, 1). The denominator is ln Φ with Φ near 1, which cancels in fixed precision: evaluate `in_tail(budget())`.
    For the integer see `smallest_budget`.

    >>> float(budget().subs({M: sp.Rational(844, 1000), q: sp.Rational(1, 2), sigma: 1, alpha: sp.Rational(1, 1000)}))
    147.655...
    """
    return _only(sp.solve(sp.Eq(trivial_acr(), M), N))


def smallest_budget() -> sp.Expr:
    """Return the smallest number of draws whose ACR *exceeds* M: ⌊ln α / ln Φ(M/(qσ))⌋ + 1 (B2).

    Two balanced classes pass 0.844 at (B6):

    >>> smallest_budget().subs({M: sp.Rational(844, 1000), q: sp.Rational(1, 2), sigma: 1, alpha: sp.Rational(1, 1000)})
    148
    """
    return sp.floor(in_tail(budget())) + 1


def sigma_for_acr() -> sp.Expr:
    """Return the σ at which `trivial_acr` equals M at a fixed budget with α^(1/N) > 1/2 (B5).

    >>> from rstheory.symbolic import numeric
    >>> float(numeric(in_tail(sigma_for_acr()), M, q, N, alpha)(0.844, 0.1, 100_000, 0.001))
    2.214...
    """
    return _only(sp.solve(sp.Eq(trivial_acr(), M), sigma))


def printed_budget() -> sp.Expr:
    """Return the budget as printed in the paper's first arXiv version, ⌈ln Φ(MK/σ) / ln α⌉ + 1 (B3, an erratum).

    It rounds up `printed_budget_ratio`, the reciprocal of what is needed. For α < 1/2 it is 2 whatever M, K and σ are,
    because the ratio then lies strictly between 0 and 1. Two draws certify nothing when α < 1/4, since √α < 1/2.
    The logarithm is in its tail form (`in_tail`): SymPy 1.14 takes ⌈ln Φ(10) / ln α⌉, written with erf, for 0.

    >>> printed_budget().subs({M: sp.Rational(844, 1000), K: 10, sigma: 1, alpha: sp.Rational(1, 1000)})
    2
    """
    return sp.ceiling(in_tail(printed_budget_ratio())) + 1


def printed_budget_ratio() -> sp.Expr:
    """Return ln Φ(MK/σ) / ln α, what `printed_budget` rounds up, for α in (0, 1) (B3).

    It falls strictly as M grows (the identity "the printed ratio falls in M"), from ln 2 / ln(1/α) to 0, both excluded:

    >>> sp.limit(printed_budget_ratio(), M, 0, "+"), sp.limit(printed_budget_ratio(), M, sp.oo)
    (-log(2)/log(alpha), 0)
    """
    return sp.log(cdf(M * K / sigma)) / sp.log(alpha)


def tail_expansion(order: int = 2) -> sp.Expr:
    """Return 1 - α^(1/N) expanded in 1/N up to the power `order` >= 1, in a = ln(1/α) (B4).

    >>> tail_expansion(3)
    a/N - a**2/(2*N**2) + a**3/(6*N**3)
    """
    if isinstance(order, bool) or not isinstance(order, int) or order < 1:
        raise ValueError(f"order={order!r}: the power of 1/N to expand to must be an integer, at least 1")
    tail = (1 - all_successes_bound()).subs(alpha, sp.exp(-a))
    return sp.series(tail, N, sp.oo, order + 1).removeO()


# -- C: expectations over the count -----------------------------------------------------------------------------------


def binomial_probability(k: sp.Expr, n: sp.Expr, p: sp.Expr) -> sp.Expr:
    """Return P(Bin(n, p) = k), the Bernstein polynomial of degree n.

    >>> binomial_probability(1, 2, p)
    2*p*(1 - p)
    """
    return sp.binomial(n, k) * p**k * (1 - p) ** (n - k)


def expected_value(values: Sequence[sp.Expr], p: sp.Expr = p) -> sp.Expr:
    """Return E v_k for k ~ Bin(N, p), with N = len(values) - 1: the expected radius r_N when v_k is g_N(k) (C2).

    `values` are numbers or expressions v_0, ..., v_N; p is a probability, a number or an expression. For a symbolic N
    see `expected_value_sum`.

    >>> sp.expand(expected_value([0, 0, 1]))
    p**2
    """
    n = _degree(values)
    return sp.Add(*(binomial_probability(j, n, p) * value for j, value in enumerate(values)))


def bernstein_slope(values: Sequence[sp.Expr], p: sp.Expr = p) -> sp.Expr:
    """Return N Σ_k Bin(k; N-1, p) (v_{k+1} - v_k), the slope of `expected_value` by the Bernstein rule (C2).

    >>> sp.expand(bernstein_slope([0, 0, 1]))
    2*p
    """
    n = _degree(values)
    return n * sp.Add(*(binomial_probability(j, n - 1, p) * (values[j + 1] - values[j]) for j in range(n)))


def expected_value_sum() -> sp.Expr:
    """Return E v[k] for k ~ Bin(N, p) as an unevaluated sum with symbolic N (C2).

    >>> sp.factor(expected_value_sum().subs(N, 1).doit() - expected_value([v[0], v[1]]))
    0
    """
    return sp.Sum(binomial_probability(k, N, p) * v[k], (k, 0, N))


def bernstein_slope_sum() -> sp.Expr:
    """Return the slope of `expected_value_sum`, N Σ_k Bin(k; N-1, p) (v[k+1] - v[k]), with symbolic N (C2).

    >>> bernstein_slope_sum().subs(N, 1).doit()
    -v[0] + v[1]
    """
    return N * sp.Sum(binomial_probability(k, N - 1, p) * (v[k + 1] - v[k]), (k, 0, N - 1))


def _only(solutions: list[sp.Expr]) -> sp.Expr:
    if len(solutions) != 1:
        raise RuntimeError(f"SymPy {sp.__version__} found {len(solutions)} solutions where there is one: {solutions}")
    return solutions[0]


def _degree(values: Sequence[sp.Expr]) -> int:
    if len(values) == 0:
        raise ValueError("values=[]: needs v_0, ..., v_N, so at least one value")
    return len(values) - 1
