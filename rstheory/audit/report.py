"""Everything that is known about some certification logs in one object, for the terminal, JSON and figures.

Logs with one noise level, budget and level on the same data set form a group: only there do radii mean the same thing,
so ranks and comparisons stay inside it.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from rstheory import _check
from rstheory.audit.compare import Comparison, comparable_pairs, compare_all
from rstheory.audit.lint import lint_between
from rstheory.audit.log import CertificationLog, Warning
from rstheory.audit.transport import BudgetedACR, at_budgets
from rstheory.budget import max_radius

BUDGETS = (100, 300, 1_000, 3_000, 10_000, 30_000)
PREDICTED_FACTOR = 10  # the budget predicted for, in units of the log's own
# Pairs grow with the square of the number of logs; groups of up to so many are compared pair by pair unless asked.
COMPARED_UNASKED = 12
# Counts are recovered from a table of all radii of the budget, and a prediction takes time in proportion to it.
LARGEST_TRANSPORTED, LARGEST_PREDICTED = 10**7, 2 * 10**6
_RADIUS_STEP, _MOST_RADII = 0.25, 1024

_SUFFIX = re.compile(r"\.(tsv|txt|csv|log)$", re.IGNORECASE)
_SIGMA = re.compile(r"(noise|sigma)[_=-]?[\d.]+", re.IGNORECASE)

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class LogReport:
    """One log and what follows from it alone.

    name: short, distinct among all logs. certified_accuracy, certified_accuracy_sound: at `radii`, as printed and at
    the lower ends of the rounded radii. budgets: expected ACR at each budget, ascending, predictions last; only the
    log's own where its budget is too large to transport. Radii that the log's budget cannot certify are cut off there.
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


@dataclass(frozen=True, eq=False)
class Group:
    """Logs with one sigma, n and alpha on one data set: numbers into `AuditReport.logs`, in their order.

    names: short, distinct within the group. budgets, radii: where ranks are taken. rank_by_budget, rank_by_radius: for
    each of these the rank of every log by ACR or certified accuracy, 1 for the largest, equal ones alike. comparisons:
    every pair, with findings between the two in `between`. not_compared: why there are none, or None. label: what tells
    the logs from those of other groups with the same sigma, n and alpha, which are on other data; "" if there are none.
    """

    sigma: float
    n: int
    alpha: float
    members: tuple[int, ...]
    names: tuple[str, ...]
    budgets: tuple[BudgetedACR, ...]
    radii: tuple[float, ...]
    rank_by_budget: tuple[tuple[int, ...], ...]
    rank_by_radius: tuple[tuple[int, ...], ...]
    comparisons: tuple[Comparison, ...] = ()
    between: tuple[tuple[Warning, ...], ...] = ()
    not_compared: str | None = None
    label: str = ""

    @property
    def title(self) -> str:
        """What the logs of the group have in common, in words."""
        settings = f"sigma={self.sigma:g}, N={self.n:,}, alpha={self.alpha:g}"
        return f"{self.label}: {settings}" if self.label else settings


@dataclass(frozen=True, eq=False)
class AuditReport:
    """What `audit` found: the logs in the order given, and the groups within which they can be compared."""

    logs: tuple[LogReport, ...]
    groups: tuple[Group, ...]

    def members(self, group: Group) -> tuple[LogReport, ...]:
        """The logs of a group."""
        return tuple(self.logs[i] for i in group.members)


def audit(
    logs: Sequence[CertificationLog],
    budgets: Sequence[int] = BUDGETS,
    *,
    compare: bool | None = None,
    progress: Progress | None = None,
) -> AuditReport:
    """Summaries, ACR at other budgets, ranks and comparisons of some logs.

    budgets: numbers of draws; a log is looked at those below its own N, at N, and, as a prediction from a model, at ten
    times N. compare: whether to compare every pair of each group; default: in groups of up to COMPARED_UNASKED logs.
    progress: called with the steps done and the steps in all.
    """
    for n in budgets:
        _check.scalar_int("budgets", _check.budget("budgets", n))
    grouped = _groups(logs)
    compared = [len(group) > 1 and _why_not_compared(logs, group, compare) is None for group in grouped]
    settings = list(dict.fromkeys((log.n, log.alpha) for log in logs))
    plans = {setting: _budgets(setting[0], budgets) for setting in settings}
    steps = sum(len(plan) for plan in plans.values())
    steps += sum(math.comb(len(group), 2) for group, wanted in zip(grouped, compared, strict=True) if wanted)
    tick = _counter(progress, steps)

    names = short_names([log.path for log in logs])
    reports: list[LogReport | None] = [None] * len(logs)
    for setting, plan in plans.items():
        chosen = [i for i, log in enumerate(logs) if (log.n, log.alpha) == setting]
        for i, found in zip(chosen, _transport([logs[i] for i in chosen], plan, tick), strict=True):
            reports[i] = _log_report(logs[i], names[i], found)
    complete = tuple(report for report in reports if report is not None)
    comparisons = _compare(logs, grouped, compared, tick)
    groups = tuple(
        _group(complete, members, found, None if wanted else _why_not_compared(logs, members, compare), label)
        for members, found, wanted, label in zip(grouped, comparisons, compared, _labels(logs, grouped), strict=True)
    )
    return AuditReport(complete, groups)


def _counter(progress: Progress | None, steps: int) -> Callable[[], None]:
    """A function that counts its calls and reports them."""
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, steps)

    return tick


def _budgets(n: int, budgets: Sequence[int]) -> tuple[int, ...]:
    """Budgets at which logs certified with n draws are looked at."""
    if n > LARGEST_TRANSPORTED:
        return (n,)
    predicted = [PREDICTED_FACTOR * n] if PREDICTED_FACTOR * n <= LARGEST_PREDICTED else []
    return tuple(sorted({*(b for b in budgets if b < n), n, *predicted}))


def _transport(
    logs: Sequence[CertificationLog], budgets: Sequence[int], tick: Callable[[], None]
) -> list[list[BudgetedACR]]:
    """`at_budgets` for all logs at once, budget by budget.

    Radii that a log's own budget cannot certify are cut off at every budget, its own included: smaller ones know them
    as N of N successes only, and ACR must not fall with more draws.
    """
    possible = [log.cut_off() if np.any(log.impossible) else log for log in logs]
    found: list[list[BudgetedACR]] = [[] for _ in logs]
    for n in budgets:
        if n > LARGEST_TRANSPORTED:  # the log's own: nothing to transport
            at = [[BudgetedACR(n, log.alpha, log.acr, 0.0, log.acr_sound, "as printed")] for log in possible]
        else:
            at = at_budgets(possible, [n])
        for own, new in zip(found, at, strict=True):
            own += new
        tick()
    return found


def _log_report(log: CertificationLog, name: str, budgets: list[BudgetedACR]) -> LogReport:
    radii = radius_grid(log)
    printed, sound = (np.asarray(log.certified_accuracy(radii, sound=sound)) for sound in (False, True))
    return LogReport(log, name, radii, tuple(map(float, printed)), tuple(map(float, sound)), tuple(budgets))


def radius_grid(log: CertificationLog) -> tuple[float, ...]:
    """0, 0.25, 0.5, ... up to the largest radius that the log's budget can certify, in wider steps for large sigma."""
    largest = max(float(max_radius(log.n, log.alpha, log.sigma)), 0.0)
    step = _RADIUS_STEP
    while largest / step >= _MOST_RADII:
        step *= 2
    return tuple(step * i for i in range(int(largest / step) + 1))


def _groups(logs: Sequence[CertificationLog]) -> list[tuple[int, ...]]:
    """Numbers of the logs of each group, groups by ascending sigma, N and alpha."""
    found: list[tuple[list[int], list[CertificationLog]]] = []  # members, and one log for each set of samples
    for i, log in enumerate(logs):
        for members, kinds in found:
            first = logs[members[0]]
            if (log.sigma, log.n, log.alpha) != (first.sigma, first.n, first.alpha):
                continue
            alike = any(_same_samples(log, other) for other in kinds)
            if alike or all(_same_data(log, other) for other in kinds):
                members.append(i)
                kinds += [] if alike else [log]
                break
        else:
            found.append(([i], [log]))
    return sorted(
        (tuple(members) for members, _ in found),
        key=lambda g: (logs[g[0]].sigma, logs[g[0]].n, logs[g[0]].alpha, g),
    )


def _same_samples(a: CertificationLog, b: CertificationLog) -> bool:
    return np.array_equal(a.index, b.index) and np.array_equal(a.label, b.label)


def _same_data(a: CertificationLog, b: CertificationLog) -> bool:
    """Whether two logs share samples and mostly agree on their labels: else they number different images."""
    common, rows_a, rows_b = np.intersect1d(a.index, b.index, return_indices=True)
    return bool(len(common)) and 2 * int(np.sum(a.label[rows_a] == b.label[rows_b])) > len(common)


def _why_not_compared(logs: Sequence[CertificationLog], members: Sequence[int], compare: bool | None) -> str | None:
    if len(members) < 2:
        return "only one log"
    if compare is False:
        return "not asked for"
    if logs[members[0]].n > LARGEST_TRANSPORTED:
        return f"budgets above {LARGEST_TRANSPORTED:,} are not transported"
    if compare is None and len(members) > COMPARED_UNASKED:
        pairs = math.comb(len(members), 2)
        return f"{len(members)} logs make {pairs:,} pairs; groups of up to {COMPARED_UNASKED} are compared unasked"
    return None


def _compare(
    logs: Sequence[CertificationLog],
    groups: Sequence[tuple[int, ...]],
    wanted: Sequence[bool],
    tick: Callable[[], None],
) -> list[list[Comparison]]:
    """Every pair in the groups that are wanted; nothing for the others.

    Groups with one budget share work, so they go together; groups that differ in the data set alone must not.
    """
    found: list[list[Comparison]] = [[] for _ in groups]
    waiting = [g for g in range(len(groups)) if wanted[g]]
    while waiting:
        batch: dict[tuple[float, int, float], int] = {}
        for g in waiting:
            first = logs[groups[g][0]]
            batch.setdefault((first.sigma, first.n, first.alpha), g)
        waiting = [g for g in waiting if g not in batch.values()]
        owner = [(g, i) for g in batch.values() for i in groups[g]]
        together = [logs[i] for _, i in owner]
        comparisons = compare_all(together, progress=tick)
        for (i, _), comparison in zip(comparable_pairs(together), comparisons, strict=True):
            found[owner[i][0]].append(comparison)
    return found


def _group(
    reports: Sequence[LogReport],
    members: tuple[int, ...],
    comparisons: list[Comparison],
    why_not: str | None,
    label: str,
) -> Group:
    own = [reports[i] for i in members]
    first = own[0]
    pairs = combinations(own, 2) if comparisons else ()
    return Group(
        sigma=first.log.sigma,
        n=first.log.n,
        alpha=first.log.alpha,
        members=members,
        names=tuple(short_names([report.log.path for report in own])),
        budgets=first.budgets,
        radii=first.radii,
        rank_by_budget=tuple(ranks([report.acr_at(budget.n) for report in own]) for budget in first.budgets),
        rank_by_radius=tuple(ranks(accuracy) for accuracy in zip(*(r.certified_accuracy for r in own), strict=True)),
        comparisons=tuple(comparisons),
        between=tuple(lint_between(a.log, b.log) for a, b in pairs),
        not_compared=why_not,
        label=label,
    )


def _labels(logs: Sequence[CertificationLog], groups: Sequence[tuple[int, ...]]) -> list[str]:
    """A label for each group: "" where no other has the same sigma, N and alpha."""
    found = [""] * len(groups)
    settings = [(logs[group[0]].sigma, logs[group[0]].n, logs[group[0]].alpha) for group in groups]
    for setting in dict.fromkeys(settings):
        alike = [g for g, other in enumerate(settings) if other == setting]
        if len(alike) > 1:
            labels = group_labels([[logs[i].path for i in groups[g]] for g in alike])
            for g, label in zip(alike, labels, strict=True):
                found[g] = label
    return found


def group_labels(groups: Sequence[Sequence[str]]) -> list[str]:
    """What tells groups of paths apart: the folder that the paths of each have in common, or else their first names.

    >>> group_labels([["logs/digits/a/x.tsv", "logs/digits/b/x.tsv"], ["logs/cifar/a.tsv", "logs/cifar/b.tsv"]])
    ['digits', 'cifar']
    >>> group_labels([["a.tsv", "b.tsv", "c.tsv"], ["d.tsv"]])
    ['a and 2 more', 'd']
    """
    folders = [_common_folder(paths) for paths in groups]
    shared = _common_folder([os.path.join(folder, "file") for folder in folders])
    labels = [os.path.relpath(folder, shared) if folder != shared else os.path.basename(folder) for folder in folders]
    if all(labels) and len(set(labels)) == len(labels):
        return [printable(label) for label in labels]
    names = iter(short_names([path for paths in groups for path in paths]))
    own = [[next(names) for _ in paths] for paths in groups]
    return [first + (f" and {len(rest)} more" if rest else "") for first, *rest in own]


def _common_folder(paths: Sequence[str]) -> str:
    """The deepest folder that all paths lie in."""
    folders = [os.path.dirname(os.path.abspath(path)) for path in paths]
    try:
        return os.path.commonpath(folders)
    except ValueError:  # several drives
        return os.path.dirname(folders[0])


def ranks(values: Sequence[float]) -> tuple[int, ...]:
    """Rank of each value, 1 for the largest; equal values share the best of their ranks.

    >>> ranks([0.5, 0.7, 0.5])
    (2, 1, 2)
    """
    return tuple(1 + sum(other > value for other in values) for value in values)


def short_names(paths: Sequence[str]) -> list[str]:
    """What tells the paths apart, without endings; the folder's name where a single file is named by its noise level.

    >>> short_names(["logs/ours/noise_0.5.tsv", "logs/catrs/noise_0.5.tsv"])
    ['ours', 'catrs']
    >>> short_names(["logs/ours/noise_0.5.tsv"]), short_names(["a/x.tsv", "a/b/x.tsv"])
    (['ours'], ['a/x', 'a/b/x'])
    """
    parts = [tuple(_SUFFIX.sub("", part) for part in Path(path).parts) for path in paths]
    if len(set(parts)) < len(paths):  # the ending alone tells two of them apart
        parts = [Path(path).parts for path in paths]
    if len(parts) == 1:
        own = [part for part in parts[0] if not _SIGMA.fullmatch(part)] or list(parts[0])
        return [printable(own[-1])] if own else [printable(paths[0])]
    if len({len(own) for own in parts}) > 1:
        return [printable(str(Path(*own))) for own in parts]
    kept = [level for level in zip(*parts, strict=True) if len(set(level)) > 1]
    return [printable("/".join(own)) for own in zip(*kept, strict=True)] or [printable(path) for path in paths]


def printable(text: str) -> str:
    r"""Text without anything that a terminal or a font would stumble over.

    >>> print(printable("a\x1b[31m\udcff"))
    a\x1b[31m\udcff
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
