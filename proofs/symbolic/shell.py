"""E4: under N(0, σ²I) vectors of equal norm have equal density, and the attack's projection keeps the norm."""

from __future__ import annotations

import sympy as sp

from proofs.symbolic.derivation import Sides, derivation
from rstheory.symbolic import density, sigma

DIMENSION = 5
x = sp.symbols(f"x1:{DIMENSION + 1}", real=True)
y = sp.symbols(f"y1:{DIMENSION + 1}", real=True)


def joint_density(point: tuple[sp.Expr, ...]) -> sp.Expr:
    """Return the density of N(0, σ²I): the product over the coordinates."""
    return sp.Mul(*(density(coordinate / sigma) / sigma for coordinate in point))


def norm(point: tuple[sp.Expr, ...]) -> sp.Expr:
    return sp.sqrt(sp.Add(*(coordinate**2 for coordinate in point)))


@derivation("E4")
def density_depends_on_the_norm() -> Sides:
    """The density is (2πσ²)^(-d/2) exp(-|x|²/(2σ²))."""
    closed = (2 * sp.pi * sigma**2) ** sp.Rational(-DIMENSION, 2) * sp.exp(-(norm(x) ** 2) / (2 * sigma**2))
    return sp.powsimp(joint_density(x)), closed


@derivation("E4")
def equal_norms_equal_densities() -> Sides:
    """Solve |y| = |x| for y₁ and put it into density(y) / density(x): 1 is left."""
    first = sp.sqrt(norm(x) ** 2 - norm(y[1:]) ** 2)
    return joint_density((first, *y[1:])) / joint_density(x), sp.Integer(1)


@derivation("E4")
def projection_stays_on_the_shell() -> Sides:
    """|δ| δ*/|δ*| has the norm of δ."""
    projected = tuple(norm(x) * coordinate / norm(y) for coordinate in y)
    return norm(projected) ** 2, norm(x) ** 2


@derivation("E4")
def projection_keeps_the_density() -> Sides:
    """The logarithm of density(|δ| δ*/|δ*|) / density(δ) is 0."""
    projected = tuple(norm(x) * coordinate / norm(y) for coordinate in y)
    return sp.expand_log(sp.log(joint_density(projected)), force=True), sp.expand_log(
        sp.log(joint_density(x)), force=True
    )
