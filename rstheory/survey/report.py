"""What is reported of some surveys: of different models, compared pair by pair, or of several runs of one method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from rstheory.mixture import ACR, MeanProbability
from rstheory.survey.compare import SurveyComparison, compare_surveys
from rstheory.survey.runs import RunsEstimate, survey_runs
from rstheory.survey.survey import BUDGETS, Survey

COMPARED = 7  # surveys of which every pair is compared


@dataclass(frozen=True, eq=False)
class SurveyReport:
    """Surveys and what follows from them together.

    surveys: in the order given.
    comparisons: of different models, pairs at one noise level that have images in common.
    runs: of one method, what its runs have in common: "mean p" (where every log tells it), and ACR by budget.
    """

    surveys: tuple[Survey, ...]
    comparisons: tuple[SurveyComparison, ...] = ()
    runs: Mapping[str, RunsEstimate] = field(default_factory=dict)


def models_report(surveys: Sequence[Survey]) -> SurveyReport:
    """A report of different models; of up to COMPARED, every pair that can be compared is."""
    pairs = combinations(surveys, 2) if len(surveys) <= COMPARED else ()
    alike = [(a, b) for a, b in pairs if a.sigma == b.sigma and np.intersect1d(a.log.index, b.log.index).size]
    return SurveyReport(tuple(surveys), tuple(compare_surveys(a, b) for a, b in alike))


def runs_report(surveys: Sequence[Survey]) -> SurveyReport:
    """A report of several runs of one method; ValueError unless they are at least two, of the same images and sigma."""
    runs = {} if any(survey.told_from for survey in surveys) else {"mean p": survey_runs(surveys, MeanProbability())}
    log = surveys[0].log
    acr = {f"N={n:,}": survey_runs(surveys, ACR(n, log.alpha, log.sigma)) for n in BUDGETS}
    return SurveyReport(tuple(surveys), runs=runs | acr)
