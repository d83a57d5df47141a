"""ACR at another budget: as part of the run already made, and as a run made afresh (C7, F2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rstheory import _check
from rstheory.logs.log import CertificationLog
from rstheory.transport import BudgetedACR, Kind


@dataclass(frozen=True)
class RunAtBudget:
    """ACR of the same images certified with n draws at level alpha. Images and model are fixed, only noise is random.

    mean: expected, given the log.
    sub_run_deviation: standard deviation of a run on n of the draws already made: 0 at the log's own budget.
    fresh_run_deviation: standard deviation of runs on n new draws, about their own mean.
    prediction_deviation: of a fresh run about `mean`, which the log's own draws have moved.
    low, high: a fresh run lies between with probability 1 - rho (normal law).
    kind: see `BudgetedACR.kind`.
    """

    n: int
    alpha: float
    mean: float
    sub_run_deviation: float
    fresh_run_deviation: float
    prediction_deviation: float
    low: float
    high: float
    kind: Kind


def run_at_budget(log: CertificationLog, n: int, alpha: float | None = None, rho: float = 0.05) -> RunAtBudget:
    """ACR of a sub-run and of a fresh run at another budget, with an interval for the fresh one.

    n: draws, up to the log's own (ValueError beyond: what lies there is a model's prediction, `log.at_budget`).
    alpha: level; default: the log's own. rho: probability that a fresh run falls outside. Rounded radii are taken at
    the counts nearest to them.

    >>> from rstheory import CertificationLog
    >>> log = CertificationLog.from_arrays(label=[0] * 3, predict=[0] * 3, radius=[0.4, 0.6, 0.5], sigma=0.5, n=10_000)
    >>> run = run_at_budget(log, 5000)
    >>> run.sub_run_deviation < run.fresh_run_deviation < run.prediction_deviation
    True
    """
    if _check.scalar_int("n", n) > log.n:
        raise ValueError(f"n={n} is not allowed: runs at up to the log's own N={log.n} are told, not predicted")
    return of_budget(log.at_budget(n, alpha), rho)


def of_budget(at: BudgetedACR, rho: float = 0.05) -> RunAtBudget:
    """The same from what `at_budget`, or budget curves, have computed.

    By the law of total variance the mean given the log varies, over the log's draws, by the fresh variance less that of
    sub-runs; a fresh run's own variance comes on top.
    """
    from scipy.special import ndtri

    fresh, sub = at.fresh_standard_deviation, at.standard_deviation
    prediction = float(np.sqrt(max(2 * fresh**2 - sub**2, fresh**2))) if np.isfinite(fresh) else float("nan")
    reach = -float(ndtri(float(_check.level("rho", rho)) / 2)) * prediction
    return RunAtBudget(at.n, at.alpha, at.acr, sub, fresh, prediction, at.acr - reach, at.acr + reach, at.kind)
