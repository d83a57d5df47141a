"""Hypothesis strategies that every test file shares: the widest domain on which a law is stated, hard ends included.

Floats that span hundreds of decades are drawn log-uniformly, as `lo * (hi / lo)**u`: drawing them uniformly would never
leave the last decade. Integers are drawn so that both ends of a range, and both ends of k in [0, n], are common.
"""

from __future__ import annotations

import math

from hypothesis import strategies as st

EPS = 2.0**-52  # from 1 to the next float
SMALLEST_LEVEL = 1e-300  # the smallest alpha for which the accuracy of a bound is promised
SMALLEST_NORMAL = 2.2250738585072014e-308  # below it floats lose relative precision


def log_uniform(low: float, high: float) -> st.SearchStrategy[float]:
    """Floats in [low, high], 0 < low < high, uniform in the logarithm."""
    exponents = st.floats(math.log10(low), math.log10(high), allow_nan=False)
    return exponents.map(lambda e: min(max(10.0**e, low), high))


def log_uniform_integers(low: int, high: int) -> st.SearchStrategy[int]:
    """Integers in [low, high], 1 <= low, uniform in the logarithm, and the ends themselves."""
    exponents = st.floats(math.log10(low), math.log10(high), allow_nan=False)
    return exponents.map(lambda e: min(max(int(10.0**e), low), high)) | st.sampled_from([low, high])


def tails(smallest: float = 1e-307) -> st.SearchStrategy[float]:
    """t = 1 - p in (0, 1/2]: log-uniform, uniform, close to 1/2, and the float next to 1/2."""
    close_to_half = log_uniform(2.0**-54, 0.1).map(lambda d: 0.5 - d)
    return st.one_of(
        log_uniform(smallest, 0.5), st.floats(0.001, 0.5), close_to_half, st.sampled_from([smallest, 0.5 - 2**-54])
    )


def probabilities() -> st.SearchStrategy[float]:
    """p on all of [0, 1]: both tails, the middle, the exact ends."""
    tail = tails(1e-300)
    return st.one_of(st.floats(0, 1), tail, tail.map(lambda t: 1 - t), st.sampled_from([0.0, 0.5, 1.0, 5e-324]))


def probabilities_with_exact_tail() -> st.SearchStrategy[float]:
    """p in [0, 1] for which 1 - p is a float too: the multiples of 2**-53."""
    return (st.integers(0, 2**53) | st.integers(2**53 - 1000, 2**53)).map(lambda i: i / 2**53)


def small_levels() -> st.SearchStrategy[float]:
    """alpha in (0, 1/2], log-uniform down to 1e-300."""
    return log_uniform(SMALLEST_LEVEL, 0.5) | st.sampled_from([0.001, 0.05, 0.5, SMALLEST_LEVEL])


def large_levels() -> st.SearchStrategy[float]:
    """alpha in (1/2, 1), log-uniform in 1 - alpha down to the last float before 1."""
    return log_uniform(2.0**-53, 0.499).map(lambda beta: 1 - beta)


def levels() -> st.SearchStrategy[float]:
    return small_levels() | large_levels()


def levels_and_ties() -> st.SearchStrategy[float]:
    """Any level, or a power of two, for which a bound may be 1/2 exactly."""
    return levels() | st.integers(1, 900).map(lambda m: 2.0**-m)


def sigmas() -> st.SearchStrategy[float]:
    """Noise levels: the usual ones, and a range so wide that a forgotten sigma or a wrong power of it shows.

    It stops where sigma times a radius (1e-16 to 40) could leave the normal range of floats.
    """
    return st.sampled_from([0.12, 0.25, 0.5, 1.0]) | log_uniform(1e-280, 1e280)


@st.composite
def counts(draw: st.DrawFn, largest: int = 10**12, fewest: int = 0) -> tuple[int, int]:
    """(k, n) with fewest <= k <= n <= largest, n log-uniform; k uniform, or within a log-uniform distance of an end."""
    n = draw(log_uniform_integers(max(fewest, 1), largest))
    distance = log_uniform_integers(1, n).map(lambda d: min(d - 1, n - fewest))
    k = draw(st.one_of(st.integers(fewest, n), distance.map(lambda d: fewest + d), distance.map(lambda d: n - d)))
    return k, n


@st.composite
def counts_with_few_failures(
    draw: st.DrawFn, largest: int = 10**18, failures: int = 10**4, fewest: int = 0
) -> tuple[int, int]:
    """(k, n) with n log-uniform up to `largest` and at most `failures` failures."""
    n = draw(log_uniform_integers(max(fewest, 1), largest))
    most = min(failures, n - fewest)
    return n - draw(st.integers(0, most) | st.integers(0, min(most, 10))), n


def supported_counts(fewest: int = 0) -> st.SearchStrategy[tuple[int, int]]:
    """The domain on which the accuracy of a bound is promised: any k up to n = 10**12, n - k <= 10**4 up to 10**18."""
    return st.one_of(counts(12, fewest), counts(10**12, fewest), counts_with_few_failures(fewest=fewest))
