"""Who is first where, in words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rstheory.audit.verdict import Dependence

_MOST_STRETCHES, _MOST_NAMES = 4, 3


def leaders(found: Dependence, symbol: str) -> str:
    """The log that leads at each place with those within error of it, neighbouring places with the same ones joined.

    symbol: of a place.

    >>> leaders(Dependence((100, 300, 1000), (("a",), ("a",), ("b", "a")), 1, (), 0), "N")
    'a from N = 100 to 300, b and a at N = 1,000'
    """
    stretches: list[str] = []
    for first, group in groupby(zip(found.first, found.places, strict=True), key=lambda item: _named(item[0])):
        at = [_place(place) for _, place in group]
        where = f"at {symbol} = {at[0]}" if len(at) == 1 else f"from {symbol} = {at[0]} to {at[-1]}"
        stretches.append(f"{first} {where}")
    more = len(stretches) - _MOST_STRETCHES
    return ", ".join(stretches[:_MOST_STRETCHES]) + (f", and {more} more stretches" if more > 0 else "")


def _named(logs: Sequence[str]) -> str:
    if not logs:
        return "all alike"
    more = len(logs) - _MOST_NAMES
    shown = [*logs[:_MOST_NAMES], *([f"{more} more"] if more > 0 else [])]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def _place(place: float) -> str:
    return f"{place:,}" if isinstance(place, int) else f"{place:g}"
