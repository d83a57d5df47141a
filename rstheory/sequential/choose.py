"""The rule for each question that people ask: one radius, all radii, or a radius to within a tolerance."""

from __future__ import annotations

from dataclasses import replace

from rstheory import _check
from rstheory.budget import max_radius
from rstheory.sequential.curve import CurveRule, curve_rule, radius_grid
from rstheory.sequential.decision import Decision, mixture_decision, tail_for_radius
from rstheory.sequential.rule import growing_looks
from rstheory.sequential.tolerance import ToleranceRule

_MOST_SETTLED = 40  # radii: each needs a boundary of its own
_BETWEEN = 4  # radii read off per settled one


def rule_for_radius(radius: float, sigma: float, cap: int, level: float = 1e-3) -> Decision:
    """Is a sample certified at `radius`? Certified at level alpha, refuted early at no cost, or undecided at the cap.

    radius: >= 0, in units of the input. sigma: noise level. cap: most draws per sample. level: alpha.
    ValueError for a radius that `cap` draws cannot certify.

    >>> rule = rule_for_radius(0.5, 0.5, 10_000)
    >>> rule.name, rule.characteristics(0.01).draws < 65
    ('radius=0.5', True)
    """
    largest = float(max_radius(_check.at_least(1, "cap", cap), level, sigma))
    if not 0 <= _check.non_negative("radius", radius) < largest:
        reach = "nothing" if largest <= 0 else f"less than {largest:.4g}"
        raise ValueError(f"radius={radius:g} is not allowed: N={cap} draws certify {reach} at alpha={level:g}")
    rule = mixture_decision(tail_for_radius(radius, sigma), cap, level)
    if max(rule.most_failures) < 0:
        raise ValueError(
            f"radius={radius:g} is not allowed: stopping at any time costs a few draws, and N={cap} certify it only"
            " where all are made; take a larger N"
        )
    return replace(rule, name=f"radius={radius:g}")


def rule_for_curve(sigma: float, cap: int, level: float = 1e-3) -> CurveRule:
    """Which radii are certified? Every one of a grid is settled, 0.25 apart; three between two of them are read off.

    Where sigma is so large that more than 40 radii would have to be settled, they stand further apart.

    >>> rule = rule_for_curve(0.25, 1000)
    >>> len(rule.decisions), sum(rule.resolved)
    (10, 3)
    """
    step = 0.25
    while float(max_radius(cap, level, sigma)) > _MOST_SETTLED * step:
        step *= 2
    settled = radius_grid(sigma, cap, level, step)
    between = [radius for radius in radius_grid(sigma, cap, level, step / _BETWEEN) if radius not in settled]
    return curve_rule(settled, sigma, cap, level, between=between)


def rule_for_tolerance(tolerance: float, sigma: float, cap: int, level: float = 1e-3) -> ToleranceRule:
    """A radius within `tolerance` of what all draws would probably certify; looks grow by a tenth.

    >>> rule_for_tolerance(0.05, 0.5, 10_000).name
    'tolerance=0.05'
    """
    looks = growing_looks(_check.at_least(1, "cap", cap), growth=0.1)
    return ToleranceRule(float(tolerance), float(sigma), looks, level, name=f"tolerance={tolerance:g}")
