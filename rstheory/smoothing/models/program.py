"""Models known only by what they compute: `torch.export` files (.pt2) and TorchScript.

Such a file is a program. It is read only where its user trusts it, and even then only what a plain export of a
classifier needs is handed to torch: see `exported` and `script`.
"""

from __future__ import annotations

import copy
import hashlib
import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rstheory.smoothing.models.checkpoint import Checkpoint
from rstheory.smoothing.models.exported import plain_export
from rstheory.smoothing.models.registry import check_shape
from rstheory.smoothing.models.script import plain_script

PROBE = 2  # inputs in a trial run: a program exported for any number of inputs may still except a single one
TRIALS = 4
# Two batches of one size run the same kernels, which treat each row alike. Dropout and batch statistics change logits
# by a good part of their spread.
ROUNDING = 1e-3


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

    * kind: "torch.export" or "TorchScript".
    * shape: of one input. Such a file does not reliably say it.

    The program must take any number of inputs, and it normalises by itself. Converting it to another type or device
    can fail where the program names one.

    ValueError for a file that holds more than a plain export, and for a program whose answer to one input depends on
    chance or on the other inputs of the batch. That is what dropout and batch norm do in training mode: such a program
    is no fixed function, and nothing certified of it would be true. A program that changes its answer in other ways,
    such as after its thousandth call, is not found out.
    """
    if shape is None:
        raise ValueError(f"{path}: a {kind} file does not say what it takes: give shape, such as (3, 32, 32)")
    shape = check_shape(shape)
    content = path.read_bytes()  # once, so that what is looked into, loaded and named by its digest is the same
    try:
        if kind == "torch.export":
            program = _load_exported(plain_export(content, torch.zeros(PROBE, *shape)))
        else:
            program = _load_torchscript(plain_script(content))
    except (OSError, MemoryError):
        raise
    except Exception as error:  # a broken program can fail in any way
        raise ValueError(f"{path}: {kind} cannot load the file: {_first_line(error)}") from error
    model = Program(program).requires_grad_(False)
    classes = _classes(path, model, shape)
    _refuse_training_mode(path, model, shape)
    digest = hashlib.sha256(content).hexdigest()  # weights_digest would leave the code out
    return Checkpoint(model, "program", classes, shape, {"format": kind, "file_sha256": digest})


def _load_exported(file: io.BytesIO) -> nn.Module:
    # Not torch.export.load: where this reader gives up, that one goes on to an older format made of pickles.
    from torch.export.pt2_archive._package import load_pt2

    return load_pt2(file).exported_programs["model"].module()


def _load_torchscript(file: io.BytesIO) -> nn.Module:
    with warnings.catch_warnings():
        # torch has deprecated TorchScript for torch.export, but whoever holds such a file may still certify it.
        warnings.filterwarnings("ignore", r"`torch\.jit\.load` is deprecated", DeprecationWarning)
        load: Any = torch.jit.load  # untyped
        program: nn.Module = load(file, map_location="cpu")
    return program.eval()


def _classes(path: Path, model: Program, shape: tuple[int, ...]) -> int:
    zeros = torch.zeros(PROBE, *shape)
    logits = _answers(path, model, zeros)
    if not isinstance(logits, Tensor) or logits.dim() != 2 or len(logits) != PROBE or logits.shape[1] < 2:
        found = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        raise ValueError(f"{path}: answers {found} to {PROBE} inputs where logits ({PROBE}, classes) are expected")
    return logits.shape[1]


def _answers(path: Path, model: Program, inputs: Tensor) -> Tensor:
    try:
        with torch.no_grad():
            logits: Tensor = model(inputs)
            return logits
    except (RuntimeError, AssertionError, ValueError, TypeError) as error:  # what graphs and their guards raise
        raise ValueError(
            f"{path}: does not run on inputs {tuple(inputs.shape)}: {_first_line(error)}. Is this shape right, and was "
            "it exported with a dynamic batch axis (torch.export: dynamic_shapes)?"
        ) from error


def _refuse_training_mode(path: Path, model: Program, shape: tuple[int, ...]) -> None:
    """Ask for the same input in batches with different others, and twice in the same batch."""
    generator = torch.Generator().manual_seed(0)
    for _ in range(TRIALS):
        x, other = torch.rand(2, *shape, generator=generator)
        batches = [torch.stack(pair) for pair in ((x, torch.zeros(shape)), (x, 3 * other - 1), (x, torch.zeros(shape)))]
        first, *others = [_answers(path, model, batch)[0].double() for batch in batches]
        room = ROUNDING * float((first.max() - first.min()).nan_to_num()) + 1e-6
        if not all(torch.allclose(first, logits, rtol=ROUNDING, atol=room, equal_nan=True) for logits in others):
            raise ValueError(
                f"{path}: its answer to an input changes with the other inputs of the batch, or from run to run: it is"
                " in training mode, so nothing certified of it would be true. Call eval() on the model and export anew"
            )


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:300] or type(error).__name__
