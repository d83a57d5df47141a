"""Which figures an audit has: what is drawn in each, in which folder it lies, and what its caption says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from rstheory._progress import Progress, silent
from rstheory._provenance import provenance
from rstheory._words import plain, short_labels
from rstheory.audit.budget_curves import BudgetCurves
from rstheory.audit.frames import (
    SMALLEST_BUDGET,
    accuracy_frame,
    attribution_frame,
    budget_frame,
    crossing_frame,
    predicted_frame,
    rank_frame,
    survival_frame,
)
from rstheory.audit.report import AuditReport, Group
from rstheory.logs.log import CertificationLog
from rstheory.plots.captions import captioned
from rstheory.plots.logs import acr_by_budget, attribution_bars, radius_accuracy, rank_table, survival
from rstheory.plots.style import COLORS, Looks, Plate, looks

_PREDICTED = (
    "; dotted, on grey: predicted from the distribution of p that the counts suggest, which is taken to be smooth in"
    " Phi^-1(p)"
)
MOST_LOGS = len(COLORS)  # more lines than colours cannot be told apart: the logs with the largest ACR are drawn


def write_figures(
    report: AuditReport, folder: Path, reference: str | None = None, progress: Progress = silent
) -> list[Path]:
    """Draw every figure of every group into a folder of its own: PNG, PDF, its data as CSV, its caption as TXT.

    What needs two logs, or a budget that can be transported, is left out where there are none.

    reference: path of the log that the others of its group are compared with; default: the largest ACR's.
    progress: opened with the number of groups.
    """
    written: list[Path] = []
    look_of = looks_of_run(report)
    with progress(len(report.groups)) as advance:
        for group, tag in zip(report.groups, group_tags(report.groups), strict=True):
            made_by = provenance(command="rstheory audit", sigma=group.sigma, n=group.n, alpha=group.alpha)
            for plate in group_figures(report, group, reference, group.label, look_of):
                written += plate.save(folder / tag, made_by)
            advance(1)
    return written


def looks_of_run(report: AuditReport) -> Looks:
    """A colour and a dash for each method of a run: the same in all figures, also in those that show some of them.

    Given by falling ACR, the largest group first, so that what is drawn most gets the colours that differ most.
    """
    names: dict[str, None] = {}
    for group in sorted(report.groups, key=lambda group: -len(group.members)):
        labels, logs = short_labels(group.names), report.members(group)
        for i in sorted(range(len(logs)), key=lambda i: -logs[i].log.acr):
            names.setdefault(labels[i])
    return looks(names)


def group_figures(
    report: AuditReport, group: Group, reference: str | None = None, subject: str = "", look_of: Looks | None = None
) -> list[Plate]:
    """The figures of one group of an audit, not written yet.

    reference: path of the log that the others are compared with, if it is in the group; default: the largest ACR's.
    subject: what was certified, to head every title.
    look_of: colour and dash of each method; default: `looks_of_run`.
    """
    if group.varying or group.bound == "two-class":
        return []  # p stands on one axis: each row has another scale, or radii that are no bounds on p
    members = report.members(group)
    order = sorted(range(len(members)), key=lambda i: (members[i].log.path != reference, -members[i].log.acr))
    order = order[:MOST_LOGS]
    labels = short_labels(group.names)
    names = [labels[i] for i in order]
    shared = report.curves_of(group)
    curves = None if shared is None else (shared[0], [shared[1][i] for i in order])
    look_of = looks_of_run(report) if look_of is None else look_of
    return _plates(report, group, [members[i].log for i in order], names, curves, subject, look_of)


def _plates(
    report: AuditReport,
    group: Group,
    logs: Sequence[CertificationLog],
    names: Sequence[str],
    curves: tuple[BudgetCurves, Sequence[int]] | None,
    subject: str,
    look_of: Looks,
) -> list[Plate]:
    """Every figure of a group. curves: budget curves and the places of these logs in them, where there are any."""
    settings = f"$\\sigma = {group.sigma:g}$, $N = {_power(group.n)}$, $\\alpha = {group.alpha:g}$"
    title = f"{plain(subject)}, {settings}" if subject else settings
    sizes = sorted({log.samples for log in logs})
    samples = f"{sizes[0]:,}" if len(sizes) == 1 else f"{sizes[0]:,} to {sizes[-1]:,}"
    source = f"sigma = {group.sigma:g}, N = {group.n:,}, alpha = {group.alpha:g}, {samples} samples per log."
    if len(logs) < len(group.members):
        title += f": {len(logs)} of {len(group.members)} logs"
        source += f" Drawn: {names[0]}, and the others with the largest ACR."
    steps = survival_frame(logs, names)
    accuracy = accuracy_frame(logs, names)
    plates = [
        captioned(
            "survival",
            survival(steps, title, group.sigma, look_of),
            steps,
            f"Share of samples whose lower bound on p reaches u. Shaded, for {names[0]}: between the 95 % lower bounds,"
            " for all u at once, on the share of these samples and of the population with p above u; those of every log"
            " are in the data"
            + (
                f". To the right the lead over {names[0]}, with two paired standard errors at a few u"
                if len(logs) > 1
                else ""
            )
            + f". {source}",
        ),
        captioned(
            "radius_accuracy",
            radius_accuracy(accuracy, title, look_of),
            accuracy,
            f"Certified accuracy against the radius. Shaded, for"
            f" {names[0]}: down to the 95 % lower bound, for all radii at once, on the population's certified accuracy;"
            f" the bounds of every log are in the data. {source}",
        ),
    ]
    if curves is not None and group.n > SMALLEST_BUDGET:
        budgets = pd.concat([budget_frame(*curves, names), predicted_frame(*curves, names)], ignore_index=True)
        crossings = crossing_frame(report, group, names)
        data = pd.concat([budgets, crossings.assign(kind="order changes")])
        caption = (
            "(a) ACR that the same draws would have given, on average, at smaller budgets: exact"
            + (_PREDICTED if (budgets["kind"] == "predicted").any() else "")
            + (f". (b) The same above that of {names[0]}; dots where two logs change places" if len(logs) > 1 else "")
            + f". {source}"
        )
        plates.append(captioned("acr_by_budget", acr_by_budget(budgets, crossings, title, look_of), data, caption))
    if len(logs) > 1:
        parts = attribution_frame(logs, names)
        caption = (
            f"ACR of each log minus that of {names[0]}, by how hard the samples are for {names[0]}; the bars of a log"
            " add up to its whole difference. Two paired standard errors over the samples. Samples that"
            f" {names[0]} does not certify can only gain, and its easiest can hardly do so, whatever the other method:"
            f" regression to the mean. No bar: no sample of that difficulty differs, or there is none. {source}"
        )
        plates.append(captioned("attribution", attribution_bars(parts, names[0], title), parts, caption))
        places = rank_frame(report, group, names)
        caption = (
            f"Rank of each log by ACR at each budget, and by certified accuracy at each radius at"
            " which any of them certifies a sample. In colour: the first, and those that paired tests over the samples"
            f" cannot tell from it (5 %, Holm's correction over all pairs and places). {source}"
        )
        plates.append(captioned("ranks", rank_table(places, title, look_of), places, caption))
    return plates


def group_tags(groups: Sequence[Group]) -> list[str]:
    """A folder's name for each group, with no more in it than tells the groups apart."""
    tags: list[str] = []
    for group in groups:
        alike = [other for other in groups if other.sigma == group.sigma]
        tag = f"sigma_{group.sigma:g}"
        if len({other.n for other in alike}) > 1:
            tag += f"_n_{group.n}"
        if len({other.alpha for other in alike}) > 1:
            tag += f"_alpha_{group.alpha:g}"
        if group.label:
            tag += "_" + re.sub(r"[^\w.-]+", "_", group.label)
        again = sum(re.fullmatch(rf"{re.escape(tag)}(_again_\d+)?", other) is not None for other in tags)
        tags.append(f"{tag}_again_{again + 1}" if again else tag)
    return tags


def _power(n: int) -> str:
    exponent = round(np.log10(n))
    return f"10^{{{exponent}}}" if n == 10**exponent else f"{n:,}".replace(",", r"\,")
