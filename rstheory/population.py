"""A data set as ACR sees it: which shares of the samples have which label probability (theory B7, C5).

The label probability p(x, y) = P(f(x + noise) = y) of a labelled sample lies anywhere in [0, 1]: near 1 the sample is
easy, below 1/2 it is hard. Expected ACR depends on a model and its test set through the distribution of p alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rstheory import _check
from rstheory._check import Float
from rstheory.budget import expected_radius_sf


@dataclass(frozen=True, eq=False)
class Population:
    """Finitely many label probabilities and the share of samples that has each.

    tail: t = 1 - p of each group, in [0, 1], so that p near 1 keeps its digits. share: non-negative, adding up to 1.

    >>> half_easy = Population(tail=[0.0, 0.4], share=[0.5, 0.5])
    >>> print(f"{half_easy.mean_probability:.2f} {half_easy.expected_acr(1000):.4f}")
    0.80 1.2959
    """

    tail: Float
    share: Float

    def __init__(self, tail: ArrayLike, share: ArrayLike) -> None:
        tail_, share_ = np.array(_check.probability("tail", tail)), np.array(_check.probability("share", share))
        if tail_.ndim != 1 or tail_.shape != share_.shape or not tail_.size:
            raise ValueError(f"tail and share must be two lists of one length, got {tail_.shape} and {share_.shape}")
        if abs(share_.sum() - 1) > 1e-9:
            raise ValueError(f"share={share_} is not allowed: shares must add up to 1, not {share_.sum()}")
        tail_.flags.writeable = share_.flags.writeable = False
        object.__setattr__(self, "tail", tail_)
        object.__setattr__(self, "share", share_)

    @classmethod
    def of_samples(cls, p: ArrayLike) -> Population:
        """The population in which every listed probability belongs to one sample."""
        tail = 1 - _check.probability("p", p)
        return cls(tail, np.full(tail.shape, 1 / max(tail.size, 1)))

    @property
    def mean_probability(self) -> float:
        """Mean of p: the base classifier's accuracy under noise."""
        return float(1 - self.share @ self.tail)

    @property
    def spread(self) -> float:
        """Standard deviation of p over the samples."""
        return float(np.sqrt(self.share @ (self.tail - self.share @ self.tail) ** 2))

    @property
    def certain_share(self) -> float:
        """Share of samples with p = 1, which decides the ranking at an infinite budget (B7)."""
        return float(self.share[self.tail == 0].sum())

    def expected_acr(self, n: int, alpha: float = 1e-3, sigma: float = 1.0) -> float:
        """Exact expected ACR at budget (n, alpha): the mean of r_N(p) over the samples (C2)."""
        return float(self.share @ np.asarray(expected_radius_sf(self.tail, n, alpha, sigma)))


def infinite_budget_winner(populations: Sequence[Population]) -> int | None:
    """Index of the population with the largest ACR at every large enough budget, or None if B7 does not decide (B7).

    With finitely many values of p, r_N(p) stays bounded for p < 1 while r_N(1) grows without bound: the largest share
    of samples with p = 1 wins in the end, whatever the other samples do. A tie in that share is not decided; shares
    within 1e-9 of each other, which is what their sum may be off by, count as tied.

    >>> narrow, broad = Population([0.0, 1.0], [0.2, 0.8]), Population([0.001, 0.2], [0.9, 0.1])
    >>> infinite_budget_winner([narrow, broad])
    0
    """
    if not populations:
        raise ValueError("populations=[] is not allowed: there must be at least one to rank")
    shares = np.array([population.certain_share for population in populations])
    best = int(np.argmax(shares))
    return best if np.sum(shares >= shares[best] - 1e-9) == 1 else None


def crossing_budget(a: Population, b: Population, low: int, high: int, alpha: float = 1e-3) -> int:
    """A budget n in (low, high] at which the sign of ACR(a) - ACR(b) differs from that at n - 1 (C8).

    The signs at low and high must differ (ValueError otherwise); bisection then finds one change of sign. There may be
    others: r_N is not monotone in N. Independent of sigma, in which both ACRs are linear.

    >>> narrow, broad = Population([0.0, 1.0], [0.6, 0.4]), Population([0.01, 0.2], [0.9, 0.1])
    >>> crossing_budget(narrow, broad, 1_000, 1_000_000)
    33570
    """

    def a_leads(n: int) -> bool:
        return a.expected_acr(n, alpha) > b.expected_acr(n, alpha)

    low, high = _check.scalar_int("low", low), _check.scalar_int("high", high)
    start = a_leads(low)
    if low >= high or a_leads(high) == start:
        raise ValueError(f"low={low}, high={high} is not allowed: the ranking must differ between the two ends")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if a_leads(middle) == start else (low, middle)
    return high
