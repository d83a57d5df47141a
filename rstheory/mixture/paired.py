"""Two models surveyed on the same images: differences with their paired error, and dominance (theory H5, D3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from rstheory import _check
from rstheory._check import Float
from rstheory.mixture.functionals import Functional, Survival
from rstheory.mixture.intervals import (
    Interval,
    Posterior,
    images_posterior,
    population_posterior,
    population_slope,
    responsibility,
)
from rstheory.mixture.smooth import SmoothFit, cell_weights


@dataclass(frozen=True, eq=False)
class SurvivalDifference:
    """S_a(u) - S_b(u) with a band that holds at all u listed at once.

    tail: 1 - u, increasing.
    estimate: of the difference.
    low, high: ends of the band.
    a_above, b_above: where the band puts the one curve above the other. If both occur, the curves cross and neither
    model dominates. If only one occurs, that model may dominate; that it does at every u, no finite survey shows.
    """

    tail: Float
    estimate: Float
    low: Float
    high: Float

    @property
    def a_above(self) -> NDArray[np.bool_]:
        return self.low > 0

    @property
    def b_above(self) -> NDArray[np.bool_]:
        return self.high < 0


def images_difference(a: SmoothFit, b: SmoothFit, functional: Functional, rho: float = 0.05) -> Interval:
    """Functional of a minus that of b, as means over these images: level 1 - rho, approximate.

    The images are fixed, so that all error is that of the draws, which must be independent between the two surveys
    (surveys that share noise seeds are not; then it is as a rule too wide). Assumes what `images_interval` assumes.
    """
    return _images_posterior(a, b, [functional]).interval(rho)[0]


def population_difference(a: SmoothFit, b: SmoothFit, functional: Functional, rho: float = 0.05) -> Interval:
    """Functional of a minus that of b in the population behind the images: level 1 - rho, approximate.

    Easy images are easy for both models, so that much of the error of sampling images cancels: the variance is that of
    the differences, image by image, between the influences of its two counts on the two estimates. What smoothing may
    hide (posterior variance beyond that of the influences) is added for each model.
    """
    return _population_posterior(a, b, [functional]).interval(rho)[0]


def survival_difference(
    a: SmoothFit, b: SmoothFit, rho: float = 0.05, tail: ArrayLike | None = None
) -> SurvivalDifference:
    """S_a(u) - S_b(u) in the population, with a simultaneous band at level 1 - rho, approximate.

    tail: the values 1 - u, increasing; default: u = Phi(r) for r from -2 to 4 in steps of 0.1, that is at the radii
    from -2 to 4 sigma at an infinite budget.
    """
    at = ndtr(-np.arange(40, -21, -1) / 10) if tail is None else _check.probability("tail", tail)
    if at.ndim != 1 or not at.size or np.any(np.diff(at) <= 0):
        raise ValueError(f"tail={tail!r} is not allowed: it must be a list of increasing values")
    band = _population_posterior(a, b, [Survival(float(t)) for t in at]).simultaneous(rho)
    estimate, low, high = (np.array([getattr(i, end) for i in band]) for end in ("estimate", "low", "high"))
    return SurvivalDifference(at, estimate, low, high)


def influence(fit: SmoothFit, functionals: Sequence[Functional]) -> Float:
    """What an image of each kind adds to the estimates of functionals of the population: shape (functionals, kinds).

    The variance of the estimates is the variance of these over the images, divided by their number; the kinds' mean,
    weighted by their shares, is 0 up to smoothing.
    """
    weights = np.stack([cell_weights(functional) for functional in functionals])
    total = np.zeros((len(functionals), len(fit.kind_share)))
    for part in fit.parts:
        score = responsibility(fit, part) - part.cell_share
        total += part.probability * fit.images * (population_slope(part, weights) @ part.covariance) @ score.T
    return total


def influences_and_means(fit: SmoothFit, functionals: Sequence[Functional]) -> Iterator[tuple[Float, float]]:
    """`influence`, and the mean over these images as `images_posterior` has it, of one functional after another.

    One at a time, so that the digits of each do not depend on the others. What needs no functional is computed once.
    """
    shares = [responsibility(fit, part) for part in fit.parts]
    scores = [share - part.cell_share for share, part in zip(shares, fit.parts, strict=True)]
    probability = np.array([part.probability for part in fit.parts])
    for functional in functionals:
        weights = cell_weights(functional)[None]
        total = np.zeros((1, len(fit.kind_share)))
        for part, score in zip(fit.parts, scores, strict=True):
            total += part.probability * fit.images * (population_slope(part, weights) @ part.covariance) @ score.T
        means = np.stack([fit.kind_share @ (share @ weights.T) for share in shares])
        yield total[0], float((probability @ means)[0])


def _images_posterior(a: SmoothFit, b: SmoothFit, functionals: Sequence[Functional]) -> Posterior:
    _check_paired(a, b)
    first, second = (images_posterior(fit, functionals) for fit in (a, b))
    return Posterior(first.mean - second.mean, first.covariance + second.covariance, _bias(first, second))


def _population_posterior(a: SmoothFit, b: SmoothFit, functionals: Sequence[Functional]) -> Posterior:
    _check_paired(a, b)
    ours, others = (influence(fit, functionals)[:, fit.kind] for fit in (a, b))
    posterior = [population_posterior(fit, functionals) for fit in (a, b)]
    covariance = _variance(ours - others)
    for each, found in zip((ours, others), posterior, strict=True):
        covariance = covariance + _positive(found.covariance - _variance(each))
    return Posterior(posterior[0].mean - posterior[1].mean, covariance, _bias(*posterior))


def _bias(a: Posterior, b: Posterior) -> Float:
    """As many standard errors of the difference as are allowed for one model: biases of two seldom add up."""
    return np.hypot(a.bias, b.bias)


def _variance(values: Float) -> Float:
    """Covariance matrix of the means over images."""
    centred = values - values.mean(axis=1, keepdims=True)
    return np.asarray(centred @ centred.T / values.shape[1] ** 2)


def _positive(matrix: Float) -> Float:
    """The positive part of a symmetric matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.maximum(values, 0)) @ vectors.T)


def _check_paired(a: SmoothFit, b: SmoothFit) -> None:
    if a.images != b.images:
        raise ValueError(f"b.images={b.images} is not allowed: both surveys must be of the same {a.images} images")
