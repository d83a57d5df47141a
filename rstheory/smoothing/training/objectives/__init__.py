"""Objectives: the loss of a step."""

from rstheory.smoothing.training.objectives.catrs import CatRs as CatRs
from rstheory.smoothing.training.objectives.consistency import Consistency as Consistency
from rstheory.smoothing.training.objectives.cross_entropy import CrossEntropy as CrossEntropy
from rstheory.smoothing.training.objectives.macer import Macer as Macer
from rstheory.smoothing.training.objectives.smoothmix import SmoothMix as SmoothMix
