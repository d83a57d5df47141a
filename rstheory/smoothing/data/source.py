"""One door to all forms of data."""

from __future__ import annotations

import os
from pathlib import Path

from rstheory.smoothing.data import cifar, digits, folder, parquet
from rstheory.smoothing.data.dataset import Dataset

_FORMS = (
    f"CIFAR-10 as published (the folder {cifar.FOLDER} or the archive {cifar.ARCHIVE}, or a folder with one of them)",
    "a folder of Parquet files in the Hugging Face schema (train-00000-of-00001.parquet, ...)",
    "a folder of images (split/class/image.png, or class/image.png)",
    "the word digits, or the word cifar10 where the variable RSTHEORY_CIFAR10 names its folder",
)


def load(source: str | os.PathLike[str], split: str = "test") -> Dataset:
    """A data set, whole in memory, from whichever form it comes in.

    source: CIFAR-10 as its authors publish it (checksums verified); a folder of Parquet files in the Hugging Face
    schema; a tree of image files; "digits" for scikit-learn's; or "cifar10" for what the environment variable
    RSTHEORY_CIFAR10 names, so that commands look the same on every machine (folders of these names are "./digits" and
    "./cifar10"). split: which part; each form says in its module which there are.

    Raises FileNotFoundError if there is nothing at the path; ValueError, naming file and value, if it has none of these
    forms, lacks the split, or is damaged; ImportError naming the package that its form needs.

    >>> data = load("digits", "train")
    >>> data.name, len(data), data.shape
    ('digits train', 1347, (1, 8, 8))
    """
    if source == "digits":
        return digits.read(split)
    if source == "cifar10":
        if not os.environ.get("RSTHEORY_CIFAR10"):
            raise ValueError("cifar10: set the environment variable RSTHEORY_CIFAR10 to its folder, or give the path")
        source = os.environ["RSTHEORY_CIFAR10"]
    path = Path(source)
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file or folder; data can be {'; '.join(_FORMS)}")
    if published := cifar.find(path):
        return cifar.read(published, split)
    if path.is_dir():
        if parquet.find(path):
            return parquet.read(path, split)
        if folder.find(path):
            return folder.read(path, split)
    raise ValueError(f"{path}: no data in a form that is known; data can be {'; '.join(_FORMS)}")
