"""Two logs on the same samples: who leads where, by how much, and at which budget (theory C8, D3, D5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations
from typing import Literal

import numpy as np

from rstheory._check import Float
from rstheory.audit.crossings import BudgetCurves
from rstheory.audit.log import CertificationLog
from rstheory.radius import certified_radius_inverse, certified_radius_inverse_sf

# Difficulty bins of D5, by the reference log's bound on p: upper ends.
DIFFICULTY = ("not certified", "0.5-0.9", "0.9-0.99", "0.99-0.999", "0.999-1")
_EDGES = (0.1, 0.01, 0.001)  # tails between the bins
BOOTSTRAP = 1000


@dataclass(frozen=True)
class Region:
    """A range of u = L, the bound on p, over which one log's survival curve lies above the other's.

    leader: "a" or "b". largest: greatest lead in it, as a share of samples. standard_errors: that lead in paired
    standard errors (pointwise: a region found by search should show well above 2 before it is believed).
    """

    start: float
    end: float
    leader: Literal["a", "b"]
    largest: float
    standard_errors: float


@dataclass(frozen=True)
class Comparison:
    """Log a against log b on the samples both certified. Differences are a - b.

    samples: how many. acr_a, acr_b: ACR on these, as printed. acr_difference, standard_error (paired), interval
    (bootstrap, 95 %). dominates: the log whose survival curve is nowhere below the other's, if any: it then has at
    least the other's expected ACR at every budget and noise level (D3). regions: who leads over which u, no further
    than the budget can certify, whatever was printed; crossings: the u between them.
    crossing_budgets: every n <= N found at which the sign of the expected ACR difference changes. attribution: share of
    the ACR difference due to the samples of each difficulty bin of b's bound on p (D5).
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

    @property
    def crossings(self) -> tuple[float, ...]:
        """Probabilities u at which the survival curves cross."""
        return tuple(region.start for region in self.regions[1:])


def common_samples(a: CertificationLog, b: CertificationLog) -> tuple[CertificationLog, CertificationLog]:
    """Both logs cut to the samples that both hold (same index and label), in the order of the index."""
    if np.array_equal(a.index, b.index) and np.array_equal(a.label, b.label):
        return a, b
    _, rows_a, rows_b = np.intersect1d(a.index, b.index, return_indices=True)
    same = a.label[rows_a] == b.label[rows_b]
    return a.select(rows_a[same]), b.select(rows_b[same])


def compare(a: CertificationLog, b: CertificationLog, *, seed: int = 0) -> Comparison:
    """Compare two logs with one noise level, budget and level, on their common samples.

    ValueError if sigma, n or alpha differ (their radii would then mean different things) or no sample is common.
    """
    for name in ("sigma", "n", "alpha"):
        if getattr(a, name) != getattr(b, name):
            raise ValueError(
                f"{name}={getattr(a, name)} of {a.path} is not {getattr(b, name)} as in {b.path}: "
                "radii can be compared at one noise level and budget only"
            )
    if not common_samples(a, b)[0].samples:
        raise ValueError(f"{a.path} and {b.path} have no sample in common")
    return compare_all([a, b], seed=seed)[0]


def compare_all(
    logs: Sequence[CertificationLog], *, seed: int = 0, progress: Callable[[], None] | None = None
) -> list[Comparison]:
    """Every pair of the logs that share sigma, n and alpha, in order. `progress` is called after each pair.

    Pairs without a common sample are left out.
    """
    curves: dict[tuple[int, float], tuple[list[int], BudgetCurves]] = {}
    for key in {(log.n, log.alpha) for log in logs}:
        members = [i for i, log in enumerate(logs) if (log.n, log.alpha) == key]
        curves[key] = members, BudgetCurves([logs[i] for i in members])
    results = []
    for i, j in comparable_pairs(logs):
        a, b = common_samples(logs[i], logs[j])
        if a.samples:
            members, known = curves[(a.n, a.alpha)]
            whole = a is logs[i] and b is logs[j]
            budgets = (
                known.crossings(members.index(i), members.index(j)) if whole else BudgetCurves([a, b]).crossings(0, 1)
            )
            results.append(_compare_pair(a, b, budgets, seed))
        if progress:
            progress()
    return results


def comparable_pairs(logs: Sequence[CertificationLog]) -> list[tuple[int, int]]:
    """Positions of every two logs with one sigma, n and alpha: the radii of others mean different things."""
    return [
        (i, j)
        for i, j in combinations(range(len(logs)), 2)
        if all(getattr(logs[i], name) == getattr(logs[j], name) for name in ("sigma", "n", "alpha"))
    ]


def _compare_pair(a: CertificationLog, b: CertificationLog, budgets: tuple[int, ...], seed: int) -> Comparison:
    difference = a.radius * a.correct - b.radius * b.correct
    regions = lead_regions(*_possible(a, b))
    leaders = {region.leader for region in regions}
    return Comparison(
        a=a.path,
        b=b.path,
        samples=a.samples,
        acr_a=a.acr,
        acr_b=b.acr,
        acr_difference=float(difference.mean()),
        standard_error=float(difference.std(ddof=1) / np.sqrt(a.samples)) if a.samples > 1 else float("nan"),
        interval=bootstrap_interval(difference, seed),
        dominates=regions[0].leader if len(leaders) == 1 else None,
        regions=regions,
        crossing_budgets=budgets,
        attribution=attribution(a, b),
    )


def _possible(a: CertificationLog, b: CertificationLog) -> tuple[CertificationLog, CertificationLog]:
    """Both logs cut off at the largest radius of their budget, if either has radii above it: no one leads there."""
    return (_topped(a), _topped(b)) if np.any(a.impossible) or np.any(b.impossible) else (a, b)


def _topped(log: CertificationLog) -> CertificationLog:
    """The log with the largest possible radius wherever the printed one is above it, or may be it but for rounding."""
    largest = log.max_radius
    return replace(log, radius=np.where(log.radius + log.half_unit >= largest, largest, log.radius))


def bootstrap_interval(difference: Float, seed: int, level: float = 0.95) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean of paired differences, over BOOTSTRAP resamples of the samples."""
    means = _resampling_weights(len(difference), seed) @ difference / len(difference)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


@lru_cache(maxsize=1)
def _resampling_weights(samples: int, seed: int) -> Float:
    """How often each sample occurs in each resample, shared by all pairs of logs of one size: (BOOTSTRAP, samples)."""
    rng = np.random.default_rng(seed)
    weights = np.empty((BOOTSTRAP, samples))
    for row in weights:
        row[:] = np.bincount(rng.integers(samples, size=samples), minlength=samples)
    weights.flags.writeable = False
    return weights


def lead_regions(a: CertificationLog, b: CertificationLog) -> tuple[Region, ...]:
    """Ranges of u over which one survival curve lies above the other, ascending; a tie joins the range before (D3)."""
    radius = np.unique(np.concatenate([a.radius[a.correct], b.radius[b.correct]]))
    if not radius.size:
        return ()
    reach_a, reach_b = (np.where(log.correct, log.radius, -1.0) for log in (a, b))
    lead = np.asarray(a.certified_accuracy(radius)) - np.asarray(b.certified_accuracy(radius))
    sign = np.sign(np.round(lead * a.samples)).astype(int)
    leading = np.flatnonzero(sign)
    if not leading.size:
        return ()
    starts = leading[np.flatnonzero(np.diff(sign[leading], prepend=0))]
    ends = np.append(starts[1:], len(radius))
    regions = []
    for start, end in zip(starts, ends, strict=True):
        best = start + int(np.argmax(np.abs(lead[start:end])))
        paired = (reach_a >= radius[best]).astype(float) - (reach_b >= radius[best])
        error = paired.std() / np.sqrt(a.samples)
        # S(u) is constant from just after one radius to the next: the curves change places just after radius[start-1].
        edges = [radius[start - 1] if start else 0.0, radius[end - 1]]
        low, high = np.asarray(certified_radius_inverse(np.maximum(edges, 0.0), a.sigma))
        leader: Literal["a", "b"] = "a" if sign[start] > 0 else "b"
        size = float(abs(lead[best]))
        regions.append(Region(float(low), float(high), leader, size, float(size / error) if error else float("inf")))
    return tuple(regions)


def attribution(a: CertificationLog, b: CertificationLog) -> dict[str, float]:
    """ACR difference a - b split by the difficulty of the samples for b: the parts add up to it (D5).

    b judges, and is partial: samples that it does not certify can only add to the difference, and those at its largest
    radius only take from it, even where a is b's own method trained once more (regression to the mean). So a large part
    from hard samples is no proof that a was made for them; compare `attribution(b, a)`, its sign turned.
    """
    parts = _contributions(a, b).sum(axis=1) / a.samples
    return {name: float(part) for name, part in zip(DIFFICULTY, parts, strict=True)}


def attribution_errors(a: CertificationLog, b: CertificationLog) -> dict[str, float]:
    """Standard error of each part of `attribution`, over the samples; NaN for one sample.

    A part is a mean over all samples, to which those of other difficulties add 0, so its error is that of a mean.
    """
    parts = _contributions(a, b)
    errors = parts.std(axis=1, ddof=1) / np.sqrt(a.samples) if a.samples > 1 else np.full(len(parts), np.nan)
    return {name: float(error) for name, error in zip(DIFFICULTY, errors, strict=True)}


def _contributions(a: CertificationLog, b: CertificationLog) -> Float:
    """Difference of the radii of each sample, in the row of its difficulty for b; 0 in the other rows."""
    difference = a.radius * a.correct - b.radius * b.correct
    tail = np.where(b.correct & (b.radius > 0), certified_radius_inverse_sf(b.radius, b.sigma), 1.0)
    bins = np.where(tail >= 0.5, 0, 1 + np.searchsorted(-np.array(_EDGES), -tail, side="left"))
    return np.where(bins == np.arange(len(DIFFICULTY))[:, None], difference, 0.0)
