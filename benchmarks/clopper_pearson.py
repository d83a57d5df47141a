"""Clopper-Pearson bounds: ours beside the routines people use, in one process, rounds interleaved.

Speed on 10,000 random counts, and how far each 1 - L is from the truth (ball arithmetic) at several budgets. A bound is
unsound where 1 - L is below the truth: it certifies more than was shown.
"""

from __future__ import annotations

import platform
import time
import warnings
from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
import pandas as pd
import scipy
import statsmodels
import typer
from rich.progress import track
from scipy.special import betainccinv, betaincinv
from statsmodels.stats.proportion import proportion_confint

import rstheory
from rstheory import clopper_pearson_lower_sf, rigorous
from rstheory.tables import show

Bound = Callable[[Any, Any, float], Any]


def scipy_lower(k: Any, n: Any, alpha: float) -> Any:
    """1 - L from the usual quantile of the lower bound."""
    return 1 - betaincinv(k, n - k + 1, alpha)


def scipy_mirrored(k: Any, n: Any, alpha: float) -> Any:
    """1 - L asked for directly, from the other tail."""
    return betainccinv(n - k + 1, k, alpha)


def statsmodels_per_sample(k: Any, n: Any, alpha: float) -> Any:
    """The field's habit: one call of proportion_confint for each sample, at twice the level for one side."""
    k, n = np.broadcast_arrays(k, n)
    calls = [
        1 - proportion_confint(int(a), int(b), alpha=2 * alpha, method="beta")[0] for a, b in zip(k, n, strict=True)
    ]
    return np.array(calls)


ROUTINES: dict[str, Bound] = {
    "rstheory, vectorised": clopper_pearson_lower_sf,
    "SciPy betaincinv, vectorised": scipy_lower,
    "SciPy betainccinv (mirrored)": scipy_mirrored,
    "statsmodels, per sample": statsmodels_per_sample,
}


def speed(samples: int, n: int, alpha: float, rounds: int, seed: int) -> pd.DataFrame:
    """Microseconds a bound: median and range over the rounds, each of which times every routine once."""
    k = np.random.default_rng(seed).integers(n // 2 + 1, n + 1, samples)
    seconds: dict[str, list[float]] = {name: [] for name in ROUTINES}
    for _ in track(range(rounds), "timing", transient=True):
        for name, routine in ROUTINES.items():
            start = time.perf_counter()
            routine(k, n, alpha)
            seconds[name].append((time.perf_counter() - start) / samples * 1e6)
    ours = np.median(seconds["rstheory, vectorised"])
    return pd.DataFrame(
        {
            "routine": name,
            "median": np.median(times),
            "fastest": min(times),
            "slowest": max(times),
            "times ours": np.median(times) / ours,
        }
        for name, times in seconds.items()
    )


def accuracy(cases: int, alpha: float, seed: int) -> pd.DataFrame:
    """Largest relative error of 1 - L, and how often and how far it lies below the truth, at each budget."""
    rng = np.random.default_rng(seed)
    rows = []
    for exponent in track((3, 5, 7, 9, 11, 13, 15, 17, 18), "checking", transient=True):
        n = 10**exponent
        failures = np.unique(np.round(10 ** rng.uniform(0, min(4, exponent - 1), cases)).astype(np.int64))
        truth = [rigorous.clopper_pearson_lower_sf(n - int(j), n, alpha) for j in failures]
        for name, routine in ROUTINES.items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # statsmodels and SciPy warn where they fail; the numbers show it
                values = np.asarray(routine(n - failures, np.full(failures.shape, n), alpha), dtype=float)
            error = np.array([float((value - exact) / exact) for value, exact in zip(values, truth, strict=True)])
            rows.append(
                {
                    "N": f"10^{exponent}",
                    "routine": name,
                    "largest error": np.max(np.where(np.isnan(error), np.inf, np.abs(error))),
                    "unsound": f"{np.sum(error < 0)} of {len(error)}",
                    "unsound by up to": max(0.0, -np.nanmin(error)),
                }
            )
    return pd.DataFrame(rows)


def main(
    samples: Annotated[int, typer.Option(min=1, help="Bounds a round.")] = 10_000,
    n: Annotated[int, typer.Option(min=2, help="Budget of the timing.")] = 100_000,
    alpha: Annotated[float, typer.Option(help="Significance level.")] = 1e-3,
    rounds: Annotated[int, typer.Option(min=3, help="Timing rounds.")] = 9,
    cases: Annotated[int, typer.Option(min=1, help="Counts checked at each budget.")] = 40,
    seed: Annotated[int, typer.Option(help="Seed of the counts.")] = 0,
) -> None:
    """Time and check 1 - L of the Clopper-Pearson lower bound."""
    modules = (rstheory, np, scipy, statsmodels)
    versions = ", ".join(f"{module.__name__} {module.__version__}" for module in modules)
    print(f"{versions}, Python {platform.python_version()}, {platform.machine()}, one thread")
    show(
        f"Microseconds a bound: {samples:,} random counts at N = {n:,}, alpha = {alpha:g}, {rounds} rounds",
        speed(samples, n, alpha, rounds, seed),
        {"median": ".2f", "fastest": ".2f", "slowest": ".2f", "times ours": ".2f"},
    )
    show(
        f"Relative error of 1 - L against ball arithmetic: N - k from 1 to 10,000, alpha = {alpha:g}",
        accuracy(cases, alpha, seed),
        {"largest error": ".0e", "unsound by up to": ".0e"},
    )


if __name__ == "__main__":
    typer.run(main)
