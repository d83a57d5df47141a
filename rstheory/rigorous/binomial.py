"""Binomial tails, enclosed: a finite sum with a geometric remainder, or Arb's incomplete beta function."""

from flint import arb, ctx

from rstheory.rigorous.exact import BITS, Number, check_counts, checked, one_minus, refine, to_ball

_SUM_LIMIT = 10**7
"""Up to this min(j, n - j) the finite sum is used (25 000 terms or so, 12 ms); beyond it Arb's incomplete beta."""


def point_mass(j: int, n: int, t: arb, s: arb) -> arb:
    """P(Bin(n, t) = j), s = 1 - t. Loses about log2(n) + log2 log n bits."""
    log_choose = arb(n + 1).lgamma() - arb(j + 1).lgamma() - arb(n - j + 1).lgamma()
    return (log_choose + (j * t.log() if j else 0) + ((n - j) * s.log() if n - j else 0)).exp()


def _tail_over_pmf(j: int, n: int, t: arb, s: arb) -> arb:
    """P(Bin(n, t) <= j) / P(Bin(n, t) = j) as a finite sum, for j <= (n + 1) t.

    The sum of pmf(i)/pmf(j) over i = j, j-1, …: the ratio of one term to the one before is i s / ((n - i + 1) t),
    which falls as i falls and is at most 1 from the start. So what is left after the term of i is at most
    term * ratio / (1 - ratio), and is added as a ball. All terms are positive: nothing cancels.
    """
    odds_against = s / t
    total, term = arb(1), arb(1)
    small = arb(2) ** -ctx.prec
    for i in range(j, 0, -1):
        ratio = odds_against * i / (n - i + 1)  # pmf(i - 1) / pmf(i), where term is pmf(i) / pmf(j)
        if i % 16 == 0 and ratio < 1:
            rest = term * ratio / (1 - ratio)
            if rest < small * total:
                return total + rest.union(arb(0))
        term *= ratio
        total += term
    return total


def _lower_tail_by_sum(j: int, n: int, t: arb, s: arb) -> arb:
    """P(Bin(n, t) <= j) for 0 <= j < n, by the finite sum on the lighter side of the mode."""
    if j <= (n + 1) * t:
        return point_mass(j, n, t, s) * _tail_over_pmf(j, n, t, s)
    i = n - j - 1  # P(Bin(n, t) >= j + 1) = P(Bin(n, s) <= i), and i <= (n + 1) s unless t is a wide ball
    if i <= (n + 1) * s:
        return 1 - point_mass(i, n, s, t) * _tail_over_pmf(i, n, s, t)
    return arb.nan()


def _lower_tail_by_beta(j: int, n: int, t: arb, s: arb) -> arb:
    """The same as the regularised incomplete beta I_s(n - j, j + 1), or 1 - I_t(j + 1, n - j) on the heavier side."""
    if j <= (n + 1) * t:
        return s.beta_lower(n - j, j + 1, regularized=True)
    return 1 - t.beta_lower(j + 1, n - j, regularized=True)


def lower_tail(j: int, n: int, t: arb, s: arb) -> arb:
    """P(Bin(n, t) <= j), 0 <= j < n, by whichever evaluator is the faster (measured; see `_SUM_LIMIT`)."""
    if t == 0 or s == 0:
        return arb(1) if t == 0 else arb(0)
    if min(j + 1, n - j) <= _SUM_LIMIT:
        return _lower_tail_by_sum(j, n, t, s)
    value = _lower_tail_by_beta(j, n, t, s)
    return value if value.is_finite() and value.rel_accuracy_bits() > 0 else _lower_tail_by_sum(j, n, t, s)


def tail_precision(n: int) -> int:
    """Bits that leave about BITS + 40 right ones: the log of a probability mass is a difference of sizes n log n."""
    return BITS + 40 + n.bit_length() + n.bit_length().bit_length()


def bound_precision(k: int, n: int) -> int:
    """As `tail_precision`, but the closed forms of k = 0 and k = n need no more for an n of thousands of digits."""
    return tail_precision(n) if 0 < k < n else BITS + 60 + n.bit_length().bit_length()


def binomial_cdf_at(j: int, n: int, t: Number) -> arb:
    """P(Bin(n, t) <= j), for integers 0 <= j <= n and t in [0, 1].

    With j = n - k failures and t = 1 - L this is the equation that defines the Clopper-Pearson bound (C1): it equals
    alpha. Cost: milliseconds where min(j, n - j) <= 1e7 (any n), and to n = 1e12 for all j. Where the answer is within
    2**-100 of 1 the complement `binomial_sf_at` tells more.

    >>> binomial_cdf_at(1, 3, "0.5").contains(0.5)
    True
    """
    check_counts(j, n, "j")
    x = checked("t", t, "[0, 1]")
    if j == n:
        return arb(1)
    return refine(lambda: lower_tail(j, n, to_ball(x), to_ball(one_minus(x))), tail_precision(n))


def binomial_sf_at(k: int, n: int, p: Number) -> arb:
    """P(Bin(n, p) >= k), for integers 0 <= k <= n and p in [0, 1]: note `>=`, which is what defines L(k).

    >>> from fractions import Fraction
    >>> binomial_sf_at(1, 10**18, Fraction(1, 10**30)) < 1e-11
    True
    """
    check_counts(k, n)
    x = checked("p", p, "[0, 1]")
    if k == 0:
        return arb(1)
    return refine(lambda: lower_tail(n - k, n, to_ball(one_minus(x)), to_ball(x)), tail_precision(n))
