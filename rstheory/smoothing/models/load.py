"""One way into every checkpoint: the content of a file, not its name, says what it is."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Sequence
from pathlib import Path

from rstheory.smoothing.models.checkpoint import Checkpoint, read_checkpoint
from rstheory.smoothing.models.program import read_program
from rstheory.smoothing.models.published import read_published

ACCEPTED = (
    "safetensors of save_checkpoint, torch.save files of CIFAR ResNets (the field's checkpoint.pth.tar), "
    "torch.export files (.pt2) and TorchScript"
)


def load_checkpoint(
    path: str | os.PathLike[str],
    *,
    shape: Sequence[int] | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    trust_program: bool = False,
) -> Checkpoint:
    """Read a base classifier, on the CPU and in eval mode, from any of the files that the field keeps them in.

    Data, which run nothing:

    * Our own safetensors files (`save_checkpoint`). They say everything; shape may be given and must then agree. Those
      of an architecture of your own, module:factory, import that module, so they need trust_program, too.
    * Published `torch.save` files of CIFAR ResNets. mean and std are the normalisation that these files lack; see
      `published.read_published` for what they default to, and which models need others.

    Programs, which run what their author wrote, and are refused unless trust_program is given:

    * torch.export (.pt2) and TorchScript. They need shape; see `program.read_program`. Even then, a file is refused
      that holds pickled objects, compiled libraries, or operators that touch files.

    ValueError naming the file if it is none of these, broken, or of another architecture. OSError if it cannot be
    opened.
    """
    path = Path(path)
    kind = _kind(path)
    if kind == "published":
        return read_published(path, shape, mean, std)
    if mean is not None or std is not None:
        raise ValueError(f"{path}: mean={mean}, std={std} is not allowed: a {kind} file holds its own normalisation")
    if kind != "safetensors":
        if not trust_program:
            raise ValueError(
                f"{path}: a {kind} file is a program, and to load it is to run what its author wrote: give"
                " --trust-program (trust_program=True) if you trust whoever made it"
            )
        return read_program(path, kind, shape)
    checkpoint = read_checkpoint(path, trust_program)
    if shape is not None and tuple(shape) != checkpoint.shape:
        channels = checkpoint.shape[0]
        advice = f"; to read grey images as colour, give --channels {channels}" if shape[:1] != (channels,) else ""
        raise ValueError(
            f"{path}: shape={tuple(shape)} is not allowed: the network takes inputs {checkpoint.shape}, so the data are"
            f" not of the kind that it was made for{advice}"
        )
    return checkpoint


def _kind(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(9)
    if start[8:] == b"{":  # behind the eight bytes that hold the length of the header
        return "safetensors"
    if start[:1] == b"\x80":  # a pickle: torch.save before torch 1.6, hence most of the published files
        return "published"
    if start[:2] == b"PK":
        try:
            with zipfile.ZipFile(path) as archive:
                names = {name.rpartition("/")[2] for name in archive.namelist()}
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:  # its table of contents is damaged
            raise ValueError(f"{path}: broken archive ({error}); fetch it again") from error
        if names & {"archive_format", "serialized_exported_program.json"}:  # since torch 2.7, and before
            return "torch.export"
        if "constants.pkl" in names:
            return "TorchScript"
        if "data.pkl" in names:
            return "published"
    raise ValueError(f"{path}: no checkpoint that can be read. Accepted are {ACCEPTED}")
