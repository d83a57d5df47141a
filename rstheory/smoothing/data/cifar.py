"""CIFAR-10 as its authors publish it: the folder `cifar-10-batches-py`, or the archive that holds it.

https://www.cs.toronto.edu/~kriz/cifar.html describes the form: pickled batches of 10,000 images, one row of 3,072 bytes
an image, red, green and blue planes after each other.
"""

from __future__ import annotations

import hashlib
import math
import tarfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from rstheory._classes import CIFAR10
from rstheory.smoothing.data.dataset import Dataset
from rstheory.smoothing.data.missing import no_split
from rstheory.smoothing.data.unpickle import unpickle

FOLDER = "cifar-10-batches-py"
ARCHIVE = "cifar-10-python.tar.gz"
SPLITS = {"train": tuple(f"data_batch_{i}" for i in range(1, 6)), "test": ("test_batch",)}
META = "batches.meta"
SHAPE = (3, 32, 32)

# MD5, as the authors and torchvision give them. MD5 finds damage and mix-ups; the unpickler sees to the rest.
CHECKSUMS = {
    ARCHIVE: "c58f30108f718f92721af3b95e74349a",
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
    META: "5ff9c542aee3614f3951f8cda6e48888",
}


def find(path: Path) -> Path | None:
    """The folder of batches or the archive that `path` is or directly holds; None if there is neither."""
    if path.is_file():
        return path if path.name.endswith((".tar.gz", ".tgz")) else None
    if any((path / name).is_file() for name in (META, *SPLITS["train"], *SPLITS["test"])):
        return path
    return next((found for name in (FOLDER, ARCHIVE) if (found := path / name).exists()), None)


def read(path: Path, split: str) -> Dataset:
    """One split, "train" or "test", of what `find` found.

    Raises ValueError, naming the file, what was found and what was expected, if a checksum differs, and naming what is
    wrong if a batch is of another make; FileNotFoundError if a batch is missing.
    """
    if split not in SPLITS:
        raise no_split(path, split, SPLITS)
    names = (META, *SPLITS[split])
    contents = _from_folder(path, names) if path.is_dir() else _from_archive(path, names)
    for name in names:
        _verify(path / name, hashlib.md5(contents[name], usedforsecurity=False).hexdigest(), CHECKSUMS[name])
    classes = _classes(path / META, contents[META])
    batches = [_batch(path / name, contents[name]) for name in SPLITS[split]]
    images, labels = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    return Dataset(torch.from_numpy(images), torch.from_numpy(labels), classes, f"CIFAR-10 {split}")


def _from_folder(folder: Path, names: Iterable[str]) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in names}


def _from_archive(archive: Path, names: Iterable[str]) -> dict[str, bytes]:
    """The files asked for, read in one pass and by their exact names; nothing is written to disk."""
    wanted = {f"{FOLDER}/{name}": name for name in names}
    contents: dict[str, bytes] = {}
    with open(archive, "rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        _verify(archive, found, CHECKSUMS[ARCHIVE])
        file.seek(0)
        with tarfile.open(fileobj=file, mode="r|gz") as tar:
            for member in tar:
                if member.name in wanted and member.isreg() and (content := tar.extractfile(member)):
                    contents[wanted[member.name]] = content.read()
                if len(contents) == len(wanted):
                    return contents
    lacking = ", ".join(sorted(path for path, name in wanted.items() if name not in contents))
    raise FileNotFoundError(f"{archive}: the archive lacks {lacking}")


def _verify(path: Path, found: str, expected: str) -> None:
    if found != expected:
        raise ValueError(
            f"{path}: MD5 {found} found, {expected} expected: the file is damaged or another one; get it again"
        )


def _classes(path: Path, content: bytes) -> tuple[str, ...]:
    meta = unpickle(str(path), content)
    names = meta.get(b"label_names") if isinstance(meta, dict) else None
    if not isinstance(names, list) or not all(isinstance(name, bytes) for name in names):
        raise ValueError(f"{path}: it must be a dict with a list of names under label_names")
    return tuple(name.decode() for name in names)


def _batch(path: Path, content: bytes) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images, uint8 of shape (n, 3, 32, 32), and labels, int64 of shape (n,)."""
    batch = unpickle(str(path), content)
    if not isinstance(batch, dict) or not {b"data", b"labels"} <= batch.keys():
        raise ValueError(f"{path}: it must be a dict with data and labels")
    data, labels = batch[b"data"], batch[b"labels"]
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.shape[1:] != (math.prod(SHAPE),):
        what = f"{data.dtype} {data.shape}" if isinstance(data, np.ndarray) else type(data).__name__
        raise ValueError(f"{path}: data is {what}: it must be a uint8 array of shape (n, {math.prod(SHAPE)})")
    wrong = not isinstance(labels, list) or len(labels) != len(data)
    if wrong or not all(type(label) is int and 0 <= label < len(CIFAR10) for label in labels):
        raise ValueError(f"{path}: labels must be a list of {len(data)} integers in [0, {len(CIFAR10) - 1}]")
    return data.reshape(-1, *SHAPE), np.array(labels, dtype=np.int64)
