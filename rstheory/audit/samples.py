"""What each image contributes to a log's numbers, on the images that several logs share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from rstheory import _check, transport
from rstheory._check import Float
from rstheory.audit.budget_curves import BudgetCurves
from rstheory.audit.paired import lint_between
from rstheory.logs.log import CertificationLog
from rstheory.logs.schema import ABSTAINED


def require_alike(logs: Sequence[CertificationLog], budgets: Sequence[int] = ()) -> None:
    """ValueError unless there are two logs or more whose radii mean the same thing, and no budget is above theirs."""
    if len(logs) < 2:
        raise ValueError("one log stands alone: two or more are needed")
    for log in logs:
        log.check_one_setting()
        if (log.sigma, log.n, log.alpha) != (logs[0].sigma, logs[0].n, logs[0].alpha):
            raise ValueError(f"{log.path} and {logs[0].path} differ in sigma, n or alpha: radii mean different things")
    for n in budgets:
        if not 1 <= _check.scalar_int("budgets", n) <= logs[0].n:
            raise ValueError(f"budgets={n} is not allowed: from 1 to the logs' own, {logs[0].n}")


def shared_samples(logs: Sequence[CertificationLog]) -> list[CertificationLog]:
    """All logs cut to the images that every one of them holds: same index and label, in the order of the index.

    ValueError if there are none, with what two of the logs disagree on.
    """
    first = logs[0]
    if all(np.array_equal(log.index, first.index) and np.array_equal(log.label, first.label) for log in logs):
        return list(logs)
    common = reduce(np.intersect1d, [log.index for log in logs])
    rows = [np.searchsorted(log.index, common, sorter=np.argsort(log.index, kind="stable")) for log in logs]
    rows = [np.argsort(log.index, kind="stable")[row] for log, row in zip(logs, rows, strict=True)]
    labels = np.stack([log.label[row] for log, row in zip(logs, rows, strict=True)])
    same = np.all(labels == labels[0], axis=0)
    if not np.any(same):
        found = [finding.message for log in logs[1:] for finding in lint_between(first, log)]
        raise ValueError("; ".join(found[:1]) or "the logs have no sample in common")
    return [log.select(row[same]) for log, row in zip(logs, rows, strict=True)]


def certified_alone(logs: Sequence[CertificationLog], radii: Sequence[float]) -> tuple[Float, NDArray[np.int64]]:
    """How many images each log certifies at each radius, and how many each certifies that another does not.

    logs: the same images in the same order. Shapes (radii, logs) and (radii, logs, logs).
    """
    certified = np.stack([[log.correct & (log.radius >= r) for log in logs] for r in radii]).astype(np.float64)
    number = certified.sum(axis=2)
    only = number[:, :, None] - certified @ certified.transpose(0, 2, 1)
    return number, np.round(only).astype(np.int64)


@dataclass(frozen=True, eq=False)
class RowCounts:
    """Draws that gave the true label behind each row, 0 where the row certifies nothing at any budget.

    nearest: the best guess. low, high: the ends of what prints alike; for an abstention that tells nothing, 0 and the
    most draws with which it would have abstained.
    """

    nearest: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]


def row_counts(log: CertificationLog) -> RowCounts:
    """Counts behind every row of a log whose radii its budget can certify (C7)."""
    log.check_one_setting()
    of, abstained = log.select(log.correct), log.select(log.predict == ABSTAINED)
    found = transport.recover_counts(of.radius, of.half_unit, of.count, log.n, log.alpha, log.sigma)
    # The count whose radius is nearest to the upper end is the last that prints alike, or the one after it.
    upper = transport.recover_counts(
        of.radius + of.half_unit, np.zeros(of.samples), of.count, log.n, log.alpha, log.sigma
    ).nearest
    nearest, low, high = np.zeros((3, log.samples), dtype=np.int64)
    nearest[log.correct], low[log.correct], high[log.correct] = found.nearest, found.low, upper
    rows = log.predict == ABSTAINED
    guess, least = transport.abstained_counts(abstained.label, abstained.count, abstained.counts)
    most = transport.largest_abstained(log.n, log.alpha)
    nearest[rows], low[rows], high[rows] = np.maximum(guess, 0), least, np.where(guess < 0, most, guess)
    return RowCounts(nearest, low, high)


class ExpectedRadii:
    """Expected radius of every row of a log at any budget up to its own (C7). Counts are looked up once.

    log: radii within what its budget can certify. curves: budget curves that hold the log, or the one it is cut from.
    """

    def __init__(self, log: CertificationLog, curves: BudgetCurves) -> None:
        self._curves, self._sigma, self._samples = curves, log.sigma, log.samples
        counts = row_counts(log)
        self._rows = np.flatnonzero(counts.nearest)
        self._place = self._found(counts.nearest[self._rows])
        low, self._low_times = np.unique(counts.low[counts.low > 0], return_counts=True)
        self._low = self._found(low)
        self._high, self._high_times = np.unique(counts.high[counts.high > 0], return_counts=True)

    def at(self, mean_radius: Float) -> Float:
        """Expected radius of each row at the budget of `curves.mean_radius(n)`."""
        values = np.zeros(self._samples)
        values[self._rows] = self._sigma * mean_radius[self._place]
        return values

    def ends(self, mean_radius: Float) -> tuple[float, float]:
        """The least and the largest expected ACR there that the rounding of the radii allows."""
        scale = self._sigma / self._samples
        # The mean is convex in the count (C4): between two known counts, a straight line is not below it.
        highest = np.interp(self._high, self._curves.counts, mean_radius)
        return scale * float(self._low_times @ mean_radius[self._low]), scale * float(self._high_times @ highest)

    def _found(self, counts: NDArray[np.int64]) -> NDArray[np.int64]:
        places = np.searchsorted(self._curves.counts, counts)
        if np.any(places == len(self._curves.counts)) or np.any(self._curves.counts[places] != counts):
            raise ValueError("the budget curves do not hold this log")
        return places
