"""Everything that is known about some certification logs in one object, for the terminal, JSON and figures.

Logs with one noise level, budget and level on the same data set form a group: only there do radii mean the same thing,
so ranks and comparisons stay inside it. What is expensive is made once: the budget curves of all logs of one budget.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import Literal

import numpy as np

from rstheory import _check
from rstheory._progress import Progress, silent
from rstheory._words import short_names
from rstheory.audit.budget_curves import BudgetCurves
from rstheory.audit.compare import Comparison, compare_all
from rstheory.audit.groups import grouped, labels, radius_grid, ranks
from rstheory.audit.paired import lint_between
from rstheory.audit.standing import Standing, standing
from rstheory.bounds import PLAIN
from rstheory.logs.finding import Finding
from rstheory.logs.log import CertificationLog
from rstheory.statistics.inequality import share_of_largest
from rstheory.transport import BudgetedACR

ASSUMED = " (assumed)"  # after a budget that nothing tells
BUDGETS = (100, 300, 1_000, 3_000, 10_000, 30_000)
PREDICTED_FACTOR = 10  # the budget predicted for, in units of the log's own
MOST_PREDICTED = 100  # logs for which that is done
# Pairs grow with the square of the number of logs; groups of up to this many are compared unasked.
COMPARED_UNASKED = 12
MOST_STANDING = 64  # every pair of so many is tested at every budget and radius; of more it would take minutes
# Counts are recovered from a table of all radii of the budget, and a prediction takes time in proportion to it.
LARGEST_TRANSPORTED, LARGEST_PREDICTED = 10**7, 2 * 10**6

Pairs = Literal["few", "all", "none"]


@dataclass(frozen=True, eq=False)
class LogReport:
    """One log and what follows from it alone.

    log: the log itself.
    name: short, distinct among all logs.
    radii: where certified accuracy is given.
    certified_accuracy, certified_accuracy_sound: at `radii`, as printed and at the lower ends of the rounded radii.
    budgets: expected ACR at each budget up to the log's own, ascending; its own alone where that is too large to
        transport. Radii that the log's budget cannot certify are cut off there.
    """

    log: CertificationLog
    name: str
    radii: tuple[float, ...]
    certified_accuracy: tuple[float, ...]
    certified_accuracy_sound: tuple[float, ...]
    budgets: tuple[BudgetedACR, ...]

    def acr_at(self, n: int) -> float:
        """Expected ACR at one of the budgets of the report."""
        return next(budget.acr for budget in self.budgets if budget.n == n)

    @property
    def easiest_tenth(self) -> float:
        """Share of ACR that comes from the tenth of the samples with the largest radii; NaN where ACR is 0."""
        radius = self.log.radius * self.log.correct
        return float(share_of_largest(radius, 0.1)) if np.any(radius) else float("nan")


@dataclass(frozen=True, eq=False)
class Group:
    """Logs with one sigma, n and alpha on one data set.

    sigma, n, alpha: noise level and budget.
    members: numbers into `AuditReport.logs`, in their order.
    names: of the logs, short, distinct within the group.
    budgets, radii: where ranks are taken.
    rank_by_budget, rank_by_radius: for each of these the rank of every log by ACR or certified accuracy, 1 for the
        largest, equal ones alike.
    standing: which logs can be told apart, at each of these; None for one log, for more than MOST_STANDING, or where
        they share fewer than two images.
    comparisons: every pair.
    between: findings between the two logs of each pair.
    not_compared: why there are no comparisons, or None.
    varying: which of sigma, n and alpha differ between the rows of the log, from where to where; the fields hold the
        largest. Such a log has a group of its own.
    rule: what stopped the draws of the log, so that n is the most that it allows; None where their number was fixed.
    bound: what its radii come from. A log with a rule, or another bound than Clopper and Pearson's, has a group of its
        own.
    assumed: those that nothing tells for some of the logs, so that they are the field's defaults.
    label: what tells the logs from those of other groups with the same sigma, n and alpha, which are on other data; ""
        if there are none.
    """

    sigma: float
    n: int
    alpha: float
    members: tuple[int, ...]
    names: tuple[str, ...]
    budgets: tuple[int, ...]
    radii: tuple[float, ...]
    rank_by_budget: tuple[tuple[int, ...], ...]
    rank_by_radius: tuple[tuple[int, ...], ...]
    standing: Standing | None = None
    comparisons: tuple[Comparison, ...] = ()
    between: tuple[tuple[Finding, ...], ...] = ()
    not_compared: str | None = None
    label: str = ""
    varying: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    rule: str | None = None
    bound: str = PLAIN
    assumed: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What the logs of the group have in common, in words; a budget that is assumed is marked."""
        texts = []
        for name, symbol, value in (("sigma", "sigma", self.sigma), ("n", "N", self.n), ("alpha", "alpha", self.alpha)):
            low, high = self.varying.get(name, (value, value))
            text = f"{low:,} to {high:,}" if name in self.varying else (f"{value:,}" if name == "n" else f"{value:g}")
            texts.append(f"{symbol}={text}" + (ASSUMED if name == "n" and name in self.assumed else ""))
        texts += [f"rule {self.rule}"] if self.rule is not None else []
        texts += [f"{self.bound} bound"] if self.bound != PLAIN else []
        settings = ", ".join(texts)
        return f"{self.label}: {settings}" if self.label else settings

    @property
    def rank_at_own_budget(self) -> tuple[int, ...]:
        """Ranks by ACR as certified."""
        return self.rank_by_budget[self.budgets.index(self.n)]


@dataclass(frozen=True, eq=False, repr=False)
class AuditReport:
    """What an audit of some certification logs found.

    logs: in the order given.
    groups: within which logs can be compared.
    curves: for each (n, alpha) that is transported, the budget curves of all logs certified with it.
    places: where each log stands in its curves.
    """

    logs: tuple[LogReport, ...]
    groups: tuple[Group, ...]
    curves: Mapping[tuple[int, float], BudgetCurves]
    places: tuple[int, ...]

    def __repr__(self) -> str:
        return f"AuditReport({len(self.logs)} logs in {len(self.groups)} groups; rstheory.audit.print_report shows it)"

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that was found: in the logs, then between two of them."""
        of_logs = tuple(finding for log in self.logs for finding in log.log.warnings)
        return of_logs + tuple(finding for group in self.groups for pair in group.between for finding in pair)

    def members(self, group: Group) -> tuple[LogReport, ...]:
        """The logs of a group."""
        return tuple(self.logs[i] for i in group.members)

    def curves_of(self, group: Group) -> tuple[BudgetCurves, tuple[int, ...]] | None:
        """Budget curves that hold the logs of a group, and the places of these in them; None where there are none."""
        alone = group.varying or group.rule is not None or group.bound != PLAIN
        curves = None if alone else self.curves.get((group.n, group.alpha))
        return None if curves is None else (curves, tuple(self.places[i] for i in group.members))

    @cached_property
    def predicted(self) -> tuple[BudgetedACR | None, ...]:
        """ACR of each log at ten times its budget, from the estimated distribution of its p (H2).

        None where that budget is too large, and for all logs of more than MOST_PREDICTED. Made on demand: an estimate
        per log, a few tenths of a second each.
        """
        at = {
            key: curves.at(PREDICTED_FACTOR * key[0])
            for key, curves in self.curves.items()
            if PREDICTED_FACTOR * key[0] <= LARGEST_PREDICTED and len(self.logs) <= MOST_PREDICTED
        }
        return tuple(
            at[key][place] if (key := (log.log.n, log.log.alpha)) in at and log.log.fixed_budget else None
            for log, place in zip(self.logs, self.places, strict=True)
        )


def audit_report(
    logs: Sequence[CertificationLog],
    budgets: Sequence[int] = BUDGETS,
    *,
    pairs: Pairs = "few",
    progress: Progress = silent,
) -> AuditReport:
    """Summaries, ACR at other budgets, ranks and comparisons of some logs.

    budgets: numbers of draws; a log is looked at those below its own N, and at N.
    pairs: which logs are compared pair by pair: "all" of each group, "none", or those of groups of "few" logs, up to
        COMPARED_UNASKED.
    progress: opened with the number of steps: a budget of all logs, or a pair.
    """
    for n in budgets:
        _check.scalar_int("budgets", _check.budget("budgets", n))
    groups = grouped(logs)
    reasons = [_why_not_compared(logs[group[0]].n, len(group), pairs) for group in groups]
    fixed = [log for log in logs if log.fixed_budget]
    members = {
        key: [i for i, log in enumerate(logs) if (log.n, log.alpha) == key and log.fixed_budget]
        for key in _budgets_of(fixed)
    }
    plans = {key: _plan(key[0], budgets) for key in members}
    steps = sum(len(plan) for plan in plans.values())
    steps += sum(math.comb(len(group), 2) for group, reason in zip(groups, reasons, strict=True) if reason is None)

    at: list[list[BudgetedACR]] = [[] if log.fixed_budget else [_own(log)] for log in logs]
    places = [0] * len(logs)
    curves: dict[tuple[int, float], BudgetCurves] = {}
    comparisons: list[list[Comparison]] = [[] for _ in groups]
    with progress(steps) as advance:
        for key, chosen in members.items():
            if key[0] <= LARGEST_TRANSPORTED:
                curves[key] = BudgetCurves([logs[i] for i in chosen])
            for place, i in enumerate(chosen):
                places[i] = place
            for n in plans[key]:
                results = curves[key].at(n) if key in curves else [_own(logs[i]) for i in chosen]
                for i, result in zip(chosen, results, strict=True):
                    at[i].append(result)
                advance(1)
        for g, (group, reason) in enumerate(zip(groups, reasons, strict=True)):
            if reason is None:
                key = (logs[group[0]].n, logs[group[0]].alpha)
                alike = [logs[i] for i in group]
                comparisons[g] = compare_all(alike, curves[key], positions=[places[i] for i in group], advance=advance)

    names = short_names([log.path for log in logs])
    reports = tuple(_log_report(log, name, acr) for log, name, acr in zip(logs, names, at, strict=True))
    return AuditReport(
        reports,
        tuple(
            _group(reports, group, curves, compared, reason, label)
            for group, compared, reason, label in zip(groups, comparisons, reasons, labels(logs, groups), strict=True)
        ),
        curves,
        tuple(places),
    )


def _budgets_of(logs: Sequence[CertificationLog]) -> list[tuple[int, float]]:
    """Every (n, alpha) that logs were certified with, in order."""
    return list(dict.fromkeys((log.n, log.alpha) for log in logs))


def _plan(n: int, budgets: Sequence[int]) -> tuple[int, ...]:
    """Budgets at which logs certified with n draws are looked at."""
    return (n,) if n > LARGEST_TRANSPORTED else tuple(sorted({*(b for b in budgets if b < n), n}))


def _own(log: CertificationLog) -> BudgetedACR:
    """ACR at a budget too large to transport, cut off where it is impossible."""
    return (log.possible() if np.any(log.impossible) else log).as_printed()


def _log_report(log: CertificationLog, name: str, budgets: list[BudgetedACR]) -> LogReport:
    radii = radius_grid(log)
    printed, sound = (np.asarray(view.certified_accuracy(radii)) for view in (log, log.rounded_down()))
    return LogReport(log, name, radii, tuple(map(float, printed)), tuple(map(float, sound)), tuple(budgets))


def _why_not_compared(n: int, members: int, pairs: Pairs) -> str | None:
    if members < 2:
        return "only one log"
    if pairs == "none":
        return "not asked for"
    if n > LARGEST_TRANSPORTED:
        return f"budgets above {LARGEST_TRANSPORTED:,} are not transported"
    if pairs == "few" and members > COMPARED_UNASKED:
        number = math.comb(members, 2)
        return f"{members} logs make {number:,} pairs; groups of up to {COMPARED_UNASKED} are compared unasked"
    return None


def _group(
    reports: Sequence[LogReport],
    members: tuple[int, ...],
    curves: Mapping[tuple[int, float], BudgetCurves],
    comparisons: list[Comparison],
    why_not: str | None,
    label: str,
) -> Group:
    logs = [reports[i] for i in members]
    first = logs[0]
    budgets = tuple(budget.n for budget in first.budgets)
    pairs = combinations(logs, 2) if comparisons else ()
    known = curves.get((first.log.n, first.log.alpha))
    tested = known is not None and 1 < len(logs) <= MOST_STANDING
    return Group(
        sigma=first.log.sigma,
        n=first.log.n,
        alpha=first.log.alpha,
        members=members,
        names=tuple(short_names([report.log.path for report in logs])),
        budgets=budgets,
        radii=first.radii,
        rank_by_budget=tuple(ranks([report.acr_at(n) for report in logs]) for n in budgets),
        rank_by_radius=tuple(ranks(shares) for shares in zip(*(r.certified_accuracy for r in logs), strict=True)),
        standing=standing([r.log for r in logs], known, budgets, first.radii) if known and tested else None,
        comparisons=tuple(comparisons),
        between=tuple(lint_between(a.log, b.log) for a, b in pairs),
        not_compared=why_not,
        label=label,
        varying={name: (values.min().item(), values.max().item()) for name, values in first.log.varying.items()},
        rule=first.log.rule,
        bound=first.log.bound,
        assumed=tuple(name for name in ("n", "alpha") if any(name in report.log.assumed for report in logs)),
    )
