"""Which of two models has the higher ACR can depend on nothing but the certification budget (theory C8, B7).

Three made-up populations of label probabilities: a broad model that is decent on most samples, a sharp one that is
almost certain on fewer, and a certain one that is perfect on fewer still. Each leads at some budget; B7 names the last.
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from rstheory import Population, crossing_budget, infinite_budget_winner
from rstheory._provenance import provenance
from rstheory.plots import budget_dependence, save
from rstheory.tables import show

HARD = 0.7  # tail 1 - p of the samples that a model has given up
POPULATIONS = {
    "broad": Population(tail=[0.02, HARD], share=[0.90, 0.10]),
    "sharp": Population(tail=[1e-4, HARD], share=[0.65, 0.35]),
    "certain": Population(tail=[0.0, HARD], share=[0.57, 0.43]),
}
FIGURES = Path(__file__).resolve().parent.parent / "figures"


def acr_curves(budgets: np.ndarray, alpha: float) -> pd.DataFrame:
    """Exact expected ACR of every population at every budget (sigma = 1)."""
    return pd.DataFrame(
        [
            {"population": name, "n": int(n), "acr": population.expected_acr(int(n), alpha)}
            for name, population in POPULATIONS.items()
            for n in budgets
        ]
    )


def crossings(curves: pd.DataFrame, alpha: float) -> pd.DataFrame:
    """Every change of order seen between neighbouring budgets of the curves, located to the draw."""
    table = curves.pivot(index="n", columns="population", values="acr")
    rows = []
    for first, second in combinations(POPULATIONS, 2):
        leads = (table[first] > table[second]).to_numpy()
        for i in np.flatnonzero(leads[1:] != leads[:-1]):
            low, high = int(table.index[i]), int(table.index[i + 1])
            n = crossing_budget(POPULATIONS[first], POPULATIONS[second], low, high, alpha)
            winner = first if leads[i + 1] else second
            acr = POPULATIONS[first].expected_acr(n, alpha)
            rows.append({"first": first, "second": second, "n": n, "acr": acr, "leads from there": winner})
    return pd.DataFrame(rows, columns=["first", "second", "n", "acr", "leads from there"])


def main(
    alpha: Annotated[float, typer.Option(help="Significance level of the Clopper-Pearson bound.")] = 1e-3,
    largest: Annotated[int, typer.Option(min=4, max=9, help="Largest budget, as a power of ten.")] = 7,
    out: Annotated[Path, typer.Option(help="Folder for the figure and its data.")] = FIGURES,
) -> None:
    """ACR of three populations against the budget, and the budgets at which their order flips (sigma = 1)."""
    budgets = np.unique(np.round(np.geomspace(100, 10**largest, 20 * (largest - 2) + 1)).astype(int))
    curves = acr_curves(budgets, alpha)
    decades = curves[curves["n"].isin([10**e for e in range(2, largest + 1)])]
    table = decades.pivot(index="n", columns="population", values="acr")[list(POPULATIONS)]
    table["order"] = [" > ".join(row.sort_values(ascending=False).index) for _, row in table.iterrows()]
    show("1. Exact expected ACR by budget (sigma = 1)", table.reset_index(names="N"),
         {"N": ",", **dict.fromkeys(POPULATIONS, ".4f")})  # fmt: skip

    flips = crossings(curves, alpha)
    show("2. Budgets at which two of them change places, to the draw", flips, {"n": ",", "acr": ".6f"})

    winner = infinite_budget_winner(list(POPULATIONS.values()))
    shares = ", ".join(f"{name} {population.certain_share:.2f}" for name, population in POPULATIONS.items())
    mean = ", ".join(f"{name} {population.mean_probability:.3f}" for name, population in POPULATIONS.items())
    last = "undecided" if winner is None else list(POPULATIONS)[winner]
    print(f"Shares of samples with p = 1: {shares}. Leader at every large budget, by B7: {last}.")
    print(f"Mean of p, which no budget changes: {mean}.\n")

    made_by = provenance(script="sims/budget_dependence.py", alpha=alpha, sigma=1)
    for path in save(budget_dependence(curves, flips), out / "budget_dependence", curves, made_by):
        print(f"wrote {path}")


if __name__ == "__main__":
    typer.run(main)
