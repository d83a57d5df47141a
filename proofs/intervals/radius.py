"""A5: two-sided bounds on the radius and on its slope, for every tail t in (0, 1/2].

Statement, with σ = 1, z = Φ⁻¹(1-t), l = ln(1/(2t)), c = √(2/π) and y = √(c² + 2l) - c:

    y <= z <= √(2l)        and        1/(√(2l) + c) <= t R'(1-t) <= 1/√(y² + c²).

Idea. Everything is a function of z >= 0: t is the normal tail beyond z, t R'(1-t) = 1/h(z) with the hazard rate
h = φ/(1-Φ) (derived in `proofs/symbolic/radius.py`), and the four bounds say, in this order,

    z²/2 + cz - l(z) >= 0,    l(z) - z²/2 >= 0,    z + c - h(z) >= 0  (then √(2l) >= z does it),
    h(z)² - z² - c² >= 0  (then z >= y does it).

Each vanishes at z = 0 and is positive after it; next to 0 the first derivative that does not vanish is enclosed.

Range. Balls cover z in [0, 40], which is t from 1/2 down to 3.7e-350. Beyond, and in fact from z = 2 on, two classical
inequalities between h and z (Laplace's continued fraction for 1/h; Gordon 1941) are enough by hand:

    z + z/(z² + 2) < h(z) < z + 1/z.

Then l' - z = h - z > 0, z + c - h > c - 1/z > 0 for z > 1.26, which is also the slope of z²/2 + cz - l; and
h² - z² > 2z²/(z² + 2) > c² for z >= 1. So all t in (0, 1/2] are covered.
"""

from __future__ import annotations

from fractions import Fraction

from flint import arb

from proofs.intervals.subdivision import Outcome, positive_from_zero
from rstheory.rigorous.normal import sf_ball

LARGEST_Z = 40
FIRST_PIECE = Fraction(1, 4)


def constant() -> arb:
    """c = h(0) = √(2/π)."""
    return (2 / arb.pi()).sqrt()


def hazard(z: arb) -> arb:
    """h = φ/(1-Φ), increasing, so that the ends of a ball give its image."""
    return _hazard_at(z.lower()).union(_hazard_at(z.upper()))


def _hazard_at(z: arb) -> arb:
    return (-z * z / 2).exp() / (2 * arb.pi()).sqrt() / sf_ball(z)


def log_ratio(z: arb) -> arb:
    """l(z) = ln(1/(2t)), increasing too."""
    return (-(2 * sf_ball(z.lower())).log()).union(-(2 * sf_ball(z.upper())).log())


def radius_lower_bound(largest: int = LARGEST_Z, factor: arb | int = 1) -> Outcome:
    """factor * y <= z. That is l <= w²/2 + cw with w = z/factor."""
    c, s = constant(), 1 / arb(factor)

    def gap(z: arb) -> arb:
        return (s * z) ** 2 / 2 + c * s * z - log_ratio(z)

    def slope(z: arb) -> arb:
        return s * s * z + c * s - hazard(z)

    def bend(z: arb) -> arb:
        return s * s - hazard(z) * (hazard(z) - z)

    return positive_from_zero([gap, slope, bend], [arb(0), c * (s - 1)], FIRST_PIECE, largest)


def radius_upper_bound(largest: int = LARGEST_Z, factor: arb | int = 1) -> Outcome:
    """factor * z <= √(2l): a factor of 1 is the bound, a larger one a tighter bound."""
    s = arb(factor)

    def gap(z: arb) -> arb:
        return log_ratio(z) - (s * z) ** 2 / 2

    def slope(z: arb) -> arb:
        return hazard(z) - s * s * z

    return positive_from_zero([gap, slope], [arb(0)], FIRST_PIECE, largest)


def slope_lower_bound(largest: int = LARGEST_Z, factor: arb | int = 1) -> Outcome:
    """factor * h <= z + c, hence t R' >= factor / (√(2l) + c)."""
    c, s = constant(), arb(factor)

    def gap(z: arb) -> arb:
        return z + c - s * hazard(z)

    def slope(z: arb) -> arb:
        return 1 - s * hazard(z) * (hazard(z) - z)

    return positive_from_zero([gap, slope], [c * (1 - s)], FIRST_PIECE, largest)


def slope_upper_bound(largest: int = LARGEST_Z, factor: arb | int = 1) -> Outcome:
    """h² >= factor² (z² + c²), hence t R' <= 1 / (factor √(y² + c²))."""
    c, s = constant(), arb(factor)

    def gap(z: arb) -> arb:
        return hazard(z) ** 2 - s * s * (z * z + c * c)

    def slope(z: arb) -> arb:
        return 2 * hazard(z) ** 2 * (hazard(z) - z) - 2 * s * s * z

    return positive_from_zero([gap, slope], [c * c * (1 - s * s)], FIRST_PIECE, largest)
