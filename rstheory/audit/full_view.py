"""All that an audit tells, in words and tables: what `rstheory audit --full` prints, for who wants everything."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from rstheory._words import plural
from rstheory.audit.compare import Comparison, Region
from rstheory.audit.report import AuditReport, Group, LogReport
from rstheory.audit.verdict import Verdict, judge
from rstheory.audit.view import (
    MARK,
    Block,
    Heading,
    Line,
    Remark,
    Rows,
    assumption,
    codes,
    marked_names,
    number,
    rounding,
    shown_radii,
    verdict_blocks,
    warnings,
    why_apart,
)
from rstheory.radius import certified_radius
from rstheory.tables import Column, TextColumn

_SHOWN_LOGS, _SHOWN_PAIRS = 40, 100
_BELIEVED = 2.0  # standard errors below which a lead is not named


def full_view(report: AuditReport, verdict: Verdict | None = None) -> Iterator[Block]:
    """The verdict, then each group's logs, their ACR by budget and the comparisons, then all findings."""
    yield from verdict_blocks(judge(report) if verdict is None else verdict)
    for group in report.groups:
        yield from _group(report, group)
    yield from warnings(report)


def _group(report: AuditReport, group: Group) -> Iterator[Block]:
    logs = report.members(group)
    order = sorted(range(len(logs)), key=lambda i: (-logs[i].log.acr, i))
    names = marked_names(group, logs)
    yield Heading(f"{group.title}: {plural(len(logs), 'log')}")
    if group.label:
        yield Remark(why_apart(report, group))
    if len(order) > _SHOWN_LOGS:
        yield Remark(f"The {_SHOWN_LOGS} logs with the largest ACR are shown; --json writes all of them.")
        order = order[:_SHOWN_LOGS]
    shown = (TextColumn("log", tuple(names[i] for i in order)),)
    yield Line("certified accuracy in % at radius r")
    yield Rows(shown, tuple(_summary_columns(group, logs, order)))
    yield Remark(
        "ACR as printed; sound: at the lower ends of rounded radii; s.e.: for the population behind the test samples."
    )
    if text := rounding(logs):
        yield Remark(text)
    if text := assumption([group]):
        yield Remark(text)
    impossible = any(np.any(log.log.impossible) for log in logs)
    if impossible:
        yield Remark(
            f"{MARK.strip()} Has radii above {logs[0].log.max_radius:.4g}, the largest that N and alpha can certify"
            " (see radius-above-maximum below)."
        )
    if len(group.budgets) > 1:
        yield Line("ACR by budget N")
        yield Rows(shown, tuple(_budget_columns(group, logs, order)))
        yield Remark(
            "Expected ACR of the same samples certified with fewer draws: exact, by subsampling the draws made. In"
            f" brackets the rank, with * where it is not the one at N={group.n:,}."
            + (f" Of logs with {MARK.strip()}: radii cut off at the largest, at every N." if impossible else "")
        )
    if len(logs) > 1:
        yield Remark(_rank_sentence(group))
    if group.comparisons:
        yield Line("pairs")
        yield _comparisons(group, names)
        yield Remark(
            "Difference a - b of ACR on the common samples, paired. Leads: who certifies more samples at radius r, or"
            f" with p >= u, in the range, where the lead exceeds {_BELIEVED:g} pointwise standard errors."
            + (
                f" With {MARK.strip()}: a - b counts radii as printed; leads and orders have them cut off at the"
                " largest."
                if impossible
                else ""
            )
        )
        if len(group.comparisons) > _SHOWN_PAIRS:
            yield Remark(f"The first {_SHOWN_PAIRS} of {len(group.comparisons):,} pairs; --json writes all of them.")
    elif len(logs) > 1:
        yield Remark(f"Pairs not compared: {group.not_compared} (--compare compares them all).")


def _summary_columns(group: Group, reports: Sequence[LogReport], order: Sequence[int]) -> list[Column]:
    logs = [reports[i].log for i in order]
    columns = [
        Column("samples", tuple(f"{log.samples:,}" for log in logs)),
        Column("ACR", tuple(f"{log.acr:.4f}" for log in logs)),
        Column("sound", tuple(f"{log.rounded_down().acr:.4f}" for log in logs)),
        Column("s.e.", tuple(number(log.standard_error, ".4f") for log in logs)),
        Column("abstain", tuple(f"{100 * log.abstain_rate:.1f}" for log in logs)),
    ]
    for j in (0, *shown_radii(group.radii)):
        cells = tuple(f"{100 * reports[i].certified_accuracy[j]:.1f}" for i in order)
        columns.append(Column(f"r={group.radii[j]:g}", cells))
    return [*columns, codes(logs)]


def _budget_columns(group: Group, reports: Sequence[LogReport], order: Sequence[int]) -> list[Column]:
    certified = group.rank_at_own_budget
    columns = []
    for n, rank in zip(group.budgets, group.rank_by_budget, strict=True):
        cells = (f"{reports[i].acr_at(n):.4f} ({rank[i]})" + ("*" if rank[i] != certified[i] else " ") for i in order)
        columns.append(Column(f"{n:,}", tuple(cells)))
    return columns


def flips(group: Group) -> tuple[list[int], list[float]]:
    """Budgets at which the order by ACR is not that at N, and radii at which the order by certified accuracy is not."""
    certified = group.rank_at_own_budget
    budgets = [n for n, rank in zip(group.budgets, group.rank_by_budget, strict=True) if rank != certified]
    radii = [r for r, rank in zip(group.radii, group.rank_by_radius, strict=True) if rank != certified]
    return budgets, radii


def _rank_sentence(group: Group) -> str:
    """In words: at which budgets and radii another order holds than by ACR at N, and who is first there."""
    budgets, radii = flips(group)
    best = _first(group, group.rank_at_own_budget)
    text = f"Largest ACR at N={group.n:,}: {best}. "
    if budgets:
        text += f"The order differs at N = {', '.join(f'{n:,}' for n in budgets)}"
        others = _leaders(group, list(zip(group.budgets, group.rank_by_budget, strict=True)), best)
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


def _comparisons(group: Group, marked: Sequence[str]) -> Rows:
    """One row per pair of logs, as far as they are shown."""
    pairs = list(combinations(marked, 2))[:_SHOWN_PAIRS]
    names = list(combinations(group.names, 2))
    compared = list(zip(group.comparisons, names, strict=True))[:_SHOWN_PAIRS]
    intervals = (comparison.interval for comparison, _ in compared)
    leads = tuple(_leads(comparison, *pair, group.sigma) for comparison, pair in compared)
    return Rows(
        tuple(TextColumn(head, tuple(pair[i] for pair in pairs)) for i, head in enumerate("ab")),
        (
            Column("samples", tuple(f"{comparison.samples:,}" for comparison, _ in compared)),
            Column("a - b", tuple(f"{comparison.acr_difference:+.4f}" for comparison, _ in compared)),
            Column("s.e.", tuple(number(comparison.standard_error, ".4f") for comparison, _ in compared)),
            Column("95 % interval", tuple(f"{low:+.4f} to {high:+.4f}" for low, high in intervals)),
            TextColumn("leads at r (u)", leads),
            TextColumn("ACR order changes at N", tuple(_crossing_text(c.crossing_budgets) for c, _ in compared)),
        ),
    )


def _leads(comparison: Comparison, a: str, b: str, sigma: float) -> str:
    names = {"a": a, "b": b}
    if comparison.dominates:
        return f"{names[comparison.dominates]} at every r and u"
    believed = [region for region in comparison.regions if region.standard_errors > _BELIEVED]
    strongest: dict[str, Region] = {}
    for region in sorted(believed, key=lambda region: -region.standard_errors):
        strongest.setdefault(region.leader, region)
    shown = sorted(strongest.values(), key=lambda region: region.start)
    return "; ".join(f"{names[region.leader]} {_range(region, sigma)}" for region in shown) or "-"


def _range(region: Region, sigma: float) -> str:
    """Where a lead is: in the radius and, in brackets, in u, with its size in standard errors."""
    radii = "-".join(f"{float(certified_radius(u, sigma)):.2f}" for u in (region.start, region.end))
    u = f"{_probability(region.start)}-{_probability(region.end)}"
    return f"{radii} ({u}), {region.standard_errors:.1f} s.e."


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
