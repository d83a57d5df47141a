"""Intervals that assume nothing about the distribution of p: F-localization (theory H3; Ignatiadis and Wager 2022).

m draws per image fix m moments of the distribution G of p, and those only up to sampling error. Here every G is kept
whose law of counts lies in a simultaneous confidence region; the interval is the range of the functional over them.

The region: for a fixed set of counts c, bounds on F(c) = P(K <= c) by Clopper and Pearson, each at level
rho / (2 x number of c), so that all hold together with probability 1 - rho (Bonferroni). It serves two statements:

* population: images drawn independently from a population, G its distribution of p; the number of images with K <= c is
  binomial.
* these images: their p fixed, G the distribution of p among them, the draws of different images independent; the number
  S of images with K <= c is a sum of independent indicators of different probabilities, with mean n F(c). Hoeffding
  (Annals of Mathematical Statistics 1956, Theorem 4) shows that P(S <= b) is at most the binomial's for b <= n F - 1,
  and P(S >= b) for b >= n F + 1. A bound can only fail at such b: its level is below 1/4, and a binomial lies strictly
  below (above) its mean with probability 1/4 at least (Greenberg and Mohri 2014). The exception is F so close to 1 (0)
  that one image more than expected decides; that has probability n (1 - F) (n F) at most, a little more than the
  binomial's, and the levels are lowered to 1 - exp(-level) to pay for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from rstheory import _check
from rstheory._check import Float
from rstheory.binomial import clopper_pearson_lower, clopper_pearson_upper
from rstheory.mixture.counts import Integers, LabelCounts, at_most
from rstheory.mixture.functionals import Functional
from rstheory.mixture.search import upper_bound_of_maximum

_CUT_STEP = 1.2  # between the counts c, in standard deviations of a count
_ATOM_STEP = 0.25  # between the atoms of the linear programme, likewise
_ROUNDS = 8  # of adding atoms
# The largest weight is 1 in what follows.
_PRICE = 1000.0  # of breaking a bound in the linear programme
_TOLERANCE = 2e-4  # of the maximum over p
_ROUNDING = 1e-8  # of the weights, and of the sums that make a bound


@dataclass(frozen=True, eq=False)
class Region:
    """Laws of counts that the survey does not rule out: low <= P(K <= cut) <= high at every cut.

    draws: noise draws per image.
    cuts: counts c, increasing.
    low, high: bounds on P(K <= c), simultaneous.
    rho: probability, at most, that one of them fails.
    """

    draws: int
    cuts: Integers
    low: Float
    high: Float
    rho: float


def localize(counts: LabelCounts, rho: float = 0.05) -> Region:
    """The confidence region of the counts' law, at level 1 - rho exactly (not asymptotically).

    Where an image's count is only known to lie in a range, a lower bound takes it to be above c and an upper bound at
    most c, if the range leaves that open. All images must have the same, fixed number of draws.

    >>> region = localize(LabelCounts.known([3] * 500, 10))
    >>> print(region.cuts[:3], region.high[:3].round(3), region.low[-2:].round(3))
    [0 1 2] [0.011 0.011 0.011] [0.989 0.989]
    """
    m = counts.one_budget
    rho = float(_check.level("rho", rho))
    cuts = _cuts(m)
    level = lowered(rho / (2 * len(cuts)))
    surely = np.searchsorted(np.sort(counts.high), cuts, side="right")
    possibly = np.searchsorted(np.sort(counts.low), cuts, side="right")
    low = np.asarray(clopper_pearson_lower(surely, counts.images, level))
    high = np.asarray(clopper_pearson_upper(possibly, counts.images, level))
    return Region(m, cuts, low, high, rho)


def lowered(level: float) -> float:
    """The level at which Clopper-Pearson bounds hold with `level` for images that differ (see the module)."""
    return float(-np.expm1(-level))


def localized(region: Region, functional: Functional) -> tuple[float, float]:
    """(low, high): the range of the functional over all distributions of p whose law of counts is in the region.

    With probability 1 - region.rho, intervals of all functionals hold together. They hold over all distributions on
    [0, 1], discrete or not: a linear programme on a set of atoms (SciPy's HiGHS) only proposes multipliers y of the
    bounds, and by weak duality any y proves

        integral of w dG <= sum_c y+ high_c - y- low_c + max over p of [w(p) - sum_c y_c P(K <= c | p)];

    that maximum is bounded over all p by branch and bound, as w and P(K <= c | p) are monotone in p. A coarse or an
    imprecise programme gives a wider interval, never a wrong one. ArithmeticError where the two ends contradict each
    other: then no distribution of p explains the counts, which is an error of probability rho at most.
    """
    largest = float(functional(np.zeros(1))[0])
    if largest == 0:  # the largest weight is the one at p = 1: all are 0
        return 0.0, 0.0
    weigh = _Remembered(lambda tail: functional(tail) / largest)
    low, high = 0.0 - largest * _bound(region, weigh, -1), largest * _bound(region, weigh, +1)
    if low > high:
        raise ArithmeticError(
            f"no distribution of p explains the counts at level {region.rho:g}: the draws of an image are not "
            "independent with one success probability, or the images did not have the same, fixed number of draws"
        )
    return low, high


def _bound(region: Region, weigh: Callable[[Float], Float], sign: int) -> float:
    """Upper bound on the mean of sign * weight, for weights from 0 to 1 that fall with the angle."""
    up, down = _multipliers(region, lambda angle: sign * weigh(angle))

    def bound(left: Float, right: Float) -> tuple[Float, Float]:
        edges, back = np.unique(np.concatenate([left, right]), return_inverse=True)
        weight = (sign * weigh(edges))[back]
        law = _law(region, edges)
        rising, falling = (up @ law)[back], (down @ law)[back]
        k = len(left)
        # The weight falls and P(K <= c) rises from left to right.
        above = np.maximum(weight[:k], weight[k:]) - rising[:k] + falling[k:]
        return weight[:k] - rising[:k] + falling[:k], above

    rest = upper_bound_of_maximum(bound, _atoms(region.draws, _ATOM_STEP), _TOLERANCE)
    proved = up @ region.high - down @ region.low + rest + _ROUNDING * (1 + up.sum() + down.sum())
    return float(min(proved, 1.0 if sign > 0 else 0.0))


def _multipliers(region: Region, weigh: Callable[[Float], Float]) -> tuple[Float, Float]:
    """(up, down): what the bound on the mean of `weigh` pays for each upper and each lower bound on P(K <= c).

    From a linear programme over weights on atoms, in which a bound may be broken at the price _PRICE: so it always has
    a solution, even where atoms too far apart, rather than the counts, are to blame. Atoms are added where the solution
    shows that some are missing.
    """
    angle, fine = _atoms(region.draws, _ATOM_STEP), _atoms(region.draws, _ATOM_STEP / 8)
    law_at_fine, weight_at_fine = _law(region, fine), weigh(fine)
    cuts = len(region.cuts)
    for _ in range(_ROUNDS):
        law = _law(region, angle)
        broken = np.eye(2 * cuts)
        result = linprog(
            np.concatenate([-weigh(angle), np.full(2 * cuts, _PRICE)]),
            A_ub=np.hstack([np.concatenate([law, -law]), -broken]),
            b_ub=np.concatenate([region.high, -region.low]),
            A_eq=np.concatenate([np.ones(len(angle)), np.zeros(2 * cuts)])[None],
            b_eq=[1.0],
            method="highs",
        )
        if result.status != 0:
            raise ArithmeticError(f"the linear programme behind the interval failed: {result.message}")
        dual = np.maximum(-result.ineqlin.marginals, 0)
        up, down = dual[:cuts], dual[cuts:]
        on_fine = weight_at_fine - (up - down) @ law_at_fine
        padded = np.concatenate([[-np.inf], on_fine, [-np.inf]])
        peak = (on_fine >= padded[:-2]) & (on_fine >= padded[2:])
        missing = peak & (on_fine > np.max(weigh(angle) - (up - down) @ law) + _TOLERANCE)
        if not missing.any():
            break
        angle = np.union1d(angle, fine[missing])
    return up, down


class _Remembered:
    """Weights by angle, evaluated once at each: branch and bound asks again for the ends of halved cells."""

    def __init__(self, functional: Callable[[Float], Float]) -> None:
        self._functional = functional
        self._angle, self._weight = np.zeros(0), np.zeros(0)

    def __call__(self, angle: Float) -> Float:
        new = np.setdiff1d(angle, self._angle)
        place = np.searchsorted(self._angle, new)
        self._weight = np.insert(self._weight, place, self._functional(_tail(new)))
        self._angle = np.insert(self._angle, place, new)
        return np.asarray(self._weight[np.searchsorted(self._angle, angle)])


def _law(region: Region, angle: Float) -> Float:
    """P(K <= c) for every cut and angle."""
    return at_most(region.cuts, np.full_like(region.cuts, region.draws), _tail(angle))


def _tail(angle: Float) -> Float:
    return np.where(angle >= np.pi / 2, 1.0, np.sin(angle) ** 2)


def _cuts(m: int) -> Integers:
    """Counts a little more than a standard deviation apart, whatever was observed."""
    steps = np.linspace(0, np.pi / 2, int(np.ceil(np.pi * np.sqrt(m) / _CUT_STEP)) + 1)
    return np.unique(np.concatenate([[0], np.floor(m * np.sin(steps) ** 2).astype(np.int64), [m - 1]]).clip(0, m - 1))


def _atoms(m: int, step: float) -> Float:
    """Angles arcsin sqrt(1 - p): evenly, and on the scale of budgets far above m towards p = 1."""
    even = np.linspace(0, np.pi / 2, int(np.ceil(np.pi * np.sqrt(m) / step)) + 1)
    close = np.arcsin(np.sqrt(np.geomspace(1e-12, 4 / m, 60))) if m >= 4 else np.zeros(0)
    return np.unique(np.concatenate([even, close]))
