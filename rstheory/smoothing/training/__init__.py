"""Training under Gaussian noise, by any method that is made of samplers, perturbations and an objective.

`interfaces` says what those are, and `methods` names the methods. `recipes` are ways to move weights and to show
images, whatever the method. `settings` and `schedules` say how long and how hard to train, `trainer` runs it and
survives being killed. `probability` measures p of training images, `gradients` how each of them pulls at the weights,
and `measure` writes both to a file. `README.md` says how to add a method.
"""

from rstheory.smoothing.training.interfaces import Epoch as Epoch
from rstheory.smoothing.training.interfaces import Method as Method
from rstheory.smoothing.training.interfaces import Objective as Objective
from rstheory.smoothing.training.interfaces import Outcome as Outcome
from rstheory.smoothing.training.interfaces import Perturbation as Perturbation
from rstheory.smoothing.training.interfaces import Sampler as Sampler
from rstheory.smoothing.training.interfaces import State as State
from rstheory.smoothing.training.interfaces import Step as Step
from rstheory.smoothing.training.methods import METHODS as METHODS
from rstheory.smoothing.training.methods import compose as compose
from rstheory.smoothing.training.methods import least_draws as least_draws
from rstheory.smoothing.training.methods import published_draws as published_draws
from rstheory.smoothing.training.objectives import CatRs as CatRs
from rstheory.smoothing.training.objectives import Consistency as Consistency
from rstheory.smoothing.training.objectives import CrossEntropy as CrossEntropy
from rstheory.smoothing.training.objectives import Macer as Macer
from rstheory.smoothing.training.objectives import SmoothMix as SmoothMix
from rstheory.smoothing.training.perturbations import Attack as Attack
from rstheory.smoothing.training.perturbations import SmoothAdv as SmoothAdv
from rstheory.smoothing.training.plan import Plan as Plan
from rstheory.smoothing.training.probability import count_labels as count_labels
from rstheory.smoothing.training.recipes import RECIPES as RECIPES
from rstheory.smoothing.training.recipes import Recipe as Recipe
from rstheory.smoothing.training.samplers import Discard as Discard
from rstheory.smoothing.training.samplers import Middle as Middle
from rstheory.smoothing.training.samplers import Reweigh as Reweigh
from rstheory.smoothing.training.schedules import SCHEDULES as SCHEDULES
from rstheory.smoothing.training.schedules import Schedule as Schedule
from rstheory.smoothing.training.schedules import StepDecay as StepDecay
from rstheory.smoothing.training.schedules import Triangle as Triangle
from rstheory.smoothing.training.settings import Settings as Settings
from rstheory.smoothing.training.trainer import train as train
