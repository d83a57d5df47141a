"""A2 to A5: the radius R(p) = σΦ⁻¹(p), its slope, its curvature, and bounds that hold in the whole tail.

The derivatives come from one fact, Φ(R(p)/σ) = p. The bounds of A5 come from the hazard rate h = φ/(1-Φ), which is the
slope of l(z) = ln(1/(2t)) as a function of z = Φ⁻¹(1-t). What is derived here are the identities of that proof; its two
inequalities, 0 < h(z) - z <= h(0) and h² - z² >= h(0)², are proved in ball arithmetic by `proofs/intervals/radius.py`.
"""

from __future__ import annotations

import sympy as sp

from proofs.symbolic.derivation import Sides, derivation
from rstheory import symbolic
from rstheory.symbolic import cdf, density, p, sigma, z

c = density(sp.Integer(0)) / cdf(sp.Integer(0))  # h(0) = √(2/π)
l = sp.Symbol("l", positive=True)  # noqa: E741 (the theory's letter: ln(1/(2t)))
h = density(z) / (1 - cdf(z))  # the hazard rate
log_ratio = -sp.log(2 * (1 - cdf(z)))  # l as a function of z


# -- A2, A3: slope and curvature --------------------------------------------------------------------------------------


@derivation("A2")
def slope_by_implicit_differentiation() -> Sides:
    """R' = σ/φ(R/σ): differentiate Φ(R(p)/σ) = p and solve for R'."""
    R = sp.Function("R")
    equation = sp.diff(cdf(R(p) / sigma), p) - 1
    (slope,) = sp.solve(equation, sp.diff(R(p), p))
    return slope.subs(R(p), symbolic.radius()), symbolic.sensitivity()


@derivation("A2")
def slope_is_least_at_one_half() -> Sides:
    """d/dz ln R'(Φ(z)) = z, which is negative below p = 1/2 and positive above: the minimum σ√(2π) is at p = 1/2."""
    slope = symbolic.sensitivity().subs(p, cdf(z))
    return sp.diff(sp.log(slope), z), z


@derivation("A3")
def curvature_is_radius_times_squared_slope() -> Sides:
    """R'' = R R'²/σ²: so the sign of R'' is that of R, and R is convex where it is positive."""
    return symbolic.curvature(), symbolic.radius() * symbolic.sensitivity() ** 2 / sigma**2


@derivation("A3")
def clipping_keeps_convexity() -> Sides:
    """At p = 1/2 the slope of max(0, R) jumps up, from 0 to σ√(2π) > 0."""
    return sp.limit(symbolic.sensitivity(), p, sp.Rational(1, 2), "+"), sigma * sp.sqrt(2 * sp.pi)


# -- A4: what a gain is worth -----------------------------------------------------------------------------------------


@derivation("A4")
def ratio_of_slopes_is_ratio_of_densities() -> Sides:
    """R'(p₁)/R'(p₂) = φ(z₂)/φ(z₁), z = Φ⁻¹(p); with `symbolic.identities()` it is exp((z₁² - z₂²)/2)."""
    z1, z2, p1, p2 = symbolic.z1, symbolic.z2, symbolic.p1, symbolic.p2
    ratio = symbolic.sensitivity_ratio().subs({p1: cdf(z1), p2: cdf(z2)})
    return ratio, density(z2) / density(z1)


# -- A5: the tail -----------------------------------------------------------------------------------------------------


@derivation("A5")
def hazard_is_the_slope_of_the_log_tail() -> Sides:
    """dl/dz = h, so that l(z) = ∫₀ᶻ h."""
    return sp.diff(log_ratio, z), h


@derivation("A5")
def log_tail_starts_at_zero() -> Sides:
    """l(0) = 0: with h(z) - z in (0, c], integration gives z²/2 <= l <= z²/2 + cz."""
    return log_ratio.subs(z, 0), sp.Integer(0)


@derivation("A5")
def hazard_equation() -> Sides:
    """h' = h (h - z)."""
    return sp.diff(h, z), h * (h - z)


@derivation("A5")
def curvature_of_the_hazard() -> Sides:
    """h'' = h ((h - z)(2h - z) - 1): Sampford's inequality, (h - z)(2h - z) >= 1, says that h is convex."""
    return sp.diff(h, z, 2), h * ((h - z) * (2 * h - z) - 1)


@derivation("A5")
def squared_hazard_less_square() -> Sides:
    """(h² - z²)' = 2 (h² (h - z) - z), which Sampford's inequality makes non-negative."""
    return sp.diff(h**2 - z**2, z), 2 * (h**2 * (h - z) - z)


@derivation("A5")
def lower_bound_solves_its_equation() -> Sides:
    """y = √(c² + 2l) - c solves y²/2 + cy = l: l <= z²/2 + cz therefore says z >= y."""
    y = sp.sqrt(c**2 + 2 * l) - c
    return y**2 / 2 + c * y, l


@derivation("A5")
def slope_is_tail_over_hazard() -> Sides:
    """t R'(1-t) = σ/h(z) at z = Φ⁻¹(1-t): bounds on h are bounds on the slope."""
    tail = 1 - cdf(z)
    return tail * symbolic.sensitivity().subs(p, cdf(z)), sigma / h


@derivation("A5")
def bounds_of_the_radius_meet() -> Sides:
    """√(2l) / (√(c² + 2l) - c) → 1 as l → ∞: both bounds are σ√(2 ln(1/t)) (1 + o(1))."""
    return sp.limit(sp.sqrt(2 * l) / (sp.sqrt(c**2 + 2 * l) - c), l, sp.oo), sp.Integer(1)


@derivation("A5")
def bounds_of_the_slope_meet() -> Sides:
    """(√(2l) + c) / √(y² + c²) → 1 as l → ∞: R' ~ σ/(t √(2 ln(1/t)))."""
    y = sp.sqrt(c**2 + 2 * l) - c
    return sp.limit((sp.sqrt(2 * l) + c) / sp.sqrt(y**2 + c**2), l, sp.oo), sp.Integer(1)


@derivation("A5")
def one_half_does_not_matter_in_the_tail() -> Sides:
    """ln(1/(2t)) / ln(1/t) → 1 as t → 0."""
    t = symbolic.t
    return sp.limit(sp.log(1 / (2 * t)) / sp.log(1 / t), t, 0, "+"), sp.Integer(1)
