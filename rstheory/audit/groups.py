"""Which logs can be compared: those of one noise level, budget and level on the same data set; and their ranks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rstheory._words import group_labels
from rstheory.logs.log import CertificationLog

_RADIUS_STEP, _MOST_RADII = 0.25, 1024


def grouped(logs: Sequence[CertificationLog]) -> list[tuple[int, ...]]:
    """Numbers of the logs of each group, groups by ascending sigma, N and alpha.

    Logs on other images, or on other samples without any in common, are in different groups, and so is each log whose
    rows have settings of their own, or that a stopping rule or another bound than Clopper and Pearson's made.
    """
    groups: list[tuple[list[int], list[CertificationLog]]] = []  # members, and one log for each set of samples
    for i, log in enumerate(logs):
        for members, kinds in groups:
            if setting(log) != setting(logs[members[0]]) or not (log.fixed_budget and logs[members[0]].fixed_budget):
                continue
            alike = any(_same_samples(log, other) for other in kinds)
            if alike or all(_same_data(log, other) for other in kinds):
                members.append(i)
                kinds += [] if alike else [log]
                break
        else:
            groups.append(([i], [log]))
    return sorted((tuple(members) for members, _ in groups), key=lambda group: (*setting(logs[group[0]]), group))


def setting(log: CertificationLog) -> tuple[float, int, float, str, str]:
    """Noise level, budget and level of a log, its stopping rule ("" for none) and its bound."""
    return log.sigma, log.n, log.alpha, log.rule or "", log.bound


def _same_samples(a: CertificationLog, b: CertificationLog) -> bool:
    return np.array_equal(a.index, b.index) and np.array_equal(a.label, b.label)


def _same_data(a: CertificationLog, b: CertificationLog) -> bool:
    """Whether two logs share samples and mostly agree on their labels: else they number different images."""
    common, rows_a, rows_b = np.intersect1d(a.index, b.index, return_indices=True)
    return bool(len(common)) and 2 * int(np.sum(a.label[rows_a] == b.label[rows_b])) > len(common)


def labels(logs: Sequence[CertificationLog], groups: Sequence[tuple[int, ...]]) -> list[str]:
    """A label for each group: "" where no other has the same sigma, N and alpha."""
    texts = [""] * len(groups)
    settings = [setting(logs[group[0]]) for group in groups]
    for shared in dict.fromkeys(settings):
        alike = [g for g, other in enumerate(settings) if other == shared]
        if len(alike) > 1:
            named = group_labels([[logs[i].path for i in groups[g]] for g in alike])
            for g, label in zip(alike, named, strict=True):
                texts[g] = label
    return texts


def ranks(values: Sequence[float]) -> tuple[int, ...]:
    """Rank of each value, 1 for the largest; equal values share the best of their ranks.

    >>> ranks([0.5, 0.7, 0.5])
    (2, 1, 2)
    """
    return tuple(1 + sum(other > value for other in values) for value in values)


def radius_grid(log: CertificationLog) -> tuple[float, ...]:
    """0, 0.25, 0.5, ... up to the largest radius that the log's budget can certify, in wider steps for large sigma."""
    largest = log.max_radius
    step = _RADIUS_STEP
    while largest / step >= _MOST_RADII:
        step *= 2
    return tuple(step * i for i in range(int(largest / step) + 1))
