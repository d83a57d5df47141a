"""CERTIFY and PREDICT of Cohen, Rosenfeld and Kolter (2019), each as: which draws a sample still needs, and its row."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rstheory import _check
from rstheory.bounds import PLAIN, Evidence, named, uniform
from rstheory.certify import Prediction
from rstheory.logs.schema import (
    ABSTAINED,
    CERTIFICATION_LOG,
    PREDICTION_LOG,
    RANDOMIZED_LOG,
    STOPPED_LOG,
    TWO_CLASS_LOG,
    Format,
)
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

    def rows(
        self, indices: Sequence[int], labels: Sequence[int], counts: Counts, seconds: Sequence[float]
    ) -> list[dict[str, object]]:
        """Cells of one row each, without the origin, for samples that need no more draws.

        counts: shape (samples, purposes, classes).
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
    bound: what the radius comes from, one of `rstheory.bounds.BOUNDS`. Another one than "clopper-pearson" is for
        `FixedDraws`: a rule brings its own bound.

    >>> task = Certify(0.5, FixedDraws(1000))
    >>> task.needed(np.zeros((1, 2, 10), dtype=np.int64)).tolist()
    [[100, 1000]]
    """

    sigma: float
    rule: StoppingRule = FixedDraws(100_000)  # noqa: RUF009  # frozen
    n0: int = 100
    seed: int = 0
    bound: str = PLAIN

    def __post_init__(self) -> None:
        _check.positive("sigma", self.sigma)
        _check.at_least(1, "n0", self.n0)
        named(self.bound)
        if self._stops_early and self.bound != PLAIN:
            raise ValueError(f"bound={self.bound!r} is not allowed with the rule {self.rule.name}: it brings its own")

    @property
    def _stops_early(self) -> bool:
        return not isinstance(self.rule, FixedDraws)

    @property
    def form(self) -> Format:
        """See `Task`. A rule and the draws of each row are told where n does not tell them, and so is another bound."""
        if self._stops_early:
            return STOPPED_LOG
        return {PLAIN: CERTIFICATION_LOG, "randomized": RANDOMIZED_LOG, "two-class": TWO_CLASS_LOG}[self.bound]

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
        text = {name: str(cell) for name, cell in cells.items()}
        if self._stops_early:
            digest = hashlib.sha256(repr(self.rule).encode()).hexdigest()
            return text | {"rule": f"{self.rule.name} {digest[:16]}"}
        return text if self.bound == PLAIN else text | {"bound": self.bound}

    def needed(self, counts: Counts) -> Counts:
        """See `Task`."""
        count, drawn = _count_of_selected(counts)
        more = np.asarray(self.rule.decide(count, drawn).more)
        return np.stack([self.n0 - counts[:, 0].sum(axis=1), more], axis=1)

    def rows(
        self, indices: Sequence[int], labels: Sequence[int], counts: Counts, seconds: Sequence[float]
    ) -> list[dict[str, object]]:
        """See `Task`. The radius keeps every digit, rounded down; predict is -1 where nothing above 0 is certified."""
        selected = counts[:, 0].argmax(axis=1).tolist()
        rows = []
        proved = self._stopped(counts) if self._stops_early else self._fixed(indices, counts)
        for place, (index, label, (radius, extra)) in enumerate(zip(indices, labels, proved, strict=True)):
            predict = selected[place] if radius > 0 else ABSTAINED
            votes = counts[place, 1].tolist()
            cells: dict[str, object] = {
                "idx": index,
                "label": label,
                "predict": predict,
                # A rule certifies radii such as 0.5: written in full, they are not taken for rounded ones.
                "radius": f"{radius:#.17g}" if self._stops_early and radius else radius,
                "correct": int(predict == label),
                "time": f"{seconds[place]:.3f}",
                "count": votes[selected[place]],
                "counts": ",".join(map(str, votes)),
            }
            rows.append(cells | dict(self.cells) | extra)
        return rows

    def _stopped(self, counts: Counts) -> list[tuple[float, dict[str, object]]]:
        """Radius and further cells per sample. The rule is asked once for all of them: some are slow to answer."""
        count, drawn = _count_of_selected(counts)
        radii = certified_radius_sf(self.rule.decide(count, drawn).lower_sf, self.sigma)
        return [(float(radius), {"draws": int(n)}) for radius, n in zip(np.asarray(radii), drawn, strict=True)]

    def _fixed(self, indices: Sequence[int], counts: Counts) -> list[tuple[float, dict[str, object]]]:
        found: list[tuple[float, dict[str, object]]] = []
        for index, (selection, votes) in zip(indices, counts, strict=True):
            selected = int(selection.argmax())
            u = float(uniform(self.seed, index)) if self.bound == "randomized" else 1.0
            rival = int(np.delete(votes, selected).max(initial=0))
            evidence = Evidence(int(votes[selected]), rival, self.rule.cap, u)
            radius = float(named(self.bound)(evidence, self.rule.level, self.sigma))
            found.append((radius, {"u": u} if self.bound == "randomized" else {}))
        return found

    def level(self, tau: float) -> float:
        """See `Task`."""
        alpha, n = self.rule.level, self.rule.cap
        # A two-class radius may rest on p below 1/2, where the factor is larger; n tau always covers it.
        level = alpha + n * tau if self.bound == "two-class" else level_with_noise_error(alpha, n, tau)
        return _bearable(level, alpha, n, tau)


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

    def rows(
        self, indices: Sequence[int], labels: Sequence[int], counts: Counts, seconds: Sequence[float]
    ) -> list[dict[str, object]]:
        """See `Task`."""
        rows = []
        for index, label, (votes,), took in zip(indices, labels, counts.tolist(), seconds, strict=True):
            result = Prediction(tuple(votes), self.alpha)
            predict = ABSTAINED if result.abstained else result.leader
            cells: dict[str, object] = {
                "idx": index,
                "label": label,
                "predict": predict,
                "correct": int(predict == label),
                "time": f"{took:.3f}",
                "counts": ",".join(map(str, result.counts)),
            }
            rows.append(cells | dict(self.cells))
        return rows

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
