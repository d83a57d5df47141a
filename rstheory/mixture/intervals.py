"""Intervals around the smooth estimate, of two kinds: for the population behind the images, and for these images.

Both are normal intervals from the posterior of the log-density, averaged over the penalties (see `smooth`). They assume
what the estimate assumes, a smooth distribution of z. benchmarks/mixture.py measures how often they cover. Over models
it is about as often as they say. For one model it is not: what smoothing gets wrong is the same in every survey of it,
so that the intervals of one model cover nearly always and those of another much less often (the column "93 % within"
says how much wider they would have to be). Where p takes two or three values only, they cover far less. `localized`
assumes nothing and is several times wider.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from rstheory import _check
from rstheory._check import Float
from rstheory.mixture.functionals import Functional
from rstheory.mixture.smooth import Smoothed, SmoothFit, cell_weights

_SIMULATED = 20_000  # normal vectors behind the width of a simultaneous band; seed fixed


@dataclass(frozen=True)
class Interval:
    """An estimate with an interval around it.

    estimate: of the functional.
    low, high: ends of the interval.
    """

    estimate: float
    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True, eq=False)
class Posterior:
    """Means and covariance matrix of several functionals, given the counts."""

    mean: Float
    covariance: Float

    def interval(self, rho: float) -> list[Interval]:
        """One normal interval per functional, each wrong with probability rho."""
        z = float(-ndtri(_check.level("rho", rho) / 2))
        half = z * np.sqrt(np.maximum(np.diag(self.covariance), 0))
        return [Interval(float(m), float(m - h), float(m + h)) for m, h in zip(self.mean, half, strict=True)]

    def simultaneous(self, rho: float) -> list[Interval]:
        """One interval per functional, all of equal width in standard errors; that any is wrong has probability rho."""
        deviation = np.sqrt(np.maximum(np.diag(self.covariance), 0))
        scale = np.where(deviation > 0, deviation, 1)
        values, vectors = np.linalg.eigh(self.covariance / np.outer(scale, scale))
        root = vectors * np.sqrt(np.maximum(values, 0))
        simulated = np.random.default_rng(0).standard_normal((_SIMULATED, len(scale))) @ root.T
        width = float(np.quantile(np.abs(simulated).max(axis=1), 1 - float(_check.level("rho", rho))))
        half = width * deviation
        return [Interval(float(m), float(m - h), float(m + h)) for m, h in zip(self.mean, half, strict=True)]


def population_interval(fit: SmoothFit, functional: Functional, rho: float = 0.05) -> Interval:
    """The functional of the population from which the images were drawn independently: level 1 - rho, approximate."""
    return population_posterior(fit, [functional]).interval(rho)[0]


def images_interval(fit: SmoothFit, functional: Functional, rho: float = 0.05) -> Interval:
    """The mean of the functional over these images, whose p are fixed: level 1 - rho, approximate.

    It answers what a certification of the same images at the functional's budget would show on average, and is centred
    at the mean of each image's posterior.
    """
    return images_posterior(fit, [functional]).interval(rho)[0]


def population_posterior(fit: SmoothFit, functionals: Sequence[Functional]) -> Posterior:
    """Posterior of functionals of the population."""
    weights = np.stack([cell_weights(functional) for functional in functionals])

    def moments(part: Smoothed) -> tuple[Float, Float]:
        slope = population_slope(part, weights)
        return weights @ part.cell_share, slope @ part.covariance @ slope.T

    return _averaged(fit, [moments(part) for part in fit.parts])


def images_posterior(fit: SmoothFit, functionals: Sequence[Functional]) -> Posterior:
    """Posterior of the means of functionals over these images."""
    weights = np.stack([cell_weights(functional) for functional in functionals])

    def moments(part: Smoothed) -> tuple[Float, Float]:
        shares = responsibility(fit, part)
        given = shares @ weights.T  # (kinds, functionals)
        # d/dh of the mean over images, sum over kinds of share * responsibility * (weight - given)
        slope = weights * (fit.kind_share @ shares) - (fit.kind_share[:, None] * given).T @ shares
        square = (weights * (fit.kind_share @ shares)) @ weights.T - (given * fit.kind_share[:, None]).T @ given
        return fit.kind_share @ given, slope @ part.covariance @ slope.T + square / fit.images

    return _averaged(fit, [moments(part) for part in fit.parts])


def population_slope(part: Smoothed, weights: Float) -> Float:
    """Derivative of functionals by the log-density: shape (functionals, cells)."""
    return np.asarray(part.cell_share * (weights - (weights @ part.cell_share)[:, None]))


def responsibility(fit: SmoothFit, part: Smoothed) -> Float:
    """Probability of each cell, given each kind of evidence: shape (kinds, cells)."""
    joint = fit.likelihood * part.cell_share
    return np.asarray(joint / joint.sum(axis=1, keepdims=True))


def _averaged(fit: SmoothFit, moments: Sequence[tuple[Float, Float]]) -> Posterior:
    """Mean and covariance over the penalties: the mean covariance and the covariance of the means."""
    probability = np.array([part.probability for part in fit.parts])
    means = np.stack([m for m, _ in moments])
    mean = probability @ means
    off = means - mean
    within = np.einsum("i,ijk->jk", probability, np.stack([c for _, c in moments]))
    return Posterior(mean, within + (off * probability[:, None]).T @ off)
