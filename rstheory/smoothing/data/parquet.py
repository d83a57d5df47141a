"""Image sets in the forms of the Hugging Face hub: an image column (struct of bytes and path) and a column of labels.

A folder holds each split as `test.parquet` or in shards, `train-00000-of-00002.parquet` and so on. A hub data set keeps
them one or more folders deeper (data/, plain_text/, a snapshot in its cache), its converted branch as
`default/train/0000.parquet`, and `save_to_disk` writes `test/data-00000-of-00001.arrow`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from rstheory._classes import CIFAR10
from rstheory.smoothing.data import cifar
from rstheory.smoothing.data.dataset import MOST_CLASSES, Dataset
from rstheory.smoothing.data.decode import decode, refuse_beyond_memory, title
from rstheory.smoothing.data.missing import no_package, no_split

_IMAGE_COLUMNS = ("img", "image")
_LABEL_COLUMNS = ("label", "fine_label")  # CIFAR-100 has the second; its coarse_label is another question
_SHARD = re.compile(r"(.*)-(\d+)-of-(\d+)(?:-[0-9a-f]+)?\.(parquet|arrow)")
_ENDINGS = (".parquet", ".arrow")
_ROWS = 1000  # read at once, so that what was read is weighed before more is
_DEEPEST, _MOST_FOLDERS = 5, 300  # where files are looked for below a folder
_LONGEST_METADATA = 2**24  # bytes

Splits = dict[str, list[Path]]


def find(root: Path) -> Splits:
    """The files of each split, sorted by name, in the folder or below it.

    The split is what stands before the first '-' in a file's name, or the folder's name where the file's is a number or
    "data". ValueError where several data sets lie below the folder, naming them.
    """
    sets: dict[Path, Splits] = {}
    for folder, files in _folders(root):
        for path in files:
            split, home = path.stem.partition("-")[0], folder
            if (split.isdigit() or split == "data") and folder != root:
                split, home = folder.name, folder.parent
            sets.setdefault(home, {}).setdefault(split, []).append(path)
        if folder == root and sets:
            break
    if len(sets) > 1:
        homes = ", ".join(sorted(str(home.relative_to(root)) for home in sets)[:10])
        raise ValueError(f"{root}: it holds {len(sets)} data sets, in {homes}: name one of these folders")
    return next(iter(sets.values()), {})


def _folders(root: Path) -> Iterator[tuple[Path, list[Path]]]:
    """The folder and those below it, nearest first, each with its files of data.

    It ends after more folders than a hub data set has. A tree of image files may have thousands.
    """
    level, seen = [root], 0
    for _ in range(_DEEPEST + 1):
        deeper: list[Path] = []
        for folder in level:
            if (seen := seen + 1) > _MOST_FOLDERS:
                return
            with os.scandir(folder) as entries:  # knows folders from files without asking for each
                shown = sorted((entry.name, entry.is_dir()) for entry in entries if not entry.name.startswith("."))
            yield folder, [folder / name for name, is_dir in shown if not is_dir and name.endswith(_ENDINGS)]
            deeper += [folder / name for name, is_dir in shown if is_dir]
        level = deeper


def read(folder: Path, split: str, label: str | None = None) -> Dataset:
    """One split of a folder of Parquet or Arrow files.

    label: the column of labels; `label`, else `fine_label`, if None.

    Class names come from the Hugging Face metadata; without it they are CIFAR-10's for ten classes of 32 x 32 images,
    else the numbers up to the largest label. Raises ValueError, naming the file and the row, for a shard that is
    missing, a file that is damaged or has another schema, and whatever `decode` and `Dataset` refuse.
    """
    splits = find(folder)
    if split not in splits:
        raise no_split(folder, split, splits)
    _refuse_missing_shards(splits[split])
    names: tuple[str, ...] | None = None
    images: list[tuple[str, bytes | Path]] = []
    labels: list[int] = []
    for i, path in enumerate(splits[split]):
        encoded, numbers, told = _read_file(path, label)
        if i > 0 and told != names:
            raise ValueError(f"{path}: its metadata names the classes {told}, and {splits[split][0].name} {names}")
        names = told
        most = MOST_CLASSES if names is None else len(names)
        for row, number in enumerate(numbers):
            if not 0 <= number < most:
                classes = f"there are {len(names)} classes" if names else f"labels count from 0 to {most - 1}"
                raise ValueError(f"{path}, row {row}: label={number} is not allowed: {classes}")
        images += [(f"{path}, row {row}", content) for row, content in enumerate(encoded)]
        labels += numbers
    if not images:
        raise ValueError(f"{splits[split][0]}: there is no row in it")
    pixels, formats = decode(images)
    if names is None:
        count = max(labels) + 1
        is_cifar = count == len(CIFAR10) and pixels.shape[1:] == cifar.SHAPE
        names = CIFAR10 if is_cifar else tuple(map(str, range(count)))
    dataset = "CIFAR-10" if names == CIFAR10 else folder.resolve().name
    asked = f" {label}" if label else ""
    return Dataset(pixels, torch.tensor(labels), names, title(dataset + asked, formats, split))


def _refuse_missing_shards(paths: list[Path]) -> None:
    """Names say how many shards there are; a set with one missing would pass for a smaller set."""
    shards = [match.groups() for path in paths if (match := _SHARD.fullmatch(path.name))]
    for stem, _, count, form in shards:
        present = {int(place) for other, place, of, _ in shards if (other, of) == (stem, count)}
        missing = next((place for place in range(len(present) + 1) if place not in present), 0)
        if missing < int(count):
            raise ValueError(f"{paths[0].parent}: {stem}-{missing:05}-of-{count}.{form} is missing")


def _read_file(path: Path, label: str | None) -> tuple[list[bytes], list[int], tuple[str, ...] | None]:
    """The encoded images, the labels, and the class names if the file tells them."""
    try:
        import pyarrow as pa
    except ImportError as error:
        raise no_package("pyarrow", "reading Parquet", "torch") from error
    images: list[Any] = []
    labels: list[Any] = []
    taken = 0
    try:
        with _opened(path) as (schema, batches):
            column, label = _columns(schema, label)
            for batch in batches(column, label):
                part = [row and row["bytes"] for row in batch.column(column).to_pylist()]
                images += part
                labels += batch.column(label).cast(pa.int64()).to_pylist()
                taken += sum(len(content) for content in part if content)
                refuse_beyond_memory(taken, "its images")
    except (pa.ArrowException, ValueError, OSError) as error:  # pyarrow raises either on damaged files
        if isinstance(error, OSError) and error.filename is not None:
            raise  # the file could not be opened
        raise ValueError(f"{path}: {error}") from error
    for name, values in ((f"{column}.bytes", images), (label, labels)):
        if None in values:
            raise ValueError(f"{path}, row {values.index(None)}: {name} is missing")
    return images, labels, _class_names(path, label, schema.metadata or {})


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """The schema of a file, and a function from the two columns to its rows, some at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with open(path, "rb") as file:
        if path.suffix == ".arrow":
            stream = pa.ipc.open_stream(file)
            yield stream.schema, lambda *columns: (_valid(batch.select(columns)) for batch in stream)
        else:
            parquet = pq.ParquetFile(file)
            yield (
                parquet.schema_arrow,
                lambda column, label: parquet.iter_batches(_ROWS, columns=[f"{column}.bytes", label]),
            )


def _valid(batch: Any) -> Any:
    """The rows of a stream, whose offsets pyarrow otherwise believes: a wrong one would read foreign memory."""
    batch.validate(full=True)
    return batch


def _columns(schema: Any, label: str | None) -> tuple[str, str]:
    """Names of the columns of images and of labels."""
    import pyarrow as pa

    pictures = [field.name for field in schema if _is_image(field.type)]
    column = next((name for name in _IMAGE_COLUMNS if name in schema.names), *pictures[:1] or [None])
    numbers = ", ".join(field.name for field in schema if pa.types.is_integer(field.type))
    if label is not None and label not in schema.names:
        raise ValueError(f"label={label!r} is not there: columns of integers are {numbers or 'none'}")
    label = label or next((name for name in _LABEL_COLUMNS if name in schema.names), None)
    if column not in pictures or label is None:
        held = ", ".join(f"{field.name} ({field.type})" for field in list(schema)[:20])
        other = f"; if the labels are in one of {numbers}, name it by --label" if numbers and column in pictures else ""
        raise ValueError(
            "it must have the columns img or image (struct of bytes and path) and label, and it has"
            f" {held[:1000]}{other}"
        )
    if not pa.types.is_integer(schema.field(label).type):
        raise ValueError(f"{label} is {schema.field(label).type}: it must be an integer")
    return str(column), label


def _is_image(kind: Any) -> bool:
    import pyarrow as pa

    if not pa.types.is_struct(kind) or kind.get_field_index("bytes") < 0:
        return False
    content = kind.field("bytes").type
    return bool(pa.types.is_binary(content) or pa.types.is_large_binary(content))


def _class_names(path: Path, label: str, metadata: dict[bytes, bytes]) -> tuple[str, ...] | None:
    """features -> column of labels -> names of the metadata that `datasets` writes; None if it holds no names."""
    try:
        if len(text := metadata[b"huggingface"]) > _LONGEST_METADATA:
            raise ValueError(f"it has {len(text)} bytes")
        names = json.loads(text)["info"]["features"][label]["names"]
    except (KeyError, TypeError):  # no metadata, or labels that are plain numbers there
        return None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: its huggingface metadata is no JSON that can be read: {error}") from error
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise ValueError(
            f"{path}: its huggingface metadata names the classes {names!r:.200}: it must be a list of text"
        )
    if len(names) > MOST_CLASSES:
        raise ValueError(f"{path}: its huggingface metadata names {len(names)} classes: {MOST_CLASSES} are allowed")
    return tuple(names)
