"""Do runs at a smaller budget show what the counts of a larger, independent one predict? (theory F2)

A random part of the larger run's draws is a run at the smaller budget. So its expected radius, given the larger run's
count, is an unbiased estimate of r_n(p) (C2, C7), whatever p is, and the difference of two independent runs' ACR has
mean 0 and a variance that can be computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rstheory._laws import Binomial
from rstheory.logs.log import CertificationLog
from rstheory.transport import moments, radius_moments


@dataclass(frozen=True)
class Replication:
    """ACR at budget n: as measured in some runs, as predicted from one at a larger budget, and the error of both.

    measured: mean over the runs. standard_error: of measured - predicted, all draws being random and samples fixed.
    """

    n: int
    runs: int
    measured: float
    predicted: float
    standard_error: float

    @property
    def z(self) -> float:
        """The difference in standard errors: normal with mean 0 if the theory holds. NaN if nothing is random."""
        return (self.measured - self.predicted) / self.standard_error if self.standard_error else float("nan")


def replication(large: NDArray[np.int64], total: int, runs: Sequence[CertificationLog]) -> Replication:
    """Compare runs at one budget with what counts of the true label predict, `large` of `total` draws for each sample.

    All must hold the same samples in the same order, and draw their noise independently (other seeds). The prediction
    takes the label as the class that selection picks; where the label has p < 1/2 it can certify nothing anyway, and
    close to 1/2 next to nothing.
    """
    if len({(run.n, run.alpha, run.sigma) for run in runs}) != 1:
        raise ValueError("runs to be compared must share one budget, level and noise level, and there must be one")
    n, alpha, sigma = runs[0].n, runs[0].alpha, runs[0].sigma
    for run in runs:
        if len(large) != run.samples:
            raise ValueError(f"{len(large)} counts cannot be compared with the {run.samples} samples of {run.path}")
        if not np.array_equal(run.index, runs[0].index):
            raise ValueError(f"{run.path} and {runs[0].path} hold different samples")
    if n > total:
        raise ValueError(f"n={n} is not allowed: only budgets up to the {total} draws of the larger run are predicted")
    distinct, place = np.unique(large, return_inverse=True)
    known = moments(distinct, total, n, alpha)
    # Variance of one run at p, and of the prediction: by the law of total variance it is what the former has beyond
    # its mean given the count. p is estimated with half a failure and half a success added, lest it be 1.
    p = (distinct + 0.5) / (total + 1)
    spread = radius_moments(Binomial(n, n * (1 - p), n * p), len(p), n, alpha)[1]
    variance = spread / len(runs) + np.maximum(spread - known.variance, 0.0)
    return Replication(
        n,
        len(runs),
        float(np.mean([run.acr for run in runs])),
        sigma * float(known.mean[place].mean()),
        sigma * float(np.sqrt(variance[place].sum())) / len(large),
    )
