"""The objects of the theory in ball arithmetic: every function returns an enclosure that contains the true value.

The module is the oracle of the tests and the engine of machine proofs. It imports python-flint and the standard library
only, so it shares no code, and no rounding error, with the numeric modules that it judges.

Contract of every function here:

* `k` and `n` are Python integers of any size. Every other number may be an `int`, a `float` (its exact binary value),
  a `Fraction`, a decimal `str` such as ``"1e-400"``, or a `flint.arb`. Exact numbers stay exact until the arithmetic
  starts, and precision is raised until the answer is tight (about `BITS` correct bits); a ball for an argument gives a
  ball that is valid for every point of it, as tight as that allows.
* The returned `arb` contains the true value, whatever the precision in force: `flint.ctx.prec` decides how tight, never
  whether. It is restored on return. Arithmetic that the *caller* does on the result rounds (outwards) at the caller's
  precision.
* Wrong input raises `ValueError`; a question that no affordable precision decides raises `ArithmeticError`. There is no
  approximate answer to fall back on.

Letters are those of the theory: t = 1 - p is the tail, L the Clopper-Pearson lower bound, g_N(k) the certified radius
of k successes out of N at noise level sigma.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import TypeAlias

from flint import arb, ctx

__all__ = [
    "BITS",
    "Number",
    "binomial_cdf_at",
    "binomial_sf_at",
    "budget_for_acr",
    "certified_radius",
    "certified_radius_sf",
    "clopper_pearson_lower",
    "clopper_pearson_lower_sf",
    "expected_radius",
    "expected_sensitivity",
    "is_sound_lower",
    "is_sound_lower_sf",
    "is_tight_lower",
    "is_tight_lower_sf",
    "log10_budget_for_acr",
    "max_radius",
    "min_certifiable_count",
    "normal_cdf",
    "normal_quantile",
    "normal_quantile_sf",
    "normal_sf",
    "radius_from_count",
    "sensitivity_sf",
    "trivial_acr",
]

Number: TypeAlias = int | float | Fraction | str | arb
Exact: TypeAlias = Fraction | arb

BITS = 100
"""Relative accuracy aimed at, in bits (2**-100 is 8e-31)."""

_SUM_LIMIT = 10**7
"""Up to this min(j, n - j) the finite sum is used (25 000 terms or so, 12 ms); beyond it Arb's incomplete beta."""

_EXACT_LIMIT = 1100
"""Up to this n a comparison of a tail with alpha that balls leave open is settled in integer arithmetic."""


# --- input ------------------------------------------------------------------------------------------------------------


def _exact(name: str, value: Number) -> Exact:
    """`value` as an exact `Fraction`, or as the ball that it is."""
    if isinstance(value, arb):
        if value.is_exact() and value.is_finite():
            mantissa, exponent = (int(part) for part in value.man_exp())
            if abs(exponent) < 10**7:
                return Fraction(mantissa << exponent) if exponent > 0 else Fraction(mantissa, 1 << -exponent)
        if value.is_finite():
            return value
    elif isinstance(value, (int, float, str, Fraction)) and not isinstance(value, bool):
        try:
            return Fraction(value)
        except (ValueError, OverflowError, ZeroDivisionError):
            pass
    raise ValueError(
        f"{name}={value!r} ({type(value).__name__}) must be a finite int, float, Fraction, decimal str or arb"
    )


def _inside(name: str, value: Number, interval: str) -> Exact:
    """`value` checked to lie in `interval`, one of the texts "(0, 1)", "[0, 1]", "(0, 1]", "(0, inf)", "[0, inf)"."""
    x = _exact(name, value)
    above = x >= 0 if interval.startswith("[") else x > 0
    below = interval.endswith("inf)") or (x <= 1 if interval.endswith("]") else x < 1)
    if not (above and below):
        raise ValueError(f"{name}={value!r} must lie in {interval}")
    return x


def _counts(k: int, n: int, name: str = "k") -> None:
    for label, count in ((name, k), ("n", n)):
        if isinstance(count, bool) or not isinstance(count, int):
            raise ValueError(f"{label}={count!r} ({type(count).__name__}) must be an int")
    if n < 1:
        raise ValueError(f"n={n} must be at least 1")
    if not 0 <= k <= n:
        raise ValueError(f"{name}={k} must lie in 0..n, n={n}")


def _ball(x: Exact) -> arb:
    """`x` as a ball at the current precision."""
    return x if isinstance(x, arb) else arb(x.numerator) / x.denominator


def _one_minus(x: Exact) -> Exact:
    with ctx.workprec(4 * BITS):  # matters for a ball only: a Fraction stays exact
        return 1 - x


def _product(x: Exact, y: Exact) -> Exact:
    if isinstance(x, Fraction) and isinstance(y, Fraction):
        return x * y
    with ctx.workprec(4 * BITS):
        return _ball(x) * _ball(y)


def _refine(compute: Callable[[], arb], start: int = BITS + 30, doublings: int = 6) -> arb:
    """`compute()` at growing precision until `BITS` bits are right, or until more precision no longer helps.

    It no longer helps when an argument is itself a ball. A true value of 0 has no relative accuracy; its enclosure is
    then as narrow as the last precision makes it.
    """
    best, prec = arb.nan(), start
    for _ in range(doublings):
        with ctx.workprec(prec):
            value = compute()
        accuracy = value.rel_accuracy_bits()
        stuck = best.is_finite() and accuracy <= best.rel_accuracy_bits() + 4
        best = best if stuck else value
        if stuck or accuracy >= BITS:
            break
        prec *= 2
    if not best.is_finite():
        raise ArithmeticError(f"no finite enclosure at {prec} bits of precision")
    return best


# --- the normal distribution and the radius function (theory A) -------------------------------------------------------


def _sf(z: arb) -> arb:
    return (z / arb(2).sqrt()).erfc() / 2


def _quantile_sf(t: arb, p: arb) -> arb:
    """The z with P(Z > z) = t, where p = 1 - t was computed without cancellation."""
    if t < 0.25:
        return arb(2).sqrt() * (2 * t).erfcinv()
    if p < 0.25:
        return -arb(2).sqrt() * (2 * p).erfcinv()
    return arb(2).sqrt() * (p - t).erfinv()


def normal_cdf(z: Number) -> arb:
    """Phi(z), with full relative accuracy in the lower tail. `z`: any finite number.

    >>> normal_cdf(0).contains(0.5), normal_cdf(-40) < 1e-300
    (True, True)
    """
    x = _exact("z", z)
    return _refine(lambda: _sf(-_ball(x)))


def normal_sf(z: Number) -> arb:
    """1 - Phi(z), with full relative accuracy in the upper tail. `z`: any finite number.

    >>> normal_sf(40) < 1e-300
    True
    """
    x = _exact("z", z)
    return _refine(lambda: _sf(_ball(x)))


def normal_quantile(p: Number) -> arb:
    """Phi^-1(p) for p in (0, 1). For p near 1 pass an exact number, or `normal_quantile_sf(1 - p)`.

    >>> normal_quantile("0.975").overlaps(arb("1.959963984540054"))
    False
    >>> abs(normal_quantile("0.975") - arb("1.959963984540054")) < 1e-15
    True
    """
    x = _inside("p", p, "(0, 1)")
    return _refine(lambda: _quantile_sf(_ball(_one_minus(x)), _ball(x)))


def normal_quantile_sf(t: Number) -> arb:
    """Phi^-1(1 - t) for t in (0, 1), however small. Source of the enclosure: `arb.erfcinv`, which certifies its root.

    >>> abs(normal_quantile_sf("1e-400") - arb("42.81022720661")) < 1e-10
    True
    """
    x = _inside("t", t, "(0, 1)")
    return _refine(lambda: _quantile_sf(_ball(x), _ball(_one_minus(x))))


def certified_radius_sf(t: Number, sigma: Number = 1) -> arb:
    """R = sigma Phi^-1(1 - t), and 0 for t >= 1/2 (A1; Cohen, Rosenfeld & Kolter 2019). `t` in (0, 1], `sigma` > 0.

    >>> certified_radius_sf("0.6").is_zero()
    True
    """
    scale = _inside("sigma", sigma, "(0, inf)")
    x = _inside("t", t, "(0, 1]")
    if x == 1:
        return arb(0)
    return _refine(lambda: _ball(scale) * _quantile_sf(_ball(x), _ball(_one_minus(x))).max(arb(0)))


def certified_radius(p: Number, sigma: Number = 1) -> arb:
    """R = sigma Phi^-1(p), and 0 for p <= 1/2 (A1). `p` in [0, 1): at p = 1 the radius is infinite and is refused.

    >>> certified_radius(0.25).is_zero(), abs(certified_radius("0.99", 2) - arb("4.65269574808")) < 1e-10
    (True, True)
    """
    x = _exact("p", p)
    if x == 0:
        _inside("sigma", sigma, "(0, inf)")
        return arb(0)
    return certified_radius_sf(_one_minus(_inside("p", p, "(0, 1)")), sigma)


def sensitivity_sf(t: Number, sigma: Number = 1) -> arb:
    """R'(p) = sigma / phi(z), z = Phi^-1(1 - t), for t in (0, 1) (A2): the unclipped slope, also for t > 1/2.

    >>> abs(sensitivity_sf(0.5) - arb("2.50662827463")) < 1e-10
    True
    """
    x, scale = _inside("t", t, "(0, 1)"), _inside("sigma", sigma, "(0, inf)")

    def value() -> arb:
        z = _quantile_sf(_ball(x), _ball(_one_minus(x)))
        return _ball(scale) * (2 * arb.pi()).sqrt() * (z * z / 2).exp()

    return _refine(value)


# --- binomial tails ---------------------------------------------------------------------------------------------------


def _pmf(j: int, n: int, t: arb, s: arb) -> arb:
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
        return _pmf(j, n, t, s) * _tail_over_pmf(j, n, t, s)
    i = n - j - 1  # P(Bin(n, t) >= j + 1) = P(Bin(n, s) <= i), and i <= (n + 1) s unless t is a wide ball
    if i <= (n + 1) * s:
        return 1 - _pmf(i, n, s, t) * _tail_over_pmf(i, n, s, t)
    return arb.nan()


def _lower_tail_by_beta(j: int, n: int, t: arb, s: arb) -> arb:
    """The same as the regularised incomplete beta I_s(n - j, j + 1), or 1 - I_t(j + 1, n - j) on the heavier side."""
    if j <= (n + 1) * t:
        return s.beta_lower(n - j, j + 1, regularized=True)
    return 1 - t.beta_lower(j + 1, n - j, regularized=True)


def _lower_tail(j: int, n: int, t: arb, s: arb) -> arb:
    """P(Bin(n, t) <= j), 0 <= j < n, by whichever evaluator is the faster (measured; see `_SUM_LIMIT`)."""
    if t == 0 or s == 0:
        return arb(1) if t == 0 else arb(0)
    if min(j + 1, n - j) <= _SUM_LIMIT:
        return _lower_tail_by_sum(j, n, t, s)
    value = _lower_tail_by_beta(j, n, t, s)
    return value if value.is_finite() and value.rel_accuracy_bits() > 0 else _lower_tail_by_sum(j, n, t, s)


def _tail_precision(n: int) -> int:
    """Bits that leave about BITS + 40 right ones: the log of a probability mass is a difference of sizes n log n."""
    return BITS + 40 + n.bit_length() + n.bit_length().bit_length()


def _bound_precision(k: int, n: int) -> int:
    """As `_tail_precision`, but the closed forms of k = 0 and k = n need no more for an n of thousands of digits."""
    return _tail_precision(n) if 0 < k < n else BITS + 60 + n.bit_length().bit_length()


def binomial_cdf_at(j: int, n: int, t: Number) -> arb:
    """P(Bin(n, t) <= j), for integers 0 <= j <= n and t in [0, 1].

    With j = n - k failures and t = 1 - L this is the equation that defines the Clopper-Pearson bound (C1): it equals
    alpha. Cost: milliseconds where min(j, n - j) <= 1e7 (any n), and to n = 1e12 for all j. Where the answer is within
    2**-100 of 1 the complement `binomial_sf_at` tells more.

    >>> binomial_cdf_at(1, 3, "0.5").contains(0.5)
    True
    """
    _counts(j, n, "j")
    x = _inside("t", t, "[0, 1]")
    if j == n:
        return arb(1)
    return _refine(lambda: _lower_tail(j, n, _ball(x), _ball(_one_minus(x))), _tail_precision(n))


def binomial_sf_at(k: int, n: int, p: Number) -> arb:
    """P(Bin(n, p) >= k), for integers 0 <= k <= n and p in [0, 1]: note `>=`, which is what defines L(k).

    >>> binomial_sf_at(1, 10**18, Fraction(1, 10**30)) < 1e-11
    True
    """
    _counts(k, n)
    x = _inside("p", p, "[0, 1]")
    if k == 0:
        return arb(1)
    return _refine(lambda: _lower_tail(n - k, n, _ball(_one_minus(x)), _ball(x)), _tail_precision(n))


# --- the Clopper-Pearson bound (C1) -----------------------------------------------------------------------------------


def newton_log_odds(u: arb, j: int, n: int, tail: arb, pmf: arb, t: arb, s: arb, log_alpha: arb) -> tuple[arb, bool]:
    """One certified Newton step for the u = ln(t/s) at which P(Bin(n, t) <= j) = alpha. Returns (enclosure, proved).

    `u` must be exact; `tail` and `pmf` enclose P(Bin(n, t) <= j) and P(Bin(n, t) = j) at t = 1/(1 + exp(-u)), and
    s = 1 - t.

    Let S(u) be the tail and f = -S' = (n - j) t pmf its density in u. From (ln f)' = j + 1 - (n + 1) t the density is
    log-concave, hence so is S, and h(u) = ln S(u) - ln alpha is decreasing and concave: Newton's method converges from
    every start. On X = [u - d, u + d] let B >= |(ln f)'|; there t moves by at most d t s exp(d), which gives B. Then

        f(X) lies in f exp(±d B),    S(X) lies in S ± d f exp(d B),    h'(X) lies in -f(X)/S(X),

    and the interval Newton image is N(X) = u - h(u)/h'(X). Were the root outside X, the mean value theorem on X would
    put a point of N(X) outside X too. So N(X) inside X *proves* that the root is in N(X). Otherwise the plain Newton
    point is returned with `proved` False: a better place to try.
    """
    density = (n - j) * t * pmf
    gap = tail.log() - log_alpha
    step = gap * tail / density
    d = 2 * step.abs_upper()
    grow = d.exp()
    bound = (j + 1 - (n + 1) * t).abs_upper() + (n + 1) * d * t * s * grow
    factor = (d * bound).exp()
    moved = d * density * factor
    wide_tail = tail + moved.union(-moved)
    if wide_tail > 0:
        image = u + gap * wide_tail / (density * factor.union(1 / factor))
        if d > (image - u).abs_upper() or image == u:
            return image, True
    return u + step, False


def _start_log_odds(j: int, n: int, alpha: Exact) -> arb:
    """Wilson's approximation to the root, as an exact number. Only a starting point: nothing rests on it."""
    z = _quantile_sf(_ball(alpha), _ball(_one_minus(alpha)))
    failures, successes = arb(j + 1), arb(n - j)
    spread = z * (failures * successes / n + z * z / 4).sqrt()
    return ((failures + z * z / 2 + spread) / (successes + z * z / 2 - spread).max(arb("1e-9"))).log().mid()


@lru_cache(maxsize=200_000)
def _log_odds(j: int, n: int, alpha: Exact) -> arb:
    """u = ln((1 - L)/L) for L = L(n - j; n, alpha), 0 <= j < n, to an absolute error near 2**-BITS."""
    with ctx.workprec(_bound_precision(n - j, n) + 30):
        log_alpha = _ball(alpha).log()
        if j == 0:  # L = alpha**(1/n)
            return (-(log_alpha / n).expm1()).log() - log_alpha / n
        u = _start_log_odds(j, n, alpha)
        goal, best = arb(2) ** -BITS, None
        for _ in range(200):
            w = u.exp()
            t, s = w / (1 + w), 1 / (1 + w)
            tail, pmf = _lower_tail(j, n, t, s), _pmf(j, n, t, s)
            image, proved = newton_log_odds(u, j, n, tail, pmf, t, s, log_alpha)
            if not image.is_finite():
                break
            if proved:
                if image.rad() < goal or (best is not None and image.rad() > best.rad() / 2):
                    return image
                best = image
            u = image.mid()
    raise ArithmeticError(f"no enclosure of the Clopper-Pearson bound for k={n - j}, n={n}, alpha={alpha}")


def _bound_pair(k: int, n: int, alpha: Exact) -> tuple[arb, arb]:
    """(1 - L, L), each with full relative accuracy, at the current precision."""
    if k == 0:
        return arb(1), arb(0)
    w = _log_odds(n - k, n, alpha).exp()
    return w / (1 + w), 1 / (1 + w)


def clopper_pearson_lower(k: int, n: int, alpha: Number) -> arb:
    """L(k; n, alpha): the p with P(Bin(n, p) >= k) = alpha (C1; Clopper & Pearson 1934). L(0) = 0, L(n) = alpha**(1/n).

    `alpha` in (0, 1). Relative error below 1e-25, also where L is as small as 1e-300 or less.

    >>> abs(clopper_pearson_lower(16, 16, "0.1") - arb("0.86596432336")) < 1e-10
    True
    """
    _counts(k, n)
    a = _inside("alpha", alpha, "(0, 1)")
    with ctx.workprec(_bound_precision(k, n)):
        return _bound_pair(k, n, a)[1]


def clopper_pearson_lower_sf(k: int, n: int, alpha: Number) -> arb:
    """1 - L(k; n, alpha), with relative error below 1e-25 however small it is. See `clopper_pearson_lower`.

    >>> clopper_pearson_lower_sf(10**18, 10**18, "0.001") < 7e-18
    True
    """
    _counts(k, n)
    a = _inside("alpha", alpha, "(0, 1)")
    with ctx.workprec(_bound_precision(k, n)):
        return _bound_pair(k, n, a)[0]


# --- judging someone else's bound: one tail evaluation, no root finding -----------------------------------------------


def _sign_exactly(j: int, n: int, t: Fraction, alpha: Fraction) -> int:
    """The sign of P(Bin(n, t) <= j) - alpha in integers: both sides times the common denominator."""
    a, b = t.numerator, t.denominator
    total: int = sum(math.comb(n, i) * a**i * (b - a) ** (n - i) for i in range(j + 1))
    left, right = total * alpha.denominator, alpha.numerator * b**n
    return int(left > right) - int(left < right)


def _sign_of_tail_minus_alpha(j: int, n: int, t: Exact, alpha: Exact) -> int:
    """The sign of P(Bin(n, t) <= j) - alpha, for -1 <= j < n and t in [0, 1]. Raises ArithmeticError if it stays open.

    Balls never prove equality, and equality occurs (n = 1, alpha = t = 1/2): integers settle it for n <= 1100. Beyond,
    where the denominator of the tail, of the order of that of t to the power n, makes it implausible, it raises.
    """
    if j < 0:
        return -1
    if t == alpha == Fraction(1, 2):  # by symmetry, also for an n beyond the exact comparison below
        return int(2 * j + 1 > n) - int(2 * j + 1 < n)
    for doubling in range(4):
        with ctx.workprec((_tail_precision(n)) << doubling):
            difference = _lower_tail(j, n, _ball(t), _ball(_one_minus(t))) - _ball(alpha)
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
    _counts(k, n)
    x, a = _inside("t", t, "[0, 1]"), _inside("alpha", alpha, "(0, 1)")
    if k == 0:
        return bool(x == 1)
    return _sign_of_tail_minus_alpha(n - k, n, x, a) <= 0


def is_sound_lower(k: int, n: int, alpha: Number, lower: Number) -> bool:
    """True iff lower <= L(k; n, alpha): a claimed lower bound is on the safe side.

    >>> is_sound_lower(1, 1, 0.5, 0.5), is_sound_lower(1, 1, 0.5, 0.51)
    (True, False)
    """
    return is_sound_lower_sf(k, n, alpha, _one_minus(_inside("lower", lower, "[0, 1]")))


def is_tight_lower_sf(k: int, n: int, alpha: Number, t: Number, rel: Number) -> bool:
    """True iff 1 - L(k; n, alpha) >= t / (1 + rel): the claimed t is not too large by more than a share `rel` >= 0.

    >>> is_tight_lower_sf(1, 1, 0.5, 0.5, 0), is_tight_lower_sf(1, 1, 0.5, 0.6, "0.1")
    (True, False)
    """
    _counts(k, n)
    x, a, r = _inside("t", t, "[0, 1]"), _inside("alpha", alpha, "(0, 1)"), _inside("rel", rel, "[0, inf)")
    if k == 0:
        return True
    with ctx.workprec(4 * BITS):
        lowered = _product(x, 1 / (1 + r))
    return _sign_of_tail_minus_alpha(n - k, n, lowered, a) >= 0


def is_tight_lower(k: int, n: int, alpha: Number, lower: Number, rel: Number) -> bool:
    """True iff L(k; n, alpha) <= lower (1 + rel): the claimed lower bound gives away at most a share `rel` >= 0.

    >>> is_tight_lower(1, 1, 0.5, 0.5, 0), is_tight_lower(1, 1, 0.5, 0.4, "0.1")
    (True, False)
    """
    _counts(k, n)
    x, r = _inside("lower", lower, "[0, 1]"), _inside("rel", rel, "[0, inf)")
    a = _inside("alpha", alpha, "(0, 1)")
    raised = _product(x, 1 + r)
    if k == 0 or raised >= 1:
        return True
    return _sign_of_tail_minus_alpha(n - k, n, _one_minus(raised), a) >= 0


# --- what a budget does to the radius (C2, C9) ------------------------------------------------------------------------


def min_certifiable_count(n: int, alpha: Number) -> int | None:
    """The smallest k with L(k; n, alpha) > 1/2, hence with a positive radius (C9); None if even k = n abstains.

    L(k) > 1/2 iff P(Bin(n, 1/2) >= k) < alpha, which is monotone in k: bisection on proved signs.

    >>> min_certifiable_count(16, "0.1"), min_certifiable_count(3, "0.1")
    (12, None)
    """
    _counts(0, n)
    a, half = _inside("alpha", alpha, "(0, 1)"), Fraction(1, 2)
    low, high = 0, n + 1  # k = low abstains, k = high does not, where high = n + 1 stands for "none"
    while high - low > 1:
        k = (low + high) // 2
        if _sign_of_tail_minus_alpha(n - k, n, half, a) < 0:
            high = k
        else:
            low = k
    return high if high <= n else None


def _unit_radius(k: int, n: int, alpha: Exact) -> arb:
    """g_N(k) at sigma = 1 and the current precision."""
    t, p = _bound_pair(k, n, alpha)
    return arb(0) if k == 0 or t > p else _quantile_sf(t, p).max(arb(0))


def radius_from_count(k: int, n: int, alpha: Number, sigma: Number = 1) -> arb:
    """g_N(k) = sigma Phi^-1(L(k; n, alpha)) where L > 1/2, else 0 (abstention).

    >>> abs(radius_from_count(100_000, 100_000, "0.001") - arb("3.811456563")) < 1e-8
    True
    """
    _counts(k, n)
    a, scale = _inside("alpha", alpha, "(0, 1)"), _inside("sigma", sigma, "(0, inf)")
    with ctx.workprec(_bound_precision(k, n)):
        return _ball(scale) * _unit_radius(k, n, a)


def max_radius(n: int, alpha: Number, sigma: Number = 1) -> arb:
    """g_N(N) = sigma Phi^-1(alpha**(1/n)), the largest radius that n draws can certify; n may have thousands of digits.

    >>> abs(max_radius(10**1000, "0.001") - arb("67.7571747")) < 1e-6
    True
    """
    return radius_from_count(n, n, alpha, sigma)


def _binomial_mean(
    n: int, p: Exact, first: int, value: Callable[[int], arb], below: Callable[[int], arb], above: Callable[[], arb]
) -> arb:
    """Sum of P(Bin(n, p) = k) value(k) over k >= first, for value(k) >= 0, at the current precision.

    Terms outside a window around n p are replaced by balls: those under it lie in [0, P(K < low) below(low)] and those
    over it in [0, P(K > high) above()], where below(low) and above() bound value(k) there. The width of the window
    comes from Bernstein's inequality at 2**-(BITS + 40), in floats; only speed depends on it.
    """
    x, y = _ball(p), _ball(_one_minus(p))
    exponent = (BITS + 40) * math.log(2)
    variance = n * float(x.mid()) * float(y.mid())
    reach = math.ceil(exponent / 3 + math.sqrt(exponent**2 / 9 + 2 * exponent * variance)) + 1
    centre = int((n * x).mid().floor().unique_fmpz())
    low, high = max(first, centre - reach), min(n, centre + reach)
    total = arb(0)
    for k in range(low, high + 1):
        total += _pmf(k, n, x, y) * value(k)
    if low > first:
        total += (_lower_tail(low - 1, n, x, y) * below(low)).union(arb(0))
    if high < n:
        total += (_lower_tail(n - max(high + 1, first), n, y, x) * above()).union(arb(0))
    return total


def expected_radius(p: Number, n: int, alpha: Number, sigma: Number = 1) -> arb:
    """r_N(p) = sum over k of P(Bin(n, p) = k) g_N(k), for p in [0, 1] (C2). For p near 1 pass an exact number.

    Cost: one certified root for each count in the window, about sqrt(n p (1 - p)) * 28 + 130 of them, at about 1 ms;
    roots are remembered from call to call.

    >>> expected_radius(1, 100, "0.001").overlaps(max_radius(100, "0.001"))
    True
    """
    _counts(0, n)
    x, a = _inside("p", p, "[0, 1]"), _inside("alpha", alpha, "(0, 1)")
    scale, first = _inside("sigma", sigma, "(0, inf)"), min_certifiable_count(n, a)
    if first is None or x == 0:
        return arb(0)
    with ctx.workprec(_tail_precision(n)):
        if x == 1:
            return _ball(scale) * _unit_radius(n, n, a)

        def radius(k: int) -> arb:
            return _unit_radius(k, n, a)

        return _ball(scale) * _binomial_mean(n, x, first, radius, below=radius, above=lambda: radius(n))


def expected_sensitivity(p: Number, n: int, alpha: Number, sigma: Number = 1) -> arb:
    """r_N'(p) = n * sum over k of P(Bin(n - 1, p) = k) [g_N(k + 1) - g_N(k)], for p in [0, 1] (C2, Bernstein's form).

    >>> abs(expected_sensitivity(1, 100_000, "0.001") - arb("7232.99")) < 0.01
    True
    """
    _counts(0, n)
    x, a = _inside("p", p, "[0, 1]"), _inside("alpha", alpha, "(0, 1)")
    scale, first = _inside("sigma", sigma, "(0, inf)"), min_certifiable_count(n, a)
    if first is None:
        return arb(0)
    with ctx.workprec(_tail_precision(n)):

        def increment(k: int) -> arb:
            return _unit_radius(k + 1, n, a) - _unit_radius(k, n, a)

        if n == 1 or x in (0, 1):
            return _ball(scale) * n * increment(n - 1 if x == 1 else 0)
        # g is >= 0 and non-decreasing, so an increment under `low` is at most g(low), and any increment at most g(n).
        mean = _binomial_mean(
            n - 1,
            x,
            first - 1,
            increment,
            below=lambda low: _unit_radius(low, n, a),
            above=lambda: _unit_radius(n, n, a),
        )
        return _ball(scale) * n * mean


# --- the constant classifier (theory B) -------------------------------------------------------------------------------


def trivial_acr(n: int, alpha: Number, sigma: Number = 1, share: Number = 1) -> arb:
    """ACR of the classifier that always answers the label of a share q of the samples: q sigma Phi^-1(alpha**(1/n))
    (B1).

    `share` in (0, 1]. Abstention (alpha**(1/n) <= 1/2) gives 0.

    >>> trivial_acr(148, "0.001", 1, "0.5") > arb("0.844")
    True
    """
    q = _inside("share", share, "(0, 1]")
    with ctx.workprec(BITS + 30):
        return _ball(q) * max_radius(n, alpha, sigma)


def _budget_threshold(target: Exact, alpha: Exact, sigma: Exact, share: Exact) -> arb:
    """ln alpha / ln Phi(target / (share sigma)): the trivial ACR exceeds the target iff n is larger (B2)."""
    tail = _sf(_ball(target) / (_ball(share) * _ball(sigma)))
    return _ball(alpha).log() / (-tail).log1p()


def _budget_input(target: Number, alpha: Number, sigma: Number, share: Number) -> tuple[Exact, Exact, Exact, Exact]:
    q = _inside("share", share, "(0, 1]")
    return (
        _inside("target", target, "(0, inf)"),
        _inside("alpha", alpha, "(0, 1)"),
        _inside("sigma", sigma, "(0, inf)"),
        q,
    )


def budget_for_acr(target: Number, alpha: Number, sigma: Number = 1, share: Number = 1) -> int:
    """The smallest n with share sigma Phi^-1(alpha**(1/n)) > target > 0, exactly (B2).

    Precision grows until the floor of the threshold is decided. An answer of d digits costs d-digit arithmetic:
    seconds at d = 100 000. Use `log10_budget_for_acr` where only the size matters.

    >>> budget_for_acr("0.844", "0.001", share="0.5")
    148
    """
    numbers = _budget_input(target, alpha, sigma, share)
    with ctx.workprec(64):
        size = int(_budget_threshold(*numbers).log().upper().ceil().unique_fmpz()) * 3 // 2
    for doubling in range(4):
        with ctx.workprec((max(size, 0) + 100) << doubling):
            whole = _budget_threshold(*numbers).floor().unique_fmpz()
        if whole is not None:
            return int(whole) + 1
    raise ArithmeticError("the threshold is too close to an integer for its floor to be decided")


def log10_budget_for_acr(target: Number, alpha: Number, sigma: Number = 1, share: Number = 1) -> arb:
    """log10 of `budget_for_acr`, for budgets of any size: the threshold x gives x < n <= x + 1, and the ball covers
    both.

    >>> log10_budget_for_acr("0.8437", "0.001", share=Fraction(1, 1000)).floor().unique_fmpz()
    154576
    """
    numbers = _budget_input(target, alpha, sigma, share)
    if _budget_threshold(*numbers) < arb(10) ** 300:
        budget = budget_for_acr(target, alpha, sigma, share)
        return _refine(lambda: arb(budget).log() / arb(10).log())

    def value() -> arb:
        x = _budget_threshold(*numbers)
        return x.log().union((x + 1).log()) / arb(10).log()

    return _refine(value)
