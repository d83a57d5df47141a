"""Two logs on the samples that both hold: differences with paired errors, and who leads at which radius."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rstheory._check import Float
from rstheory._words import plural
from rstheory.logs.finding import Finding
from rstheory.logs.log import CertificationLog
from rstheory.statistics.resampling import resampling_weights


def common_samples(a: CertificationLog, b: CertificationLog) -> tuple[CertificationLog, CertificationLog]:
    """Both logs cut to the samples that both hold (same index and label), in the order of the index."""
    if np.array_equal(a.index, b.index) and np.array_equal(a.label, b.label):
        return a, b
    _, rows_a, rows_b = np.intersect1d(a.index, b.index, return_indices=True)
    same = a.label[rows_a] == b.label[rows_b]
    return a.select(rows_a[same]), b.select(rows_b[same])


def lint_between(a: CertificationLog, b: CertificationLog) -> tuple[Finding, ...]:
    """What stands in the way of comparing two logs: other samples, another budget, another noise level.

    A sample is an index with a label: where two logs give one index different labels, they number different images, and
    these are no common samples. `rows` counts the samples that only one of the logs has.
    """
    findings = []
    common, in_a, in_b = np.intersect1d(a.index, b.index, return_indices=True)
    relabelled = int(np.sum(a.label[in_a] != b.label[in_b]))
    only_a, only_b = a.samples - len(common), b.samples - len(common)
    if only_a or only_b or relabelled:
        message = f"{plural(only_a, 'sample')} only in {a.path}, {plural(only_b, 'sample')} only in {b.path}"
        if relabelled:
            message += f", and {relabelled:,} of {plural(len(common), 'label')} differ at the same index: {_why(a, b)}"
        shared = len(common) - relabelled
        message += f": compare on the {shared:,} common ones" if shared else ": they have no sample in common"
        findings.append(Finding("different-samples", only_a + only_b + relabelled, None, message))
    if (a.n, a.alpha) != (b.n, b.alpha):
        message = f"certified with N={a.n:,}, alpha={a.alpha:g} and N={b.n:,}, alpha={b.alpha:g}: a larger budget alone"
        message += " gives larger radii, so bring both to one budget first"
        findings.append(Finding("different-budget", a.samples + b.samples, None, message))
    if a.sigma != b.sigma:
        message = f"certified at sigma={a.sigma:g} and sigma={b.sigma:g}: radii scale with sigma, and so does ACR"
        findings.append(Finding("different-sigma", a.samples + b.samples, None, message))
    return tuple(findings)


def _why(a: CertificationLog, b: CertificationLog) -> str:
    """Why labels at one index differ, as far as the labels tell."""
    same_labels = np.array_equal(np.sort(a.label), np.sort(b.label))
    return "the images are in another order" if same_labels else "they are other images, or in another order"


def bootstrap_intervals(differences: Sequence[Float], seed: int, level: float = 0.95) -> list[tuple[float, float]]:
    """Percentile bootstrap interval of the mean of each of some paired differences, over RESAMPLES resamples.

    differences: of the same number of samples each; all are resampled at once.
    """
    if not differences:
        return []
    samples = len(differences[0])
    means = resampling_weights(samples, seed) @ np.stack(differences, axis=1) / samples
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return list(zip(low.tolist(), high.tolist(), strict=True))


@dataclass(frozen=True, eq=False)
class Lead:
    """Certified accuracy of one log above that of another on the same samples, at some radii.

    radius: ascending. lead: difference of the shares. standard_error: of the lead, paired, over the samples.
    """

    radius: Float
    lead: Float
    standard_error: Float


def lead(a: CertificationLog, b: CertificationLog, radius: Float | None = None) -> Lead:
    """Certified accuracy of a minus that of b, which hold the same samples in the same order (D3).

    radius: where; default: every radius at which one of the two curves steps.
    """
    reach_a, reach_b = (np.where(log.correct, log.radius, -1.0) for log in (a, b))
    at = np.unique(np.concatenate([a.radius[a.correct], b.radius[b.correct]])) if radius is None else radius
    samples = max(a.samples, 1)
    # A sample is certified by a alone at radii from just above the reach of b to that of a, and the other way round.
    by_a, by_b = reach_a > reach_b, reach_b > reach_a
    only_a = _at_least(reach_a[by_a], at) - _at_least(reach_b[by_a], at)
    only_b = _at_least(reach_b[by_b], at) - _at_least(reach_a[by_b], at)
    difference = (only_a - only_b) / samples
    variance = np.maximum((only_a + only_b) / samples - difference**2, 0)
    return Lead(at, difference, np.sqrt(variance / samples))


def _at_least(values: Float, radius: Float) -> Float:
    return np.asarray(len(values) - np.searchsorted(np.sort(values), radius), dtype=np.float64)
