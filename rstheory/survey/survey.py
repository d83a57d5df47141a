"""A survey: the distribution of p over the images, from few draws per image, and what follows from it (theory H)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

from rstheory import _check
from rstheory._check import Float
from rstheory._words import plural, printable
from rstheory.logs.log import CertificationLog
from rstheory.logs.survey_counts import survey_counts
from rstheory.mixture import (
    ACR,
    CertifiedAccuracy,
    Functional,
    Interval,
    LabelCounts,
    MeanProbability,
    SmoothFit,
    Survival,
    fit_smooth,
)
from rstheory.mixture.intervals import images_posterior, population_posterior

if TYPE_CHECKING:
    import pandas as pd

DISCLAIMER = "A survey certifies nothing about any single image. It estimates how p is distributed over the images."
BUDGETS = (1_000, 10_000, 100_000)  # at which the field's papers certify
PROBABILITIES = (0.1, 0.5, 0.75, 0.9, 0.99, 0.999)
_UNKNOWN = 1e-3  # share of images whose count may be unknown before a part of the distribution counts as not told
RADIUS_STEP, MOST_RADII = 0.25, 16


@dataclass(frozen=True)
class Estimate:
    """A number that a survey estimates, with two intervals at level 1 - rho; `float()` of it is `value`.

    value: the estimate for these images.
    images: interval for these images: only the draws are random.
    population: interval for the population behind them: the choice of images is random, too.
    """

    value: float
    images: Interval
    population: Interval

    def __float__(self) -> float:
        return self.value


@dataclass(frozen=True, eq=False, repr=False)
class Survey:
    """What few draws per image tell of the distribution of p. Made by `survey_log`.

    log: the log that it was made from.
    counts: how often each image's label was drawn.
    fit: the estimated distribution of p.

    Nothing here certifies a single image (H6). Estimates at budgets beyond the draws and all intervals assume that the
    log-density of Phi^-1(p) is smooth; `rstheory.mixture.localized` gives wider intervals that do not.
    """

    log: CertificationLog
    counts: LabelCounts
    fit: SmoothFit

    def __repr__(self) -> str:
        return (
            f"Survey({printable(self.log.path)!r}, {plural(self.images, 'image')}, {self.draws:,} draws per image,"
            f" sigma={self.sigma:g}, ACR at N={BUDGETS[-1]:,}: {float(self.acr(BUDGETS[-1])):.4f})"
        )

    @property
    def images(self) -> int:
        """Number of images."""
        return self.counts.images

    @property
    def draws(self) -> int:
        """Most draws that an image got."""
        return int(self.counts.draws.max())

    @cached_property
    def told_from(self) -> float:
        """The smallest u from which on the log tells about S(u): 0 where it has the counts of every image's label.

        Published logs tell nothing of a label that was not certified but that its p is hardly above 1/2. Up to one
        image in a thousand may be unknown.
        """
        unknown = self.counts.low < self.counts.high
        if unknown.mean() <= _UNKNOWN:
            return 0.0
        largest = float(np.max(self.counts.high[unknown] / self.counts.draws[unknown]))
        return float(ndtr(np.floor(10 * ndtri(largest)) / 10))  # the estimate's own steps are 0.1 in Phi^-1(u)

    @property
    def sigma(self) -> float:
        """Noise level."""
        return self.log.sigma

    def acr(self, n: int = 100_000, alpha: float | None = None, rho: float = 0.05) -> Estimate:
        """Expected ACR of a certification with n draws per image.

        n: budget. alpha: its significance level; default: the log's. rho: probability that an interval is wrong.
        """
        return self.estimates([ACR(n, self._level(alpha), self.sigma)], rho)[0]

    def certified_accuracy(self, r: float, n: int = 100_000, alpha: float | None = None, rho: float = 0.05) -> Estimate:
        """Expected certified accuracy at radius r of a certification with n draws per image.

        r: radius, >= 0, in the units of the inputs. The other arguments are those of `acr`.
        """
        return self.estimates([CertifiedAccuracy(r, n, self._level(alpha), self.sigma)], rho)[0]

    def survival(self, u: float, rho: float = 0.05) -> Estimate:
        """S(u): share of images whose label has probability u or more under noise.

        u: in [0, 1]. Beyond about 1 - 1/draws it rests on the smoothness of the distribution alone. ValueError below
        `told_from`.
        """
        if float(_check.probability("u", u)) < self.told_from:
            raise ValueError(
                f"u={u:g} is not allowed: {self._not_told}, and nothing about S(u) below {self.told_from:g}"
            )
        return self.estimates([Survival(1 - float(_check.probability("u", u)))], rho)[0]

    def mean_probability(self, rho: float = 0.05) -> Estimate:
        """Mean of p: the base classifier's accuracy under noise. ValueError where the log does not tell it all."""
        if self.told_from:
            raise ValueError(f"the mean of p is not known: {self._not_told}")
        return self.estimates([MeanProbability()], rho)[0]

    def estimates(self, functionals: Sequence[Functional], rho: float = 0.05) -> list[Estimate]:
        """Functionals of the distribution of p (see `rstheory.mixture`), each interval wrong with probability rho."""
        both = [
            [
                _possible(interval, functional)
                for interval, functional in zip(found.interval(rho), functionals, strict=True)
            ]
            for found in (images_posterior(self.fit, functionals), population_posterior(self.fit, functionals))
        ]
        return [Estimate(one.estimate, one, other) for one, other in zip(*both, strict=True)]

    @property
    def _not_told(self) -> str:
        return f"{self.log.path} does not tell how often the label was drawn where it was not certified"

    def _level(self, alpha: float | None) -> float:
        return self.log.alpha if alpha is None else float(_check.level("alpha", alpha))

    @cached_property
    def radii(self) -> tuple[float, ...]:
        """Multiples of 0.25, from 0 on, as far as a budget of 100,000 draws reaches."""
        largest = min(self.log.sigma * 3.8, RADIUS_STEP * MOST_RADII)
        return tuple(float(r) for r in np.arange(0, largest, RADIUS_STEP))

    def to_frame(self, budgets: Sequence[int] = BUDGETS, rho: float = 0.05) -> pd.DataFrame:
        """Everything at once as one pandas DataFrame, one row per number.

        What the log does not tell (see `told_from`) is left out. Columns: quantity ("mean p", "survival", "ACR",
        "certified accuracy"), u, n, alpha, r (NaN where they do not apply), estimate, images_low, images_high,
        population_low, population_high. Each interval holds on its own.
        """
        import pandas as pd

        rows: list[tuple[dict[str, object], Functional]] = []
        if not self.told_from:
            rows.append(({"quantity": "mean p"}, MeanProbability()))
        told = [u for u in PROBABILITIES if u >= self.told_from]
        rows += [({"quantity": "survival", "u": u}, Survival(1 - u)) for u in told]
        alpha, sigma = self.log.alpha, self.sigma
        for n in budgets:
            rows.append(({"quantity": "ACR", "n": n, "alpha": alpha}, ACR(n, alpha, sigma)))
        for n in budgets:
            rows += [
                (
                    {"quantity": "certified accuracy", "n": n, "alpha": alpha, "r": r},
                    CertifiedAccuracy(r, n, alpha, sigma),
                )
                for r in self.radii
            ]
        found = self.estimates([functional for _, functional in rows], rho)
        named = ["quantity", "u", "n", "alpha", "r"]
        numbers = ["estimate", "images_low", "images_high", "population_low", "population_high"]
        cells = [
            told | dict(zip(numbers, _numbers(estimate), strict=True))
            for (told, _), estimate in zip(rows, found, strict=True)
        ]
        frame = pd.DataFrame(cells, columns=[*named, *numbers])
        frame.attrs = {"path": self.log.path, "sigma": sigma, "draws": self.draws, "images": self.images, "rho": rho}
        return frame


def _possible(interval: Interval, functional: Functional) -> Interval:
    """An interval cut to what a distribution of p can have: at least 0, at most the weight at p = 1."""
    most = largest(functional)
    return Interval(*(float(np.clip(end, 0.0, most)) for end in (interval.estimate, interval.low, interval.high)))


@lru_cache(maxsize=1024)
def largest(functional: Functional) -> float:
    """The largest value that a functional can have: its weight at p = 1."""
    return float(functional(np.zeros(1))[0])


def _numbers(estimate: Estimate) -> tuple[float, ...]:
    one, other = estimate.images, estimate.population
    return estimate.value, one.low, one.high, other.low, other.high


def survival_tails(told_from: float) -> Float:
    """1 - u, increasing, at points u = Phi(z) that are even in z, from the first that a log tells about."""
    tail = ndtr(-np.arange(40, -26, -1) / 10)
    return np.asarray(tail[1 - tail >= told_from])


def survey_log(log: CertificationLog) -> Survey:
    """The survey that a certification log holds: of `rstheory survey`, or any other log with counts or radii.

    log: as `read_log` returns it. Nothing is drawn, and no model is needed.

    ValueError where sigma, n or alpha differ between the rows, or where there are no rows.

    >>> import numpy as np
    >>> counts = np.array([[200, 0], [150, 50], [199, 1], [20, 180]])
    >>> log = CertificationLog.from_arrays(
    ...     label=[0, 0, 0, 0], predict=[0, 0, 0, 1], radius=[0.9, 0.2, 0.8, 0.5], sigma=0.5, n=200, counts=counts)
    >>> survey = survey_log(log)
    >>> survey.images, survey.draws, f"{float(survey.mean_probability()):.2f}"
    (4, 200, '0.71')
    """
    counts = survey_counts(log)
    return Survey(log, counts, fit_smooth(counts))
