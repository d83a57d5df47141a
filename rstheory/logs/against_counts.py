"""Radii against the counts beside them: recomputed where a fixed number of draws made them, and bounded where a rule
stopped them.

A count that contradicts its radius is not used, nor are the counts of the other classes beside it, and the lower end of
the radius falls to what the count certifies.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import betaincc

from rstheory._check import Float
from rstheory.bounds import PLAIN, Evidence, named, uniform
from rstheory.budget import radius_from_count
from rstheory.logs.cells import Flags, Integers
from rstheory.logs.finding import Finding
from rstheory.logs.parse import Rows
from rstheory.logs.rounding import SLACK
from rstheory.logs.settings import Setting, finding_on
from rstheory.radius import certified_radius_inverse_sf


def against_counts(
    rows: Rows, radius: Float, half: Float, setting: Setting, seed: int | None
) -> tuple[Rows, Float, list[Finding | None]]:
    """The rows, the half units of their radii and what was found: full precision where both agree, doubt where not."""
    known = rows.count >= 0
    if rows.draws is not None:
        return _against_draws(rows, radius, half, setting)
    if setting.bound != PLAIN:
        return _against_bound(rows, radius, half, setting, seed)
    if not np.any(known):
        return rows, half, []
    agrees = known.copy()
    agrees[known] = _tails_agree(rows.count[known], radius[known], setting[known])
    doubtful = np.flatnonzero(known & ~agrees)  # the tail settles nearly all; these are computed in full
    certified = radius.copy()
    at = setting[doubtful]
    certified[doubtful] = np.asarray(radius_from_count(rows.count[doubtful], at.n, at.alpha, at.sigma))
    agrees[doubtful] = np.abs(certified - radius)[doubtful] <= SLACK * np.maximum(radius, certified)[doubtful]
    half = np.where(agrees, 0.0, half)
    bad = known & (np.abs(certified - radius) > half + SLACK * certified)
    half = np.where(bad, np.maximum(half, radius - certified), half)
    return _with_doubt(rows, half, bad, "is not the one that its count certifies")


def _with_doubt(rows: Rows, half: Float, bad: Flags, why: str) -> tuple[Rows, Float, list[Finding | None]]:
    message = (
        f"{{rows}} whose radius {why}: the radius is kept as printed, its sound lower end is the smaller one of the"
        " two, and the count is not used"
    )
    counts = None if rows.counts is None else np.where(bad[:, None], -1, rows.counts)
    finding = finding_on("count-mismatch", bad, rows, message)
    return replace(rows, count=np.where(bad, -1, rows.count), counts=counts), half, [finding]


def _against_draws(
    rows: Rows, radius: Float, half: Float, setting: Setting
) -> tuple[Rows, Float, list[Finding | None]]:
    """Radii of stopped samples against the most that any rule can prove from the same count and draws.

    That is Clopper and Pearson's radius at these draws: if a rule of level alpha certifies q after n draws with k
    successes or more, then P(k or more of n) <= alpha at q, and their bound is the largest such q.
    """
    assert rows.draws is not None
    known = (rows.count >= 0) & (rows.count <= rows.draws)
    at, most = setting[known], np.full(len(rows), np.inf)
    most[known] = np.asarray(radius_from_count(rows.count[known], rows.draws[known], at.alpha, at.sigma))
    most[(rows.count >= 0) & ~known] = 0.0
    bad = radius - half > most * (1 + SLACK)
    half = np.where(bad, np.maximum(half, radius - most), half)
    return _with_doubt(rows, half, bad, "is more than any stopping rule can prove from its count and its draws")


def _against_bound(
    rows: Rows, radius: Float, half: Float, setting: Setting, seed: int | None
) -> tuple[Rows, Float, list[Finding | None]]:
    """Radii against the bound that the log names, and its uniform numbers against those that the seed tells."""
    known = rows.count >= 0
    rival = np.zeros(len(rows), dtype=np.int64)
    if setting.bound == "two-class":
        if rows.counts is None:
            return rows, half, []
        known &= rows.counts[:, 0] >= 0
        rival[known] = rival_of(rows.counts[known], rows.count[known])
    told = np.full(len(rows), np.nan) if rows.u is None else rows.u
    u = np.where(np.isnan(told), 1.0, told)  # at 1 it is Clopper and Pearson's
    at, certified = setting[known], radius.copy()
    evidence = Evidence(rows.count[known], rival[known], at.n, u[known])
    certified[known] = named(setting.bound)(evidence, at.alpha, at.sigma)
    difference = np.abs(certified - radius)
    half = np.where(known & (difference <= SLACK * certified), 0.0, half)
    bad = difference > half + SLACK * certified
    half = np.where(bad, np.maximum(half, radius - certified), half)
    findings: list[Finding | None] = []
    if setting.bound == "randomized":
        expected = None if seed is None else uniform(seed, rows.index)
        chosen = np.full(len(rows), True) if expected is None else ~(np.abs(told - expected) <= 1e-12)
        chosen &= known & (radius > 0)
        plain = radius_from_count(rows.count[chosen], setting[chosen].n, setting[chosen].alpha, setting[chosen].sigma)
        half[chosen] = np.maximum(half[chosen], radius[chosen] - plain)
        message = (
            "{rows} whose u is not the one that seed and idx tell: whoever chooses u chooses the radius, so that its"
            " sound lower end is Clopper and Pearson's"
        )
        findings.append(finding_on("chosen-uniform", chosen, rows, message))
    rows, half, of_counts = _with_doubt(rows, half, bad, f"is not the one that the {setting.bound} bound gives")
    return rows, half, [*findings, *of_counts]


def rival_of(counts: Integers, count: Integers) -> Integers:
    """The most draws that a class got beside the one with this count; shape (rows, classes) and (rows,).

    >>> rival_of(np.array([[70, 20, 10], [40, 40, 20]]), np.array([70, 40]))
    array([20, 40])
    """
    others = counts.astype(np.int64)
    own = np.argmax(others == np.asarray(count)[:, None], axis=1)
    np.put_along_axis(others, own[:, None], 0, axis=1)
    return np.asarray(others.max(axis=1))


def _tails_agree(count: Integers, radius: Float, setting: Setting) -> Flags:
    """Whether P(K >= count) at the probability behind the radius is alpha, or above it at 1/2 where the radius is 0.

    That is the definition of the Clopper-Pearson bound, and much faster than finding the bound. Where it says no, or
    fails in far tails, nothing is decided.
    """
    n, alpha = setting.n, setting.alpha
    if np.max(n) > 10**15:  # n - count is no float any more
        return np.zeros(len(count), bool)
    tail = np.asarray(certified_radius_inverse_sf(radius, setting.sigma))
    with np.errstate(all="ignore"):
        level = betaincc(n - count + 1.0, count.astype(float), tail)
    positive = radius > 0
    return np.asarray(np.where(positive, np.abs(level - alpha) <= 1e-7 * alpha, level >= alpha * (1 + 1e-7)))
