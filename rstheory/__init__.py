"""What average certified radius rewards: theory, sound certificates and audits for randomized smoothing.

The theory lives in small modules, lowest floor first: `radius` and `binomial`, then `budget`, `trivial` and
`population`; `audit` reads certification logs; `symbolic` derives the theory with SymPy and `rigorous` encloses it in
ball arithmetic. Those two are imported by name, so that `import rstheory` loads NumPy and SciPy only.
"""

from rstheory.audit.log import CertificationLog
from rstheory.audit.read import read_log
from rstheory.binomial import (
    clopper_pearson_lower,
    clopper_pearson_lower_sf,
    clopper_pearson_upper,
    clopper_pearson_upper_sf,
    poisson_limit,
)
from rstheory.budget import (
    expected_radius,
    expected_radius_sf,
    expected_sensitivity,
    expected_sensitivity_sf,
    max_radius,
    min_certifiable_count,
    radius_from_count,
    slope_at_one,
    slope_at_one_limit,
)
from rstheory.population import Population, crossing_budget, infinite_budget_winner
from rstheory.radius import (
    certified_radius,
    certified_radius_inverse,
    certified_radius_inverse_sf,
    certified_radius_sf,
    curvature,
    curvature_sf,
    radius_bounds_sf,
    sensitivity,
    sensitivity_bounds_sf,
    sensitivity_sf,
    signed_radius,
    signed_radius_sf,
)
from rstheory.randomized import randomized_lower, randomized_lower_sf
from rstheory.sequential import anytime_lower, anytime_lower_sf
from rstheory.trivial import (
    Budget,
    budget_for_acr,
    max_radius_bounds,
    sigma_for_acr,
    tail_bounds,
    trivial_acr,
)
from rstheory.two_class import rival_buckets, two_class_radius

__version__ = "0.1.0"

__all__ = [
    "Budget",
    "CertificationLog",
    "Population",
    "anytime_lower",
    "anytime_lower_sf",
    "budget_for_acr",
    "certified_radius",
    "certified_radius_inverse",
    "certified_radius_inverse_sf",
    "certified_radius_sf",
    "clopper_pearson_lower",
    "clopper_pearson_lower_sf",
    "clopper_pearson_upper",
    "clopper_pearson_upper_sf",
    "crossing_budget",
    "curvature",
    "curvature_sf",
    "expected_radius",
    "expected_radius_sf",
    "expected_sensitivity",
    "expected_sensitivity_sf",
    "infinite_budget_winner",
    "max_radius",
    "max_radius_bounds",
    "min_certifiable_count",
    "poisson_limit",
    "radius_bounds_sf",
    "radius_from_count",
    "randomized_lower",
    "randomized_lower_sf",
    "read_log",
    "rival_buckets",
    "sensitivity",
    "sensitivity_bounds_sf",
    "sensitivity_sf",
    "sigma_for_acr",
    "signed_radius",
    "signed_radius_sf",
    "slope_at_one",
    "slope_at_one_limit",
    "tail_bounds",
    "trivial_acr",
    "two_class_radius",
]
