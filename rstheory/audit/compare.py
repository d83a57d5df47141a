"""Two logs side by side: who leads where, by how much, and at which budget they change places (theory C8, D3, D5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np

from rstheory._check import Float
from rstheory._progress import Advance
from rstheory.audit.budget_curves import BudgetCurves
from rstheory.audit.difficulty import attribution
from rstheory.audit.intervals import crossing_intervals
from rstheory.audit.paired import bootstrap_intervals, common_samples, lead
from rstheory.logs.log import CertificationLog
from rstheory.radius import certified_radius_inverse
from rstheory.statistics.crossing import CrossingInterval

_SETTINGS = ("sigma", "n", "alpha")  # what two logs must share for their radii to mean the same thing


@dataclass(frozen=True)
class Region:
    """A range of u = L, the bound on p, over which one log's survival curve lies above the other's.

    start, end: the range. leader: "a" or "b". largest: greatest lead in it, as a share of samples. standard_errors:
    that lead in paired standard errors (pointwise: a region found by search should show well above 2 before it is
    believed).
    """

    start: float
    end: float
    leader: Literal["a", "b"]
    largest: float
    standard_errors: float


@dataclass(frozen=True)
class Comparison:
    """Log a against log b on the samples both certified. Differences are a - b.

    samples: how many they share.
    acr_a, acr_b: ACR on these, as printed.
    acr_difference, standard_error, interval: of the ACR, paired; the interval by bootstrap, 95 %.
    dominates: the log whose survival curve is nowhere below the other's, if any: for these laws of p it then has at
    least the other's expected ACR at every budget and noise level (D3).
    regions: who leads over which u, no further than the budget can certify, whatever was printed.
    crossing_budgets: every n <= N found at which the sign of the expected ACR difference changes.
    crossing: interval of the last of them, over images; None for a single image.
    attribution: share of the ACR difference due to the samples of each difficulty bin of b's bound on p (D5).
    """

    a: str
    b: str
    samples: int
    acr_a: float
    acr_b: float
    acr_difference: float
    standard_error: float
    interval: tuple[float, float]
    dominates: Literal["a", "b"] | None
    regions: tuple[Region, ...]
    crossing_budgets: tuple[int, ...]
    attribution: dict[str, float]
    crossing: CrossingInterval | None = None

    @property
    def crossings(self) -> tuple[float, ...]:
        """Probabilities u at which the survival curves cross."""
        return tuple(region.start for region in self.regions[1:])


def compare(a: CertificationLog, b: CertificationLog, *, seed: int = 0) -> Comparison:
    """Compare two logs with one noise level, budget and level, on their common samples.

    seed: of the bootstrap. ValueError if sigma, n or alpha differ (their radii would then mean different things) or no
    sample is common.
    """
    _require_alike(a, b)
    common = common_samples(a, b)
    if not common[0].samples:
        raise ValueError(f"{a.path} and {b.path} have no sample in common")
    curves = BudgetCurves(common)
    crossing = crossing_intervals(common, curves, seed=seed).get((0, 1))
    return _compare_common(*common, curves.crossings(0, 1), _intervals([common], seed)[0], crossing)


def compare_all(
    logs: Sequence[CertificationLog],
    curves: BudgetCurves | None = None,
    *,
    positions: Sequence[int] | None = None,
    seed: int = 0,
    advance: Advance = lambda steps: None,
) -> list[Comparison]:
    """Every pair of logs that share sigma, n and alpha, in order; pairs without a common sample are left out.

    ValueError if they do not share them: `groups.grouped` says which do.
    curves: budget curves that the logs are in, at `positions`; default: made here. advance: told of each pair done.
    """
    for log in logs[1:]:
        _require_alike(logs[0], log)
    known = BudgetCurves(logs) if curves is None else curves
    place = range(len(logs)) if positions is None else positions
    pairs: list[tuple[CertificationLog, CertificationLog]] = []
    budgets: list[tuple[int, ...]] = []
    crossings: list[CrossingInterval | None] = []
    alike = all(_same_samples(logs[0], log) for log in logs)
    of_all = crossing_intervals(logs, known, seed=seed) if alike and len(logs) > 1 else {}
    for i, j in combinations(range(len(logs)), 2):
        a, b = common_samples(logs[i], logs[j])
        if a.samples:
            all_common = a is logs[i] and b is logs[j]
            of_pair = known if all_common else BudgetCurves([a, b])
            pairs.append((a, b))
            budgets.append(of_pair.crossings(place[i], place[j]) if all_common else of_pair.crossings(0, 1))
            crossings.append(
                of_all.get((i, j)) if alike else crossing_intervals((a, b), of_pair, seed=seed).get((0, 1))
            )
        advance(1)
    return [
        _compare_common(a, b, at, interval, crossing)
        for (a, b), at, interval, crossing in zip(pairs, budgets, _intervals(pairs, seed), crossings, strict=True)
    ]


def _same_samples(a: CertificationLog, b: CertificationLog) -> bool:
    return np.array_equal(a.index, b.index) and np.array_equal(a.label, b.label)


def _intervals(pairs: Sequence[tuple[CertificationLog, CertificationLog]], seed: int) -> list[tuple[float, float]]:
    """Bootstrap interval of the ACR difference of each pair; those with one number of samples are resampled at once."""
    differences = [_difference(a, b) for a, b in pairs]
    intervals = [(float("nan"), float("nan"))] * len(pairs)
    for samples in {len(difference) for difference in differences}:
        alike = [i for i, difference in enumerate(differences) if len(difference) == samples]
        for i, interval in zip(alike, bootstrap_intervals([differences[i] for i in alike], seed), strict=True):
            intervals[i] = interval
    return intervals


def _difference(a: CertificationLog, b: CertificationLog) -> Float:
    return a.radius * a.correct - b.radius * b.correct


def _require_alike(a: CertificationLog, b: CertificationLog) -> None:
    """ValueError unless the radii of two logs mean the same thing."""
    for name in _SETTINGS:
        if getattr(a, name) != getattr(b, name):
            raise ValueError(
                f"{name}={getattr(a, name)} of {a.path} is not {getattr(b, name)} as in {b.path}: "
                "radii can be compared at one noise level and budget only"
            )


def _compare_common(
    a: CertificationLog,
    b: CertificationLog,
    crossings: tuple[int, ...],
    interval: tuple[float, float],
    crossing: CrossingInterval | None,
) -> Comparison:
    difference = _difference(a, b)
    regions = lead_regions(a, b)
    leaders = {region.leader for region in regions}
    return Comparison(
        a=a.path,
        b=b.path,
        samples=a.samples,
        acr_a=a.acr,
        acr_b=b.acr,
        acr_difference=float(difference.mean()),
        standard_error=float(difference.std(ddof=1) / np.sqrt(a.samples)) if a.samples > 1 else float("nan"),
        interval=interval,
        dominates=regions[0].leader if len(leaders) == 1 else None,
        regions=regions,
        crossing_budgets=crossings,
        attribution=attribution(a, b),
        crossing=crossing,
    )


def _topped(log: CertificationLog) -> CertificationLog:
    """The log with the largest possible radius wherever a radius is it but for rounding: no one leads by that."""
    at_top = log.radius + log.half_unit >= log.max_radius
    return replace(log, radius=np.where(at_top, log.max_radius, log.radius))


def lead_regions(a: CertificationLog, b: CertificationLog) -> tuple[Region, ...]:
    """Ranges of u over which one survival curve lies above the other, ascending; a tie joins the range before (D3).

    a, b: the same samples in the same order. Where one has radii that its budget cannot certify, no one leads there.
    """
    if np.any(a.impossible) or np.any(b.impossible):
        a, b = _topped(a.possible()), _topped(b.possible())
    curve = lead(a, b)
    sign = np.sign(np.round(curve.lead * a.samples)).astype(int)
    leading = np.flatnonzero(sign)
    if not leading.size:
        return ()
    starts = leading[np.flatnonzero(np.diff(sign[leading], prepend=0))]
    ends = np.append(starts[1:], len(sign))
    regions = []
    for start, end in zip(starts, ends, strict=True):
        best = start + int(np.argmax(np.abs(curve.lead[start:end])))
        size, error = float(abs(curve.lead[best])), float(curve.standard_error[best])
        # S(u) is constant from just after one radius to the next: the curves change places just after radius[start-1].
        edges = [curve.radius[start - 1] if start else 0.0, curve.radius[end - 1]]
        low, high = np.asarray(certified_radius_inverse(np.maximum(edges, 0.0), a.sigma))
        leader: Literal["a", "b"] = "a" if sign[start] > 0 else "b"
        regions.append(Region(float(low), float(high), leader, size, size / error if error else float("inf")))
    return tuple(regions)
