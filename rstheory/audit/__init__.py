"""What certification logs say, and what their ACR hides.

`audit_logs` and `compare_logs` answer everything at once. The rooms: `survival` holds the survival curve of p with its
bands, `budget_curves` ACR at other budgets, `paired` and `difficulty` two logs on the same samples, `compare` all of it
for a pair, `groups` which logs are comparable, `report` everything in one object, `frames` what figures and pages show,
`view` what a reader is told; `terminal` prints it, `export` writes JSON. `decomposition` and `replication` are for runs
of your own, whose logs have all counts.

How sure any of it is: `bounds` bounds ACR and certified accuracy from below, `intervals` gives ranks with intervals,
groups within error and crossing budgets, `differences` tests every pair at every budget and radius and two curves as a
whole, `fresh` says what another run would give, `inequality` whom a log's ACR comes from.
"""

from rstheory.audit.api import audit_logs, compare_logs
from rstheory.audit.bounds import AccuracyBounds, ACRBounds, accuracy_bounds, acr_bounds
from rstheory.audit.budget_curves import BudgetCurves, at_budgets
from rstheory.audit.compare import Comparison, Region
from rstheory.audit.differences import CurveTest, Differences, curve_test, differences
from rstheory.audit.fresh import RunAtBudget, run_at_budget
from rstheory.audit.inequality import Inequality, inequality
from rstheory.audit.intervals import GroupIntervals, group_intervals
from rstheory.audit.report import AuditReport, Group, LogReport
from rstheory.audit.survival import Survival, survival, survival_by_label, survivals
from rstheory.transport import BudgetedACR

__all__ = [
    "ACRBounds",
    "AccuracyBounds",
    "AuditReport",
    "BudgetCurves",
    "BudgetedACR",
    "Comparison",
    "CurveTest",
    "Differences",
    "Group",
    "GroupIntervals",
    "Inequality",
    "LogReport",
    "Region",
    "RunAtBudget",
    "Survival",
    "accuracy_bounds",
    "acr_bounds",
    "at_budgets",
    "audit_logs",
    "compare_logs",
    "curve_test",
    "differences",
    "group_intervals",
    "inequality",
    "print_report",
    "run_at_budget",
    "survival",
    "survival_by_label",
    "survivals",
]


def print_report(report: AuditReport) -> None:
    """Print an audit report on the terminal."""
    from rstheory.audit.terminal import print_report as printed  # rich takes a while to import

    printed(report)
