"""Ranks with intervals, and groups within error.

A rank is as uncertain as the differences behind it. If every pair's order is decided at once, with error probability
rho over all pairs, then a log's rank lies between one more than the number of logs surely above it and the number of
logs not surely below it, for all logs at once with probability 1 - rho (Mogstad, Romano, Shaikh & Wilhelm 2024). Ties
do no harm, which the plain bootstrap of a rank does not survive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rstheory._check import Float
from rstheory.statistics.resampling import PairedDifferences


@dataclass(frozen=True, eq=False)
class Ranking:
    """Ranks of some logs by one number, 1 for the largest.

    estimate: rank by the number itself; equal ones share the best.
    low, high: the best and the worst rank that the error leaves open, for all logs at once.
    above: whether log i is above log j beyond error, shape (logs, logs).
    """

    estimate: tuple[int, ...]
    low: tuple[int, ...]
    high: tuple[int, ...]
    above: NDArray[np.bool_]

    @property
    def top_group(self) -> tuple[int, ...]:
        """Logs that no other is above beyond error: the best one is among them with probability 1 - rho."""
        return tuple(i for i, best in enumerate(self.low) if best == 1)

    @property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """The top group; then the top group of the others, and so on.

        No two of one group differ beyond error. Each log of a later group is below some log of the group before, but
        perhaps not below all of them.
        """
        left = list(range(len(self.estimate)))
        groups = []
        while left:
            top = [j for j in left if not np.any(self.above[left, j])]
            groups.append(tuple(top))
            left = [j for j in left if j not in top]
        return tuple(groups)


def ranking(values: Sequence[float] | Float, above: NDArray[np.bool_]) -> Ranking:
    """Ranks of some values, and their intervals from what is above what beyond error.

    above[i, j]: whether i is above j, all entries right at once with probability 1 - rho. It must not contradict
    `values` (ValueError): nothing is above what has a larger value.

    >>> above = np.zeros((3, 3), dtype=bool)
    >>> above[0, 2] = above[1, 2] = True
    >>> found = ranking([0.75, 0.76, 0.57], above)
    >>> found.estimate, found.low, found.high, found.groups
    ((2, 1, 3), (1, 1, 3), (2, 2, 3), ((0, 1), (2,)))
    """
    value = np.asarray(values, dtype=np.float64)
    if np.any(above & ~(value[:, None] > value[None, :])):
        raise ValueError("above is not allowed: it puts a log above one with a larger value")
    estimate = 1 + (value[None, :] > value[:, None]).sum(axis=1)
    low = 1 + above.sum(axis=0)
    high = len(value) - above.sum(axis=1)
    return Ranking(tuple(estimate.tolist()), tuple(low.tolist()), tuple(high.tolist()), above)


def above_beyond_error(differences: PairedDifferences, logs: int) -> NDArray[np.bool_]:
    """Whether log i is above log j, at each point: shape (points, logs, logs), all right at once with 1 - rho."""
    above = np.zeros((differences.difference.shape[1], logs, logs), dtype=bool)
    above[:, differences.first, differences.second] = (differences.low > 0).T
    above[:, differences.second, differences.first] = (differences.high < 0).T
    return above
