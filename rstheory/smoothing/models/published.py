"""The checkpoints that smoothing papers publish: `torch.save` files of CIFAR ResNets.

Cohen et al. (2019) and the codes descended from theirs (SmoothAdv, Consistency, SmoothMix, CAT-RS, the critique of ACR)
save {"epoch", "arch": "cifar_resnet110", "state_dict", "optimizer"}. Their model is Sequential(normalisation, ResNet),
so keys begin with "1."; DataParallel puts "module." before or behind it. MACER saves {"net", "epoch"} of the bare
ResNet, which it feeds pixels. The normalisation itself is in none of these files.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rstheory.smoothing.models.checkpoint import Checkpoint, blank
from rstheory.smoothing.models.registry import normalization
from rstheory.smoothing.models.weights import fill

SIDE = 32  # pixels: height and width of CIFAR's images
FIRST_KEY = re.compile(r"((?:module\.|1\.)*)conv1\.weight")
ADVICE = "Models of other kinds are read as torch.export or TorchScript files"


def read_published(
    path: Path,
    shape: Sequence[int] | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> Checkpoint:
    """The ResNet in a published file, behind a normalisation that the file does not hold.

    shape: (3, 32, 32) if left out. mean, std: left out, they are the usual ones of CIFAR for a model saved behind its
    normalisation (keys "1.…"), and 0 and 1 for a bare one. SmoothAdv centres without scaling, and its files look like
    all others: they need std=(1, 1, 1). ValueError naming the file for other architectures and for broken files.
    """
    content = read_plain(path)
    saved = content.get("state_dict", content.get("net", content))
    if not isinstance(saved, dict) or not all(isinstance(name, str) for name in saved):
        raise ValueError(f"{path}: holds no state dict (a dictionary from names to tensors). {ADVICE}")
    wrappers = next((match[1] for match in map(FIRST_KEY.fullmatch, saved) if match), "")
    state = {name.removeprefix(wrappers): value for name, value in saved.items()}
    arch = _arch(content.get("arch"), state, path)
    first, last = state.get("conv1.weight"), state.get("fc.weight")
    if not isinstance(first, Tensor) or first.dim() != 4 or not isinstance(last, Tensor) or last.dim() != 2:
        keys = ", ".join(list(saved)[:3])
        raise ValueError(f"{path}: no CIFAR ResNet (keys conv1.weight to fc.weight): it holds {keys}, … {ADVICE}")
    channels, classes = first.shape[1], last.shape[0]
    shape = (channels, SIDE, SIDE) if shape is None else tuple(shape)
    if mean is None and std is None and "1." not in wrappers:
        mean, std = (0.0,), (1.0,)
    try:
        normalize, net = normalization(classes, shape, mean, std), blank(arch, classes, shape)[1]
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    fill(net, state, f"{path}: no {arch} for {classes} classes and inputs {shape}")
    model = nn.Sequential(normalize, net).eval()
    epoch = {"epoch": str(content["epoch"])} if isinstance(content.get("epoch"), int) else {}
    return Checkpoint(model, arch, classes, shape, {"format": "published", **epoch})


def read_plain(path: Path) -> dict[Any, Any]:
    """The dictionary of numbers, text and tensors in a `torch.save` file; anything else pickled in it is not opened."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # a broken pickle is a broken program: it can fail in any way
        raise ValueError(
            f"{path}: broken, or holds Python objects other than numbers, text and tensors, which are not opened since "
            "opening them runs code. If you trust the file, load it yourself and torch.save its state_dict alone"
        ) from error
    if not isinstance(content, dict):
        raise ValueError(f"{path}: holds {type(content).__name__} where a checkpoint is a dictionary. {ADVICE}")
    return content


def _arch(stated: object, state: dict[str, Any], path: Path) -> str:
    """The name that the file states, or else the depth that the first stage's blocks show."""
    if stated is None:
        blocks = {name.split(".")[1] for name in state if name.startswith("layer1.")}
        return f"resnet{6 * len(blocks) + 2}"
    match = re.fullmatch(r"cifar(?:100)?_(resnet\d+)", stated) if isinstance(stated, str) else None
    if match is None:  # ImageNet's resnet50 among them, which is no cifar_resnet50
        raise ValueError(
            f"{path}: its arch is {stated!r}, and only CIFAR ResNets (cifar_resnet110) are known. {ADVICE}"
        )
    return match[1]
