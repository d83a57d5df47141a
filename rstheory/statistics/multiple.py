"""Many tests at once: what each p-value is worth when all pairs, radii and budgets are looked at."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rstheory import _check
from rstheory._check import Float


def mcnemar(only_a: ArrayLike, only_b: ArrayLike) -> Float:
    """Exact two-sided p-value of McNemar's test: are a and b certified equally often? (McNemar 1947, exact form)

    only_a, only_b: how many images a alone and b alone certify. If the two are certified equally often in the
    population, each of these images is a's with probability 1/2. The images must be independent of each other; nothing
    is asked of their number.

    >>> print(f"{mcnemar(3, 12):.4f}")
    0.0352
    """
    from scipy.stats import binom  # `import rstheory` need not wait for it

    a, b = np.broadcast_arrays(_check.integers("only_a", only_a), _check.integers("only_b", only_b))
    for name, value in (("only_a", a), ("only_b", b)):
        _check.refuse(name, value, np.asarray(value < 0), "a number of images cannot be negative")
    p: Float = np.minimum(2 * binom.cdf(np.minimum(a, b), a + b, 0.5), 1.0)
    return p


def adjusted(p: ArrayLike, method: Literal["holm", "bh", "by"]) -> Float:
    """p-values adjusted for their number: reject those at most rho.

    p: any shape. method: "holm" keeps the probability of any false rejection below rho, however the tests depend on
    each other (Holm 1979); "bh" the expected share of false ones among the rejected, for independent or positively
    dependent tests (Benjamini & Hochberg 1995); "by" the same for any dependence (Benjamini & Yekutieli 2001).

    >>> adjusted([0.01, 0.04, 0.03], "holm")
    array([0.03, 0.06, 0.06])
    """
    values = _check.probability("p", p)
    if not values.size:
        return values
    if method != "holm":
        from scipy.stats import false_discovery_control

        return np.asarray(false_discovery_control(values, axis=None, method=method)).reshape(values.shape)
    flat = values.ravel()
    order = np.argsort(flat, kind="stable")
    steps = np.maximum.accumulate(flat[order] * np.arange(len(flat), 0, -1))
    result = np.empty_like(flat)
    result[order] = np.minimum(steps, 1.0)
    return result.reshape(values.shape)


def share_of(rho: float, parts: int, *, independent: bool) -> float:
    """Error level of each of some statements so that all hold at once with probability 1 - rho.

    independent: whether their errors are independent of each other: Šidák's level 1 - (1 - rho)^(1/parts); else
    Bonferroni's rho / parts, which is hardly smaller.

    >>> print(f"{share_of(0.05, 10, independent=True):.6f} {share_of(0.05, 10, independent=False):.6f}")
    0.005116 0.005000
    """
    _check.level("rho", rho)
    _check.at_least(1, "parts", parts)
    return float(-np.expm1(np.log1p(-rho) / parts)) if independent else rho / parts


def sign_flip_test(contributions: NDArray[np.integer] | Float, flips: int = 999, seed: int = 0) -> float:
    """p-value of "the two curves differ nowhere": the largest standardised difference, against signs flipped at random.

    contributions: what each image adds to curve a minus curve b at each point, shape (images, points). If a and b are
    exchangeable on every image (which of the two certified what is a fair coin), flipping the sign of an image's row
    changes nothing in law, so the p-value is exact for any number of images (Fisher 1935). Equal curves of logs that
    are not exchangeable are not covered; `paired_differences` is, for many images.
    flips: random flips. seed: of them.
    """
    _check.at_least(1, "flips", flips)
    values = np.asarray(contributions, dtype=np.float64)
    if values.ndim != 2:
        raise ValueError(f"contributions have shape {values.shape}, not (images, points)")
    values = values[np.any(values != 0, axis=1)]
    scale = np.sqrt((values**2).sum(axis=0))
    values = values[:, scale > 0] / scale[scale > 0]
    if not values.size:
        return 1.0
    observed = np.abs(values.sum(axis=0)).max()
    rng = np.random.default_rng(seed)
    signs = rng.integers(0, 2, (flips, len(values)), dtype=np.int8) * 2.0 - 1.0
    as_large = np.abs(signs @ values).max(axis=1) >= observed - 1e-9  # sums in another order are equal sums
    return float((1 + as_large.sum()) / (1 + flips))
