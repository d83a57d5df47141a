"""What a group of logs can be told apart by, and by what not: ranks, groups within error, crossing budgets (C8, D3).

All intervals are for the population behind the images, with the runs as they are: error of the draws and of the choice
of test images, not of another training run (`rstheory.statistics.runs_needed`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from rstheory import _check
from rstheory._check import Float
from rstheory.audit.budget_curves import BudgetCurves
from rstheory.audit.samples import ExpectedRadii, certified_alone, require_alike, shared_samples
from rstheory.logs.log import CertificationLog
from rstheory.statistics.crossing import CrossingInterval, crossing_interval
from rstheory.statistics.multiple import adjusted, mcnemar
from rstheory.statistics.ranks import Ranking, above_beyond_error, ranking
from rstheory.statistics.resampling import ResampledMeans, paired_differences, resampled_means

if TYPE_CHECKING:
    import pandas as pd

SMALLEST_BUDGET = 100  # that crossings are looked for at: below, hardly anything is certified
_STRIDE = 2  # every second budget of the curves' grid: between them the difference is all but straight in log n
_AT_ONCE = 8_000_000  # values of images resampled in one product


@dataclass(frozen=True, eq=False)
class GroupIntervals:
    """Logs of one noise level, budget and level, on the images that all of them hold.

    samples: number of these images.
    acr: of each log on them, radii cut off at what the budget can certify.
    by_acr: ranks by ACR at the logs' own budget; its `groups` are the groups within error.
    budgets, by_budget: ranks by expected ACR at each of these budgets, all intervals holding at once.
    radii, by_radius: ranks by certified accuracy at each of these radii, all intervals holding at once.
    crossings: for each pair (i, j), i < j, the budget from which on one of the two, "a" being i, leads up to N.
    rho: error of each of the four families.
    """

    samples: int
    acr: tuple[float, ...]
    by_acr: Ranking
    budgets: tuple[int, ...]
    by_budget: tuple[Ranking, ...]
    radii: tuple[float, ...]
    by_radius: tuple[Ranking, ...]
    crossings: Mapping[tuple[int, int], CrossingInterval]
    rho: float

    def to_frame(self) -> pd.DataFrame:
        """One row per log and place. Columns log (its number), by, at, rank, low, high."""
        import pandas as pd

        places = [
            *(("ACR", n, found) for n, found in zip(self.budgets, self.by_budget, strict=True)),
            *(("certified accuracy", r, found) for r, found in zip(self.radii, self.by_radius, strict=True)),
        ]
        rows = [
            {"log": i, "by": by, "at": float(at), "rank": rank, "low": low, "high": high}
            for by, at, found in places
            for i, (rank, low, high) in enumerate(zip(found.estimate, found.low, found.high, strict=True))
        ]
        return pd.DataFrame(rows, columns=["log", "by", "at", "rank", "low", "high"])


def group_intervals(
    logs: Sequence[CertificationLog],
    curves: BudgetCurves | None = None,
    *,
    budgets: Sequence[int] = (),
    radii: Sequence[float] = (),
    rho: float = 0.05,
    seed: int = 0,
) -> GroupIntervals:
    """Ranks with intervals, groups within error and crossing budgets of some logs.

    Pairs are compared on shared images. ACR by resampling images, all pairs and budgets at once (`paired_differences`);
    certified accuracy by McNemar's exact test, corrected by Holm over all pairs and radii. Expected ACR at smaller
    budgets takes the recovered counts as they are (C7); the error of recovering them is in `CrossingInterval.rounding`.

    logs: two or more, of one sigma, n and alpha. curves: budget curves that hold them; default: made here.
    budgets, radii: where ranks are taken; budgets up to the logs' own.
    rho: error of each family of statements. seed: of the resampling.

    ValueError if the logs differ in sigma, n or alpha, or share no image.
    """
    _check.level("rho", rho)
    require_alike(logs, budgets)
    n = logs[0].n
    possible = [log.possible() if np.any(log.impossible) else log for log in logs]
    cut = shared_samples(possible)
    known = BudgetCurves(logs) if curves is None else curves
    certified = np.stack([log.radius * log.correct for log in cut], axis=1)[:, :, None]
    own = resampled_means(certified, seed)
    budgets_of_ranks = [m for m in budgets if m < n]
    grid = _grid(known)
    asked = sorted({*grid, *budgets_of_ranks})
    expected, rounding = _expected(cut, known, asked, seed)
    at = {m: i for i, m in enumerate(asked)}
    ranked = [expected.at(np.array([at[b]])) if b < n else own for b in budgets]
    return GroupIntervals(
        samples=len(certified),
        acr=tuple(own.estimate[:, 0].tolist()),
        by_acr=_rankings(own, rho)[0],
        budgets=tuple(budgets),
        by_budget=tuple(_rankings(_joined(ranked), rho)) if ranked else (),
        radii=tuple(radii),
        by_radius=_by_radius(cut, radii, rho),
        crossings=_crossings(expected, rounding, [at[m] for m in grid], grid, rho),
        rho=rho,
    )


def crossing_intervals(
    logs: Sequence[CertificationLog], curves: BudgetCurves | None = None, *, rho: float = 0.05, seed: int = 0
) -> dict[tuple[int, int], CrossingInterval]:
    """The crossing budget of every pair (i, j), i < j, alone: see `group_intervals`, which gives the same and ranks."""
    require_alike(logs)
    known = BudgetCurves(logs) if curves is None else curves
    cut = shared_samples([log.possible() if np.any(log.impossible) else log for log in logs])
    if cut[0].samples < 2:
        return {}
    grid = _grid(known)
    expected, rounding = _expected(cut, known, grid, seed)
    return _crossings(expected, rounding, range(len(grid)), grid, rho)


def _grid(curves: BudgetCurves) -> list[int]:
    """Budgets at which crossings are looked for."""
    grid = [m for m in curves.grid if m >= min(SMALLEST_BUDGET, curves.n)]
    return sorted({*grid[::-_STRIDE], grid[0]})


def _expected(
    logs: Sequence[CertificationLog], curves: BudgetCurves, budgets: Sequence[int], seed: int
) -> tuple[ResampledMeans, Float]:
    """Resampled expected ACR of each log at each budget, and its lowest and highest values that rounding allows:
    shape (2, logs, budgets)."""
    radii = [ExpectedRadii(log, curves) for log in logs]
    means = [curves.mean_radius(n) for n in budgets]
    ends = np.array([[found.ends(mean) for mean in means] for found in radii]).transpose(2, 0, 1)
    parts, step = [], max(_AT_ONCE // (logs[0].samples * len(logs)), 1)
    for start in range(0, len(budgets), step):
        some = means[start : start + step]
        values = np.stack([np.stack([found.at(mean) for mean in some], axis=1) for found in radii], axis=1)
        parts.append(resampled_means(values, seed))
    return _joined(parts), ends


def _joined(parts: Sequence[ResampledMeans]) -> ResampledMeans:
    """Means at all points of the parts."""
    return ResampledMeans(
        np.concatenate([part.estimate for part in parts], axis=1),
        np.concatenate([part.resampled for part in parts], axis=2),
        np.concatenate([part.covariance for part in parts]),
    )


def _rankings(means: ResampledMeans, rho: float) -> list[Ranking]:
    """Ranks at each point, the intervals of all holding at once."""
    above = above_beyond_error(paired_differences(means, rho), means.logs)
    return [ranking(values, found) for values, found in zip(means.estimate.T, above, strict=True)]


def _by_radius(logs: Sequence[CertificationLog], radii: Sequence[float], rho: float) -> tuple[Ranking, ...]:
    """Ranks by certified accuracy at each radius, the intervals of all holding at once."""
    if not radii:
        return ()
    number, only = certified_alone(logs, radii)
    first, second = np.array(list(combinations(range(len(logs)), 2))).T
    p = adjusted(mcnemar(only[:, first, second], only[:, second, first]), "holm")
    above = np.zeros(only.shape, dtype=bool)
    above[:, first, second] = (p <= rho) & (number[:, first] > number[:, second])
    above[:, second, first] = (p <= rho) & (number[:, first] < number[:, second])
    return tuple(ranking(values, found) for values, found in zip(number, above, strict=True))


def _crossings(
    expected: ResampledMeans, rounding: Float, places: Sequence[int], grid: Sequence[int], rho: float
) -> dict[tuple[int, int], CrossingInterval]:
    if len(grid) < 2:
        return {}
    low, high = rounding[0][:, places], rounding[1][:, places]
    estimate, resampled = expected.estimate[:, places], expected.resampled[:, :, places]
    return {
        (i, j): crossing_interval(
            grid,
            estimate[i] - estimate[j],
            resampled[:, i] - resampled[:, j],
            low[i] - high[j],
            high[i] - low[j],
            rho,
        )
        for i, j in combinations(range(expected.logs), 2)
    }
