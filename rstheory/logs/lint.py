"""What is wrong or noteworthy in a log, and what is done about it: a broken log is never averaged over in silence.

Each finding has one of the stable codes in `finding.CODES`, the number of rows, the first line concerned and a sentence
that says what became of those rows. Rows that cannot be used are left out; values that cannot be a certificate count as
radius 0 and not correct; everything else is kept as printed and only named.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rstheory._check import Float
from rstheory._words import plural
from rstheory.bounds import PLAIN
from rstheory.logs.against_counts import against_counts
from rstheory.logs.cells import Integers
from rstheory.logs.claims import claims
from rstheory.logs.diagnose import explanation
from rstheory.logs.finding import CODES, Finding
from rstheory.logs.parse import Rows
from rstheory.logs.rounding import above, half_units
from rstheory.logs.schema import ABSTAINED
from rstheory.logs.settings import Setting, finding_on, largest_radius

LARGEST_RADIUS = 1e150  # beyond, its square and the sum of many overflow; no certificate comes near it
_TELLTALE_SHARE = 0.1  # of neighbouring samples that must be equally far apart for that to be the log's step


@dataclass(frozen=True, eq=False)
class Checked:
    """What is left of the rows, their radii and half units, and what was found."""

    rows: Rows
    radius: Float
    half_unit: Float
    warnings: tuple[Finding, ...]


def lint(
    rows: Rows,
    sigma: float,
    n: int,
    alpha: float,
    bound: str = PLAIN,
    seed: int | None = None,
    n0: int | None = None,
) -> Checked:
    """Check parsed rows against each other and against what the budget (n, alpha) can certify at noise level sigma.

    bound: what the radii come from, see `rstheory.bounds`. seed, n0: of the run and of its selection, where the log
    tells them.

    Where rows have a sigma, n or alpha of their own, that is used. Left out: all rows of an index but its first. Set to
    radius 0 and not correct: radii that are negative or no finite number, and radii of abstentions. Correct counts a
    row where its flag says so and the prediction is the label. A radius above the maximum is kept as printed; only
    `possible` and `rounded_down` of the log cut it off.
    """
    warnings: list[Finding | None] = []
    rows, finding = _without_duplicates(rows)
    warnings.append(finding)
    rows, finding = _with_finite_radii(rows)
    warnings.append(finding)
    setting = Setting.of(rows, sigma, n, alpha, bound)
    radius = rows.printed.value + 0.0  # no negative zeros
    abstained = rows.predict == ABSTAINED
    right = rows.predict == rows.label
    negative, with_radius = radius < 0, abstained & (radius > 0)
    mismatch = rows.correct != (right & ~abstained)
    warnings += [
        finding_on("negative-radius", negative, rows, "{rows} with a negative radius: count as 0 and as not correct"),
        finding_on(
            "abstained-with-radius",
            with_radius,
            rows,
            "{rows} with a radius although predict says that the classifier abstained: count as 0 and as not correct",
        ),
        finding_on(
            "correct-flag-mismatch",
            mismatch,
            rows,
            "{rows} where the column correct contradicts predict and label: a row counts as correct only where both"
            f" say so ({int(np.sum(mismatch & rows.correct))} flagged correct count as not correct)",
        ),
    ]
    radius = np.where(negative | abstained, 0.0, radius)
    rows = replace(rows, correct=rows.correct & right & ~abstained & ~negative)
    half, how = half_units(rows.printed)
    half = np.where(negative | abstained, 0.0, half)
    warnings += [_missing_index(rows, radius), _above_maximum(rows, radius, half, setting)]
    if bound == PLAIN:  # the level of another bound is its own affair
        warnings += claims(rows, radius, half, setting.sigma, setting.n, setting.alpha, n0)
    rows, finding = _without_wrong_counts(rows, setting)
    warnings.append(finding)
    counted = rows.count >= 0
    rows, half, of_counts = against_counts(rows, radius, half, setting, seed)
    warnings += [*of_counts, _rounded(rows, radius, np.where(counted & (rows.count < 0), 0.0, half), how)]
    ordered = sorted(
        (finding for finding in warnings if finding is not None), key=lambda finding: CODES.index(finding.code)
    )
    return Checked(rows, radius, half, tuple(ordered))


def _with_finite_radii(rows: Rows) -> tuple[Rows, Finding | None]:
    """The rows, those without a finite radius as abstentions: they are samples, and nothing was certified for them."""
    bad = ~(np.abs(rows.printed.value) <= LARGEST_RADIUS)
    if not np.any(bad):
        return rows, None
    message = f"{{rows}} whose radius is not a finite number (or beyond {LARGEST_RADIUS:g}): count as abstentions"
    printed = rows.printed
    value, digits, places = (np.where(bad, 0, a) for a in (printed.value, printed.significant, printed.decimals))
    printed = replace(printed, value=value, significant=digits, decimals=places)
    finding = finding_on("non-finite", bad, rows, message)
    predict, correct = np.where(bad, ABSTAINED, rows.predict), rows.correct & ~bad
    return replace(rows, printed=printed, predict=predict, correct=correct), finding


def _without_duplicates(rows: Rows) -> tuple[Rows, Finding | None]:
    if np.all(np.diff(rows.index) > 0):
        return rows, None
    _, first, which = np.unique(rows.index, return_index=True, return_inverse=True)
    again = np.ones(len(rows), bool)
    again[first] = False
    kept = rows[first][which]
    same = (rows.label == kept.label) & (rows.predict == kept.predict) & (rows.correct == kept.correct)
    same &= (rows.printed.value == kept.printed.value) & (rows.count == kept.count)
    disagree = int(np.sum(~same))
    verdict = f"{disagree:,} of them disagree with it" if disagree else "all agree with it"
    message = f"{{rows}} whose index occurred before: left out, the first one is kept ({verdict})"
    return rows[~again], finding_on("duplicate-index", again, rows, message)


def index_step(index: Integers) -> int:
    """Step in which a log walks through the data set: the smallest distance common among neighbours, ascending.

    >>> index_step(np.array([0, 100, 200, 300, 500])), index_step(np.array([0, 1, 3, 4, 6]))
    (100, 1)
    """
    distance, times = np.unique(np.diff(index), return_counts=True)
    common = times >= _TELLTALE_SHARE * times.sum()
    return int(distance[common][0] if np.any(common) else distance[np.argmax(times)])


def _missing_index(rows: Rows, radius: Float) -> Finding | None:
    """Gaps in the indices, the ones before the first included; what follows the last one cannot be known."""
    if len(rows) < 2:
        return None
    distance = np.diff(rows.index)
    if rows.index[0] == 0 and distance[0] > 0 and np.all(distance == distance[0]):
        return None
    order = np.argsort(rows.index, kind="stable")
    index = rows.index[order]
    step = index_step(index)
    before = np.concatenate([[index[0]], np.diff(index) - 1]) // step
    missing = int(before.sum())
    if not missing:
        return None
    acr = float(np.mean(radius * rows.correct))
    counted = acr * len(rows) / (len(rows) + missing)
    message = (
        f"{plural(missing, 'sample')} missing among the indices {index[0] % step} to {index[-1]} in steps of {step}:"
        f" the means are over the {len(rows):,} that are there. ACR is {acr:.4g}; it would be {counted:.4g} if the"
        " missing ones were failures"
    )
    return Finding("missing-index", missing, int(rows.line[order][before > 0].min()), message)


def _above_maximum(rows: Rows, radius: Float, half: Float, setting: Setting) -> Finding | None:
    largest = largest_radius(setting.n, setting.alpha, setting.sigma, setting.bound)
    bad = above(radius, half, largest)
    if not np.any(bad):
        return None
    if rows.varying:
        what = f"above the largest that {' and '.join(setting.names(rows))} of the row can certify"
        why = f"the largest is {radius[bad].max():.4g}. These rows cannot come from what they say"
    else:
        what = f"above {float(np.max(largest)):.4g}, the largest that {setting.text} can certify"
        why = f"the largest is {radius[bad].max():.4g}. These rows cannot come from that budget"
        why += f". {explanation(radius, half, float(setting.sigma), int(setting.n), float(setting.alpha))}"
    message = (
        f"{{rows}} with a radius {what}; {why}. They are counted as printed in ACR and certified accuracy, and cut off"
        " at the maximum in the sound numbers"
    )
    return finding_on("radius-above-maximum", bad, rows, message)


def _without_wrong_counts(rows: Rows, setting: Setting) -> tuple[Rows, Finding | None]:
    """Counts of every class against the draws, the prediction and its count: where they contradict each other, none is
    used. Where a row has no count, its counts tell it."""
    if rows.counts is None or not len(rows):
        return rows, None
    total = setting.n if rows.draws is None else rows.draws
    bad = rows.counts.sum(axis=1) != total
    classes = rows.counts.shape[1]
    predicted = (rows.predict >= 0) & (rows.predict < classes)
    of_predicted = np.take_along_axis(rows.counts, np.where(predicted, rows.predict, 0)[:, None], axis=1)[:, 0]
    told = rows.count >= 0
    bad |= (rows.predict >= classes) | (predicted & told & (of_predicted != rows.count))
    bad |= (rows.predict == ABSTAINED) & told & ~np.any(rows.counts == rows.count[:, None], axis=1)
    silent = rows.counts[:, 0] == -1  # rows that do not tell contradict nothing
    bad &= ~silent
    all_draws = "the draws of the row" if rows.draws is not None or "n" in rows.varying else f"n={setting.n:,}"
    message = (
        f"{{rows}} whose counts of every class cannot be read, do not add up to {all_draws}, or do not hold the"
        " count of the prediction: these counts are not used"
    )
    counts = np.where(bad[:, None], -1, rows.counts)
    count = np.where(predicted & ~told & ~bad & ~silent, of_predicted, rows.count)
    return replace(rows, counts=counts, count=count), finding_on("counts-mismatch", bad, rows, message)


def _rounded(rows: Rows, radius: Float, half: Float, how: str) -> Finding | None:
    rounded = (half > 0) & (radius > 0)
    if not np.any(rounded):
        return None
    relative = float(np.median((half / np.where(rounded, radius, 1.0))[rounded]))
    message = (
        f"{{rows}} with a radius printed {how}; it may stand up to {half[rounded].max():.2g} above the certified one"
        f" (typically up to {100 * relative:.1g} %); the sound numbers use the lower ends"
    )
    finding = finding_on("rounded-radius", rounded, rows, message)
    return replace(finding, line=None) if finding else None
