"""Is somebody else's bound sound, and is it tight? One tail evaluation, no root finding."""

import math
from fractions import Fraction

from flint import ctx

from rstheory.rigorous.binomial import lower_tail, tail_precision
from rstheory.rigorous.exact import BITS, Exact, Number, check_counts, checked, exact_product, one_minus, to_ball

_EXACT_LIMIT = 1100
"""Up to this n a comparison of a tail with alpha that balls leave open is settled in integer arithmetic."""


def _sign_exactly(j: int, n: int, t: Fraction, alpha: Fraction) -> int:
    """The sign of P(Bin(n, t) <= j) - alpha in integers: both sides times the common denominator."""
    a, b = t.numerator, t.denominator
    total: int = sum(math.comb(n, i) * a**i * (b - a) ** (n - i) for i in range(j + 1))
    left, right = total * alpha.denominator, alpha.numerator * b**n
    return int(left > right) - int(left < right)


def sign_of_tail_minus_alpha(j: int, n: int, t: Exact, alpha: Exact) -> int:
    """The sign of P(Bin(n, t) <= j) - alpha, for -1 <= j < n and t in [0, 1]. Raises ArithmeticError if it stays open.

    Balls never prove equality, and equality occurs (n = 1, alpha = t = 1/2): integers settle it for n <= 1100. Beyond,
    where the denominator of the tail, of the order of that of t to the power n, makes it implausible, it raises.
    """
    if j < 0:
        return -1
    if t == alpha == Fraction(1, 2):  # by symmetry, also for an n beyond the exact comparison below
        return int(2 * j + 1 > n) - int(2 * j + 1 < n)
    for doubling in range(4):
        with ctx.workprec((tail_precision(n)) << doubling):
            difference = lower_tail(j, n, to_ball(t), to_ball(one_minus(t))) - to_ball(alpha)
            if difference > 0:
                return 1
            if difference < 0:
                return -1
        if doubling == 1 and n <= _EXACT_LIMIT and isinstance(t, Fraction) and isinstance(alpha, Fraction):
            return _sign_exactly(j, n, t, alpha)
    raise ArithmeticError(f"cannot decide P(Bin({n}, t) <= {j}) against alpha for t={t}, alpha={alpha}")


def is_sound_lower_sf(k: int, n: int, alpha: Number, t: Number) -> bool:
    """True iff t >= 1 - L(k; n, alpha): a claimed upper bound on the error rate is on the safe side.

    Equivalent to P(Bin(n, t) <= n - k) <= alpha, since the tail falls in t. True and False are both proved.

    >>> is_sound_lower_sf(1, 1, 0.5, 0.5), is_sound_lower_sf(1, 1, 0.5, 0.49)
    (True, False)
    """
    check_counts(k, n)
    x, a = checked("t", t, "[0, 1]"), checked("alpha", alpha, "(0, 1)")
    if k == 0:
        return bool(x == 1)
    return sign_of_tail_minus_alpha(n - k, n, x, a) <= 0


def is_sound_lower(k: int, n: int, alpha: Number, lower: Number) -> bool:
    """True iff lower <= L(k; n, alpha): a claimed lower bound is on the safe side.

    >>> is_sound_lower(1, 1, 0.5, 0.5), is_sound_lower(1, 1, 0.5, 0.51)
    (True, False)
    """
    return is_sound_lower_sf(k, n, alpha, one_minus(checked("lower", lower, "[0, 1]")))


def is_tight_lower_sf(k: int, n: int, alpha: Number, t: Number, rel: Number) -> bool:
    """True iff 1 - L(k; n, alpha) >= t / (1 + rel): the claimed t is not too large by more than a share `rel` >= 0.

    >>> is_tight_lower_sf(1, 1, 0.5, 0.5, 0), is_tight_lower_sf(1, 1, 0.5, 0.6, "0.1")
    (True, False)
    """
    check_counts(k, n)
    x, a, r = checked("t", t, "[0, 1]"), checked("alpha", alpha, "(0, 1)"), checked("rel", rel, "[0, inf)")
    if k == 0:
        return True
    with ctx.workprec(4 * BITS):
        lowered = exact_product(x, 1 / (1 + r))
    return sign_of_tail_minus_alpha(n - k, n, lowered, a) >= 0


def is_tight_lower(k: int, n: int, alpha: Number, lower: Number, rel: Number) -> bool:
    """True iff L(k; n, alpha) <= lower (1 + rel): the claimed lower bound gives away at most a share `rel` >= 0.

    >>> is_tight_lower(1, 1, 0.5, 0.5, 0), is_tight_lower(1, 1, 0.5, 0.4, "0.1")
    (True, False)
    """
    check_counts(k, n)
    x, r = checked("lower", lower, "[0, 1]"), checked("rel", rel, "[0, inf)")
    a = checked("alpha", alpha, "(0, 1)")
    raised = exact_product(x, 1 + r)
    if k == 0 or raised >= 1:
        return True
    return sign_of_tail_minus_alpha(n - k, n, one_minus(raised), a) >= 0
