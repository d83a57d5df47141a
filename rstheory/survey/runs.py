"""Several runs of one method that differ in their seeds: the spread between runs beside that between images.

The model is that of a two-way layout with random effects: what run r has for image i is

    y_ri = mu + a_r + b_i + e_ri,

a_r the luck of a training run, b_i how easy an image is for every run, e_ri the rest with the noise of the draws. A
run's mean over n images then varies by Var(a) + Var(e)/n around mu + mean(b), and that is seen in the runs. The images'
part, Var(b)/n, is common to all runs: no number of runs makes it smaller. It is seen in the means of the images.

Both are added as in Banerjee (Sankhya 1960): half of an interval is sqrt(sum of t_j^2 s_j^2), s_j being the standard
error of part j and t_j the quantile of Student's law with its degrees of freedom. For normal effects the level is at
least 1 - rho, however few runs there are. Given the s_j, the probability to cover is G(sum of w_j t_j^2 s_j^2 / v_j),
with G the law of a squared normal variable, v_j the true variances and w_j their shares of the total. G is concave, so
this is at least the sum of w_j G(t_j^2 s_j^2 / v_j), and each term has mean w_j (1 - rho). Nothing is asked of how the
s_j depend on each other. The means of the images also vary by Var(e)/runs, which widens the interval a little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from rstheory import _check
from rstheory._check import Float
from rstheory.mixture import Functional, Interval
from rstheory.mixture.paired import influences_and_means
from rstheory.survey.survey import Survey, largest


@dataclass(frozen=True)
class RunsEstimate:
    """The mean of several runs, with what varies between runs and between images. Made by `between_runs`.

    value: mean over the runs and images.
    runs: interval for a new mean over all possible runs on these images: only the runs, and their draws, are random.
    population: interval for the mean over runs and over the population of images.
    run_deviation: standard deviation between runs, of the mean over the images; their draws included.
    image_error: standard error of `value` that the choice of images leaves, however many runs there are.
    values: of each run.
    """

    value: float
    runs: Interval
    population: Interval
    run_deviation: float
    image_error: float
    values: tuple[float, ...]

    def __float__(self) -> float:
        return self.value


def between_runs(values: ArrayLike, rho: float = 0.05) -> RunsEstimate:
    """Hierarchical interval for the mean of runs on the same images.

    values: what each run has for each image, shape (runs, images), both at least 2: the radius where the run is right,
    else 0, for ACR; the share of draws that gave the label, for the mean of p.
    rho: probability that an interval is wrong, at most, for normal effects (see the module). Runs must differ in
    everything that is random in them: initial weights, order of the images, noise of training and noise of the draws.

    ValueError for other shapes, and for values that are not finite.

    >>> found = between_runs([[0.0, 1.0, 1.0, 0.0], [0.2, 1.0, 1.0, 0.2], [0.1, 1.0, 0.9, 0.0]])
    >>> print(f"{found.value:.3f} {found.run_deviation:.3f} {found.population.low:.2f} {found.population.high:.2f}")
    0.533 0.058 -0.31 1.37
    """
    return _estimate([(_table("values", values), 1)], float(_check.level("rho", rho)))


def between_methods(a: ArrayLike, b: ArrayLike, rho: float = 0.05) -> RunsEstimate:
    """Hierarchical interval for the mean of a's runs minus that of b's, on the same images.

    a, b: as `between_runs` takes them, with the same images in one order; the numbers of runs may differ. Images that
    are easy for both cancel. `run_deviation` is that of the difference of one run of each; `values` are empty.

    >>> runs = [[0.0, 1.0, 1.0, 0.0], [0.2, 1.0, 1.0, 0.2]]
    >>> found = between_methods(runs, runs)
    >>> found.value, found.image_error
    (0.0, 0.0)
    """
    first, second = _table("a", a), _table("b", b)
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"b of shape {second.shape} is not allowed: it must have the {first.shape[1]} images of a")
    return _estimate([(first, 1), (second, -1)], float(_check.level("rho", rho)))


def _table(name: str, values: ArrayLike) -> Float:
    table = _check.reals(name, values, "real numbers, shape (runs, images)")
    if table.ndim != 2 or min(table.shape) < 2:
        raise ValueError(f"{name} of shape {table.shape} is not allowed: give (runs, images), both at least 2")
    _check.refuse(name, table, ~np.isfinite(table), "every value must be finite")
    return table


def _estimate(tables: Sequence[tuple[Float, int]], rho: float) -> RunsEstimate:
    """The signed sum of the means of some tables of runs on the same images, each with runs of its own."""
    per_image = np.sum([sign * table.mean(axis=0) for table, sign in tables], axis=0)
    images = len(per_image)
    value = float(per_image.mean())
    of_runs = [(float(table.mean(axis=1).var(ddof=1)), len(table)) for table, _ in tables]
    squares = [variance / runs * _quantile(runs - 1, rho) ** 2 for variance, runs in of_runs]
    of_images = float(per_image.var(ddof=1)) / images
    half = float(np.sqrt(sum(squares)))
    wide = float(np.sqrt(sum(squares) + of_images * _quantile(images - 1, rho) ** 2))
    return RunsEstimate(
        value,
        Interval(value, value - half, value + half),
        Interval(value, value - wide, value + wide),
        float(np.sqrt(sum(variance for variance, _ in of_runs))),
        float(np.sqrt(of_images)),
        tuple(map(float, tables[0][0].mean(axis=1))) if len(tables) == 1 else (),
    )


def _quantile(degrees: int, rho: float) -> float:
    """Two-sided quantile of Student's law."""
    return float(-stdtrit(degrees, rho / 2))


def run_values(surveys: Sequence[Survey], functional: Functional) -> Float:
    """What each survey's estimate of a functional owes to each image, shape (runs, images), for `between_runs`.

    The estimate of a run plus the influence of each image's count on it: the mean over the images is the estimate, and
    the spread over the images its sampling error. ValueError where the surveys are not of the same images.
    """
    return run_tables(surveys, [functional])[0]


def run_tables(surveys: Sequence[Survey], functionals: Sequence[Functional]) -> list[Float]:
    """`run_values` of several functionals, with what they have in common computed once for all."""
    first = surveys[0].log
    for survey in surveys:
        if not (np.array_equal(survey.log.index, first.index) and np.array_equal(survey.log.label, first.label)):
            raise ValueError(f"{survey.log.path} and {first.path} hold different images, or in another order")
    most = [largest(functional) for functional in functionals]
    tables = [np.empty((len(surveys), survey.images)) for _ in functionals]
    for run, survey in enumerate(surveys):
        found = influences_and_means(survey.fit, functionals)
        for table, above, (of_kind, mean) in zip(tables, most, found, strict=True):
            each = of_kind[survey.fit.kind]
            table[run] = float(np.clip(mean, 0.0, above)) + each - each.mean()
    return tables


def survey_runs(surveys: Sequence[Survey], functional: Functional, rho: float = 0.05) -> RunsEstimate:
    """A functional of the distribution of p, such as ACR at a budget, over several runs of one method.

    surveys: at least 2, at one noise level, of the same images, of networks that differ in the seed. functional: see
    `rstheory.mixture`. rho: probability that an interval is wrong.

    The intervals add the spread between runs to that between images (see the module). An error that all runs share,
    such as that of the smooth estimate, shows in no spread: see the intervals of each survey for that.
    """
    if len({survey.sigma for survey in surveys}) != 1 or len(surveys) < 2:
        raise ValueError(f"{len(surveys)} surveys are not allowed: give at least two, at one noise level")
    return between_runs(run_values(surveys, functional), rho)
