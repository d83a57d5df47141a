"""How many images and how many draws per image, for a fixed total of draws (theory H4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rstheory import _check
from rstheory.mixture.counts import LabelCounts
from rstheory.mixture.functionals import Functional, mean
from rstheory.mixture.intervals import images_posterior
from rstheory.mixture.paired import influence
from rstheory.mixture.smooth import SmoothFit, fit_rows
from rstheory.population import Population

# Numbers of draws per image that are tried: the field's round numbers.
DRAWS = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
# The same where the draws are chosen for an error. With fewer than 20, a log of counts has hardly a certificate.
DRAWS_FINE = (20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000, 3000, 5000, 7000, 10_000)
_FEWEST = 50  # images below which no distribution is estimated
_NEGLIGIBLE = 1e-12  # share of images of a kind that is left out


@dataclass(frozen=True)
class SurveyPlan:
    """What to expect of a survey of `images` images with `draws` draws each.

    draws: per image.
    images: number of images.
    bias: of the smooth estimate, at the counts that are expected.
    standard_error: of the estimate over samples of images and draws.
    """

    draws: int
    images: int
    bias: float
    standard_error: float

    @property
    def error(self) -> float:
        """Root mean squared error."""
        return float(np.hypot(self.bias, self.standard_error))


def plan_surveys(
    population: Population,
    functional: Functional,
    total: int,
    images: int | None = None,
    draws: Sequence[int] = DRAWS,
) -> list[SurveyPlan]:
    """Surveys that cost at most `total` draws, best first: fewest errors in the functional of the population.

    population: what the distribution of p may look like: the estimate from a pilot, or that of a similar model.
    total: draws in all, integer >= 1. images: how many images there are; default: as many as the draws allow.
    draws: numbers of draws per image to consider.

    Every plan takes all images that it can. The bias is that of a fit to the expected counts, the error that of the
    influence of each count; no random numbers. ValueError where the draws are too few for 50 images.

    >>> from rstheory.mixture import ACR
    >>> pilot = Population.of_samples([i / 100 for i in range(100)])
    >>> best = plan_surveys(pilot, ACR(1000), total=20_000, draws=(20, 200))[0]
    >>> print(best.draws, best.images)
    20 1000
    """
    total = _check.at_least(1, "total", total)
    most = total if images is None else _check.at_least(1, "images", images)
    plans = []
    for m in sorted({_check.at_least(1, "draws", m) for m in draws}):
        count = min(most, total // m)
        if count >= _FEWEST:
            plans.append(_plan(population, functional, m, count))
    if not plans:
        raise ValueError(f"total={total} is not allowed: each number of draws leaves fewer than {_FEWEST} images")
    return sorted(plans, key=lambda plan: plan.error)


def draws_for_images(
    population: Population, functional: Functional, images: int, error: float, draws: Sequence[int] = DRAWS_FINE
) -> tuple[int, float]:
    """(draws, standard error): the fewest draws per image that leave a standard error of `error` for these images.

    population: what the distribution of p may look like, as for `plan_surveys`. images: how many there are. error: of
    the functional's mean over the images, > 0: their choice is not part of it. draws: numbers to choose from.

    The standard error is that of `images_interval` at the counts that are expected; no random numbers. Half of its 95 %
    interval is 3.14 of them, as it allows for bias. ValueError where not even the largest number of draws is enough.

    >>> from rstheory.mixture import ACR
    >>> pilot = Population.of_samples([i / 100 for i in range(100)])
    >>> draws_for_images(pilot, ACR(1000), images=1000, error=0.005)[0]
    50
    """
    wanted, count = float(_check.positive("error", error)), _check.at_least(1, "images", images)
    choices = sorted({_check.at_least(1, "draws", m) for m in draws})

    def left(m: int) -> float:
        variance = images_posterior(expected_fit(population, m, count), [functional]).covariance[0, 0]
        return float(np.sqrt(max(variance, 0.0)))

    errors: dict[int, float] = {}
    low, high = 0, len(choices)  # the error falls with the draws: bisection
    while low < high:
        middle = (low + high) // 2
        errors[middle] = left(choices[middle])
        low, high = (low, middle) if errors[middle] <= wanted else (middle + 1, high)
    if low == len(choices):
        raise ValueError(
            f"error={error} is not allowed: {choices[-1]:,} draws per image, the most that are considered, leave"
            f" {errors[low - 1]:.2g}"
        )
    return choices[low], errors[low]


def _plan(population: Population, functional: Functional, m: int, images: int) -> SurveyPlan:
    fit = expected_fit(population, m, images)
    error = influence(fit, [functional])[0]
    centred = error - fit.kind_share @ error
    return SurveyPlan(
        m,
        images,
        mean(fit.population, functional) - mean(population, functional),
        float(np.sqrt(fit.kind_share @ centred**2 / images)),
    )


def expected_fit(population: Population, m: int, images: int) -> SmoothFit:
    """The smooth fit to the counts that are expected of a population: every count with its exact share."""
    rows = LabelCounts.known(np.arange(m + 1), m).rows()
    share = rows.likelihood(population.tail) @ population.share
    return fit_rows(rows.select(np.flatnonzero(share > _NEGLIGIBLE), share), images)
