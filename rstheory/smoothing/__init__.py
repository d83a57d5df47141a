"""Randomized smoothing with torch: data, models, noise, certification, training.

- Certify your own network: `certify` for any PyTorch module and your images; `predict` for its classes alone.
- Certify a checkpoint on disk, as `rstheory certify` does: `run_checkpoint` with a task, `Certify` or `Predict`. A
  stopping rule says how many draws a sample gets; `FixedDraws` is the field's.
- Parts: `load_data`, `load_checkpoint` and `save_checkpoint`; `ClassCounter` counts classes under `Noise`.

Training is in `rstheory.smoothing.training`. torch is loaded when one of these names is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rstheory.sequential.rule import FixedDraws, StoppingRule
    from rstheory.smoothing.api import certify, predict
    from rstheory.smoothing.counting import ClassCounter
    from rstheory.smoothing.data import Dataset
    from rstheory.smoothing.data import load as load_data
    from rstheory.smoothing.models import Checkpoint, load_checkpoint, save_checkpoint
    from rstheory.smoothing.noise import Noise
    from rstheory.smoothing.run import Machine, run_checkpoint
    from rstheory.smoothing.tasks import Certify, Predict

__all__ = [
    "Certify",
    "Checkpoint",
    "ClassCounter",
    "Dataset",
    "FixedDraws",
    "Machine",
    "Noise",
    "Predict",
    "StoppingRule",
    "certify",
    "load_checkpoint",
    "load_data",
    "predict",
    "run_checkpoint",
    "save_checkpoint",
]

_ROOMS = {
    "rstheory.sequential.rule": ("FixedDraws", "StoppingRule"),
    "rstheory.smoothing.api": ("certify", "predict"),
    "rstheory.smoothing.counting": ("ClassCounter",),
    "rstheory.smoothing.data": ("Dataset", "load_data"),
    "rstheory.smoothing.models": ("Checkpoint", "load_checkpoint", "save_checkpoint"),
    "rstheory.smoothing.noise": ("Noise",),
    "rstheory.smoothing.run": ("Machine", "run_checkpoint"),
    "rstheory.smoothing.tasks": ("Certify", "Predict"),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _ROOM_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    room = import_module(_ROOM_OF[name])
    return getattr(room, {"load_data": "load"}.get(name, name))


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
