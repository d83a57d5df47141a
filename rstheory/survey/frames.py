"""What figures of surveys show, as data frames with one row per point."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import ndtri

from rstheory.mixture import ACR, Functional, Interval, Survival
from rstheory.mixture.intervals import images_posterior, population_posterior
from rstheory.survey.survey import Survey, survival_tails

_BUDGETS = np.unique(np.round(10 ** np.linspace(2, 5, 25)).astype(int))


def survival_frame(surveys: Sequence[Survey], names: Sequence[str], rho: float = 0.05) -> pd.DataFrame:
    """S(u) with bands that hold at all u at once, at level 1 - rho each, as far as each log tells (`Survey.told_from`).

    Columns survey, u, z (= Phi^-1(u), the radius at an infinite budget in units of sigma), estimate, images_low,
    images_high, population_low, population_high.
    """
    frames = []
    for survey, name in zip(surveys, names, strict=True):
        tail = survival_tails(survey.told_from)[::-1]
        functionals: list[Functional] = [Survival(float(t)) for t in tail]
        images = images_posterior(survey.fit, functionals).simultaneous(rho)
        population = population_posterior(survey.fit, functionals).simultaneous(rho)
        points = {"survey": name, "u": 1 - tail, "z": np.round(-ndtri(tail), 10)}
        frames.append(pd.DataFrame(points | _bands(images, population, 1.0)))
    return pd.concat(frames, ignore_index=True)


def acr_frame(surveys: Sequence[Survey], names: Sequence[str], rho: float = 0.05) -> pd.DataFrame:
    """Expected ACR against the budget N, with an interval at level 1 - rho for each N on its own.

    Columns survey, n, estimate, images_low, images_high, population_low, population_high.
    """
    frames = []
    for survey, name in zip(surveys, names, strict=True):
        functionals: list[Functional] = [ACR(int(n), survey.log.alpha, survey.sigma) for n in _BUDGETS]
        images = images_posterior(survey.fit, functionals).interval(rho)
        population = population_posterior(survey.fit, functionals).interval(rho)
        frames.append(pd.DataFrame({"survey": name, "n": _BUDGETS} | _bands(images, population, np.inf)))
    return pd.concat(frames, ignore_index=True)


def _bands(images: Sequence[Interval], population: Sequence[Interval], most: float) -> dict[str, list[float]]:
    def ends(intervals: Sequence[Interval], name: str) -> list[float]:
        return [float(np.clip(getattr(interval, name), 0.0, most)) for interval in intervals]

    return {
        "estimate": ends(images, "estimate"),
        "images_low": ends(images, "low"),
        "images_high": ends(images, "high"),
        "population_low": ends(population, "low"),
        "population_high": ends(population, "high"),
    }
