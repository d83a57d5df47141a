"""The largest value of a function on an interval, proved: branch and bound in one dimension."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rstheory._check import Float

_MOST_CELLS = 1 << 15


def upper_bound_of_maximum(
    bound: Callable[[Float, Float], tuple[Float, Float]], edges: Float, tolerance: float, floor: float = -np.inf
) -> float:
    """An upper bound on the maximum over [edges[0], edges[-1]], within `tolerance` of it if cells can be made so small.

    bound: for cells [left, right], a value that the function takes in each and an upper bound on it there. edges: ends
    of the first cells, increasing. floor: a value that the caller is content with, whatever the maximum.

    Cells whose bound is above the largest value seen (or `floor`) by more than `tolerance` are halved. It stops when no
    cell is left, and gives up halving, with a bound that still holds, when there are too many or they are too narrow.
    """
    left, right = edges[:-1], edges[1:]
    seen, proved = floor, floor
    for _ in range(60):
        values, above = bound(left, right)
        seen = max(seen, float(values.max()))
        open_ = above > seen + tolerance
        proved = max(proved, float(np.max(above[~open_], initial=-np.inf)))
        if not open_.any():
            return proved
        if open_.sum() > _MOST_CELLS:
            break
        left, right = left[open_], right[open_]
        middle = 0.5 * (left + right)
        left, right = np.concatenate([left, middle]), np.concatenate([middle, right])
    return max(proved, float(above.max()))
