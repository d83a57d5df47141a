"""How far from the optimum a mixture can be: the largest directional derivative, over all p and not only on a grid."""

from __future__ import annotations

import numpy as np

from rstheory._check import Float
from rstheory.mixture.counts import Rows
from rstheory.mixture.search import upper_bound_of_maximum

# Relative error of a likelihood in float64, far above what was seen: that of a mass, and what rounding in the exponent,
# or an error of 1e-16 in p, does to it.
_ROUNDING = 1e-11
_ROUNDING_PER_DRAW = 1e-15


def duality_gap(rows: Rows, fitted: Float, tolerance: float) -> float:
    """An upper bound on max over p in [0, 1] of D(p) = sum_r share_r P(row r | p) / fitted_r - 1 (H1; Lindsay 1983).

    fitted: likelihood of each row under the mixture. tolerance: how much the bound on 1 + D may exceed its
    maximum or 1, relative to it.

    By concavity of the logarithm no distribution of p whatsoever has a log-likelihood per image that is larger than the
    mixture's by more than max D, so the bound is a proof.

    Between points it holds by this inequality. In the log odds x of t, a binomial mass B of m draws, j failures, has
    B'' = B [(j - m t)^2 - m t (1 - t)] >= -m t (1 - t) B, hence so has Q = 1 + D, a sum of such masses with positive
    weights: Q'' >= -c Q on a cell of width h, c being the largest m t (1 - t) there. Q lies below its chord by at most
    c max(Q) h^2 / 8, so max(Q) <= max(Q at the two ends) / (1 - c h^2 / 8). Branch and bound does the rest. Rounding of
    the likelihoods is allowed for.
    """
    coefficient = rows.share / fitted
    draws = float(rows.draws.max())

    def bound(left: Float, right: Float) -> tuple[Float, Float]:
        edges, back = np.unique(np.concatenate([left, right]), return_inverse=True)
        q = _q(rows, coefficient, 1 / (1 + np.exp(-edges)))[back]
        ends = np.maximum(q[: len(left)], q[len(left) :])
        nearest_half = np.where(left * right < 0, 0.0, np.minimum(np.abs(left), np.abs(right)))
        dip = draws / (4 * np.cosh(nearest_half / 2) ** 2) * (right - left) ** 2 / 8
        return ends, np.where(dip < 1, ends / np.where(dip < 1, 1 - dip, 1), np.inf)

    # Beyond the last edges fewer than 1e-13 draws fail (or succeed) on average. Towards that end of [0, 1] only the
    # mass of no failures (no successes) still grows, and from 1 - 1e-13 at least to 1: _ROUNDING is larger.
    edges = _first_edges(draws, np.log(draws) + 30.0)
    scale = max(float(bound(edges[:-1], edges[1:])[0].max()), 1.0)
    maximum = upper_bound_of_maximum(bound, edges, tolerance * scale, floor=1.0)
    return float(maximum * (1 + _ROUNDING + _ROUNDING_PER_DRAW * draws) - 1)


def _q(rows: Rows, coefficient: Float, tail: Float) -> Float:
    block = max(1, (1 << 20) // len(coefficient))
    return np.concatenate([coefficient @ rows.likelihood(tail[i : i + block]) for i in range(0, len(tail), block)])


def _first_edges(draws: float, end: float) -> Float:
    """Log odds from -end to end: half a standard deviation of a count apart in the middle, 1 apart at the ends."""
    start = float(np.arcsin(np.sqrt(1 / (draws + 1))))
    steps = int(np.ceil((np.pi / 2 - 2 * start) * 4 * np.sqrt(draws))) + 1
    middle = 2 * np.log(np.tan(np.linspace(start, np.pi / 2 - start, steps + 1)))
    outer = np.linspace(middle[-1], end, int(np.ceil(end - middle[-1])) + 1)[1:]
    return np.concatenate([-outer[::-1], middle, outer])
