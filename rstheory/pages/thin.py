"""Curves with fewer points: never above the curve that they stand for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rstheory._check import Float

MOST_POINTS = 2000  # of one curve on a page


def kept_steps(share: Float, points: int) -> NDArray[np.intp]:
    """Steps of a falling staircase to keep, about `points` of them.

    share: heights, none above the one before; each holds from the step before it to its own.
    points: from 2 to MOST_POINTS; fewer are kept where neighbours lie far apart.

    A step left out is drawn at the height of the next one kept, so the thinned staircase is nowhere above the full one,
    and lies below it by less than (share[0] - share[-1]) / (points - 2). The first and the last step are kept.

    >>> kept_steps(np.array([1.0, 0.99, 0.98, 0.5, 0.49, 0.0]), 4)
    array([0, 2, 4, 5])
    """
    if not 2 <= points <= MOST_POINTS:
        raise ValueError(f"points={points} is not allowed: 2 to {MOST_POINTS} are")
    heights = np.asarray(share, dtype=np.float64)
    if np.any(np.diff(heights) > 0):
        raise ValueError("share is not allowed to rise: a staircase that falls is needed")
    if len(heights) <= points:
        return np.arange(len(heights))
    # Steps in one band of height are drawn as the last of them: they differ by less than the width of the band.
    width = (heights[0] - heights[-1]) / (points - 2) if points > 2 else np.inf
    bands = np.floor((heights[0] - heights) / width) if width > 0 else np.zeros(len(heights))
    last = np.flatnonzero(np.append(np.diff(bands) > 0, True))
    return np.union1d(0, last)
