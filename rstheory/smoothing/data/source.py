"""One door to all forms of data."""

from __future__ import annotations

import os
from pathlib import Path

from rstheory.smoothing.data import cifar, digits, folder, parquet
from rstheory.smoothing.data.dataset import Dataset

_FORMS = (
    f"CIFAR-10 or CIFAR-100 as published (the folder {cifar.CIFAR10.folder} or {cifar.CIFAR100.folder}, the archive"
    f" {cifar.CIFAR10.archive} or {cifar.CIFAR100.archive}, or a folder with one of them)",
    "a data set of the Hugging Face hub (a folder with train-00000-of-00001.parquet, ..., in it or below)",
    "a folder of images (split/class/image.png, or class/image.png)",
    "the word digits, or the word cifar10 where the variable RSTHEORY_CIFAR10 names its folder",
)


def load(
    source: str | os.PathLike[str], split: str = "test", *, label: str | None = None, channels: int | None = None
) -> Dataset:
    """A data set, whole in memory, from whichever form it comes in.

    * source: CIFAR-10 or CIFAR-100 as their authors publish them (checksums verified); a folder of Parquet or Arrow
      files in the Hugging Face schema; a tree of image files; "digits" for scikit-learn's; or "cifar10" for what the
      environment variable RSTHEORY_CIFAR10 names, so that commands look the same on every machine (folders of these
      names are "./digits" and "./cifar10").
    * split: which part. Each form says in its module which there are.
    * label: which labels, where there are several, such as "fine_label" or "coarse_label". If None, they are those
      called "label", else "fine_label".
    * channels: 3 reads grey images as colour, and 1 reads as grey what was saved in colour without having any. If None,
      images are grey where all of them were saved so.

    Raises FileNotFoundError if there is nothing at the path; ValueError, naming file and value, if it has none of these
    forms, lacks the split or the labels, or is damaged; ImportError naming the package that its form needs.

    >>> data = load("digits", "train")
    >>> data.name, len(data), data.shape
    ('digits train', 1347, (1, 8, 8))
    """
    data = _read(source, split, label)
    return data if channels is None else data.with_channels(channels)


def _read(source: str | os.PathLike[str], split: str, label: str | None) -> Dataset:
    if source == "digits":
        _only_label("digits", label)
        return digits.read(split)
    if source == "cifar10":
        if not os.environ.get("RSTHEORY_CIFAR10"):
            raise ValueError("cifar10: set the environment variable RSTHEORY_CIFAR10 to its folder, or give the path")
        source = os.environ["RSTHEORY_CIFAR10"]
    path = Path(source)
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file or folder; data can be {'; '.join(_FORMS)}")
    if published := cifar.find(path):
        return cifar.read(*published, split, label)
    if path.is_dir():
        if parquet.find(path):
            return parquet.read(path, split, label)
        if folder.find(path):
            _only_label(str(path), label)
            return folder.read(path, split)
    raise ValueError(f"{path}: no data in a form that is known; data can be {'; '.join(_FORMS)}")


def _only_label(what: str, label: str | None) -> None:
    if label not in (None, "label"):
        raise ValueError(f"{what}: label={label!r} is not there: it has one kind of labels only")
