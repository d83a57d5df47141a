"""CERTIFY of Cohen, Rosenfeld and Kolter (ICML 2019, Figure 1) for any base classifier that NumPy can call, and what
follows from the counts that CERTIFY and PREDICT see.

Selection draws pick the class, fresh estimation draws count it, and the Clopper-Pearson bound on that count gives the
radius. The result keeps the counts, so that anyone can recompute it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest

from rstheory import _check
from rstheory.binomial import clopper_pearson_lower_sf
from rstheory.radius import certified_radius_sf

BaseClassifier = Callable[[NDArray[np.float64]], ArrayLike]


@dataclass(frozen=True)
class Certificate:
    """What one run of CERTIFY found for one input: the evidence and what follows from it.

    selected: class picked by the n0 selection draws. counts: how many of the n estimation draws gave each class.
    alpha: level. sigma: noise level.

    >>> certificate = Certificate(selected=1, counts=(10, 990), n=1000, n0=100, alpha=0.001, sigma=0.5)
    >>> certificate.abstained, f"{certificate.radius:.4f}"
    (False, '0.9890')
    """

    selected: int
    counts: tuple[int, ...]
    n: int
    n0: int
    alpha: float
    sigma: float

    def __post_init__(self) -> None:
        _check.counts(self.counts, self.n)
        if sum(self.counts) != self.n:
            raise ValueError(f"counts={self.counts} is not allowed: they must add up to n={self.n}")
        if not 0 <= _check.scalar_int("selected", self.selected) < len(self.counts):
            raise ValueError(
                f"selected={self.selected} is not allowed: it must be one of the classes 0..{len(self.counts) - 1}"
            )
        _check.budget("n0", self.n0)
        _check.level("alpha", self.alpha)
        _check.noise_level("sigma", self.sigma)

    @property
    def count(self) -> int:
        """How many of the n estimation draws gave the selected class."""
        return self.counts[self.selected]

    @property
    def failure_bound(self) -> float:
        """1 - L: upper bound on the probability of not drawing the selected class, at level alpha."""
        return float(clopper_pearson_lower_sf(self.count, self.n, self.alpha))

    @property
    def abstained(self) -> bool:
        """True if the count does not show a majority for the selected class: no prediction, no radius."""
        return self.failure_bound >= 0.5

    @property
    def radius(self) -> float:
        """Certified L2 radius, correct with probability at least 1 - alpha; 0 if abstained."""
        return float(certified_radius_sf(self.failure_bound, self.sigma))


@dataclass(frozen=True)
class Prediction:
    """What PREDICT finds for one input: which class leads, and whether by enough (Cohen et al. 2019, Proposition 2).

    counts: how many draws gave each class. alpha: level of the two-sided binomial test between the two leading classes.

    >>> Prediction((400, 600), alpha=0.001).leader, Prediction((490, 510), alpha=0.001).abstained
    (1, True)
    """

    counts: tuple[int, ...]
    alpha: float

    def __post_init__(self) -> None:
        _check.level("alpha", self.alpha)
        _check.counts(self.counts, _check.budget("n", sum(self.counts)))

    @property
    def leader(self) -> int:
        """The class with most draws; the first of them where several have as many."""
        return int(np.argmax(self.counts))

    @property
    def p_value(self) -> float:
        """Probability that two classes of equal probability would differ by as much, given their total."""
        first, second = sorted(self.counts, reverse=True)[:2] if len(self.counts) > 1 else (self.counts[0], 0)
        return float(binomtest(first, first + second, 0.5).pvalue)

    @property
    def abstained(self) -> bool:
        """True if the lead is not significant. Else it is wrong about g(x) with probability at most alpha."""
        return self.p_value > self.alpha


def certify(
    classifier: BaseClassifier,
    x: ArrayLike,
    *,
    classes: int,
    sigma: float,
    n: int,
    rng: np.random.Generator,
    n0: int = 100,
    alpha: float = 1e-3,
    batch: int = 10_000,
) -> Certificate:
    """Certify the smoothed classifier's prediction at one input x by n0 + n draws of Gaussian noise.

    classifier: maps a batch of inputs, shape (m, *x.shape), to m class labels in 0..classes-1. It must be a fixed
    function: one that changes from call to call is not what the theorem is about. x: one input, any shape. rng: source
    of the noise; the same generator state gives the same certificate. batch: inputs per call, for memory alone.

    >>> rng = np.random.default_rng(0)
    >>> brightness = lambda images: (images.mean(axis=1) > 0.5).astype(int)
    >>> certify(brightness, np.full(16, 0.7), classes=2, sigma=0.25, n=1000, rng=rng).radius > 0.5
    True
    """
    image = np.asarray(x, dtype=np.float64)
    if np.ma.is_masked(x) or not np.all(np.isfinite(image)):
        raise ValueError("x is not allowed: every entry must be finite, and none masked")
    _check.at_least(1, "classes", classes)
    _check.at_least(1, "batch", batch)
    draws_of = {name: _check.scalar_int(name, _check.budget(name, value)) for name, value in (("n0", n0), ("n", n))}
    noise_level = float(_check.noise_level("sigma", sigma))

    def count(draws: int) -> NDArray[np.int64]:
        counts = np.zeros(classes, dtype=np.int64)
        for start in range(0, draws, batch):
            size = min(batch, draws - start)
            noisy = image + noise_level * rng.standard_normal((size, *image.shape))
            counts += _votes(classifier(noisy), size, classes)
        return counts

    selected = int(np.argmax(count(draws_of["n0"])))
    counts = tuple(int(votes) for votes in count(draws_of["n"]))
    return Certificate(selected, counts, draws_of["n"], draws_of["n0"], alpha, noise_level)


def _votes(labels: Any, size: int, classes: int) -> NDArray[np.int64]:
    if np.ma.is_masked(labels):
        raise ValueError("classifier returned masked labels: every input needs a label")
    labels = np.asarray(labels)
    if labels.shape != (size,) or labels.dtype.kind not in "iu":
        raise ValueError(f"classifier must return {size} integer labels, got {labels.dtype} of shape {labels.shape}")
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(f"classifier returned a label outside 0..{classes - 1}: {labels.min()}..{labels.max()}")
    return np.bincount(labels, minlength=classes)
