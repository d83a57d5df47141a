"""Figures: one style, one function a figure, which takes results (data frames) and returns a Matplotlib Figure."""

from rstheory.plots.audit import group_figures, write_figures
from rstheory.plots.captions import CAPTIONS
from rstheory.plots.logs import acr_by_budget, attribution_bars, radius_accuracy, rank_table, survival
from rstheory.plots.style import Plate, save
from rstheory.plots.theory import (
    acr_unbounded,
    budget_dependence,
    easy_sample_sensitivity,
    mean_preserving_spread,
    real_model_validation,
)

__all__ = [
    "CAPTIONS",
    "Plate",
    "acr_by_budget",
    "acr_unbounded",
    "attribution_bars",
    "budget_dependence",
    "easy_sample_sensitivity",
    "group_figures",
    "mean_preserving_spread",
    "radius_accuracy",
    "rank_table",
    "real_model_validation",
    "save",
    "survival",
    "write_figures",
]
