"""The grid on which the distribution of p is kept: per image, how far up it its lower bound reaches.

That is one byte per image. From the bytes of two logs come their survival curves and every paired test between them, so
that no log has to be kept or read again.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rstheory._check import Float
from rstheory.budget import max_radius
from rstheory.radius import signed_radius_sf

# Tails 1 - u. The first is certified accuracy at radius 0; the last is near the largest bound of N = 10^5.
TAILS = (0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001)
U = tuple(round(1 - tail, 10) for tail in TAILS)
_RADIUS = np.asarray(signed_radius_sf(np.array(TAILS)), dtype=np.float64)  # at sigma = 1

Levels = NDArray[np.uint8]


def levels(radius: Float, correct: NDArray[np.bool_], sigma: float) -> Levels:
    """Per image, the number of grid points that its bound reaches: 0 where it is wrong or abstained.

    >>> levels(np.array([0.0, 0.7, 9.0]), np.array([True, True, False]), 0.5).tolist()
    [1, 5, 0]
    """
    # The slack is far below the digits printed: a bound that stands on a grid point reaches it.
    reached = np.searchsorted(_RADIUS, radius / sigma * (1 + 1e-12), side="right")
    return np.where(correct, np.maximum(reached, 1), 0).astype(np.uint8)


def reachable(n: int, alpha: float) -> int:
    """How many grid points a budget can reach at all."""
    return int(levels(np.asarray([max(float(max_radius(n, alpha)), 0.0)]), np.array([True]), 1.0)[0])


def survival(reached: Levels) -> tuple[float, ...]:
    """Share of images that reach each grid point.

    >>> survival(np.array([0, 1, 2, 14], np.uint8))[:3]
    (0.75, 0.5, 0.25)
    """
    at = np.bincount(reached, minlength=len(TAILS) + 1)[::-1].cumsum()[::-1]
    return tuple((at[1:] / max(len(reached), 1)).tolist())


def packed(reached: Levels) -> bytes:
    """Compressed, for keeping thousands."""
    return zlib.compress(reached.tobytes())


def unpacked(content: bytes) -> Levels:
    """What `packed` made.

    >>> unpacked(packed(np.array([3, 1], np.uint8))).tolist()
    [3, 1]
    """
    return np.frombuffer(zlib.decompress(content), dtype=np.uint8)


@dataclass(frozen=True, eq=False)
class Images:
    """Which images a log is about: their numbers in the data set and their labels, in the order of the log."""

    index: NDArray[np.integer[Any]]
    label: NDArray[np.integer[Any]]

    @property
    def key(self) -> str:
        """A digest, equal for equal images in equal order."""
        return _digest(self.index.astype(np.int64), self.label.astype(np.int64))

    def common(self, other: Images) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows of both that are the same images: the same number and the same label."""
        _, mine, theirs = np.intersect1d(self.index, other.index, return_indices=True)
        same = self.label[mine] == other.label[theirs]
        return mine[same], theirs[same]


def rows_digest(images: Images, predict: NDArray[Any], radius: Float) -> str:
    """A digest that two logs share which hold the same rows, whatever their time column says."""
    index, label, predicted = (array.astype(np.int64) for array in (images.index, images.label, predict))
    return _digest(index, label, predicted, radius.astype(np.float64))


def _digest(*arrays: NDArray[Any]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
