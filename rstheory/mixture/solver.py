"""Weights of a mixture on given atoms: the convex problem behind a fit, solved by interior points."""

from __future__ import annotations

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from rstheory._check import Float


def best_weights(likelihood: Float, share: Float, tolerance: float = 1e-9) -> Float:
    """Weights x >= 0 that minimise -sum_r share_r ln (likelihood x)_r + sum_j x_j; their sum is 1 at the optimum.

    likelihood: (rows, atoms), non-negative, every row positive somewhere. share: of the rows, adding up to 1.

    Mehrotra's predictor-corrector method on the optimality conditions g(x) = z, x z = 0, x >= 0, z >= 0, with g the
    gradient. It stops once no atom's directional derivative exceeds `tolerance` and x'z is below it too, or when
    rounding lets it come no closer: the caller checks what was reached.
    """
    atoms = likelihood.shape[1]
    x = np.full(atoms, 1 / atoms)
    z = np.ones(atoms)
    for _ in range(80):
        mixed = likelihood @ x
        ratio = share / mixed
        gradient = 1 - likelihood.T @ ratio
        if gradient.min() > -tolerance and x @ z < tolerance:
            break
        weighted = likelihood * np.sqrt(ratio / mixed)[:, None]
        system = weighted.T @ weighted
        jitter = 1e-13 * np.trace(system) / atoms
        system[np.diag_indices(atoms)] += z / x + jitter
        factor = cho_factor(system, check_finite=False)
        mean = x @ z / atoms
        dx = cho_solve(factor, -gradient, check_finite=False)
        dz = -z - z / x * dx
        after = (x + _longest(x, dx) * dx) @ (z + _longest(z, dz) * dz) / atoms
        target = mean * (after / mean) ** 3 - dx * dz
        dx = cho_solve(factor, -gradient + target / x, check_finite=False)
        dz = -z + (target - z * dx) / x
        x = x + 0.99 * _longest(x, dx) * dx
        z = z + 0.99 * _longest(z, dz) * dz
    return np.asarray(x / x.sum())


def _longest(value: Float, step: Float) -> float:
    """The longest step, at most 1, that keeps `value` non-negative."""
    falling = step < 0
    return min(1.0, float(np.min(-value[falling] / step[falling], initial=np.inf)))
