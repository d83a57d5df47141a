"""Training under Gaussian noise, and the methods that play the metric (theory E).

`settings` says how long and how hard, `parts` what a method is made of, `trainer` runs it and survives being killed,
`discard`, `reweigh` and `attack` are E1, E2 and E3. `probability` finds p of training samples, `gradients` how each
pulls at the weights, and `measure` writes both of a trained network to a file.
"""

from rstheory.smoothing.training.attack import Attack as Attack
from rstheory.smoothing.training.discard import Discard as Discard
from rstheory.smoothing.training.methods import METHODS as METHODS
from rstheory.smoothing.training.methods import parts_of as parts_of
from rstheory.smoothing.training.parts import Moment as Moment
from rstheory.smoothing.training.parts import Part as Part
from rstheory.smoothing.training.probability import label_counts as label_counts
from rstheory.smoothing.training.reweigh import Reweigh as Reweigh
from rstheory.smoothing.training.settings import EasySamples as EasySamples
from rstheory.smoothing.training.settings import Settings as Settings
from rstheory.smoothing.training.trainer import train as train
