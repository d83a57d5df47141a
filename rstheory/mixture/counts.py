"""What a survey saw: per image, how often the label was given among its draws, or a range that holds that count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc

from rstheory import _check
from rstheory._check import Float
from rstheory._saddlepoint import log_pmf

Integers = NDArray[np.int64]

# A binomial mass at angle distance d (of arcsin sqrt) from its count is at most exp(-m d^2) of its largest value:
# KL(p, q) >= -2 ln cos(d) >= d^2. Beyond this exponent it is left out of sums.
_LEFT_OUT = 45.0
_CHUNK = 1 << 20


@dataclass(frozen=True, eq=False)
class LabelCounts:
    """Counts of the label per image, each known or known to lie in a range.

    low: smallest possible count per image, integer >= 0.
    high: largest possible count per image; equal to `low` where the count is known.
    draws: noise draws per image, integer >= 1.

    A certification log tells the label's count only where the prediction was right. Where the smoothed classifier
    abstained or was wrong, give the range from 0 to the largest count that would not have been certified for the label:
    that the count is unknown is then part of the evidence, and nobody has to invent it.

    The draws of an image must be independent and of one success probability. The fits also accept draws that a stopping
    rule ended (the likelihood of p is then the same up to a factor); intervals by `localize` need one number of draws.

    >>> LabelCounts.known([9, 10], 10).images
    2
    """

    low: Integers
    high: Integers
    draws: Integers

    def __init__(self, low: ArrayLike, high: ArrayLike, draws: ArrayLike) -> None:
        draws_ = _check.budget("draws", draws)
        low_, high_ = _check.integers("low", low), _check.integers("high", high)
        if low_.ndim != 1 or low_.shape != high_.shape or draws_.shape not in ((), low_.shape) or not low_.size:
            raise ValueError(
                f"low, high and draws must be lists of one length (draws may be one number), "
                f"got {low_.shape}, {high_.shape} and {draws_.shape}"
            )
        draws_ = np.broadcast_to(draws_, low_.shape)
        _check.refuse("draws", draws_, np.asarray(draws_ > 10**12), "this function takes up to 1e12 draws per image")
        _check.refuse("low", low_, np.asarray(low_ < 0), "a count must not be negative")
        _check.refuse("high", high_, np.asarray(high_ < low_), "the range of a count must not end before it begins")
        _check.refuse("high", high_, np.asarray(high_ > draws_), "a count must not exceed the number of draws")
        for name, values in (("low", low_), ("high", high_), ("draws", draws_)):
            column = values.astype(np.int64)
            column.flags.writeable = False
            object.__setattr__(self, name, column)

    @classmethod
    def known(cls, k: ArrayLike, draws: ArrayLike) -> LabelCounts:
        """Counts that are all known: k label draws out of `draws` per image."""
        counts = _check.integers("k", k)
        return cls(counts, counts, draws)

    @property
    def images(self) -> int:
        """Number of images."""
        return len(self.low)

    @property
    def one_budget(self) -> int:
        """The number of draws that all images share; ValueError where they differ."""
        first = int(self.draws[0])
        _check.refuse("draws", self.draws, self.draws != first, f"every image needs the same number, {first}, here")
        return first

    def rows(self) -> Rows:
        """Images with equal evidence, put together."""
        table = np.stack([self.low, self.high, self.draws], axis=1)
        distinct, kind, counts = np.unique(table, axis=0, return_inverse=True, return_counts=True)
        low, high, draws = distinct.T
        order = np.argsort((draws - low) / draws, kind="stable")
        kind = np.argsort(order)[kind.ravel()]
        return Rows(low[order], high[order], draws[order], counts[order] / self.images, kind)


@dataclass(frozen=True, eq=False)
class Rows:
    """Distinct kinds of evidence, sorted by the rate of failures.

    low, high, draws: as in `LabelCounts`, one entry per kind.
    share: of the images that are of each kind; adds up to 1.
    kind: per image, its kind.
    """

    low: Integers
    high: Integers
    draws: Integers
    share: Float
    kind: Integers

    def select(self, chosen: Integers, share: Float) -> Rows:
        """Some of the kinds, with new shares for all kinds; those of the chosen are scaled to add up to 1."""
        part = share[chosen] / share[chosen].sum()
        return Rows(self.low[chosen], self.high[chosen], self.draws[chosen], part, np.arange(len(chosen)))

    def likelihood(self, tail: Float) -> Float:
        """P(low <= Bin(draws, 1 - t) <= high) for every row and every t in `tail`: shape (rows, tails)."""
        result = np.empty((len(self.low), len(tail)))
        exact = self.low == self.high
        result[exact] = _masses(self.draws[exact] - self.low[exact], self.draws[exact], tail)
        result[~exact] = _range_probability(self.low[~exact], self.high[~exact], self.draws[~exact], tail)
        return result

    def averaged(self, tail: Float, cell: Integers, cells: int) -> Float:
        """Mean likelihood over the tails of each cell: shape (rows, cells). tail must be increasing.

        Entries that are below exp(-45) of a row's largest possible mass are taken as 0.
        """
        result = np.zeros((len(self.low), cells))
        spread = np.zeros((len(tail), cells))
        angle, exact = _angle(tail), np.flatnonzero(self.low == self.high)
        centre = _angle((self.draws - self.low) / self.draws)
        reach = np.sqrt(_LEFT_OUT / self.draws)
        spread[np.arange(len(tail)), cell] = 1 / np.bincount(cell)[cell]
        block = max(1, _CHUNK // max(len(tail), 1))
        for start in range(0, len(exact), block):
            rows = exact[start : start + block]
            inside = slice(
                int(np.searchsorted(angle, np.min(centre[rows] - reach[rows]))),
                int(np.searchsorted(angle, np.max(centre[rows] + reach[rows]), side="right")),
            )
            masses = _masses(self.draws[rows] - self.low[rows], self.draws[rows], tail[inside])
            result[rows] = masses @ spread[inside]
        ranges = np.flatnonzero(self.low != self.high)
        if ranges.size:
            part = _range_probability(self.low[ranges], self.high[ranges], self.draws[ranges], tail)
            result[ranges] = part @ spread
        return result


def _angle(tail: Float) -> Float:
    return np.arcsin(np.sqrt(tail))


def _masses(failures: Integers, draws: Integers, tail: Float) -> Float:
    """Binomial masses, shape (failures, tails): the mass at a row's own rate, moved to every tail in the exponent.

    One product of two thin matrices in place of a saddle-point evaluation per entry, twenty times faster; the relative
    error is a few units in the last place times `draws`.
    """
    j, m = failures.astype(float), draws.astype(float)
    counts = np.stack([j, m - j], axis=1)
    own = np.sum(counts * _logarithms(j / m), axis=1)
    log_mass = counts @ _logarithms(tail).T
    log_mass += (log_pmf(j, m, j, m - j) - own)[:, None]
    return np.asarray(np.exp(log_mass, out=log_mass))


def _logarithms(tail: Float) -> Float:
    """ln t and ln(1 - t), with a finite stand-in for ln 0, so that 0 failures at t = 0 have the factor 1."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.maximum(np.stack([np.log(tail), np.log1p(-tail)], axis=1), -1e30))


def _range_probability(low: Integers, high: Integers, draws: Integers, tail: Float) -> Float:
    """P(low <= K <= high) as a difference of two lower tails of K, each an incomplete beta function of t."""
    return at_most(high, draws, tail) - at_most(low - 1, draws, tail)


def at_most(count: Integers, draws: Integers, tail: Float) -> Float:
    """P(K <= count) for K ~ Bin(draws, 1 - t): shape (counts, tails). 0 for negative counts, 1 from `draws` on."""
    count, draws = count[:, None], draws[:, None]
    inner = (count >= 0) & (count < draws)
    inside = np.where(inner, count, 0)
    below = betainc(np.maximum(draws - inside, 1), inside + 1.0, tail)
    return np.where(inner, below, np.where(count < 0, 0.0, 1.0))
