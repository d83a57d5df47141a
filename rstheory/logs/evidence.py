"""What the largest radii of a log say about the budget and the noise level that made them.

With n draws there are n + 1 radii, and near the largest they stand far apart: that is a ladder. Rows that tie at the
top rung of another round budget, with the radii next to them on its other rungs and none above, were made with it.
Below the top the rungs of a large budget stand closer than the digits printed, so that nothing can be told there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rstheory._check import Float
from rstheory._words import plural
from rstheory.budget import max_radius, radius_from_count
from rstheory.logs.rounding import SLACK

LEVELS = (0.001, 0.0005, 0.01, 0.05)  # that people choose; the field's first, and its half, where two bounds share it
NOISE = (0.12, 0.25, 0.5, 0.75, 1.0, 2.0)
BUDGETS = tuple(int(m * 10**e) for e in range(2, 7) for m in (1, 2, 2.5, 3, 4, 5))
_LOOKED_AT, _RUNGS = 20, 200  # the largest radii, and the rungs that they are held against
# How much rarer radii that are spread evenly would all lie on the rungs by chance, as a power of ten: beyond the first
# it is told, beyond the second it is used.
DOUBT, PROOF = 3.0, 4.0
_LARGEST_UNIT = 7.0  # noise levels: the largest radius of 10**12 draws
_SMALL, _FEW = 0.1, 5  # a largest radius of so few noise levels, among so many radii, is not believed
_HUNDREDTHS = 2.0  # noise levels in names from here on may be hundredths


@dataclass(frozen=True)
class Fit:
    """A setting whose ladder the largest radii stand on.

    tied: rows at the top rung. top: the radius there. weight: log10 of how rare that is by chance.
    """

    sigma: float
    n: int
    alpha: float
    tied: int
    top: float
    weight: float

    @property
    def text(self) -> str:
        """In words: what is seen, and what it fits."""
        level = "" if self.alpha == LEVELS[0] else f" and alpha={self.alpha:g}"
        rows = f"{plural(self.tied, 'row')} {'tie' if self.tied > 1 else 'stand'} at {self.top:.4g}"
        return f"{rows}, none above: the largest radius of N={self.n:,}{level} at sigma={self.sigma:g}"


@lru_cache(maxsize=64)
def _ladder(n: int, alpha: float) -> Float:
    """The largest radii of a budget at sigma 1, descending."""
    return np.asarray(radius_from_count(n - np.arange(min(_RUNGS, n)), n, alpha))


def fit(radius: Float, half: Float, sigma: float, n: int, alpha: float) -> Fit | None:
    """How well a setting explains the largest radii; None where it does not."""
    largest = float(max_radius(n, alpha, sigma))
    order = np.arange(len(radius))
    if len(order) > _LOOKED_AT:
        order = np.argpartition(radius + half, -_LOOKED_AT)[-_LOOKED_AT:]
    order = order[np.argsort(radius[order] + half[order])[::-1]]
    value, slack = radius[order], half[order] + SLACK * radius[order] + 1e-7 * sigma * (half[order] == 0)
    if not len(order) or value[0] <= 0 or abs(value[0] - largest) > slack[0]:
        return None
    rungs = _ladder(n, alpha) * sigma
    rungs = rungs[rungs > 0]
    if not _on_rungs(radius, half, rungs, sigma):
        return None
    seen = value + slack >= rungs[-1]
    value, slack = value[seen], slack[seen]
    if not np.all(np.min(np.abs(value[:, None] - rungs), axis=1) <= slack):
        return None
    below = np.clip(np.searchsorted(-rungs, -value), 1, len(rungs) - 1)
    spacing = rungs[below - 1] - rungs[below] if len(rungs) > 1 else np.full(len(value), largest)
    chance = np.minimum(2 * slack / spacing, 1.0)
    tied = int(np.sum(np.abs(radius - largest) <= half + SLACK * radius + 1e-7 * sigma * (half == 0)))
    return Fit(sigma, n, alpha, tied, float(value[0]), float(-np.sum(np.log10(np.maximum(chance, 1e-12)))))


def _on_rungs(radius: Float, half: Float, rungs: Float, sigma: float) -> bool:
    """Whether the largest different radii are all on the rungs: where many rows tie, they alone say little."""
    value, where = np.unique(radius, return_index=True)
    value, where = value[-_LOOKED_AT:], where[-_LOOKED_AT:]
    slack = half[where] + SLACK * value + 1e-7 * sigma * (half[where] == 0)
    seen = value + slack >= rungs[-1]
    return bool(np.all(np.min(np.abs(value[seen, None] - rungs), axis=1) <= slack[seen]))


def other_budget(radius: Float, half: Float, sigma: float, n: int, alpha: float) -> Fit | None:
    """The round budget below (n, alpha) whose ladder the radii stand on, where there is reason to doubt n; else None.

    Radii at the top of (n, alpha), and radii above it, give no reason: the one fits, the other is told elsewhere.
    """
    if not len(radius) or radius.max(initial=0.0) <= 0:
        return None
    low = float(np.max(radius - half))
    if low > float(max_radius(n, alpha, sigma)) or fit(radius, half, sigma, n, alpha) is not None:
        return None
    levels = dict.fromkeys((alpha, *LEVELS))
    fits = [fit(radius, half, sigma, N, level) for level in levels for N in BUDGETS if (N, level) != (n, alpha)]
    good = [found for found in fits if found is not None and found.weight >= (DOUBT if found.alpha == alpha else PROOF)]
    return next(iter(sorted(good, key=lambda found: (found.alpha != alpha, -found.weight))), None)


def other_noise(radius: Float, half: Float, sigma: float, n: int, alpha: float) -> Fit | None:
    """Another usual noise level at which the radii stand on the ladder of (n, alpha), where they do not at sigma."""
    if not len(radius) or fit(radius, half, sigma, n, alpha) is not None:
        return None
    fits = (fit(radius, half, level, n, alpha) for level in NOISE if level < sigma)
    return next((found for found in fits if found is not None and found.weight >= PROOF), None)


def is_small(radius: Float, sigma: float) -> bool:
    """Whether all radii are so small beside the noise level that it is not believed."""
    positive = radius > 0
    return int(np.sum(positive)) >= _FEW and float(radius.max()) < _SMALL * sigma


def in_hundredths(radius: Float, sigma: float) -> float | None:
    """The noise level, where a name gives it in hundredths: sigma/100; None where the radii do not say so."""
    level = sigma / 100
    if sigma < _HUNDREDTHS or sigma != int(sigma) or not np.any(radius > 0):
        return None
    return level if is_small(radius, sigma) and float(radius.max()) <= _LARGEST_UNIT * level else None
