"""What the theory states, held against what is derived: one `Identity` a claim."""

from dataclasses import dataclass
from functools import lru_cache

import sympy as sp

from rstheory.symbolic.expressions import (
    all_successes_bound,
    bernstein_slope,
    binomial_probability,
    budget,
    cdf,
    curvature,
    density,
    expected_value,
    printed_budget_ratio,
    quantile,
    radius,
    radius_sf,
    sensitivity,
    sensitivity_ratio,
    sensitivity_sf,
    sigma_for_acr,
    tail_expansion,
    trivial_acr,
)
from rstheory.symbolic.symbols import K, M, N, a, alpha, k, p, p1, p2, q, sigma, t, v, z, z1, z2


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
