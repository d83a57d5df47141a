"""The checkpoints that smoothing papers publish: `torch.save` files of CIFAR ResNets.

Cohen et al. (2019) and the codes descended from theirs (SmoothAdv, Consistency, SmoothMix, CAT-RS, the critique of ACR)
save {"epoch", "arch": "cifar_resnet110", "state_dict", "optimizer"}. Their model is Sequential(normalisation, ResNet),
so keys begin with "1.". MACER saves {"net", "epoch"} of the bare ResNet, which it feeds pixels. Other codes keep the
weights under "model" or "ema". DataParallel, torch.compile and averaged models put their own words into the keys:
"module", "_orig_mod". The normalisation itself is in none of these files.
"""

from __future__ import annotations

import re
import reprlib
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rstheory.smoothing.models.archive import check_sizes
from rstheory.smoothing.models.checkpoint import Checkpoint, blank
from rstheory.smoothing.models.normalize import Normalize, default_constants
from rstheory.smoothing.models.registry import check_problem, normalization
from rstheory.smoothing.models.weights import fill

SIDE = 32  # pixels: height and width of CIFAR's images
WRAPPERS = {"module", "_orig_mod"}
# Where codes keep weights, those first that their authors evaluate where nothing else is said.
PLACES = ("state_dict", "model_state_dict", "net", "model", "network", "params", "ema", "model_ema", "ema_state_dict")
ADVICE = "Models of other kinds are read as torch.export or TorchScript files"


def read_published(
    path: Path,
    shape: Sequence[int] | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> Checkpoint:
    """The ResNet in a published file, behind a normalisation that the file does not hold.

    * shape: of one input; (3, 32, 32), or (1, 32, 32) for grey images, if left out.
    * mean, std: the normalisation. If both are left out, they are the usual ones for a model saved behind its
      normalisation (keys "1.…"), and 0 and 1 for a bare one. If one is left out, that one is the usual one. The usual
      ones are CIFAR's for (3, 32, 32), else 0.5. SmoothAdv centres without scaling, and its files look like all
      others: they need std=(1, 1, 1).

    ValueError naming the file for other architectures and for broken files. Warns where a file holds several sets of
    weights.
    """
    content = read_plain(path)
    saved = _weights(path, content)
    state, wrapped = _unwrapped(path, saved)
    arch = _arch(content.get("arch"), state, path)
    first, last = state.get("conv1.weight"), state.get("fc.weight")
    if not isinstance(first, Tensor) or first.dim() != 4 or not isinstance(last, Tensor) or last.dim() != 2:
        keys = ", ".join(reprlib.repr(key) for key in list(saved)[:3])
        raise ValueError(f"{path}: no CIFAR ResNet (keys conv1.weight to fc.weight): it holds {keys}, … {ADVICE}")
    _refuse_repeated(path, state)
    channels, classes = first.shape[1], last.shape[0]
    shape = (channels, SIDE, SIDE) if shape is None else tuple(shape)
    if len(shape) == 3 and shape[0] != channels:
        raise ValueError(
            f"{path}: shape={shape} is not allowed: the network takes images of {channels} channels. If grey images are"
            f" to be read as colour, ask for it by --channels {channels}"
        )
    try:
        check_problem(classes, shape)
        normalize, net = _normalize(classes, shape, mean, std, wrapped), blank(arch, classes, shape)[1]
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    # torch before 0.4.1 kept no such counter, and nothing reads it in eval mode.
    counters = {name: torch.tensor(0) for name in net.state_dict() if name.endswith("num_batches_tracked")}
    fill(net, counters | state, f"{path}: no {arch} for {classes} classes and inputs {shape}")
    about = {"format": "published"}
    if type(epoch := content.get("epoch")) is int and 0 <= epoch < 10**9:
        about["epoch"] = str(epoch)
    return Checkpoint(nn.Sequential(normalize, net).eval(), arch, classes, shape, about)


def read_plain(path: Path) -> dict[Any, Any]:
    """The dictionary of numbers, text and tensors in a `torch.save` file; anything else pickled in it is not opened."""
    try:
        if zipfile.is_zipfile(path):
            check_sizes(path)
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


def _weights(path: Path, content: dict[Any, Any]) -> Mapping[str, Any]:
    """The weights in a file, wherever they are; a warning where there are several."""
    found = dict(_places(content, "", depth=3))
    if not found:
        raise ValueError(f"{path}: holds no state dict (a dictionary from names to tensors). {ADVICE}")
    order = {place: rank for rank, place in enumerate(("", *PLACES))}
    place = min(found, key=lambda place: order.get(place.partition(".")[0], len(order)))  # of equals, the first
    if len(found) > 1:
        others = ", ".join(reprlib.repr(other) for other in found if other != place)
        warnings.warn(
            f"{path}: weights under {reprlib.repr(place)} are taken, and those under {others} are not: save alone what"
            " you want",
            stacklevel=4,
        )
    return found[place]


def _places(content: Mapping[Any, Any], place: str, depth: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Dictionaries from names to tensors, each with where it stands."""
    if any(isinstance(value, Tensor) and isinstance(name, str) for name, value in content.items()):
        if all(isinstance(name, str) for name in content) and any("conv" in name or "." in name for name in content):
            yield place, content
        return
    for name, value in content.items():
        if isinstance(name, str) and isinstance(value, dict) and depth > 1:
            yield from _places(value, f"{place}.{name}" if place else name, depth - 1)


def _unwrapped(path: Path, saved: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """The weights by the network's own names, and whether it stood behind a normalisation layer."""
    plain = {name: ".".join(part for part in name.split(".") if part not in WRAPPERS) for name in saved}
    if len(set(plain.values())) < len(plain):
        raise ValueError(f"{path}: two of its weights have one name but for {' and '.join(sorted(WRAPPERS))}")
    # The innermost of layers with this name lie in blocks: the network's own has the shortest.
    heads = [name.removesuffix("conv1.weight") for name in plain.values() if f".{name}".endswith(".conv1.weight")]
    prefix = min(heads, key=len, default="")
    state = {plain[name].removeprefix(prefix): value for name, value in saved.items() if name != "n_averaged"}
    return state, "1" in prefix.split(".")


def _normalize(
    classes: int, shape: tuple[int, ...], mean: Sequence[float] | None, std: Sequence[float] | None, wrapped: bool
) -> Normalize:
    if mean is None and std is None and not wrapped:
        mean, std = (0.0,), (1.0,)
    usual_mean, usual_std = default_constants(classes, shape)
    mean, std = tuple(usual_mean if mean is None else mean), tuple(usual_std if std is None else std)
    longest = max(len(mean), len(std))
    mean, std = (numbers * longest if len(numbers) == 1 else numbers for numbers in (mean, std))
    return normalization(classes, shape, mean, std)


def _refuse_repeated(path: Path, state: Mapping[str, Any]) -> None:
    """A tensor can claim any size by strides of 0; copied, it would take all the memory that it claims."""
    for name, value in state.items():
        if isinstance(value, Tensor) and value.numel() * value.element_size() > value.untyped_storage().nbytes():
            raise ValueError(f"{path}: {name!r:.80} claims {value.numel()} numbers, more than the file holds")


def _arch(stated: object, state: Mapping[str, Any], path: Path) -> str:
    """The name that the file states, or else the depth that the first stage's blocks show."""
    if stated is None:
        blocks = {name.split(".")[1] for name in state if name.startswith("layer1.")}
        return f"resnet{6 * len(blocks) + 2}"
    match = re.fullmatch(r"cifar(?:100)?_(resnet\d+)", stated) if isinstance(stated, str) else None
    if match is None:  # ImageNet's resnet50 among them, which is no cifar_resnet50
        raise ValueError(
            f"{path}: its arch is {reprlib.repr(stated)}, and only CIFAR ResNets (cifar_resnet110) are known. {ADVICE}"
        )
    return match[1]
