"""Checkpoints: a model with what it takes to rebuild, run and cite it, and our own file of one."""

from __future__ import annotations

import json
import os
import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import nn

from rstheory._files import atomic_write
from rstheory._version import __version__
from rstheory.smoothing.models.registry import build, check_problem, is_own
from rstheory.smoothing.models.weights import check_fit, fill, narrowed, weights_digest, widened

FORMAT = "rstheory-checkpoint-1"
OURS = ("format", "arch", "classes", "shape", "weights_sha256", "rstheory")  # metadata that `save_checkpoint` writes
LONGEST = 200  # characters in what describes a model


@dataclass(frozen=True)
class Checkpoint:
    """A base classifier and where it comes from.

    * model: maps inputs (batch, *shape) with pixels in [0, 1] to logits (batch, classes); in eval mode, on the CPU.
    * arch: its name for `build`, or "program" for a model that is known only by what it computes.
    * classes: how many there are.
    * shape: of one input.
    * metadata: what the file says of itself, all text: "format", and what the writer added (sigma, method, ...).
    """

    model: nn.Module
    arch: str
    classes: int
    shape: tuple[int, ...]
    metadata: Mapping[str, str]

    def __post_init__(self) -> None:
        check_problem(self.classes, self.shape)
        _check_text(self.metadata)

    @property
    def fingerprint(self) -> str:
        """SHA-256, in hexadecimal, that tells this network from others, as logs and measurements keep it.

        That of the file where the network is a program, since its code counts, too; else `weights_digest`.
        """
        return self.metadata.get("file_sha256") or weights_digest(self.model)


def save_checkpoint(
    path: str | os.PathLike[str],
    model: nn.Module,
    *,
    arch: str,
    classes: int,
    shape: Sequence[int],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write a model that `build(arch, classes, shape)` made to a safetensors file, complete or not at all.

    metadata: text under names of your choice, such as sigma, method, the training configuration as JSON, and a digest
    of the data. The file also records the library's version, and the digest of the weights, which is checked on
    loading. ValueError if the weights are not those of such a model: a wrapped, compiled, folded or converted copy
    would not load again.

    Weights that float16 holds exactly are stored in it; loaded, they are float32 again, every bit the same.

    >>> import tempfile
    >>> from rstheory.smoothing.models import load_checkpoint
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_checkpoint(f"{folder}/a.safetensors", build("constant", 10, (1, 8, 8), label=3),
    ...                     arch="constant", classes=10, shape=(1, 8, 8), metadata={"sigma": "0.25"})
    ...     loaded = load_checkpoint(f"{folder}/a.safetensors")
    >>> loaded.arch, loaded.shape, loaded.metadata["sigma"]
    ('constant', (1, 8, 8), '0.25')
    """
    path, metadata = Path(path), dict(metadata or {})
    _check_text(metadata)
    if reserved := sorted(metadata.keys() & set(OURS)):
        raise ValueError(f"metadata[{reserved[0]!r}] is not allowed: save_checkpoint writes {', '.join(OURS)} itself")
    classes, shape = check_problem(classes, shape)
    where = f"{path} is not written: the model is no {arch} for {classes} classes and inputs {shape}"
    check_fit(model.state_dict(), blank(arch, classes, shape), where)
    about = {
        "format": FORMAT,
        "arch": arch,
        "classes": str(classes),
        "shape": json.dumps(shape),
        "weights_sha256": weights_digest(model),
        "rstheory": __version__,
    }
    tensors = {
        name: narrowed(tensor.detach().cpu().contiguous().clone()) for name, tensor in model.state_dict().items()
    }
    with atomic_write(path) as part:
        part.write_bytes(safetensors.torch.save(tensors, metadata | about))


def read_checkpoint(path: Path, trust_program: bool = False) -> Checkpoint:
    """A file of `save_checkpoint`; ValueError naming it if it is none, or broken.

    trust_program: whether to import the module that it names as its architecture, where that is module:factory.
    """
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            about = file.metadata() or {}
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # it is no dictionary
    except safetensors.SafetensorError as error:
        raise ValueError(f"{path}: broken safetensors file ({error}); fetch or write it again") from error
    if about.get("format") != FORMAT or not about.keys() >= set(OURS):
        raise ValueError(
            f"{path}: these weights do not say of which model they are (its format is"
            f" {reprlib.repr(about.get('format'))}, not {FORMAT!r}); load them into the model and write it with"
            " save_checkpoint"
        )
    try:
        arch, classes, shape = _described(about)
        if is_own(arch) and not trust_program:
            raise ValueError(
                f"arch={arch} is code, and to load it is to run what its author wrote: give --trust-program"
                " (trust_program=True) if you trust that module"
            )
        model = blank(arch, classes, shape)
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"{path}: its description of the model is wrong: {error}") from error
    fill(model, widened(state, model), f"{path}: no {arch} for {classes} classes and inputs {shape}")
    if weights_digest(model) != about["weights_sha256"]:
        raise ValueError(f"{path}: the weights have changed since they were written; fetch or write the file again")
    described_by_fields = ("arch", "classes", "shape")
    return Checkpoint(model, arch, classes, shape, {k: v for k, v in about.items() if k not in described_by_fields})


def _described(about: Mapping[str, str]) -> tuple[str, int, tuple[int, ...]]:
    """Architecture, classes and shape, bounded before any layer is made of them."""
    for name in ("arch", "classes", "shape"):
        if len(about[name]) > LONGEST:
            raise ValueError(f"{name} is a text of {len(about[name])} characters: at most {LONGEST} are read")
    shape = json.loads(about["shape"])
    if not isinstance(shape, list):
        raise ValueError(f"shape={reprlib.repr(shape)} is not allowed: it must be a list of sizes")
    return about["arch"], *check_problem(int(about["classes"]), shape)


def blank(arch: str, classes: int, shape: Sequence[int]) -> nn.Sequential:
    """`build` without weights, for `fill`: no memory, no time, and none of the caller's random numbers."""
    with torch.device("meta"):
        return build(arch, classes, shape).eval()


def _check_text(metadata: Mapping[str, str]) -> None:
    for name, value in metadata.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise ValueError(f"metadata[{name!r}]={value!r} is not allowed: names and values are text; see json.dumps")
