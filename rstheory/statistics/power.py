"""How many training runs tell two methods apart."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from rstheory import _check
from rstheory._check import Float

MOST_RUNS = 10_000
_NODES = 200


def power_of_runs(runs: int, difference: float, deviation: float, rho: float = 0.05) -> float:
    """Probability that `runs` training runs of each of two methods tell them apart: the two-sided two-sample t-test.

    runs: of each method, at least 2. difference: of the two methods' mean ACR. deviation: between the ACRs of runs of
    one method (seeds), the same for both, normal. rho: level of the test.

    A single run has no such test: the error over test images says nothing of another seed.

    >>> print(f"{power_of_runs(5, 0.01, 0.005):.2f}")
    0.79
    """
    from scipy.stats import t

    number = _check.at_least(2, "runs", runs)
    gap = abs(float(_check.reals("difference", difference, "it must be a number")))
    spread = float(_check.positive("deviation", deviation))
    if not np.isfinite(gap):
        raise ValueError(f"difference={difference} is not allowed: it must be finite")
    freedom = 2 * number - 2
    critical = float(t.isf(float(_check.level("rho", rho)) / 2, freedom))
    return _beyond(critical, gap / spread * np.sqrt(number / 2), freedom)


def _beyond(critical: float, shift: float, freedom: int) -> float:
    """P(|T| > critical) for the noncentral t law. SciPy's own (1.17) is NaN at times, so T = (Z + shift)/S is
    integrated over the law of S, the pooled deviation in units of the true one."""
    from scipy.special import gammaln, ndtr

    reach = 10 / np.sqrt(2 * freedom)
    nodes, weights = _gauss()
    low, high = max(1 - reach, 0.0), 1 + reach
    s = low + (high - low) * (nodes + 1) / 2
    half = freedom / 2
    log_density = (freedom - 1) * np.log(s) - half * s * s + half * np.log(half) - gammaln(half) + np.log(2)
    beyond = ndtr(shift - critical * s) + ndtr(-shift - critical * s)
    return float(np.clip(np.exp(log_density) @ (weights * beyond) * (high - low) / 2, 0.0, 1.0))


@lru_cache(maxsize=1)
def _gauss() -> tuple[Float, Float]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return nodes, weights


def runs_needed(difference: float, deviation: float, power: float = 0.8, rho: float = 0.05) -> int:
    """Smallest number of training runs of each method at which the t-test tells them apart with probability `power`.

    difference, deviation, rho: see `power_of_runs`. ValueError if more than MOST_RUNS would be needed.

    >>> runs_needed(0.01, 0.005), runs_needed(0.002, 0.005)
    (6, 100)
    """
    _check.level("power", power)
    low, high = 1, 2
    while power_of_runs(high, difference, deviation, rho) < power:
        low, high = high, 2 * high
        if low > MOST_RUNS:
            raise ValueError(f"difference={difference} at deviation={deviation} takes more than {MOST_RUNS:,} runs")
    while high - low > 1:
        middle = (low + high) // 2
        enough = power_of_runs(middle, difference, deviation, rho) >= power
        low, high = (low, middle) if enough else (middle, high)
    return high
