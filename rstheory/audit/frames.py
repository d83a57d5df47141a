"""What the figures and pages of an audit show, as pandas data frames: one function per figure.

Each frame has a column `log` with short names, in the order in which the logs are to be drawn. The first is the one
that the others are compared with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from rstheory._check import Float
from rstheory._words import short_label
from rstheory.audit.budget_curves import BudgetCurves
from rstheory.audit.difficulty import attribution, attribution_errors
from rstheory.audit.groups import ranks
from rstheory.audit.paired import common_samples, lead
from rstheory.audit.report import LARGEST_PREDICTED, PREDICTED_FACTOR, AuditReport, Group
from rstheory.audit.survival import survival
from rstheory.logs.log import CertificationLog

SMALLEST_BUDGET = 100  # of a curve against the budget: below, hardly anything is certified
_BUDGETS_PER_DECADE = 8
_PREDICTED_AT = (1.2, 1.5, 2, 3, 5, 10)  # in units of N


def survival_frame(logs: Sequence[CertificationLog], names: Sequence[str], rho: float = 0.05) -> pd.DataFrame:
    """Survival curves with bands, and the lead over the first log with its paired standard error (D1, D4).

    The lead is on the samples common to both. Rows by u ascending, each holding down to the u before: S falls just
    above a bound that the log holds. The first row is at u = 1/2.

    Columns log, tail, share, lower_samples, lower_population, lead, lead_error.
    """
    frames = []
    first = logs[0]
    for log, name in zip(logs, names, strict=True):
        curve = survival(log, rho=rho)
        frame = pd.DataFrame(
            {
                "log": name,
                "tail": curve.tail,
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
        frames.append(pd.concat([frame.iloc[:1].assign(tail=0.5), frame]))
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
    short = {log.log.path: short_label(name) for log, name in zip(report.members(group), group.names, strict=True)}
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
    """Ranks of the logs drawn by ACR over budgets and by certified accuracy over radii.

    Radii at which none of them certifies anything are left out: a tie of all says nothing there, and would make the
    last ones seem to rise. Columns log, by, at, rank, kind.
    """
    short = [short_label(name) for name in group.names]
    reports = report.members(group)
    order = [short.index(name) for name in names]
    rows = []
    at = [(n, "as printed" if n == group.n else "exact", [reports[i].acr_at(n) for i in order]) for n in group.budgets]
    predicted = [report.predicted[group.members[i]] for i in order]
    if known := [budget for budget in predicted if budget is not None]:
        at.append((PREDICTED_FACTOR * group.n, "predicted", [budget.acr for budget in known]))
    for n, kind, acr in at:
        for name, rank in zip(names, ranks(acr), strict=True):
            rows.append({"log": name, "by": "ACR", "at": float(n), "rank": rank, "kind": kind})
    for k, radius in enumerate(group.radii):
        shares = [reports[i].certified_accuracy[k] for i in order]
        if not any(shares):
            continue
        for name, rank in zip(names, ranks(shares), strict=True):
            rows.append({"log": name, "by": "certified accuracy", "at": radius, "rank": rank, "kind": "as printed"})
    return pd.DataFrame(rows)
