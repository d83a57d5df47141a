"""Is p above q? Decisions at looks: certify at level alpha, give up at no cost in level (theory G1, G3, G4).

Every such test is a table of two integers a look: with at most `most_failures` the sample is certified, with at least
`fewest_to_refute` the rule gives up. Where the table comes from (a mixture, an exact spending of alpha) does not matter
to its level, which is computed, not believed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from rstheory import _check
from rstheory.radius import certified_radius_inverse_sf, certified_radius_sf
from rstheory.sequential.crossing import (
    Characteristics,
    characteristics_sf,
    checked_looks,
    crossing_probability_sf,
    spending_boundary_sf,
)
from rstheory.sequential.mixture import most_failures as mixture_most_failures
from rstheory.sequential.rule import Verdict, check_level, check_looks, growing_looks, located, verdict

_BETA = 0.05


@dataclass(frozen=True)
class Decision:
    """A stopping rule for one question, "is p > 1 - t?": certified, refuted, or undecided at the cap.

    t: failure probability at the threshold, in (0, 1). looks: ascending numbers of draws; the last is the cap.
    most_failures: per look, the most failures with which the sample is certified, -1 for none.
    fewest_to_refute: per look, the fewest failures at which the rule gives up; above the draws for never.
    level: alpha. name: text for a log.

    Making one computes the probability of ever certifying at p = 1 - t, the worst case of p <= 1 - t (G4), and refuses
    a table for which that exceeds `level`.

    >>> rule = Decision(0.5, (10, 20), (0, 3), (6, 21), level=0.01)
    >>> rule.decide([10, 5, 3], 10).more
    array([ 0, 10,  0])
    """

    t: float
    looks: tuple[int, ...]
    most_failures: tuple[int, ...]
    fewest_to_refute: tuple[int, ...]
    level: float = 1e-3
    name: str = "decision"

    def __post_init__(self) -> None:
        check_level(self.level)
        check_looks(self.looks)
        certify, refute = np.array(self.most_failures), np.array(self.fewest_to_refute)
        if refute.shape != certify.shape:
            raise ValueError("fewest_to_refute must have one entry a look, like most_failures")
        _check.refuse("fewest_to_refute", refute, refute <= certify, "it must be above most_failures at every look")
        proved = float(crossing_probability_sf(self.looks, self.most_failures, self.t)[-1])
        if proved > self.level:
            raise ValueError(f"most_failures is not allowed: it proves level {proved:.6g} only, not {self.level:.6g}")

    @property
    def cap(self) -> int:
        return self.looks[-1]

    def decide(self, count: ArrayLike, n: ArrayLike) -> Verdict:
        """See `StoppingRule`; the bound proved is 1 - t where certified, and nothing elsewhere."""
        _, failures, look = located(count, n, self.looks)
        certified = (failures <= np.array(self.most_failures)[look]) & (look >= 0)
        refuted = failures >= np.array(self.fewest_to_refute)[look]
        return verdict(self.looks, look, certified | refuted, np.where(certified, self.t, 1.0), certified)

    def characteristics(self, t: float) -> Characteristics:
        """Probability to certify and to refute, and mean draws, where the failure probability is t."""
        return characteristics_sf(self.looks, self.most_failures, self.fewest_to_refute, t)


def tail_for_radius(radius: float, sigma: float = 1.0) -> float:
    """The failure probability t such that "p > 1 - t" certifies `radius`, rounded down.

    radius: >= 0; for 0 it is just below 1/2, so that certifying it is more than abstaining. sigma: noise level.
    `certified_radius_sf` of the result is at least `radius`, and above 0.

    >>> print(f"{tail_for_radius(0.5, sigma=0.5):.6f}")
    0.158655
    """
    target, noise = float(_check.non_negative("radius", radius)), float(_check.positive("sigma", sigma))
    t = float(certified_radius_inverse_sf(target, noise))
    if t < 1e-300:
        raise ValueError(f"radius={radius} is not allowed: at sigma={sigma} no number of draws could certify it")
    step = 2.0**-52
    while (reached := float(certified_radius_sf(t, noise))) < target or reached == 0:
        t, step = t * (1 - step), 2 * step
    return t


def mixture_decision(
    t: float, cap: int, level: float = 1e-3, beta: float = _BETA, looks: Sequence[int] | None = None
) -> Decision:
    """Certify once W_n(1 - t) >= 1/level; give up once the mirrored mixture refutes "p >= 1 - t" at beta (G1, G3).

    t: failure probability at the threshold. cap: largest number of draws. beta: probability, per sample with
    p > 1 - t, to give it up by mistake; it costs power, never level. looks: default `growing_looks(cap)`.
    The level would hold at any looks, also unplanned ones.

    >>> mixture_decision(0.1587, 10_000).characteristics(0.01).draws < 65
    True
    """
    looks_ = growing_looks(cap) if looks is None else checked_looks(looks)
    _check_cap(looks_, cap)
    draws = np.array(looks_)
    certify = mixture_most_failures(draws, t, level)
    # Failures and successes trade places: few successes are evidence against "the failure probability is at most t".
    refute = draws - mixture_most_failures(draws, 1 - t, beta)
    return Decision(float(t), looks_, _ints(certify), _ints(np.maximum(refute, certify + 1)), level, "mixture")


def group_sequential_decision(
    t: float, cap: int, level: float = 1e-3, price: float = 4.0, looks: Sequence[int] | None = None
) -> Decision:
    """Exact boundary for p near the threshold: most of the level is spent at the cap, the rest spread over looks (G4).

    t: failure probability at the threshold. cap: largest number of draws. looks: default `growing_looks(cap)`.
    price: what one more certified sample is worth, in draws as a multiple of the cap; positive. A higher price
    certifies nearly as many samples as a fixed number of draws would, and saves fewer draws.

    By look n, with x = n/cap, a share 2x/(1 + 0.75 price) of the level may be spent, and all of it at the cap. The rule
    gives up where the predictive probability to certify at the cap is below about min(x, 0.27)/price. Both are simple
    fits to the boundaries that backward induction gives for success probabilities spread evenly around the threshold.

    >>> rule = group_sequential_decision(0.1587, 10_000)
    >>> rule.characteristics(0.155).draws < mixture_decision(0.1587, 10_000).characteristics(0.155).draws
    True
    """
    looks_ = growing_looks(cap) if looks is None else checked_looks(looks)
    _check_cap(looks_, cap)
    check_level(level)
    return _group_sequential(float(t), looks_, float(level), float(_check.positive("price", price)))


@lru_cache(maxsize=4096)
def _group_sequential(t: float, looks: tuple[int, ...], level: float, price: float) -> Decision:
    draws, cap = np.array(looks), looks[-1]
    elapsed = draws / cap
    share = np.where(draws < cap, np.minimum(2 * elapsed / (1 + 0.75 * price), 1.0), 1.0)
    certify, _ = spending_boundary_sf(looks, level * share, t)
    refute = np.maximum(hopeless(draws, cap, int(certify[-1]), np.minimum(elapsed, 0.27) / price), certify + 1)
    return Decision(t, looks, _ints(certify), _ints(refute), level, "group-sequential")


def hopeless(draws: NDArray[np.int64], cap: int, most_at_cap: int, chance: ArrayLike) -> NDArray[np.int64]:
    """Fewest failures in `draws` that leave a chance of about `chance` to end with at most `most_at_cap` at the cap.

    The chance is predictive, in the scale of arcsin(sqrt(failures/draws)): there a binomial share has variance 1/(4n)
    whatever p, and what is known after n draws of what they will be at the cap has variance (1/n - 1/cap)/4. Nothing
    rests on it but draws.
    """
    if most_at_cap < 0:
        return np.zeros(draws.shape, dtype=np.int64)
    needed = np.arcsin(np.sqrt((most_at_cap + 1) / (cap + 2)))
    angle = needed - ndtri(chance) / 2 * np.sqrt(1 / draws - 1 / cap)
    share = np.sin(np.minimum(angle, np.pi / 2)) ** 2
    return np.asarray(np.ceil(share * (draws + 1) - 0.5), dtype=np.int64)


def _check_cap(looks: tuple[int, ...], cap: int) -> None:
    if looks[-1] != cap:
        raise ValueError(f"cap={cap} is not allowed: the last look is {looks[-1]}")


def _ints(values: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(int(value) for value in values)
