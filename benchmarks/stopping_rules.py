"""Stopping rules beside the loop of Cohen et al. and published early stopping: draws, level proved, level observed.

`decisions`: one radius. Everything is computed, nothing simulated: draws and level by dynamic programming over counts.
`curves`: a grid of radii, simulated from certification logs. Given the k successes of a sample's N draws, every order
of them is as likely, so a rule that would have stopped early is replayed exactly, beside the log's own result.

Written here from their papers, for comparison:
* Cohen et al. (2019): N draws, one bound.
* Horvath et al. (2022), adaptive sampling: stages of fresh draws, alpha shared evenly among them.
* Voracek (2024), betting: the Krichevsky-Trofimov mixture over all theta, against 1/(2 alpha), both ways.
* Voracek (2024), union bound: looks growing by a tenth, the i-th at level 5 alpha / ((i + 4) (i + 5)).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from rich.progress import track
from scipy.special import betaln
from scipy.stats import binom

import rstheory
from rstheory import clopper_pearson_lower_sf, min_certifiable_count, radius_from_count, read_log
from rstheory.sequential import (
    FixedDraws,
    HybridCurve,
    StoppingRule,
    characteristics_sf,
    crossing_probability_sf,
    curve_rule,
    group_sequential_decision,
    growing_looks,
    mixture_decision,
    radius_grid,
    tail_for_radius,
)
from rstheory.sequential.decision import Decision
from rstheory.tables import show

app = typer.Typer(add_completion=False, help=__doc__)
Counts = NDArray[np.int64]
Successes = (0.6, 0.8, 0.9, 0.99, 0.999)


@dataclass(frozen=True)
class Table:
    """A published rule as a table of thresholds on failures per look."""

    looks: tuple[int, ...]
    most_failures: Counts
    fewest_to_refute: Counts

    def level(self, t: float) -> float:
        return float(crossing_probability_sf(self.looks, self.most_failures.tolist(), t)[-1])

    def draws(self, t: float) -> float:
        return characteristics_sf(self.looks, self.most_failures.tolist(), self.fewest_to_refute.tolist(), t).draws


def betting(t: float, cap: int, alpha: float) -> Table:
    """Voracek's betting thresholds, read after every draw."""
    n = np.arange(1, cap + 1)

    def most(rate: float) -> Counts:
        low, high = np.full(n.shape, -1), np.floor(n * rate).astype(np.int64) + 1
        while np.any(high - low > 1):
            middle = np.maximum((low + high) // 2, 0)
            wealth = betaln(n - middle + 0.5, middle + 0.5) - betaln(0.5, 0.5)
            wealth -= (n - middle) * np.log1p(-rate) + middle * np.log(rate)
            enough = (wealth > -np.log(2 * alpha)) & (high - low > 1)
            low, high = np.where(enough, middle, low), np.where(enough | (high - low <= 1), high, middle)
        return low

    return Table(tuple(n.tolist()), most(t), n - most(1 - t))


def union_bound(t: float, cap: int, alpha: float) -> Table:
    """Voracek's union bound, looks as published: powers of 1.1 from the eleventh."""
    looks = np.unique([int(1.1**i) + 1 for i in range(11, 200) if 1.1**i < cap])
    index = np.arange(1, len(looks) + 1)
    share = 5 * alpha / ((index + 4) * (index + 5))
    certify = binom.ppf(share, looks, t).astype(np.int64) - 1  # P(at most so many) < share
    refute = looks - (binom.ppf(share, looks, 1 - t).astype(np.int64) - 1)
    return Table(tuple(looks.tolist()), certify, refute)


def adaptive(t: float, alpha: float, beta: float, stages: tuple[int, ...]) -> Callable[[float], tuple[float, float]]:
    """Horvath's stages of fresh draws: (probability to certify, mean draws) at a failure rate."""
    n, s = np.array(stages), len(stages)
    certify = binom.ppf(alpha / s, n, t).astype(np.int64) - 1
    refute = n - (binom.ppf(beta / (s - 1), n, 1 - t).astype(np.int64) - 1)

    def at(rate: float) -> tuple[float, float]:
        success, stop = binom.cdf(certify, n, rate), binom.cdf(certify, n, rate) + binom.sf(refute - 1, n, rate)
        under_way = np.cumprod(np.concatenate([[1.0], 1 - stop[:-1]]))
        return float(np.sum(under_way * success)), float(np.sum(under_way * n))

    return at


def _mean_draws(rule: Decision, tail: float) -> float:
    return float(rule.characteristics(tail).draws)


@app.command()
def decisions(
    radius: Annotated[float, typer.Option(help="Radius to certify, at sigma = 1.")] = 1.0,
    cap: Annotated[int, typer.Option(help="Largest number of draws.")] = 100_000,
    alpha: Annotated[float, typer.Option(help="Significance level.")] = 1e-3,
) -> None:
    """Mean draws to decide one radius, at several success probabilities, and the exact level at the threshold."""
    t = tail_for_radius(radius)
    rows: list[dict[str, object]] = []

    def add(name: str, proved: float, level: float, draws: Callable[[float], float]) -> None:
        means = {f"p={p}": draws(1 - p) for p in Successes}
        rows.append({"rule": name, "level proved": proved, "level": level, **means})

    fixed = int(binom.ppf(alpha, cap, t)) - 1
    add("Cohen et al.: all draws", alpha, float(binom.cdf(fixed, cap, t)), lambda _rate: float(cap))
    horvath = adaptive(t, alpha, 1e-4, (100, 1000, 10_000, int(1.2 * cap)))
    add("Horvath et al.: adaptive", alpha, horvath(t)[0], lambda rate: horvath(rate)[1])
    for name, proved, table in (
        ("Voracek: betting", 2 * alpha, betting(t, cap, alpha)),
        ("Voracek: union bound", alpha, union_bound(t, cap, alpha)),
    ):
        add(name, proved, table.level(t), table.draws)
    for rule in (mixture_decision(t, cap, alpha), group_sequential_decision(t, cap, alpha)):
        level = float(crossing_probability_sf(rule.looks, rule.most_failures, t)[-1])
        add(f"ours: {rule.name}", rule.level, level, partial(_mean_draws, rule))
    p, rate = np.array(Successes), 1 - np.array(Successes)
    limit = -np.log(alpha) / (p * np.log(p / (1 - t)) + rate * np.log(rate / t))
    rows.append({"rule": "limit ln(1/alpha)/KL", **{f"p={p}": x for p, x in zip(Successes, limit, strict=True)}})
    show(
        f"Mean draws to decide radius {radius:g} at sigma 1, alpha = {alpha:g}, cap {cap:,}; the others give up at "
        f"alpha, Horvath et al. at 1e-4, our mixture at 0.05 (rstheory {rstheory.__version__})",
        pd.DataFrame(rows),
        {"level proved": ".4g", "level": ".6f", **{f"p={p}": ",.1f" for p in Successes}},
    )


@dataclass(frozen=True)
class Replay:
    """The failures behind a log's rows, and whether each was predicted correctly."""

    failures: Counts
    correct: NDArray[np.bool_]
    n: int
    alpha: float
    sigma: float


def recovered(path: Path, seed: int) -> Replay:
    """Counts behind a log's radii: uniform among those that print alike, since the nearest would pile up at few values.

    Rows that abstained have no count. They get those of the lowest certified rows, mirrored at the threshold of
    abstention, with their correctness: the density of counts is taken to be as high on both sides.
    """
    log = read_log(str(path))
    rng = np.random.default_rng(seed)
    first = int(min_certifiable_count(log.n, log.alpha))
    table = np.asarray(radius_from_count(np.arange(first, log.n + 1), log.n, log.alpha, log.sigma))
    certified = np.flatnonzero(log.predict >= 0)
    radius, half = log.radius[certified], log.half_unit[certified]
    low = np.minimum(np.searchsorted(table, radius - half), len(table) - 1)
    high = np.clip(np.searchsorted(table, radius + half, side="right") - 1, low, len(table) - 1)
    counts, correct = np.zeros(log.samples, dtype=np.int64), log.correct.copy()
    counts[certified] = first + rng.integers(low, high + 1)
    abstained = np.flatnonzero(log.predict < 0)
    lowest = certified[np.argsort(counts[certified], kind="stable")][: len(abstained)]
    counts[abstained] = np.clip(2 * first - 1 - counts[lowest], 0, log.n)
    correct[abstained] = correct[lowest]
    return Replay(log.n - counts, correct, log.n, log.alpha, log.sigma)


def replay(rule: StoppingRule, log: Replay, rng: np.random.Generator) -> tuple[NDArray[np.float64], Counts]:
    """(1 - L proved, draws made) per row, if the draws behind the log had been looked at by the rule."""
    seen, drawn = np.zeros_like(log.failures), 0
    lower_sf, stopped = np.ones(len(seen)), np.full(len(seen), rule.cap)
    active = np.arange(len(seen))
    for look in rule.looks:
        left, bad = log.n - drawn, log.failures[active] - seen[active]
        seen[active] += rng.hypergeometric(bad, left - bad, look - drawn) if look < log.n else bad
        drawn = look
        answer = rule.decide(look - seen[active], look)
        done = active[answer.done]
        lower_sf[done], stopped[done] = answer.lower_sf[answer.done], look
        active = active[~answer.done]
        if not len(active):
            break
    return lower_sf, stopped


@app.command()
def curves(
    logs: Annotated[list[Path], typer.Argument(help="Certification logs of N draws.")],
    seeds: Annotated[int, typer.Option(min=1, help="Replays per log, averaged.")] = 10,
    step: Annotated[float, typer.Option(help="Spacing of the grid of radii.")] = 0.25,
    price: Annotated[float, typer.Option(help="Price of the curve rule, at radius 0.")] = 3.0,
) -> None:
    """How many times fewer draws than the log's N, and the certified accuracy lost at the radius that loses most."""
    rows = []
    for path in track(logs, "replaying", transient=True):
        log = recovered(path, seed=2024)
        radii = radius_grid(log.sigma, log.n, log.alpha, step)
        tails = np.array([tail_for_radius(radius, log.sigma) for radius in radii])
        whole = clopper_pearson_lower_sf(log.n - log.failures, log.n, log.alpha)
        before = np.array([np.mean((whole <= t) & log.correct) for t in tails])
        row: dict[str, object] = {"log": "/".join(path.with_suffix("").parts[-2:])}
        for rule in (
            FixedDraws(log.n, log.alpha),
            HybridCurve(radii, log.sigma, growing_looks(log.n), log.alpha),
            curve_rule(radii, log.sigma, log.n, log.alpha, price),
        ):
            draws, lost = [], []
            for seed in range(1 if isinstance(rule, FixedDraws) else seeds):
                lower_sf, stopped = replay(rule, log, np.random.default_rng(seed))
                draws.append(stopped.mean())
                lost.append(before - [np.mean((lower_sf <= t) & log.correct) for t in tails])
            row[f"{rule.name} x"] = log.n / np.mean(draws)
            worst = int(np.argmax(np.mean(lost, axis=0)))
            row[f"{rule.name} lost"] = 100 * np.mean(lost, axis=0)[worst]
            row[f"{rule.name} one run"] = 100 * np.max(lost)
            row[f"{rule.name} at"] = radii[worst]
        rows.append(row)
    frame = pd.DataFrame(rows).drop(columns=["fixed x", "fixed one run", "fixed at"])
    formats = {c: ".2f" if c.endswith((" x", " at")) else ".3f" for c in frame.columns[1:]}
    show(
        f"Draws saved (x) and points of certified accuracy lost on a {step:g} grid: at the worst radius, on average "
        f"over {seeds} replays, and in any one replay",
        frame,
        formats,
    )


if __name__ == "__main__":
    app()
