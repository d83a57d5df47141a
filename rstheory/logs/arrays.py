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
    """The integers in 32 bits where they fit: an audit holds thousands of logs."""
    fits = not values.size or (values.min() >= -(2**31) and values.max() < 2**31)
    return values.astype(np.int32) if fits else values


def constant(values: NDArray[Any]) -> NDArray[Any]:
    """The array, without the memory where all its entries are one."""
    return np.broadcast_to(values[0], values.shape) if values.size and np.all(values == values[0]) else values
