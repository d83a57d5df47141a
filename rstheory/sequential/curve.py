"""Whole radius curves from one stopped run: which of many radii are certified (theory G5).

The hypotheses "p <= q_1", "p <= q_2", ... of ascending radii are nested. Let each have its own test of level alpha, and
let a radius count as certified only if it *and every smaller one* is. If p <= q_i for some i, take the smallest such i:
any false certificate needs the test of that one hypothesis to err. So all radii together hold at level alpha, with no
correction for their number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from rstheory import _check
from rstheory.binomial import clopper_pearson_lower_sf
from rstheory.budget import max_radius
from rstheory.sequential.crossing import checked_looks
from rstheory.sequential.decision import Decision, group_sequential_decision, tail_for_radius
from rstheory.sequential.mixture import anytime_lower_sf, most_failures
from rstheory.sequential.rule import Verdict, check_level, check_looks, growing_looks, located, verdict


@dataclass(frozen=True)
class CurveRule:
    """Certify the largest radius of a grid, and stop once every radius is certified or given up (G5, exact by G4).

    decisions: one per radius, radii ascending (so t descending), all with the same looks. resolved: which of them a
    sample must settle before it stops; the others are only read off where it stops. name: text for a log.

    The bound proved is 1 - t of the largest radius certified: a value of the grid, also where the counts would allow
    more. The level is the largest of the decisions' levels, not their sum.

    >>> rule = curve_rule([0.0, 0.25, 0.5], sigma=0.5, cap=1000)
    >>> verdict = rule.decide([1000, 400], 1000)
    >>> print(verdict.more, verdict.outcome, verdict.lower_sf.round(4))
    [0 0] [1 3] [0.1587 1.    ]
    """

    decisions: tuple[Decision, ...]
    resolved: tuple[bool, ...]
    name: str = "curve"
    _most: NDArray[np.int64] = field(init=False, repr=False, compare=False)
    _refute: NDArray[np.int64] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.decisions or len(self.resolved) != len(self.decisions) or not any(self.resolved):
            raise ValueError("decisions and resolved must have one entry per radius, and one radius must be resolved")
        _check.refuse("t", np.array(self._tails), np.diff(self._tails, prepend=1) >= 0, "radii must be ascending")
        if any(decision.looks != self.looks for decision in self.decisions):
            raise ValueError("decisions must all have the same looks")
        table = np.array([decision.most_failures for decision in self.decisions])
        object.__setattr__(self, "_most", np.minimum.accumulate(table, axis=0))  # and every smaller one
        settle = [d.fewest_to_refute if r else d.looks for d, r in zip(self.decisions, self.resolved, strict=True)]
        object.__setattr__(self, "_refute", np.array(settle) + np.where(self.resolved, 0, 1)[:, None])

    @property
    def _tails(self) -> list[float]:
        return [decision.t for decision in self.decisions]

    @property
    def level(self) -> float:
        return max(decision.level for decision in self.decisions)

    @property
    def looks(self) -> tuple[int, ...]:
        return self.decisions[0].looks

    @property
    def cap(self) -> int:
        return self.looks[-1]

    def decide(self, count: ArrayLike, n: ArrayLike) -> Verdict:
        """See `StoppingRule`."""
        _, failures, look = located(count, n, self.looks)
        certified = (failures <= self._most[:, look.ravel()].reshape(-1, *look.shape)) & (look >= 0)
        refuted = failures >= self._refute[:, look.ravel()].reshape(-1, *look.shape)
        # Radii above a refuted one are refuted too.
        given_up = np.logical_or.accumulate(refuted, axis=0)
        open_ = ~certified & ~given_up & np.array(self.resolved).reshape(-1, *[1] * look.ndim)
        tails = np.append(1.0, self._tails)[certified.sum(axis=0)]
        return verdict(self.looks, look, ~open_.any(axis=0), tails, certified[0])


def radius_grid(sigma: float, cap: int, level: float = 1e-3, step: float = 0.25) -> tuple[float, ...]:
    """Radii 0, step, 2 step, ... that `cap` draws can certify at this level.

    >>> radius_grid(0.25, 100_000)
    (0.0, 0.25, 0.5, 0.75)
    """
    largest = float(max_radius(_check.at_least(1, "cap", cap), level, sigma))
    spacing = float(_check.positive("step", step))
    if largest <= 0:
        raise ValueError(f"cap={cap} is not allowed: so few draws certify nothing at level {level}")
    return tuple(spacing * i for i in range(int(largest / spacing) + 1) if spacing * i < largest)


def curve_rule(
    radii: Sequence[float],
    sigma: float,
    cap: int,
    level: float = 1e-3,
    price: float = 3.0,
    between: Sequence[float] = (),
    looks: Sequence[int] | None = None,
) -> CurveRule:
    """`CurveRule` from one group-sequential boundary per radius.

    radii: what every sample settles, such as `radius_grid(sigma, cap)`. sigma: noise level. cap: largest number of
    draws. between: further radii, read off where a sample stops; they cost no draws. looks: default
    `growing_looks(cap)`, but at least 64 draws apart, since most samples need thousands. Radii that the cap cannot
    certify are refused.
    price: as in `group_sequential_decision`, at radius 0. It rises with the radius and falls again where only a handful
    of failures decides, so that about as much certified accuracy is lost at every radius: below 0.1 points on each of
    the 21 published CIFAR-10 logs (`benchmarks/stopping_rules.py`).

    >>> curve_rule((0.0, 0.5), 0.5, cap=1000, between=(0.25,)).resolved
    (True, False, True)
    """
    looks_ = growing_looks(cap, first=64, step=64) if looks is None else checked_looks(looks)
    if looks_[-1] != cap:
        raise ValueError(f"cap={cap} is not allowed: the last look is {looks_[-1]}")
    settled = {float(radius) for radius in _check.non_negative("radii", np.asarray(radii))}
    every = sorted(settled | {float(radius) for radius in _check.non_negative("between", np.asarray(between))})
    decisions = tuple(_for_radius(radius, float(sigma), looks_, float(level), float(price)) for radius in every)
    return CurveRule(decisions, tuple(radius in settled for radius in every))


@lru_cache(maxsize=4096)
def _for_radius(radius: float, sigma: float, looks: tuple[int, ...], level: float, price: float) -> Decision:
    t, cap = tail_for_radius(radius, sigma), looks[-1]
    uncertainty = 2 * np.sqrt(t * (1 - t)) * np.exp(ndtri(t) ** 2 / 2)  # of Phi^-1(p), from one draw; 1 at p = 1/2
    # The 1.8 was chosen on the published logs; nothing but draws and power rests on them.
    relative = min(uncertainty, np.sqrt(cap * t) / 1.8)
    decision = group_sequential_decision(t, cap, level, float(price * relative), looks)
    if decision.most_failures[-1] < 0:
        raise ValueError(f"radius={radius} is not allowed: {cap} draws cannot certify it at level {level}")
    return decision


@dataclass(frozen=True)
class HybridCurve:
    """The simplest curve: a share of alpha for a bound valid at any time, the rest for one Clopper-Pearson bound (G5).

    radii: what every sample settles, ascending. sigma: noise level. looks: ascending numbers of draws. level: alpha.
    share: of alpha, for `anytime_lower` during the run; what is left is for the cap. beta: probability to give up a
    radius that holds. Sound by the union bound, at all radii at once, also those between the grid.

    >>> HybridCurve((0.0, 0.5), 0.5, growing_looks(1000)).decide([1000, 450], 1000).outcome
    array([1, 3], dtype=int8)
    """

    radii: tuple[float, ...]
    sigma: float
    looks: tuple[int, ...]
    level: float = 1e-3
    share: float = 0.5
    beta: float = 0.05
    name: str = "hybrid"
    _most: NDArray[np.int64] = field(init=False, repr=False, compare=False)
    _refute: NDArray[np.int64] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_level(self.level)
        check_looks(self.looks)
        for name in ("share", "beta"):
            _check.level(name, getattr(self, name))
        tails = [tail_for_radius(radius, self.sigma) for radius in self.radii]
        _check.refuse("radii", np.array(self.radii), np.diff(tails, prepend=1) >= 0, "radii must be ascending")
        draws = np.array(self.looks)
        most = [most_failures(draws, t, self.share * self.level) for t in tails]
        refute = [draws - most_failures(draws, 1 - t, self.beta) for t in tails]
        object.__setattr__(self, "_most", np.array(most))
        object.__setattr__(self, "_refute", np.array(refute))

    @property
    def cap(self) -> int:
        return self.looks[-1]

    def decide(self, count: ArrayLike, n: ArrayLike) -> Verdict:
        """See `StoppingRule`; the bound is the better of the two at the cap, `anytime_lower` before."""
        successes, failures, look = located(count, n, self.looks)
        certified = (failures <= self._most[:, look.ravel()].reshape(-1, *look.shape)) & (look >= 0)
        given_up = np.logical_or.accumulate(failures >= self._refute[:, look.ravel()].reshape(-1, *look.shape), axis=0)
        at_cap = look == len(self.looks) - 1
        done = np.asarray((certified | given_up).all(axis=0) & (look >= 0)) | at_cap
        lower_sf = np.ones(done.shape)
        draws = successes + failures
        lower_sf[done] = anytime_lower_sf(successes[done], draws[done], self.share * self.level)
        final = clopper_pearson_lower_sf(successes[at_cap], self.cap, (1 - self.share) * self.level)
        lower_sf[at_cap] = np.minimum(lower_sf[at_cap], final)
        return verdict(self.looks, look, done, lower_sf)
