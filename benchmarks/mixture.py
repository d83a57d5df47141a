"""ACR at the full budget from a hundredth of the draws: published logs cut down by subsampling, then estimated.

Each log's recovered counts are cut to m draws per image (hypergeometric: exact, C7), and ACR at the log's own budget is
estimated from those alone: by the nonparametric estimate, and by the smooth one with its interval for these images. The
log's own ACR is the answer to hit. Counts of labels that a log does not tell (abstained, wrong) continue the density of
z = Phi^-1(p) below 1/2 by a half-normal law of the same height at 0; they add nothing to ACR.

Made-up populations come first, smooth ones and others, so that no choice is judged by the published logs alone.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from rstheory import CertificationLog, read_log
from rstheory.logs import find_logs
from rstheory.mixture import ACR, LabelCounts, fit_nonparametric, fit_smooth, images_interval, mean, population_interval
from rstheory.tables import show

IMAGES = 10_000
BUDGET = 100_000


def made_up(rng: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    """Tails 1 - p of the images of several populations."""
    half = rng.random(IMAGES) < 0.5
    return {
        "z normal(1, 1.5)": ndtr(-rng.normal(1, 1.5, IMAGES)),
        "z normal(3, 1)": ndtr(-rng.normal(3, 1, IMAGES)),
        "z in two humps": ndtr(-np.where(half, rng.normal(-1, 1, IMAGES), rng.normal(2.5, 0.7, IMAGES))),
        "z exponential": ndtr(1 - rng.exponential(1.3, IMAGES)),
        "log odds normal(2, 3)": 1 / (1 + np.exp(rng.normal(2, 3, IMAGES))),
        "p uniform": rng.random(IMAGES),
        "p beta(0.3, 0.3)": rng.beta(0.3, 0.3, IMAGES),
        "1 - p uniform to the 4th": rng.random(IMAGES) ** 4,
        "p = 1 or 0.6": np.where(half, 0.0, 0.4),
        "p = 0.99 or 0.8": np.where(half, 0.01, 0.2),
        "p = 1 for 20 %": np.where(rng.random(IMAGES) < 0.2, 0.0, ndtr(-rng.normal(0.5, 1, IMAGES))),
    }


def made_up_errors(m: int, runs: int) -> pd.DataFrame:
    """Root mean squared errors of ACR for the images of made-up populations, sigma = 1."""
    functional = ACR(BUDGET)
    rows = []
    for run in range(runs):
        rng = np.random.default_rng([run, m])
        for name, tail in made_up(rng).items():
            counts = LabelCounts.known(m - rng.binomial(m, tail), m)
            ordered = np.sort(tail)[IMAGES // 1000 // 2 :: IMAGES // 1000]
            true = float(np.mean(functional(ordered)))
            interval = images_interval(fit_smooth(counts), functional)
            rough = mean(fit_nonparametric(counts).population, functional)
            rows.append({"population": name, "ACR": true, "smooth": (interval.estimate - true) ** 2,
                         "95 % covers": float(true in interval), "NPMLE": (rough - true) ** 2})  # fmt: skip
    table = pd.DataFrame(rows).groupby("population", sort=False).mean().reset_index()
    table[["smooth", "NPMLE"]] = np.sqrt(table[["smooth", "NPMLE"]])
    return table


def all_counts(log: CertificationLog, rng: np.random.Generator) -> NDArray[np.int64]:
    """A count of the label for every image: recovered where the log tells, continued below 1/2 where it does not."""
    known = log.recovered_counts().nearest
    z = ndtri((known + 0.5) / (log.n + 1))
    height = max(float(np.mean((z > 0.01) & (z < 0.25))) * len(z) / 0.24, 1.0)  # images per unit of z, just above 0
    counts = np.zeros(log.samples, dtype=np.int64)
    counts[log.correct] = known
    unknown = ~log.correct
    spread = unknown.sum() * 2 / np.sqrt(2 * np.pi) / height
    counts[unknown] = rng.binomial(log.n, ndtr(-np.abs(rng.normal(0, spread, int(unknown.sum())))))
    return counts


def resampled(log: CertificationLog, m: int, seed: int, nonparametric: bool) -> dict[str, float]:
    """One subsample of a log and what is estimated from it."""
    rng = np.random.default_rng([seed, m])
    full = all_counts(log, rng)
    counts = LabelCounts.known(rng.hypergeometric(full, log.n - full, m), m)
    functional = ACR(log.n, log.alpha, log.sigma)
    start = time.perf_counter()
    fit = fit_smooth(counts)
    seconds = time.perf_counter() - start
    interval, wide = images_interval(fit, functional), population_interval(fit, functional)
    row = {
        "smooth": interval.estimate - log.acr,
        "covers": float(log.acr in interval),
        "off by": abs(log.acr - interval.estimate) / ((interval.high - interval.low) / 2),
        "width": interval.high - interval.low,
        "population width": wide.high - wide.low,
        "seconds": seconds,
    }
    if nonparametric:
        start = time.perf_counter()
        best = fit_nonparametric(counts)
        row |= {
            "NPMLE": mean(best.population, functional) - log.acr,
            "gap": best.gap,
            "NPMLE seconds": time.perf_counter() - start,
        }
    return row


def summary(m: int, rows: pd.DataFrame) -> dict[str, float]:
    return {
        "m": m,
        "resamplings": len(rows),
        "smooth: mean |error|": rows["smooth"].abs().mean(),
        "largest": rows["smooth"].abs().max(),
        "bias": rows["smooth"].mean(),
        "95 % covers": rows["covers"].mean(),
        "width": rows["width"].mean(),
        "population width": rows["population width"].mean(),
        "NPMLE: mean |error|": rows["NPMLE"].abs().mean(),
        "NPMLE largest": rows["NPMLE"].abs().max(),
        "largest gap": rows["gap"].max(),
        "seconds": rows["seconds"].median(),
        "NPMLE seconds": rows["NPMLE seconds"].median(),
    }


def main(
    paths: Annotated[list[Path], typer.Argument(help="Certification logs, or folders that hold some.")],
    draws: Annotated[str, typer.Option(help="Draws per image that are kept, separated by commas.")] = "100,1000",
    resamplings: Annotated[int, typer.Option(min=1, help="Subsamples per log; the NPMLE is fitted to the first.")] = 24,
    runs: Annotated[int, typer.Option(min=1, help="Surveys of each made-up population.")] = 10,
) -> None:
    """Errors of ACR estimated from few draws, and how often its intervals cover."""
    logs = [read_log(path) for path in find_logs(paths).logs]
    for m in (int(text) for text in draws.split(",")):
        show(f"m = {m}: root mean squared errors of ACR at N = {BUDGET:,}, {runs} surveys per population",
             made_up_errors(m, runs),
             {"ACR": ".3f", "smooth": ".4f", "95 % covers": ".2f", "NPMLE": ".4f"})  # fmt: skip
        found = [
            {"log": log.path} | resampled(log, m, seed, nonparametric=seed == 0)
            for log in logs
            for seed in range(resamplings)
        ]
        rows = pd.DataFrame(found)
        each = rows.groupby("log").agg(
            **{"mean |error|": ("smooth", lambda e: e.abs().mean()), "bias": ("smooth", "mean"),
               "95 % covers": ("covers", "mean"), "93 % within": ("off by", lambda e: e.quantile(0.93)),
               "width": ("width", "mean"), "NPMLE, one": ("NPMLE", "first")}
        )  # fmt: skip
        four = dict.fromkeys(("mean |error|", "bias", "width", "NPMLE, one"), ".4f") | {"95 % covers": ".2f"}
        four["93 % within"] = ".2f"  # half widths of the interval
        show(f"m = {m}: ACR at each log's own budget, {resamplings} subsamples per log", each.reset_index(), four)
        total = pd.DataFrame([summary(m, rows)]).T.reset_index()
        total.columns = pd.Index(["over all logs", "value"])
        show(f"m = {m}, {len(logs)} logs", total, {"value": ".3g"})


if __name__ == "__main__":
    typer.run(main)
