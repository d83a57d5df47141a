"""CERTIFY and PREDICT of Cohen, Rosenfeld and Kolter (2019), each as: which draws a sample needs, and its log line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rstheory import _check
from rstheory.certify import Certificate, Prediction
from rstheory.logs.schema import ABSTAINED, CERTIFICATION_LOG, PREDICTION_LOG, Format
from rstheory.logs.write import certificate_cells
from rstheory.smoothing.noise import ESTIMATION, PREDICTION, SELECTION, level_with_noise_error


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
    def budgets(self) -> Mapping[int, int]:
        """Purpose -> draws a sample."""

    @property
    def cells(self) -> Mapping[str, str]:
        """Its own identity columns."""

    def row(self, index: int, label: int, counts: NDArray[np.int64], seconds: float) -> dict[str, object]:
        """Its cells of one row, without the origin. counts: shape (purposes, classes)."""

    def level(self, tau: float) -> float:
        """The level that holds with noise as drawn, within tau of Gaussian. ValueError if it exceeds twice alpha."""


@dataclass(frozen=True)
class Certify:
    """CERTIFY: n0 draws pick the class, n others count it; Clopper-Pearson at level alpha gives the radius."""

    sigma: float
    n: int = 100_000
    n0: int = 100
    alpha: float = 1e-3
    seed: int = 0

    def __post_init__(self) -> None:
        _check.positive("sigma", self.sigma)
        for name in ("n", "n0"):
            _check.budget(name, getattr(self, name))
        _check.level("alpha", self.alpha)

    @property
    def form(self) -> Format:
        return CERTIFICATION_LOG

    @property
    def budgets(self) -> Mapping[int, int]:
        return {SELECTION: self.n0, ESTIMATION: self.n}

    @property
    def cells(self) -> Mapping[str, str]:
        return {name: str(getattr(self, name)) for name in ("n", "n0", "alpha", "sigma", "seed")}

    def certificate(self, counts: NDArray[np.int64]) -> Certificate:
        """From the counts of selection and estimation draws, shape (2, classes)."""
        chosen, counted = counts
        return Certificate(int(np.argmax(chosen)), tuple(map(int, counted)), self.n, self.n0, self.alpha, self.sigma)

    def row(self, index: int, label: int, counts: NDArray[np.int64], seconds: float) -> dict[str, object]:
        return certificate_cells(index, label, self.certificate(counts), seconds, self.seed)

    def level(self, tau: float) -> float:
        return _bearable(level_with_noise_error(self.alpha, self.n, tau), self.alpha, self.n, tau)


@dataclass(frozen=True)
class Predict:
    """PREDICT: n draws, the class that leads significantly (two-sided binomial test at alpha), else abstention."""

    sigma: float
    n: int = 100_000
    alpha: float = 1e-3
    seed: int = 0

    def __post_init__(self) -> None:
        _check.positive("sigma", self.sigma)
        _check.budget("n", self.n)
        _check.level("alpha", self.alpha)

    @property
    def form(self) -> Format:
        return PREDICTION_LOG

    @property
    def budgets(self) -> Mapping[int, int]:
        return {PREDICTION: self.n}

    @property
    def cells(self) -> Mapping[str, str]:
        return {name: str(getattr(self, name)) for name in ("n", "alpha", "sigma", "seed")}

    def row(self, index: int, label: int, counts: NDArray[np.int64], seconds: float) -> dict[str, object]:
        result = Prediction(tuple(map(int, counts[0])), self.alpha)
        predict = ABSTAINED if result.abstained else result.leader
        return {
            "idx": index,
            "label": label,
            "predict": predict,
            "correct": int(predict == label),
            "time": f"{seconds:.3f}",
            "n": self.n,
            "alpha": self.alpha,
            "sigma": self.sigma,
            "counts": ",".join(map(str, result.counts)),
            "seed": self.seed,
        }

    def level(self, tau: float) -> float:
        # No monotone likelihood ratio helps here, but n draws differ from Gaussian ones with probability n tau at most.
        return _bearable(self.alpha + self.n * tau, self.alpha, self.n, tau)


def _bearable(level: float, alpha: float, n: int, tau: float) -> float:
    if level > 2 * alpha:
        raise ValueError(
            f"n={n} is not allowed here: the noise is Gaussian up to tau={tau:.1e}, so that so many draws would raise"
            f" the level from alpha={alpha:g} to {level:.2g}; take fewer"
        )
    return level
