"""Surveys as one JSON object."""

from __future__ import annotations

from typing import Any

from rstheory.mixture import CertifiedAccuracy, Functional, Survival
from rstheory.survey.report import SurveyReport
from rstheory.survey.runs import RunsEstimate
from rstheory.survey.survey import BUDGETS, DISCLAIMER, PROBABILITIES, Estimate, Survey


def to_json(report: SurveyReport) -> dict[str, Any]:
    """A report as plain lists and dictionaries that `json` writes. Intervals are 95 % each."""
    return {
        "note": DISCLAIMER,
        "surveys": [_survey_json(survey) for survey in report.surveys],
        "comparisons": [
            {
                "a": pair.a,
                "b": pair.b,
                "images": pair.images,
                "acr_difference": {str(n): _json(e) for n, e in zip(pair.budgets, pair.acr, strict=True)},
                "mean_probability_difference": None if pair.mean_probability is None else _json(pair.mean_probability),
            }
            for pair in report.comparisons
        ],
        "runs": {name.replace(",", ""): _runs_json(found) for name, found in report.runs.items()},
    }


def _runs_json(found: RunsEstimate) -> dict[str, Any]:
    return {
        "estimate": found.value,
        "runs": [found.runs.low, found.runs.high],
        "population": [found.population.low, found.population.high],
        "deviation_between_runs": found.run_deviation,
        "standard_error_of_images": found.image_error,
        "values": list(found.values),
    }


def _survey_json(survey: Survey) -> dict[str, Any]:
    log, radii = survey.log, survey.radii
    told = [u for u in PROBABILITIES if u >= survey.told_from]
    shares = survey.estimates([Survival(1 - u) for u in told])
    accuracy = {}
    for n in BUDGETS:
        functionals: list[Functional] = [CertifiedAccuracy(r, n, log.alpha, log.sigma) for r in radii]
        found = survey.estimates(functionals)
        accuracy[str(n)] = {f"{r:.2f}": _json(estimate) for r, estimate in zip(radii, found, strict=True)}
    return {
        "path": log.path,
        "sigma": log.sigma,
        "alpha": log.alpha,
        "images": survey.images,
        "draws": survey.draws,
        "told_from": survey.told_from,
        "mean_probability": None if survey.told_from else _json(survey.mean_probability()),
        "survival": {f"{u:g}": _json(estimate) for u, estimate in zip(told, shares, strict=True)},
        "acr": {str(n): _json(survey.acr(n)) for n in BUDGETS},
        "certified_accuracy": accuracy,
        "warnings": [
            {"code": finding.code, "rows": finding.rows, "line": finding.line, "message": finding.message}
            for finding in log.warnings
        ],
    }


def _json(estimate: Estimate) -> dict[str, Any]:
    one, other = estimate.images, estimate.population
    return {"estimate": estimate.value, "images": [one.low, one.high], "population": [other.low, other.high]}
