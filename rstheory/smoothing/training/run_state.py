"""What a run consists of between two epochs, and the file that keeps it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from rstheory._files import atomic_write
from rstheory.smoothing.data import Dataset
from rstheory.smoothing.models import build
from rstheory.smoothing.share import Share
from rstheory.smoothing.training.cost import Cost, cost_of
from rstheory.smoothing.training.identity import Identity, modern_identity, refuse_another_run
from rstheory.smoothing.training.interfaces import Method, State
from rstheory.smoothing.training.settings import Settings


@dataclass
class RunState:
    """A run between two epochs.

    epoch: the next one.
    model, optimizer: as they are.
    stepped: the model as steps call it; where processes share a run, it brings their gradients together.
    parts: the state of each part of the method.
    rows: of the training log.
    machines: where its epochs ran, one after the other. The bits of the weights depend on them.
    cost: of the network.
    pflop: 10^15 floating-point operations until now.
    """

    epoch: int
    model: nn.Module
    stepped: nn.Module
    optimizer: torch.optim.Optimizer
    parts: list[State]
    rows: list[str]
    machines: list[str]
    cost: Cost
    pflop: float = 0.0


_KEPT = {"identity", "epoch", "model", "optimizer", "parts", "rows", "machines", "pflop"}
_KEPT_BEFORE = _KEPT - {"parts", "pflop"} | {"factors"}  # until parts had states: weights by the place of the part
_PREPARED = 5000  # training images, about, that a fresh network is prepared by


def fresh(
    method: Method,
    settings: Settings,
    data: Dataset,
    arch: str,
    device: torch.device,
    begun: nn.Module | None,
    share: Share,
) -> RunState:
    """A run before its first epoch.

    begun: whose weights it begins with; fresh ones, from the seed, without.

    ValueError for a network without weights.
    """
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        model = build(arch, len(data.classes), data.shape)
    if begun is None:
        images = data.images[:: max(1, len(data) // _PREPARED)].float() / 255
        settings.recipe.begin(model, images, settings.sigma)
    else:
        model.load_state_dict(begun.state_dict())
    move: Any = model.to  # torch's annotations leave memory_format out
    model = move(device, memory_format=torch.channels_last).train()
    if not any(weights.requires_grad for weights in model.parameters()):
        raise ValueError(f"arch={arch!r} has no weights to train")
    optimizer = settings.recipe.optimizer(model, settings)
    stepped: nn.Module = model
    if share.world > 1:
        own = [device] if device.type == "cuda" else None
        stepped = DistributedDataParallel(model, device_ids=own, forward_sync_buffers=False)
    return RunState(0, model, stepped, optimizer, [{} for _ in method.parts], [], [], cost_of(model, data.shape))


def keep(state: RunState, place: Path, identity: Identity) -> None:
    """Write the state, complete or not at all."""
    content = {
        "identity": identity,
        "epoch": state.epoch,
        "model": state.model.state_dict(),
        "optimizer": state.optimizer.state_dict(),
        "parts": [dict(memory) for memory in state.parts],
        "rows": state.rows,
        "machines": state.machines,
        "pflop": state.pflop,
    }
    with atomic_write(place) as part:
        torch.save(content, part)


def restore(state: RunState, place: Path, identity: Identity) -> None:
    """Go back to what was kept, of the same run. ValueError for a file that is not a state, or of another run."""
    content = _content(place)
    refuse_another_run(place, modern_identity(content["identity"]), identity)
    state.model.load_state_dict(content["model"])
    state.optimizer.load_state_dict(content["optimizer"])
    state.epoch, state.rows, state.machines = content["epoch"], content["rows"], content["machines"]
    if "parts" in content:
        state.parts, state.pflop = content["parts"], content["pflop"]
    else:
        _adopt(state, content["factors"])


def _content(place: Path) -> dict[str, Any]:
    """What a state holds."""
    try:
        content = torch.load(place, map_location="cpu", weights_only=True)
    except (OSError, MemoryError):  # which say themselves what they are
        raise
    except Exception as error:  # a broken pickle is a broken program: it can fail in any way
        raise ValueError(f"{place} is not a state of `rstheory train`, or it is damaged: remove it") from error
    if not (isinstance(content, dict) and (content.keys() >= _KEPT or content.keys() >= _KEPT_BEFORE)):
        raise ValueError(f"{place} is not a state of `rstheory train`, or of another version: remove it")
    return content


def _adopt(state: RunState, factors: Mapping[int, torch.Tensor]) -> None:
    """The weights of an older state, which did not count operations, and its rows of the training log.

    Its samplers all began at one epoch, in the order in which they still stand.
    """
    for place, part in enumerate(sorted(factors)):
        state.parts[place] = {"weights": factors[part]}
    state.pflop = math.nan
    state.rows = ["\t".join([*before, "nan", seconds]) for *before, seconds in (row.split("\t") for row in state.rows)]


def kept_epochs(place: Path) -> int | None:
    """The epochs of the run whose state is at `place`, None if there is none. ValueError as in `restore`."""
    epochs = modern_identity(_content(place)["identity"])["epochs"] if place.exists() else None
    return epochs if isinstance(epochs, int) else None
