"""What a stopping rule is: asked at looks, it says how many more draws a sample needs and what its counts prove.

A rule sees one sample at a time: the class was picked by the selection draws, `count` of the first `n` estimation draws
gave it. Its answer is a function of (count, n) alone. So a run may be killed, resumed and shared among processes,
samples may wait for each other or not, and a row of a log (count, draws, rule) is enough to recompute the certificate.

Whoever stops by a rule has a count that is not binomial given n: subsampling it, or recovering it from a radius, as for
a number of draws fixed beforehand, is wrong (G8).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rstheory import _check
from rstheory._check import Float
from rstheory.binomial import clopper_pearson_lower_sf
from rstheory.sequential.crossing import checked_looks


class Outcome(IntEnum):
    """How a sample stands with a rule.

    OPEN: it needs more draws. CERTIFIED: something is proved, at the rule's level. REFUTED: the rule gave up early; no
    claim at any level follows. UNDECIDED: the cap was reached and nothing is proved.
    """

    OPEN = 0
    CERTIFIED = 1
    REFUTED = 2
    UNDECIDED = 3


@dataclass(frozen=True, eq=False)
class Verdict:
    """A rule's answer, one entry a sample (arrays of the shape of the counts; scalars for a scalar).

    more: further draws until the next look; 0 when done.
    lower_sf: 1 - L, L being the lower bound on p that the counts prove at the rule's level; 1 where they prove nothing.
    A claim only once the sample is done: stop as the rule says, and the level holds.
    outcome: `Outcome` codes.
    """

    more: Any
    lower_sf: Any
    outcome: Any

    @property
    def done(self) -> Any:
        """Which samples need no more draws."""
        return np.asarray(self.more == 0)[()]


@runtime_checkable
class StoppingRule(Protocol):
    """What a run, a log and a resume need to know of a rule. Implementations are frozen and check themselves.

    name: text for a column of a log, such as "curve".
    level: the bound proved is above p with at most this probability, per sample.
    looks: ascending numbers of draws at which `decide` is asked.
    cap: the last of them.
    """

    @property
    def name(self) -> str: ...

    @property
    def level(self) -> float: ...

    @property
    def looks(self) -> tuple[int, ...]: ...

    @property
    def cap(self) -> int: ...

    def decide(self, count: ArrayLike, n: ArrayLike) -> Verdict:
        """What `count` successes in the first `n` draws mean; n is 0 or one of the looks. Both broadcast."""
        ...


def growing_looks(cap: int, first: int = 16, growth: float = 0.02, step: int = 1) -> tuple[int, ...]:
    """Looks from `first` on, each larger than the one before by a share `growth`, ending at `cap`.

    cap: largest number of draws, integer >= 1. first: first look, integer >= 1. growth: share, positive. A sample
    overshoots the draws it needs by about growth/2. step: integer >= 1; each look comes at least `step` draws after the
    one before, and a multiple of `step` later. Many draws a look fill the batches of a network, where one or two of
    each sample would not.

    >>> growing_looks(100, first=20, growth=0.5), growing_looks(100, first=20, growth=0.5, step=16)
    ((20, 30, 45, 68, 100), (20, 36, 68, 100))
    """
    last, look = _check.at_least(1, "cap", cap), _check.at_least(1, "first", first)
    share, least = float(_check.positive("growth", growth)), _check.at_least(1, "step", step)
    looks = []
    while look < last:
        looks.append(look)
        more = math.ceil(look * (1 + share)) - look
        look += least * max(1, -(-more // least))
    return (*looks, last)


@dataclass(frozen=True)
class FixedDraws:
    """The rule of Cohen et al. (2019): all draws, then one Clopper-Pearson bound.

    cap: number of draws N. level: alpha.

    >>> print(FixedDraws(1000, 0.001).decide(990, 1000).outcome == Outcome.CERTIFIED)
    True
    """

    cap: int
    level: float = 1e-3

    def __post_init__(self) -> None:
        _check.at_least(1, "cap", self.cap)
        check_level(self.level)

    @property
    def name(self) -> str:
        return "fixed"

    @property
    def looks(self) -> tuple[int, ...]:
        return (self.cap,)

    def decide(self, count: ArrayLike, n: ArrayLike) -> Verdict:
        """See `StoppingRule`; the lower bound is Clopper-Pearson's."""
        successes, _, look = located(count, n, self.looks)
        done = look == 0
        lower_sf = np.where(done, clopper_pearson_lower_sf(np.where(done, successes, 0), self.cap, self.level), 1.0)
        return verdict(self.looks, look, done, lower_sf)


def located(count: ArrayLike, n: ArrayLike, looks: tuple[int, ...]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """(successes, failures, index of the look, -1 before the first), broadcast; refuses an n that is no look."""
    draws = _check.integers("n", n)
    look = np.searchsorted(looks, draws)
    known = np.append(looks, 0)[np.minimum(look, len(looks))] == draws
    _check.refuse("n", draws, ~(known | (draws == 0)), "this rule is asked at its looks only (or before any draw, n=0)")
    index = np.where(draws == 0, -1, look)
    successes, draws, index = np.broadcast_arrays(_check.integers("count", count), draws, index)
    _check.refuse("count", successes, (successes < 0) | (successes > draws), "a count must lie in [0, n]")
    return successes, np.asarray(draws - successes), index


def verdict(
    looks: tuple[int, ...],
    look: NDArray[Any],
    done: NDArray[np.bool_],
    lower_sf: Float,
    proved: NDArray[np.bool_] | None = None,
) -> Verdict:
    """The `Verdict` of samples at looks (by index), from which are done and the bound of each. The cap is always done.

    proved: which bounds count as something certified; default: those above 1/2.
    """
    last = len(looks) - 1
    done = np.asarray((done & (look >= 0)) | (look == last))
    here = np.append(looks, 0)[look]  # index -1, before any draw, is the appended 0
    more = np.where(done, 0, np.asarray(looks)[np.minimum(look + 1, last)] - here)
    certified = lower_sf < 0.5 if proved is None else proved
    outcome = np.where(certified, Outcome.CERTIFIED, np.where(look == last, Outcome.UNDECIDED, Outcome.REFUTED))
    outcome = np.where(done, outcome, Outcome.OPEN).astype(np.int8)
    return Verdict(more[()], np.asarray(lower_sf, dtype=np.float64)[()], outcome[()])


def check_level(level: float) -> None:
    value = _check.level("level", level)
    if value.ndim:
        raise ValueError(f"level must be a single number here, got an array of shape {value.shape}")


def check_looks(looks: tuple[int, ...]) -> None:
    if not isinstance(looks, tuple) or checked_looks(looks) != looks:
        raise ValueError(f"looks={looks!r} is not allowed: it must be a tuple of ascending Python ints")
