"""Surveys: the distribution of p over many images, from few draws per image (theory H).

`survey_log` makes a `Survey` of any certification log with counts or radii. The survey estimates expected ACR and
certified accuracy at every budget, and the share S(u) of images with p of at least u. Each estimate has two intervals:
for these images, and for the population behind them. `compare_surveys` compares two models on the same images, paired.

New surveys are made by `rstheory survey --checkpoint ...` on the command line. A survey certifies nothing about any
single image.
"""

from rstheory.survey.compare import SurveyComparison, compare_surveys
from rstheory.survey.counts import label_counts
from rstheory.survey.survey import BUDGETS, DISCLAIMER, Estimate, Survey, survey_log

__all__ = [
    "BUDGETS",
    "DISCLAIMER",
    "Estimate",
    "Survey",
    "SurveyComparison",
    "compare_surveys",
    "label_counts",
    "survey_log",
]
