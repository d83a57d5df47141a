"""When to stop drawing for a sample, and what its counts prove then: the question is asked of a stopping rule.

A rule sees one sample at a time. The selection draws picked its class, and `count` of the first `n` estimation draws
gave that class. The rule's answer is a function of (count, n) alone. So a run may be killed, resumed and shared, and
samples may wait for each other or not: each of them is asked about at the same looks, and the log is the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rstheory import _check
from rstheory.binomial import clopper_pearson_lower_sf


class Verdict(Protocol):
    """A rule's answer: arrays of the shape of the counts, or scalars for a scalar."""

    @property
    def more(self) -> Any:
        """Further draws until the next look; 0 where the sample is done."""

    @property
    def lower_sf(self) -> Any:
        """1 - L, where L is the lower bound on p that is proved; 1 where nothing is. A claim only for samples done."""


class StoppingRule(Protocol):
    """What a run and its log need to know of a rule. Implementations are frozen dataclasses that check themselves.

    Their `repr` must tell everything that their decisions depend on: a log keeps a digest of it.
    """

    @property
    def name(self) -> str:
        """What a log calls it, such as "curve"."""

    @property
    def level(self) -> float:
        """The bound proved is above p with at most this probability, per sample and for every p."""

    @property
    def looks(self) -> tuple[int, ...]:
        """Ascending numbers of draws at which the rule is asked."""

    @property
    def cap(self) -> int:
        """The last of them: no sample gets more draws."""

    def decide(self, count: ArrayLike, n: ArrayLike) -> Verdict:
        """What `count` successes in the first `n` draws mean. n is 0 or one of the looks. Both broadcast."""


@dataclass(frozen=True)
class _Answer:
    more: NDArray[np.int64]
    lower_sf: NDArray[np.float64]


@dataclass(frozen=True)
class FixedDraws:
    """The rule of Cohen et al. (2019): the same number of draws for every sample, then a Clopper-Pearson bound.

    cap: number of draws N, at least 1.
    level: significance level alpha.

    >>> rule = FixedDraws(1000)
    >>> rule.decide(0, 0).more, rule.decide(990, 1000).more, f"{rule.decide(990, 1000).lower_sf:.4f}"
    (array(1000), array(0), '0.0240')
    """

    cap: int
    level: float = 1e-3

    def __post_init__(self) -> None:
        _check.at_least(1, "n", self.cap)
        _check.level("alpha", self.level)

    @property
    def name(self) -> str:
        """See `StoppingRule`."""
        return "fixed"

    @property
    def looks(self) -> tuple[int, ...]:
        """See `StoppingRule`."""
        return (self.cap,)

    def decide(self, count: ArrayLike, n: ArrayLike) -> Verdict:
        """See `StoppingRule`."""
        successes, draws = np.broadcast_arrays(_check.integers("count", count), _check.integers("n", n))
        done = np.asarray(draws == self.cap)
        _check.refuse("n", draws, ~done & (draws != 0), f"this rule is asked at n={self.cap}, or before any draw")
        lower_sf = np.where(done, clopper_pearson_lower_sf(np.where(done, successes, 0), self.cap, self.level), 1.0)
        return _Answer(np.where(done, 0, self.cap), lower_sf)
