"""Columns as arrays: in as little memory as they need, and as the text of a log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rstheory import _check
from rstheory.logs.schema import ABSTAINED


def as_text(columns: Mapping[str, Sequence[Any]]) -> bytes:
    """Columns as the text of a log, so that one reader reads everything."""
    rows = zip(*columns.values(), strict=True)
    return "\n".join(["\t".join(columns), *("\t".join(map(str, row)) for row in rows), ""]).encode()


def columns_of(
    *,
    label: ArrayLike,
    predict: ArrayLike,
    radius: ArrayLike,
    index: ArrayLike | None,
    count: ArrayLike | None,
    counts: ArrayLike | None,
) -> dict[str, Sequence[Any]]:
    """The columns of a log from arrays, see `CertificationLog.from_arrays`; ValueError where they differ in length."""
    labels, predicted = _check.integers("label", label), _check.integers("predict", predict)
    columns: dict[str, Sequence[Any]] = {
        "idx": range(labels.size) if index is None else _check.integers("index", index).tolist(),
        "label": labels.tolist(),
        "predict": predicted.tolist(),
        "radius": np.asarray(radius, dtype=np.float64).tolist(),
        "correct": ((labels == predicted) & (predicted != ABSTAINED)).astype(int).tolist(),
    }
    if count is not None:
        columns["count"] = _check.integers("count", count).tolist()
    if counts is not None:
        columns["counts"] = [",".join(map(str, row)) for row in _check.integers("counts", counts).tolist()]
    for name, column in columns.items():
        if len(column) != labels.size:
            raise ValueError(f"{name} has {len(column)} entries, but label has {labels.size}")
    return columns


def compact(values: NDArray[np.int64]) -> NDArray[np.integer[Any]]:
    """The integers in 16 or 32 bits where they fit: an audit holds thousands of logs."""
    for kind in (np.int16, np.int32):
        if not values.size or (values.min() >= np.iinfo(kind).min and values.max() <= np.iinfo(kind).max):
            return values.astype(kind)
    return values


def constant(values: NDArray[Any]) -> NDArray[Any]:
    """The array, without the memory where all its entries are one."""
    return np.broadcast_to(values[0], values.shape) if values.size and np.all(values == values[0]) else values
