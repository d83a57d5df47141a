"""What average certified radius (ACR) rewards: theory, sound certificates and audits for randomized smoothing.

Where to begin:

- You have certification logs: `read_log`, `audit_logs`, `compare_logs`, and the package `rstheory.audit`. A log of
  results that were never in a file: `CertificationLog.from_arrays`. Its curves: `log.plot_survival()` and the like.
- You have a model: `rstheory.smoothing.certify` for any PyTorch module (pip install 'rstheory[torch]'), or
  `rstheory.certify.certify` for any function that NumPy can call.
- You want the theory: the functions below, in small modules, lowest floor first: `radius` and `binomial`, then
  `budget`, `trivial` and `population`. `rstheory.symbolic` derives them with SymPy, `rstheory.rigorous` encloses them
  in ball arithmetic.

On the command line: `rstheory --help`. `import rstheory` loads NumPy and SciPy only.

>>> import rstheory as rs
>>> print(f"{rs.radius_from_count(99_000, 100_000, alpha=0.001, sigma=0.5):.4f}")
1.1450
"""

from rstheory._version import __version__
from rstheory.audit.api import audit_logs, compare_logs
from rstheory.audit.compare import Comparison
from rstheory.audit.report import AuditReport
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
from rstheory.elsewhere import radius_elsewhere
from rstheory.logs.doors import Plot, offer_plots
from rstheory.logs.log import CertificationLog
from rstheory.logs.read import read_log
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


def _plot_survival() -> Plot:
    from rstheory.plots.one_log import plot_survival

    return plot_survival


def _plot_certified_accuracy() -> Plot:
    from rstheory.plots.one_log import plot_certified_accuracy

    return plot_certified_accuracy


def _plot_acr_by_budget() -> Plot:
    from rstheory.plots.one_log import plot_acr_by_budget

    return plot_acr_by_budget


offer_plots(
    {
        "plot_survival": _plot_survival,
        "plot_certified_accuracy": _plot_certified_accuracy,
        "plot_acr_by_budget": _plot_acr_by_budget,
    }
)

__all__ = [
    "AuditReport",
    "Budget",
    "CertificationLog",
    "Comparison",
    "Population",
    "__version__",
    "anytime_lower",
    "anytime_lower_sf",
    "audit_logs",
    "budget_for_acr",
    "certified_radius",
    "certified_radius_inverse",
    "certified_radius_inverse_sf",
    "certified_radius_sf",
    "clopper_pearson_lower",
    "clopper_pearson_lower_sf",
    "clopper_pearson_upper",
    "clopper_pearson_upper_sf",
    "compare_logs",
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
    "radius_elsewhere",
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
