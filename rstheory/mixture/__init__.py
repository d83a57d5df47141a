"""The distribution of the label probability p from few draws per image (theory H). Arrays in, arrays out.

Counts go in as `LabelCounts`. `fit_nonparametric` finds the distribution of largest likelihood and proves how close it
is; `fit_smooth` is the one to estimate with. The `population` of either has every functional that is linear in it:
`mean(population, ACR(n, alpha, sigma))`, `CertifiedAccuracy`, `Survival`, at budgets that nobody ran.

Intervals come in two strengths. `population_interval` and `images_interval` assume a smooth distribution and are
approximate. `localized`, over the region of `localize`, assumes nothing about the distribution, holds at its level for
any number of images, and is wider. Each says whether it speaks of the population or of these images.

Two models on the same images: `images_difference`, `population_difference`, `survival_difference`. How many images and
draws: `plan_surveys` for a population, `draws_for_images` for given images.

Nothing here certifies a single image (H6).
"""

from rstheory.mixture.counts import LabelCounts
from rstheory.mixture.functionals import ACR, CertifiedAccuracy, Functional, MeanProbability, Survival, mean
from rstheory.mixture.intervals import Interval, images_interval, population_interval
from rstheory.mixture.nonparametric import NonparametricFit, fit_nonparametric
from rstheory.mixture.paired import SurvivalDifference, images_difference, population_difference, survival_difference
from rstheory.mixture.plan import SurveyPlan, draws_for_images, plan_surveys
from rstheory.mixture.region import Region, localize, localized
from rstheory.mixture.smooth import SmoothFit, fit_smooth

__all__ = [
    "ACR",
    "CertifiedAccuracy",
    "Functional",
    "Interval",
    "LabelCounts",
    "MeanProbability",
    "NonparametricFit",
    "Region",
    "SmoothFit",
    "SurveyPlan",
    "Survival",
    "SurvivalDifference",
    "draws_for_images",
    "fit_nonparametric",
    "fit_smooth",
    "images_difference",
    "images_interval",
    "localize",
    "localized",
    "mean",
    "plan_surveys",
    "population_difference",
    "population_interval",
    "survival_difference",
]
