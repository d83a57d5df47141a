"""What a log's procedure proves, where its columns and counts show that it is less than the level it states.

A certificate at level alpha may be wrong with probability alpha at most: that is what a Clopper-Pearson bound gives for
one class and one noise level, both chosen without the draws that are counted. Other procedures prove a multiple of
alpha, and a log can show that one was used. Each finding carries that multiple as `factor`; `level_proved` is the level
that is left. Silence proves nothing: most faults leave no trace in a log.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc, ndtri

from rstheory._check import Float
from rstheory._words import plural
from rstheory.binomial import clopper_pearson_lower_sf, clopper_pearson_upper
from rstheory.logs.cells import Flags, Integers
from rstheory.logs.finding import Finding
from rstheory.logs.parse import Rows
from rstheory.logs.rounding import SLACK
from rstheory.logs.schema import ABSTAINED

if TYPE_CHECKING:
    from rstheory.logs.log import CertificationLog

CHANCE = 1e-6  # of an honest log, below which it is told: the false alarm of each test below
_UNKNOWN_N0 = 1_000  # selection draws taken for granted where a log does not tell: more make mistakes rarer
_SPREAD = 1.0  # standard deviations that the lead of the first class is enlarged by: safe on average over many rows
_LEAST, _MOST_GROUPS = 10, 20  # rows of a group, and groups, in the test for looks
_MOST_CHECKED = 500  # abstained rows, those whose two leading classes are closest


def claims(rows: Rows, radius: Float, half: Float, sigma: Any, n: Any, alpha: Any, n0: int | None) -> list[Finding]:
    """Findings about the level that the rows prove. radius, half: of the rows. sigma, n, alpha: of the log or each row.

    n0: selection draws, where the log tells.
    """
    if np.max(n) >= 2**63:  # no column of counts can hold what such a budget draws
        return []
    found = [
        _selection_reused(rows, n, alpha, n0),
        _several_looks(rows, alpha),
        _noise_level_per_image(rows, alpha),
        *_two_classes(rows, radius, half, sigma, n, alpha),
    ]
    return [finding for finding in found if finding is not None]


def level_proved(log: CertificationLog) -> float:
    """The level that the findings of a log leave of the one it states: alpha times their factors, 1 at most.

    Where no finding says otherwise it is alpha itself, which does not mean that anyone has checked the code.

    >>> from rstheory import CertificationLog
    >>> level_proved(CertificationLog.from_arrays(label=[3], predict=[3], radius=[1.15], sigma=0.5, n=1000))
    0.001
    """
    return min(1.0, log.alpha * math.prod(finding.factor for finding in log.warnings))


def _selection_reused(rows: Rows, n: Any, alpha: Any, n0: int | None) -> Finding | None:
    """The class was chosen from draws that are counted.

    Whatever class is chosen, and whoever chooses it after all draws, a certificate is wrong with probability below 2
    alpha. For a class c of p_c <= 1/2 it takes a count of k* or more, the least that certifies anything; the chance of
    that is convex in p_c up to 1/2, 0 at 0 and alpha at most at 1/2, so at most 2 alpha p_c. Only one class can have
    p_c > 1/2, and its bound fails with alpha at most: altogether alpha + 2 alpha (1 - p_c) < 2 alpha. It is not alpha:
    two classes of 1/2 each make it nearly 2 alpha.
    """
    if rows.counts is None or rows.draws is not None or not len(rows):
        return None
    known = rows.counts[:, 0] >= 0
    extra = rows.counts.sum(axis=1) - n
    if n0 is not None and np.any(known) and np.all(extra[known] == n0):
        message = (
            f"{{rows}} whose counts of every class add up to n + n0: the {n0:,} draws that chose the class are counted,"
            f" too{_proves(2, alpha)}"
        )
        return _finding("selection-reused", known, rows, message, 2)
    chosen = known & (rows.predict == ABSTAINED) & (rows.count >= 0) & np.any(rows.counts > 0, axis=1)
    if not np.any(chosen) or rows.counts.shape[1] < 2:  # of one class alone no other could have been chosen
        return None
    ordered = np.sort(rows.counts[chosen], axis=1)
    if np.any(rows.count[chosen] < ordered[:, -1]):
        return None  # a smaller class was chosen, as happens where the draws are others
    draws = n0 or _UNKNOWN_N0
    never = float(np.sum(np.log1p(-_mistaken(ordered, draws))))
    if never > np.log(CHANCE):
        return None
    message = (
        "{rows} that abstain, and the class counted is the leading one in each: if other draws had chosen it, that"
        f" would have chance {math.exp(never):.1g} or less ({draws:,} selection draws). If the draws that chose it are"
        f" those counted{_proves(2, alpha)}"
    )
    return _finding("selection-reused", chosen, rows, message, 2)


def _mistaken(ordered: NDArray[np.integer[Any]], n0: int) -> Float:
    """Per row, the chance that n0 other draws put the second class above the first, rather too small.

    ordered: counts of the classes, ascending. The lead of the first over the second is enlarged. Other classes that
    might come first are left out.
    """
    first, second = ordered[:, -1].astype(float), ordered[:, -2].astype(float)
    total = ordered.sum(axis=1).astype(float)
    closest = np.argsort(first - second, kind="stable")[:_MOST_CHECKED]
    first, second, total = first[closest], second[closest], total[closest]
    both = (first + second) / total
    p2 = np.maximum(second - 0.5 * _SPREAD * np.sqrt(first + second), 0.0) / total
    m = np.arange(n0 + 1)
    # P(second > first) = sum over m = how many of the draws fall on either class.
    from scipy.stats import binom

    weight = binom.pmf(m, n0, both[:, None])
    ahead = bdtrc(np.floor(m / 2), m, (p2 / np.maximum(both, 1e-300))[:, None])
    return np.asarray(np.sum(weight * np.where(m > 0, ahead, 0.0), axis=1))


def _several_looks(rows: Rows, alpha: Any) -> Finding | None:
    """Rows have several numbers of draws, and which one a row has goes with its counts: it was chosen by looking.

    Looking J times at bounds of level alpha each proves J alpha. Rows whose budget was fixed beforehand, such as chunks
    of several runs, differ in their counts only as the images do.
    """
    if "n" not in rows.varying or rows.draws is not None or np.any(rows.count < 0):
        return None
    n = np.asarray(rows.varying["n"])
    budgets = np.unique(n)
    groups = [rows.count[n == budget] / budget for budget in budgets] if len(budgets) <= _MOST_GROUPS else []
    groups = [group for group in groups if len(group) >= _LEAST]
    if len(groups) < 2 or np.ptp(np.concatenate(groups)) == 0:
        return None
    from scipy.stats import kruskal

    chance = float(kruskal(*groups).pvalue)
    if not chance < CHANCE:
        return None
    looks = len(budgets)
    message = (
        f"{{rows}} with {looks} different numbers of draws, and the share of the class counted goes with them (chance"
        f" {chance:.1g} where they were fixed beforehand): if a row got more draws after a look at its"
        f" counts{_proves(looks, alpha)}"
    )
    return _finding("several-looks", np.ones(len(rows), bool), rows, message, looks)


def _noise_level_per_image(rows: Rows, alpha: Any) -> Finding | None:
    """Rows have noise levels of their own."""
    if "sigma" not in rows.varying:
        return None
    levels = len(np.unique(rows.varying["sigma"]))
    message = (
        f"{{rows}} with {plural(levels, 'noise level')} between them. A certificate says that the classifier smoothed"
        " at the row's own level is constant around the image; a classifier that picks its level for each input is"
        f" another one, and may pick another level nearby. If the best of {levels} levels was kept after a look at"
        f" their counts{_proves(levels, alpha)}"
    )
    return _finding("noise-level-per-image", np.ones(len(rows), bool), rows, message, levels)


def _two_classes(rows: Rows, radius: Float, half: Float, sigma: Any, n: Any, alpha: Any) -> list[Finding]:
    """Radii that are sigma/2 (Phi^-1(L_A) - Phi^-1(U_B)), by the level of each of the two bounds (theory C12)."""
    if rows.counts is None or rows.draws is not None:
        return []
    usable = (rows.counts[:, 0] >= 0) & (rows.predict >= 0) & (rows.predict < rows.counts.shape[1]) & (radius > 0)
    usable &= rows.counts.sum(axis=1) == n
    if not np.any(usable):
        return []
    at = np.flatnonzero(usable)
    setting = [np.broadcast_to(np.asarray(value), radius.shape)[at] for value in (sigma, n, alpha)]
    mine = np.take_along_axis(rows.counts[at], rows.predict[at][:, None], axis=1)[:, 0]
    rival = _largest_other(rows.counts[at], rows.predict[at])
    one = setting[0] * _lead(mine, setting[1], setting[2])
    found = []
    for share, code, factor, what in (
        (1.0, "two-class-level", 2, "both at level alpha: together they fail with twice that"),
        (0.5, "two-class-radius", 1, "each at half the level, which proves the level stated"),
    ):
        level = setting[2] * share
        upper = ndtri(_once(clopper_pearson_upper, rival, setting[1], level))
        two = 0.5 * setting[0] * (_lead(mine, setting[1], level) - upper)
        slack = half[at] + SLACK * np.abs(two) + 1e-7 * setting[0]
        fits = (np.abs(two - radius[at]) <= slack) & (np.abs(one - radius[at]) > slack)
        bad = np.zeros(len(rows), bool)
        bad[at[fits]] = True
        told = _proves(factor, alpha) if factor > 1 else ""
        message = f"{{rows}} whose radius is that of a bound on the class and one on the strongest other, {what}{told}"
        if 2 * np.sum(fits) > np.sum(np.abs(one - radius[at]) > slack) and np.any(fits):
            finding = _finding(code, bad, rows, message, factor)
            found.append(finding)
            break
    return found


def _lead(count: Integers, n: Any, level: Any) -> Float:
    return np.asarray(-ndtri(_once(clopper_pearson_lower_sf, count, n, level)))


def _once(bound: Callable[..., Any], count: Integers, n: Any, level: Any) -> Float:
    """A bound of every row, computed once for rows that are alike."""
    if not len(count) or np.any(n != n[0]) or np.any(level != level[0]):
        return np.asarray(bound(count, n, level))
    distinct, row = np.unique(count, return_inverse=True)
    return np.asarray(bound(distinct, n[0], level[0]))[row]


def _largest_other(counts: Integers, first: Integers) -> Integers:
    others = counts.copy()
    np.put_along_axis(others, first[:, None], -1, axis=1)
    return np.asarray(others.max(axis=1))


def _proves(factor: int, alpha: Any) -> str:
    levels: Sequence[float] = np.unique(np.asarray(alpha, dtype=np.float64)).tolist()
    stated = f"alpha={levels[0]:g}" if len(levels) == 1 else "alpha"
    left = f", which is {factor * levels[0]:g}" if len(levels) == 1 else ""
    return f", {factor} alpha is proved{left}, not {stated}"


def _finding(code: str, bad: Flags, rows: Rows, message: str, factor: float) -> Finding:
    number = int(np.sum(bad))
    return Finding(code, number, int(rows.line[bad].min()), message.replace("{rows}", plural(number, "row")), factor)
