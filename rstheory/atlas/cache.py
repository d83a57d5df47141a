"""Summaries of an earlier run, kept for what has not changed. JSON, one line each, and a digest of them all at the end.

A line is found by the digest of what made it: the content of the files, their names, the rules, the common budget and
the version of the package. A cache that was cut off or changed is refused as a whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rstheory._files import atomic_write
from rstheory._version import __version__
from rstheory.atlas.grid import Images
from rstheory.atlas.rules import Rules
from rstheory.atlas.summary import Summary
from rstheory.logs.arrays import compact

_FORMAT = "rstheory atlas cache 1"


class CorruptedCacheError(ValueError):
    """A cache that is not what this module wrote."""


@dataclass(frozen=True, eq=False)
class Kept:
    """What is known of one log, or of the chunks of one run: its rows in the atlas, and the images that they name."""

    rows: tuple[Summary, ...]
    images: Mapping[str, Images]


def key(paths: Sequence[tuple[str, str]], rules: Rules, n: int, alpha: float, budgets: Sequence[int]) -> str:
    """Digest of all that the rows of some files depend on. paths: name in the atlas, and file.

    OSError where a file cannot be read.
    """
    digest = hashlib.sha256(json.dumps([_FORMAT, __version__, n, alpha, *budgets, rules.texts]).encode())
    for name, path in paths:
        with open(path, "rb") as file:
            content = hashlib.file_digest(file, "sha256").digest()
        digest.update(json.dumps([name, path]).encode() + content)
    return digest.hexdigest()


def read(path: Path) -> dict[str, Kept]:
    """What a cache holds; nothing if there is no such file. CorruptedCacheError where it cannot be trusted."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    body, _, last = content.rstrip(b"\n").rpartition(b"\n")
    try:
        if json.loads(last) != {"digest": hashlib.sha256(body).hexdigest()}:
            raise CorruptedCacheError(f"{path}: its digest does not fit its content")
        head, *lines = map(json.loads, body.split(b"\n"))
        if head != {"format": _FORMAT}:
            raise CorruptedCacheError(f"{path}: no cache of this version")
        images = {line["images"]: _images(line) for line in lines if "images" in line}
        kept = {}
        for line in lines:
            if "key" in line:
                rows = tuple(map(Summary.from_json, line["rows"]))
                kept[line["key"]] = Kept(rows, {row.images: images[row.images] for row in rows if row.images})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, CorruptedCacheError):
            raise
        raise CorruptedCacheError(f"{path}: {error}") from None
    return kept


def write(path: Path, kept: Mapping[str, Kept]) -> None:
    """Write a cache, whole or not at all. Images that several logs share are written once."""
    digest = hashlib.sha256()
    with atomic_write(path) as part, open(part, "wb") as file:
        for number, line in enumerate(_lines(kept)):
            text = (b"\n" if number else b"") + json.dumps(line, separators=(",", ":")).encode()
            digest.update(text)
            file.write(text)
        file.write(b"\n" + json.dumps({"digest": digest.hexdigest()}).encode() + b"\n")


def _lines(kept: Mapping[str, Kept]) -> Iterable[dict[str, Any]]:
    yield {"format": _FORMAT}
    written: set[str] = set()
    for name, entry in kept.items():
        for digest, images in entry.images.items():
            if digest not in written:
                written.add(digest)
                yield {"images": digest, "index": images.index.tolist(), "label": images.label.tolist()}
        yield {"key": name, "rows": [row.to_json() for row in entry.rows]}


def _images(line: Mapping[str, Any]) -> Images:
    columns = (compact(np.array(line[name], dtype=np.int64)) for name in ("index", "label"))
    images = Images(*columns)
    if images.key != line["images"]:
        raise ValueError("images do not fit their digest")
    return images
