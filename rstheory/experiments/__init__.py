"""Experiments on trained models: `find` them in a folder, make `tables` of them, write a `report` with figures.

Everything comes from logs and stored measurements; nothing is run here.
"""

from rstheory.experiments.find import Experiment as Experiment
from rstheory.experiments.find import doubts as doubts
from rstheory.experiments.find import find_experiments as find_experiments
from rstheory.experiments.report import write_report as write_report
