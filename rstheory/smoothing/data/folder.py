"""Trees of image files: root/split/class/image, or root/class/image where there is one split only."""

from __future__ import annotations

import itertools
import re
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch

from rstheory.smoothing.data.dataset import MOST_CLASSES, Dataset
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
    """One split of a tree of image files, by label and then by file name.

    Images are files that end in one of `SUFFIXES`, in any case; hidden files and all others are passed over. A class is
    a folder of images in any split, so that a label means the same in all of them; `numbered` says which label it has.
    A tree without split folders counts as the split "test". Raises ValueError for whatever `decode` refuses, and warns
    where other programs may number the classes otherwise.
    """
    splits = find(root)
    if split not in splits:
        raise no_split(root, split, splits)
    classes, doubt = numbered({folder.name for folders in splits.values() for folder in folders})
    if doubt:
        warnings.warn(f"{root}: {doubt}", stacklevel=3)
    number = {name: label for label, name in enumerate(classes)}
    folders = sorted(splits[split], key=lambda folder: number[folder.name])
    paths = [(path, number[folder.name]) for folder in folders for path in sorted(_images(folder))]
    pixels, formats = decode([(str(path), path) for path, _ in paths])
    labels = torch.tensor([label for _, label in paths])
    return Dataset(pixels, labels, classes, title(root.resolve().name, formats, split))


def numbered(names: Iterable[str]) -> tuple[tuple[str, ...], str | None]:
    """Names of class folders, each at the place that is its label, and what is doubtful about that, if anything.

    Folders named 0, 1, 2, … have the label that their name says, and so do numbers with gaps: then the missing ones are
    classes without an image. Folders named 1, 2, 3, … begin at label 0. All others are sorted as text, as torchvision's
    ImageFolder does with all names.

    >>> numbered(["0", "2", "1"])
    (('0', '1', '2'), None)
    >>> numbered(["10", "9"])[0][8:]
    ('8', '9', '10')
    >>> numbered(["class9", "class10"])[1]
    'class folders are sorted as text, which puts class10 before class9: if the network counts otherwise, rename them'
    """
    names = sorted(names)
    numbers = {int(name): name for name in names if re.fullmatch(r"[0-9]{1,9}", name)}
    if len(numbers) < len(names) or max(numbers, default=0) >= MOST_CLASSES:
        place = {name: i for i, name in enumerate(sorted(names, key=_natural))}
        swapped = next((pair for pair in itertools.pairwise(names) if place[pair[0]] > place[pair[1]]), None)
        if swapped is None:
            return tuple(names), None
        order = f"which puts {swapped[0]!s:.40} before {swapped[1]!s:.40}"
        return tuple(names), f"class folders are sorted as text, {order}: if the network counts otherwise, rename them"
    first, last = min(numbers), max(numbers)
    if first == 1 and last == len(numbers):
        return tuple(numbers[i] for i in range(1, last + 1)), (
            f"class folders are named 1 to {last}, and the network counts from 0: folder 1 is taken for label 0"
        )
    classes = tuple(numbers.get(i, str(i)) for i in range(last + 1))
    if len(numbers) <= last:
        missing = next(i for i in range(last) if i not in numbers)
        return classes, f"there is no class folder {missing}: labels are the folders' numbers all the same"
    if list(classes) != names:
        return classes, (
            "class folders are numbers, and labels are these numbers; torchvision's ImageFolder sorts them as text"
            " (0, 1, 10, …): a network that was trained through it counts otherwise"
        )
    return classes, None


def _natural(name: str) -> str:
    """A key that sorts the numbers in names by their size, and all else as text."""
    return re.sub(r"[0-9]+", lambda digits: digits[0].zfill(20), name)


def _classes(folder: Path) -> list[Path]:
    return [inner for inner in _folders(folder) if any(_images(inner))]


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _images(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file():
            yield path
