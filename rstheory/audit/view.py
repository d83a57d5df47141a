"""What a reader of an audit is told, in words and tables: the one place for them, whoever shows it.

A view is a list of blocks: headings, sentences, tables and remarks. The terminal prints them; a page or a Markdown file
can, too. `view` is short: the verdict, one table for each group of logs, what was found. `full_view` holds the rest.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from rstheory._words import plural, printable
from rstheory.audit.report import AuditReport, Group, LogReport
from rstheory.audit.sentences import sentences
from rstheory.audit.verdict import Verdict, judge
from rstheory.bounds import PLAIN
from rstheory.logs.finding import Finding
from rstheory.logs.log import CertificationLog
from rstheory.tables import Column, TextColumn

MARK = " (!)"  # after the names of logs with radii that their budget cannot certify
FOOTNOTE = "rounded-radius"  # said once below the tables, and nowhere else
_SHOWN_LOGS, _SHOWN_RADII, _FEW_RADII, _SHOWN_BUDGETS = 20, 7, 4, (1_000, 10_000)


@dataclass(frozen=True)
class Heading:
    """A title of a part."""

    text: str


@dataclass(frozen=True)
class Line:
    """A sentence that the reader should see, such as the title of a table or a finding."""

    text: str


@dataclass(frozen=True)
class Points:
    """Sentences that stand by themselves, each on a line of its own."""

    texts: tuple[str, ...]


@dataclass(frozen=True)
class Remark:
    """A sentence that explains what stands above it."""

    text: str


@dataclass(frozen=True)
class Rows:
    """A table. names: the columns that name a row. others: all that follow."""

    names: tuple[Column, ...]
    others: tuple[Column, ...]


Block = Heading | Line | Points | Remark | Rows


def view(report: AuditReport, verdict: Verdict | None = None) -> Iterator[Block]:
    """The verdict, a table for each group of logs, how to read these, and what was found.

    verdict: what `judge` makes of the report, where it is at hand.
    """
    yield from verdict_blocks(judge(report) if verdict is None else verdict)
    for group in report.groups:
        yield Heading(f"{group.title}: {plural(len(group.members), 'log')}")
        yield _table(report, group)
    yield from _remarks(report)
    yield from warnings(report)


def verdict_blocks(verdict: Verdict) -> Iterator[Block]:
    """The lines of the verdict."""
    title, *lines = sentences(verdict) or [""]
    if title:
        yield Heading(title)
        yield Points(tuple(lines))


# -- the table of a group ---------------------------------------------------------------------------------------------


def _table(report: AuditReport, group: Group) -> Rows:
    """The logs of a group by falling ACR: what they certify, and what becomes of it with fewer draws."""
    logs = report.members(group)
    order = sorted(range(len(logs)), key=lambda i: (-logs[i].log.acr, i))[:_SHOWN_LOGS]
    shown = [logs[i] for i in order]
    columns: list[Column] = [
        Column("samples", tuple(f"{report.log.samples:,}" for report in shown)),
        Column("ACR", tuple(f"{report.log.acr:.4f}" for report in shown)),
        Column("sound", tuple(f"{report.log.rounded_down().acr:.4f}" for report in shown)),
        Column("s.e.", tuple(number(report.log.standard_error, ".4f") for report in shown)),
    ]
    if group.standing is not None:
        tier = {i: k for k, tier in enumerate(group.standing.tiers, 1) for i in tier}
        columns.append(Column("tier", tuple(f"{tier[i]}" for i in order)))
    for n in _SHOWN_BUDGETS:
        if n in group.budgets[:-1]:
            columns.append(Column(f"N={n:,}", tuple(f"{report.acr_at(n):.4f}" for report in shown)))
    columns.append(Column("easiest", tuple(number(100 * report.easiest_tenth, ".0f") for report in shown)))
    at = shown_radii(group.radii)
    for j in (0, *(at if len(at) <= _FEW_RADII else at[1::2])):
        shares = tuple(f"{100 * report.certified_accuracy[j]:.1f}" for report in shown)
        columns.append(Column(f"r={group.radii[j]:g}", shares))
    columns.append(codes([report.log for report in shown]))
    names = marked_names(group, logs)
    return Rows((TextColumn("log", tuple(names[i] for i in order)),), tuple(columns))


def _remarks(report: AuditReport) -> Iterator[Block]:
    """How to read the tables, and what their numbers rest on: each thing once."""
    if not report.logs:
        return
    compared = any(group.standing is not None for group in report.groups)
    yield Remark(
        "ACR as printed; sound: at the lower ends of rounded radii; s.e.: over the images."
        + (" tier 1: no log is above it beyond error; tier 2: none of the others is; and so on." if compared else "")
        + " N: expected ACR of the same images with fewer draws. easiest: % of ACR from the tenth of the images with"
        " the largest radii. r: certified accuracy in % at that radius."
    )
    if text := rounding(report.logs):
        yield Remark(text)
    if text := assumption(report.groups):
        yield Remark(text)
    if any(np.any(log.log.impossible) for log in report.logs):
        yield Remark(
            f"{MARK.strip()} Has radii above the largest that N and alpha can certify: as printed in ACR, cut off at it"
            " elsewhere."
        )
    apart = dict.fromkeys(why_apart(report, group) for group in report.groups if group.label or group.varying)
    yield from (Remark(text) for text in apart)
    if any(len(group.members) > _SHOWN_LOGS for group in report.groups):
        yield Remark(f"Of each group the {_SHOWN_LOGS} logs with the largest ACR are shown; --json writes all of them.")
    yield Remark("--full adds ACR at every budget and all pairs of logs; --json and --figures have it all.")


# -- what the short view and the full one share ------------------------------------------------------------------------


def rounding(logs: Sequence[LogReport]) -> str:
    """The footnote on rounded radii, which nearly all published logs have; "" where there are none."""
    rounded = [log.log for log in logs if any(finding.code == FOOTNOTE for finding in log.log.warnings)]
    if not rounded:
        return ""
    most = max(float(np.max(log.half_unit[log.radius > 0], initial=0.0)) for log in rounded)
    which = "Radii" if len(rounded) == len(logs) else f"Radii of {plural(len(rounded), 'log')}"
    return f"{which} are rounded, by up to {most:.2g} ({FOOTNOTE}): sound is at their lower ends."


def assumption(groups: Sequence[Group]) -> str:
    """Which of N and alpha are the field's defaults, because nothing tells them; "" where all are told."""
    names = [name for name in ("n", "alpha") if any(name in group.assumed for group in groups)]
    if not names:
        return ""
    symbols = " and ".join({"n": "N", "alpha": "alpha"}[name] for name in names)
    options = " or ".join(f"--{name}" for name in names)
    return (
        f"Assumed: nothing in the logs or the options tells {symbols}, and the radii do not contradict the field's"
        f" default. {options} settles it."
    )


def why_apart(report: AuditReport, group: Group) -> str:
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


def warnings(report: AuditReport) -> Iterator[Block]:
    """What was found in the logs and between them, code by code; the footnote is none of it."""
    by_code: dict[str, list[tuple[str, Finding]]] = {}
    for where, finding in all_findings(report):
        if finding.code == FOOTNOTE:
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


def marked_names(group: Group, logs: Sequence[LogReport]) -> list[str]:
    """Names of the logs, with a mark after those whose budget cannot have certified all of their radii."""
    return [
        name + (MARK if np.any(report.log.impossible) else "") for name, report in zip(group.names, logs, strict=True)
    ]


def codes(logs: Sequence[CertificationLog]) -> TextColumn:
    """The codes of what was found in each log, with the number of rows; the footnote left out."""
    texts = (
        ", ".join(f"{finding.code} ({finding.rows:,})" for finding in log.warnings if finding.code != FOOTNOTE)
        for log in logs
    )
    return TextColumn("warnings", tuple(text or "-" for text in texts))


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


def number(value: float, spec: str) -> str:
    return format(value, spec) if math.isfinite(value) else "-"


def all_findings(report: AuditReport) -> Iterator[tuple[str, Finding]]:
    """Where each finding belongs: those of the logs, then those between two."""
    for log in report.logs:
        for finding in log.log.warnings:
            yield log.name, finding
    for group in report.groups:
        for (a, b), between in zip(combinations(group.names, 2), group.between or (), strict=False):
            for finding in between:
                yield f"{a} and {b}", finding
