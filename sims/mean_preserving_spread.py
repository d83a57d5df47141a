"""ACR rewards inequality: easy samples easier, hard samples harder, the same average accuracy (theory C5).

A data set whose samples are all alike is spread out, step by step, to one whose samples are certainly right or
certainly wrong. Each step is a mean-preserving spread of the one before, so noisy accuracy never changes. The expected
radius r_N is convex (C4), so ACR can only rise.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from scipy.stats import beta

from rstheory import expected_radius, max_radius
from rstheory._provenance import provenance
from rstheory.plots import mean_preserving_spread, save
from rstheory.tables import show

BUDGETS = (100, 1_000, 10_000, 100_000, 1_000_000)
POINTS = 100
FIGURES = Path(__file__).resolve().parent.parent / "figures"


def halfway(mean: float) -> NDArray[np.float64]:
    """Label probabilities of an uneven data set with the given mean: quantiles of a Beta law, re-centred."""
    p = np.asarray(beta.ppf((np.arange(POINTS) + 0.5) / POINTS, 3 * mean, 3 * (1 - mean)))
    # Quantiles at midpoints miss the mean by a little; shrinking towards 0 or 1 restores it inside [0, 1].
    centre = float(p.mean())
    return p * (mean / centre) if centre > mean else 1 - (1 - p) * ((1 - mean) / (1 - centre))


def acr_by_spread(mean: float, alpha: float, steps: int) -> pd.DataFrame:
    """Exact expected ACR (sigma = 1) against the standard deviation of p, at every budget.

    First half: mean + s (p - mean), s from 0 to 1. Second half: a share w of each sample's weight moves to p = 1 and
    p = 0 in the ratio that keeps its mean, w from 0 to 1.
    """
    uneven = halfway(mean)
    share = np.linspace(0, 1, steps)
    spread_out = mean + share[:, None] * (uneven - mean)
    rows = []
    for n in BUDGETS:
        first = expected_radius(spread_out, n, alpha).mean(axis=1)
        last = mean * float(max_radius(n, alpha))
        second = (1 - share) * first[-1] + share * last
        variance = (1 - share) * np.mean(uneven**2) + share * mean - mean**2
        for acr, spread in ((first, spread_out.std(axis=1)), (second[1:], np.sqrt(variance[1:]))):
            rows.append(pd.DataFrame({"n": n, "spread": spread, "acr": acr}))
    return pd.concat(rows)


def main(
    mean: Annotated[float, typer.Option(min=0.01, max=0.99, help="Mean of p: accuracy under noise.")] = 0.7,
    alpha: Annotated[float, typer.Option(help="Significance level, at most 1/2 (C4).")] = 1e-3,
    steps: Annotated[int, typer.Option(min=5, help="Spreads in each half.")] = 21,
    out: Annotated[Path, typer.Option(help="Folder for the figure and its data.")] = FIGURES,
) -> None:
    """ACR against the spread of p over the samples, at a fixed mean, for several budgets (sigma = 1)."""
    curves = acr_by_spread(mean, alpha, steps)
    table = curves.pivot(index="spread", columns="n", values="acr")
    shown = np.linspace(0, len(table) - 1, 7).round().astype(int)
    table = table.iloc[shown].reset_index()
    table.columns = ["std. dev. of p", *(f"N = {n:,}" for n in BUDGETS)]
    show(f"Exact expected ACR at mean p = {mean:g}, from all samples alike to certainly right or wrong (sigma = 1)",
         table, dict.fromkeys(table.columns, ".4f"))  # fmt: skip
    smallest = min(float(np.diff(rows["acr"]).min()) for _, rows in curves.groupby("n"))
    print(f"Smallest change of ACR from one spread to the next, over all budgets: {smallest:+.2e}.\n")

    made_by = provenance(script="sims/mean_preserving_spread.py", mean=mean, alpha=alpha, sigma=1)
    for path in save(mean_preserving_spread(curves, mean), out / "mean_preserving_spread", curves, made_by):
        print(f"wrote {path}")


if __name__ == "__main__":
    typer.run(main)
