"""What a distribution of p tells, at budgets that nobody ran: functionals that are linear in it (theory H2, D1, D2).

Each is a function of an image's p, rising in p and bounded: its mean over the images is the functional. They take the
tail t = 1 - p, so that p near 1 keeps its digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from scipy.special import betainc

from rstheory import _check
from rstheory._check import Float
from rstheory.budget import expected_radius_sf, min_certifiable_count, radius_from_count
from rstheory.far_budgets import mean_radius_sf
from rstheory.population import Population

_EXACT_TO = 10_000  # draws up to which every count is summed


class Functional(Protocol):
    """A weight for every t = 1 - p: not rising in t, non-negative, finite. Hashable."""

    def __call__(self, tail: Float) -> Float: ...

    def __hash__(self) -> int: ...


@dataclass(frozen=True)
class ACR:
    """Expected average certified radius r_N at a budget (C2), to 1e-8 sigma.

    n: draws per image of the budget, up to 10^12. alpha: its significance level. sigma: noise level.

    >>> print(f"{mean(Population([0.001], [1.0]), ACR(100_000)):.4f}")
    3.0013
    """

    n: int
    alpha: float = 1e-3
    sigma: float = 1.0

    def __post_init__(self) -> None:
        _check_budget(self.n, self.alpha, self.sigma)

    def __call__(self, tail: Float) -> Float:
        if self.n <= _EXACT_TO:
            return np.asarray(expected_radius_sf(tail, self.n, self.alpha, self.sigma))
        return self.sigma * mean_radius_sf(tail, self.n, self.alpha)  # to 1e-8 sigma, and many times faster


@dataclass(frozen=True)
class CertifiedAccuracy:
    """Expected share of images that a run at a budget certifies, for their label, at radius r or more.

    r: radius, >= 0, in the units of sigma; at r = 0 it is the share not abstained on. n, alpha, sigma: as for `ACR`.

    >>> print(f"{mean(Population([0.1], [1.0]), CertifiedAccuracy(0.5, n=100)):.4f}")
    0.9794
    """

    r: float
    n: int
    alpha: float = 1e-3
    sigma: float = 1.0

    def __post_init__(self) -> None:
        _check.non_negative("r", self.r)
        _check_budget(self.n, self.alpha, self.sigma)

    def __call__(self, tail: Float) -> Float:
        count = least_count(self.r, self.n, self.alpha, self.sigma)
        if count > self.n:
            return np.zeros_like(tail)
        # P(K >= count) = P(at most n - count failures); 1 minus the tail beyond, where that is the smaller.
        return np.asarray(betainc(count, self.n - count + 1, 1 - tail))


@dataclass(frozen=True)
class Survival:
    """S(u): share of images whose label probability is at least u, given by the tail 1 - u.

    tail: 1 - u, in [0, 1].

    >>> mean(Population([0.0, 0.1, 0.3], [0.5, 0.25, 0.25]), Survival(0.1))
    0.75
    """

    tail: float

    def __post_init__(self) -> None:
        _check.probability("tail", self.tail)

    def __call__(self, tail: Float) -> Float:
        return (tail <= self.tail).astype(np.float64)


@dataclass(frozen=True)
class MeanProbability:
    """Mean of p: the base classifier's accuracy under noise.

    >>> mean(Population([0.0, 0.5], [0.5, 0.5]), MeanProbability())
    0.75
    """

    def __call__(self, tail: Float) -> Float:
        return 1 - tail


def mean(population: Population, functional: Functional) -> float:
    """The functional of a distribution of p: its mean over the images.

    >>> people = Population([0.0, 0.4], [0.5, 0.5])
    >>> mean(people, ACR(1000)) == people.expected_acr(1000)
    True
    """
    return float(population.share @ functional(population.tail))


@lru_cache(maxsize=256)
def least_count(r: float, n: int, alpha: float, sigma: float) -> int:
    """Smallest count of n draws that is certified at radius r or more; n + 1 if not even n is.

    >>> least_count(0.5, 100, 0.001, 1.0)
    84
    """
    below, above = int(min_certifiable_count(n, alpha)) - 1, n + 1
    while above - below > 1:
        middle = (below + above) // 2
        if radius_from_count(middle, n, alpha, sigma) >= r:
            above = middle
        else:
            below = middle
    return above


def _check_budget(n: int, alpha: float, sigma: float) -> None:
    for name, value in (("n", n), ("alpha", alpha), ("sigma", sigma)):
        if np.ndim(value):
            raise ValueError(f"{name} must be a single number here, got an array of shape {np.shape(value)}")
    _check.budget("n", n)
    _check.level("alpha", alpha)
    _check.positive("sigma", sigma)
