"""What a reader of an audit is told, in words and tables: the one place for them, whoever shows it.

A view is a list of blocks: headings, tables and remarks. The terminal prints them; a page or a Markdown file can, too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from rstheory._words import plural, printable
from rstheory.audit.compare import Comparison, Region
from rstheory.audit.report import AuditReport, Group, LogReport
from rstheory.bounds import PLAIN
from rstheory.logs.finding import Finding
from rstheory.tables import Column, TextColumn

_SHOWN_LOGS, _SHOWN_PAIRS, _SHOWN_RADII = 40, 100, 7
_MARK = " (!)"  # after the names of logs with radii that their budget cannot certify
_FOOTNOTE = "rounded-radius"  # said once below the table, and nowhere else
_BELIEVED = 2.0  # standard errors below which a lead is not named


@dataclass(frozen=True)
class Heading:
    """A title of a part."""

    text: str


@dataclass(frozen=True)
class Line:
    """A sentence that the reader should see, such as the title of a table or a finding."""

    text: str


@dataclass(frozen=True)
class Remark:
    """A sentence that explains what stands above it."""

    text: str


@dataclass(frozen=True)
class Rows:
    """A table. names: the columns that name a row. others: all that follow."""

    names: tuple[Column, ...]
    others: tuple[Column, ...]


Block = Heading | Line | Remark | Rows


def view(report: AuditReport) -> Iterator[Block]:
    """All that a reader is told: each group's logs, their ACR by budget and the comparisons, then all findings."""
    for group in report.groups:
        yield from _group(report, group)
    yield from _findings(report)


def _group(report: AuditReport, group: Group) -> Iterator[Block]:
    logs = report.members(group)
    order = sorted(range(len(logs)), key=lambda i: (-logs[i].log.acr, i))
    names = _marked_names(group, logs)
    yield Heading(f"{group.title}: {plural(len(logs), 'log')}")
    if group.label:
        yield Remark(_why_apart(report, group))
    if len(order) > _SHOWN_LOGS:
        yield Remark(f"The {_SHOWN_LOGS} logs with the largest ACR are shown; --json writes all of them.")
        order = order[:_SHOWN_LOGS]
    shown = (TextColumn("log", tuple(names[i] for i in order)),)
    yield Line("certified accuracy in % at radius r")
    yield Rows(shown, tuple(_summary_columns(group, logs, order)))
    yield Remark(
        "ACR as printed; sound: at the lower ends of rounded radii; s.e.: for the population behind the test samples."
    )
    if text := _rounding(logs):
        yield Remark(text)
    if group.assumed:
        symbols = " and ".join({"n": "N", "alpha": "alpha"}[name] for name in group.assumed)
        options = " or ".join(f"--{name}" for name in group.assumed)
        yield Remark(
            f"Assumed: nothing in the logs or the options tells {symbols}, and the radii do not contradict the field's"
            f" default. {options} settles it."
        )
    impossible = any(np.any(log.log.impossible) for log in logs)
    if impossible:
        yield Remark(
            f"{_MARK.strip()} Has radii above {logs[0].log.max_radius:.4g}, the largest that N and alpha can certify"
            " (see radius-above-maximum below)."
        )
    if len(group.budgets) > 1:
        yield Line("ACR by budget N")
        yield Rows(shown, tuple(_budget_columns(group, logs, order)))
        yield Remark(
            "Expected ACR of the same samples certified with fewer draws: exact, by subsampling the draws made. In"
            f" brackets the rank, with * where it is not the one at N={group.n:,}."
            + (f" Of logs with {_MARK.strip()}: radii cut off at the largest, at every N." if impossible else "")
        )
    if len(logs) > 1:
        yield Remark(_rank_sentence(group))
    if group.comparisons:
        yield Line("pairs")
        yield _comparisons(group, names)
        yield Remark(
            "Difference a - b of ACR on the common samples, paired. Leads: who certifies more samples with p >= u, u in"
            f" the range, where the lead exceeds {_BELIEVED:g} pointwise standard errors."
            + (
                f" With {_MARK.strip()}: a - b counts radii as printed; leads and orders have them cut off at the"
                " largest."
                if impossible
                else ""
            )
        )
        if len(group.comparisons) > _SHOWN_PAIRS:
            yield Remark(f"The first {_SHOWN_PAIRS} of {len(group.comparisons):,} pairs; --json writes all of them.")
    elif len(logs) > 1:
        yield Remark(f"Pairs not compared: {group.not_compared} (--compare compares them all).")


def _rounding(logs: Sequence[LogReport]) -> str:
    """The footnote on rounded radii, which nearly all published logs have; "" where there are none."""
    rounded = [log.log for log in logs if any(finding.code == _FOOTNOTE for finding in log.log.warnings)]
    if not rounded:
        return ""
    most = max(float(np.max(log.half_unit[log.radius > 0], initial=0.0)) for log in rounded)
    which = "Radii" if len(rounded) == len(logs) else f"Radii of {plural(len(rounded), 'log')}"
    return f"{which} are rounded, by up to {most:.2g} ({_FOOTNOTE}): sound is at their lower ends."


def _why_apart(report: AuditReport, group: Group) -> str:
    """Why the logs of a group are not compared with others of the same settings."""
    if group.varying:
        return "Rows with settings of their own: not compared."
    if group.rule is not None or group.bound != PLAIN:
        return "Logs of a stopping rule, or of another bound than Clopper and Pearson's, are not compared."
    own = report.members(group)[0].log
    shared = any(
        np.intersect1d(own.index, report.logs[other.members[0]].log.index).size
        for other in report.groups
        if other is not group and _setting(other) == _setting(group)
    )
    if shared:
        return "Logs that give the same indices other labels are on other images: not compared."
    return "Logs without a sample in common are not compared."


def _setting(group: Group) -> tuple[object, ...]:
    return group.sigma, group.n, group.alpha, group.rule, group.bound


def _findings(report: AuditReport) -> Iterator[Block]:
    by_code: dict[str, list[tuple[str, Finding]]] = {}
    for where, finding in _all_findings(report):
        if finding.code == _FOOTNOTE:
            continue
        by_code.setdefault(finding.code, []).append((where, finding))
    if by_code:
        yield Heading("Warnings")
    for code, places in by_code.items():
        shown = places if len(places) <= 4 else places[:2]
        for name, finding in shown:
            line = f", from line {finding.line}" if finding.line is not None else ""
            yield Line(f"  {code}, {name}{line}: {printable(finding.message)}.")
        if len(places) > len(shown):
            yield Remark(f"  {code}: likewise in {len(places) - len(shown)} more; --json writes all of them.")


def _marked_names(group: Group, logs: Sequence[LogReport]) -> list[str]:
    """Names of the logs, with a mark after those whose budget cannot have certified all of their radii."""
    return [
        name + (_MARK if np.any(report.log.impossible) else "") for name, report in zip(group.names, logs, strict=True)
    ]


def _summary_columns(group: Group, reports: Sequence[LogReport], order: Sequence[int]) -> list[Column]:
    logs = [reports[i].log for i in order]
    columns = [
        Column("samples", tuple(f"{log.samples:,}" for log in logs)),
        Column("ACR", tuple(f"{log.acr:.4f}" for log in logs)),
        Column("sound", tuple(f"{log.rounded_down().acr:.4f}" for log in logs)),
        Column("s.e.", tuple(_number(log.standard_error, ".4f") for log in logs)),
        Column("clean", tuple(f"{100 * log.clean_accuracy:.1f}" for log in logs)),
        Column("abstain", tuple(f"{100 * log.abstain_rate:.1f}" for log in logs)),
    ]
    for j in shown_radii(group.radii):
        cells = tuple(f"{100 * reports[i].certified_accuracy[j]:.1f}" for i in order)
        columns.append(Column(f"r={group.radii[j]:g}", cells))
    codes = (
        ", ".join(f"{finding.code} ({finding.rows:,})" for finding in log.warnings if finding.code != _FOOTNOTE)
        for log in logs
    )
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
    return Rows(
        tuple(TextColumn(head, tuple(pair[i] for pair in pairs)) for i, head in enumerate("ab")),
        (
            Column("samples", tuple(f"{comparison.samples:,}" for comparison, _ in compared)),
            Column("a - b", tuple(f"{comparison.acr_difference:+.4f}" for comparison, _ in compared)),
            Column("s.e.", tuple(_number(comparison.standard_error, ".4f") for comparison, _ in compared)),
            Column("95 % interval", tuple(f"{low:+.4f} to {high:+.4f}" for low, high in intervals)),
            TextColumn("leads", tuple(_leads(comparison, *pair) for comparison, pair in compared)),
            TextColumn("ACR order changes at N", tuple(_crossing_text(c.crossing_budgets) for c, _ in compared)),
        ),
    )


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


def _all_findings(report: AuditReport) -> Iterator[tuple[str, Finding]]:
    """Where each finding belongs: those of the logs, then those between two."""
    for log in report.logs:
        for finding in log.log.warnings:
            yield log.name, finding
    for group in report.groups:
        for (a, b), between in zip(combinations(group.names, 2), group.between or (), strict=False):
            for finding in between:
                yield f"{a} and {b}", finding
