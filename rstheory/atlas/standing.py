"""How the methods of an atlas stand, by the distribution of p: who is ahead of whom beyond noise, and who is not.

Inside each group every pair of entries is tested at every point of the grid, and all these tests together err with
probability at most LEVEL (Holm). An entry is *ahead* of another where it has significantly more images at some p and
significantly fewer at none; two that each have more somewhere *cross*: neither is better, whatever their ACR; else they
are a *tie*. Nothing is said at p that the budget cannot reach.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rstheory._progress import Progress, silent
from rstheory.atlas.build import Atlas
from rstheory.atlas.entries import Entry, Group, Setting, grouped
from rstheory.atlas.grid import reachable, unpacked
from rstheory.atlas.pairs import Difference, Runs, difference
from rstheory.statistics.multiple import adjusted

LEVEL = 0.05  # of all tests of a group together
MOST = 300  # entries of a group whose pairs are all compared

Verdict = Literal["ahead", "behind", "cross", "tie"]


@dataclass(frozen=True, eq=False)
class Pair:
    """Entry a against entry b of a group.

    a, b: their numbers in the group. difference: of their shares. adjusted: p-values after Holm. verdict: of a.
    dominates: "a" or "b" if its curve is nowhere below the other's on the grid, noise left aside; None if they cross or
    are equal.
    """

    a: int
    b: int
    difference: Difference
    adjusted: NDArray[np.float64]
    verdict: Verdict
    dominates: Literal["a", "b"] | None

    def leads(self, level: float = LEVEL) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Grid points at which a, and at which b, has significantly more images."""
        significant = self.adjusted <= level
        return significant & (self.difference.lead > 0), significant & (self.difference.lead < 0)


@dataclass(frozen=True, eq=False)
class Standing:
    """One group, its entries set against each other.

    tiers: numbers of the entries; no one in a tier is behind another of the same or a later tier. acr: mean over the
    runs of each entry, as printed. points: how many points of the grid its budget reaches. complete: whether all pairs
    were compared.
    """

    group: Group
    pairs: tuple[Pair, ...]
    tiers: tuple[tuple[int, ...], ...]
    acr: tuple[float, ...]
    points: int
    complete: bool = True

    @property
    def setting(self) -> Setting:
        """What the entries have in common."""
        return self.group.setting

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What is compared."""
        return self.group.entries

    def verdict(self, a: int, b: int) -> Verdict:
        """How entry a stands to entry b."""
        for pair in self.pairs:
            if (pair.a, pair.b) == (a, b):
                return pair.verdict
            if (pair.a, pair.b) == (b, a):
                return _turned(pair.verdict)
        raise ValueError(f"a={a}, b={b} is not allowed: these entries were not compared")


def standings(atlas: Atlas, *, progress: Progress = silent) -> tuple[Standing, ...]:
    """The standing of every group of an atlas that has entries. progress: told of each group."""
    groups = [group for group in grouped(atlas.rows) if group.entries]
    found = []
    with progress(len(groups)) as advance:
        for group in groups:
            found.append(_standing(atlas, group))
            advance(1)
    return tuple(found)


def _standing(atlas: Atlas, group: Group) -> Standing:
    points = reachable(group.setting.n, group.setting.alpha)
    acr = tuple(float(np.mean([atlas.rows[i].acr for i in entry.rows])) for entry in group.entries)
    if points == 0 or len(group.entries) > MOST:
        return Standing(group, (), (tuple(range(len(group.entries))),), acr, points, complete=False)
    runs = [
        Runs(
            tuple(atlas.images[atlas.rows[i].images] for i in entry.rows),
            tuple(unpacked(atlas.rows[i].levels) for i in entry.rows),
        )
        for entry in group.entries
    ]
    numbers = list(combinations(range(len(runs)), 2))
    differences = [difference(runs[a], runs[b], points) for a, b in numbers]
    p_values = adjusted(np.array([d.p_value for d in differences]).reshape(-1, points), "holm")
    pairs = tuple(_pair(a, b, d, p) for (a, b), d, p in zip(numbers, differences, p_values, strict=True))
    return Standing(group, pairs, _tiers(len(runs), pairs), acr, points)


def _pair(a: int, b: int, found: Difference, p_values: NDArray[np.float64]) -> Pair:
    significant = p_values <= LEVEL
    more, fewer = bool(np.any(significant & (found.lead > 0))), bool(np.any(significant & (found.lead < 0)))
    verdict: Verdict = "cross" if more and fewer else "ahead" if more else "behind" if fewer else "tie"
    above, below = bool(np.any(found.lead > 0)), bool(np.any(found.lead < 0))
    dominates: Literal["a", "b"] | None = None if above == below else "a" if above else "b"
    return Pair(a, b, found, p_values, verdict, dominates)


def _turned(verdict: Verdict) -> Verdict:
    turned: dict[Verdict, Verdict] = {"ahead": "behind", "behind": "ahead"}
    return turned.get(verdict, verdict)


def _tiers(entries: int, pairs: Sequence[Pair]) -> tuple[tuple[int, ...], ...]:
    """Entries that nobody left is ahead of, then those of the rest, and so on; a ring of entries makes one tier.

    >>> _tiers(0, [])
    ()
    """
    ahead: dict[int, set[int]] = {entry: set() for entry in range(entries)}  # who is ahead of it
    for pair in pairs:
        if pair.verdict == "ahead":
            ahead[pair.b].add(pair.a)
        elif pair.verdict == "behind":
            ahead[pair.a].add(pair.b)
    left = list(range(entries))
    tiers: list[tuple[int, ...]] = []
    while left:
        tier = [entry for entry in left if not ahead[entry] & set(left)] or left
        tiers.append(tuple(tier))
        left = [entry for entry in left if entry not in tier]
    return tuple(tiers)
