"""Columns as arrays: in as little memory as they need, and as the text of a log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def as_text(columns: Mapping[str, Sequence[Any]]) -> bytes:
    """Columns as the text of a log, so that one reader reads everything."""
    rows = zip(*columns.values(), strict=True)
    return "\n".join(["\t".join(columns), *("\t".join(map(str, row)) for row in rows), ""]).encode()


def compact(values: NDArray[np.int64]) -> NDArray[np.integer[Any]]:
    """The integers in 16 or 32 bits where they fit: an audit holds thousands of logs."""
    for kind in (np.int16, np.int32):
        if not values.size or (values.min() >= np.iinfo(kind).min and values.max() <= np.iinfo(kind).max):
            return values.astype(kind)
    return values


def constant(values: NDArray[Any]) -> NDArray[Any]:
    """The array, without the memory where all its entries are one."""
    return np.broadcast_to(values[0], values.shape) if values.size and np.all(values == values[0]) else values
