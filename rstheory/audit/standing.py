"""Which logs of a group can be told apart, and whether their order depends on the budget or on the radius (C8, D3).

Every pair is tested on the samples that both hold, paired: ACR by the normal law of the mean difference, certified
accuracy at a radius by the exact sign test (McNemar). Holm's correction spans all pairs and places of a question, so
that with probability 1 - LEVEL or more no difference that is called beyond error is chance. The error is that of the
test samples and their noise draws; what another training run would change is not in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, ndtr

from rstheory._check import Float
from rstheory.audit.budget_curves import BudgetCurves
from rstheory.logs.log import CertificationLog
from rstheory.transport import interpolated_moments

LEVEL = 0.05  # probability that anything at all is called beyond error by chance, for each question


@dataclass(frozen=True, eq=False)
class Contest:
    """Every pair of some logs at some places, all answers to one question.

    places: budgets or radii, ascending.
    difference: value of log i minus that of log j at each place, on their common samples: (places, logs, logs).
    p: two-sided p-values, corrected for all pairs and places: (places, logs, logs).
    """

    places: tuple[float, ...]
    difference: Float
    p: Float

    @property
    def leads(self) -> NDArray[np.bool_]:
        """Where log i leads log j beyond error: (places, logs, logs)."""
        return (self.difference > 0) & (self.p < LEVEL)


@dataclass(frozen=True)
class Reversal:
    """Two logs whose order somewhere contradicts, beyond error, that by ACR at their own budget.

    above, below: positions of the logs in the group; `above` has the larger ACR, beyond error.
    at: budgets or radii at which `below` leads beyond error.
    """

    above: int
    below: int
    at: tuple[float, ...]


@dataclass(frozen=True)
class Changes:
    """How the order of some logs elsewhere differs from that by ACR at their own budget.

    pairs: number of pairs compared.
    reversals: those whose order is contradicted beyond error.
    within: number of the others whose order differs somewhere, within error.
    """

    pairs: int
    reversals: tuple[Reversal, ...]
    within: int


@dataclass(frozen=True, eq=False)
class Standing:
    """How the logs of a group stand to each other. Positions are those in the group.

    order: the logs by falling ACR.
    by_acr: by ACR at their own budget, the one place.
    by_budget: by expected ACR at each budget, their own the last.
    by_radius: by certified accuracy at each radius.
    """

    order: tuple[int, ...]
    by_acr: Contest
    by_budget: Contest
    by_radius: Contest

    @property
    def tiers(self) -> tuple[tuple[int, ...], ...]:
        """The first log with all that are within error of it, then the next one that is not among them, and so on.

        A tier may share logs with the one before; one that holds no new log is left out. Two logs of one tier are both
        within error of its first, not always of each other.
        """
        found: list[tuple[int, ...]] = []
        for place, first in enumerate(self.order):
            tier = (first, *(i for i in self.order[place + 1 :] if self.by_acr.p[0, first, i] >= LEVEL))
            if not any(set(tier) <= set(other) for other in found):
                found.append(tier)
        return tuple(found)

    def first_at(self, contest: Contest, place: int) -> tuple[int, ...]:
        """The log that leads at a place of a contest, then all that are within error of it, in the order by ACR."""
        ahead = contest.difference[place]
        best = max(self.order, key=lambda i: (int(np.sum(ahead[i] > 0)), -int(np.sum(ahead[i] < 0))))
        return (best, *(i for i in self.order if i != best and contest.p[place, best, i] >= LEVEL))

    def changes(self, contest: Contest) -> Changes:
        """How the order at the places of a contest differs from that by ACR."""
        leads, reversals, within = contest.leads, [], 0
        pairs = [(i, j) for k, i in enumerate(self.order) for j in self.order[k + 1 :]]
        for i, j in pairs:
            against = leads[:, j, i]
            if self.by_acr.leads[0, i, j] and np.any(against):
                at = tuple(place for place, there in zip(contest.places, against, strict=True) if there)
                reversals.append(Reversal(i, j, at))
            elif np.any(contest.difference[:, j, i] > 0):
                within += 1
        return Changes(len(pairs), tuple(reversals), within)


def standing(
    logs: Sequence[CertificationLog],
    curves: BudgetCurves | None,
    budgets: Sequence[int],
    radii: Sequence[float],
) -> Standing:
    """Compare every pair of some logs of one noise level, budget and level.

    Radii that their budget cannot certify are cut off.

    curves: budget curves that hold the logs, or None where their budget is too large. budgets: the last is their own.
    radii: where certified accuracy is compared.
    """
    samples = _Samples(logs)
    possible = [log.possible() if np.any(log.impossible) else log for log in logs]
    own = samples.of([log.radius * log.correct for log in possible])
    by_budget = [_mean_test(*samples.paired(own))]
    if curves is not None:
        earlier = [samples.of(_expected_radii(possible, curves, n)) for n in budgets[:-1]]
        by_budget = [_mean_test(*samples.paired(values)) for values in earlier] + by_budget
    by_radius = [_sign_test(samples, [log.correct & (log.radius >= r) for log in logs]) for r in radii]
    return Standing(
        tuple(sorted(range(len(logs)), key=lambda i: (-possible[i].acr, i))),
        _contest(budgets[-1:], by_budget[-1:]),
        _contest(budgets[-len(by_budget) :], by_budget),
        _contest(radii, by_radius),
    )


class _Samples:
    """Some logs on one numbering of samples, so that every pair can be taken at once."""

    def __init__(self, logs: Sequence[CertificationLog]) -> None:
        first = logs[0]
        if all(np.array_equal(log.index, first.index) and np.array_equal(log.label, first.label) for log in logs):
            self._rows, self._number = [np.arange(first.samples)] * len(logs), first.samples
        else:
            named = [np.stack([log.index, log.label]) for log in logs]
            distinct, rows = np.unique(np.concatenate(named, axis=1), axis=1, return_inverse=True)
            self._rows = np.split(rows.ravel(), np.cumsum([log.samples for log in logs])[:-1])
            self._number = distinct.shape[1]
        self.held = self.of([np.ones(log.samples) for log in logs])

    def of(self, columns: Sequence[Float] | Sequence[NDArray[np.bool_]]) -> Float:
        """Values of the samples of each log, 0 where it lacks the sample: (logs, samples)."""
        values = np.zeros((len(columns), self._number))
        for row, where, column in zip(values, self._rows, columns, strict=True):
            row[where] = column
        return values

    def paired(self, values: Float) -> tuple[Float, Float]:
        """Mean of i - j over the samples that both hold, and its standard error; NaN where they hold none."""
        common = self.held @ self.held.T
        total, square, product = values @ self.held.T, values**2 @ self.held.T, values @ values.T
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = (total - total.T) / common
            variance = np.maximum((square + square.T - 2 * product) / common - mean**2, 0.0)
            return mean, np.sqrt(variance / (common - 1))


def _mean_test(mean: Float, error: Float) -> tuple[Float, Float]:
    """Differences and their two-sided p-values by the normal law; 1 where nothing can be said."""
    with np.errstate(invalid="ignore", divide="ignore"):
        p = 2 * ndtr(-np.abs(mean) / error)
    return np.nan_to_num(mean), np.where(np.isfinite(p), p, 1.0)


def _sign_test(samples: _Samples, reached: Sequence[NDArray[np.bool_]]) -> tuple[Float, Float]:
    """Differences of shares and their two-sided p-values by the sign test of the samples that tell two logs apart."""
    values = samples.of(reached)
    only = values @ samples.held.T - values @ values.T  # samples held by both that i alone certifies
    common = np.maximum(samples.held @ samples.held.T, 1)
    p = 2 * bdtr(np.minimum(only, only.T), (only + only.T).astype(np.int64), 0.5)
    return (only - only.T) / common, np.minimum(p, 1.0)


def _contest(places: Sequence[float], tests: Sequence[tuple[Float, Float]]) -> Contest:
    differences, p = (np.stack(part) for part in zip(*tests, strict=True))
    upper = np.triu(np.ones(p.shape[1:], bool), 1)
    corrected = np.ones_like(p)
    corrected[:, upper] = holm(p[:, upper].ravel()).reshape(len(p), -1)
    return Contest(tuple(places), differences, np.minimum(corrected, corrected.transpose(0, 2, 1)))


def holm(p: Float) -> Float:
    """p-values corrected by Holm (1979), so that all can be held against one level at once.

    >>> holm(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p)
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(steps, 1.0)
    return corrected


def _expected_radii(logs: Sequence[CertificationLog], curves: BudgetCurves, n: int) -> list[Float]:
    """Expected radius at budget n of each sample predicted correctly, 0 for the others, abstentions among them."""
    mean = interpolated_moments(curves.counts, curves.n, n, curves.alpha).mean
    found = []
    for log in logs:
        radius = np.zeros(log.samples)
        counts = log.recovered_counts().nearest[: int(np.sum(log.correct))]  # those of abstentions come after
        radius[log.correct] = log.sigma * mean[np.searchsorted(curves.counts, counts)]
        found.append(radius)
    return found
