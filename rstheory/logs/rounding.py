"""By how much a printed number may differ from the number that was rounded to it, and what that leaves open."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rstheory._check import Float
from rstheory.logs.cells import Decimals, Integers

SLACK = 1e-9  # relative: other programs' quantiles differ from ours in the last digits


def above(radius: Float, half_unit: Float, largest: float | Float) -> NDArray[np.bool_]:
    """Which printed radii lie above the largest possible one by more than rounding explains."""
    return np.asarray(radius - half_unit > largest * (1 + SLACK))


def half_units(printed: Decimals) -> tuple[Float, str]:
    """By how much each printed number may differ from the number that was rounded to it, and how they were printed.

    Nobody says how a log was printed. Two habits are known: a fixed number of significant digits, trailing zeros
    dropped ("{:.3}": 1.9 stands for 1.90; most logs), and a fixed number of decimals ("{:.4f}"). The numbers S and D
    are the largest that occur, and each half unit is the larger one of the two readings. Twelve significant digits or
    more are taken for full precision: half unit 0.

    If neither reading fits (fewer than nine tenths of the numbers show D decimals, and fewer than three quarters of
    the distinct ones S digits, where ten percent are expected to lose a zero), the log is a mixture: each number is
    then read by its own last digit, which is the widest reading. With fewer than 20 distinct numbers this cannot be
    told, and the two readings stand.

    >>> from rstheory.logs.cells import decimals, split
    >>> table = split(b"r\\n1.9\\n0.953\\n4.88e-05\\n", ("r",))
    >>> half, how = half_units(decimals(table.columns["r"]))
    >>> [f"{h:.1e}" for h in half], how
    (['5.0e-03', '5.0e-04', '5.0e-08'], 'with at most 3 significant digits')
    """
    shown = printed.value != 0
    if not np.any(shown):
        places = int(printed.decimals.max(initial=0))
        return np.full(len(shown), 0.5 * 10.0**-places), f"with {places} decimals"
    most_digits, most_decimals = int(printed.significant[shown].max()), int(printed.decimals.max())
    distinct = np.unique(printed.value[shown], return_index=True)[1]
    digits = np.minimum(printed.significant[shown][distinct], 12)
    fixed_digits = float(np.mean(digits == min(most_digits, 12)))
    fixed_decimals = float(np.mean(printed.decimals == most_decimals))
    last_digit = -printed.decimals
    by_digits = np.where(shown, printed.significant - printed.decimals - most_digits, -most_decimals)
    if len(distinct) >= 20 and fixed_digits < 0.75 and fixed_decimals < 0.9:
        half, how = _half(last_digit, printed), "in several precisions (each is read by its own last digit)"
        return np.where(printed.significant >= 12, 0.0, half), how
    if most_digits >= 12:
        return np.zeros(len(shown)), "in full precision"
    how = f"with {most_decimals} decimals" if fixed_decimals == 1 else f"with at most {most_digits} significant digits"
    return _half(np.maximum(by_digits, -most_decimals), printed), how


def _half(exponent: Integers, printed: Decimals) -> Float:
    """Half of 10**exponent, and a little more: the float nearest to a printed number may stand above it."""
    return np.asarray(0.5 * 10.0 ** exponent.astype(float) + np.spacing(np.abs(printed.value)))
