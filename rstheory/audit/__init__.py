"""What certification logs say, and what their ACR hides.

`audit_logs` and `compare_logs` answer everything at once. The rooms: `survival` holds the survival curve of p with its
bands, `budget_curves` ACR at other budgets, `paired` and `difficulty` two logs on the same samples, `compare` all of it
for a pair, `groups` which logs are comparable, `report` everything in one object, `frames` what figures and pages show,
`view` what a reader is told; `terminal` prints it, `export` writes JSON. `decomposition` and `replication` are for runs
of your own, whose logs have all counts.
"""

from rstheory.audit.api import audit_logs, compare_logs
from rstheory.audit.budget_curves import BudgetCurves, at_budgets
from rstheory.audit.compare import Comparison, Region
from rstheory.audit.report import AuditReport, Group, LogReport
from rstheory.audit.survival import Survival, survival
from rstheory.transport import BudgetedACR

__all__ = [
    "AuditReport",
    "BudgetCurves",
    "BudgetedACR",
    "Comparison",
    "Group",
    "LogReport",
    "Region",
    "Survival",
    "at_budgets",
    "audit_logs",
    "compare_logs",
    "print_report",
    "survival",
]


def print_report(report: AuditReport) -> None:
    """Print an audit report on the terminal."""
    from rstheory.audit.terminal import print_report as printed  # rich takes a while to import

    printed(report)
