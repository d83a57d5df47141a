"""Base classifiers: architectures, normalisation inside the model, checkpoints, and models ready for inference.

`build` makes a model by name, `save_checkpoint` keeps it, and `load_checkpoint` fetches it; that reads the field's
published files and exported programs, too. `prepare` makes a model fast, and `weights_digest` says which it was.
"""

from rstheory.smoothing.models.checkpoint import Checkpoint as Checkpoint
from rstheory.smoothing.models.checkpoint import save_checkpoint as save_checkpoint
from rstheory.smoothing.models.doubts import note_chance as note_chance
from rstheory.smoothing.models.doubts import note_other_noise as note_other_noise
from rstheory.smoothing.models.load import load_checkpoint as load_checkpoint
from rstheory.smoothing.models.normalize import CIFAR10_MEAN as CIFAR10_MEAN
from rstheory.smoothing.models.normalize import CIFAR10_STD as CIFAR10_STD
from rstheory.smoothing.models.normalize import CIFAR100_MEAN as CIFAR100_MEAN
from rstheory.smoothing.models.normalize import CIFAR100_STD as CIFAR100_STD
from rstheory.smoothing.models.normalize import Normalize as Normalize
from rstheory.smoothing.models.prepare import prepare as prepare
from rstheory.smoothing.models.program import Program as Program
from rstheory.smoothing.models.registry import ARCHITECTURES as ARCHITECTURES
from rstheory.smoothing.models.registry import build as build
from rstheory.smoothing.models.resnet import ResNet as ResNet
from rstheory.smoothing.models.small import Constant as Constant
from rstheory.smoothing.models.small import cnn as cnn
from rstheory.smoothing.models.small import mlp as mlp
from rstheory.smoothing.models.weights import round_weights as round_weights
from rstheory.smoothing.models.weights import weights_digest as weights_digest
