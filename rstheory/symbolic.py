"""The theory's objects as SymPy expressions, so that its identities are derived and not typed twice.

Two things are put in by hand: the normal CDF Φ(z) = (1 + erf(z/√2))/2, and the certification rule (the bound after N
successes solves p^N = α; an expectation over Bin(N, p) is a Bernstein polynomial). The quantile, the radius and its
derivatives, the exact budget, the expansion in 1/N and the slope of an expected radius are obtained from these with
`solve`, `diff`, `series` and `limit`. `identities()` holds each against the closed form that the theory states.

The functions without arguments return an expression in the symbols below; put something else in with `.subs`. Radii
here are *unclipped*: σΦ⁻¹(p) is negative where p < 1/2, while a certificate abstains there (its radius is 0). So an
expression that stands for a certified radius is valid where its probability is at least 1/2.

Item labels (A2, B4, ...) are those of `proofs/README.md`; the paper is Sun, Mao, Müller, Vechev, "Average Certified
Radius is a Poor Metric for Randomized Smoothing", arXiv 2410.06895, ICML 2025.

>>> sensitivity()
sqrt(2)*sqrt(pi)*sigma*exp(erfinv(2*p - 1)**2)
>>> budget()
log(alpha)/log(erf(sqrt(2)*M/(2*q*sigma))/2 + 1/2)
>>> all(identity.difference == 0 for identity in identities())
True
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import mpmath
import sympy as sp
from sympy.codegen.cfunctions import expm1, log1p

p = sp.Symbol("p", positive=True)  # probability of the most likely class, in (0, 1)
t = sp.Symbol("t", positive=True)  # its tail 1 - p
z = sp.Symbol("z", real=True)  # the quantile Φ⁻¹(p)
p1, p2 = sp.symbols("p_1 p_2", positive=True)
z1, z2 = sp.symbols("z_1 z_2", real=True)
sigma = sp.Symbol("sigma", positive=True)  # standard deviation of the noise
alpha = sp.Symbol("alpha", positive=True)  # allowed error of the bound, in (0, 1)
a = sp.Symbol("a", positive=True)  # ln(1/α)
N = sp.Symbol("N", positive=True)  # draws; a positive real, because B2 solves for it before rounding up
K = sp.Symbol("K", positive=True)  # number of classes
q = sp.Symbol("q", positive=True)  # share of samples of the class that the constant classifier names, in (0, 1]
M = sp.Symbol("M", positive=True)  # an ACR to be reached
k = sp.Symbol("k", integer=True, nonnegative=True)  # number of successes among N draws
v = sp.IndexedBase("v")  # v[k]: the radius, or any other value, given k successes


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


# -- The identities ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Identity:
    """A claim left = right of the theory: `left` is derived here, `right` is the form that the theory states.

    `item` is the theory's item. `difference` is the simplified left - right: exactly 0 if SymPy proves the claim.
    A difference that is not 0 means only that SymPy found no proof. SymPy's simplifications hold for the symbols'
    assumptions; p < 1 and α < 1, which it cannot express, are the reader's to keep.

    >>> Identity("A2", "a wrong claim", sp.diff(p**2, p), 3 * p).difference
    -p
    """

    item: str
    name: str
    left: sp.Expr
    right: sp.Expr

    @property
    def difference(self) -> sp.Expr:
        return sp.simplify(self.left - self.right)


@lru_cache
def identities() -> tuple[Identity, ...]:
    """Return every identity of this module, in the theory's order: those of the three functions below.

    >>> [identity.name for identity in identities() if identity.item == "B2"]
    ['the budget solves for N', 'the budget gives back M']
    """
    return radius_identities() + trivial_identities() + bernstein_identities()


def radius_identities() -> tuple[Identity, ...]:
    """Return A1 to A4: symmetry and tail form, sensitivity, curvature, ratio.

    Left, derivatives of the erfinv form. Right, closed forms in z; the inverse function theorem, which differentiates
    only Φ itself, is a third and independent way to A2 and A3.

    >>> {identity.item for identity in radius_identities()} == {"A1", "A2", "A3", "A4"}
    True
    """
    at_z = {p: cdf(z)}
    by_inverse = sigma / density(z)  # dR/dp = (dR/dz) / (dp/dz)
    ratio_at_z = sensitivity_ratio().subs({p1: cdf(z1), p2: cdf(z2)})
    return (
        # At p = Φ(z), because SymPy does not know that erfinv is odd; it does invert erf at a negated erf.
        Identity("A1", "R(1-p) = -R(p)", radius().subs(p, 1 - cdf(z)), -radius().subs(at_z)),
        Identity("A1", "tail form", radius_sf().subs(t, 1 - p).rewrite(sp.erfinv), radius()),
        Identity("A2", "R' = sigma/phi", sensitivity(), sigma / density(quantile(p))),
        Identity("A2", "R' by the inverse function theorem", sensitivity().subs(at_z), by_inverse),
        Identity("A2", "R' in z", sensitivity().subs(at_z), sigma * sp.sqrt(2 * sp.pi) * sp.exp(z**2 / 2)),
        Identity("A2", "tail form", sensitivity_sf().subs(t, 1 - p).rewrite(sp.erfinv), sensitivity()),
        Identity("A2", "value at p = 1/2", sensitivity().subs(p, sp.Rational(1, 2)), sigma * sp.sqrt(2 * sp.pi)),
        Identity("A3", "R'' in z", curvature().subs(at_z), 2 * sp.pi * sigma * z * sp.exp(z**2)),
        Identity(
            "A3", "R'' by the inverse function theorem", curvature().subs(at_z), sp.diff(by_inverse, z) / density(z)
        ),
        Identity("A4", "ratio of sensitivities", ratio_at_z, sp.exp((z1**2 - z2**2) / 2)),
    )


def trivial_identities() -> tuple[Identity, ...]:
    """Return B2 to B5: exact budget, the erratum's ratio, expansion with both its bounds, scaling in σ.

    The two remainders prove B4's bounds with y = a/N > 0: their integrands are positive, so
    y - y²/2 < 1 - exp(-y) < y.

    >>> {identity.item for identity in trivial_identities()} == {"B2", "B3", "B4", "B5"}
    True
    """
    y, s = sp.symbols("y s", positive=True)
    u = M * K / sigma
    lower_remainder = sp.integrate((y - s) ** 2 / 2 * sp.exp(-s), (s, 0, y))
    upper_remainder = sp.integrate((y - s) * sp.exp(-s), (s, 0, y))
    tail = (1 - all_successes_bound()).subs({alpha: sp.exp(-a), N: a / y})
    third_order = a / N - a**2 / (2 * N**2) + a**3 / (6 * N**3)
    return (
        Identity("B2", "the budget solves for N", budget(), sp.log(alpha) / sp.log(cdf(M / (q * sigma)))),
        Identity("B2", "the budget gives back M", trivial_acr().subs(N, budget()), M),
        Identity(
            "B3",
            "the printed ratio falls in M",
            sp.diff(printed_budget_ratio(), M),
            K * density(u) / (sigma * cdf(u) * sp.log(alpha)),  # negative: ln α < 0
        ),
        Identity("B4", "expansion in 1/N", tail_expansion(3), third_order),
        Identity("B4", "remainder of the lower bound", tail - (y - y**2 / 2), lower_remainder),
        Identity("B4", "remainder of the upper bound", y - tail, upper_remainder),
        Identity("B5", "slope in sigma", sp.diff(trivial_acr(), sigma), q * quantile(all_successes_bound())),
        Identity("B5", "linear in sigma", sp.diff(trivial_acr(), sigma, 2), sp.Integer(0)),
        Identity("B5", "the sigma gives back M", trivial_acr().subs(sigma, sigma_for_acr()), M),
    )


def bernstein_identities(largest: int = 6) -> tuple[Identity, ...]:
    """Return C2: the slope of the expected value for N = 1, ..., `largest` with symbolic v_k, and its term for every N.

    The term identity, Bin(k; N, p)′ = N [Bin(k-1; N-1, p) - Bin(k; N-1, p)] with symbolic k and N, gives the slope for
    every N when it is summed by parts. It is stated divided by Bin(k; N, p), which leaves rational functions.

    >>> len(bernstein_identities(4))
    9
    """
    claims = []
    for n in range(1, largest + 1):
        values = [v[j] for j in range(n + 1)]
        slope = bernstein_slope(values)
        claims.append(Identity("C2", f"slope, N = {n}", sp.diff(expected_value(values), p), slope))
        claims.append(Identity("C2", f"slope at p = 1, N = {n}", slope.subs(p, 1), n * (v[n] - v[n - 1])))
    term = binomial_probability(k, N, p)
    neighbours = [N * binomial_probability(j, N - 1, p) / term for j in (k - 1, k)]
    before, after = (sp.powsimp(sp.combsimp(ratio)) for ratio in neighbours)
    claims.append(Identity("C2", "term, every N", sp.simplify(sp.diff(term, p) / term), before - after))
    return tuple(claims)


# -- Numbers ----------------------------------------------------------------------------------------------------------


def in_tail(expression: sp.Expr) -> sp.Expr:
    """Return an equal expression that keeps its digits where a probability is near 1.

    A logarithm of an erf becomes a log1p of an erfc: ln Φ(x) is ln(1 - 1e-17) at x = 8.4, which is 0 in float64. An
    erfinv(y) becomes erfcinv(1 - y), and powers of positive numbers in it, such as α^(1/N), become expm1. Near
    probability 0, where everything abstains, the new form loses the digits that the old one kept.

    >>> in_tail(sp.log(cdf(z)))
    log1p(-erfc(sqrt(2)*z/2)/2)
    >>> in_tail(trivial_acr())
    sqrt(2)*q*sigma*erfcinv(-2*expm1(log(alpha)/N))
    """

    def is_log_of_erf(e: sp.Expr) -> bool:
        return isinstance(e, sp.log) and e.has(sp.erf)

    def is_power(e: sp.Expr) -> bool:
        return isinstance(e, sp.Pow) and e.base.is_positive and bool(e.exp.free_symbols)

    def one_minus(y: sp.Expr) -> sp.Expr:
        return sp.expand(1 - y.replace(is_power, lambda e: 1 + expm1(e.exp * sp.log(e.base))))

    logs_done = expression.replace(is_log_of_erf, lambda e: log1p(sp.expand(e.args[0].rewrite(sp.erfc) - 1)))
    return logs_done.replace(sp.erfinv, lambda y: sp.erfcinv(one_minus(y)))


def numeric(expression: sp.Expr, *arguments: sp.Symbol, digits: int | None = None) -> Callable[..., Any]:
    """Return a function of `arguments`, in their order, that evaluates the expression.

    Without `digits`: NumPy and SciPy (erfinv, erfcinv, erfc) in float64, arrays broadcast. With `digits` (at least 1):
    mpmath at that many significant digits; arguments are numbers, or decimal strings such as "0.844", and the value is
    an mpf. Neither repairs cancellation: near p = 1 use the tail forms, and `in_tail` for logarithms. Outside the
    expression's domain the libraries answer as they do (nan, or a complex number from mpmath).

    Raises ValueError if a symbol of the expression is not among the arguments, or one is given twice.

    >>> float(numeric(radius_sf(), t, sigma)(1e-20, 1.0))
    9.26234...
    >>> print(mpmath.nstr(numeric(radius(), p, sigma, digits=30)("0.99", 1), 25))
    2.326347874040841100885606
    """
    missing = sorted(str(symbol) for symbol in expression.free_symbols - set(arguments))
    if missing:
        raise ValueError(f"arguments={arguments}: the expression also has the symbols {', '.join(missing)}; list them")
    if len(set(arguments)) < len(arguments):
        raise ValueError(f"arguments={arguments}: each symbol may be given once")
    if digits is None:
        in_float64: Callable[..., Any] = sp.lambdify(arguments, expression, modules=["scipy", "numpy"])
        return in_float64
    if isinstance(digits, bool) or not isinstance(digits, int) or digits < 1:
        raise ValueError(f"digits={digits!r}: the number of significant digits must be an integer, at least 1")
    in_mpmath = sp.lambdify(arguments, expression, modules=[{"erfcinv": _erfcinv}, "mpmath"])

    def evaluate(*values: Any) -> Any:
        with mpmath.workdps(digits):
            return in_mpmath(*(mpmath.mpmathify(value) for value in values))

    return evaluate


def _erfcinv(x: Any) -> Any:
    """Inverse of erfc on [0, 2] at mpmath's working precision (mpmath itself has erfinv only); nan outside.

    From 1/2 to 3/2 it is erfinv(1 - x), the difference being exact. Below, that would need as many digits as x has
    zeros: Newton's method on ln erfc instead, which is decreasing and concave, so that from any start the
    iterates fall to the root, from the second on at the latest.
    """
    if not 0 <= x <= 2:
        return mpmath.nan
    if x > 1:
        return -_erfcinv(2 - x)
    if x >= 0.5:
        return mpmath.erfinv(1 - x)
    if x == 0:
        return mpmath.inf
    with mpmath.workdps(mpmath.mp.dps + 5):
        target, y = mpmath.ln(x), mpmath.mpf(1)
        for _ in range(100 + mpmath.mp.prec):  # from afar each step halves y; near the root digits double
            tail = mpmath.erfc(y)
            step = (mpmath.ln(tail) - target) * tail * mpmath.sqrt(mpmath.pi) / 2 * mpmath.exp(y * y)
            y += step
            if abs(step) <= y * mpmath.mpf(10) ** (-mpmath.mp.dps + 3):
                break
    return +y


def _only(solutions: list[sp.Expr]) -> sp.Expr:
    if len(solutions) != 1:
        raise RuntimeError(f"SymPy {sp.__version__} found {len(solutions)} solutions where there is one: {solutions}")
    return solutions[0]


def _degree(values: Sequence[sp.Expr]) -> int:
    if len(values) == 0:
        raise ValueError("values=[]: needs v_0, ..., v_N, so at least one value")
    return len(values) - 1
