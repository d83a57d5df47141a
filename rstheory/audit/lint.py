"""What is wrong or noteworthy in a log, and what is done about it: a broken log is never averaged over in silence.

Each finding has one of the stable codes in `CODES`, the number of rows, the first line concerned and a sentence that
says what became of those rows. Rows that cannot be used are left out; values that cannot be a certificate count as
radius 0 and not correct; everything else is kept as printed and only named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincc, log_ndtr

from rstheory._check import Float
from rstheory.audit.format import Decimals, Flags, Integers, half_units
from rstheory.audit.log import ABSTAINED, SLACK, CertificationLog, Warning, above
from rstheory.budget import max_radius, radius_from_count
from rstheory.radius import certified_radius_inverse_sf

# In the order in which `read_log` and `lint` report them, then those of `lint_between`.
CODES = (
    "truncated-line",
    "repeated-header",
    "sigma-against-name",
    "non-finite",
    "duplicate-index",
    "missing-index",
    "negative-radius",
    "abstained-with-radius",
    "correct-flag-mismatch",
    "radius-above-maximum",
    "count-mismatch",
    "rounded-radius",
    "different-samples",
    "different-budget",
    "different-sigma",
)

LARGEST_RADIUS = 1e150  # beyond, its square and the sum of many overflow; no certificate comes near it
_RUNGS = 20  # largest radii of a budget that printed ones are held against; further down they stand too close to tell
_MOST_DRAWS, _LARGEST_LEVEL = 10**9, 0.5  # a sample; beyond these no one certifies
_FAR = 8.0  # noise levels; beyond so many no budget of this world has its largest radius
_TELLTALE_SHARE = 0.1  # of neighbouring samples that must be equally far apart for that to be the log's step


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of one log that could be parsed, in the order of the file; line is the 1-based line in the file."""

    line: Integers
    index: Integers
    label: Integers
    predict: Integers
    printed: Decimals
    correct: Flags
    count: Integers  # -1 where the log does not tell

    def __len__(self) -> int:
        return len(self.line)

    def __getitem__(self, rows: NDArray[np.bool_ | np.int64]) -> Rows:
        return Rows(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


@dataclass(frozen=True, eq=False)
class Checked:
    """What is left of the rows, their radii and half units, and what was found."""

    rows: Rows
    radius: Float
    half_unit: Float
    warnings: tuple[Warning, ...]


def lint(rows: Rows, sigma: float, n: int, alpha: float) -> Checked:
    """Check parsed rows against each other and against what the budget (n, alpha) can certify at noise level sigma.

    Left out: rows whose radius is not finite, and all rows of an index but its first. Set to radius 0 and not correct:
    negative radii, and radii of abstentions. Correct counts a row where its flag says so and the prediction is the
    label. A radius above the maximum is kept as printed; only `CertificationLog.radius_sound` cuts it off.
    """
    warnings: list[Warning | None] = []
    rows, found = _without_non_finite(rows)
    warnings.append(found)
    rows, found = _without_duplicates(rows)
    warnings.append(found)
    radius = rows.printed.value + 0.0  # no negative zeros
    abstained = rows.predict == ABSTAINED
    right = rows.predict == rows.label
    negative, with_radius = radius < 0, abstained & (radius > 0)
    mismatch = rows.correct != (right & ~abstained)
    warnings += [
        _warning("negative-radius", negative, rows, "{rows} with a negative radius: count as 0 and as not correct"),
        _warning(
            "abstained-with-radius",
            with_radius,
            rows,
            "{rows} with a radius although predict is -1, an abstention: count as 0 and as not correct",
        ),
        _warning(
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
    warnings += [_missing_index(rows, radius), _above_maximum(rows, radius, half, sigma, n, alpha)]
    counted = rows.count >= 0
    rows, half, found = _against_counts(rows, radius, half, sigma, n, alpha)
    warnings += [found, _rounded(rows, radius, np.where(counted & (rows.count < 0), 0.0, half), how)]
    ordered = sorted((found for found in warnings if found is not None), key=lambda found: CODES.index(found.code))
    return Checked(rows, radius, half, tuple(ordered))


def lint_between(a: CertificationLog, b: CertificationLog) -> tuple[Warning, ...]:
    """What stands in the way of comparing two logs: other samples, another budget, another noise level.

    A sample is an index with a label: where two logs give one index different labels, they number different images, and
    these are no common samples. `rows` counts the samples that only one of the logs has.
    """
    found = []
    common, in_a, in_b = np.intersect1d(a.index, b.index, return_indices=True)
    relabelled = int(np.sum(a.label[in_a] != b.label[in_b]))
    only_a, only_b = a.samples - len(common), b.samples - len(common)
    if only_a or only_b or relabelled:
        message = f"{plural(only_a, 'sample')} only in {a.path}, {plural(only_b, 'sample')} only in {b.path}"
        if relabelled:
            message += (
                f", and {plural(relabelled, 'index', 'indices')} whose labels differ, so that they are other images"
            )
        shared = len(common) - relabelled
        message += f": compare on the {shared:,} common ones" if shared else ": they have no sample in common"
        found.append(Warning("different-samples", only_a + only_b + relabelled, None, message))
    if (a.n, a.alpha) != (b.n, b.alpha):
        message = f"certified with N={a.n:,}, alpha={a.alpha:g} and N={b.n:,}, alpha={b.alpha:g}: a larger budget alone"
        message += " gives larger radii, so bring both to one budget first"
        found.append(Warning("different-budget", a.samples + b.samples, None, message))
    if a.sigma != b.sigma:
        message = f"certified at sigma={a.sigma:g} and sigma={b.sigma:g}: radii scale with sigma, and so does ACR"
        found.append(Warning("different-sigma", a.samples + b.samples, None, message))
    return tuple(found)


def _warning(code: str, bad: Flags, rows: Rows, message: str) -> Warning | None:
    """The finding about the rows that are `bad`, at the first line among them; None if there are none."""
    if not np.any(bad):
        return None
    number = int(np.sum(bad))
    return Warning(code, number, int(rows.line[bad].min()), message.replace("{rows}", plural(number, "row")))


def plural(number: int, one: str, many: str = "") -> str:
    """Number and noun; many: the plural, where it takes more than an s.

    >>> plural(1, "row"), plural(10_000, "row")
    ('1 row', '10,000 rows')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _without_non_finite(rows: Rows) -> tuple[Rows, Warning | None]:
    bad = ~(np.abs(rows.printed.value) <= LARGEST_RADIUS)
    message = f"{{rows}} whose radius is not a finite number (or beyond {LARGEST_RADIUS:g}): left out"
    return rows[~bad] if np.any(bad) else rows, _warning("non-finite", bad, rows, message)


def _without_duplicates(rows: Rows) -> tuple[Rows, Warning | None]:
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
    return rows[~again], _warning("duplicate-index", again, rows, message)


def index_step(index: Integers) -> int:
    """Step in which a log walks through the data set: the smallest distance common among neighbours, ascending.

    >>> index_step(np.array([0, 100, 200, 300, 500])), index_step(np.array([0, 1, 3, 4, 6]))
    (100, 1)
    """
    distance, times = np.unique(np.diff(index), return_counts=True)
    common = times >= _TELLTALE_SHARE * times.sum()
    return int(distance[common][0] if np.any(common) else distance[np.argmax(times)])


def _missing_index(rows: Rows, radius: Float) -> Warning | None:
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
    return Warning("missing-index", missing, int(rows.line[order][before > 0].min()), message)


def _above_maximum(rows: Rows, radius: Float, half: Float, sigma: float, n: int, alpha: float) -> Warning | None:
    largest = max(float(max_radius(n, alpha, sigma)), 0.0)
    bad = above(radius, half, largest)
    if not np.any(bad):
        return None
    message = (
        f"{{rows}} with a radius above {largest:.4g}, the largest that N={n:,} and alpha={alpha:g} can certify at"
        f" sigma={sigma:g}; the largest is {radius[bad].max():.4g}. These rows cannot come from that budget."
        f" {_explanation(radius, half, sigma, n, alpha)}."
        " They are counted as printed in ACR and certified accuracy, and cut off at the maximum in the sound numbers"
    )
    return _warning("radius-above-maximum", bad, rows, message)


def implied_budget(low: float, high: float, sigma: float, n: int, alpha: float) -> tuple[Float, Float] | float:
    """The N at this alpha, and the alpha at this N, whose largest radii are `low` and `high`, as two pairs.

    Where more than 10**15 draws would be needed, log10 of the N for `low` alone: no run has that many.

    >>> draws, levels = implied_budget(0.9775, 0.9785, 0.25, 100_000, 0.001)
    >>> print(f"{draws[0]:.0f} to {draws[1]:.0f}, or {levels[0]:.4f} to {levels[1]:.4f}")
    149683 to 152184, or 0.0099 to 0.0107
    """
    log_tails = np.array([log_ndtr(-low / sigma), log_ndtr(-high / sigma)])  # ln t, so that no tail underflows
    exponent = float((np.log(-np.log(alpha)) - log_tails[0]) / np.log(10))
    if exponent > 15:
        return exponent
    log_p = np.log1p(-np.exp(log_tails))  # alpha**(1/N) = p = 1 - t
    return np.log(alpha) / log_p, np.exp(n * log_p)


def fitting_radii(radius: Float, half: Float, settings: Sequence[tuple[float, int, float]]) -> tuple[Integers, int]:
    """How many printed radii each setting (sigma, n, alpha) can have printed, and how many were looked at.

    With n draws there are only n + 1 radii, and near the largest they stand far apart. Looked at are the radii among
    the `_RUNGS` largest of every setting.

    >>> radius = np.array([0.978, 0.955, 0.941, 0.92])
    >>> fitting_radii(radius, np.full(4, 0.0005), [(0.25, 100_000, 0.01), (0.25, 150_000, 0.001)])
    (array([4, 1]), 4)
    """
    failures = np.arange(_RUNGS)
    rungs = [
        np.asarray(radius_from_count(np.maximum(n - failures, 0), n, alpha, sigma)) for sigma, n, alpha in settings
    ]
    seen = radius + half > max(float(ladder[-1]) for ladder in rungs)
    value, slack = radius[seen, None], (half + 1e-6 * radius)[seen, None]
    return np.array([int(np.sum(np.any(np.abs(value - r) <= slack, axis=1))) for r in rungs]), int(np.sum(seen))


@dataclass(frozen=True)
class _Cause:
    """A setting that would make the largest radius the largest possible one: what it says, and ways to try it out.

    text: the range of the one parameter that differs. settings: (sigma, n, alpha), the likeliest first; names: the
    differing parameter in each.
    """

    text: str
    settings: tuple[tuple[float, int, float], ...]
    names: tuple[str, ...]


def _explanation(radius: Float, half: Float, sigma: float, n: int, alpha: float) -> str:
    """Which N, alpha or sigma the largest radius points to, and which of them the radii next to it bear out."""
    top = int(np.argmax(radius - half))
    low, high = float(radius[top] - half[top]), float(radius[top] + half[top])
    causes = _causes(low, high, sigma, n, alpha)
    if not causes:
        return "It takes another N, alpha or sigma, or the number itself is in doubt"
    text = f"The largest fits {_either([cause.text for cause in causes])}"
    text += " (or the number itself is in doubt)" if low > _FAR * sigma else ""
    settings = [setting for cause in causes for setting in cause.settings]
    names = [name for cause in causes for name in cause.names]
    fitting, looked_at = fitting_radii(radius, half, settings)
    best, first = [], 0
    for cause in causes:
        best.append(first + int(np.argmax(fitting[first : first + len(cause.settings)])))
        first += len(cause.settings)
    borne_out = ", ".join(f"{fitting[i]:,} fit {names[i]}" for i in best)
    return f"{text}; of the {plural(looked_at, 'radius', 'radii')} next to it, {borne_out}"


def _causes(low: float, high: float, sigma: float, n: int, alpha: float) -> list[_Cause]:
    """The N, the alpha and the sigma whose largest radius lies between `low` and `high`, if anyone uses such."""
    causes = []
    implied = implied_budget(low, high, sigma, n, alpha)
    if not isinstance(implied, float):
        draws, levels = implied
        tried = [round(N) for N in _candidates(draws) if N >= 1]
        if draws[0] <= _MOST_DRAWS and tried:
            text = f"{_between('N', draws, '.3g')} at alpha={alpha:g}"
            causes.append(_Cause(text, tuple((sigma, N, alpha) for N in tried), tuple(f"N={N:,}" for N in tried)))
        levels_tried = [float(level) for level in _candidates(levels) if 0 < level < _LARGEST_LEVEL]
        if levels_tried:
            text = f"{_between('alpha', np.minimum(levels, _LARGEST_LEVEL), '.2g')} at N={n:,}"
            settings = tuple((sigma, n, level) for level in levels_tried)
            causes.append(_Cause(text, settings, tuple(f"alpha={level:.4g}" for level in levels_tried)))
    unit = float(max_radius(n, alpha))
    if unit > 0:
        ends = np.array([low, high]) / unit
        noise = [float(value) for value in _candidates(ends)]
        settings = tuple((value, n, alpha) for value in noise)
        is_round = noise[0] not in ends  # a round one in the range is what someone chose
        text = f"sigma = {noise[0]:.3g}" if is_round else _between("sigma", ends, ".3g")
        causes.append(_Cause(text, settings, tuple(f"sigma={value:.4g}" for value in noise)))
    return causes


def _either(texts: Sequence[str]) -> str:
    """The texts as alternatives in a sentence.

    >>> _either(["a"]), _either(["a", "b"]), _either(["a", "b", "c"])
    ('a', 'a or b', 'a, b or c')
    """
    return " or ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def _candidates(ends: Float) -> Float:
    """Numbers between two ends, round ones first, since people choose round numbers."""
    between = np.linspace(ends[0], ends[1], 16)
    round_ones = [float(f"{value:.{digits}g}") for digits in (1, 2) for value in between]
    inside = [value for value in dict.fromkeys(round_ones) if ends[0] <= value <= ends[1]]
    return np.array([*inside, *between])


def _between(name: str, ends: Float, digits: str) -> str:
    first, last = (format(end, digits) for end in ends)
    return f"{name} = {first}" if first == last else f"{name} = {first} to {last}"


def _against_counts(
    rows: Rows, radius: Float, half: Float, sigma: float, n: int, alpha: float
) -> tuple[Rows, Float, Warning | None]:
    """Radii against the counts beside them, where the log has any: full precision where they agree, doubt where not.

    A count that contradicts its radius is not used, and the lower end of the radius falls to what the count certifies.
    """
    known = rows.count >= 0
    if not np.any(known):
        return rows, half, None
    agrees = known.copy()
    agrees[known] = _tails_agree(rows.count[known], radius[known], sigma, n, alpha)
    doubtful = np.flatnonzero(known & ~agrees)  # the tail settles nearly all; these are computed in full
    certified = radius.copy()
    certified[doubtful] = np.asarray(radius_from_count(rows.count[doubtful], n, alpha, sigma))
    agrees[doubtful] = np.abs(certified - radius)[doubtful] <= SLACK * np.maximum(radius, certified)[doubtful]
    half = np.where(agrees, 0.0, half)
    bad = known & (np.abs(certified - radius) > half + SLACK * certified)
    half = np.where(bad, np.maximum(half, radius - certified), half)
    message = (
        "{rows} whose radius is not the one that its count certifies: the radius is kept as printed, its sound lower"
        " end is the smaller one of the two, and the count is not used"
    )
    found = _warning("count-mismatch", bad, rows, message)
    return replace(rows, count=np.where(bad, -1, rows.count)), half, found


def _tails_agree(count: Integers, radius: Float, sigma: float, n: int, alpha: float) -> Flags:
    """Whether P(K >= count) at the probability behind the radius is alpha, or above it at 1/2 where the radius is 0.

    That is the definition of the Clopper-Pearson bound, and much faster than finding the bound. Where it says no, or
    fails in far tails, nothing is decided.
    """
    if n > 10**15:  # n - count is no float any more
        return np.zeros(len(count), bool)
    tail = np.asarray(certified_radius_inverse_sf(radius, sigma))
    with np.errstate(all="ignore"):
        level = betaincc(n - count + 1.0, count.astype(float), tail)
    positive = radius > 0
    return np.asarray(np.where(positive, np.abs(level - alpha) <= 1e-7 * alpha, level >= alpha * (1 + 1e-7)))


def _rounded(rows: Rows, radius: Float, half: Float, how: str) -> Warning | None:
    rounded = (half > 0) & (radius > 0)
    if not np.any(rounded):
        return None
    relative = float(np.median((half / np.where(rounded, radius, 1.0))[rounded]))
    message = (
        f"{{rows}} with a radius printed {how}; it may stand up to {half[rounded].max():.2g} above the certified one"
        f" (typically up to {100 * relative:.1g} %); the sound numbers use the lower ends"
    )
    found = _warning("rounded-radius", rounded, rows, message)
    return replace(found, line=None) if found else None
