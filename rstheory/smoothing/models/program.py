"""Models known only by what they compute: `torch.export` files (.pt2) and TorchScript."""

from __future__ import annotations

import copy
import hashlib
import io
import json
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rstheory.smoothing.models.checkpoint import Checkpoint
from rstheory.smoothing.models.registry import check_shape

PROBE = 2  # inputs in the trial run: a program exported for any number of inputs may still except a single one


class Program(nn.Module):
    """A loaded program as a module: it runs, copies and moves, and its mode is the one it was exported in.

    >>> Program(nn.Flatten())(torch.zeros(2, 1, 3)).shape
    torch.Size([2, 3])
    """

    def __init__(self, program: nn.Module) -> None:
        super().__init__()
        self.program = program
        self.training = False

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.program(x)
        return logits

    def train(self, mode: bool = True) -> Program:
        """Does nothing: an exported graph refuses to change its mode, and says so by an error."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Program:
        with warnings.catch_warnings():
            # torch 2.13 copies an exported graph through its own deprecated LeafSpec: nothing that a caller can mend.
            warnings.filterwarnings("ignore", r"`isinstance\(treespec, LeafSpec\)` is deprecated", FutureWarning)
            return Program(copy.deepcopy(self.program, memo))


def read_program(path: Path, kind: str, shape: Sequence[int] | None) -> Checkpoint:
    """The classifier in a program file. The number of classes is what it answers to zeros of that shape.

    kind: "torch.export" or "TorchScript". shape: of one input, which such a file does not reliably say. The program
    must have been exported in eval mode (one that draws dropout masks is no fixed function, and nothing certified of
    it would be true), for any number of inputs, and normalises by itself. Converting it to another type or device can
    fail where the program names one. A program is code: open those that you trust. Pickles in it are refused.
    """
    if shape is None:
        raise ValueError(f"{path}: a {kind} file does not say what it takes: give shape, such as (3, 32, 32)")
    shape = check_shape(shape)
    try:
        program = _load_exported(path) if kind == "torch.export" else _load_torchscript(path)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # a broken program can fail in any way
        raise ValueError(f"{path}: {kind} cannot load the file: {_first_line(error)}") from error
    model = Program(program).requires_grad_(False)
    classes = _classes(path, model, shape)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()  # weights_digest would leave the code out
    return Checkpoint(model, "program", classes, shape, {"format": kind, "file_sha256": digest})


def _load_exported(path: Path) -> nn.Module:
    _refuse_pickles(path)
    return torch.export.load(path).module()


def _load_torchscript(path: Path) -> nn.Module:
    with warnings.catch_warnings():
        # torch has deprecated TorchScript for torch.export, but whoever holds such a file may still certify it.
        warnings.filterwarnings("ignore", r"`torch\.jit\.load` is deprecated", DeprecationWarning)
        load: Any = torch.jit.load  # untyped
        program: nn.Module = load(path, map_location="cpu")
    return program.eval()


def _refuse_pickles(path: Path) -> None:
    """`torch.export.load` unpickles some entries without restriction; a plain export has none that needs it."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        harmless = len(set(names)) == len(names)  # of two entries with one name, another reader may take the other one
        for name in names:
            if name.endswith("_config.json"):
                harmless &= _no_pickles(archive.read(name))
            elif name.endswith(".pt") and (content := archive.read(name)):
                harmless &= _is_plain(content)
    if not harmless:
        raise ValueError("it holds pickled Python objects, which are not opened since opening them runs code")


def _no_pickles(config: bytes) -> bool:
    """Whether an index of an exported file's tensors names raw tensors only."""
    try:
        entries = json.loads(config)["config"].values()
        return all(not e["use_pickle"] and e["path_name"].startswith(("weight_", "tensor_")) for e in entries)
    except (ValueError, TypeError, KeyError, AttributeError):
        return False


def _is_plain(content: bytes) -> bool:
    try:
        torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  # a broken pickle can fail in any way, and is refused whichever it is
        return False
    return True


def _classes(path: Path, model: Program, shape: tuple[int, ...]) -> int:
    zeros = torch.zeros(PROBE, *shape)
    try:
        with torch.no_grad():
            logits = model(zeros)
    except (RuntimeError, AssertionError, ValueError, TypeError) as error:  # what graphs and their guards raise
        raise ValueError(
            f"{path}: does not run on inputs {tuple(zeros.shape)}: {_first_line(error)}. Is this shape right, and was "
            "it exported with a dynamic batch axis (torch.export: dynamic_shapes)?"
        ) from error
    if not isinstance(logits, Tensor) or logits.dim() != 2 or len(logits) != PROBE or logits.shape[1] < 2:
        found = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        raise ValueError(f"{path}: answers {found} to {PROBE} inputs where logits ({PROBE}, classes) are expected")
    return logits.shape[1]


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
