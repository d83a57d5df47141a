"""Surveys: the distribution of p over many images, from few draws per image (theory H).

`survey_log` makes a `Survey` of any certification log with counts or radii. The survey estimates expected ACR and
certified accuracy at every budget, and the share S(u) of images with p of at least u. Each estimate has two intervals:
for these images, and for the population behind them. `compare_surveys` compares two models on the same images, paired.
`survey_runs` puts several runs of one method together: the spread between seeds beside that between images; for values
of your own, one per run and image, `between_runs` and `between_methods`.

New surveys are made by `rstheory survey --checkpoint ...` on the command line. A survey certifies nothing about any
single image.
"""

from rstheory.survey.compare import SurveyComparison, compare_surveys
from rstheory.survey.runs import RunsEstimate, between_methods, between_runs, run_tables, run_values, survey_runs
from rstheory.survey.survey import BUDGETS, DISCLAIMER, Estimate, Survey, survey_log

__all__ = [
    "BUDGETS",
    "DISCLAIMER",
    "Estimate",
    "RunsEstimate",
    "Survey",
    "SurveyComparison",
    "between_methods",
    "between_runs",
    "compare_surveys",
    "run_tables",
    "run_values",
    "survey_log",
    "survey_runs",
]
