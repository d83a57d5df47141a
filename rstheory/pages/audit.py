"""The page of an audit: which sections, tables and charts it has, from its report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rstheory._provenance import provenance
from rstheory._words import plural
from rstheory.audit import view
from rstheory.audit.full_view import full_view
from rstheory.audit.report import AuditReport
from rstheory.audit.verdict import Verdict, judge
from rstheory.logs.finding import Finding
from rstheory.pages.blocks import Block, Chart, Page, Paragraph, Points, Remark, Section, Table
from rstheory.tables import Column, TextColumn

Unread = Sequence[tuple[str, str]]  # a path, and why it was not read


def audit_page(
    report: AuditReport,
    verdict: Verdict | None = None,
    unread: Unread = (),
    made_by: Mapping[str, str] | None = None,
) -> Page:
    """All that an audit found, as a page for a reviewer: verdict, groups, findings, how it was computed.

    verdict: what `judge` makes of the report, where it is at hand. unread: files that could not be read, and why.
    made_by: what made the page; default: the versions.
    """
    from rstheory.pages.audit_charts import group_charts  # loads Altair

    known = judge(report) if verdict is None else verdict
    sections = []
    for number, (group, told) in enumerate(zip(report.groups, _told(report, known), strict=True)):
        charts, controls = group_charts(report, group, known.groups[number], told.tables, f"g{number}")
        shown = {chart.table.caption for chart in charts if isinstance(chart, Chart)}
        sections.append(Section(group.title, (*told.blocks(shown), *charts), controls))
    return Page(
        title=f"Audit of {plural(len(report.logs), 'certification log')}",
        summary="What the logs certify, who leads where and at which budget, and what is doubtful in them.",
        sections=(_verdict(known, unread), *sections, _findings(report), _method(report)),
        made_by=provenance(command="rstheory audit") if made_by is None else made_by,
    )


@dataclass
class _Told:
    """What the terminal says of one group: remarks before the first table, then tables by their titles."""

    remarks: list[str] = field(default_factory=list)
    tables: dict[str, Table] = field(default_factory=dict)

    def blocks(self, elsewhere: set[str]) -> Iterator[Block]:
        """All of it in order, without the tables shown elsewhere."""
        yield from map(Remark, self.remarks)
        yield from (table for title, table in self.tables.items() if title not in elsewhere)


def _told(report: AuditReport, verdict: Verdict) -> list[_Told]:
    """What `full_view` says, group by group: each starts with a heading, as the verdict before and the findings after
    them do."""
    told: list[_Told] = []
    title = ""
    for block in full_view(report, verdict):
        if isinstance(block, view.Heading):
            told.append(_Told())
            title = ""
        elif isinstance(block, view.Line):
            title = block.text
        elif isinstance(block, view.Rows):
            told[-1].tables[title] = Table(title, block.names, block.others)
        elif isinstance(block, view.Remark) and title in told[-1].tables:
            table = told[-1].tables[title]
            told[-1].tables[title] = replace(table, remarks=(*table.remarks, block.text))
        elif isinstance(block, view.Remark):
            told[-1].remarks.append(block.text)
    return told[1 : 1 + len(report.groups)]


def _verdict(verdict: Verdict, unread: Unread) -> Section:
    """The lines of the verdict, and what could not be read."""
    blocks: list[Block] = []
    for block in view.verdict_blocks(verdict):
        if isinstance(block, view.Heading):
            blocks.append(Paragraph(block.text))
        elif isinstance(block, view.Points):
            blocks.append(Points(tuple(("", text) for text in block.texts)))
    if not blocks:
        blocks.append(Paragraph("No log was audited."))
    if unread:
        blocks.append(Paragraph("These files could not be read. They are not in this page."))
        blocks.append(Points(tuple((f"{path}:", reason) for path, reason in unread)))
    return Section("Verdict", tuple(blocks))


# -- findings and method ----------------------------------------------------------------------------------------------


def _findings(report: AuditReport) -> Section:
    """What was found in the logs and between them, code by code: a few places of each, and how many more there are."""
    by_code: dict[str, list[tuple[str, Finding]]] = {}
    for name, finding in view.all_findings(report):
        by_code.setdefault(finding.code, []).append((name, finding))
    if not by_code:
        return Section("Findings", (Paragraph("Nothing was found in the logs."),))
    rows = [row for places in by_code.values() for row in _finding_rows(places)]
    heads = ("code", "kind", "log", "rows", "first line", "what was found")
    kinds = (TextColumn, TextColumn, TextColumn, Column, Column, TextColumn)
    columns = tuple(kind(head, cells) for kind, head, cells in zip(kinds, heads, zip(*rows, strict=True), strict=True))
    remark = "A note leaves every number what it is, or says how far it may be off. A finding may change a number."
    return Section("Findings", (Table("Findings in the logs", columns[:1], columns[1:], (remark,)),))


def _finding_rows(places: Sequence[tuple[str, Finding]]) -> Iterator[tuple[str, ...]]:
    shown = places if len(places) <= 4 else places[:2]
    kind = "note" if places[0][1].is_note else "finding"
    for name, finding in shown:
        line = "-" if finding.line is None else f"{finding.line:,}"
        yield finding.code, kind, name, f"{finding.rows:,}", line, finding.message
    if rest := places[len(shown) :]:
        total = sum(finding.rows for _, finding in rest)
        yield places[0][1].code, kind, f"{len(rest)} more", f"{total:,}", "-", "likewise; --json writes all of them"


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
        "On the images that the logs share, in pairs. Within error: paired tests, for all pairs and places of one"
        " question at once, see no difference at 5 %. Their order is then not shown to be real. What another"
        " training run would change is in none of these numbers.",
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
    return Section("How it was computed", (Points(_HOW), Table("Logs read", columns[:1], columns[1:], (remark,))))
