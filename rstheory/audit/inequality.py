"""How unequally a log's ACR is shared, and what the constant classifier needs to catch up with it (theory B2, C5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rstheory.logs.log import CertificationLog
from rstheory.statistics.inequality import gini, share_of_largest
from rstheory.trivial import Budget, budget_for_acr


@dataclass(frozen=True)
class Inequality:
    """Who a log's ACR comes from.

    easiest_tenth: share of ACR that the tenth of all images with the largest radii holds; 0.1 if all had one radius.
    easiest_half: the same of the easier half.
    gini: Gini coefficient of the radii over all images, those without a certificate included.
    classes: number of labels in the log. constant_share: share of its most frequent label.
    constant_budget: draws with which the classifier that always answers this label has a larger ACR, at the log's sigma
        and alpha; None if the ACR is 0.
    mean_probability, spread: mean and standard deviation over the images of the share of draws that gave the label;
        None where the log does not tell them, as counts of the predicted class alone do not: an image whose label lost
        has a p of its own below 1/2.
    """

    easiest_tenth: float
    easiest_half: float
    gini: float
    classes: int
    constant_share: float
    constant_budget: Budget | None
    mean_probability: float | None
    spread: float | None


def inequality(log: CertificationLog) -> Inequality:
    """Shares of the easiest images in a log's ACR, and the budget at which the constant classifier catches up.

    ValueError for a log without samples, or whose rows differ in sigma, n or alpha.

    >>> samples = dict(label=[0, 0, 1, 1], predict=[0, 0, 1, -1], sigma=0.5, n=1000)
    >>> found = inequality(CertificationLog.from_arrays(radius=[0.9, 0.1, 0.2, 0], **samples))
    >>> print(f"{found.easiest_half:.3f} {found.gini:.3f} {found.constant_budget.n}")
    0.917 0.583 57
    """
    log.check_one_setting()
    if not log.samples:
        raise ValueError(f"{log.path} has no samples, so no ACR")
    radius = np.maximum(log.radius, 0.0) * log.correct
    labels, times = np.unique(log.label, return_counts=True)
    share = float(times.max() / log.samples)
    acr = float(radius.mean())
    mean, spread = _moments(log)
    return Inequality(
        easiest_tenth=float(share_of_largest(radius, 0.1)),
        easiest_half=float(share_of_largest(radius, 0.5)),
        gini=gini(radius),
        classes=len(labels),
        constant_share=share,
        constant_budget=budget_for_acr(acr, log.alpha, log.sigma, share) if acr > 0 else None,
        mean_probability=mean,
        spread=spread,
    )


def _moments(log: CertificationLog) -> tuple[float | None, float | None]:
    try:
        p = log.label_counts / log.n
    except ValueError:
        return None, None
    return float(p.mean()), float(p.std())
