"""Who is first where, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

_MOST_STRETCHES = 4


def leaders(names: Mapping[int, str], ranks: Sequence[tuple[float, Sequence[int]]], symbol: str = "") -> str:
    """The logs of rank 1 at each place, neighbouring places with the same ones joined.

    names: of the logs to be named, by their positions in the ranks. ranks: places ascending, with the rank of each log.
    symbol: of a place; "" to leave the places out.

    >>> leaders({0: "a", 1: "b"}, [(1, (1, 2)), (2, (1, 2)), (3, (2, 1))], "r")
    'a from r = 1 to 2, b at r = 3'
    """
    stretches: list[tuple[str, float, float]] = []
    for first, places in groupby(ranks, key=lambda item: " and ".join(names[i] for i in names if item[1][i] == 1)):
        at = [place for place, _ in places]
        if first:
            stretches.append((first, at[0], at[-1]))
    if not symbol:
        return ", then ".join(dict.fromkeys(first for first, _, _ in stretches))
    told = [
        f"{first} at {symbol} = {_place(low)}"
        if low == high
        else f"{first} from {symbol} = {_place(low)} to {_place(high)}"
        for first, low, high in stretches[:_MOST_STRETCHES]
    ]
    more = len(stretches) - len(told)
    return ", ".join(told) + (f", and {more} more changes" if more else "")


def _place(place: float) -> str:
    return f"{place:,}" if isinstance(place, int) else f"{place:g}"
