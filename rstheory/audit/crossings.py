"""At which budgets two logs change places in ACR (theory C8)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from rstheory._check import Float
from rstheory.audit.counts import recover_counts
from rstheory.audit.log import CertificationLog
from rstheory.audit.transport import interpolated_moments, moments

# Budgets looked at: every one up to the first number, then this many a decade.
EVERY_BUDGET_TO = 100
BUDGETS_A_DECADE = 30
_NEIGHBOURS = 4


class BudgetCurves:
    """Expected ACR against the budget of logs that share n and alpha, fast enough to search for crossings.

    The mean radius is computed exactly at a few hundred counts and interpolated to the rest, which is within 1e-6 sigma
    (`tests/test_audit_compare.py`); a crossing so found is then settled by the exact difference.
    """

    def __init__(self, logs: Sequence[CertificationLog]) -> None:
        self.n, self.alpha = logs[0].n, logs[0].alpha
        for log in logs:
            if (log.n, log.alpha) != (self.n, self.alpha):
                raise ValueError(f"{log.path} has another budget than {logs[0].path}: n={log.n}, alpha={log.alpha}")
        counts = [recover_counts(log).nearest for log in logs]
        self.counts = np.unique(np.concatenate(counts))
        self.weights = np.zeros((len(logs), len(self.counts)))  # times the mean radius at sigma = 1: ACR
        for row, log, own in zip(self.weights, logs, counts, strict=True):
            where, times = np.unique(np.searchsorted(self.counts, own), return_counts=True)
            row[where] = times * (log.sigma / max(log.samples, 1))
        self._known: dict[int, Float] = {}

    def acr(self, n: int) -> Float:
        """Expected ACR of each log at budget n, interpolated."""
        if n not in self._known:
            self._known[n] = self.weights @ interpolated_moments(self.counts, self.n, n, self.alpha).mean
        return self._known[n]

    def exact_difference(self, n: int, i: int, j: int) -> float:
        """ACR(i) - ACR(j) at budget n, not interpolated."""
        weights = self.weights[i] - self.weights[j]
        used = weights != 0
        return float(weights[used] @ moments(self.counts[used], self.n, n, self.alpha).mean)

    def crossings(self, i: int, j: int) -> tuple[int, ...]:
        """Budgets n <= N at which the sign of ACR(i) - ACR(j) differs from that at n - 1 (ties passed over).

        Every budget up to EVERY_BUDGET_TO is looked at, then BUDGETS_A_DECADE a decade: two changes of sign between
        neighbours on that grid go unseen. Around each change found, the budgets nearby are all looked at, because the
        discreteness of Clopper-Pearson bounds can make the order flicker.
        """
        signs = [(n, sign) for n in self._grid() if (sign := self._sign(n, i, j, 0.0))]
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
