"""Figures: one style, one function a figure, which takes results (data frames) and returns a Matplotlib Figure."""

from rstheory.plots.style import save
from rstheory.plots.theory import acr_unbounded, budget_dependence, easy_sample_sensitivity, mean_preserving_spread

__all__ = ["acr_unbounded", "budget_dependence", "easy_sample_sensitivity", "mean_preserving_spread", "save"]
