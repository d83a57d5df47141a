"""Clopper-Pearson bounds on a success probability, exact in the tail and never unsound (theory C1).

k successes in n independent draws; the lower bound at level alpha is the largest L for which k or more successes would
still be a rarer event than alpha:  P(Bin(n, L) >= k) = alpha,  so that  P(L(K) > p) <= alpha  for every p and n
(Clopper and Pearson, Biometrika 1934). One level alpha is spent on one side. Functions ending in `_sf` return 1 - L:
with k = n - 3 of n = 10^18 draws, L is 1 in double precision while 1 - L is exact to the last digits.

How it is computed. With j = n - k failures and t = 1 - L, the bound solves F(t) = ln P(Bin(n, t) <= j) - ln alpha = 0.
SciPy's quantile is only the starting point, and only up to n = 10^7: beyond it takes up to 50 ms, it loses digits from
n = 10^9 on and fails outright near 10^18. F is concave and decreasing (the beta density is log-concave), so Newton's
method converges from anywhere, and once |F| <= 1e-8 one more step leaves an error below F^2/2. P is the point mass at j
times an integral of a log-concave function, which Gauss-Legendre quadrature evaluates to machine precision at any n.
Differences of large numbers are taken in closed form (log(1 + x) - x), so the digits of t survive n = 10^18. The result
is then moved to the safe side by more than its error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainccinv, betaincinv, gammainccinv, gammaincinv, gammaln

from rstheory import _check
from rstheory._check import Float, Values, scalar_or_array
from rstheory._saddlepoint import log1pmx, log_inner_pmf

_EPS = float(np.finfo(float).eps)
_UP, _DOWN = +1, -1  # ways to round
# Gauss-Legendre on [0, 1]. 28 nodes evaluate ln P to rounding for alpha <= 1/2 and any j, k; 32 leave a margin. 24 do
# not: at alpha near 1/2 and n near 100 they leave 5e-13, enough to make a bound unsound.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)
_NODES, _WEIGHTS = 0.5 * (_NODES + 1)[:, None], 0.5 * _WEIGHTS
# The integral is cut where the integrand has fallen to exp(-_CUT); concavity bounds the rest by 2e-17 of the whole.
_CUT = 38.0
_SCIPY_TO = 1e7  # draws up to which SciPy's beta quantile is the starting point
_CHUNK = 512  # samples a block: a few arrays of nodes x samples stay inside the level-2 cache


def clopper_pearson_lower(k: ArrayLike, n: ArrayLike, alpha: ArrayLike) -> Values:
    """Lower confidence bound L(k; n, alpha) on the success probability, rounded down (C1).

    k: successes, integer, 0 <= k <= n. n: draws, integer, n >= 1. alpha: one-sided level in (0, 1). All broadcast.
    Returns L in [0, 1): 0 at k = 0, alpha^(1/n) at k = n. Integers of any size are accepted (Python ints beyond
    int64); counts that arrive as floats are refused. ArithmeticError where n is so large and k so balanced (from
    about 10^24) that float64 cannot resolve the bound.

    Guaranteed (and tested against ball arithmetic): never above the true bound. Not guaranteed: coverage if the
    draws are dependent or if n was chosen after looking at them. Where L is near 1 use `clopper_pearson_lower_sf`.

    >>> print(f"{clopper_pearson_lower(990, 1000, 0.001):.6f}")
    0.976036
    """
    return _lower_bounds(k, n, alpha)[0][()]


def clopper_pearson_lower_sf(k: ArrayLike, n: ArrayLike, alpha: ArrayLike) -> Values:
    """1 - L(k; n, alpha), rounded up: the largest failure probability that k successes in n draws leave possible.

    Relative error at most 1e-12 against ball arithmetic for every 1 <= k <= n up to n = 10^12, for n - k <= 10^4 up to
    n = 10^18, and alpha from 1e-300 to 1/2. Arguments as in `clopper_pearson_lower`.

    >>> print(f"{clopper_pearson_lower_sf(10**18 - 3, 10**18, 0.001):.6g}")
    1.30622e-17
    """
    return _lower_bounds(k, n, alpha)[1][()]


def clopper_pearson_upper(k: ArrayLike, n: ArrayLike, alpha: ArrayLike) -> Values:
    """Upper confidence bound on the success probability, rounded up; U(k) = 1 - L(n - k). 1 at k = n.

    >>> print(f"{clopper_pearson_upper(10, 1000, 0.001):.6f}")
    0.023964
    """
    return _lower_bounds(_check.counts(k, n)[1], n, alpha)[1][()]


def clopper_pearson_upper_sf(k: ArrayLike, n: ArrayLike, alpha: ArrayLike) -> Values:
    """1 - U(k; n, alpha), rounded down.

    >>> print(clopper_pearson_upper_sf(0, 1000, 0.001) == clopper_pearson_lower(1000, 1000, 0.001))
    True
    """
    return _lower_bounds(_check.counts(k, n)[1], n, alpha)[0][()]


def poisson_limit(j: ArrayLike, alpha: ArrayLike) -> Values:
    """c_j with P(Pois(c_j) <= j) = alpha: for large n, 1 - L(n - j; n, alpha) is close to c_j / n (C3).

    j: number of failures, integer >= 0. An asymptotic value, good to about 1e-14: no bound.

    >>> print(f"{poisson_limit(0, 0.001):.4f} {poisson_limit(1, 0.001):.4f}")
    6.9078 9.2334
    """
    failures = _check.integers("j", j)
    _check.refuse("j", failures, failures < 0, "a failure count must not be negative")
    _check.refuse("j", failures, np.asarray(failures > 10**308), "this function takes failure counts up to 1e308")
    return scalar_or_array(gammainccinv(failures.astype(np.float64) + 1, _check.level("alpha", alpha)))


def _lower_bounds(k: ArrayLike, n: ArrayLike, alpha: ArrayLike) -> tuple[Float, Float]:
    """(L, 1 - L) with L rounded down and 1 - L rounded up."""
    successes, failures = _check.counts(k, n)
    level = _check.level("alpha", alpha)
    try:
        k_, j_ = successes.astype(np.float64), failures.astype(np.float64)
    except OverflowError:
        _check.float_budget("n", n)  # names the value; `max_radius` takes larger budgets, for k = n
        raise
    k_, j_, level = np.broadcast_arrays(k_, j_, level)
    lower, lower_sf = np.zeros(k_.shape), np.ones(k_.shape)

    # Closed forms: no failures, L = alpha^(1/n); one success, 1 - L = (1 - alpha)^(1/n); no successes, L = 0.
    all_succeeded = j_ == 0
    log_success = np.log(level[all_succeeded]) / k_[all_succeeded]
    lower[all_succeeded] = _down(np.exp(log_success), log_success)
    lower_sf[all_succeeded] = _up(-np.expm1(log_success))
    one_success = (k_ == 1) & ~all_succeeded
    log_tail = np.log1p(-level[one_success]) / (1 + j_[one_success])
    lower[one_success] = _down(-np.expm1(log_tail))
    lower_sf[one_success] = _up(np.exp(log_tail), log_tail)

    rest = (k_ > 1) & ~all_succeeded
    lower_sf[rest], lower[rest] = _bounds_between(j_[rest], k_[rest], level[rest])
    return lower, lower_sf


def _down(value: Float, logarithm: Float | float = 0.0) -> Float:
    """Just below `value`, by more than the error of the few operations that made it from its `logarithm`."""
    return np.nextafter(value * (1 - 8 * _EPS * (1 + np.abs(logarithm))), 0)


def _up(value: Float, logarithm: Float | float = 0.0) -> Float:
    return np.minimum(np.nextafter(value * (1 + 8 * _EPS * (1 + np.abs(logarithm))), 2), 1)


def _bounds_between(j: Float, k: Float, alpha: Float) -> tuple[Float, Float]:
    """(1 - L rounded up, L rounded down) for j >= 1 failures and k >= 2 successes.

    Above alpha = 1/2 the same root is that of P(Bin(n, L) <= k - 1) = 1 - alpha, which keeps the smaller probability.
    """
    tail, success = np.empty_like(j), np.empty_like(j)
    usual = alpha <= 0.5
    tail[usual], success[usual] = _solve(j[usual], k[usual], alpha[usual], _UP)
    mirrored = ~usual
    success[mirrored], tail[mirrored] = _solve(k[mirrored] - 1, j[mirrored] + 1, 1 - alpha[mirrored], _DOWN)
    return tail, success


def _solve(j: Float, k: Float, alpha: Float, rounding: int) -> tuple[Float, Float]:
    """(t, 1 - t) with P(Bin(j + k, t) <= j) = alpha <= 1/2; _UP rounds t up and 1 - t down, _DOWN the reverse.

    The smaller of the two is solved for, so that its digits are its own; the other is what remains of 1. The root has
    n t >= j, because a binomial's median is at most its mean rounded up, so no start need lie below.
    """
    n = j + k
    tail = np.full_like(n, np.nan)
    usual = n <= _SCIPY_TO
    tail[usual] = betainccinv(j[usual] + 1, k[usual], alpha[usual])
    rest = ~((tail > 0) & (tail <= 1))
    tail[rest] = np.minimum(_poisson_start(j[rest], n[rest], gammainccinv(j[rest] + 1, alpha[rest])), 1.0)
    success = 1 - tail
    low = tail <= 0.5
    tail[low] = (
        _newton(j[low], k[low], alpha[low], np.maximum(n[low] * tail[low], j[low]), _BY_FAILURES, rounding) / n[low]
    )
    success[low] = np.nextafter(1 - tail[low], 0.5 - 0.5 * rounding)

    high = ~low
    n, j, k, alpha = n[high], j[high], k[high], alpha[high]
    usual = n <= _SCIPY_TO
    start = np.empty_like(n)
    start[usual] = betaincinv(k[usual], j[usual] + 1, alpha[usual])
    start[~usual] = _poisson_start(k[~usual] - 1, n[~usual], gammaincinv(k[~usual], alpha[~usual]))
    # Where SciPy's quantile underflows, n L is small, and P(Bin(n, L) >= k) is close to (n L)^k / k!.
    leading = np.minimum(np.exp((np.log(alpha) + gammaln(k + 1)) / k), 0.5 * n)
    start = np.minimum(np.where((start > 0) & (start < 1), n * start, leading), k)
    success[high] = _newton(j, k, alpha, start, _BY_SUCCESSES, -rounding) / n
    tail[high] = np.nextafter(1 - success[high], 0.5 + 0.5 * rounding)
    return tail, success


def _poisson_start(count: Float, n: Float, mean: Float) -> Float:
    """Roughly the rate t with P(Bin(n, t) <= count) = P(Pois(mean) <= count), from mean = (2n - count) t / (2 - t).

    Bolshev's approximation (1963): close where t is small, and within a tenth of a standard deviation up to t = 1/2,
    so that three or four steps of Newton's method are left. SciPy's Poisson quantile takes a microsecond at any size.
    """
    return mean / (n - 0.5 * count + 0.5 * mean)


class _Coordinate(NamedTuple):
    """How a point t is held: by the expected number of failures n t or of successes n (1 - t), whichever is smaller.

    `means` gives (n t, n (1 - t), shift) from it, where the shift n t - j = k - n (1 - t) between expectation and count
    is taken on the side that holds the digits. `sign` is +1 if the coordinate grows with t.
    """

    means: Callable[[Float, Float, Float], tuple[Float, Float, Float]]
    sign: int


_BY_FAILURES = _Coordinate(lambda j, k, mean: (mean, j + k - mean, mean - j), +1)
_BY_SUCCESSES = _Coordinate(lambda j, k, mean: (j + k - mean, mean, k - mean), -1)


def _newton(j: Float, k: Float, alpha: Float, mean: Float, coordinate: _Coordinate, rounding: int) -> Float:
    """The mean at which P(Bin <= j) = alpha, from the start `mean`, rounded up (_UP) or down (_DOWN)."""
    log_alpha = np.log(alpha)
    mean, result = mean.copy(), np.empty_like(mean)
    active = np.arange(mean.size)
    for _ in range(100):
        if not active.size:
            return result
        j_, k_, mean_ = j[active], k[active], mean[active]
        log_tail, slope = _log_tail(j_, k_, *coordinate.means(j_, k_, mean_))
        excess = log_tail - log_alpha[active]
        # Halving and halfway-to-n keep a step from a poor start inside (0, n); near the root they never bind.
        step = np.clip(mean_ + coordinate.sign * excess * slope, mean_ / 2, (mean_ + j_ + k_) / 2)
        # What the evaluation of ln P may be off by: sums of a few terms of the size of ln alpha and below 100; and what
        # the last step leaves. Beyond n = 10^14 one unit in the last place of the mean may move ln P by more than 1e-8.
        error = 5e-14 - 10 * _EPS * log_alpha[active] + excess * excess
        done = np.abs(excess) <= np.clip(8 * _EPS * mean_ / slope, 1e-8, 1e-3)
        safe = step + rounding * (4 * _EPS * step + error * slope)
        result[active[done]] = safe[done]
        mean[active] = step
        active = active[~done]
    raise ArithmeticError(
        f"no Clopper-Pearson bound found in 100 steps for about k={k[active[0]]:.17g}, failures={j[active[0]]:.17g}, "
        f"alpha={alpha[active[0]]:.17g}: from n = 10^24 on, float64 cannot tell neighbouring means apart"
    )


def _log_tail(j: Float, k: Float, failures: Float, successes: Float, shift: Float) -> tuple[Float, Float]:
    """ln P(Bin(n, t) <= j), and -1 over its derivative by the expected number of failures n t.

    P is the mass at j times k/(n - nt) times the integral over s in (0, n - nt) of exp E(s), where
    E(s) = j ln(1 + s/nt) + (k - 1) ln(1 - s/(n - nt)): the beta density seen from t upwards. The second value returned
    is that integral. E is concave, E(0) = 0.
    """
    h = shift / failures + (shift - 1) / successes  # -E'(0), the linear parts taken out of both logarithms
    end = _integration_end(j, k, failures, successes, h)
    integral = np.empty_like(end)
    for start in range(0, end.size, _CHUNK):
        b = slice(start, start + _CHUNK)
        s = end[b] * _NODES
        exponent = log1pmx(s / failures[b])
        exponent *= j[b]
        other = log1pmx(s / -successes[b])
        other *= k[b] - 1
        exponent += other
        s *= h[b]
        exponent -= s
        integral[b] = end[b] * (_WEIGHTS @ np.exp(exponent, out=exponent))
    log_mass = log_inner_pmf(j, k, failures, successes, shift)
    return log_mass + np.log(k / successes) + np.log(integral), integral


def _integration_end(j: Float, k: Float, failures: Float, successes: Float, h: Float) -> Float:
    """Where exp E(s) has fallen to exp(-_CUT) or just below, or the whole range n - nt if it never falls so far.

    E(s) <= -h s - (k-1) s^2/(2 (n-nt)^2) gives a first end that is surely beyond. From there Newton's method on the
    concave E comes down towards the true end and never passes it. Each end is followed as far as if it were alone, so
    that a bound does not depend on those computed with it.
    """
    cap = successes * (1 - 2.0**-10)
    with np.errstate(divide="ignore"):
        end = np.minimum(2 * _CUT / (h + np.hypot(h, 16 * np.sqrt(_CUT / 128 * (k - 1)) / successes)), cap)
    settled = np.zeros(end.shape, dtype=bool)
    for _ in range(100):
        x, y = end / failures, end / successes
        excess = _CUT + j * log1pmx(x) + (k - 1) * log1pmx(-y) - h * end
        slope = h + j * x / (failures + end) + (k - 1) * y / (successes - end)
        closer = np.minimum(end, end + excess / slope)
        near = closer > 0.9 * end
        end = np.where(settled, end, closer)
        settled |= near
        if np.all(settled):
            break
    return np.where(end >= cap, successes, end)
