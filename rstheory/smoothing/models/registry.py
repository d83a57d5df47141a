"""Architectures by name. A name, the number of classes and the shape of an input say everything but the weights."""

from __future__ import annotations

import math
import re
import reprlib
from collections.abc import Sequence
from importlib import import_module

from torch import nn

from rstheory import _check
from rstheory.smoothing.data.dataset import MOST_CLASSES
from rstheory.smoothing.models.fast import FastNet
from rstheory.smoothing.models.mbconv import MBConvNet
from rstheory.smoothing.models.normalize import Normalize, default_constants
from rstheory.smoothing.models.resnet import ResNet
from rstheory.smoothing.models.small import Constant, cnn, mlp
from rstheory.smoothing.models.vit import ViT

ARCHITECTURES = (
    "resnet<6n+2>, such as resnet20, resnet56 or resnet110",
    "fast<widths>, such as fast32-128-256",
    "vit<depth>-<width>, such as vit6-192",
    "mbconv<widths>, such as mbconv32-64-128",
    "mlp",
    "cnn",
    "constant",
    "your own as module:factory",
)
LARGEST_INPUT = 2**26  # numbers in one input; a file may state any size, and layers are made of what it states


def build(
    arch: str,
    classes: int,
    shape: Sequence[int],
    *,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    label: int | None = None,
) -> nn.Sequential:
    """A fresh model: `Normalize`, then the network. Maps inputs (batch, *shape) in [0, 1] to logits (batch, classes).

    * arch: one of `ARCHITECTURES`. module:factory imports the module and calls factory(classes, shape) for a network
      that takes normalised inputs. That runs what its author wrote: give only a module that you trust.
    * classes: at least 2.
    * shape: of one input: (channels, height, width) for all but mlp and constant, which take anything.
    * mean, std: normalisation, both or neither: one number per channel of an image, or one for all. Left out, they are
      those of `default_constants`.
    * label: what the constant model answers, 0 by default. No other architecture takes it.

    Weights come from torch's global generator: seed it to get the same model again.

    The layers take no further options, so that a checkpoint need not name any; what differs from model to model
    (weights, normalisation, label) is in the state dict.

    >>> import torch
    >>> build("cnn", classes=10, shape=(1, 8, 8))(torch.rand(2, 1, 8, 8)).shape
    torch.Size([2, 10])
    """
    classes, shape = check_problem(classes, shape)
    if label is not None and arch != "constant":
        raise ValueError(f"label={label} is not allowed: only the constant model takes one, not {arch}")
    return nn.Sequential(normalization(classes, shape, mean, std), _network(arch, classes, shape, label or 0))


def normalization(
    classes: int, shape: Sequence[int], mean: Sequence[float] | None, std: Sequence[float] | None
) -> Normalize:
    """The first layer of a model; arguments as of `build`.

    >>> normalization(10, (3, 8, 8), None, None).mean.flatten().tolist()
    [0.5, 0.5, 0.5]
    """
    if (mean is None) != (std is None):
        raise ValueError(f"mean={mean}, std={std} is not allowed: give both or neither")
    if mean is None or std is None:
        mean, std = default_constants(classes, shape)
    channels = shape[0] if len(shape) == 3 else 1
    if len(mean) != len(std) or len(mean) not in (1, channels):
        allowed = f"inputs {tuple(shape)} take 1 number each, or {channels}"
        raise ValueError(f"mean={tuple(mean)}, std={tuple(std)} is not allowed: {allowed}")
    if len(mean) == 1:  # spelled out, so that the shape of an input alone says what the state dict looks like
        mean, std = tuple(mean) * channels, tuple(std) * channels
    return Normalize(mean, std, len(shape))


def _network(arch: str, classes: int, shape: tuple[int, ...], label: int) -> nn.Module:
    if arch == "constant":
        return Constant(classes, label)
    if arch == "mlp":
        return mlp(classes, shape)
    if is_own(arch):
        return _own(arch, classes, shape)
    if len(shape) != 3 and (arch == "cnn" or arch.startswith(("resnet", "fast", "vit", "mbconv"))):
        raise ValueError(f"shape={shape} is not allowed: {arch} takes images, (channels, height, width)")
    if arch == "cnn":
        return cnn(classes, shape)
    if match := re.fullmatch(r"resnet(\d{1,4})", arch):
        return ResNet(int(match[1]), classes, shape[0])
    if match := re.fullmatch(r"fast(\d{1,4}(?:-\d{1,4})*)", arch):
        return FastNet([int(width) for width in match[1].split("-")], classes, shape)
    if match := re.fullmatch(r"vit(\d{1,3})-(\d{1,4})", arch):
        return ViT(int(match[1]), int(match[2]), classes, shape)
    if match := re.fullmatch(r"mbconv(\d{1,4}(?:-\d{1,4})*)", arch):
        return MBConvNet([int(width) for width in match[1].split("-")], classes, shape)
    raise ValueError(f"arch={reprlib.repr(arch)} is not allowed: known are {'; '.join(ARCHITECTURES)}")


def is_own(arch: str) -> bool:
    """Whether an architecture is the user's own code, as module:factory.

    >>> is_own("nets.wide:build"), is_own("resnet20"), is_own("a:b:c")
    (True, False, False)
    """
    return re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*", arch) is not None


def _own(arch: str, classes: int, shape: tuple[int, ...]) -> nn.Module:
    """The network of a factory that the user wrote."""
    module, _, name = arch.partition(":")
    try:
        factory = getattr(import_module(module), name, None)
    except ModuleNotFoundError as error:
        raise ValueError(
            f"arch={arch} is not allowed: there is no module {error.name}; python -m rstheory looks in the current"
            " folder, too"
        ) from None
    if not callable(factory):
        raise ValueError(f"arch={arch} is not allowed: {module} has no function {name}")
    network = factory(classes, shape)
    if not isinstance(network, nn.Module):
        raise ValueError(f"arch={arch} is not allowed: it made a {type(network).__name__}, not a torch.nn.Module")
    return network


def check_problem(classes: int, shape: Sequence[int]) -> tuple[int, tuple[int, ...]]:
    """`classes` and `shape` as Python ints; refuses fewer than 2 classes, empty inputs, and absurd sizes.

    >>> check_problem(10, [3, 32, 32])
    (10, (3, 32, 32))
    """
    classes = _check.scalar_int("classes", classes)
    if classes < 2:
        raise ValueError(f"classes={classes} is not allowed: a classifier chooses between at least 2")
    if classes > MOST_CLASSES:
        raise ValueError(f"classes={reprlib.repr(classes)} is not allowed: it must be at most {MOST_CLASSES}")
    return classes, check_shape(shape)


def check_shape(shape: Sequence[int]) -> tuple[int, ...]:
    """`shape` as Python ints; refuses empty inputs and those of more than `LARGEST_INPUT` numbers.

    >>> check_shape([3, 32, 32])
    (3, 32, 32)
    """
    if len(shape) > 1000:
        raise ValueError(f"shape has {len(shape)} axes: an input has at most 8")
    sizes = tuple(_check.scalar_int(f"shape[{axis}]", size) for axis, size in enumerate(shape))
    if not sizes or min(sizes) < 1:
        raise ValueError(f"shape={sizes} is not allowed: an input has at least one axis, each of at least 1")
    if len(sizes) > 8 or math.prod(sizes) > LARGEST_INPUT:
        allowed = f"an input has at most 8 axes and {LARGEST_INPUT} numbers"
        raise ValueError(f"shape={reprlib.repr(sizes)} is not allowed: {allowed}")
    return sizes
