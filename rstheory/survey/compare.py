"""Two models surveyed on the same images: who has the larger ACR at which budget, and where p is larger (H5, D3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rstheory.mixture import (
    ACR,
    Functional,
    Interval,
    MeanProbability,
    SurvivalDifference,
    images_difference,
    population_difference,
    survival_difference,
)
from rstheory.survey.survey import BUDGETS, Estimate, Survey, survey_log, survival_tails

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class SurveyComparison:
    """Survey a against survey b on the images that both hold; differences are a - b. Made by `compare_surveys`.

    a, b: paths of their logs.
    images: how many images they share.
    budgets: at which ACR is compared.
    acr: difference of expected ACR at each budget.
    mean_probability: difference of the mean of p; None where one of the logs does not tell it.
    survival: difference of S(u) in the population, with a band that holds at all u at once, as far as both logs tell.
    rho: probability that an interval, or the band, is wrong.
    """

    a: str
    b: str
    images: int
    budgets: tuple[int, ...]
    acr: tuple[Estimate, ...]
    mean_probability: Estimate | None
    survival: SurvivalDifference
    rho: float

    def __repr__(self) -> str:
        largest = self.acr[-1]
        return (
            f"SurveyComparison({self.a!r}, {self.b!r}, {self.images:,} images, difference of ACR at"
            f" N={self.budgets[-1]:,}: {largest.value:+.4f}, population {largest.population.low:+.4f} to"
            f" {largest.population.high:+.4f})"
        )

    def to_frame(self) -> pd.DataFrame:
        """One row per difference. Columns quantity, n, estimate, images_low, images_high, population_low,
        population_high."""
        import pandas as pd

        named = [("ACR", n, estimate) for n, estimate in zip(self.budgets, self.acr, strict=True)]
        rows = [
            (name, n, e.value, e.images.low, e.images.high, e.population.low, e.population.high)
            for name, n, e in [*named, ("mean p", None, self.mean_probability)]
            if e is not None
        ]
        ends = ["images_low", "images_high", "population_low", "population_high"]
        return pd.DataFrame(rows, columns=["quantity", "n", "estimate", *ends])


def compare_surveys(a: Survey, b: Survey, budgets: Sequence[int] = BUDGETS, rho: float = 0.05) -> SurveyComparison:
    """Two surveys on their common images (same number and label), with paired intervals.

    a, b: surveys at one noise level. budgets: at which ACR is compared, at the level of a's log. rho: probability that
    an interval is wrong.

    The draws of the two surveys should be independent: take another seed for each. With a shared seed the interval for
    these images is as a rule too wide. ValueError where sigma differs or no image is common.

    >>> import numpy as np
    >>> from rstheory import CertificationLog
    >>> def survey(k):
    ...     counts = np.stack([k, 100 - k], axis=1)
    ...     label = np.zeros(len(k), dtype=int)
    ...     return survey_log(CertificationLog.from_arrays(
    ...         label=label, predict=label - 1, radius=0.0 * k, sigma=0.5, n=100, counts=counts))
    >>> compare_surveys(survey(np.arange(50, 101)), survey(np.arange(40, 91))).acr[0].value > 0
    True
    """
    if a.sigma != b.sigma:
        raise ValueError(f"b.sigma={b.sigma:g} is not allowed: radii scale with sigma, which is {a.sigma:g} in a")
    first, second = _on_common_images(a, b)
    alpha, sigma, told_from = a.log.alpha, a.sigma, max(first.told_from, second.told_from)

    def difference(functional: Functional) -> Estimate:
        one = images_difference(first.fit, second.fit, functional, rho)
        other: Interval = population_difference(first.fit, second.fit, functional, rho)
        return Estimate(one.estimate, one, other)

    return SurveyComparison(
        a.log.path,
        b.log.path,
        first.images,
        tuple(budgets),
        tuple(difference(ACR(n, alpha, sigma)) for n in budgets),
        None if told_from else difference(MeanProbability()),
        survival_difference(first.fit, second.fit, rho, survival_tails(told_from)),
        rho,
    )


def _on_common_images(a: Survey, b: Survey) -> tuple[Survey, Survey]:
    """Both surveys cut to their common images, in one order."""
    if np.array_equal(a.log.index, b.log.index) and np.array_equal(a.log.label, b.log.label):
        return a, b
    _, rows_a, rows_b = np.intersect1d(a.log.index, b.log.index, return_indices=True)
    same = a.log.label[rows_a] == b.log.label[rows_b]
    if not same.any():
        raise ValueError(f"{a.log.path} and {b.log.path} have no image in common: nothing can be compared")
    return survey_log(a.log.select(rows_a[same])), survey_log(b.log.select(rows_b[same]))
