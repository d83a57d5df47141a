"""The theory's objects as SymPy expressions, so that its identities are derived and not typed twice.

Two things are put in by hand: the normal CDF Φ(z) = (1 + erf(z/√2))/2, and the certification rule (the bound after N
successes solves p^N = α; an expectation over Bin(N, p) is a Bernstein polynomial). The quantile, the radius and its
derivatives, the exact budget, the expansion in 1/N and the slope of an expected radius are obtained from these with
`solve`, `diff`, `series` and `limit`. `identities()` holds each against the closed form that the theory states.

The functions without arguments return an expression in these symbols; put something else in with `.subs`. Radii
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

from rstheory.symbolic.expressions import (
    all_successes_bound,
    bernstein_slope,
    bernstein_slope_sum,
    binomial_probability,
    budget,
    cdf,
    curvature,
    density,
    expected_value,
    expected_value_sum,
    printed_budget,
    printed_budget_ratio,
    quantile,
    radius,
    radius_sf,
    sensitivity,
    sensitivity_ratio,
    sensitivity_sf,
    sigma_for_acr,
    smallest_budget,
    tail_expansion,
    trivial_acr,
)
from rstheory.symbolic.identities import (
    Identity,
    bernstein_identities,
    identities,
    radius_identities,
    trivial_identities,
)
from rstheory.symbolic.numbers import in_tail, numeric
from rstheory.symbolic.symbols import K, M, N, a, alpha, k, p, p1, p2, q, sigma, t, v, z, z1, z2

__all__ = [
    "Identity",
    "K",
    "M",
    "N",
    "a",
    "all_successes_bound",
    "alpha",
    "bernstein_identities",
    "bernstein_slope",
    "bernstein_slope_sum",
    "binomial_probability",
    "budget",
    "cdf",
    "curvature",
    "density",
    "expected_value",
    "expected_value_sum",
    "identities",
    "in_tail",
    "k",
    "numeric",
    "p",
    "p1",
    "p2",
    "printed_budget",
    "printed_budget_ratio",
    "q",
    "quantile",
    "radius",
    "radius_identities",
    "radius_sf",
    "sensitivity",
    "sensitivity_ratio",
    "sensitivity_sf",
    "sigma",
    "sigma_for_acr",
    "smallest_budget",
    "t",
    "tail_expansion",
    "trivial_acr",
    "trivial_identities",
    "v",
    "z",
    "z1",
    "z2",
]
