"""What the tests of training share: a small data set, quick runs, and runs that are stopped."""

import dataclasses
from functools import cache

import pytest
import torch

from rstheory.smoothing.data import Dataset, load
from rstheory.smoothing.models import load_checkpoint, weights_digest
from rstheory.smoothing.training import Settings, train

CPU = torch.device("cpu")
# After two short epochs little has been learnt, and whole classes are hard.
loses_classes = pytest.mark.filterwarnings("ignore:discarding below")


@cache
def few_digits():
    """225 of the digits."""
    data = load("digits", "train")
    return Dataset(data.images[::6], data.labels[::6], data.classes, data.name)


def quick(**changes):
    """Settings of a run of four short epochs."""
    return dataclasses.replace(
        Settings(sigma=0.5, epochs=4, draws=2, batch=64, flip_and_crop=False, dtype="float32"), **changes
    )


def trained(out, method="easy", configuration=None, *, data=None, arch="mlp", **options):
    """Digest of the weights after a run."""
    train(method, configuration or quick(), data or few_digits(), arch=arch, out=out, device=CPU, **options)
    return weights_digest(load_checkpoint(out).model)


class StoppedError(Exception):
    """Ends a run, as a kill would."""


class Stopping:
    """Progress that ends a run before an epoch, or after so many steps."""

    def __init__(self, *, epoch=None, steps=None):
        self.epoch, self.left = epoch, steps

    def __call__(self, what):
        if self.epoch is not None and what.startswith(f"epoch {self.epoch + 1} of "):
            raise StoppedError
        return lambda steps: self

    def __enter__(self):
        return self.advance

    def __exit__(self, *error):
        return False

    def advance(self, done):
        if self.left == 0:
            raise StoppedError
        if self.left is not None:
            self.left -= 1


def stopped(out, *told, progress, **options):
    """Leave the state of a run that `progress` stops; the file it is in."""
    with pytest.raises(StoppedError):
        trained(out, *told, progress=progress, **options)
    return out.with_name(out.name + ".state")
