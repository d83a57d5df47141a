"""Three radii that a fixed number of draws proves, from the same counts (theory C1, C11, C12).

Each function takes the evidence of some samples and returns their certified radii at level alpha, rounded down; 0 is an
abstention. Every one holds at level alpha if it was chosen before the counts were seen. Whoever computes several and
keeps the largest, sample by sample, has a higher level: at most the sum of theirs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rstheory import _check
from rstheory._check import Float
from rstheory.budget import max_radius, radius_from_count
from rstheory.radius import certified_radius_sf
from rstheory.randomized import randomized_lower_sf
from rstheory.two_class import runner_up_radius

PLAIN = "clopper-pearson"


@dataclass(frozen=True, eq=False)
class Evidence:
    """What n estimation draws showed of some samples; all fields broadcast.

    count: draws that gave the class that the selection draws picked.
    rival: the most draws that another class got.
    n: draws.
    u: uniform number of each sample, fixed before the draws; see `uniform`.
    """

    count: ArrayLike
    rival: ArrayLike
    n: ArrayLike
    u: ArrayLike


Radius = Callable[[Evidence, ArrayLike, ArrayLike], Float]  # (evidence, alpha, sigma) -> radii


def clopper_pearson(evidence: Evidence, alpha: ArrayLike, sigma: ArrayLike) -> Float:
    """Radius of Cohen et al. (2019): one Clopper-Pearson bound on the selected class (C1).

    >>> print(clopper_pearson(Evidence([4500, 990], [2500, 10], [10_000, 1000], 0.5), 0.001, 1.0).round(4))
    [0.    1.978]
    """
    return np.asarray(radius_from_count(evidence.count, evidence.n, alpha, sigma))


def randomized(evidence: Evidence, alpha: ArrayLike, sigma: ArrayLike) -> Float:
    """Radius from the randomized bound (C11): never below `clopper_pearson`'s.

    >>> print(randomized(Evidence([4500, 990], [2500, 10], [10_000, 1000], 0.5), 0.001, 1.0).round(4))
    [0.     1.9884]
    """
    lower_sf = randomized_lower_sf(evidence.count, evidence.n, alpha, evidence.u)
    plain = clopper_pearson(evidence, alpha, sigma)
    return np.asarray(np.maximum(certified_radius_sf(lower_sf, sigma), plain))


def two_class(evidence: Evidence, alpha: ArrayLike, sigma: ArrayLike) -> Float:
    """Radius from bounds on the selected class and on the strongest rival, at alpha/2 each (C12).

    It may be positive where the selected class has less than half of the draws, and is a little smaller than
    `clopper_pearson`'s where all other draws go to one rival.

    >>> print(two_class(Evidence([4500, 990], [2500, 10], [10_000, 1000], 0.5), 0.001, 1.0).round(4))
    [0.2312 1.9589]
    """
    return np.asarray(runner_up_radius(evidence.count, evidence.rival, evidence.n, alpha, sigma))


BOUNDS: Mapping[str, Radius] = {PLAIN: clopper_pearson, "randomized": randomized, "two-class": two_class}


def named(bound: str) -> Radius:
    """The radius of a bound by its name; ValueError for names that are not in `BOUNDS`."""
    if bound not in BOUNDS:
        raise ValueError(f"bound={bound!r} is not allowed: it must be {', '.join(list(BOUNDS)[:-1])} or two-class")
    return BOUNDS[bound]


def largest(bound: str, n: ArrayLike, alpha: ArrayLike, sigma: ArrayLike) -> Float:
    """The largest radius that n draws can certify by this bound.

    >>> print(f"{largest('randomized', 1000, 0.001, 1.0):.4f} {largest('clopper-pearson', 1000, 0.001, 1.0):.4f}")
    3.1976 2.4633
    """
    named(bound)
    if bound != "randomized":  # the two-class one is below Clopper and Pearson's at alpha/2 and thus at alpha
        return np.asarray(max_radius(n, alpha, sigma))
    return np.asarray(max_radius(n, np.maximum(0.5, alpha), sigma))  # u is taken as 2 alpha at least: L = 1/2^(1/n)


def uniform(seed: int, index: ArrayLike) -> Float:
    """The uniform number of each sample for the randomized bound: a function of the run's seed and the sample alone.

    seed: of the run, integer >= 0. index: number of each sample in its data set, integer >= 0. The first 53 bits of
    SHA-256 of both, so in [0, 1); no generator of the run's noise is asked, and every program can recompute it.

    >>> print(uniform(0, [0, 1, 2]).round(4))
    [0.8935 0.714  0.7525]
    """
    samples: NDArray[np.int64] = np.asarray(_check.integers("index", index))
    _check.refuse("index", samples, samples < 0, "it must not be negative")
    texts = [f"rstheory randomized bound {_check.at_least(0, 'seed', seed)} {i}".encode() for i in samples.ravel()]
    words = [int.from_bytes(hashlib.sha256(text).digest()[:8], "big") >> 11 for text in texts]
    return np.asarray(np.array(words, dtype=np.float64).reshape(samples.shape) * 2.0**-53)
