"""A classifier that looks at nothing reaches any average certified radius (theory B).

Three steps: CERTIFY run on a constant classifier agrees with the closed form, count by count; the closed form then goes
on to budgets that nobody can run; and at the standard budget, more noise does the same.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray

from rstheory import (
    budget_for_acr,
    max_radius,
    max_radius_bounds,
    sigma_for_acr,
    trivial_acr,
)
from rstheory._provenance import provenance
from rstheory.certify import certify
from rstheory.plots import acr_unbounded, save
from rstheory.tables import show

# Highest ACR in the paper's CIFAR-10 table, sigma = 1.0 (arXiv 2410.06895).
BEST_CIFAR10 = 0.844
CLASSES = (2, 10, 100, 1000)
FIGURES = Path(__file__).resolve().parent.parent / "figures"


def run_certify(budgets: list[int], samples: int, classes: int, alpha: float, sigma: float, seed: int) -> pd.DataFrame:
    """CERTIFY of a classifier that always answers class 0, on `samples` images with balanced labels."""
    rng = np.random.default_rng(seed)
    images = rng.random((samples, 16))
    labels = np.arange(samples) % classes
    right = labels == 0
    rows = []
    for n in budgets:
        results = [certify(constant, x, classes=classes, sigma=sigma, n=n, rng=rng, alpha=alpha) for x in images]
        # The mean in exact arithmetic, so that the comparison with share * radius is free of rounding.
        total = sum(Fraction(result.radius) for result, counted in zip(results, right, strict=True) if counted)
        closed_form = Fraction(int(right.sum()), samples) * Fraction(float(max_radius(n, alpha, sigma)))
        rows.append(
            {
                "N": n,
                "counts with k = N": f"{sum(result.count == n for result in results)} of {samples}",
                "ACR by CERTIFY": float(total / samples),
                "ACR closed form": float(closed_form),
                "equal in exact arithmetic": "yes" if total / samples == closed_form else "NO",
            }
        )
    return pd.DataFrame(rows)


def constant(images: NDArray[np.float64]) -> NDArray[np.int64]:
    """The base classifier: class 0, whatever it sees."""
    return np.zeros(len(images), dtype=np.int64)


def acr_by_budget(log10_budgets: list[int], alpha: float, sigma: float) -> pd.DataFrame:
    """ACR and its closed-form bounds (B4) at N = 10^e, for balanced data sets of 2 to 1000 classes."""
    budgets = [10**exponent for exponent in log10_budgets]
    lower, upper = max_radius_bounds(budgets, alpha, sigma)
    return pd.concat(
        pd.DataFrame(
            {
                "classes": classes,
                "log10_n": log10_budgets,
                "acr": trivial_acr(budgets, alpha, sigma, 1 / classes),
                "lower": lower / classes,
                "upper": upper / classes,
            }
        )
        for classes in CLASSES
    )


def acr_by_noise(alpha: float) -> pd.DataFrame:
    """ACR at the standard budget against the noise level."""
    sigma = np.geomspace(0.1, 10, 101)
    return pd.concat(
        pd.DataFrame({"classes": classes, "sigma": sigma, "acr": trivial_acr(100_000, alpha, sigma, 1 / classes)})
        for classes in CLASSES
    )


def budgets_to_pass(targets: list[float], alpha: float, sigma: float) -> pd.DataFrame:
    """Smallest budget at which the constant classifier passes each target (B2), exactly."""
    rows = []
    for target in targets:
        for classes in CLASSES:
            budget = budget_for_acr(
                Fraction(str(target)), Fraction(str(alpha)), Fraction(str(sigma)), Fraction(1, classes)
            )
            written = f"{budget.n:,}" if budget.n is not None and budget.n < 10**24 else "-"
            rows.append({"ACR to pass": target, "classes": classes, "smallest N": written, "log10 N": budget.log10_n})
    return pd.DataFrame(rows)


def main(
    alpha: Annotated[float, typer.Option(help="Significance level of the Clopper-Pearson bound.")] = 1e-3,
    sigma: Annotated[float, typer.Option(help="Noise level.")] = 1.0,
    target: Annotated[float, typer.Option(help="ACR to pass; default: the paper's best on CIFAR-10.")] = BEST_CIFAR10,
    samples: Annotated[int, typer.Option(min=1, help="Images to run CERTIFY on.")] = 50,
    seed: Annotated[int, typer.Option(help="Seed of the images and the noise.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder for the figure and its data.")] = FIGURES,
) -> None:
    """ACR of a constant classifier against the certification budget and the noise level."""
    runs = run_certify([10, 100, 1_000, 10_000, 100_000], samples, 10, alpha, sigma, seed)
    show(
        f"1. CERTIFY run on a constant classifier, 10 balanced classes (sigma={sigma:g}, alpha={alpha:g})",
        runs,
        {"N": ",", "ACR by CERTIFY": ".12f", "ACR closed form": ".12f"},
    )

    exponents = sorted({*range(2, 31), *(round(10 ** (i / 10)) for i in range(14, 61))})
    by_budget = acr_by_budget(exponents, alpha, sigma)
    ten = by_budget[
        (by_budget["classes"] == 10) & by_budget["log10_n"].isin([2, 5, 10, 18, 20, 30, 100, 1000, 1_000_000])
    ]
    show(
        "2. On to budgets that nobody can run: 10 classes, with the bounds of B4",
        ten[["log10_n", "lower", "acr", "upper"]].rename(columns={"log10_n": "log10 N", "acr": "ACR"}),
        {"log10 N": ",", "lower": ".4f", "ACR": ".4f", "upper": ".4f"},
    )
    show(
        f"3. Smallest budget at which the constant classifier passes an ACR (sigma={sigma:g}, alpha={alpha:g})",
        budgets_to_pass([target, 2 * target], alpha, sigma),
        {"classes": ",", "smallest N": str, "log10 N": ".4f"},
    )
    two = budget_for_acr(Fraction(str(target)), Fraction(str(alpha)), Fraction(str(sigma)), Fraction(1, 2)).n
    if two is not None and two > 1:
        before, after = np.asarray(trivial_acr([two - 1, two], alpha, sigma, 0.5))
        print(
            f"With two balanced classes {two:,} draws are enough: ACR {before:.6f} one draw earlier, {after:.6f} then."
        )
    enough = sigma_for_acr(target, alpha=alpha)
    print(
        f"Noise alone is enough, too: at N = 100,000 and 10 classes, ACR reaches {target:g} at sigma = {enough:.3f}.\n"
    )

    made_by = provenance(script="sims/acr_unbounded.py", alpha=alpha, sigma=sigma, seed=seed, target=target)
    noise = acr_by_noise(alpha)
    figure = acr_unbounded(by_budget, noise, (f"{target:g}: best on CIFAR-10", target), sigma)
    data = pd.concat([by_budget.assign(sigma=sigma), noise.assign(log10_n=5)])
    for path in save(figure, out / "acr_unbounded", data, made_by):
        print(f"wrote {path}")


if __name__ == "__main__":
    typer.run(main)
