"""What the figures and pages of an audit show, as pandas data frames: one function per figure.

Each frame has a column `log` with short names, in the order in which the logs are to be drawn. The first is the one
that the others are compared with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from rstheory._check import Float
from rstheory._words import short_labels
from rstheory.audit.budget_curves import BudgetCurves
from rstheory.audit.difficulty import attribution, attribution_errors
from rstheory.audit.groups import ranks
from rstheory.audit.paired import common_samples, lead
from rstheory.audit.report import LARGEST_PREDICTED, AuditReport, Group
from rstheory.audit.survival import survival
from rstheory.logs.log import CertificationLog
from rstheory.statistics.ranks import Ranking

SMALLEST_BUDGET = 100  # of a curve against the budget: below, hardly anything is certified
_BUDGETS_PER_DECADE = 8
_MOST_RADII = 16  # at which ranks are shown
_RANK_COLUMNS = ["log", "by", "at", "value", "rank", "first"]
_PREDICTED_AT = (1.2, 1.5, 2, 3, 5, 10)  # in units of N


def survival_frame(logs: Sequence[CertificationLog], names: Sequence[str], rho: float = 0.05) -> pd.DataFrame:
    """Survival curves with bands, and the lead over the first log with its paired standard error (D1, D4).

    The lead is on the samples common to both. Rows by u ascending, each holding down to the u before: S falls just
    above a bound that the log holds. The first row is at u = 1/2.

    Columns log, tail, radius, share, lower_samples, lower_population, lead, lead_error.
    """
    frames = []
    first = logs[0]
    for log, name in zip(logs, names, strict=True):
        curve = survival(log, rho=rho)
        frame = pd.DataFrame(
            {
                "log": name,
                "tail": curve.tail,
                "radius": curve.radius,
                "share": curve.share,
                "lower_samples": curve.lower_samples,
                "lower_population": curve.lower_population,
            }
        )
        a, b = common_samples(log, first)
        paired = lead(a, b, curve.radius)
        # Above the largest radius of either, the lead is the other's whole share: that is rounding, and no lead.
        both = curve.radius <= min(view.radius[view.correct].max(initial=-1.0) for view in (a, b))
        frame = frame.assign(lead=paired.lead, lead_error=paired.standard_error)
        frame.loc[~both, ["lead", "lead_error"]] = np.nan
        frames.append(pd.concat([frame.iloc[:1].assign(tail=0.5, radius=0.0), frame]))
    return pd.concat(frames, ignore_index=True)


def accuracy_frame(logs: Sequence[CertificationLog], names: Sequence[str], rho: float = 0.05) -> pd.DataFrame:
    """Certified accuracy as printed against the radius, with the lower band of D4.

    Columns log, radius, share, lower.
    """
    frames = []
    for log, name in zip(logs, names, strict=True):
        curve = survival(log, rho=rho)
        start = np.asarray([0.0]), np.asarray([log.clean_accuracy]), curve.lower_population[:1]
        columns = (np.concatenate(pair) for pair in zip(start, (curve.radius, curve.share, curve.lower_population),
                                                        strict=True))  # fmt: skip
        radius, share, lower = columns
        frames.append(pd.DataFrame({"log": name, "radius": radius, "share": share, "lower": lower[: len(radius)]}))
    return pd.concat(frames, ignore_index=True)


def budget_frame(curves: BudgetCurves, which: Sequence[int], names: Sequence[str]) -> pd.DataFrame:
    """Expected ACR against the budget, up to N (C7). Columns log, n, acr, lead, kind.

    which: the logs to draw, by their positions in `curves`. lead: above the first of them.
    """
    decades = np.log10(curves.n / SMALLEST_BUDGET)
    spread = SMALLEST_BUDGET * 10 ** np.linspace(0, decades, int(_BUDGETS_PER_DECADE * decades) + 2)
    budgets = sorted({*(int(n) for n in np.round(spread)), curves.n})
    return _budget_rows(lambda n: curves.acr(n)[list(which)], names, budgets, "exact")


def predicted_frame(curves: BudgetCurves, which: Sequence[int], names: Sequence[str]) -> pd.DataFrame:
    """Expected ACR from N + 1 on, from the estimated distribution of p, as `budget_frame` gives it up to N."""
    budgets = [n for n in (curves.n + 1, *(round(factor * curves.n) for factor in _PREDICTED_AT)) if n > curves.n]
    beyond = sorted({n for n in budgets if n <= LARGEST_PREDICTED})
    return _budget_rows(lambda n: curves.predicted(n, which), names, beyond, "predicted")


def _budget_rows(
    acr_at: Callable[[int], Float], names: Sequence[str], budgets: Sequence[int], kind: str
) -> pd.DataFrame:
    rows = []
    for n in budgets:
        acr = acr_at(n)
        rows += [
            {"log": name, "n": n, "acr": float(value), "lead": float(value - acr[0]), "kind": kind}
            for name, value in zip(names, acr, strict=True)
        ]
    return pd.DataFrame(rows, columns=["log", "n", "acr", "lead", "kind"])


def crossing_frame(report: AuditReport, group: Group, names: Sequence[str]) -> pd.DataFrame:
    """Budgets at which two of the logs drawn change places. Columns log (the two), n."""
    samples = {log.log.path: log.log.samples for log in report.members(group)}
    labels = short_labels(group.names)
    short = {log.log.path: label for log, label in zip(report.members(group), labels, strict=True)}
    rows = [
        {"log": f"{short[pair.a]} | {short[pair.b]}", "first": short[pair.a], "n": n}
        for pair in group.comparisons
        for n in pair.crossing_budgets
        if samples[pair.a] == samples[pair.b] == pair.samples  # else the curves drawn are not those that cross
        if n >= SMALLEST_BUDGET and short[pair.a] in names and short[pair.b] in names
    ]
    return pd.DataFrame(rows, columns=["log", "first", "n"])


def attribution_frame(logs: Sequence[CertificationLog], names: Sequence[str]) -> pd.DataFrame:
    """ACR of each log minus that of the first, by the difficulty of the samples for the first one (D5).

    Columns log, difficulty, difference, standard_error. On the samples common to both.
    """
    rows = []
    for log, name in zip(logs[1:], names[1:], strict=True):
        pair = common_samples(log, logs[0])
        errors = attribution_errors(*pair)
        rows += [
            {"log": name, "difficulty": difficulty, "difference": part, "standard_error": errors[difficulty]}
            for difficulty, part in attribution(*pair).items()
        ]
    return pd.DataFrame(rows, columns=["log", "difficulty", "difference", "standard_error"])


def rank_frame(report: AuditReport, group: Group, names: Sequence[str]) -> pd.DataFrame:
    """Ranks of the logs drawn by ACR over budgets and by certified accuracy over radii, and who is first within error.

    Radii at which none of them certifies anything are left out: a tie of all says nothing there. Where there are many
    radii, every second one is taken, or every fourth, and so on.

    Columns log, by ("ACR" or "certified accuracy"), at, value, rank, first: whether the log is the first there, or
    within error of it; missing where the logs of the group were not tested.
    """
    short = short_labels(group.names)
    reports = report.members(group)
    order = [short.index(name) for name in names]
    by_budget = [[reports[i].acr_at(n) for i in order] for n in group.budgets]
    by_radius = [[reports[i].certified_accuracy[k] for i in order] for k in range(len(group.radii))]
    reached = [k for k, shares in enumerate(by_radius) if any(shares)]
    step = 1
    while len(reached) > _MOST_RADII * step:
        step *= 2
    found = None if group.standing is None else group.standing.found
    rankings: list[Ranking | None] = [None] * len(by_budget) if found is None else list(found.by_budget)
    rows = [
        row
        for n, values, ranking in zip(group.budgets, by_budget, rankings, strict=True)
        for row in _ranked("ACR", n, values, ranking, order)
    ]
    for k in reached[::step]:
        ranking = None if found is None else found.by_radius[k]
        rows += _ranked("certified accuracy", group.radii[k], by_radius[k], ranking, order)
    return pd.DataFrame([{**row, "log": names[row["log"]]} for row in rows], columns=_RANK_COLUMNS)


def _ranked(
    by: str, at: float, values: Sequence[float], ranking: Ranking | None, order: Sequence[int]
) -> list[dict[str, Any]]:
    """Rows of `rank_frame` at one place; a log by its number among those drawn, whose positions are `order`."""
    rows = []
    for i, rank in enumerate(ranks(values)):
        first = None if ranking is None else not any(ranking.above[other, order[i]] for other in order)
        rows.append({"log": i, "by": by, "at": float(at), "value": values[i], "rank": rank, "first": first})
    return rows
