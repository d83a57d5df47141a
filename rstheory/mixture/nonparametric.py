"""The nonparametric maximum-likelihood estimate of the distribution of p, with its duality gap (theory H1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rstheory._check import Float
from rstheory.mixture.counts import LabelCounts, Rows
from rstheory.mixture.gap import duality_gap
from rstheory.mixture.solver import best_weights
from rstheory.population import Population

_STEP = 0.125  # of the search grid, in standard deviations of a count
_ROUNDS = 60
_TOLERANCE = 1e-7
_NEGLIGIBLE = 1e-7  # weights of atoms that the optimum does not need


@dataclass(frozen=True, eq=False)
class NonparametricFit:
    """A distribution of p that no other can beat by more than `gap`, as `fit_nonparametric` returns it.

    population: the estimate, finitely many tails 1 - p and their shares.
    log_likelihood: of the counts under it, mean per image.
    gap: proved bound on how much larger the log-likelihood per image of any other distribution of p can be.
    """

    population: Population
    log_likelihood: float
    gap: float


def fit_nonparametric(counts: LabelCounts) -> NonparametricFit:
    """The distribution G of p that gives the counts the largest likelihood, among all distributions on [0, 1] (H1).

    The likelihood of G is that of independent images, each with its own p drawn from G. It is concave in G and its
    optimum has finitely many atoms (Lindsay 1983). Weights are found by an interior-point method on a set of atoms; the
    atoms are exchanged for the maxima of the directional derivative D until no p promises an improvement. The returned
    `gap` is a bound on max D over all of [0, 1], proved by `duality_gap`; ArithmeticError where it stays above 1e-6.

    This is the reference for the likelihood, not the best estimate of ACR: m draws say little about where between
    1 - 1/m and 1 the mass lies, and the optimum puts it into a few atoms. `fit_smooth` is measured to be much closer.

    >>> fit = fit_nonparametric(LabelCounts.known([0, 0, 10, 10], 10))
    >>> print(fit.population.tail.tolist(), fit.population.share.round(6).tolist(), fit.gap < 1e-6)
    [0.0, 1.0] [0.5, 0.5] True
    """
    rows = counts.rows()
    grid = _angles(float(rows.draws.max()))
    on_grid = rows.likelihood(_tail(grid))
    angle = grid[:: max(1, round(0.5 / _STEP))]
    gap = np.inf
    for _ in range(_ROUNDS):
        likelihood = rows.likelihood(_tail(angle))
        weight = best_weights(likelihood, rows.share, 0.1 * _TOLERANCE)
        kept = weight > _NEGLIGIBLE
        angle, weight = angle[kept], weight[kept] / weight[kept].sum()
        fitted = likelihood[:, kept] @ weight
        derivative = on_grid.T @ (rows.share / fitted)
        peaks = _peaks(rows, fitted, grid, derivative)
        value = (rows.share / fitted) @ rows.likelihood(_tail(peaks))
        if max(value.max(), derivative.max()) <= 1 + _TOLERANCE:
            gap = duality_gap(rows, fitted, _TOLERANCE)
            if gap <= 1e-6:
                break
        angle = np.unique(np.concatenate([angle, peaks[value > 1 - 1e-3]]))
    else:
        raise ArithmeticError(f"no maximum-likelihood estimate in {_ROUNDS} rounds: the gap is still {gap:.2g}")
    population = Population(_tail(angle), weight)
    return NonparametricFit(population, float(rows.share @ np.log(fitted)), max(gap, 0.0))


def _tail(angle: Float) -> Float:
    return np.where(angle >= np.pi / 2, 1.0, np.sin(angle) ** 2)


def _angles(draws: float) -> Float:
    """Angles arcsin sqrt(1 - p) from 0 to pi/2, where a count has standard deviation 1 / (2 sqrt(draws)) at any p."""
    return np.linspace(0, np.pi / 2, int(np.ceil(np.pi * np.sqrt(draws) / _STEP)) + 1)


def _peaks(rows: Rows, fitted: Float, grid: Float, derivative: Float) -> Float:
    """Angles of the local maxima of the directional derivative, by parabolas through ever closer points."""
    padded = np.concatenate([[-np.inf], derivative, [-np.inf]])
    peak = (padded[1:-1] >= padded[:-2]) & (padded[1:-1] > padded[2:]) & (derivative > 1 - 1e-2)
    if not peak.any():
        peak = derivative == derivative.max()
    angle, step = grid[peak], float(grid[1])
    for shrink in (1.0, 0.25, 0.25):
        step *= shrink
        points = np.clip(angle[:, None] + step * np.array([-1.0, 0.0, 1.0]), 0, np.pi / 2)
        values = ((rows.share / fitted) @ rows.likelihood(_tail(points.ravel()))).reshape(points.shape)
        below, at, above = values.T
        bend = below - 2 * at + above
        with np.errstate(divide="ignore", invalid="ignore"):
            shift = np.where(bend < 0, 0.5 * (below - above) / bend, np.sign(above - below))
        angle = np.clip(angle + step * np.clip(shift, -1, 1), 0, np.pi / 2)
    return angle
