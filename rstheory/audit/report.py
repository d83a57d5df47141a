"""Everything that is known about some certification logs in one object, for the terminal, JSON and figures.

Logs with one noise level, budget and level on the same data set form a group: only there do radii mean the same thing,
so ranks and comparisons stay inside it.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rstheory import _check
from rstheory.audit.compare import Comparison, Region, comparable_pairs, compare_all
from rstheory.audit.lint import lint_between, plural
from rstheory.audit.log import CertificationLog, Warning
from rstheory.audit.transport import BudgetedACR, at_budgets
from rstheory.budget import max_radius

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

BUDGETS = (100, 300, 1_000, 3_000, 10_000, 30_000)
PREDICTED_FACTOR = 10  # the budget predicted for, in units of the log's own
# Pairs grow with the square of the number of logs; groups of up to so many are compared pair by pair unless asked.
COMPARED_UNASKED = 12
# Counts are recovered from a table of all radii of the budget, and a prediction takes time in proportion to it.
LARGEST_TRANSPORTED, LARGEST_PREDICTED = 10**7, 2 * 10**6
_RADIUS_STEP, _MOST_RADII = 0.25, 1024
_SHOWN_LOGS, _SHOWN_PAIRS = 40, 100
_BELIEVED = 2.0  # standard errors below which a lead is not named on the terminal

_SUFFIX = re.compile(r"\.(tsv|txt|csv|log)$", re.IGNORECASE)
_SIGMA = re.compile(r"(noise|sigma)[_=-]?[\d.]+", re.IGNORECASE)

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class LogReport:
    """One log and what follows from it alone.

    name: short, distinct among all logs. certified_accuracy, certified_accuracy_sound: at `radii`, as printed and at
    the lower ends of the rounded radii. budgets: expected ACR at each budget, ascending, predictions last; only the
    log's own where its budget is too large to transport.
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
    every pair, with findings between the two in `between`. not_compared: why there are none, or None.
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

    @property
    def title(self) -> str:
        """What the logs of the group have in common, in words."""
        return f"sigma={self.sigma:g}, N={self.n:,}, alpha={self.alpha:g}"


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
        _group(complete, members, found, None if wanted else _why_not_compared(logs, members, compare))
        for members, found, wanted in zip(grouped, comparisons, compared, strict=True)
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
    """`at_budgets` for all logs at once, budget by budget."""
    found: list[list[BudgetedACR]] = [[] for _ in logs]
    for n in budgets:
        if n > LARGEST_TRANSPORTED:  # the log's own: nothing to transport
            at = [[BudgetedACR(n, log.alpha, log.acr, 0.0, log.acr_sound, "as printed")] for log in logs]
        else:
            at = at_budgets(logs, [n])
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
    reports: Sequence[LogReport], members: tuple[int, ...], comparisons: list[Comparison], why_not: str | None
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
    )


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


# -- JSON -------------------------------------------------------------------------------------------------------------


def to_json(report: AuditReport) -> dict[str, Any]:
    """The report as plain lists and dictionaries that `json` writes; numbers that are not finite become null."""
    result: dict[str, Any] = _finite(
        {
            "logs": [_log_json(log) for log in report.logs],
            "comparisons": [
                _comparison_json(comparison, between)
                for group in report.groups
                for comparison, between in zip(group.comparisons, group.between, strict=True)
            ],
            "groups": [_group_json(report, group) for group in report.groups],
        }
    )
    return result


def _log_json(report: LogReport) -> dict[str, Any]:
    log = report.log
    known = [budget for budget in report.budgets if budget.kind != "predicted"]
    predicted = [budget for budget in report.budgets if budget.kind == "predicted"]
    radii = [_radius_key(r) for r in report.radii]
    return {
        "path": log.path,
        "name": report.name,
        "sigma": log.sigma,
        "n": log.n,
        "alpha": log.alpha,
        "samples": log.samples,
        "acr": log.acr,
        "acr_sound": log.acr_sound,
        "standard_error": log.standard_error,
        "clean_accuracy": log.clean_accuracy,
        "certified_accuracy": dict(zip(radii, report.certified_accuracy, strict=True)),
        "certified_accuracy_sound": dict(zip(radii, report.certified_accuracy_sound, strict=True)),
        "abstain_rate": log.abstain_rate,
        "budget": {str(budget.n): budget.acr for budget in known},
        "budget_sound": {str(budget.n): budget.acr_sound for budget in known},
        "budget_standard_deviation": {str(budget.n): budget.standard_deviation for budget in report.budgets},
        "budget_predicted": {str(budget.n): budget.acr for budget in predicted},
        "warnings": [_warning_json(warning) for warning in log.warnings],
    }


def _warning_json(warning: Warning) -> dict[str, Any]:
    return {"code": warning.code, "rows": warning.rows, "line": warning.line, "message": warning.message}


def _comparison_json(comparison: Comparison, between: tuple[Warning, ...]) -> dict[str, Any]:
    return {
        "a": comparison.a,
        "b": comparison.b,
        "samples": comparison.samples,
        "acr_a": comparison.acr_a,
        "acr_b": comparison.acr_b,
        "acr_difference": comparison.acr_difference,
        "standard_error": comparison.standard_error,
        "interval": list(comparison.interval),
        "dominates": comparison.dominates,
        "crossings": list(comparison.crossings),
        "crossing_budgets": list(comparison.crossing_budgets),
        "regions": [
            {
                "start": region.start,
                "end": region.end,
                "leader": region.leader,
                "largest": region.largest,
                "standard_errors": region.standard_errors,
            }
            for region in comparison.regions
        ],
        "attribution": comparison.attribution,
        "warnings": [_warning_json(warning) for warning in between],
    }


def _group_json(report: AuditReport, group: Group) -> dict[str, Any]:
    return {
        "sigma": group.sigma,
        "n": group.n,
        "alpha": group.alpha,
        "logs": [log.log.path for log in report.members(group)],
        "names": list(group.names),
        "rank_by_budget": {str(b.n): list(r) for b, r in zip(group.budgets, group.rank_by_budget, strict=True)},
        "rank_by_radius": {_radius_key(r): list(k) for r, k in zip(group.radii, group.rank_by_radius, strict=True)},
        "not_compared": group.not_compared,
    }


def _radius_key(radius: float) -> str:
    return f"{radius:.2f}"


def _finite(value: Any) -> Any:
    """The same, in Python's own types, with None for every float that JSON cannot hold."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_json(data: dict[str, Any], path: Path) -> None:
    """Write JSON whole or not at all; the same data gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(data, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    os.replace(part, path)


# -- the terminal -----------------------------------------------------------------------------------------------------


def print_report(report: AuditReport, console: Console) -> None:
    """Print the report: each group's logs, their ACR by budget and the comparisons, then all warnings in words."""
    for group in report.groups:
        _print_group(report, group, console)
    _print_warnings(report, console)


def _print_group(report: AuditReport, group: Group, console: Console) -> None:
    own = report.members(group)
    order = sorted(range(len(own)), key=lambda i: (-own[i].log.acr, i))
    console.print(f"\n{group.title}: {plural(len(own), 'log')}", style="bold", highlight=False)
    if sum(other.title == group.title for other in report.groups) > 1:
        where = printable(_common_folder([log.log.path for log in own]))
        _note(console, f"In {where}. Logs that give the same indices other labels are on other images: not compared.")
    if len(order) > _SHOWN_LOGS:
        _note(console, f"The {_SHOWN_LOGS} logs with the largest ACR are shown; --json writes all of them.")
        order = order[:_SHOWN_LOGS]
    console.print(_summary_table(group, own, order))
    _note(
        console,
        "ACR as printed; sound: at the lower ends of rounded radii; s.e.: for the population behind the test samples.",
    )
    if len(group.budgets) > 1:
        console.print(_budget_table(group, own, order))
        _note(
            console,
            "Expected ACR of the same samples certified with fewer draws: exact, by subsampling the draws made. In"
            f" brackets the rank, with * where it is not the one at N={group.n:,}."
            + (" Predicted: from a model, not from the log." if group.budgets[-1].kind == "predicted" else ""),
        )
    if len(own) > 1:
        _note(console, _rank_sentence(group))
    if group.comparisons:
        console.print(_comparison_table(group))
        _note(
            console,
            "Difference a - b of ACR on the common samples, paired. Leads: who certifies more samples with p >= u, u in"
            f" the range, where the lead exceeds {_BELIEVED:g} pointwise standard errors.",
        )
        if len(group.comparisons) > _SHOWN_PAIRS:
            _note(console, f"The first {_SHOWN_PAIRS} of {len(group.comparisons):,} pairs; --json writes all of them.")
    elif len(own) > 1:
        _note(console, f"Pairs not compared: {group.not_compared} (--compare compares them all).")


def _common_folder(paths: Sequence[str]) -> str:
    try:
        return os.path.commonpath(paths)
    except ValueError:  # absolute and relative ones, or several drives
        return ", ".join(paths)


def _note(console: Console, text: str) -> None:
    console.print(text, style="dim", markup=False, highlight=False)


def _table(title: str, *columns: str) -> Table:
    """An empty table whose first column is text and whose other columns are numbers."""
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="", header_style="bold")
    for i, column in enumerate(columns):
        table.add_column(column, justify="right" if i else "left", overflow="fold")
    return table


def _row(table: Table, *cells: str) -> None:
    from rich.text import Text

    table.add_row(*(Text(cell) for cell in cells))


def _summary_table(group: Group, own: Sequence[LogReport], order: Sequence[int]) -> Table:
    inner = range(1, len(group.radii))
    shown = inner[:: max(1, math.ceil(len(inner) / 4))] if len(inner) <= 4 else _spread(inner, 4)
    heads = [f"r={group.radii[i]:g}" for i in shown]
    table = _table(
        "certified accuracy in % at radius r",
        "log", "samples", "ACR", "sound", "s.e.", "clean", "abstain", *heads, "warnings",
    )  # fmt: skip
    for i in order:
        log = own[i].log
        numbers = [f"{log.samples:,}", f"{log.acr:.4f}", f"{log.acr_sound:.4f}", _number(log.standard_error, ".4f")]
        shares = [log.clean_accuracy, log.abstain_rate, *(own[i].certified_accuracy[j] for j in shown)]
        codes = ", ".join(f"{warning.code} ({warning.rows:,})" for warning in log.warnings)
        _row(table, group.names[i], *numbers, *(f"{100 * share:.1f}" for share in shares), codes or "-")
    table.columns[-1].justify = "left"
    return table


def _spread(numbers: range, most: int) -> list[int]:
    """At most so many of the numbers, evenly spread and without the last, where little is left to see."""
    return sorted({numbers[int(len(numbers) * (i + 1) / (most + 1))] for i in range(most)})


def _number(value: float, spec: str) -> str:
    return format(value, spec) if math.isfinite(value) else "-"


def _budget_table(group: Group, own: Sequence[LogReport], order: Sequence[int]) -> Table:
    heads = [f"{b.n:,}" + (" (predicted)" if b.kind == "predicted" else "") for b in group.budgets]
    table = _table("ACR by budget N", "log", *heads)
    at_own = group.rank_by_budget[_own_budget(group)]
    for i in order:
        cells = []
        for budget, rank in zip(own[i].budgets, group.rank_by_budget, strict=True):
            cells.append(f"{budget.acr:.4f} ({rank[i]})" + ("*" if rank[i] != at_own[i] else " "))
        _row(table, group.names[i], *cells)
    return table


def _own_budget(group: Group) -> int:
    return next(i for i, budget in enumerate(group.budgets) if budget.n == group.n)


def flips(group: Group) -> tuple[list[int], list[float]]:
    """Budgets at which the order by ACR is not that at N, and radii at which the order by certified accuracy is not."""
    at_own = group.rank_by_budget[_own_budget(group)]
    budgets = [b.n for b, rank in zip(group.budgets, group.rank_by_budget, strict=True) if rank != at_own]
    radii = [r for r, rank in zip(group.radii, group.rank_by_radius, strict=True) if rank != at_own]
    return budgets, radii


def _rank_sentence(group: Group) -> str:
    """In words: at which budgets and radii another order holds than by ACR at N, and who is first there."""
    budgets, radii = flips(group)
    best = _first(group, group.rank_by_budget[_own_budget(group)])
    text = f"Largest ACR at N={group.n:,}: {best}. "
    if budgets:
        text += f"The order differs at N = {', '.join(f'{n:,}' for n in budgets)}"
        others = _leaders(group, [(b.n, r) for b, r in zip(group.budgets, group.rank_by_budget, strict=True)], best)
        text += f" ({others}). " if others else ". "
    else:
        text += "The order is the same at every budget shown. "
    if radii:
        text += f"By certified accuracy it differs at {len(radii)} of {len(group.radii)} radii"
        others = _leaders(group, list(zip(group.radii, group.rank_by_radius, strict=True)), best)
        text += f" ({others})." if others else "."
    return text


def _first(group: Group, rank: Sequence[int]) -> str:
    return " = ".join(name for name, place in zip(group.names, rank, strict=True) if place == 1)


def _leaders(group: Group, places: Sequence[tuple[float, Sequence[int]]], best: str) -> str:
    """Who is first where, leaving out the places where `best` is and those where more than two share the first rank."""
    found: dict[str, list[str]] = {}
    for place, rank in places:
        first = _first(group, rank)
        if first != best and sum(r == 1 for r in rank) <= 2:
            found.setdefault(first, []).append(f"{place:,}" if isinstance(place, int) else f"{place:g}")
    return "; ".join(f"first at {', '.join(where)}: {name}" for name, where in found.items())


def _comparison_table(group: Group) -> Table:
    table = _table("pairs", "a", "b", "samples", "a - b", "s.e.", "95 % interval", "leads", "ACR order changes at N")
    for column in (1, 6, 7):
        table.columns[column].justify = "left"
    pairs = combinations(group.names, 2)
    for (a, b), comparison in list(zip(pairs, group.comparisons, strict=True))[:_SHOWN_PAIRS]:
        low, high = comparison.interval
        _row(
            table, a, b, f"{comparison.samples:,}", f"{comparison.acr_difference:+.4f}",
            _number(comparison.standard_error, ".4f"), f"{low:+.4f} to {high:+.4f}",
            _leads(comparison, a, b), _crossing_text(comparison.crossing_budgets),
        )  # fmt: skip
    return table


def _leads(comparison: Comparison, a: str, b: str) -> str:
    names = {"a": a, "b": b}
    if comparison.dominates:
        return f"{names[comparison.dominates]} at every u"
    believed = [region for region in comparison.regions if region.standard_errors > _BELIEVED]
    strongest: dict[str, Region] = {}
    for region in sorted(believed, key=lambda region: -region.standard_errors):
        strongest.setdefault(region.leader, region)
    shown = sorted(strongest.values(), key=lambda region: region.start)
    return "; ".join(f"{names[region.leader]} {_range(region)}" for region in shown) or "-"


def _range(region: Region) -> str:
    return f"{_probability(region.start)}-{_probability(region.end)} ({region.standard_errors:.1f} s.e.)"


def _probability(u: float) -> str:
    """Enough digits to tell u from 1, and one more.

    >>> _probability(0.5), _probability(0.7291), _probability(0.9999305)
    ('0.5', '0.73', '0.999931')
    """
    digits = 2 if u < 0.9 else min(1 + math.ceil(-math.log10(max(1 - u, 1e-16))), 16)
    return f"{u:.{digits}f}".rstrip("0").rstrip(".") or "0"


def _crossing_text(budgets: Sequence[int]) -> str:
    """Budgets at which the order changes; a flicker of neighbouring ones as one range."""
    clusters: list[list[int]] = []
    for n in budgets:
        if clusters and n <= clusters[-1][-1] * 1.02 + 2:
            clusters[-1].append(n)
        else:
            clusters.append([n])
    text = [f"{c[0]:,}" if len(c) == 1 else f"{c[0]:,}-{c[-1]:,} ({len(c)} times)" for c in clusters]
    more = f" and {len(text) - 3} more" if len(text) > 3 else ""
    return (", ".join(text[-3:]) + more) or "-"


def _print_warnings(report: AuditReport, console: Console) -> None:
    found = list(_all_warnings(report))
    if not found:
        return
    console.print("\nWarnings", style="bold")
    by_code: dict[str, list[tuple[str, Warning]]] = {}
    for where, warning in found:
        by_code.setdefault(warning.code, []).append((where, warning))
    for code, places in by_code.items():
        shown = places if len(places) <= 4 else places[:2]
        for name, warning in shown:
            line = f", from line {warning.line}" if warning.line is not None else ""
            console.print(f"  {code}, {name}{line}: {printable(warning.message)}.", markup=False, highlight=False)
        if len(places) > len(shown):
            _note(console, f"  {code}: likewise in {len(places) - len(shown)} more; --json writes all of them.")


def _all_warnings(report: AuditReport) -> Iterator[tuple[str, Warning]]:
    """Where each warning belongs: those of the logs, then those between two."""
    for log in report.logs:
        for warning in log.log.warnings:
            yield log.name, warning
    for group in report.groups:
        for (a, b), between in zip(combinations(group.names, 2), group.between or (), strict=False):
            for warning in between:
                yield f"{a} and {b}", warning
