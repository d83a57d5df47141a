"""Experiments on trained models: `find` them in a folder, make `tables` of them; `theory` needs no model.

Everything comes from logs and stored measurements. Nothing is run here, and nothing drawn: see `rstheory.plots.report`.
"""

from rstheory.experiments.find import Experiment as Experiment
from rstheory.experiments.find import doubts as doubts
from rstheory.experiments.find import find_experiments as find_experiments
