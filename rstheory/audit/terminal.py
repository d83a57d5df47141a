"""An audit report as a person reads it on the terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from rstheory.audit.compare import Comparison, Region
from rstheory.audit.lint import plural
from rstheory.audit.log import Warning
from rstheory.audit.report import AuditReport, Group, LogReport, printable
from rstheory.tables import Column, TextColumn, print_table

if TYPE_CHECKING:
    from rich.console import Console

_SHOWN_LOGS, _SHOWN_PAIRS, _SHOWN_RADII = 40, 100, 7
_MARK = " (!)"  # after the names of logs with radii that their budget cannot certify
_BELIEVED = 2.0  # standard errors below which a lead is not named


def print_report(report: AuditReport, console: Console) -> None:
    """Print the report: each group's logs, their ACR by budget and the comparisons, then all warnings in words."""
    for group in report.groups:
        _print_group(report, group, console)
    _print_warnings(report, console)


def _print_group(report: AuditReport, group: Group, console: Console) -> None:
    own = report.members(group)
    order = sorted(range(len(own)), key=lambda i: (-own[i].log.acr, i))
    names = _marked_names(group, own)
    console.print(f"\n{group.title}: {plural(len(own), 'log')}", style="bold", markup=False, highlight=False)
    if group.label:
        _note(console, "Logs that give the same indices other labels are on other images: not compared.")
    if len(order) > _SHOWN_LOGS:
        _note(console, f"The {_SHOWN_LOGS} logs with the largest ACR are shown; --json writes all of them.")
        order = order[:_SHOWN_LOGS]
    shown = TextColumn("log", tuple(names[i] for i in order))
    _title(console, "certified accuracy in % at radius r")
    print_table(console, [shown], _summary_columns(group, own, order))
    _note(
        console,
        "ACR as printed; sound: at the lower ends of rounded radii; s.e.: for the population behind the test samples.",
    )
    impossible = any(np.any(log.log.impossible) for log in own)
    if impossible:
        _note(
            console,
            f"{_MARK.strip()} Has radii above {own[0].log.max_radius:.4g}, the largest that N and alpha can certify"
            " (see radius-above-maximum below).",
        )
    if len(group.budgets) > 1:
        _title(console, "ACR by budget N")
        print_table(console, [shown], _budget_columns(group, own, order))
        _note(
            console,
            "Expected ACR of the same samples certified with fewer draws: exact, by subsampling the draws made. In"
            f" brackets the rank, with * where it is not the one at N={group.n:,}."
            + (" Predicted: from a model, not from the log." if group.budgets[-1].kind == "predicted" else "")
            + (f" Of logs with {_MARK.strip()}: radii cut off at the largest, at every N." if impossible else ""),
        )
    if len(own) > 1:
        _note(console, _rank_sentence(group))
    if group.comparisons:
        _title(console, "pairs")
        print_table(console, *_comparison_columns(group, names))
        _note(
            console,
            "Difference a - b of ACR on the common samples, paired. Leads: who certifies more samples with p >= u, u in"
            f" the range, where the lead exceeds {_BELIEVED:g} pointwise standard errors."
            + (
                f" With {_MARK.strip()}: a - b counts radii as printed; leads and orders have them cut off at the"
                " largest."
                if impossible
                else ""
            ),
        )
        if len(group.comparisons) > _SHOWN_PAIRS:
            _note(console, f"The first {_SHOWN_PAIRS} of {len(group.comparisons):,} pairs; --json writes all of them.")
    elif len(own) > 1:
        _note(console, f"Pairs not compared: {group.not_compared} (--compare compares them all).")


def _marked_names(group: Group, own: Sequence[LogReport]) -> list[str]:
    """Names of the logs, with a mark after those whose budget cannot have certified all of their radii."""
    return [
        name + (_MARK if np.any(report.log.impossible) else "") for name, report in zip(group.names, own, strict=True)
    ]


def _title(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False)


def _note(console: Console, text: str) -> None:
    console.print(text, style="dim", markup=False, highlight=False)


def _summary_columns(group: Group, own: Sequence[LogReport], order: Sequence[int]) -> list[Column]:
    logs = [own[i].log for i in order]
    columns = [
        Column("samples", tuple(f"{log.samples:,}" for log in logs)),
        Column("ACR", tuple(f"{log.acr:.4f}" for log in logs)),
        Column("sound", tuple(f"{log.acr_sound:.4f}" for log in logs)),
        Column("s.e.", tuple(_number(log.standard_error, ".4f") for log in logs)),
        Column("clean", tuple(f"{100 * log.clean_accuracy:.1f}" for log in logs)),
        Column("abstain", tuple(f"{100 * log.abstain_rate:.1f}" for log in logs)),
    ]
    for j in shown_radii(group.radii):
        cells = tuple(f"{100 * own[i].certified_accuracy[j]:.1f}" for i in order)
        columns.append(Column(f"r={group.radii[j]:g}", cells))
    codes = (", ".join(f"{warning.code} ({warning.rows:,})" for warning in log.warnings) for log in logs)
    return [*columns, TextColumn("warnings", tuple(text or "-" for text in codes))]


def shown_radii(radii: Sequence[float]) -> list[int]:
    """Positions of the radii that the field's tables show, 0 left out: multiples of 0.25, or of 0.5 where these are
    many; where these are many too, 0.5, 1, 1.5, 2 and what doubling reaches.

    >>> grid = [0.25 * i for i in range(16)]
    >>> [grid[i] for i in shown_radii(grid[:8])]
    [0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75]
    >>> [grid[i] for i in shown_radii(grid)]
    [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5]
    """
    choices = (
        [i for i, r in enumerate(radii) if r > 0],
        [i for i, r in enumerate(radii) if r > 0 and r % 0.5 == 0],
        [i for i, r in enumerate(radii) if r == 1.5 or (r >= 0.5 and math.log2(r).is_integer())],
    )
    return next((shown for shown in choices if len(shown) <= _SHOWN_RADII), choices[-1][:_SHOWN_RADII])


def _number(value: float, spec: str) -> str:
    return format(value, spec) if math.isfinite(value) else "-"


def _budget_columns(group: Group, own: Sequence[LogReport], order: Sequence[int]) -> list[Column]:
    at_own = group.rank_by_budget[_own_budget(group)]
    columns = []
    for budget, rank in zip(group.budgets, group.rank_by_budget, strict=True):
        head = f"{budget.n:,}" + (" (predicted)" if budget.kind == "predicted" else "")
        cells = (f"{own[i].acr_at(budget.n):.4f} ({rank[i]})" + ("*" if rank[i] != at_own[i] else " ") for i in order)
        columns.append(Column(head, tuple(cells)))
    return columns


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


def _comparison_columns(group: Group, marked: Sequence[str]) -> tuple[list[Column], list[Column]]:
    """The two columns that name a pair, and the others."""
    pairs = list(combinations(marked, 2))[:_SHOWN_PAIRS]
    names = list(combinations(group.names, 2))
    found = list(zip(group.comparisons, names, strict=True))[:_SHOWN_PAIRS]
    intervals = (comparison.interval for comparison, _ in found)
    numbers = [
        Column("samples", tuple(f"{comparison.samples:,}" for comparison, _ in found)),
        Column("a - b", tuple(f"{comparison.acr_difference:+.4f}" for comparison, _ in found)),
        Column("s.e.", tuple(_number(comparison.standard_error, ".4f") for comparison, _ in found)),
        Column("95 % interval", tuple(f"{low:+.4f} to {high:+.4f}" for low, high in intervals)),
        TextColumn("leads", tuple(_leads(comparison, *pair) for comparison, pair in found)),
        TextColumn("ACR order changes at N", tuple(_crossing_text(c.crossing_budgets) for c, _ in found)),
    ]
    return [TextColumn(head, tuple(pair[i] for pair in pairs)) for i, head in enumerate("ab")], numbers


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
