"""Expectations under many binomial or hypergeometric laws at once, in windows, with a proven bound.

The laws count failures J; a weight is given to each count from 0 to some last one. Each law is summed over a window
around its mean, and the ratios of neighbouring masses, which shrink away from the mode of a log-concave law, bound what
lies outside by a geometric series.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rstheory._check import Float
from rstheory._saddlepoint import log_pmf

Counts = NDArray[np.int64]
Weights = Callable[[Counts], Float]

# What a window may leave out, relative to the sum it keeps.
_LEFT_OUT = 1e-14
_CHUNK = 1 << 20  # point masses evaluated at a time
_WIDTH = 36.0  # of a window, in natural logarithms: it leaves out about exp(-_WIDTH) of its largest mass
_UNDERFLOW = -760.0  # exp of this is 0


class Laws(Protocol):
    """One log-concave law of a failure count for each entry of `mean`."""

    @property
    def mean(self) -> Float: ...

    @property
    def variance(self) -> Float: ...

    @property
    def first(self) -> Counts:
        """Smallest possible count."""
        ...

    def select(self, entries: Counts) -> Laws: ...

    def log_mass(self, j: Counts) -> Float: ...

    def ratio_down(self, j: Counts) -> Float:
        """P(J = j - 1) / P(J = j)."""
        ...

    def ratio_up(self, j: Counts) -> Float:
        """P(J = j + 1) / P(J = j)."""
        ...


@dataclass(frozen=True)
class Binomial:
    """J ~ Bin(draws, mean/draws); `other` is draws - mean, known to full precision."""

    draws: int
    mean: Float
    other: Float

    @property
    def variance(self) -> Float:
        return self.mean * self.other / max(self.draws, 1)

    @property
    def first(self) -> Counts:
        return np.zeros(self.mean.shape, dtype=np.int64)

    def select(self, entries: Counts) -> Binomial:
        return Binomial(self.draws, self.mean[entries], self.other[entries])

    def log_mass(self, j: Counts) -> Float:
        return log_pmf(j.astype(float), np.asarray(float(self.draws)), self.mean, self.other)

    def ratio_down(self, j: Counts) -> Float:
        return j * self.other / ((self.draws - j + 1) * self.mean)

    def ratio_up(self, j: Counts) -> Float:
        return (self.draws - j) * self.mean / ((j + 1) * self.other)


@dataclass(frozen=True)
class Hypergeometric:
    """J failures in a subsample of `draws` out of `total` draws of which `failures` failed (theory C7)."""

    total: int
    draws: int
    failures: Counts

    @property
    def mean(self) -> Float:
        return self.draws * (self.failures / self.total)

    @property
    def variance(self) -> Float:
        rate = self.failures / self.total
        return self.draws * rate * (1 - rate)  # the binomial's, which is not smaller

    @property
    def first(self) -> Counts:
        return np.maximum(self.draws - (self.total - self.failures), 0)

    def select(self, entries: Counts) -> Hypergeometric:
        return Hypergeometric(self.total, self.draws, self.failures[entries])

    def log_mass(self, j: Counts) -> Float:
        # Three binomial masses at the same rate, each without cancellation (Loader 2000).
        rate = self.draws / self.total
        inside = (j >= self.first) & (j <= np.minimum(self.failures, self.draws))
        j = np.where(inside, j, self.first)

        def part(count: Counts, of: Counts) -> Float:
            size = of.astype(np.float64)
            return log_pmf(count.astype(np.float64), size, size * rate, size * (1 - rate))

        all_draws = part(np.asarray(self.draws), np.asarray(self.total))
        mass = part(j, self.failures) + part(self.draws - j, self.total - self.failures) - all_draws
        return np.where(inside, mass, -np.inf)

    def ratio_down(self, j: Counts) -> Float:
        rest = self.total - self.failures - self.draws
        return j * (rest + j) / ((self.failures - j + 1.0) * (self.draws - j + 1.0))

    def ratio_up(self, j: Counts) -> Float:
        rest = self.total - self.failures - self.draws
        return (self.failures - j) * (self.draws - j) / ((j + 1.0) * (rest + j + 1.0))


def expectations(laws: Laws, weights: Weights, last: int, largest: float) -> Float:
    """E[weight(J)] of every law, where `weights` maps consecutive counts to weights in [0, largest].

    Counts beyond `last` (>= 0) have weight 0. `weights` may return several rows (moments, say), summed alike: the
    result then has as many rows, and the first one decides how wide the windows must be.
    """
    centre = _centre(laws, last)
    sums = _zeros(weights, centre)
    # Where even the mass at the centre underflows, the mean is far beyond `last`, and the sum underflows too.
    log_mass = laws.log_mass(centre)
    pending = np.flatnonzero((log_mass > _UNDERFLOW) & (centre <= last))
    width = _WIDTH
    while pending.size:
        chosen, start = laws.select(pending), centre[pending]
        low, high = _window(chosen, start, last, width)
        known = _tabulated(weights, int(low.min()), int(high.max()))
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # ratios at the ends of a law's support
            relative = _one_side(chosen, start, high - start + 1, np.ones(start.shape), +1, known)
            relative += _one_side(chosen, start - 1, start - low, chosen.ratio_down(start), -1, known)
            outside = largest * _mass_outside(chosen, low, high, last)
        sums[..., pending] = relative * np.exp(log_mass[pending])
        pending = pending[outside > _LEFT_OUT * sums.reshape(-1, centre.size)[0, pending]]
        width *= 2
    return sums


def _tabulated(weights: Weights, low: int, high: int) -> Weights:
    """The same weights, from one table if the range is short enough to keep."""
    if high - low > _CHUNK:
        return weights
    table = weights(np.arange(low, high + 1))

    def look_up(counts: Counts) -> Float:
        return np.asarray(table[..., counts - low])

    return look_up


def _window(laws: Laws, centre: Counts, last: int, width: float) -> tuple[Counts, Counts]:
    """First and last count of a window around each centre: the mean or, where that is beyond it, `last`.

    Bernstein's inequality for the binomial, P(|J - mean| >= x) <= 2 exp(-x^2 / (2 (V + x/3))) with V the variance: the
    reach x makes that exponent `width`. It is only where to begin; `_mass_outside` decides whether it was enough.
    """
    reach = np.ceil(width / 3 + np.sqrt(width * width / 9 + 2 * width * laws.variance)).astype(np.int64)
    return np.maximum(centre - reach, laws.first), np.minimum(centre + reach, last)


def _one_side(laws: Laws, start: Counts, length: Counts, mass: Float, step: int, weights: Weights) -> Float:
    """Sum of weight(j) P(J = j) over `length` counts from each start upwards (step +1) or downwards (-1).

    `mass` is P(J = start), up to a factor that the sums keep; the others follow from the ratios of neighbours.
    """
    order = np.argsort(start)
    longest = np.maximum.accumulate(length[order])
    # Neighbouring laws share one table of weights; a group ends where memory would run over or starts are far apart.
    full = np.diff(np.cumsum(longest) // _CHUNK) > 0
    apart = np.diff(start[order]) > 2 * longest[1:]
    sums = _zeros(weights, start)
    for group in np.split(order, np.flatnonzero(full | apart) + 1):
        group = group[length[group] > 0]
        if not group.size:
            continue
        offset = np.arange(length[group].max())
        beyond = offset >= length[group][:, None]
        j = np.where(beyond, start[group][:, None], start[group][:, None] + step * offset)
        law = laws.select(group[:, None])
        ratio = np.empty(j.shape)
        ratio[:, 0] = mass[group]
        ratio[:, 1:] = law.ratio_up(j[:, :-1]) if step > 0 else law.ratio_down(j[:, :-1])
        ratio[beyond] = 0.0
        first = int(j.min())
        table = weights(np.arange(first, int(j.max()) + 1))
        sums[..., group] = np.sum(np.cumprod(ratio, axis=1) * table[..., j - first], axis=-1)
    return sums


def summed_counts(laws: Laws, last: int) -> tuple[float, float]:
    """About how many counts `expectations` sums over: for the widest law, and weights it asks for in all."""
    centre = _centre(laws, last)
    used = (laws.log_mass(centre) > _UNDERFLOW) & (centre <= last)
    if not np.any(used):
        return 0.0, 0.0
    low, high = (end[used] for end in _window(laws, centre, last, _WIDTH))
    length = high - low + 1.0
    return float(length.max()), float(min(length.sum(), high.max() - low.min() + 1.0))


def _centre(laws: Laws, last: int) -> Counts:
    """Where a window begins: the mean or, where that is beyond it, `last`."""
    return np.maximum(np.minimum(laws.mean, last).astype(np.int64), laws.first)


def _zeros(weights: Weights, laws: Counts) -> Float:
    return np.zeros((*weights(laws[:1]).shape[:-1], laws.size))


def _mass_outside(laws: Laws, low: Counts, high: Counts, last: int) -> Float:
    """A bound on P(J < low or high < J <= last): beyond either end, the ratio of neighbouring masses shrinks."""
    down, up = laws.ratio_down(low), laws.ratio_up(high)
    below = np.exp(laws.log_mass(low)) * down / (1 - down)
    above = np.exp(laws.log_mass(high)) * up / (1 - up)
    below = np.where(low <= laws.first, 0.0, np.where(down < 1, below, np.inf))
    above = np.where(high >= last, 0.0, np.where(up < 1, above, np.inf))
    return below + above
