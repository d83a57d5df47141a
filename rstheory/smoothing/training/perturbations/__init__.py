"""Perturbations: noise that is turned into other noise before the network sees it."""

from rstheory.smoothing.training.perturbations.attack import Attack as Attack
from rstheory.smoothing.training.perturbations.smoothadv import SmoothAdv as SmoothAdv
