"""The truncated Krichevsky-Trofimov mixture: evidence against "p <= q", valid after every draw (theory G1, G2).

With k successes and j failures in n = k + j draws, t = 1 - q and theta = cos(phi)^2, Jeffreys' prior on theta > q is
uniform on 0 < phi < phi_t = arcsin(sqrt t), so

    W_n(q) = (1/phi_t) * integral over phi in (0, phi_t) of (sin phi / sin phi_t)^(2j) (cos phi / cos phi_t)^(2k)

is a mean of likelihood ratios of theta against q. Over one draw with success probability p <= q such a ratio changes by
a factor of mean at most 1, so W is a non-negative supermartingale for *every* p <= q, and by Ville's inequality the
probability that it ever reaches 1/alpha is at most alpha.

W falls in q as long as q < k/n, and is at most 1 from there on. So {q : W_n(q) < 1/alpha} is an interval up to 1, and
its infimum L_n is the one root of W_n(q) = 1/alpha: taking the infimum gives nothing away. Proof: let g(phi) be the
integrand's numerator and m = -(ln g)'(phi_t). ln g is concave, so g(phi) <= g(phi_t) exp(m (phi_t - phi)), and with
x = m phi_t this gives W <= (e^x - 1)/x. From d ln W / d phi_t = (1/W - 1)/phi_t + m follows

    phi_t d ln W / d phi_t >= x/(e^x - 1) - 1 + x = x/(1 - e^-x) - 1,

which is positive for x > 0; and x > 0 says that q < k/n. For q >= k/n, g rises up to phi_t, so W is a mean of numbers
that are at most 1.

How it is computed: the integrand is taken relative to its largest value, in differences that do not cancel, and
integrated by Gauss-Legendre quadrature on both sides of it. What is returned as a bound has been checked, with the
error of that evaluation on the unfavourable side.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize.elementwise import find_root

from rstheory import _check
from rstheory._check import Float, Values
from rstheory._saddlepoint import _deviance, log1pmx

_EPS = float(np.finfo(float).eps)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)
_NODES, _WEIGHTS = 0.5 * (_NODES + 1), 0.5 * _WEIGHTS
# The integrand is cut where it has fallen to exp(-_CUT) of its largest value.
_CUT = 40.0
_CHUNK = 512  # entries whose nodes are evaluated together: a few temporary arrays that fit a cache
_SMALLEST = 1e-250
_LARGEST = 10**15  # beyond, neighbouring counts are no longer all floats


def log_mixture(k: ArrayLike, n: ArrayLike, q: ArrayLike) -> Values:
    """ln W_n(q): logarithm of the evidence that k successes in n draws hold against "p <= q" (G1).

    k: successes, integer, 0 <= k <= n. n: draws, integer, 1 <= n <= 10^15. q: probability in (0, 1). All broadcast.
    Absolute error at most 1e-13 + 1e-14 |ln W| + 1e-15 |n q - k|. Where q is near 1 use `log_mixture_sf`.

    Evidence of 1/alpha at any time, also at one chosen after looking, refutes "p <= q" at level alpha.

    >>> print(f"{log_mixture(995, 1000, 0.98):.4f}")
    6.8988
    """
    q_ = _open(_check.probability("q", q), "q")
    j_, k_ = _counts(k, n)
    return _log_mixture(*np.broadcast_arrays(j_, k_, 1 - q_, q_))[0][()]


def log_mixture_sf(k: ArrayLike, n: ArrayLike, t: ArrayLike) -> Values:
    """ln W_n(1 - t): `log_mixture` from the tail.

    >>> print(f"{log_mixture_sf(10**9, 10**9, 1e-8):.4f}")
    8.7279
    """
    t_ = _open(_check.probability("t", t), "t")
    j_, k_ = _counts(k, n)
    return _log_mixture(*np.broadcast_arrays(j_, k_, t_, 1 - t_))[0][()]


def anytime_lower(k: ArrayLike, n: ArrayLike, alpha: ArrayLike) -> Values:
    """Lower bound L_n = inf{q : W_n(q) < 1/alpha} that holds at every n at once, rounded down (G2).

    k: successes, integer, 0 <= k <= n. n: draws so far, integer, 1 <= n <= 10^15. alpha: level in (0, 1). All
    broadcast.

    Guaranteed: the probability that L_n > p for any n at all is at most alpha, so draws may stop at any time, for any
    reason. The price against Clopper-Pearson, which holds at one n fixed beforehand: about ln(n)/2 in ln(1/alpha).

    >>> print(f"{anytime_lower(990, 1000, 0.001):.6f}")
    0.971248
    """
    return _down(np.asarray(anytime_lower_sf(k, n, alpha)))[()]


def anytime_lower_sf(k: ArrayLike, n: ArrayLike, alpha: ArrayLike) -> Values:
    """1 - L_n, rounded up: `anytime_lower` from the tail.

    >>> print(f"{anytime_lower_sf(100_000, 100_000, 0.001):.4g}")
    8.073e-05
    """
    j_, k_ = _counts(k, n)
    j_, k_, level = np.broadcast_arrays(j_, k_, _check.level("alpha", alpha))
    tail = np.ones(j_.shape)
    some = k_ > 0  # no success refutes no q
    tail[some] = _anytime_tail(j_[some], k_[some], -np.log(level[some]))
    return tail[()]


def most_failures(n: ArrayLike, t: ArrayLike, alpha: ArrayLike) -> NDArray[np.int64]:
    """Largest number of failures in n draws at which W_n(1 - t) >= 1/alpha, rounded to the safe side; -1 if not even 0.

    W rises with the number of successes, so this one number is the whole test at n.

    >>> print(most_failures([30, 1000], 0.1, 0.001))
    [-1 62]
    """
    draws, t_, level = np.broadcast_arrays(
        _check.budget("n", n), _open(_check.probability("t", t), "t"), _check.level("alpha", alpha)
    )
    goal = -np.log(level)
    below = np.full(draws.shape, -1, dtype=np.int64)  # enough evidence (or -1)
    above = np.minimum(np.floor(draws * t_).astype(np.int64) + 1, draws + 1)  # not enough: W <= 1 from n t failures on
    while np.any(above - below > 1):
        middle = np.where(above - below > 1, (above + below) // 2, np.maximum(below, 0)).astype(float)
        evidence, error = _log_mixture(middle, draws - middle, t_, 1 - t_)
        enough = evidence - error >= goal * (1 + 2 * _EPS)
        open_ = above - below > 1
        below = np.where(open_ & enough, middle, below).astype(np.int64)
        above = np.where(open_ & ~enough, middle, above).astype(np.int64)
    return below


def _open(probability: Float, name: str) -> Float:
    allowed = f"it must lie between {_SMALLEST:g} and 1, and be less than 1"  # closer to 0, its square underflows
    _check.refuse(name, probability, (probability < _SMALLEST) | (probability >= 1), allowed)
    return probability


def _counts(k: ArrayLike, n: ArrayLike) -> tuple[Float, Float]:
    """(failures, successes) as floats."""
    successes, failures = _check.counts(k, n)
    draws = _check.integers("n", n)
    _check.refuse("n", draws, np.asarray(draws > _LARGEST), "the mixture is evaluated for up to 10^15 draws")
    return failures.astype(np.float64), successes.astype(np.float64)


def _down(tail: Float) -> Float:
    return np.maximum(np.nextafter(1 - tail, -1), 0)


def _log_mixture(j: Float, k: Float, t: Float, s: Float) -> tuple[Float, Float]:
    """ln W and more than its absolute error, from failures j, successes k, t and s = 1 - t in (0, 1), of one shape."""
    n = j + k
    shift = np.where(t <= 0.5, n * t - j, k - n * s)  # n t - j, from the side that holds its digits
    inside = shift > 0  # the integrand is largest inside, at sin(phi)^2 = j/n; else at the end phi_t
    base_t, base_s = np.where(inside, j / n, t), np.where(inside, k / n, s)
    base_angle, end_angle = np.arctan2(np.sqrt(base_t), np.sqrt(base_s)), np.arctan2(np.sqrt(t), np.sqrt(s))
    to_end = np.where(inside, shift / n, 0.0)  # sin(end - base) is this over a sum of positive roots
    right = np.arcsin(np.minimum(to_end / (np.sqrt(t * base_s) + np.sqrt(s * base_t)), 1.0))
    # Slope of the logarithm in sin(phi)^2 at the base: 0 inside, but for j = 0, where the base is phi = 0.
    slope = np.where(inside, np.where(j > 0, 0.0, -n), -shift / (t * s))
    sine, cosine = 2 * np.sqrt(base_t * base_s), base_s - base_t  # of twice the base's angle
    steepness = np.where(inside, 0.0, slope * sine)  # the same in phi
    # The logarithm falls at least as -steepness |d| - n d^2: its second derivative is at most -2 (sqrt j + sqrt k)^2.
    reach = 2 * _CUT / (steepness + np.sqrt(steepness**2 + 4 * n * _CUT))
    mass = _one_side(j, k, base_t, base_s, sine, cosine, slope, -np.minimum(reach, base_angle))
    mass += _one_side(j, k, base_t, base_s, sine, cosine, slope, np.minimum(reach, right))
    largest = np.where(inside, _log_ratio(j, n * t, shift) + _log_ratio(k, n * s, -shift), 0.0)
    evidence = np.asarray(largest + np.log(mass / end_angle))
    # The last part is what rounding of n t, in units of its last place, does to the likelihood.
    return evidence, 1e-13 + 1e-14 * np.abs(evidence) + 4 * _EPS * np.where(inside, shift, 0.0)


def _log_ratio(count: Float, mean: Float, shift: Float) -> Float:
    """count ln(count/mean) + mean - count, also for count = 0."""
    some = count > 0
    return np.where(some, _deviance(np.where(some, count, 1.0), mean, np.where(some, shift, 0.0)), mean)


def _one_side(
    j: Float, k: Float, base_t: Float, base_s: Float, sine: Float, cosine: Float, slope: Float, reach: Float
) -> Float:
    """Integral over d in (0, reach) of the integrand at base + d over that at the base; reach may be negative.

    All nodes at once: a stopping rule asks about a handful of samples again and again, and a loop over the nodes would
    spend its time between them. They are added in order, so that an entry does not depend on the entries beside it.
    """
    over_t, over_s = 1 / np.where(base_t > 0, base_t, 1.0), 1 / np.where(base_s > 0, base_s, 1.0)
    every = np.stack([np.ravel(part) for part in (j, k, over_t, over_s, sine, cosine, slope, reach)])
    total = np.empty(every.shape[1])
    for start in range(0, len(total), _CHUNK):
        j, k, over_t, over_s, sine, cosine, slope, end = every[:, start : start + _CHUNK]
        d = _NODES[:, None] * end
        sine_d = np.sin(d)
        moved = sine_d * (sine * np.cos(d) + cosine * sine_d)  # sin(base + d)^2 - sin(base)^2
        exponent = np.where(j > 0, j * log1pmx(np.maximum(moved * over_t, -1 + 1e-16)), 0.0)
        exponent += np.where(k > 0, k * log1pmx(np.maximum(-moved * over_s, -1 + 1e-16)), 0.0)
        parts = _WEIGHTS[:, None] * np.exp(exponent + slope * moved)
        total[start : start + _CHUNK] = np.add.accumulate(parts)[-1]
    return np.asarray(total.reshape(np.shape(reach)) * np.abs(reach))


def _anytime_tail(j: Float, k: Float, goal: Float) -> Float:
    """The t > j/n with ln W = goal, rounded up to a t at which ln W is surely at least that; 1 where L < 1e-15."""
    n = j + k

    def excess(angle: Float, j: Float, k: Float, goal: Float) -> Float:
        return _log_mixture(j, k, np.sin(angle) ** 2, np.cos(angle) ** 2)[0] - goal

    # At sin(phi)^2 = j/n W is at most 1. For j = 0 the lower end is one at which (1-t)^-n, hence W, is below 1/alpha.
    low = np.maximum(np.arctan2(np.sqrt(j), np.sqrt(k)), 1e-3 * np.sqrt(np.minimum(goal / n, 0.1)))
    largest = np.pi / 2 - 3e-8
    low = np.minimum(low, largest - 1e-8)
    width = np.sqrt((goal + 1) / n)  # ln W is about 2 n (phi_t - phi)^2 less a logarithm
    for _ in range(100):
        high = np.minimum(low + width, largest)
        short = excess(high, j, k, goal) < 0
        if np.all(~short | (high == largest)):
            break
        width = np.where(short, 1.5 * width, width)
    found = find_root(excess, (low, high), args=(j, k, goal))
    tail = np.where(short, 1.0, np.minimum(np.sin(np.where(short, 1.0, found.x)) ** 2, 1.0))
    step = np.full(j.shape, 4 * _EPS)
    for _ in range(40):
        evidence, error = _log_mixture(j, k, np.minimum(tail, 1 - _EPS / 2), np.maximum(1 - tail, _EPS / 2))
        unproved = (tail < 1) & ~(evidence - error >= goal * (1 + 2 * _EPS))
        if not np.any(unproved):
            return tail
        tail = np.where(unproved, np.minimum(tail * (1 + step), 1.0), tail)
        step = np.where(unproved, 2 * step, step)
    return np.where(unproved, 1.0, tail)
