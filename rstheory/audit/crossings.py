"""At which budgets two logs change places in ACR (theory C8)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from rstheory._check import Float
from rstheory.audit.counts import recover_counts
from rstheory.audit.log import CertificationLog
from rstheory.audit.transport import interpolated_moments

# Budgets looked at: every one up to the first number, then this many a decade.
EVERY_BUDGET_TO = 200
BUDGETS_A_DECADE = 30
_NEIGHBOURS = 4


class BudgetCurves:
    """Expected ACR against the budget of logs that share sigma, n and alpha, fast enough to search for crossings.

    The mean radius is computed exactly at a few hundred counts and interpolated to the rest;
    `tests/test_audit_transport.py` holds the ACR so made within 1e-7 sigma of `transport.at_budgets`.
    """

    def __init__(self, logs: Sequence[CertificationLog]) -> None:
        first = logs[0]
        self.n, self.alpha, self.sigma = first.n, first.alpha, first.sigma
        counts = [recover_counts(log).nearest for log in logs]
        self.counts = np.unique(np.concatenate(counts))
        self.weights = np.zeros((len(logs), len(self.counts)))
        for row, log, own in zip(self.weights, logs, counts, strict=True):
            where, times = np.unique(np.searchsorted(self.counts, own), return_counts=True)
            row[where] = times / max(log.samples, 1)
        self._known: dict[int, Float] = {}

    def acr(self, n: int) -> Float:
        """Expected ACR of each log at budget n, in its own units."""
        if n not in self._known:
            radius = interpolated_moments(self.counts, self.n, n, self.alpha).mean
            self._known[n] = self.sigma * (self.weights @ radius)
        return self._known[n]

    def crossings(self, i: int, j: int) -> tuple[int, ...]:
        """Budgets n <= N at which the sign of ACR(i) - ACR(j) differs from that at n - 1 (ties passed over).

        Every budget up to EVERY_BUDGET_TO is looked at, then BUDGETS_A_DECADE a decade: two changes of sign between
        neighbours on that grid go unseen. Around each change found, the budgets nearby are all looked at, because the
        discreteness of Clopper-Pearson bounds can make the order flicker.
        """
        grid = self._grid()
        found: set[int] = set()
        signs = [(n, self._sign(n, i, j)) for n in grid]
        signs = [(n, sign) for n, sign in signs if sign]
        for (low, before), (high, after) in pairwise(signs):
            if before != after:
                found |= self._search(low, high, i, j)
        return tuple(sorted(found))

    def _grid(self) -> list[int]:
        decades = max(np.log10(self.n), 0)
        spread = np.round(10 ** np.linspace(0, decades, int(BUDGETS_A_DECADE * decades) + 1)).astype(int)
        return sorted({*range(1, min(self.n, EVERY_BUDGET_TO) + 1), *(int(n) for n in spread), self.n})

    def _sign(self, n: int, i: int, j: int) -> int:
        acr = self.acr(n)
        difference = acr[i] - acr[j]
        return 0 if abs(difference) < 1e-14 * self.sigma else int(np.sign(difference))

    def _search(self, low: int, high: int, i: int, j: int) -> set[int]:
        before = self._sign(low, i, j)
        bottom, top = low, high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._sign(middle, i, j) in (before, 0) else (low, middle)
        near = range(max(bottom, high - _NEIGHBOURS), min(top, high + _NEIGHBOURS) + 1)
        signs = [(n, sign) for n in near if (sign := self._sign(n, i, j))]
        return {n for (_, s), (n, t) in pairwise(signs) if s != t}
