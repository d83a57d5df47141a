"""Exact probabilities of crossing boundaries at looks, by dynamic programming over failure counts (theory G4).

A boundary is one number per look: with at most `most_failures[i]` failures, `looks[i]` draws certify (-1: never). Among
all p <= q the probability of ever crossing is largest at p = q = 1 - t, because a path of draws with a smaller p can be
coupled to have at least as many failures at every look; so the crossing probability at q is the level.

Futility is left out of it: giving up can only make crossing rarer, so the level holds whoever gives up when (G3).
Everything here is a sum of non-negative numbers. What a window leaves out, and what rounding may take away, is added to
the crossing probability.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rstheory import _check
from rstheory._check import Float
from rstheory._saddlepoint import log_pmf

_EPS = float(np.finfo(float).eps)
# A binomial mass from `log_pmf` is right to this, relative (tests/test_sequential_crossing.py).
_MASS_ERROR = 2e-13


@dataclass
class _Paths:
    """Distribution of the failure count over the paths still under way: mass[i] is P(first + i failures).

    lost: probability that was dropped, to be counted as crossing. growth: bound on the relative rounding error so far.
    """

    first: int
    mass: Float
    lost: float = 0.0
    growth: float = 1.0

    def draw(self, draws: int, t: float, negligible: float) -> None:
        """`draws` further draws with failure probability t."""
        if not len(self.mass):
            return
        first, mass, outside = _window(draws, t, negligible)
        self.lost += outside * float(self.mass.sum())
        # A sum of m products of non-negative floats has relative error at most (m + 1) eps.
        self.growth *= 1 + _MASS_ERROR + _EPS * (2 + min(len(mass), len(self.mass)))
        self.first, self.mass = self.first + first, np.convolve(self.mass, mass)

    def trim(self, negligible: float) -> None:
        """Drop both ends as far as they weigh no more than `negligible`."""
        low = int(np.searchsorted(np.cumsum(self.mass), negligible))
        high = len(self.mass) - int(np.searchsorted(np.cumsum(self.mass[::-1]), negligible))
        if high <= low:
            return
        self.lost += float(self.mass[:low].sum() + self.mass[high:].sum())
        self.first, self.mass = self.first + low, self.mass[low:high]

    def take_up_to(self, failures: int) -> float:
        """Remove the paths with at most so many failures; their probability."""
        cut = min(max(failures - self.first + 1, 0), len(self.mass))
        taken = float(self.mass[:cut].sum())
        self.first, self.mass = self.first + cut, self.mass[cut:]
        return taken

    def take_from(self, failures: int) -> float:
        """Remove the paths with at least so many failures; their probability."""
        cut = min(max(failures - self.first, 0), len(self.mass))
        taken = float(self.mass[cut:].sum())
        self.mass = self.mass[:cut]
        return taken


def _window(draws: int, t: float, negligible: float) -> tuple[int, Float, float]:
    """(first count, masses, bound on what lies outside) of Bin(draws, t), leaving out about `negligible`."""
    mean, other = draws * t, draws * (1 - t)
    width = -np.log(negligible)
    reach = int(np.ceil(width / 3 + np.sqrt(width * width / 9 + 2 * width * mean * (1 - t))))  # Bernstein's inequality
    centre = int(mean)
    j = np.arange(max(centre - reach, 0), min(centre + reach, draws) + 1, dtype=np.float64)
    m = np.full(j.shape, float(draws))
    mass = np.exp(log_pmf(j, m, np.full(j.shape, mean), np.full(j.shape, other)))
    keep = np.flatnonzero(mass > negligible * 1e-3)
    low, high = int(keep[0]), int(keep[-1])
    # Beyond either end the ratios of neighbours only fall: a geometric series bounds the rest.
    down = j[low] * other / ((draws - j[low] + 1) * mean)
    up = (draws - j[high]) * mean / ((j[high] + 1) * other)
    below = mass[low] * down / (1 - down) if j[low] > 0 else 0.0
    above = mass[high] * up / (1 - up) if j[high] < draws else 0.0
    return int(j[low]), mass[low : high + 1], float(below + above)


def _walk(looks: Sequence[int], t: float, negligible: float) -> Iterator[_Paths]:
    """The paths at every look in turn; the caller takes away those that stop."""
    paths, drawn = _Paths(0, np.ones(1)), 0
    for look in looks:
        paths.draw(look - drawn, t, negligible)
        paths.trim(negligible)
        drawn = look
        yield paths


def crossing_probability_sf(looks: Sequence[int], most_failures: Sequence[int], t: float) -> Float:
    """Upper bounds on P(crossed at this look or before | p = 1 - t), one a look; the last is the level proved (G4).

    looks: ascending numbers of draws. most_failures: for each, the most failures with which it certifies, -1 for none.
    t: failure probability at the null hypothesis, in (0, 1). Above the true probability by a share of about 1e-9 and
    1e-22 a look, for rounding and for what is left out.

    >>> print(f"{crossing_probability_sf([10], [0], 0.5)[0]:.7f}")
    0.0009766
    """
    looks_, t_ = checked_looks(looks), _tail(t)
    most = _check.integers("most_failures", np.asarray(most_failures))
    if most.shape != (len(looks_),):
        raise ValueError(f"most_failures must have one entry a look, got {most.shape} for {len(looks_)} looks")
    return _crossings(looks_, t_, lambda index, _paths, _crossed: int(most[index]), 1e-22)[1]


def spending_boundary_sf(looks: Sequence[int], spent: ArrayLike, t: float) -> tuple[NDArray[np.int64], Float]:
    """Widest boundary that spends at most spent[i] of the level up to look i: (most_failures, level spent so far).

    looks: ascending numbers of draws. spent: non-decreasing, in [0, 1); the last entry is the level of the whole.
    t: failure probability at the null hypothesis, in (0, 1). Counts are integers, so some of the level stays unspent
    and is carried to the next look. The levels returned are proved as in `crossing_probability_sf`; they include what
    was left out (about 1e-22 per look), also where nothing may be spent yet.

    >>> boundary, level = spending_boundary_sf([100, 200], [0.0005, 0.001], 0.5)
    >>> print(boundary, f"{level[-1]:.6f}")
    [33 76] 0.000801
    """
    looks_, t_ = checked_looks(looks), _tail(t)
    allowed = _check.probability("spent", spent)
    if allowed.shape != (len(looks_),):
        raise ValueError(f"spent must have one entry a look, got {allowed.shape} for {len(looks_)} looks")
    _check.refuse("spent", allowed, np.diff(allowed, prepend=0.0) < 0, "spending must not decrease from look to look")

    def widest(index: int, paths: _Paths, crossed: float) -> int:
        total = (crossed + np.cumsum(paths.mass)) * (paths.growth * (1 + _EPS * (len(paths.mass) + 8))) + paths.lost
        return paths.first - 1 + int(np.searchsorted(total, allowed[index], side="right"))

    return _crossings(looks_, t_, widest, min(1e-22, float(allowed[-1]) * 1e-12 + 1e-300))


def _crossings(
    looks: Sequence[int], t: float, boundary: Callable[[int, _Paths, float], int], negligible: float
) -> tuple[NDArray[np.int64], Float]:
    most, level, crossed = np.empty(len(looks), dtype=np.int64), np.empty(len(looks)), 0.0
    for index, paths in enumerate(_walk(looks, t, negligible)):
        most[index] = min(max(boundary(index, paths, crossed), -1), looks[index])
        crossed += paths.take_up_to(int(most[index]))
        level[index] = min(crossed * paths.growth * (1 + _EPS * (len(looks) + 8)) + paths.lost, 1.0)
    return most, level


@dataclass(frozen=True)
class Characteristics:
    """What a test with two boundaries does at one p, exact up to rounding.

    certified: probability to certify. refuted: probability to give up before the cap. draws: mean number of draws.
    """

    certified: float
    refuted: float
    draws: float


def characteristics_sf(
    looks: Sequence[int], most_failures: Sequence[int], fewest_to_refute: Sequence[int], t: float
) -> Characteristics:
    """Power and cost at p = 1 - t of a test that certifies and gives up at looks, by the same dynamic programming.

    looks, most_failures: as in `crossing_probability_sf`. fewest_to_refute: for each look, the fewest failures at which
    the test gives up; more than the draws for never.

    >>> print(characteristics_sf([10, 20], [0, 2], [5, 21], 0.5).draws < 20)
    True
    """
    looks_, t_ = checked_looks(looks), _tail(t)
    certified = refuted = draws = 0.0
    under_way, drawn = 1.0, 0
    for look, most, fewest, paths in zip(
        looks_, most_failures, fewest_to_refute, _walk(looks_, t_, 1e-18), strict=True
    ):
        draws += under_way * (look - drawn)
        certified += paths.take_up_to(int(most))
        refuted += paths.take_from(int(fewest))
        under_way, drawn = float(paths.mass.sum()), look
        if not len(paths.mass):
            break
    return Characteristics(certified, refuted, draws)


def checked_looks(looks: Sequence[int]) -> tuple[int, ...]:
    """Looks as Python ints: at least one, each at least 1, strictly ascending."""
    values = _check.budget("looks", np.asarray(looks))
    if values.ndim != 1 or not values.size:
        raise ValueError(f"looks={looks!r} is not allowed: it must be a sequence of at least one number of draws")
    _check.refuse("looks", values, np.diff(values, prepend=0) <= 0, "looks must be strictly ascending")
    return tuple(int(value) for value in values)


def _tail(t: float) -> float:
    value = _check.probability("t", t)
    if value.ndim:
        raise ValueError(f"t must be a single number here, got an array of shape {value.shape}")
    _check.refuse("t", value, (value <= 0) | (value >= 1), "it must lie strictly between 0 and 1")
    return float(value)
