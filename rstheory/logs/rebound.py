"""The same counts, another bound: what a log would say if it had been certified by that one (theory C1, C11, C12)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rstheory._words import plural
from rstheory.bounds import PLAIN, Evidence, named, uniform
from rstheory.logs import counts
from rstheory.logs.against_counts import rival_of
from rstheory.logs.finding import Finding
from rstheory.logs.schema import ABSTAINED

if TYPE_CHECKING:
    from rstheory.logs.log import CertificationLog


def rebound(log: CertificationLog, bound: str) -> CertificationLog:
    """A log with the radii that `bound` proves from the counts of this one, at the log's own level alpha.

    bound: "clopper-pearson", "randomized" (C11) or "two-class" (C12); see `rstheory.bounds`.

    What the log must hold: the count of the selected class in every row; for "randomized" the seed of the run, since U
    is a function of seed and idx, which nobody can choose afterwards; for "two-class", and for any row that abstained
    and now certifies something, the counts of every class. Logs of `rstheory certify` with a fixed N hold all of it.

    Guaranteed: per sample, the new radius is wrong with probability at most alpha, as the old one was, if this bound
    was chosen before the counts were seen. Whoever makes several and reports the best states the sum of their levels.
    With noise that is only nearly Gaussian see `Certify.level`.

    ValueError, saying what is missing, if a rule stopped the draws (their bound is the rule's), or if evidence is
    missing.

    >>> from rstheory import CertificationLog
    >>> log = CertificationLog.from_arrays(
    ...     label=[0, 1], predict=[-1, 1], radius=[0, 1.64], sigma=1.0, n=1000, counts=[[450, 250, 300], [20, 970, 10]],
    ...     count=[450, 970])
    >>> two = log.rebound("two-class")
    >>> two.predict.tolist(), two.radius.round(3).tolist(), two.bound
    ([0, 1], [0.064, 1.694], 'two-class')
    """
    radius_of = named(bound)
    if (rule := counts.rule_of(log)) is not None:
        raise ValueError(
            f"{log.path}: the rule {rule} stopped the draws of each sample, and its bound goes with it: other bounds"
            " are for a number of draws fixed beforehand"
        )
    _refuse_rows(log, log.count < 0, "does not tell how many draws gave the selected class")
    classes = log.counts
    if bound == "two-class":
        if classes is None:
            raise ValueError(f"{log.path} has no column counts: the two-class bound needs the counts of every class")
        _refuse_rows(log, classes[:, 0] < 0, "does not tell the counts of every class")
    if bound == "randomized" and log.origin.seed is None:
        raise ValueError(
            f"{log.path} does not tell one seed: the randomized bound needs uniform numbers that were fixed before the"
            " draws, and takes them from the seed of the run"
        )
    count = log.count.astype(np.int64)
    rival = (
        np.zeros_like(count) if classes is None or bound != "two-class" else rival_of(classes.astype(np.int64), count)
    )
    u = uniform(log.origin.seed, log.index) if bound == "randomized" and log.origin.seed is not None else 1.0
    n, alpha, sigma = (log.varying.get(name, getattr(log, name)) for name in ("n", "alpha", "sigma"))
    radius = radius_of(Evidence(count, rival, n, u), alpha, sigma)
    predict = log.predict.astype(np.int64)
    rises = (predict == ABSTAINED) & (radius > 0)
    if np.any(rises):
        if classes is None:
            raise ValueError(f"{log.path} has no column counts: it takes them to tell which class {_rows(log, rises)}")
        _refuse_rows(log, rises & (classes[:, 0] < 0), "does not tell the counts of every class")
        selected = classes == count[:, None]
        radius = np.where(rises & (selected.sum(axis=1) != 1), 0.0, radius)  # a class that leads is the only one
        predict[rises] = np.argmax(selected[rises], axis=1)
    predict = np.where(radius > 0, predict, ABSTAINED)
    origin = replace(log.origin, bound=None if bound == PLAIN else bound)
    kept = tuple(f for f in log.warnings if f.code not in ("other-bound", "rounded-radius"))
    message = f"radii of the {bound} bound, computed from the counts of {log.path}"
    found = [] if bound == PLAIN else [Finding("other-bound", log.samples, None, message)]
    return replace(
        log,
        radius=np.asarray(radius),
        half_unit=np.broadcast_to(0.0, radius.shape),
        predict=predict,
        correct=(predict == log.label) & (radius > 0),
        origin=origin,
        warnings=(*found, *kept),
    )


def _rows(log: CertificationLog, which: np.ndarray) -> str:
    rows = np.flatnonzero(which)
    return f"idx={log.index[rows[0]]} got ({plural(rows.size, 'row')} like it)"


def _refuse_rows(log: CertificationLog, missing: np.ndarray, what: str) -> None:
    rows = np.flatnonzero(missing)
    if rows.size:
        raise ValueError(f"{log.path}: the row of idx={log.index[rows[0]]} {what} ({plural(rows.size, 'row')} like it)")
