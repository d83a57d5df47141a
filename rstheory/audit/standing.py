"""How the logs of a group stand to each other, and whether that depends on the budget or on the radius (C8, D3).

`intervals` tells which log is above which beyond error, at each budget and radius; here are the questions put to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rstheory.audit.budget_curves import BudgetCurves
from rstheory.audit.intervals import GroupIntervals, group_intervals
from rstheory.audit.samples import shared_samples
from rstheory.logs.log import CertificationLog
from rstheory.statistics.crossing import CrossingInterval
from rstheory.statistics.ranks import Ranking

RHO = 0.05  # probability that anything at all is called beyond error by chance: by ACR, over budgets, and over radii

_FEWEST = 2  # images: one tells nothing of its own error


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
    """How the logs of a group stand to each other, on the images that all of them hold.

    found: what is above what beyond error. Positions are those in the group.
    """

    found: GroupIntervals

    @property
    def order(self) -> tuple[int, ...]:
        """The logs by falling ACR."""
        acr = self.found.acr
        return tuple(sorted(range(len(acr)), key=lambda i: (-acr[i], i)))

    @property
    def tiers(self) -> tuple[tuple[int, ...], ...]:
        """The logs that no other is above beyond error; then those of the others, and so on; each by falling ACR."""
        return tuple(self._sorted(group) for group in self.found.by_acr.groups)

    def first(self, ranking: Ranking) -> tuple[int, ...]:
        """The log that leads by a ranking, then all others that no log is above beyond error."""
        top = self._sorted(ranking.top_group)
        leader = next(i for i in top if ranking.estimate[i] == 1)
        return (leader, *(i for i in top if i != leader))

    def changes(self, places: Sequence[float], rankings: Sequence[Ranking]) -> Changes:
        """How the order by the rankings at some places differs from that by ACR."""
        order, reversals, within = self.order, [], 0
        pairs = [(i, j) for k, i in enumerate(order) for j in order[k + 1 :]]
        for i, j in pairs:
            at = tuple(place for place, there in zip(places, rankings, strict=True) if there.above[j, i])
            if at and self.found.by_acr.above[i, j]:
                reversals.append(Reversal(i, j, at))
            elif any(there.estimate[j] < there.estimate[i] for there in rankings):
                within += 1
        return Changes(len(pairs), tuple(reversals), within)

    @property
    def crossing(self) -> CrossingInterval | None:
        """At which budget the log with the largest ACR overtakes the next one; None where no budget was looked at."""
        first, second, *_ = self.order
        return self.found.crossings.get((min(first, second), max(first, second)))

    def _sorted(self, logs: Sequence[int]) -> tuple[int, ...]:
        return tuple(i for i in self.order if i in logs)


def standing(
    logs: Sequence[CertificationLog], curves: BudgetCurves, budgets: Sequence[int], radii: Sequence[float]
) -> Standing | None:
    """Compare every pair of some logs of one sigma, N and alpha; None where they share fewer than two images.

    curves: budget curves that hold the logs. budgets, radii: where they are compared.
    """
    try:
        shared = shared_samples(logs)[0].samples
    except ValueError:  # none
        return None
    if shared < _FEWEST:
        return None
    return Standing(group_intervals(logs, curves, budgets=budgets, radii=radii, rho=RHO))
