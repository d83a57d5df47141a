"""Do methods gain on easy images only? Each against Gaussian training, along the distribution of p."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rstheory._check import Float
from rstheory.atlas.entries import Entry
from rstheory.atlas.grid import U
from rstheory.atlas.standing import LEVEL, Pair, Standing

REFERENCE = "Gaussian"
SHOWN = tuple(U.index(u) for u in (0.5, 0.7, 0.9, 0.99, 0.999, 0.9998))

Kind = Literal["trades", "easy only", "everywhere", "hard only", "mixed", "loses", "no difference"]
_TOLD: dict[Kind, str] = {
    "trades": "gains where p is high and loses where p is low",
    "easy only": "gains where p is high; no difference beyond noise where it is low",
    "everywhere": "gains where p is high and certifies more images, too",
    "hard only": "gains where p is low and loses where p is high",
    "mixed": "gains and losses alternate",
    "loses": "loses, and gains nowhere beyond noise",
    "no difference": "no difference beyond noise",
}


@dataclass(frozen=True, eq=False)
class Gain:
    """One entry against Gaussian training.

    data, sigma: where. name, repository, runs, acr: of the entry. reference_runs, reference_acr: of the reference.
    images: compared. lead, error: of S(u) at each grid point, entry minus reference. significant: where it is beyond
    noise, all tests of the group together. kind: what follows.
    """

    data: str
    sigma: float
    n: int
    name: str
    method: str
    repository: str
    runs: int
    acr: float
    reference_repository: str
    reference_runs: int
    reference_acr: float
    images: int
    lead: Float
    error: Float
    significant: NDArray[np.bool_]
    kind: Kind

    @property
    def first_gain(self) -> float | None:
        """Lowest u with significantly more images; None if there is none."""
        found = np.flatnonzero(self.significant & (self.lead > 0))
        return U[int(found[0])] if found.size else None

    @property
    def last_loss(self) -> float | None:
        """Highest u with significantly fewer images; None if there is none."""
        found = np.flatnonzero(self.significant & (self.lead < 0))
        return U[int(found[-1])] if found.size else None

    @property
    def certifies(self) -> Literal["more", "fewer", "as many"]:
        """Whether it certifies significantly more or fewer images at any radius at all: S(0.5)."""
        if not self.significant[0]:
            return "as many"
        return "more" if self.lead[0] > 0 else "fewer"


def told(kind: Kind) -> str:
    """The kind in words."""
    return _TOLD[kind]


def gains(standings: Sequence[Standing]) -> tuple[Gain, ...]:
    """Every entry that has a reference: Gaussian training of the same network, at the same noise level and budget.

    The reference is that of the same repository; else, of those elsewhere, the one with the most images in common. It
    must have been trained at the noise level that it was certified at.
    """
    found = []
    for standing in standings:
        pairs = {frozenset((pair.a, pair.b)): pair for pair in standing.pairs}
        for i, entry in enumerate(standing.entries):
            if entry.method == REFERENCE or not entry.architecture:
                continue
            candidates = [
                j
                for j, other in enumerate(standing.entries)
                if _is_reference(other, entry) and frozenset((i, j)) in pairs
            ]
            if candidates:
                best = max(candidates, key=lambda j: _worth(standing.entries[j], entry, pairs[frozenset((i, j))]))
                found.append(_gain(standing, i, best, pairs[frozenset((i, best))]))
    return tuple(found)


def _is_reference(other: Entry, entry: Entry) -> bool:
    return other.method == REFERENCE and other.architecture == entry.architecture and not other.trained


def _worth(other: Entry, entry: Entry, pair: Pair) -> tuple[bool, bool, int]:
    return other.repository == entry.repository, pair.difference.how != "two samples", pair.difference.images


def _gain(standing: Standing, entry: int, reference: int, pair: Pair) -> Gain:
    sign = 1.0 if pair.a == entry else -1.0
    mine, other = standing.entries[entry], standing.entries[reference]
    lead, significant = sign * pair.difference.lead, pair.adjusted <= LEVEL
    return Gain(
        data=standing.setting.data,
        sigma=standing.setting.sigma,
        n=standing.setting.n,
        name=mine.name,
        method=mine.method,
        repository=mine.repository,
        runs=len(mine.rows),
        acr=standing.acr[entry],
        reference_repository=other.repository,
        reference_runs=len(other.rows),
        reference_acr=standing.acr[reference],
        images=pair.difference.images,
        lead=lead,
        error=pair.difference.error,
        significant=significant,
        kind=kind_of(lead, significant),
    )


def kind_of(lead: Float, significant: NDArray[np.bool_]) -> Kind:
    """What the significant differences say, p ascending.

    >>> kind_of(np.array([-0.1, -0.02, 0.1]), np.array([True, False, True]))
    'trades'
    >>> kind_of(np.array([0.1, 0.2]), np.array([True, True])), kind_of(np.array([0.1, 0.2]), np.array([False, True]))
    ('everywhere', 'easy only')
    """
    signs = np.sign(lead[significant])
    signs = signs[signs != 0]
    changes = int(np.sum(signs[1:] != signs[:-1]))
    if not signs.size:
        return "no difference"
    if changes == 0 and signs[0] > 0:
        return "everywhere" if significant[0] else "easy only"
    if changes == 0:
        return "loses"
    if changes > 1:
        return "mixed"
    return "trades" if signs[0] < 0 else "hard only"
