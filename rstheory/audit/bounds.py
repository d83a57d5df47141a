"""Lower confidence bounds on ACR and on certified accuracy: for these images, and for the population behind them.

A log prints ACR = mean of certified radii, each a bound at level alpha of its own. What holds for the mean, with one
error probability, depends on whom it is about:

- *these images*: only noise is random. Their mean true radius, max(0, R(p)) where the label is predicted, is at least
  the mean with the q largest radii left out, q being the 1 - rho quantile of Bin(T, alpha) (the band of D4 integrated).
- *every certificate at once*: the radii at the union level, about alpha/T, are all true with probability 1 - rho.
- *the population*: images are random, too. The mean of what is printed is bounded, and it exceeds the mean true radius
  by next to nothing (`overshoot`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from rstheory import _check
from rstheory._check import Float, Values, scalar_or_array
from rstheory.audit.samples import row_counts
from rstheory.audit.survival import survival
from rstheory.budget import expected_radius_sf, max_radius, radius_from_count
from rstheory.logs.log import CertificationLog
from rstheory.radius import certified_radius_inverse_sf, sensitivity_sf
from rstheory.statistics.certificates import FalseCertificates, false_certificates
from rstheory.statistics.means import bounded_mean_lower
from rstheory.transport import LARGEST_TABLE

_CELLS, _ROUNDS, _CLOSE = 32, 40, 1e-5  # of the search for the largest overshoot; the last relative to the radius

_LARGEST_SEARCHED = 10**6


@dataclass(frozen=True)
class ACRBounds:
    """Lower bounds on ACR, each with error probability rho. All from radii at the lower ends of what was printed.

    acr: as printed.
    samples: of the mean true radius of these images; sound.
    samples_union: mean radius at the union level: all certificates are true at once. NaN where the counts behind the
        radii are too many to recover.
    population: of the mean true radius in the population; sound for any number of images.
    population_normal: the same by the normal law of a mean: higher, and approximate for many images.
    false: what is known of the number of false certificates.
    """

    acr: float
    samples: float
    samples_union: float
    population: float
    population_normal: float
    false: FalseCertificates


def acr_bounds(log: CertificationLog, rho: float = 0.05) -> ACRBounds:
    """Lower bounds on the ACR of a log, for these images and for the population.

    rho: error of each bound. For the population the images must be independent draws from it. ValueError for a log
    without samples, or whose rows differ in sigma, n or alpha.

    >>> log = CertificationLog.from_arrays(label=[1] * 900, predict=[1] * 900, radius=[1.5] * 900, sigma=0.5, n=10**5)
    >>> found = acr_bounds(log)
    >>> print(f"{found.acr:.3f} {found.samples:.3f} {found.population:.3f} {found.false.at_most}")
    1.500 1.445 1.441 3
    """
    from scipy.special import ndtri

    _check.level("rho", rho)
    log.check_one_setting()
    if not log.samples:
        raise ValueError(f"{log.path} has no samples, so no ACR")
    sound = log.rounded_down()
    radius = sound.radius * sound.correct
    false = false_certificates(log.samples, log.alpha, rho)
    excess = overshoot(log.n, log.alpha) * log.sigma
    error = sound.standard_error if log.samples > 1 else np.inf
    top = log.max_radius
    return ACRBounds(
        acr=log.acr,
        samples=survival(log, rho=rho).acr_samples,
        samples_union=_at_union_level(log, false.union_level),
        population=max(bounded_mean_lower(radius, top, rho) - excess, 0.0) if top > 0 else 0.0,
        population_normal=max(sound.acr + float(ndtri(rho)) * error - excess, 0.0),
        false=false,
    )


def _at_union_level(log: CertificationLog, level: float) -> float:
    """Mean radius of the counts behind a log at another level."""
    if log.n > LARGEST_TABLE:
        return float("nan")
    counts = row_counts(log.possible() if np.any(log.impossible) else log).low
    distinct, times = np.unique(counts, return_counts=True)
    radius = np.asarray(radius_from_count(distinct, log.n, min(level, log.alpha), log.sigma))
    return float(times @ radius / log.samples)


@dataclass(frozen=True, eq=False)
class AccuracyBounds:
    """Lower bounds on certified accuracy at some radii, each with error probability rho, one radius by one.

    For all radii at once see `survival.survival`.

    radius: where.
    share: as printed.
    samples: share of these images with true radius >= radius.
    population: the same of the population.
    rho: error of each.
    """

    radius: Values
    share: Values
    samples: Values
    population: Values
    rho: float


def accuracy_bounds(log: CertificationLog, radius: ArrayLike, rho: float = 0.05) -> AccuracyBounds:
    """Lower bounds on certified accuracy at any number of radii, each on its own.

    Of T images, C are certified at a radius; if m of them truly are, the others' certificates are false, which are
    stochastically at most Bin(T - m, alpha): the bound is the smallest m that does not make C a surprise. For the
    population, Clopper and Pearson bound the probability of a certificate, at most alpha of which is for false ones.

    radius: > 0. rho: error of each bound.
    """
    from scipy.stats import beta, binom

    _check.level("rho", rho)
    log.check_one_setting()
    at = _check.positive("radius", radius)
    images = log.samples
    if not images:
        raise ValueError(f"{log.path} has no samples, so no certified accuracy")
    sound = log.rounded_down()
    number = np.round(np.asarray(sound.certified_accuracy(at)) * images).astype(np.int64)
    most = int(binom.ppf(1 - rho, images, log.alpha)) + 1
    true = np.maximum(number[..., None] - np.arange(most, -1, -1), 0)  # ascending in the last axis
    likely = binom.sf(number[..., None] - true - 1, images - true, log.alpha) > rho
    least = np.take_along_axis(true, np.argmax(likely, axis=-1)[..., None], axis=-1)[..., 0]
    share = np.where(number > 0, beta.ppf(rho, np.maximum(number, 1), images - number + 1), 0.0)
    return AccuracyBounds(
        radius=scalar_or_array(at),
        share=scalar_or_array(np.asarray(log.certified_accuracy(at))),
        samples=scalar_or_array(least / images),
        population=scalar_or_array(np.maximum(share - log.alpha, 0.0) / (1 - log.alpha)),
        rho=rho,
    )


@lru_cache(maxsize=16)
def overshoot(n: int, alpha: float) -> float:
    """An upper bound on r_N(p) - max(0, R(p)), over all p, at sigma = 1: how much too much is printed on average.

    A certificate is false with probability at most alpha, and then by little: over the draws, the mean radius lies
    below the truth but for p near 1/2 (and, where alpha is near 1/2, elsewhere).

    Below p = 1/2 the difference is largest at 1/2. Above, r_N and R are convex in p (C4, A3): between two values of p,
    r_N is below its chord and R above its tangent, so that their difference is largest at an end. Intervals in which
    that bound is not close to the largest difference seen are halved. Where C4 fails, for alpha > 1/2, and where r_N
    takes seconds, for n > 10^6: alpha times the largest radius, which holds for any n and alpha.

    >>> overshoot(100_000, 0.001) < 1e-4
    True
    """
    largest = float(max_radius(n, alpha))
    if alpha > 0.5 or n > _LARGEST_SEARCHED or largest <= 0:
        return alpha * max(largest, 0.0)
    z = np.linspace(0.0, largest, _CELLS + 1)  # Phi^-1(p); where it is larger, R(p) exceeds all radii
    low, high = z[:-1], z[1:]
    of_low, of_high = _expected(low, n, alpha), _expected(high, n, alpha)
    seen = float(np.max(of_low - low))
    settled = seen
    for _ in range(_ROUNDS):
        tail_low, tail_high = (np.asarray(certified_radius_inverse_sf(end)) for end in (low, high))
        tangent = low + np.asarray(sensitivity_sf(tail_low)) * (tail_low - tail_high)
        bound = np.maximum(of_low - low, of_high - tangent)
        open_ = bound > seen + _CLOSE * largest
        settled = max(settled, float(np.max(bound[~open_], initial=0.0)))
        low, high, of_low, of_high, bound = (values[open_] for values in (low, high, of_low, of_high, bound))
        if not low.size:
            return settled
        middle = (low + high) / 2
        of_middle = _expected(middle, n, alpha)
        seen = max(seen, float(np.max(of_middle - middle)))
        low, high = np.concatenate([low, middle]), np.concatenate([middle, high])
        of_low, of_high = np.concatenate([of_low, of_middle]), np.concatenate([of_middle, of_high])
    return max(settled, float(np.max(bound)))


def _expected(z: Float, n: int, alpha: float) -> Float:
    """r_N at p = Phi(z), z >= 0."""
    return np.asarray(expected_radius_sf(certified_radius_inverse_sf(z), n, alpha))
