"""How unequally a total is shared: ACR is a mean of radii, and a few easy images may hold most of it (theory C5)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rstheory import _check
from rstheory._check import Float, Values, scalar_or_array


def share_of_largest(values: ArrayLike, part: ArrayLike = 0.1) -> Values:
    """Share of the sum that the largest `part` of the values hold: 1 minus the Lorenz curve at 1 - part.

    values: non-negative and finite. part: in [0, 1]; a value on the edge counts with the part of it inside. NaN if the
    sum is 0.

    >>> print(f"{share_of_largest([0, 0, 0, 1, 3], 0.2):.2f} {share_of_largest([1, 1, 1, 1, 1], 0.3):.2f}")
    0.75 0.30
    """
    x = _finite(values)
    held = np.concatenate([[0.0], np.cumsum(np.sort(x)[::-1])])
    wanted = _check.probability("part", part)
    if held[-1] == 0:
        return scalar_or_array(np.full(wanted.shape, np.nan))
    return scalar_or_array(np.asarray(np.interp(wanted * len(x), np.arange(len(held)), held) / held[-1]))


def gini(values: ArrayLike) -> float:
    """Gini coefficient: 0 if all values are equal, 1 - 1/T if one of T holds everything; NaN if the sum is 0.

    values: non-negative and finite.

    >>> gini([1, 1, 1, 1]), gini([0, 0, 0, 4])
    (0.0, 0.75)
    """
    x = np.sort(_finite(values))
    weights = 2 * np.arange(1, len(x) + 1) - len(x) - 1
    return float(weights @ x / (len(x) * x.sum())) if x.sum() > 0 else float("nan")


def _finite(values: ArrayLike) -> Float:
    x = _check.non_negative("values", values)
    if x.ndim != 1 or not x.size:
        raise ValueError(f"values have shape {x.shape}: one list with at least one entry is needed")
    _check.refuse("values", x, np.asarray(np.isinf(x)), "it must be finite")
    return x
