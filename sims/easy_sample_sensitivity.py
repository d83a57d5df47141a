"""What the same small improvement buys on easy and on hard samples (theory A2, A4, C2).

The radius function is steepest where p is near 1, and a finite budget bounds that slope without taming it. So a data
set's ACR rises far more when its easiest tenth improves than when its hardest does, at the same gain in noisy accuracy.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import beta

from rstheory import (
    certified_radius_sf,
    expected_radius,
    expected_radius_sf,
    expected_sensitivity_sf,
    radius_from_count,
    sensitivity_sf,
)
from rstheory._provenance import provenance
from rstheory.plots import easy_sample_sensitivity, save
from rstheory.tables import show

BUDGETS = (100, 1_000, 10_000, 100_000, 1_000_000)
UNLIMITED = r"$N = \infty$"
STEP = 0.01  # the small improvement in p
FIGURES = Path(__file__).resolve().parent.parent / "figures"


def label(n: int) -> str:
    return f"$N = 10^{{{round(np.log10(n))}}}$"


def slopes(alpha: float) -> pd.DataFrame:
    """R'(p) and r_N'(p) at sigma = 1 over the upper half of p (A2, C2)."""
    tail = np.geomspace(0.5, 1e-8, 161)
    curves = {UNLIMITED: sensitivity_sf(tail)} | {label(n): expected_sensitivity_sf(tail, n, alpha) for n in BUDGETS}
    return pd.concat(
        pd.DataFrame({"p": 1 - tail, "tail": tail, "budget": name, "slope": slope}) for name, slope in curves.items()
    )


def gains(alpha: float) -> pd.DataFrame:
    """Radius gained by raising p by STEP, at every p from 1/2 up (sigma = 1)."""
    before = np.linspace(0.5, 1 - STEP, 99)
    tail = 1 - before
    after = np.maximum(tail - STEP, 0)
    unlimited = certified_radius_sf(after[:-1]) - certified_radius_sf(tail[:-1])
    curves = {UNLIMITED: np.append(unlimited, np.inf)}
    for n in BUDGETS:
        low, high = np.asarray(expected_radius_sf([tail, after], n, alpha))
        curves[label(n)] = high - low
    return pd.concat(pd.DataFrame({"p": before, "budget": name, "gain": gain}) for name, gain in curves.items())


def data_set(samples: int) -> NDArray[np.float64]:
    """Label probabilities of a data set with easy, middling and hard samples: quantiles of Beta(0.9, 0.45), sorted."""
    return np.asarray(beta.ppf((np.arange(samples) + 0.5) / samples, 0.9, 0.45))


def tenths(p: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """The data set after its easiest tenth became perfect, and after another tenth gained as much p in total."""
    size = len(p) // 10
    gain = np.mean(1 - p[-size:])
    middle = np.abs(np.arange(len(p)) - len(p) // 2) <= size / 2
    return {
        "easiest tenth": np.where(np.arange(len(p)) >= len(p) - size, 1.0, p),
        "middle tenth": np.where(middle, p + gain * size / middle.sum(), p),
        "hardest tenth": np.where(np.arange(len(p)) < size, p + gain, p),
    }


def _simulate(p: NDArray[np.float64], n: int, alpha: float, runs: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Sum of the certified radii of samples with the given p, for each of `runs` certification runs."""
    counts, where = np.unique(rng.binomial(n, p, (runs, len(p))), return_inverse=True)
    radii = np.asarray(radius_from_count(counts, n, alpha))
    return np.asarray(radii[where].reshape(runs, len(p)).sum(axis=1))


def improve_a_tenth(samples: int, runs: int, alpha: float, seed: int) -> pd.DataFrame:
    """ACR gained by either improvement: exact, and by certifying both data sets with simulated counts."""
    rng = np.random.default_rng(seed)
    p = data_set(samples)
    improved = tenths(p)
    rows = []
    for n in BUDGETS:
        acr_before, *acr_after = expected_radius_sf(1 - np.stack([p, *improved.values()]), n, alpha).mean(axis=1)
        for (name, better), acr in zip(improved.items(), acr_after, strict=True):
            changed = better != p
            gained = _simulate(better[changed], n, alpha, runs, rng) - _simulate(p[changed], n, alpha, runs, rng)
            rows.append(
                {
                    "budget": f"$10^{{{round(np.log10(n))}}}$",
                    "n": n,
                    "improved": name,
                    "gain in mean p": np.mean(better - p),
                    "exact": acr - acr_before,
                    "simulated": gained.mean() / samples,
                    "standard_error": gained.std(ddof=1) / np.sqrt(runs) / samples,
                }
            )
    return pd.DataFrame(rows)


def main(
    alpha: Annotated[float, typer.Option(help="Significance level of the Clopper-Pearson bound.")] = 1e-3,
    samples: Annotated[int, typer.Option(min=10, help="Samples in the data set.")] = 1000,
    runs: Annotated[int, typer.Option(min=2, help="Simulated certification runs for each bar.")] = 200,
    seed: Annotated[int, typer.Option(help="Seed of the simulated counts.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder for the figure and its data.")] = FIGURES,
) -> None:
    """What the same small improvement in p buys on easy and on hard samples. Radii are in units of sigma."""
    slope = slopes(alpha)
    at = [0.49, 0.25, 0.1, 0.01, 1e-3, 1e-5]
    table = pd.DataFrame({"p": [f"{1 - t:g}" for t in at], "unlimited N": sensitivity_sf(at)})
    for n in BUDGETS:
        table[f"N = {n:,}"] = expected_sensitivity_sf(at, n, alpha)
    table.loc[len(table)] = ["1", np.inf, *(expected_sensitivity_sf(0.0, n, alpha) for n in BUDGETS)]
    show("1. Radius gained for each unit of p (slope of the expected radius, sigma = 1)", table,
         {column: ",.2f" for column in table.columns[1:]})  # fmt: skip

    n = 100_000
    gain = expected_radius(0.999, n, alpha) - expected_radius(0.99, n, alpha)
    same = brentq(lambda p: expected_radius(p, n, alpha) - gain, 0.5, 0.99, xtol=1e-12)
    print(f"At N = {n:,}, raising p from 0.99 to 0.999 gains {gain:.4f} sigma: as much as from 0 to {same:.4f}.\n")

    groups = improve_a_tenth(samples, runs, alpha, seed)
    show(
        f"2. ACR gained by a data set of {samples:,} samples when one tenth improves, at the same gain in mean p",
        groups[["n", "improved", "gain in mean p", "exact", "simulated", "standard_error"]],
        {"n": ",", "gain in mean p": ".2e", "exact": ".5f", "simulated": ".5f", "standard_error": ".5f"},
    )
    drawn = groups[groups["standard_error"] > 0]
    distance = np.abs(drawn["exact"] - drawn["simulated"]) / drawn["standard_error"]
    print(
        f"Largest distance between exact and simulated: {distance.max():.1f} standard errors, in {len(drawn)} rows.\n"
    )

    made_by = provenance(script="sims/easy_sample_sensitivity.py", alpha=alpha, samples=samples, runs=runs, seed=seed)
    gain_curves = gains(alpha)
    data = pd.concat([slope.assign(panel="a"), gain_curves.assign(panel="b"), groups.assign(panel="c")])
    figure = easy_sample_sensitivity(slope, gain_curves[np.isfinite(gain_curves["gain"])], groups)
    for path in save(figure, out / "easy_sample_sensitivity", data, made_by):
        print(f"wrote {path}")


if __name__ == "__main__":
    typer.run(main)
