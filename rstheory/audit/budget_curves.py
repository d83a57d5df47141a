"""Expected ACR against the certification budget, of many logs at once: where do two change places? (C7, C8)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from rstheory._check import Float
from rstheory.logs.log import CertificationLog
from rstheory.logs.survey_counts import survey_counts
from rstheory.transport import (
    BudgetedACR,
    acr_beyond,
    fresh_variance,
    interpolated_moments,
    moments,
    most_of_abstained,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# Budgets looked at: every one up to the first number, then this many per decade.
EVERY_BUDGET_TO = 100
BUDGETS_A_DECADE = 30
_NEIGHBOURS = 4


def at_budgets(
    logs: Sequence[CertificationLog], budgets: Sequence[int], alpha: float | None = None
) -> list[list[BudgetedACR]]:
    """Expected ACR of every log at every budget: one list per log, one entry per budget.

    budgets: numbers of draws. alpha: level there; default: each log's own. See `CertificationLog.at_budget`.
    Logs that share a budget are better asked through `BudgetCurves`, which shares the work.
    """
    return [[log.at_budget(n, alpha) for n in budgets] for log in logs]


class BudgetCurves:
    """Expected ACR against the budget of logs that share n and alpha: counts are recovered once, for everything.

    Radii that the budget cannot certify are cut off at every budget, the logs' own included: smaller ones know them as
    n of n successes only, and ACR must not fall with more draws.

    logs: what the curves are of.
    counts: every count that occurs in one of them, and n.
    grid: budgets at which curves are looked at, up to the logs' own.

    In `acr` the mean radius is computed exactly at a few hundred counts and interpolated to the rest, which is within
    1e-6 sigma (`tests/test_audit_compare.py`); a crossing so found is then settled by the exact difference.
    """

    def __init__(self, logs: Sequence[CertificationLog]) -> None:
        self.n, self.alpha = logs[0].n, logs[0].alpha
        for log in logs:
            if (log.n, log.alpha) != (self.n, self.alpha):
                raise ValueError(f"{log.path} has another budget than {logs[0].path}: n={log.n}, alpha={log.alpha}")
        possible = [log.possible() if np.any(log.impossible) else log for log in logs]
        counts = [log.recovered_counts() for log in possible]
        self.counts = np.unique(np.concatenate([[self.n], *(np.union1d(c.nearest, c.low) for c in counts)]))
        self._times, self._times_low = (self._tally([getattr(c, end) for c in counts]) for end in ("nearest", "low"))
        self._scale = np.array([log.sigma / max(log.samples, 1) for log in logs])
        self._unknown = np.array([c.unknown for c in counts])
        self._as_printed = [log.as_printed() for log in possible]
        self._known: dict[int, Float] = {}
        self._mean_radius: dict[int, Float] = {}
        self.grid = self._grid()
        self._logs = possible
        self._shares: dict[int, Float] = {}  # of the cells of each log's estimated distribution

    def _tally(self, counts: Sequence[Float]) -> csr_array:
        """How often each log has each of the distinct counts: (logs, counts)."""
        from scipy.sparse import csr_array  # `import rstheory` need not wait for it

        rows = [np.unique(np.searchsorted(self.counts, own), return_counts=True) for own in counts]
        starts = np.cumsum([0, *(len(where) for where, _ in rows)])
        shape = (len(rows), len(self.counts))
        columns, times = (np.concatenate([row[i] for row in rows]) for i in (0, 1))
        return csr_array((times.astype(np.float64), columns.astype(np.int32), starts), shape=shape)

    def at(self, n: int) -> list[BudgetedACR]:
        """Expected ACR of each log at budget n: exact up to the logs' own, beyond it predicted, a fit per log."""
        fresh = self._scale * np.sqrt(self._times @ fresh_variance(self.counts, self.n, n, self.alpha))
        if n == self.n:
            return [
                replace(printed, fresh_standard_deviation=float(f))
                for printed, f in zip(self._as_printed, fresh, strict=True)
            ]
        if n > self.n:
            return self._beyond(n, [float(f) for f in fresh])
        known = moments(self.counts, self.n, n, self.alpha)
        acr = self._scale * (self._times @ known.mean)
        deviation = self._scale * np.sqrt(self._times @ known.variance)
        low = self._scale * (self._times_low @ known.mean)
        unknown = self._scale * self._unknown * most_of_abstained(self.n, self.alpha, n, self.alpha)
        return [
            BudgetedACR(n, self.alpha, float(a), float(d), float(s), "exact", float(f), float(u))
            for a, d, s, f, u in zip(acr, deviation, low, fresh, unknown, strict=True)
        ]

    def _beyond(self, n: int, fresh: Sequence[float]) -> list[BudgetedACR]:
        from rstheory.mixture.beyond import acr_gain, fit_fast, images_shares

        found = []
        for i, (log, own) in enumerate(zip(self._logs, self.at(self.n), strict=True)):
            fit = fit_fast(survey_counts(log))
            self._shares[i] = images_shares(fit)
            gain = acr_gain(fit, self.n, n, self.alpha)
            found.append(acr_beyond(own, n, log.sigma * gain.mean, log.sigma * gain.standard_error, fresh[i]))
        return found

    def predicted(self, n: int, which: Sequence[int]) -> Float:
        """ACR of some logs at a budget n beyond their own, continuous with `acr` there. A fit per log, made once."""
        from rstheory.mixture.beyond import fit_fast, images_shares, mean_gain

        gains = []
        for i in which:
            if i not in self._shares:
                self._shares[i] = images_shares(fit_fast(survey_counts(self._logs[i])))
            gains.append(self._logs[i].sigma * mean_gain(self._shares[i], self.n, n, self.alpha))
        return np.asarray(self.acr(self.n)[list(which)] + np.array(gains))

    def acr(self, n: int) -> Float:
        """Expected ACR of each log at budget n, at most their own, interpolated."""
        if n not in self._known:
            self._known[n] = self._scale * (self._times @ self.mean_radius(n))
        return self._known[n]

    def mean_radius(self, n: int) -> Float:
        """Expected radius at budget n and sigma = 1 of each of `counts`, interpolated; kept for those of `grid`."""
        if n in self._mean_radius:
            return self._mean_radius[n]
        mean = interpolated_moments(self.counts, self.n, n, self.alpha).mean
        if n in self.grid:
            self._mean_radius[n] = mean
        return mean

    def exact_difference(self, n: int, i: int, j: int) -> float:
        """ACR(i) - ACR(j) at budget n, not interpolated."""
        weights = (self._scale[i] * self._times[[i]] - self._scale[j] * self._times[[j]]).toarray()[0]
        used = weights != 0
        return float(weights[used] @ moments(self.counts[used], self.n, n, self.alpha).mean)

    def crossings(self, i: int, j: int) -> tuple[int, ...]:
        """Budgets n <= N at which the sign of ACR(i) - ACR(j) differs from that at n - 1 (ties passed over).

        Every budget up to EVERY_BUDGET_TO is looked at, then BUDGETS_A_DECADE per decade: two changes of sign between
        neighbours on that grid go unseen. Around each change found, the budgets nearby are all looked at, because the
        discreteness of Clopper-Pearson bounds can make the order flicker.
        """
        signs = [(n, sign) for n in self.grid if (sign := self._sign(n, i, j, 0.0))]
        changes = [(low, high) for (low, before), (high, after) in pairwise(signs) if before != after]
        return tuple(sorted({n for low, high in changes for n in self._settle(low, high, i, j)}))

    def _grid(self) -> list[int]:
        decades = max(np.log10(self.n), 0)
        spread = np.round(10 ** np.linspace(0, decades, int(BUDGETS_A_DECADE * decades) + 1)).astype(int)
        return sorted({*range(1, min(self.n, EVERY_BUDGET_TO) + 1), *(int(n) for n in spread), self.n})

    def _sign(self, n: int, i: int, j: int, offset: float) -> int:
        acr = self.acr(n)
        difference = acr[i] - acr[j] + offset
        return 0 if abs(difference) < 1e-14 else int(np.sign(difference))

    def _settle(self, low: int, high: int, i: int, j: int) -> set[int]:
        """The changes of sign between two budgets of opposite sign.

        The interpolation's error hardly varies between neighbouring budgets, so the curve is shifted until it agrees
        with the exact difference where it changes sign.
        """
        offset, change = 0.0, self._bisect(low, high, i, j, 0.0)
        for _ in range(5):
            acr = self.acr(change)
            offset = self.exact_difference(change, i, j) - float(acr[i] - acr[j])
            previous, change = change, self._bisect(low, high, i, j, offset)
            if change == previous:
                break
        near = range(max(low, change - _NEIGHBOURS), min(high, change + _NEIGHBOURS) + 1)
        signs = [(n, sign) for n in near if (sign := self._sign(n, i, j, offset))]
        return {n for (_, before), (n, after) in pairwise(signs) if before != after}

    def _bisect(self, low: int, high: int, i: int, j: int, offset: float) -> int:
        before = self._sign(low, i, j, offset)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._sign(middle, i, j, offset) in (before, 0) else (low, middle)
        return high
