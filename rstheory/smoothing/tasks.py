"""CERTIFY and PREDICT of Cohen, Rosenfeld and Kolter (2019), each as: which draws a sample still needs, and its row."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rstheory import _check
from rstheory.certify import Prediction
from rstheory.logs.schema import ABSTAINED, CERTIFICATION_LOG, PREDICTION_LOG, STOPPED_LOG, Format
from rstheory.radius import certified_radius_sf
from rstheory.sequential.rule import FixedDraws, StoppingRule
from rstheory.smoothing.noise import level_with_noise_error
from rstheory.smoothing.purposes import ESTIMATION, PREDICTION, SELECTION

Counts = NDArray[np.int64]


class Task(Protocol):
    """One kind of question about a sample, answered from class counts under noise."""

    @property
    def sigma(self) -> float:
        """Noise level."""

    @property
    def seed(self) -> int:
        """Seed of the noise."""

    @property
    def form(self) -> Format:
        """Columns of its log."""

    @property
    def purposes(self) -> tuple[int, ...]:
        """What draws are made for."""

    @property
    def most_draws(self) -> int:
        """No sample gets more draws, all purposes together."""

    @property
    def cells(self) -> Mapping[str, str]:
        """Its own identity columns."""

    def needed(self, counts: Counts) -> Counts:
        """Draws that samples still need before they are asked again, shape (samples, purposes); all 0 when done.

        counts: of the draws so far, shape (samples, purposes, classes). The answer for a sample depends on its counts
        alone.
        """

    def row(self, index: int, label: int, counts: Counts, seconds: float) -> dict[str, object]:
        """Cells of one row, without the origin, for a sample that needs no more draws.

        counts: shape (purposes, classes).
        """

    def level(self, tau: float) -> float:
        """The level that holds with noise as drawn, within tau of Gaussian. ValueError if it exceeds twice alpha."""


@dataclass(frozen=True)
class Certify:
    """CERTIFY: the class is picked by n0 draws and counted by others, until a rule stops and says what they prove.

    sigma: noise level.
    rule: when to stop, and the level of the bound.
    n0: selection draws.
    seed: of the noise.

    >>> task = Certify(0.5, FixedDraws(1000))
    >>> task.needed(np.zeros((1, 2, 10), dtype=np.int64)).tolist()
    [[100, 1000]]
    """

    sigma: float
    rule: StoppingRule = FixedDraws(100_000)  # noqa: RUF009  # frozen
    n0: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        _check.positive("sigma", self.sigma)
        _check.at_least(1, "n0", self.n0)

    @property
    def _stops_early(self) -> bool:
        return not isinstance(self.rule, FixedDraws)

    @property
    def form(self) -> Format:
        """See `Task`. The rule and the draws of each row are told where that is more than n tells."""
        return STOPPED_LOG if self._stops_early else CERTIFICATION_LOG

    @property
    def purposes(self) -> tuple[int, ...]:
        """See `Task`."""
        return (SELECTION, ESTIMATION)

    @property
    def most_draws(self) -> int:
        """See `Task`."""
        return self.n0 + self.rule.cap

    @property
    def cells(self) -> Mapping[str, str]:
        """See `Task`. The rule is told by its name and a digest of all its settings."""
        cells = {"n": self.rule.cap, "n0": self.n0, "alpha": self.rule.level, "sigma": self.sigma, "seed": self.seed}
        if self._stops_early:
            digest = hashlib.sha256(repr(self.rule).encode()).hexdigest()
            return {name: str(cell) for name, cell in cells.items()} | {"rule": f"{self.rule.name} {digest[:16]}"}
        return {name: str(cell) for name, cell in cells.items()}

    def needed(self, counts: Counts) -> Counts:
        """See `Task`."""
        count, drawn = _count_of_selected(counts)
        more = np.asarray(self.rule.decide(count, drawn).more)
        return np.stack([self.n0 - counts[:, 0].sum(axis=1), more], axis=1)

    def row(self, index: int, label: int, counts: Counts, seconds: float) -> dict[str, object]:
        """See `Task`. The radius keeps every digit, rounded down; predict is -1 where no bound above 1/2 is proved."""
        (count,), (drawn,) = _count_of_selected(counts[None])
        lower_sf = float(self.rule.decide(int(count), int(drawn)).lower_sf)
        predict = int(counts[0].argmax()) if lower_sf < 0.5 else ABSTAINED
        cells: dict[str, object] = {
            "idx": index,
            "label": label,
            "predict": predict,
            "radius": float(certified_radius_sf(lower_sf, self.sigma)),
            "correct": int(predict == label),
            "time": f"{seconds:.3f}",
            "count": int(count),
            "counts": ",".join(map(str, counts[1].tolist())),
        }
        return cells | dict(self.cells) | ({"draws": int(drawn)} if self._stops_early else {})

    def level(self, tau: float) -> float:
        """See `Task`."""
        alpha, n = self.rule.level, self.rule.cap
        return _bearable(level_with_noise_error(alpha, n, tau), alpha, n, tau)


def _count_of_selected(counts: Counts) -> tuple[Counts, Counts]:
    """How many estimation draws gave the class that the selection draws picked, and how many there are, per sample."""
    selected = counts[:, 0].argmax(axis=1)
    return np.take_along_axis(counts[:, 1], selected[:, None], axis=1)[:, 0], counts[:, 1].sum(axis=1)


@dataclass(frozen=True)
class Predict:
    """PREDICT: n draws, the class that leads significantly (two-sided binomial test at alpha), else abstention.

    sigma: noise level.
    n: draws.
    alpha: significance level.
    seed: of the noise.
    """

    sigma: float
    n: int = 100_000
    alpha: float = 1e-3
    seed: int = 0

    def __post_init__(self) -> None:
        _check.positive("sigma", self.sigma)
        _check.at_least(1, "n", self.n)
        _check.level("alpha", self.alpha)

    @property
    def form(self) -> Format:
        """See `Task`."""
        return PREDICTION_LOG

    @property
    def purposes(self) -> tuple[int, ...]:
        """See `Task`."""
        return (PREDICTION,)

    @property
    def most_draws(self) -> int:
        """See `Task`."""
        return self.n

    @property
    def cells(self) -> Mapping[str, str]:
        """See `Task`."""
        return {name: str(getattr(self, name)) for name in ("n", "alpha", "sigma", "seed")}

    def needed(self, counts: Counts) -> Counts:
        """See `Task`."""
        return np.asarray(self.n - counts.sum(axis=2))

    def row(self, index: int, label: int, counts: Counts, seconds: float) -> dict[str, object]:
        """See `Task`."""
        result = Prediction(tuple(counts[0].tolist()), self.alpha)
        predict = ABSTAINED if result.abstained else result.leader
        cells: dict[str, object] = {
            "idx": index,
            "label": label,
            "predict": predict,
            "correct": int(predict == label),
            "time": f"{seconds:.3f}",
            "counts": ",".join(map(str, result.counts)),
        }
        return cells | dict(self.cells)

    def level(self, tau: float) -> float:
        """See `Task`."""
        # No monotone likelihood ratio helps here, but n draws differ from Gaussian ones with probability n tau at most.
        return _bearable(self.alpha + self.n * tau, self.alpha, self.n, tau)


def _bearable(level: float, alpha: float, n: int, tau: float) -> float:
    if level > 2 * alpha:
        raise ValueError(
            f"n={n} is not allowed here: the noise is Gaussian up to tau={tau:.1e}, so that so many draws would raise"
            f" the level from alpha={alpha:g} to {level:.2g}; take fewer"
        )
    return level
