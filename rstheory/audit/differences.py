"""Every difference between some logs, with p-values for its being one of many; and whole curves of two logs tested.

Two kinds of control over all pairs, radii and budgets of a table: Holm's, under which no difference called real is
chance, with probability 1 - rho; and the false-discovery rate, under which at most a share rho of them is, on average.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from rstheory._check import Float
from rstheory.audit.budget_curves import BudgetCurves
from rstheory.audit.samples import ExpectedRadii, certified_alone, require_alike, shared_samples
from rstheory.logs.log import CertificationLog
from rstheory.statistics.multiple import adjusted, mcnemar, sign_flip_test
from rstheory.statistics.resampling import PairedDifferences, paired_differences, resampled_means

if TYPE_CHECKING:
    import pandas as pd

_POINTS = 100  # radii at which two curves are compared


@dataclass(frozen=True, eq=False)
class Differences:
    """Differences a - b of every pair of some logs, on the images that all of them hold. One entry per row.

    a, b: numbers of the logs.
    by: "ACR" or "certified accuracy".
    at: budget or radius.
    difference: a minus b; ACR, or share of the images.
    standard_error: paired, over the images.
    p: two-sided, of this row alone. ACR: by the normal law of a mean of many images. Certified accuracy: McNemar's
        exact test.
    """

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    by: tuple[str, ...]
    at: Float
    difference: Float
    standard_error: Float
    p: Float

    @property
    def p_family(self) -> Float:
        """Corrected by Holm: rows at most rho are all real with probability 1 - rho, however rows depend."""
        return adjusted(self.p, "holm")

    @property
    def p_discovery(self) -> Float:
        """Corrected by Benjamini and Yekutieli: of the rows at most rho, at most a share rho is chance, on average."""
        return adjusted(self.p, "by")

    @property
    def p_discovery_positive(self) -> Float:
        """Corrected by Benjamini and Hochberg: as `p_discovery`, if rows depend positively. Rows with a common log at
        neighbouring budgets do; a - b and b - c do not."""
        return adjusted(self.p, "bh")

    def to_frame(self) -> pd.DataFrame:
        """One row per pair and place, with the p-values."""
        import pandas as pd

        names = ("a", "b", "by", "at", "difference", "standard_error", "p", "p_family", "p_discovery",
                 "p_discovery_positive")  # fmt: skip
        return pd.DataFrame({name: getattr(self, name) for name in names})


def differences(
    logs: Sequence[CertificationLog],
    curves: BudgetCurves | None = None,
    *,
    budgets: Sequence[int] = (),
    radii: Sequence[float] = (),
) -> Differences:
    """Every pair of logs at every budget and radius, tested as one family.

    logs: two or more, of one sigma, n and alpha. curves: budget curves that hold them; default: made here.
    budgets: for expected ACR, up to the logs' own; there it is the ACR as certified. radii: for certified accuracy.

    The p-values are about the population behind the images, for these runs: not about another training run.
    """
    require_alike(logs, budgets)
    if not budgets and not radii:
        raise ValueError("budgets and radii are both empty: there is nothing to compare at")
    possible = [log.possible() if np.any(log.impossible) else log for log in logs]
    cut, n = shared_samples(possible), logs[0].n
    known = BudgetCurves(logs) if curves is None and any(m < n for m in budgets) else curves
    first, second = np.array(list(combinations(range(len(logs)), 2))).T
    columns: list[tuple[str, float, Float, Float, Float]] = []
    sources = None if known is None else [ExpectedRadii(log, known) for log in cut]
    for m in budgets:
        if m == n or known is None or sources is None:
            values = [log.radius * log.correct for log in cut]
        else:
            mean = known.mean_radius(m)
            values = [source.at(mean) for source in sources]
        gained = np.stack([values[i] - values[j] for i, j in zip(first, second, strict=True)])
        error = gained.std(axis=1, ddof=1) / np.sqrt(gained.shape[1])
        gap = gained.mean(axis=1)
        score = np.divide(np.abs(gap), error, out=np.zeros(len(gap)), where=error > 0)
        columns.append(("ACR", float(m), gap, error, 2 * ndtr(-score)))
    if radii:
        number, only = certified_alone(cut, radii)
        images = cut[0].samples
        for r, each, alone in zip(radii, number, only, strict=True):
            a, b = alone[first, second], alone[second, first]
            gap = (each[first] - each[second]) / images
            error = np.sqrt(np.maximum((a + b) / images - gap**2, 0.0) / images)
            columns.append(("certified accuracy", float(r), gap, error, mcnemar(a, b)))
    return Differences(
        a=np.tile(first, len(columns)),
        b=np.tile(second, len(columns)),
        by=tuple(column[0] for column in columns for _ in first),
        at=np.repeat([column[1] for column in columns], len(first)),
        difference=np.concatenate([column[2] for column in columns]),
        standard_error=np.concatenate([column[3] for column in columns]),
        p=np.concatenate([column[4] for column in columns]),
    )


@dataclass(frozen=True, eq=False)
class CurveTest:
    """Two certified-accuracy curves on the same images, tested as a whole.

    p: of "it is a fair coin, on every image, which of the two certified what" (`sign_flip_test`): exact.
    radius: where the curves are compared.
    difference: a minus b.
    low, high: band around it that holds at all these radii at once with probability 1 - rho, for the population behind
        many images.
    """

    p: float
    radius: Float
    difference: Float
    low: Float
    high: Float

    @property
    def a_above(self) -> Float:
        """Radii at which a is above b beyond error."""
        return self.radius[self.low > 0]

    @property
    def b_above(self) -> Float:
        """Radii at which b is above a beyond error. If `a_above` is not empty either, the curves cross."""
        return self.radius[self.high < 0]


def curve_test(
    a: CertificationLog, b: CertificationLog, *, rho: float = 0.05, flips: int = 999, seed: int = 0
) -> CurveTest:
    """Are two certified-accuracy curves the same, and if not, where do they differ?

    a, b: logs of one sigma, n and alpha; compared on the images that both hold. Radii: those at which a curve steps,
    or POINTS quantiles of them. flips: of signs. seed: of flips and resampling.
    """
    require_alike((a, b))
    pair = shared_samples([log.possible() if np.any(log.impossible) else log for log in (a, b)])
    reach = np.stack([np.where(log.correct, log.radius, -1.0) for log in pair])
    steps = np.unique(reach[reach > 0])
    if len(steps) > _POINTS:
        steps = np.unique(np.quantile(reach[reach > 0], np.linspace(0, 1, _POINTS), method="nearest"))
    if not len(steps):
        return CurveTest(1.0, *(np.zeros(0) for _ in range(4)))
    certified = (reach[:, :, None] >= steps).astype(np.float64)
    found: PairedDifferences = paired_differences(resampled_means(certified.transpose(1, 0, 2), seed), rho)
    p = sign_flip_test(certified[0] - certified[1], flips, seed)
    return CurveTest(p, steps, found.difference[0], found.low[0], found.high[0])
