"""CIFAR-10 and CIFAR-100 as their authors publish them: folders of pickles, or the archives that hold them.

https://www.cs.toronto.edu/~kriz/cifar.html describes the form: pickled batches of images, one row of 3,072 bytes per
image: red, green and blue planes after each other.
"""

from __future__ import annotations

import hashlib
import math
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from rstheory.smoothing.data.dataset import Dataset
from rstheory.smoothing.data.missing import no_split
from rstheory.smoothing.data.unpickle import unpickle


@dataclass(frozen=True)
class Release:
    """One of the two sets as published.

    * name: what it is called.
    * folder, archive: names of the two forms.
    * splits: the files of each split.
    * meta: the file of class names.
    * labels: for each kind of label that `load` may be asked for, the entry of a batch and the entry of `meta`. The
      first is the one that is meant where nobody asks.
    * classes: how many classes each kind of label has.
    """

    name: str
    folder: str
    archive: str
    splits: Mapping[str, tuple[str, ...]]
    meta: str
    labels: Mapping[str, tuple[str, str]]
    classes: Mapping[str, int]


CIFAR10 = Release(
    "CIFAR-10",
    "cifar-10-batches-py",
    "cifar-10-python.tar.gz",
    {"train": tuple(f"data_batch_{i}" for i in range(1, 6)), "test": ("test_batch",)},
    "batches.meta",
    {"label": ("labels", "label_names")},
    {"label": 10},
)
CIFAR100 = Release(
    "CIFAR-100",
    "cifar-100-python",
    "cifar-100-python.tar.gz",
    {"train": ("train",), "test": ("test",)},
    "meta",
    {
        "fine_label": ("fine_labels", "fine_label_names"),
        "coarse_label": ("coarse_labels", "coarse_label_names"),
    },
    {"fine_label": 100, "coarse_label": 20},
)
SHAPE = (3, 32, 32)

# MD5, as the authors and torchvision give them. MD5 finds damage and mix-ups; the unpickler sees to the rest.
CHECKSUMS = {
    CIFAR10.archive: "c58f30108f718f92721af3b95e74349a",
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
    CIFAR10.meta: "5ff9c542aee3614f3951f8cda6e48888",
    CIFAR100.archive: "eb9058c3a382ffc7106e4002c42a8d85",
    "train": "16019d7e3df5f24257cddd939b257f8d",
    "test": "f0ef6b0ae62326f3e7ffdfab6717acfc",
    CIFAR100.meta: "7973b15100ade9c7d40fb424638fde48",
}


def find(path: Path) -> tuple[Release, Path] | None:
    """Which of the sets `path` is or directly holds, and its folder or archive; None if there is neither."""
    if path.is_file():
        if not path.name.endswith((".tar.gz", ".tgz")):
            return None
        return (CIFAR100 if path.name.startswith("cifar-100") else CIFAR10), path
    if any((path / name).is_file() for name in (CIFAR10.meta, *CIFAR10.splits["train"], *CIFAR10.splits["test"])):
        return CIFAR10, path
    if (path / CIFAR100.meta).is_file() and any((path / name).is_file() for name in CIFAR100.splits):
        return CIFAR100, path
    places = ((release, path / name) for release in (CIFAR10, CIFAR100) for name in (release.folder, release.archive))
    return next((place for place in places if place[1].exists()), None)


def read(release: Release, path: Path, split: str, label: str | None = None) -> Dataset:
    """One split, "train" or "test", of what `find` found.

    label: which kind of label; the first of the release's if None.

    Raises ValueError, naming the file, what was found and what was expected, if a checksum differs, and naming what is
    wrong if a batch is of another make; FileNotFoundError if a batch is missing.
    """
    if split not in release.splits:
        raise no_split(path, split, release.splits)
    label = next(iter(release.labels)) if label is None else label
    if label not in release.labels:
        raise ValueError(f"{path}: label={label!r} is not there: {release.name} has {', '.join(release.labels)}")
    names = (release.meta, *release.splits[split])
    contents = _from_folder(path, names) if path.is_dir() else _from_archive(release, path, names)
    for name in names:
        _verify(path / name, hashlib.md5(contents[name], usedforsecurity=False).hexdigest(), CHECKSUMS[name])
    entry, names_entry = release.labels[label]
    classes = _classes(path / release.meta, contents[release.meta], names_entry)
    batches = [_batch(path / name, contents[name], entry, release.classes[label]) for name in release.splits[split]]
    images, labels = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    asked = f" {label}" if len(release.labels) > 1 else ""
    return Dataset(torch.from_numpy(images), torch.from_numpy(labels), classes, f"{release.name}{asked} {split}")


def _from_folder(folder: Path, names: Iterable[str]) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in names}


def _from_archive(release: Release, archive: Path, names: Iterable[str]) -> dict[str, bytes]:
    """The files asked for, read in one pass and by their exact names; nothing is written to disk."""
    wanted = {f"{release.folder}/{name}": name for name in names}
    contents: dict[str, bytes] = {}
    with open(archive, "rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        _verify(archive, found, CHECKSUMS[release.archive])
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


def _classes(path: Path, content: bytes, entry: str) -> tuple[str, ...]:
    meta = unpickle(str(path), content)
    names = meta.get(entry.encode()) if isinstance(meta, dict) else None
    if not isinstance(names, list) or not all(isinstance(name, bytes) for name in names):
        raise ValueError(f"{path}: it must be a dict with a list of names under {entry}")
    return tuple(name.decode() for name in names)


def _batch(path: Path, content: bytes, entry: str, classes: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images, uint8 of shape (n, 3, 32, 32), and labels, int64 of shape (n,)."""
    batch = unpickle(str(path), content)
    if not isinstance(batch, dict) or not {b"data", entry.encode()} <= batch.keys():
        raise ValueError(f"{path}: it must be a dict with data and {entry}")
    data, labels = batch[b"data"], batch[entry.encode()]
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.shape[1:] != (math.prod(SHAPE),):
        what = f"{data.dtype} {data.shape}" if isinstance(data, np.ndarray) else type(data).__name__
        raise ValueError(f"{path}: data is {what}: it must be a uint8 array of shape (n, {math.prod(SHAPE)})")
    wrong = not isinstance(labels, list) or len(labels) != len(data)
    if wrong or not all(type(label) is int and 0 <= label < classes for label in labels):
        raise ValueError(f"{path}: {entry} must be a list of {len(data)} integers in [0, {classes - 1}]")
    return data.reshape(-1, *SHAPE), np.array(labels, dtype=np.int64)
