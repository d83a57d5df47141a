"""Objectives: the loss of a step."""

from rstheory.smoothing.training.objectives.cross_entropy import CrossEntropy as CrossEntropy
