"""How many certificates of a test set may be false, and what to certify so that few or none are.

Each certificate is false with probability at most alpha, given the images. That is a statement on one image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rstheory import _check
from rstheory.radius import certified_radius_inverse_sf
from rstheory.statistics.multiple import adjusted, share_of


@dataclass(frozen=True)
class FalseCertificates:
    """What is known of the number of false ones among certificates at level alpha each.

    images: certificates that might have been issued: all images, the abstentions too.
    alpha: level of each.
    expected: no more than this on average, however the noise of the images depends on each other.
    at_most: no more than this with probability 1 - rho, the noise of the images being independent.
    union_level: level for each at which none is false with probability 1 - rho.
    rho: error of the last two.
    """

    images: int
    alpha: float
    expected: float
    at_most: int
    union_level: float
    rho: float


def false_certificates(images: int, alpha: float = 1e-3, rho: float = 0.05) -> FalseCertificates:
    """How many of some images' certificates may be false.

    Given the images, the number of false ones is stochastically at most Bin(images, alpha) (D4). The union level is
    Šidák's, for independent noise.

    >>> found = false_certificates(10_000)
    >>> print(f"{found.expected:g} {found.at_most} {found.union_level:.3g}")
    10 15 5.13e-06
    """
    from scipy.stats import binom

    number = _check.at_least(1, "images", images)
    level, error = float(_check.level("alpha", alpha)), float(_check.level("rho", rho))
    most = int(binom.ppf(1 - error, number, level))
    return FalseCertificates(number, level, number * level, most, share_of(error, number, independent=True), error)


def certified_together(
    count: ArrayLike,
    n: int,
    radius: float,
    sigma: float = 1.0,
    rho: float = 0.05,
    control: Literal["holm", "bh", "by"] = "bh",
) -> NDArray[np.bool_]:
    """Which images are certified at one radius when the error of all certificates together is controlled.

    Per image, "p <= Phi(radius / sigma)" is tested by the exact binomial tail of its count, and the p-values are
    adjusted for their number: see `adjusted`. "holm": no certificate is false, with probability 1 - rho. "bh": of the
    certificates issued, a share of at most rho is false on average, the noise of the images being independent.

    count: estimation draws that gave the predicted class, of each image; 0 for images that are to stay uncertified
    (they are tested all the same: whether the class is the label was not known before). n: draws. radius: >= 0.

    >>> certified_together([1000, 990, 700, 520], 1000, 0.25, sigma=0.5)
    array([ True,  True, False, False])
    """
    from scipy.stats import binom

    k, _ = _check.counts(count, n)
    at = _check.non_negative("radius", radius)
    tail = float(np.asarray(certified_radius_inverse_sf(at, sigma)))
    # P(K >= k) at p = 1 - tail is the probability of at most n - k failures.
    p = binom.cdf(n - k, n, tail)
    certified: NDArray[np.bool_] = adjusted(np.clip(p, 0.0, 1.0), control) <= float(_check.level("rho", rho))
    return certified
