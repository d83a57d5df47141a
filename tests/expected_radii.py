"""What float64 costs an expected radius, and the budgets and levels at which one is tested."""

import math

from hypothesis import strategies as st
from strategies import EPS, large_levels, log_uniform_integers, small_levels

# Absolute error of g_N(k) at sigma = 1. The bound promises 1 - L to 1e-12 relative; the radius moves by t R'(1 - t)
# times that, and t R'(1 - t) is largest, sqrt(pi/2), at t = 1/2. Rounding down twice costs a few last places more.
G_ERROR = 1e-12 * math.sqrt(math.pi / 2)


def g_error(radius: float) -> float:
    return G_ERROR + 32 * EPS * radius


def mass_error(mass: float) -> float:
    """Relative error of a binomial point mass: a few units in the last place, times its logarithm where it is tiny."""
    return 1e-13 + 16 * EPS * abs(math.log(max(mass, 1e-308)))


def slope_error(n: int, p: float) -> float:
    """Absolute error of r_N'(p) at sigma = 1 that errors of g_N can cause.

    Summed by parts, the slope is N sum_k g_N(k) [Bin(k - 1) - Bin(k)]; the absolute values of those differences add up
    to at most twice the largest mass of Bin(N - 1, p), which is below 1/sqrt(2 variance), and at most 1.
    """
    largest = min(1.0, 1 / math.sqrt(max(2 * (n - 1) * p * (1 - p), 1e-300)))
    return 2 * n * largest * g_error(10.0)


standard = st.sampled_from([0.1, 0.05, 0.01, 0.001, 1e-6])
alphas = st.one_of(standard, small_levels(), st.integers(1, 40).map(lambda m: 2.0**-m))
all_alphas = st.one_of(alphas, large_levels())


def n_up_to(largest, mostly=None):
    """Budgets, uniform up to `mostly` or log-uniform up to `largest`."""
    return st.one_of(st.integers(1, mostly or min(largest, 1000)), log_uniform_integers(1, largest))
