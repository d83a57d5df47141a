"""Symbolic expressions as numbers: compiled once, and in 60 digits."""

from functools import cache

import mpmath

from rstheory import symbolic
from rstheory.symbolic import in_tail

TRIVIAL_ACR, BUDGET = in_tail(symbolic.trivial_acr()), in_tail(symbolic.budget())

numeric = cache(symbolic.numeric)  # compiling takes milliseconds, and each property test would do it a hundred times


def exact(expression, *arguments):
    """The expression in 60 digits: an oracle for the float64 modules, since the tail forms lose no more than a few."""
    return numeric(expression, *arguments, digits=60)


def relative_error(value, truth):
    return float(abs((mpmath.mpf(float(value)) - truth) / truth))
