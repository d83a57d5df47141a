"""By how much a printed number may differ from the number that was rounded to it, and what that leaves open."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, bdtrc

from rstheory._check import Float
from rstheory.logs.cells import Decimals, Integers

SLACK = 1e-9  # relative: other programs' quantiles differ from ours in the last digits
_FULL = 12  # significant digits that are full precision
_CHANCE = 1e-4  # of as many or as few dropped zeros, below which they were not made by dropping
_STRAY = 0.02  # of the numbers: fewer that are shorter are named as exceptions, more as another precision


def above(radius: Float, half_unit: Float, largest: float | Float) -> NDArray[np.bool_]:
    """Which printed radii lie above the largest possible one by more than rounding explains."""
    return np.asarray(radius - half_unit > largest * (1 + SLACK))


def half_units(printed: Decimals) -> tuple[Float, str]:
    """By how much each printed number may differ from the number that was rounded to it, and how they were printed.

    Nobody says how a log was printed. Two habits are known: a fixed number of significant digits, trailing zeros
    dropped ("{:.3}": 1.9 stands for 1.90; most logs), and a fixed number of decimals ("{:.4f}"). The numbers S and D
    are the largest that occur, and each half unit is the larger one of the two readings. Twelve significant digits or
    more are taken for full precision: half unit 0.

    A zero is dropped from one number in ten, two from one in a hundred. A number that is three digits or more shorter
    than that habit is read by its own last digit, which is the widest reading; so are those that are one or two digits
    shorter, where dropped zeros do not explain how many they are: too many, or so few that zeros were kept.

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
    own = -printed.decimals
    full = most_digits >= _FULL
    if full:  # the float nearest to a number has up to 17 digits, and any of the last ones may be missing
        habit = np.where(shown, own + printed.significant - _FULL, own)
    else:
        by_digits = np.where(shown, own + printed.significant - most_digits, -most_decimals)
        habit = np.maximum(by_digits, -most_decimals)
    dropped = np.where(shown, np.maximum(own - habit, 0), 0)
    distinct = np.unique(printed.value[shown], return_index=True)[1]
    lost = dropped[shown][distinct]
    least = 1 if len(lost) and _unlike_dropped_zeros(int(np.sum(lost >= 1)), len(lost), 0.1) else 3
    if least == 3 and _unlike_dropped_zeros(int(np.sum(lost >= 2)), len(lost), 0.01):
        least = 2
    short = dropped >= least
    several = least < 3 and float(np.mean(lost >= least)) > _STRAY
    half = _half(np.where(short | (several & ~shown), own, habit), printed)
    if full:
        half = np.where(short | (several & ~shown), half, 0.0)
    fixed_decimals = bool(np.all(printed.decimals == most_decimals))
    if several and not fixed_decimals:
        return half, "in several precisions (each is read by its own last digit)"
    if full:
        how = "in full precision"
    else:
        how = f"with {most_decimals} decimals" if fixed_decimals else f"with at most {most_digits} significant digits"
    return half, how + (" (those that are much shorter are read by their own last digit)" if np.any(short) else "")


def _unlike_dropped_zeros(short: int, numbers: int, share: float) -> bool:
    """Whether the number of those that are shorter is not what dropping zeros makes it: too many, or zeros are kept."""
    return bool(min(bdtr(short, numbers, share), bdtrc(short - 1.0, numbers, share)) < _CHANCE)


def _half(exponent: Integers, printed: Decimals) -> Float:
    """Half of 10**exponent, and a little more: the float nearest to a printed number may stand above it."""
    return np.asarray(0.5 * 10.0 ** exponent.astype(float) + np.spacing(np.abs(printed.value)))
