"""Binomial point masses without cancellation, for any n (Loader 2000), and the function log(1 + x) - x behind them."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from rstheory._check import Float

# 1/3 + q/5 + q^2/7 + ... for q = r^2 <= 1/16, highest power first; what is left out is below 1e-16 of the sum.
_ARTANH = [1 / odd for odd in range(27, 1, -2)]


def log1pmx(x: Float) -> Float:
    """log(1 + x) - x in full relative precision for x > -1.

    Near 0, with r = x / (2 + x), it is r (2 (r^2/3 + r^4/5 + ...) - x), from log(1 + x) = 2 artanh(r).
    """
    r = x / (2 + x)
    square = r * r
    series = np.full_like(square, _ARTANH[0])
    for coefficient in _ARTANH[1:]:
        series *= square
        series += coefficient
    series *= 2 * square
    series -= x
    series *= r
    far = np.abs(x) >= 0.4
    if np.any(far):
        series[far] = np.log1p(x[far]) - x[far]
    return series


def log_pmf(j: Float, m: Float, mean: Float, other_mean: Float) -> Float:
    """ln P(Bin(m, t) = j) for arrays of floats 0 <= j <= m, from mean = m t and other_mean = m (1 - t).

    Loader's saddle-point form (Fast and Accurate Computation of Binomial Probabilities, 2000): no difference of large
    logarithms. Relative error of the mass itself: a few units in the last place times its own logarithm.
    """
    k = m - j
    shift = np.where(mean <= other_mean, mean - j, k - other_mean)  # the same difference, from the side that holds it
    inner = (j > 0) & (k > 0)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        # m ln(1 - t) for j = 0, m ln t for k = 0: from the side of the base that holds its digits
        base, rest = np.where(j > 0, mean, other_mean), np.where(j > 0, other_mean, mean)
        edge = np.where(rest <= base, _times_log1p(m, -rest / m), np.where(m > 0, m * np.log(base / m), 0.0))
        return np.where(inner, log_inner_pmf(j, k, mean, other_mean, shift), edge)


def log_inner_pmf(j: Float, k: Float, mean: Float, other_mean: Float, shift: Float) -> Float:
    """`log_pmf` for j, k >= 1 only, where shift = mean - j = k - other_mean is known to full relative precision."""
    m = j + k
    log_mass = _stirling_remainder(m) - _stirling_remainder(j) - _stirling_remainder(k)
    log_mass += 0.5 * np.log(0.125 * m / j / (0.25 * np.pi * k))  # in this order j k cannot overflow, nor 2 pi k
    return log_mass - _deviance(j, mean, shift) - _deviance(k, other_mean, -shift)


def _times_log1p(m: Float, x: Float) -> Float:
    return np.where(m > 0, m * np.log1p(np.where(m > 0, x, 0.0)), 0.0)


def _deviance(x: Float, mean: Float, shift: Float) -> Float:
    """x ln(x / mean) + mean - x for x > 0, given shift = mean - x to full precision."""
    near = np.abs(shift) < 0.5 * x
    ratio = np.where(near, shift, 0.0) / x
    return np.where(near, -x * log1pmx(ratio), x * np.log(x / mean) + shift)


def _stirling_remainder(x: Float) -> Float:
    """ln(x!) - [(x + 1/2) ln x - x + ln(2 pi)/2] for integers x >= 1, absolute error below 2e-14."""
    large = np.maximum(x, 16.0)
    square = (1 / large) ** 2  # the square of a budget beyond 1e154 would overflow
    series = (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188)))) / large
    small = np.clip(x, 1.0, 16.0)
    direct = gammaln(small + 1) - ((small + 0.5) * np.log(small) - small + 0.5 * np.log(2 * np.pi))
    return np.where(x < 16, direct, series)
