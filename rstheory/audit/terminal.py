"""An audit report as a person reads it on the terminal."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from rstheory.audit.compare import Comparison, Region
from rstheory.audit.lint import plural
from rstheory.audit.log import Warning
from rstheory.audit.report import AuditReport, Group, LogReport, printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_SHOWN_LOGS, _SHOWN_PAIRS = 40, 100
_BELIEVED = 2.0  # standard errors below which a lead is not named


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
