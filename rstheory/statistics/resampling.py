"""Means over test images, resampled: one set of weights answers for every log, budget and radius at once.

Bootstrap over images (Efron 1979): a resample gives each image a weight, the number of times it was drawn. A mean in it
is a product of weights and values, so the resampled means of many logs at many budgets are one product of matrices, and
images stay paired between logs. Approximate: what rests on it holds for many images, not for a dozen.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from rstheory import _check
from rstheory._check import Float

RESAMPLES = 1000
_NO_VARIANCE = 1e-13  # of a difference, against the variances of its two sides: what rounding leaves of nothing


@lru_cache(maxsize=1)
def resampling_weights(samples: int, seed: int) -> Float:
    """How often each image occurs in each resample, shared by all logs of one size: (RESAMPLES, samples)."""
    rng = np.random.default_rng(seed)
    weights = np.empty((RESAMPLES, samples))
    for row in weights:
        row[:] = np.bincount(rng.integers(samples, size=samples), minlength=samples)
    weights.flags.writeable = False
    return weights


@dataclass(frozen=True, eq=False)
class ResampledMeans:
    """Means over images of several logs at several points, which may be budgets or radii.

    estimate: the means, shape (logs, points).
    resampled: the same in each resample, shape (RESAMPLES, logs, points).
    covariance: of the means of the logs at each point, over the images, shape (points, logs, logs).
    """

    estimate: Float
    resampled: Float
    covariance: Float

    @property
    def logs(self) -> int:
        return len(self.estimate)

    def at(self, points: NDArray[np.integer] | slice) -> ResampledMeans:
        """The same at some of the points."""
        return ResampledMeans(self.estimate[:, points], self.resampled[:, :, points], self.covariance[points])


def resampled_means(values: Float, seed: int = 0) -> ResampledMeans:
    """Means over images and RESAMPLES resampled ones.

    values: of each image, log and point, shape (images, logs, points); two images or more. seed: of the resampling.
    """
    if values.ndim != 3 or len(values) < 2:
        raise ValueError(f"values have shape {values.shape}, not (images, logs, points) with two images or more")
    images, logs, points = values.shape
    weights = resampling_weights(images, seed)
    resampled = (weights @ values.reshape(images, -1) / images).reshape(len(weights), logs, points)
    estimate = values.mean(axis=0)
    centred = (values - estimate).transpose(2, 1, 0)
    covariance = centred @ centred.transpose(0, 2, 1) / (images * (images - 1))
    return ResampledMeans(estimate, resampled, covariance)


@dataclass(frozen=True, eq=False)
class PairedDifferences:
    """Differences a - b of every pair of logs, at every point.

    first, second: numbers of a and b, one entry per pair.
    difference, standard_error: shape (pairs, points). An error of 0: the two logs agree on every image.
    critical: (1 - rho)-quantile of the largest |difference - its mean| in standard errors, over all pairs and points
        at once. NaN where no error is above 0.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    difference: Float
    standard_error: Float
    critical: float

    @property
    def low(self) -> Float:
        """Lower ends of the simultaneous intervals."""
        return np.asarray(self.difference - np.nan_to_num(self.critical) * self.standard_error)

    @property
    def high(self) -> Float:
        """Upper ends of the simultaneous intervals."""
        return np.asarray(self.difference + np.nan_to_num(self.critical) * self.standard_error)


def paired_differences(means: ResampledMeans, rho: float = 0.05) -> PairedDifferences:
    """Every pair's difference with intervals that hold at once, over pairs and points, with probability 1 - rho.

    The largest standardised error of all is resampled, and its quantile is the width of every interval: "max-t",
    sharper than Bonferroni because it knows how the differences move together (Romano & Wolf 2005). Approximate for
    many images; a point at which few images differ is better left to `mcnemar`.

    means: two logs or more. rho: probability that any of the intervals misses its difference.
    """
    _check.level("rho", rho)
    if means.logs < 2:
        raise ValueError("differences take two logs or more")
    first, second = np.array(list(combinations(range(means.logs), 2))).T
    own = np.diagonal(means.covariance, axis1=1, axis2=2)
    both = own[:, first] + own[:, second]
    variance = both - 2 * means.covariance[:, first, second]
    error = np.sqrt(np.where(variance > _NO_VARIANCE * both, variance, 0.0)).T
    difference = means.estimate[first] - means.estimate[second]
    largest = np.zeros(len(means.resampled))
    for pair, (i, j) in enumerate(zip(first, second, strict=True)):  # pair by pair: the whole would be large
        varies = error[pair] > 0
        moved = np.abs(means.resampled[:, i] - means.resampled[:, j] - difference[pair])[:, varies]
        largest = np.maximum(largest, (moved / error[pair, varies]).max(axis=1, initial=0.0))
    critical = float(np.quantile(largest, 1 - rho, method="higher")) if np.any(error > 0) else float("nan")
    return PairedDifferences(first, second, difference, error, critical)
