"""State dicts: do they fit a model, and what is their fingerprint."""

from __future__ import annotations

import hashlib
import json
import reprlib
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

SHOWN = 3  # offending keys of each kind that an error names; a wrong depth would fill screens
LONGEST = 200  # characters of one of them


def weights_digest(model: nn.Module) -> str:
    """SHA-256 of the state dict: names, types, shapes and bytes of all tensors, in the order of their names.

    The same on every (little-endian) machine and device, in every memory format, and however the model was loaded. It
    covers normalisation and batch norm statistics, and not the code of the model. Take it of the model as loaded: a
    prepared one has other weights.

    >>> model = nn.Linear(2, 2)
    >>> before = weights_digest(model)
    >>> _ = model.bias.data.add_(1)
    >>> len(before), weights_digest(model) == before
    (64, False)
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode())
        # Through uint8, for NumPy has no bfloat16; flat, for a scalar has no bytes to view.
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def round_weights(model: nn.Module, dtype: torch.dtype) -> None:
    """Round the trained weights of a model to the values that `dtype` has; they stay in the type they are in.

    Buffers, such as the statistics of batch norm, are left alone.

    >>> layer = nn.Linear(1, 1)
    >>> with torch.no_grad():
    ...     _ = layer.weight.fill_(1 / 3)
    >>> round_weights(layer, torch.float16)
    >>> layer.weight.item(), layer.weight.dtype
    (0.333251953125, torch.float32)
    """
    with torch.no_grad():
        for weights in model.parameters():
            weights.copy_(weights.to(dtype))


def narrowed(tensor: Tensor) -> Tensor:
    """A float32 tensor as float16 where that loses nothing, so that a file of it is half as large; others as they are.

    >>> narrowed(torch.tensor([0.5])).dtype, narrowed(torch.tensor([0.1])).dtype
    (torch.float16, torch.float32)
    """
    if tensor.dtype != torch.float32 or not torch.equal(tensor.half().float(), tensor):
        return tensor
    return tensor.half()


def widened(state: Mapping[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """The tensors of a state, those that `narrowed` made as the float32 that the model has there."""
    wanted = {name for name, tensor in model.state_dict().items() if tensor.dtype == torch.float32}
    return {
        name: tensor.float() if name in wanted and tensor.dtype == torch.float16 else tensor
        for name, tensor in state.items()
    }


def check_fit(state: Mapping[str, Any], model: nn.Module, where: str) -> None:
    """Refuse a state dict that `model` could not have written: keys missing or unknown, other shapes or types.

    where: how the error begins, with the file and what it was taken for.

    >>> check_fit({"bias": torch.zeros(3)}, nn.Linear(2, 2), "a.pt: no Linear")
    Traceback (most recent call last):
    ...
    ValueError: a.pt: no Linear: missing: weight; not as expected: bias is torch.float32 (3,), not torch.float32 (2,)
    """
    expected = model.state_dict()
    kinds = [(name, _kind(state[name]), _kind(expected[name])) for name in state if name in expected]
    wrong = {
        "missing": [name for name in expected if name not in state],
        "unknown": [name for name in state if name not in expected],
        "not as expected": [f"{name} is {found}, not {wanted}" for name, found, wanted in kinds if found != wanted],
    }
    complaints = [f"{kind}: {_some(names)}" for kind, names in wrong.items() if names]
    if complaints:
        raise ValueError(f"{where}: {'; '.join(complaints)}")


def fill(model: nn.Module, state: Mapping[str, Any], where: str) -> None:
    """Give `model`, which may be on the meta device, copies of these weights; refused as by `check_fit`."""
    check_fit(state, model, where)
    model.load_state_dict({name: tensor.detach().clone() for name, tensor in state.items()}, assign=True)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    shown = (name if name.isprintable() and len(name) < LONGEST else reprlib.repr(name) for name in names[:SHOWN])
    return ", ".join(shown) + more


def _kind(value: object) -> str:
    return f"{value.dtype} {tuple(value.shape)}" if isinstance(value, Tensor) else f"of type {type(value).__name__}"
