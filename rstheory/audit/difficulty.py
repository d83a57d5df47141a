"""Where an ACR difference comes from: from samples that are hard for the other log, or easy (theory D5)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rstheory._check import Float
from rstheory.logs.log import CertificationLog
from rstheory.radius import certified_radius_inverse_sf

# Difficulty bins, by the reference log's bound on p: upper ends.
DIFFICULTY = ("not certified", "0.5-0.9", "0.9-0.99", "0.99-0.999", "0.999-1")
_EDGES = (0.1, 0.01, 0.001)  # tails between the bins


def attribution(a: CertificationLog, b: CertificationLog) -> dict[str, float]:
    """ACR difference a - b split by the difficulty of the samples for b: the parts add up to it (D5).

    b judges, and is partial: samples that it does not certify can only add to the difference, and those at its largest
    radius only take from it, even where a is b's own method trained once more (regression to the mean). So a large part
    from hard samples is no proof that a was made for them; compare `attribution(b, a)`, its sign turned.
    """
    parts = _contributions(a, b).sum(axis=1) / a.samples
    return {name: float(part) for name, part in zip(DIFFICULTY, parts, strict=True)}


def attribution_errors(a: CertificationLog, b: CertificationLog) -> dict[str, float]:
    """Standard error of each part of `attribution`, over the samples; NaN for one sample.

    A part is a mean over all samples, to which those of other difficulties add 0, so its error is that of a mean.
    """
    parts = _contributions(a, b)
    errors = parts.std(axis=1, ddof=1) / np.sqrt(a.samples) if a.samples > 1 else np.full(len(parts), np.nan)
    return {name: float(error) for name, error in zip(DIFFICULTY, errors, strict=True)}


def difficulties(log: CertificationLog) -> NDArray[np.int64]:
    """How hard each sample is for a log: its place in `DIFFICULTY`, shape (samples,)."""
    tail = np.where(log.correct & (log.radius > 0), certified_radius_inverse_sf(log.radius, log.sigma), 1.0)
    return np.where(tail >= 0.5, 0, 1 + np.searchsorted(-np.array(_EDGES), -tail, side="left"))


def _contributions(a: CertificationLog, b: CertificationLog) -> Float:
    """Difference of the radii of each sample, in the row of its difficulty for b; 0 in the other rows."""
    difference = a.radius * a.correct - b.radius * b.correct
    return np.where(difficulties(b) == np.arange(len(DIFFICULTY))[:, None], difference, 0.0)
