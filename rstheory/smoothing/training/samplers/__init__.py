"""Samplers: how often each training image is drawn."""

from rstheory.smoothing.training.samplers.discard import Discard as Discard
from rstheory.smoothing.training.samplers.draw import draw as draw
from rstheory.smoothing.training.samplers.middle import Middle as Middle
from rstheory.smoothing.training.samplers.reweigh import Reweigh as Reweigh
