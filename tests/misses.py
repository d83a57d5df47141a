"""How often an interval may miss in a simulation before its level is not believed. The long profile simulates more."""

import os

from scipy.stats import binom

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
FALSE_ALARM = 1e-5  # of each simulation


def data_sets(long: int = 500, short: int = 60) -> int:
    return long if LONG else short


def allowed(runs: int, level: float) -> int:
    """The most misses of `runs` that a true level explains, but for a probability of at most FALSE_ALARM."""
    return int(binom.isf(FALSE_ALARM, runs, level))
