"""D2: ACR is the area under certified accuracy, and so the survival curve of p weighted by the sensitivity."""

from __future__ import annotations

import sympy as sp

from proofs.symbolic.derivation import Sides, derivation
from rstheory import symbolic
from rstheory.symbolic import cdf, p, sigma

r = sp.Symbol("r", nonnegative=True)  # a radius


@derivation("D2")
def weight_is_the_slope() -> Sides:
    """With u = Φ(r/σ), R'(u) du = dr: the two integrals of D2 are one, by substitution."""
    u = cdf(r / sigma)
    return symbolic.sensitivity().subs(p, u) * sp.diff(u, r), sp.Integer(1)


@derivation("D2")
def radius_zero_is_one_half() -> Sides:
    """The lower limits of the two integrals agree."""
    return cdf(r / sigma).subs(r, 0), sp.Rational(1, 2)


@derivation("D2")
def radius_infinite_is_one() -> Sides:
    """And so do the upper ones."""
    return sp.limit(cdf(r / sigma), r, sp.oo), sp.Integer(1)


@derivation("D2")
def area_under_certified_accuracy() -> Sides:
    """Five samples: radii 0, d₁, d₁+d₂, ..., each d > 0. ∫ CA(r) dr is their mean."""
    d = sp.symbols("d1:5", positive=True)
    radii = [sum(d[:i], sp.Integer(0)) for i in range(5)]
    pieces = [(sp.Rational(4 - i, 5), r <= radii[i + 1]) for i in range(4)]
    accuracy = sp.Piecewise(*pieces, (0, True))
    return sp.integrate(accuracy, (r, 0, radii[-1])), sum(radii) / 5
