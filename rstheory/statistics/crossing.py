"""The budget at which one log overtakes another, with an interval over test images and what rounding leaves open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rstheory import _check
from rstheory._check import Float

Overtaking = int | Literal["always", "never"]
_ALWAYS, _NEVER = -np.inf, np.inf  # in between: the logarithm of a budget


@dataclass(frozen=True)
class CrossingInterval:
    """The budget from which on the leader at the largest budget N leads, up to N.

    "always": it leads at every budget from the smallest one looked at. "never": it does not lead at N.

    leader: which of the two logs has the larger ACR at N: the interval is about its overtaking the other.
    estimate: from the curves themselves, interpolated between budgets.
    median, low, high: of the resampled curves; the ends at level 1 - rho.
    rounding: the earliest and the latest, with every printed radius anywhere within its last digit: the worst case, in
        which all radii of one log were rounded up and all of the other down.
    rho: of the interval.
    """

    leader: Literal["a", "b"]
    estimate: Overtaking
    median: Overtaking
    low: Overtaking
    high: Overtaking
    rounding: tuple[Overtaking, Overtaking]
    rho: float

    @property
    def undetermined(self) -> bool:
        """Whether rounding alone could decide who leads: at every budget either may."""
        return self.rounding == ("always", "never")

    @property
    def order(self) -> Literal["one leads", "crosses", "open"]:
        """What the images say at level 1 - rho: the leader leads at every budget; the two change places at some budget;
        or it is not excluded that one of them leads at every budget, and not shown either."""
        if self.low == self.high == "always":
            return "one leads"
        return "open" if {"always", "never"} & {self.low, self.high} else "crosses"


def crossing_interval(
    budgets: Sequence[int],
    difference: Float,
    resampled: Float,
    lower: Float | None = None,
    upper: Float | None = None,
    rho: float = 0.05,
) -> CrossingInterval:
    """Interval of the budget at which the order of two logs by ACR changes for good.

    In each resample of the images the leader's overtaking is read off the resampled curve; the ends are its quantiles,
    "always" being below and "never" above every budget (percentile bootstrap). So they hold for the population behind
    the images, for two runs as they are: another training run is not in it. Approximate for many images. If the true
    curves cross more than once, it is about the last crossing.

    budgets: ascending, the last one N. difference: ACR of a minus ACR of b at each. resampled: the same in resamples,
    shape (resamples, budgets). lower, upper: the least and the largest difference that rounding allows; default: none.
    rho: 1 - level.

    >>> difference = np.array([-0.02, -0.01, 0.01])
    >>> shifts = np.linspace(-0.015, 0.015, 101)[:, None]
    >>> crossing_interval([100, 1000, 10_000], difference, difference + shifts, rho=0.5).estimate
    3162
    """
    _check.level("rho", rho)
    n = np.asarray(budgets, dtype=np.float64)
    if n.ndim != 1 or len(n) < 2 or np.any(np.diff(n) <= 0) or difference.shape != n.shape:
        raise ValueError(f"budgets={list(budgets)} is not allowed: ascending, one for each of the differences")
    turn = 1.0 if difference[-1] >= 0 else -1.0  # seen by the leader
    lowest, highest = (difference if end is None else end for end in (lower, upper))
    ends = (highest, lowest) if turn > 0 else (lowest, highest)  # earliest, latest
    at = np.log(n)
    places = overtaking(turn * resampled, at)
    low = float(np.quantile(places, rho / 2, method="lower"))
    median = float(np.quantile(places, 0.5, method="nearest"))
    high = float(np.quantile(places, 1 - rho / 2, method="higher"))
    curves = np.stack([turn * curve for curve in (difference, *ends)])
    estimate, earliest, latest = overtaking(curves, at).tolist()
    named = [_named(end) for end in (estimate, median, low, high, earliest, latest)]
    return CrossingInterval("a" if turn > 0 else "b", named[0], named[1], named[2], named[3], (named[4], named[5]), rho)


def overtaking(curves: Float, at: Float) -> Float:
    """Where each curve becomes positive for good, interpolated; -inf if it always is, inf if it is not at the end.

    curves: shape (curves, points). at: ascending places of the points.
    """
    positive = curves > 0
    # The last point that is not positive; the curve passes 0 between it and the next.
    last = np.where(positive.all(axis=1), -1, len(at) - 1 - np.argmax(~positive[:, ::-1], axis=1))
    found = np.where(last < 0, _ALWAYS, _NEVER)
    inside = np.flatnonzero((last >= 0) & (last < len(at) - 1))
    before = last[inside]
    down, up = curves[inside, before], curves[inside, before + 1]
    found[inside] = at[before] + (at[before + 1] - at[before]) * (-down / (up - down))
    return found


def _named(end: float) -> Overtaking:
    return "always" if end == _ALWAYS else "never" if end == _NEVER else round(float(np.exp(end)))
