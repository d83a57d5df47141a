"""Parquet files in the schema of Hugging Face's image sets: `img` or `image` (struct of bytes and path), and `label`.

A folder holds each split as `test.parquet` or in shards, `train-00000-of-00002.parquet` and so on.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import torch

from rstheory._classes import CIFAR10
from rstheory.smoothing.data import cifar
from rstheory.smoothing.data.dataset import Dataset
from rstheory.smoothing.data.decode import decode, title
from rstheory.smoothing.data.missing import no_package, no_split

_IMAGE_COLUMNS = ("img", "image")
_SHARD = re.compile(r"(.*)-(\d+)-of-(\d+)(?:-[0-9a-f]+)?\.parquet")


def find(folder: Path) -> dict[str, list[Path]]:
    """The files of each split, sorted by name: the split is what stands before the first '-' in a file's name."""
    splits: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("[!.]*.parquet")):
        splits.setdefault(path.stem.partition("-")[0], []).append(path)
    return splits


def read(folder: Path, split: str) -> Dataset:
    """One split of a folder of Parquet files.

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
        encoded, numbers, told = _read_file(path)
        if i > 0 and told != names:
            raise ValueError(f"{path}: its metadata names the classes {told}, and {splits[split][0].name} {names}")
        names = told
        for row, label in enumerate(numbers):
            if label < 0 or (names is not None and label >= len(names)):
                classes = f"there are {len(names)} classes" if names else "labels count from 0"
                raise ValueError(f"{path}, row {row}: label={label} is not allowed: {classes}")
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
    return Dataset(pixels, torch.tensor(labels), names, title(dataset, formats, split))


def _refuse_missing_shards(paths: list[Path]) -> None:
    """Names say how many shards there are; a set with one missing would pass for a smaller set."""
    shards = [match.groups() for path in paths if (match := _SHARD.fullmatch(path.name))]
    for stem, _, count in shards:
        present = {int(place) for other, place, of in shards if (other, of) == (stem, count)}
        for place in range(int(count)):
            if place not in present:
                raise ValueError(f"{paths[0].parent}: {stem}-{place:05}-of-{count}.parquet is missing")


def _read_file(path: Path) -> tuple[list[bytes], list[int], tuple[str, ...] | None]:
    """The encoded images, the labels, and the class names if the file tells them."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise no_package("pyarrow", "reading Parquet", "torch") from error
    with open(path, "rb") as file:
        try:
            parquet = pq.ParquetFile(file)
            schema = parquet.schema_arrow
            column = next((name for name in _IMAGE_COLUMNS if name in schema.names), None)
            if column is None or not _is_image(schema.field(column).type) or "label" not in schema.names:
                raise ValueError(
                    "it must have the columns img or image (struct of bytes and path) and label, and it has"
                    f" {', '.join(f'{field.name} ({field.type})' for field in schema)}"
                )
            if not pa.types.is_integer(schema.field("label").type):
                raise ValueError(f"label is {schema.field('label').type}: it must be an integer")
            table = parquet.read(columns=[f"{column}.bytes", "label"])
            images = [row and row["bytes"] for row in table.column(column).to_pylist()]
            labels = table.column("label").cast(pa.int64()).to_pylist()
        except (pa.ArrowException, ValueError, OSError) as error:  # pyarrow raises either on damaged files
            raise ValueError(f"{path}: {error}") from error
    for name, values in ((f"{column}.bytes", images), ("label", labels)):
        if None in values:
            raise ValueError(f"{path}, row {values.index(None)}: {name} is missing")
    return images, labels, _class_names(path, schema.metadata or {})


def _is_image(kind: Any) -> bool:
    import pyarrow as pa

    if not pa.types.is_struct(kind) or kind.get_field_index("bytes") < 0:
        return False
    content = kind.field("bytes").type
    return bool(pa.types.is_binary(content) or pa.types.is_large_binary(content))


def _class_names(path: Path, metadata: dict[bytes, bytes]) -> tuple[str, ...] | None:
    """features -> label -> names of the metadata that the `datasets` package writes; None if it holds no names."""
    try:
        names = json.loads(metadata[b"huggingface"])["info"]["features"]["label"]["names"]
    except (KeyError, TypeError):  # no metadata, or labels that are plain numbers there
        return None
    except ValueError as error:
        raise ValueError(f"{path}: its huggingface metadata is no JSON: {error}") from error
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{path}: its huggingface metadata names the classes {names!r}: it must be a list of names")
    return tuple(names)
