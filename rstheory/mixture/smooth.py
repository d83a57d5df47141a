"""A smooth estimate of the distribution of p: few draws per image, functionals at budgets far beyond them (theory H2).

m draws per image fix m moments of G. What a functional at N >> m needs beyond them must be assumed. Here the assumption
is that the distribution of z = Phi^-1(p) = R/sigma, the radius at an infinite budget in units of sigma, has a smooth
log-density h(z): G maximises  log-likelihood - (penalty/2) * integral of h'''(z)^2.  The third derivative (Silverman,
Annals of Statistics 1982) is 0 for normal distributions, so what the counts do not tell is filled in by the tail of a
normal distribution of radii. The penalty stands for a Gaussian prior on h, so its own likelihood, given the counts
alone, is known (Laplace's approximation; g-modelling as in Efron, Biometrika 2016, with the penalty in place of a
spline basis). The estimate is the average over all penalties by that likelihood: one best penalty is as good an
estimate, but intervals that take it for granted are too short. benchmarks/mixture.py measures all of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.special import ndtr

from rstheory._check import Float
from rstheory._threads import one_blas_thread
from rstheory.mixture.counts import Integers, LabelCounts, Rows
from rstheory.mixture.functionals import Functional
from rstheory.population import Population

# Cells of z. 1 - Phi(8) = 6e-16: a model that is certain has its mass in the last cell, which tells from p = 1 only at
# budgets beyond 10^14. 0.1 is finer than anything that the penalty leaves.
_WIDTH = 0.1
EDGES = np.round(np.arange(-60, 81) * _WIDTH, 10)
CELLS = len(EDGES) - 1
_PARTS = 4  # atoms per cell of the population that is returned
_ORDER = 3
_PENALTIES = 10.0 ** np.arange(3.5, -6.1, -0.5)
_NEGLIGIBLE = 1e-3  # posterior probability of a penalty that is left out
_HOPELESS = 30.0  # log-likelihood of a penalty below that of the best, at which smaller ones are not tried
_STEPS = 100  # of Gauss-Newton's method at a penalty: only densities that have to be 0 somewhere need more than 10

# Integral of the squared derivative of order 3 as a quadratic form in the values at the cells.
_DIFFERENCE = np.diff(np.eye(CELLS), _ORDER, axis=0) * _WIDTH ** (0.5 - _ORDER)
_ROUGHNESS = _DIFFERENCE.T @ _DIFFERENCE

_Z = (EDGES[:-1, None] + (np.arange(_PARTS) + 0.5) * (_WIDTH / _PARTS)).ravel()
TAIL = ndtr(-_Z)
TAIL.flags.writeable = False


@dataclass(frozen=True, eq=False)
class Smoothed:
    """The estimate at one penalty.

    penalty: the penalty.
    probability: of this penalty, given the counts.
    cell_share: share of images in each cell of z.
    covariance: posterior covariance of ln cell_share, shape (cells, cells).
    """

    penalty: float
    probability: float
    cell_share: Float
    covariance: Float


@dataclass(frozen=True, eq=False)
class SmoothFit:
    """A smooth estimate of the distribution of p, as `fit_smooth` returns it.

    population: the estimate, as many atoms close together; the same tails for every fit.
    log_likelihood: of the counts under it, mean per image.
    images: number of images.
    kind: per image, which of the distinct kinds of evidence it has.
    kind_share: share of images of each kind.
    likelihood: mean likelihood of each kind over each cell of z = Phi^-1(p), shape (kinds, cells).
    parts: the estimates at the penalties that the counts leave possible.
    """

    population: Population
    log_likelihood: float
    images: int
    kind: Integers
    kind_share: Float
    likelihood: Float
    parts: tuple[Smoothed, ...]


def fit_smooth(counts: LabelCounts) -> SmoothFit:
    """The distribution of p whose log-density in z = Phi^-1(p) is as smooth as the counts allow (see the module).

    Not guaranteed: anything about a single image; and where the true distribution of z has a part that no smooth
    density describes (a share of images with p exactly 1 beside others close to it), functionals at budgets far above
    the draws are biased by an amount that the counts cannot show. Intervals that hold without smoothness: `localized`.

    >>> fit = fit_smooth(LabelCounts.known([5, 8, 9, 10, 10, 10, 3, 10], 10))
    >>> print(f"{fit.population.expected_acr(1000):.2f}")
    1.24
    """
    with one_blas_thread():
        return fit_rows(counts.rows(), counts.images)


def fit_rows(rows: Rows, images: int) -> SmoothFit:
    """`fit_smooth` of evidence already sorted into kinds, whose shares need not be multiples of 1/images."""
    with one_blas_thread():
        return _fit(rows, images)


def _fit(rows: Rows, images: int) -> SmoothFit:
    likelihood = _cell_likelihood(rows)
    problem = _Problem(likelihood, rows.share, images)
    centre = EDGES[:-1] + _WIDTH / 2
    log_share = -0.5 * ((centre - 1) / 1.5) ** 2
    log_share -= np.log(np.exp(log_share).sum())
    found = list(problem.path(log_share))
    evidence = np.array([e for e, _, _ in found])
    probability = np.exp(evidence - evidence.max())
    probability[probability < _NEGLIGIBLE * probability.sum()] = 0
    probability /= probability.sum()
    parts = tuple(
        Smoothed(float(penalty), float(weight), share, np.asarray(np.linalg.inv(precision)))
        for penalty, weight, (_, share, precision) in zip(_PENALTIES, probability, found, strict=False)
        if weight > 0
    )
    share = np.sum([part.probability * part.cell_share for part in parts], axis=0)
    share /= share.sum()
    fitted = likelihood @ share
    return SmoothFit(
        Population(TAIL, np.repeat(share / _PARTS, _PARTS)),
        float(rows.share @ np.log(fitted)),
        images,
        rows.kind,
        rows.share,
        likelihood,
        parts,
    )


@lru_cache(maxsize=1024)
def cell_weights(functional: Functional) -> Float:
    """Mean of a functional's weight over each cell."""
    weights = np.asarray(functional(TAIL).reshape(CELLS, _PARTS).mean(axis=1))
    weights.flags.writeable = False
    return weights


def _cell_likelihood(rows: Rows) -> Float:
    """Mean likelihood of each kind of evidence over each cell.

    Parts are shorter than 0.6 standard deviations of a count, so that none falls between them; where z is spread out
    against p, fewer are needed, but never fewer than those of the population.
    """
    angle = np.arcsin(np.sqrt(ndtr(-EDGES)))
    deviations = -np.diff(angle) * 2 * np.sqrt(float(rows.draws.max()))
    parts = np.maximum(np.ceil(deviations / 0.6), _PARTS).astype(np.int64)
    cell = np.repeat(np.arange(CELLS), parts)
    within = np.arange(len(cell)) - np.repeat(np.cumsum(parts) - parts, parts)
    z = EDGES[cell] + (within + 0.5) * (_WIDTH / parts[cell])
    return rows.averaged(ndtr(-z)[::-1], cell[::-1], CELLS)


@dataclass(frozen=True, eq=False)
class _Problem:
    """-n sum_r share_r ln (likelihood e^h)_r + n sum_j e^h_j + (penalty/2) h' ROUGHNESS h, to be minimised in h.

    The second term makes the shares e^h add up to 1 at the minimum.
    """

    likelihood: Float
    share: Float
    images: int

    def path(self, h: Float) -> Iterator[tuple[float, Float, Float]]:
        """(log marginal likelihood up to a constant, shares, precision) for each penalty, from the largest down.

        It ends early where the counts have all but ruled out what is left: rougher and rougher densities.
        """
        best = -np.inf
        for penalty in _PENALTIES:
            h, objective, precision = self._minimum(h, penalty)
            # Laplace: the prior's determinant enters by its rank, that of the penalty.
            evidence = 0.5 * (CELLS - _ORDER) * np.log(penalty) - 0.5 * np.linalg.slogdet(precision)[1] - objective
            share = np.exp(h)
            yield float(evidence), share / share.sum(), precision
            best = max(best, float(evidence))
            if evidence < best - _HOPELESS:
                return

    def _objective(self, h: Float, penalty: float) -> float:
        density = np.exp(h)
        fit = self.share @ np.log(self.likelihood @ density) - density.sum()
        return float(-self.images * fit + penalty / 2 * (h @ _ROUGHNESS @ h))

    def _minimum(self, h: Float, penalty: float) -> tuple[Float, float, Float]:
        """(h, objective, precision) at the minimum, by damped Gauss-Newton steps from h.

        It stops when a step gains less than 1e-4 of log-likelihood in all. precision is the Gauss-Newton part of the
        second derivative, which is positive definite.
        """
        value, damping, n = self._objective(h, penalty), 1e-3, self.images
        diagonal = np.diag_indices(CELLS)
        gain = np.inf
        for _ in range(_STEPS):
            density = np.exp(h)
            mixed = self.likelihood @ density
            ratio = self.share / mixed
            claimed = density * (self.likelihood.T @ ratio)
            gradient = n * (density - claimed) + penalty * (_ROUGHNESS @ h)
            weighted = self.likelihood * (density * np.sqrt(ratio / mixed)[:, None])
            precision = n * (weighted.T @ weighted) + penalty * _ROUGHNESS
            # With an image or two the penalty alone carries most directions: not singular by rounding, either.
            precision[diagonal] += 1e-9 + 1e-13 * precision[diagonal].max()
            if gain < 1e-4:
                break
            excess = n * np.maximum(density - claimed, 0)
            gain = 0.0
            while damping < 1e9:
                system = precision.copy()
                system[diagonal] += excess + damping * n * density
                try:
                    step = -cho_solve(cho_factor(system, check_finite=False), gradient, check_finite=False)
                except LinAlgError:
                    damping *= 10
                    continue
                step = np.clip(step, -3, 3)
                new = self._objective(h + step, penalty)
                if new <= value:
                    h, gain, value = h + step, value - new, new
                    damping /= 5
                    break
                damping *= 10
        return h, value, precision
