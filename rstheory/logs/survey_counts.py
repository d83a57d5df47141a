"""What a certification log says of how often each image's label was drawn: the evidence of a survey (theory H)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rstheory import transport
from rstheory.budget import min_certifiable_count
from rstheory.logs.schema import ABSTAINED

if TYPE_CHECKING:
    from rstheory.logs.log import CertificationLog
    from rstheory.mixture import LabelCounts

# Draws of a log up to which counts are recovered from radii, by a table of every radius of the budget.
LARGEST_RECOVERED = 10**7
_LEVELS = 40  # of upper ends of ranges: more would cost time and tell next to nothing


def survey_counts(log: CertificationLog) -> LabelCounts:
    """Counts of the label of every image of a log, known or known to lie in a range.

    A log with the counts of every class tells them all, also one whose draws a rule stopped: the likelihood of p is the
    same then. In any other log a correct row tells its count, in a column or by its radius (the count whose radius is
    nearest). An abstained row tells that the label has fewer draws than any count that certifies: the class that was
    counted is taken for the label. A wrong row tells that the label has no more than the draws that the predicted class
    left.

    ValueError where sigma, n or alpha differ between the rows, where the log has no rows, where a row without counts
    was stopped by a rule or has a radius of another bound than Clopper and Pearson's, and where counts would have to be
    recovered from more than 10^7 draws.

    >>> from rstheory import CertificationLog
    >>> log = CertificationLog.from_arrays(label=[3, 8], predict=[3, -1], radius=[1.1, 0], sigma=0.5, n=1000)
    >>> counts = survey_counts(log)
    >>> counts.low.tolist(), counts.high.tolist()
    ([996, 0], [996, 549])
    """
    from rstheory.mixture import LabelCounts  # SciPy's solvers, which `import rstheory` need not wait for

    log.check_one_setting()
    if not log.samples:
        raise ValueError(f"{log.path} has no rows: there is nothing to survey")
    n = log.n
    low, high = np.zeros(log.samples, dtype=np.int64), np.full(log.samples, n, dtype=np.int64)
    told, known = _told(log)
    low[told] = high[told] = known[told]
    if np.all(told):
        return LabelCounts(low, high, n if log.draws is None else log.draws)
    log.check_fixed_budget()
    high[(log.predict == ABSTAINED) & ~told] = max(min(int(min_certifiable_count(n, log.alpha)) - 1, n), 0)
    answered = np.flatnonzero((log.predict != ABSTAINED) & ~told)
    if answered.size:
        if n > LARGEST_RECOVERED and np.any(log.count[answered] < 0):
            most = f"{LARGEST_RECOVERED:,}"
            raise ValueError(f"{log.path}: counts are recovered from radii of up to {most} draws, not {n:,}")
        rows = log.possible().select(answered)
        found = transport.recover_counts(rows.radius, rows.half_unit, rows.count, n, log.alpha, log.sigma)
        right, wrong = answered[rows.correct], answered[~rows.correct]
        low[right] = high[right] = found.nearest[rows.correct]
        high[wrong] = _coarse(n - found.low[~rows.correct], n)
    return LabelCounts(low, high, n)


def _told(log: CertificationLog) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which rows tell the label's count among those of every class, and these."""
    if log.counts is None:
        return np.zeros(log.samples, dtype=bool), np.zeros(log.samples, dtype=np.int64)
    label = log.label.astype(np.int64)
    told = (log.counts[:, 0] >= 0) & (label >= 0) & (label < log.counts.shape[1])
    of_label = log.counts[np.arange(log.samples), np.where(told, label, 0)]
    return told, np.where(told, of_label, 0).astype(np.int64)


def _coarse(high: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Upper ends of ranges, raised to one of a few levels, so that few kinds of evidence are left."""
    even = np.ceil(n * np.sin(np.linspace(0, np.pi / 2, _LEVELS)) ** 2).astype(np.int64).clip(0, n)
    levels = np.union1d(even, n // 2)
    return levels[np.searchsorted(levels, high)]
