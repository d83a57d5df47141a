"""The page of an audit: which sections, tables and charts it has, from its report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from rstheory._provenance import provenance
from rstheory._words import plural
from rstheory.audit import view
from rstheory.audit.report import AuditReport, Group
from rstheory.logs.finding import Finding
from rstheory.pages.blocks import Block, Page, Paragraph, Points, Remark, Section, Table
from rstheory.pages.leaders import leaders
from rstheory.tables import Column, TextColumn

Unread = Sequence[tuple[str, str]]  # a path, and why it was not read


def audit_page(report: AuditReport, unread: Unread = (), made_by: Mapping[str, str] | None = None) -> Page:
    """All that an audit found, as a page for a reviewer: verdict, groups, findings, how it was computed.

    unread: files that could not be read, and why. made_by: what made the page; default: the versions.
    """
    from rstheory.pages.audit_charts import group_charts, group_controls  # loads Altair

    sections = []
    for number, (group, told) in enumerate(zip(report.groups, _told(report), strict=True)):
        charts, controls = group_charts(report, group, told.tables, f"g{number}"), group_controls(report, group)
        shown = {chart.table.caption for chart in charts}
        sections.append(Section(group.title, (*told.blocks(shown), *charts), controls if charts else ()))
    return Page(
        title=f"Audit of {plural(len(report.logs), 'certification log')}",
        summary="What the logs certify, who leads where and at which budget, and what is doubtful in them.",
        sections=(_verdict(report, unread), *sections, _findings(report), _method(report)),
        made_by=provenance(command="rstheory audit") if made_by is None else made_by,
    )


@dataclass(frozen=True)
class _Told:
    """What the terminal says of one group: tables by their titles, and the remarks below each; "" before the first."""

    tables: Mapping[str, Table]
    remarks: Mapping[str, Sequence[str]]

    def blocks(self, elsewhere: set[str]) -> Iterator[Block]:
        """Tables and remarks in order, without the tables shown elsewhere and what is said of them."""
        for title, remarks in self.remarks.items():
            if title not in elsewhere:
                if title in self.tables:
                    yield self.tables[title]
                for text in remarks:
                    yield Remark(text)


def _told(report: AuditReport) -> list[_Told]:
    """What `view` says, group by group: each starts with a heading, and the findings with one more."""
    told: list[tuple[dict[str, Table], dict[str, list[str]]]] = []
    title = ""
    for block in view.view(report):
        if isinstance(block, view.Heading):
            told.append(({}, {"": []}))
            title = ""
        elif isinstance(block, view.Line):
            title = block.text
        elif isinstance(block, view.Rows):
            told[-1][0][title] = Table(title, block.names, block.others)
            told[-1][1][title] = []
        elif title in told[-1][1]:
            told[-1][1][title].append(block.text)
    return [_Told(tables, remarks) for tables, remarks in told[: len(report.groups)]]


def _verdict(report: AuditReport, unread: Unread) -> Section:
    """The main statements, one per group, and what could not be read."""
    points = tuple((f"{group.title}:", _verdict_of(report, group)) for group in report.groups)
    blocks: list[Block] = [Points(points) if points else Paragraph("No log was audited.")]
    doubtful = sum(not finding.is_note for finding in report.findings)
    blocks.append(
        Paragraph(
            f"{plural(doubtful, 'finding')} that may change a number: see the section on findings."
            if doubtful
            else "Nothing was found in the logs that may change a number."
        )
    )
    if unread:
        blocks.append(Paragraph("These files could not be read. They are not in this page."))
        blocks.append(Points(tuple((f"{path}:", reason) for path, reason in unread)))
    return Section("Verdict", tuple(blocks))


def _verdict_of(report: AuditReport, group: Group) -> str:
    """The verdict on one group."""
    if len(group.members) == 1:
        log = report.members(group)[0].log
        return (
            f"one log. It certifies an average radius (ACR) of {log.acr:.4f} over {plural(log.samples, 'sample')}, and"
            f" predicts {100 * log.clean_accuracy:.1f} % of them correctly."
        )
    budgets, radii = view.flips(group)
    first = leaders(dict(enumerate(group.names)), [(group.n, group.rank_at_own_budget)])
    text = f"{plural(len(group.members), 'log')}. Largest ACR: {first}. "
    text += (
        f"The order by ACR is another at N = {', '.join(f'{n:,}' for n in budgets)}. "
        if budgets
        else "The order by ACR is the same at every budget looked at. "
    )
    if radii:
        of = plural(len(group.radii), "radius", "radii")
        text += f"The order by certified accuracy is another at {len(radii)} of {of}."
    else:
        text += "The order by certified accuracy is the same at every radius looked at."
    return text


# -- findings and method ----------------------------------------------------------------------------------------------


def _findings(report: AuditReport) -> Section:
    """What was found in the logs and between them, code by code: a few places of each, and how many more there are."""
    by_code: dict[str, list[tuple[str, Finding]]] = {}
    for name, finding in _all_findings(report):
        by_code.setdefault(finding.code, []).append((name, finding))
    if not by_code:
        return Section("Findings", (Paragraph("Nothing was found in the logs."),))
    rows = [row for places in by_code.values() for row in _finding_rows(places)]
    heads = ("code", "kind", "log", "rows", "first line", "what was found")
    kinds = (TextColumn, TextColumn, TextColumn, Column, Column, TextColumn)
    columns = tuple(kind(head, cells) for kind, head, cells in zip(kinds, heads, zip(*rows, strict=True), strict=True))
    remark = "A note leaves every number what it is, or says how far it may be off. A finding may change a number."
    return Section("Findings", (Table("Findings in the logs", columns[:1], columns[1:]), Remark(remark)))


def _finding_rows(places: Sequence[tuple[str, Finding]]) -> Iterator[tuple[str, ...]]:
    shown = places if len(places) <= 4 else places[:2]
    kind = "note" if places[0][1].is_note else "finding"
    for name, finding in shown:
        line = "-" if finding.line is None else f"{finding.line:,}"
        yield finding.code, kind, name, f"{finding.rows:,}", line, finding.message
    if rest := places[len(shown) :]:
        total = sum(finding.rows for _, finding in rest)
        yield places[0][1].code, kind, f"{len(rest)} more", f"{total:,}", "-", "likewise; --json writes all of them"


def _all_findings(report: AuditReport) -> Iterator[tuple[str, Finding]]:
    for log in report.logs:
        for finding in log.log.warnings:
            yield log.name, finding
    for group in report.groups:
        for (a, b), between in zip(combinations(group.names, 2), group.between, strict=False):
            for finding in between:
                yield f"{a} and {b}", finding


_HOW = (
    (
        "Certified radius.",
        "The radius r within which no change of the input changes the prediction: sigma times the normal quantile of a"
        " lower bound on p (Cohen, Rosenfeld and Kolter 2019, Theorem 1). p is the probability of the right class under"
        " noise. A certificate may be wrong with probability alpha.",
    ),
    (
        "ACR.",
        "Average certified radius: the mean over all samples, 0 where the prediction is wrong or the classifier"
        " abstained. Its standard error is over the test samples, not over training runs.",
    ),
    (
        "Band.",
        "The share of the population certified at r is at least the lower edge, at 95 %, for all radii at once: a"
        " binomial quantile for certificates that may be wrong, and the Dvoretzky-Kiefer-Wolfowitz distance (Massart"
        " 1990) for the choice of the samples.",
    ),
    (
        "ACR at a smaller budget.",
        "What a random part of the draws made would have certified on average. The counts behind the radii are"
        " recovered, and the average over all parts is computed (hypergeometric), not simulated.",
    ),
    (
        "Comparisons.",
        "On the samples that two logs share, in pairs. Intervals of ACR differences are by bootstrap over samples. A"
        " lead is named where it exceeds two standard errors somewhere; this is a search over all radii, so read a lead"
        " of two or three standard errors with care.",
    ),
    (
        "Curves.",
        "Drawn with fewer points than the logs have, and never higher than they are. The page holds no row of a log.",
    ),
)


def _method(report: AuditReport) -> Section:
    """What the numbers mean and where they come from, and the logs that were read."""
    if not report.logs:
        return Section("How it was computed", (Points(_HOW),))
    logs = [item.log for item in report.logs]
    columns = (
        TextColumn("log", tuple(item.name for item in report.logs)),
        TextColumn("file", tuple(log.path for log in logs)),
        Column("samples", tuple(f"{log.samples:,}" for log in logs)),
        Column("sigma", tuple(f"{log.sigma:g}" for log in logs)),
        Column("N", tuple(f"{log.n:,}" for log in logs)),
        Column("alpha", tuple(f"{log.alpha:g}" for log in logs)),
        TextColumn("assumed", tuple(", ".join(log.assumed) or "-" for log in logs)),
    )
    remark = "Assumed: nothing in the log or the options tells it, so it is the field's default."
    return Section("How it was computed", (Points(_HOW), Table("Logs read", columns[:1], columns[1:]), Remark(remark)))
