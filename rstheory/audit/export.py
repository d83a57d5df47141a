"""An audit report as one JSON object."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from rstheory._files import write_text
from rstheory.audit.compare import Comparison
from rstheory.audit.groups import ranks
from rstheory.audit.report import PREDICTED_FACTOR, AuditReport, Group, LogReport
from rstheory.audit.sentences import sentences
from rstheory.audit.verdict import Verdict, judge
from rstheory.logs.finding import Finding
from rstheory.radius import certified_radius
from rstheory.transport import BudgetedACR


def to_json(report: AuditReport, verdict: Verdict | None = None) -> dict[str, Any]:
    """The report as plain lists and dictionaries that `json` writes; numbers that are not finite become null.

    verdict: what `judge` makes of the report, where it is at hand.
    """
    result: dict[str, Any] = _finite(
        {
            "verdict": _verdict_json(judge(report) if verdict is None else verdict),
            "logs": [_log_json(log, predicted) for log, predicted in zip(report.logs, report.predicted, strict=True)],
            "comparisons": [
                _comparison_json(comparison, between, group.sigma)
                for group in report.groups
                for comparison, between in zip(group.comparisons, group.between, strict=True)
            ],
            "groups": [_group_json(report, group) for group in report.groups],
        }
    )
    return result


def _verdict_json(verdict: Verdict) -> dict[str, Any]:
    """The verdict field by field, and its lines as `text`; a budget as its decimal logarithm."""
    data = asdict(verdict)
    for group, told in zip(verdict.groups, data["groups"], strict=True):
        told["top"] = list(group.top)
        if group.constant is not None:
            budget = group.constant.passes_first_at
            told["constant"]["passes_first_at"] = None if budget is None else {"log10_n": budget.log10_n}
    return {"text": sentences(verdict), **data}


def _log_json(report: LogReport, prediction: BudgetedACR | None) -> dict[str, Any]:
    log, known = report.log, report.budgets
    predicted = () if prediction is None else (prediction,)
    radii = [_radius_key(r) for r in report.radii]
    return {
        "path": log.path,
        "name": report.name,
        **{name: None if name in log.varying else getattr(log, name) for name in ("sigma", "n", "alpha")},
        "varying": {name: [values.min().item(), values.max().item()] for name, values in log.varying.items()},
        "rule": log.rule,
        "bound": log.bound,
        "mean_draws": None if log.draws is None or not log.samples else float(log.draws.mean()),
        "assumed": list(log.assumed),
        "samples": log.samples,
        "acr": log.acr,
        "easiest_tenth": report.easiest_tenth,
        "acr_sound": log.rounded_down().acr,
        "standard_error": log.standard_error,
        "clean_accuracy": log.clean_accuracy,
        "certified_accuracy": dict(zip(radii, report.certified_accuracy, strict=True)),
        "certified_accuracy_sound": dict(zip(radii, report.certified_accuracy_sound, strict=True)),
        "abstain_rate": log.abstain_rate,
        "budget": {str(budget.n): budget.acr for budget in known},
        "budget_sound": {str(budget.n): budget.acr_sound for budget in known},
        "budget_standard_deviation": {str(budget.n): budget.standard_deviation for budget in (*known, *predicted)},
        "budget_fresh_standard_deviation": {
            str(budget.n): budget.fresh_standard_deviation for budget in (*known, *predicted)
        },
        "budget_unknown_at_most": {str(budget.n): budget.unknown_at_most for budget in (*known, *predicted)},
        "budget_predicted": {str(budget.n): budget.acr for budget in predicted},
        "warnings": [_finding_json(finding) for finding in log.warnings],
    }


def _finding_json(finding: Finding) -> dict[str, Any]:
    return {"code": finding.code, "rows": finding.rows, "line": finding.line, "message": finding.message}


def _comparison_json(comparison: Comparison, between: tuple[Finding, ...], sigma: float) -> dict[str, Any]:
    return {
        "a": comparison.a,
        "b": comparison.b,
        "samples": comparison.samples,
        "acr_a": comparison.acr_a,
        "acr_b": comparison.acr_b,
        "acr_difference": comparison.acr_difference,
        "standard_error": comparison.standard_error,
        "interval": list(comparison.interval),
        "dominates": comparison.dominates,
        "crossings": list(comparison.crossings),
        "crossing_budgets": list(comparison.crossing_budgets),
        "regions": [
            {
                "start": region.start,
                "end": region.end,
                "start_radius": float(certified_radius(region.start, sigma)),
                "end_radius": float(certified_radius(region.end, sigma)),
                "leader": region.leader,
                "largest": region.largest,
                "standard_errors": region.standard_errors,
            }
            for region in comparison.regions
        ],
        "attribution": comparison.attribution,
        "warnings": [_finding_json(finding) for finding in between],
    }


def _group_json(report: AuditReport, group: Group) -> dict[str, Any]:
    rank_by_budget = dict(zip(group.budgets, group.rank_by_budget, strict=True))
    predicted = [budget.acr for i in group.members if (budget := report.predicted[i]) is not None]
    if predicted:
        rank_by_budget[PREDICTED_FACTOR * group.n] = ranks(predicted)
    return {
        "sigma": group.sigma,
        "n": group.n,
        "alpha": group.alpha,
        "label": group.label,
        "logs": [log.log.path for log in report.members(group)],
        "names": list(group.names),
        "rank_by_budget": {str(n): list(rank) for n, rank in rank_by_budget.items()},
        "rank_by_radius": {_radius_key(r): list(k) for r, k in zip(group.radii, group.rank_by_radius, strict=True)},
        "not_compared": group.not_compared,
    }


def _radius_key(radius: float) -> str:
    return f"{radius:.2f}"


def _finite(value: Any) -> Any:
    """The same, in Python's own types, with None for every float that JSON cannot hold."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def json_text(data: dict[str, Any]) -> str:
    """JSON as it is written; the same data gives the same text."""
    return json.dumps(data, indent=1, allow_nan=False) + "\n"


def write_json(data: dict[str, Any], path: Path) -> None:
    """Write JSON whole or not at all."""
    write_text(json_text(data), path)
