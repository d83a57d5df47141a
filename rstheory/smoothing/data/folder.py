"""Trees of image files: root/split/class/image, or root/class/image where there is one split only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch

from rstheory.smoothing.data.dataset import Dataset
from rstheory.smoothing.data.decode import SUFFIXES, decode, title
from rstheory.smoothing.data.missing import no_split

ONLY_SPLIT = "test"  # what a tree without split folders counts as, so that nobody trains on what they certify


def find(root: Path) -> dict[str, list[Path]]:
    """The class folders of each split, sorted by name; those that hold no image directly do not count."""
    splits = {folder.name: classes for folder in _folders(root) if (classes := _classes(folder))}
    if not splits and (unsplit := _classes(root)):
        return {ONLY_SPLIT: unsplit}
    return splits


def read(root: Path, split: str) -> Dataset:
    """One split of a tree of image files, classes and files sorted by name.

    Images are files that end in one of `SUFFIXES`, in any case; hidden files and all others are passed over. A class is
    a folder of images in any split, so that a label means the same in all of them. A tree without split folders counts
    as the split "test". Raises ValueError for whatever `decode` refuses.
    """
    splits = find(root)
    if split not in splits:
        raise no_split(root, split, splits)
    classes = sorted({folder.name for folders in splits.values() for folder in folders})
    number = {name: label for label, name in enumerate(classes)}
    paths = [(path, number[folder.name]) for folder in splits[split] for path in sorted(_images(folder))]
    pixels, formats = decode([(str(path), path) for path, _ in paths])
    labels = torch.tensor([label for _, label in paths])
    return Dataset(pixels, labels, tuple(classes), title(root.resolve().name, formats, split))


def _classes(folder: Path) -> list[Path]:
    return [inner for inner in _folders(folder) if any(_images(inner))]


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _images(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file():
            yield path
