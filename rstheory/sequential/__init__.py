"""Bounds and decisions that may stop at any time: certificates from as few draws as the question needs (theory G).

* `mixture`: evidence against "p <= q" and a lower bound on p, valid at every number of draws at once.
* `crossing`: exact levels of boundaries that are looked at now and then.
* `rule`: what a stopping rule is; `decision`, `curve`, `tolerance`: the rules; `choose`: which one answers what.

Every bound and level is rounded to the safe side. Draws are independent, and the class was picked by other draws.
"""

from rstheory.sequential.choose import rule_for_curve, rule_for_radius, rule_for_tolerance
from rstheory.sequential.crossing import (
    Characteristics,
    characteristics_sf,
    crossing_probability_sf,
    spending_boundary_sf,
)
from rstheory.sequential.curve import CurveRule, HybridCurve, curve_rule, radius_grid
from rstheory.sequential.decision import Decision, group_sequential_decision, mixture_decision, tail_for_radius
from rstheory.sequential.mixture import (
    anytime_lower,
    anytime_lower_sf,
    log_mixture,
    log_mixture_sf,
    most_failures,
)
from rstheory.sequential.rule import FixedDraws, Outcome, StoppingRule, Verdict, growing_looks
from rstheory.sequential.tolerance import ToleranceRule

__all__ = [
    "Characteristics",
    "CurveRule",
    "Decision",
    "FixedDraws",
    "HybridCurve",
    "Outcome",
    "StoppingRule",
    "ToleranceRule",
    "Verdict",
    "anytime_lower",
    "anytime_lower_sf",
    "characteristics_sf",
    "crossing_probability_sf",
    "curve_rule",
    "group_sequential_decision",
    "growing_looks",
    "log_mixture",
    "log_mixture_sf",
    "mixture_decision",
    "most_failures",
    "radius_grid",
    "rule_for_curve",
    "rule_for_radius",
    "rule_for_tolerance",
    "spending_boundary_sf",
    "tail_for_radius",
]
