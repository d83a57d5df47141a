"""Which budget, level or noise level the largest radii of a log point to, where the stated ones cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr

from rstheory._check import Float
from rstheory._words import either, plural
from rstheory.budget import max_radius, radius_from_count
from rstheory.logs.cells import Integers

_RUNGS = 20  # largest radii of a budget that printed ones are held against; further down they stand too close to tell
_MOST_DRAWS, _LARGEST_LEVEL = 10**9, 0.5  # a sample; beyond these no one certifies
_FAR = 8.0  # noise levels; no budget that anyone can run has a larger radius


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


def explanation(radius: Float, half: Float, sigma: float, n: int, alpha: float) -> str:
    """Which N, alpha or sigma the largest radius points to, and which of them the radii next to it bear out."""
    top = int(np.argmax(radius - half))
    low, high = float(radius[top] - half[top]), float(radius[top] + half[top])
    causes = _causes(low, high, sigma, n, alpha)
    if not causes:
        return "It takes another N, alpha or sigma, or the number itself is in doubt"
    text = f"The largest fits {either([cause.text for cause in causes])}"
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


def _candidates(ends: Float) -> Float:
    """Numbers between two ends, round ones first, since people choose round numbers."""
    between = np.linspace(ends[0], ends[1], 16)
    round_ones = [float(f"{value:.{digits}g}") for digits in (1, 2) for value in between]
    inside = [value for value in dict.fromkeys(round_ones) if ends[0] <= value <= ends[1]]
    return np.array([*inside, *between])


def _between(name: str, ends: Float, digits: str) -> str:
    first, last = (format(end, digits) for end in ends)
    return f"{name} = {first}" if first == last else f"{name} = {first} to {last}"
