"""The two-class radius sigma/2 (Phi^-1(L_A) - Phi^-1(max U_B)) from counts of all classes (theory C12).

Cohen, Rosenfeld and Kolter (2019), Theorem 1, with upper bounds on the rival classes instead of 1 - L_A. It may be
positive where p_A < 1/2. The levels of all bounds sum to alpha; rivals that share a bucket share one bound. Which class
is the first and which rivals share a bucket is chosen from the selection draws, never from the draws that are counted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from rstheory import _check
from rstheory._check import Float, Values
from rstheory.binomial import clopper_pearson_lower_sf, clopper_pearson_upper

_ROUNDING = 8 * np.finfo(float).eps  # as in `radius`


def rival_buckets(selection: ArrayLike, first: ArrayLike, buckets: int = 2) -> NDArray[np.int64]:
    """Bucket of each class: the rivals that lead among the selection draws get one each, all others share the last.

    selection: counts of the selection draws, integers of shape (..., classes). first: the class that was selected, of
    shape (...). buckets: how many, >= 1. Returns integers of the shape of `selection`: 0 for the strongest rival, then
    1, ... up to buckets - 1; -1 for the first class itself. Among equal counts the smaller index comes first.

    >>> rival_buckets([70, 20, 4, 6], first=0)
    array([-1,  0,  1,  1])
    """
    counts, chosen = _class_counts("selection", selection), _check.integers("first", first)
    number = _check.at_least(1, "buckets", buckets)
    is_first = _mark(counts, chosen)
    order = np.argsort(np.where(is_first, -1, counts) * -1, axis=-1, kind="stable")
    ranks = np.argsort(order, axis=-1, kind="stable")
    return np.where(is_first, -1, np.minimum(ranks, number - 1))


def two_class_radius(
    counts: ArrayLike, first: ArrayLike, buckets: ArrayLike, alpha: float = 1e-3, sigma: float = 1.0
) -> Values:
    """Certified radius of class `first` from the counts of all classes, rounded down; 0 is abstention (C12).

    counts: estimation draws per class, integers of shape (..., classes). first: class selected, shape (...).
    buckets: bucket of each class, as `rival_buckets` returns them, of the shape of `counts`.
    alpha: level, split evenly over the bound on the first class and those on the buckets. sigma: noise level.

    Guaranteed with probability at least 1 - alpha if `first` and `buckets` do not depend on these draws. It is not
    always above the radius from L_A alone at level alpha: which of the two is used must be settled beforehand.

    >>> print(f"{two_class_radius([4500, 2500, 2000, 1000], 0, [-1, 0, 1, 1]):.4f}")
    0.1554
    """
    drawn, chosen = _class_counts("counts", counts), _check.integers("first", first)
    groups = _check.integers("buckets", buckets)
    drawn, groups = np.broadcast_arrays(drawn, groups)
    is_first = _mark(drawn, chosen)
    _check.refuse("buckets", groups, (groups < 0) & ~is_first, "every rival class must be in a bucket 0, 1, ...")
    level, noise = float(_check.level("alpha", alpha)), float(_check.positive("sigma", sigma))
    names = np.unique(groups[~is_first])
    level /= 1 + len(names)
    total = drawn.sum(axis=-1)
    mine = np.where(is_first, drawn, 0).sum(axis=-1)
    lead = -ndtri(np.asarray(clopper_pearson_lower_sf(mine, total, level)))
    rivals = [np.where((groups == name) & ~is_first, drawn, 0).sum(axis=-1) for name in names]
    strongest = np.max([ndtri(np.asarray(clopper_pearson_upper(rival, total, level))) for rival in rivals], axis=0)
    return _margin(lead, strongest, noise)


def runner_up_radius(
    count: ArrayLike, rival: ArrayLike, n: ArrayLike, alpha: ArrayLike = 1e-3, sigma: ArrayLike = 1.0
) -> Values:
    """Certified radius from the count of the selected class and the largest count of any other, at alpha/2 each (C12).

    count: draws that gave the class that other draws selected. rival: the most that any other class got, at most
    n - count. n: draws. alpha: level. sigma: noise level. All broadcast. Rounded down; 0 is abstention.

    Guaranteed with probability at least 1 - alpha. No share of alpha is paid for picking the rival from these draws:
    the strongest rival is one fixed class, its own bound errs with probability at most alpha/2, and the bound of the
    largest count is at least its own (`proofs/coq/C12.v`). The selected class must not be picked from these draws.

    >>> print(f"{runner_up_radius(4500, 2500, 10_000):.4f}")
    0.2312
    """
    mine, other, total = np.broadcast_arrays(
        _check.integers("count", count), _check.integers("rival", rival), _check.budget("n", n)
    )
    _check.refuse("count", mine, (mine < 0) | (mine > total), "a count must lie in [0, n]")
    _check.refuse("rival", other, (other < 0) | (other > total - mine), "it must lie in [0, n - count]")
    half = _check.level("alpha", alpha) / 2
    lead = -ndtri(np.asarray(clopper_pearson_lower_sf(mine, total, half)))
    against = ndtri(np.asarray(clopper_pearson_upper(other, total, half)))
    return _margin(lead, against, _check.positive("sigma", sigma))


def _margin(lead: Float, strongest: Float, noise: float | Float) -> Values:
    """Radius from the normal quantiles of both bounds, rounded down."""
    against = np.minimum(strongest, -lead)  # no rival has more than 1 - p_A
    with np.errstate(invalid="ignore"):  # both infinite where there was no success at all
        radius = 0.5 * noise * (lead - against - _ROUNDING * (np.abs(lead) + np.abs(against)))
    return np.where(np.isfinite(lead), np.maximum(radius, 0.0), 0.0)[()]


def _class_counts(name: str, value: ArrayLike) -> NDArray[Any]:
    counts = _check.integers(name, value)
    if counts.ndim == 0 or counts.shape[-1] < 2:
        raise ValueError(f"{name} has shape {counts.shape}: the last axis must hold one count per class, two at least")
    _check.refuse(name, counts, counts < 0, "a count must not be negative")
    return counts


def _mark(counts: NDArray[Any], first: NDArray[Any]) -> NDArray[np.bool_]:
    """Where the last axis is the first class."""
    classes = counts.shape[-1]
    _check.refuse("first", first, (first < 0) | (first >= classes), f"it must be a class in 0..{classes - 1}")
    return np.asarray(np.broadcast_to(np.arange(classes) == first[..., None], counts.shape))
