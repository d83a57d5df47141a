"""What a finished certification run says in a few lines."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rstheory._words import plural
from rstheory.bounds import PLAIN
from rstheory.logs.log import CertificationLog


def summary(log: CertificationLog, level: float, radius: float | None = None) -> Iterator[str]:
    """Lines for a reader: what is certified, at which level, and what it cost.

    level: that holds with the noise as drawn. radius: the one that was asked about; default: all of them.
    """
    setting = f"at sigma={log.sigma:g}, N={log.n}, alpha={log.alpha:g}"
    if radius is None:
        yield f"ACR {log.acr:.4f} over {log.samples} samples, {setting}"
        yield f"  certified accuracy at radius 0 {log.clean_accuracy:.4f}, abstained {log.abstain_rate:.4f}"
    else:
        accuracy = float(log.certified_accuracy(radius))
        yield f"certified accuracy {accuracy:.4f} at radius {radius:g} over {log.samples} samples, {setting}"
    if log.draws is not None:
        yield from _stopped(log, radius)
    if log.bound != PLAIN:
        plain = log.rebound(PLAIN)
        yield f"  radii of the {log.bound} bound; Clopper and Pearson's would give ACR {plain.acr:.4f}"
    yield f"  level including the noise's error {level:.7g}"


def _stopped(log: CertificationLog, radius: float | None) -> Iterator[str]:
    assert log.draws is not None
    draws = log.draws.astype(np.int64)
    certified, at_cap = log.predict >= 0, draws == log.n
    wrong = int(np.sum(certified & ~log.correct))
    what = f"certified at radius {radius:g}" if radius is not None else "certified at some radius"
    yield (
        f"  {int(certified.sum())} {what} ({wrong} of them for another class than the label),"
        f" {int(np.sum(~certified & ~at_cap))} refuted early, {int(np.sum(~certified & at_cap))} undecided at N"
    )
    total, fixed = int(draws.sum()), log.n * log.samples
    yield (
        f"  {plural(total, 'draw')}, {total / max(log.samples, 1):,.0f} per image:"
        f" {fixed / max(total, 1):.1f} times fewer than N for every image"
    )
