"""The Clopper-Pearson bound from its defining equation, by a certified Newton step (theory C1)."""

from functools import lru_cache

from flint import arb, ctx

from rstheory.rigorous.binomial import bound_precision, lower_tail, point_mass
from rstheory.rigorous.exact import BITS, Exact, Number, check_counts, checked, one_minus, to_ball
from rstheory.rigorous.normal import quantile_sf_ball


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
    z = quantile_sf_ball(to_ball(alpha), to_ball(one_minus(alpha)))
    failures, successes = arb(j + 1), arb(n - j)
    spread = z * (failures * successes / n + z * z / 4).sqrt()
    return ((failures + z * z / 2 + spread) / (successes + z * z / 2 - spread).max(arb("1e-9"))).log().mid()


@lru_cache(maxsize=200_000)
def root_log_odds(j: int, n: int, alpha: Exact) -> arb:
    """u = ln((1 - L)/L) for L = L(n - j; n, alpha), 0 <= j < n, to an absolute error near 2**-BITS."""
    with ctx.workprec(bound_precision(n - j, n) + 30):
        log_alpha = to_ball(alpha).log()
        if j == 0:  # L = alpha**(1/n)
            return (-(log_alpha / n).expm1()).log() - log_alpha / n
        u = _start_log_odds(j, n, alpha)
        goal, best = arb(2) ** -BITS, None
        for _ in range(200):
            w = u.exp()
            t, s = w / (1 + w), 1 / (1 + w)
            tail, pmf = lower_tail(j, n, t, s), point_mass(j, n, t, s)
            image, proved = newton_log_odds(u, j, n, tail, pmf, t, s, log_alpha)
            if not image.is_finite():
                break
            if proved:
                if image.rad() < goal or (best is not None and image.rad() > best.rad() / 2):
                    return image
                best = image
            u = image.mid()
    raise ArithmeticError(f"no enclosure of the Clopper-Pearson bound for k={n - j}, n={n}, alpha={alpha}")


def bound_pair(k: int, n: int, alpha: Exact) -> tuple[arb, arb]:
    """(1 - L, L), each with full relative accuracy, at the current precision."""
    if k == 0:
        return arb(1), arb(0)
    w = root_log_odds(n - k, n, alpha).exp()
    return w / (1 + w), 1 / (1 + w)


def clopper_pearson_lower(k: int, n: int, alpha: Number) -> arb:
    """L(k; n, alpha): the p with P(Bin(n, p) >= k) = alpha (C1; Clopper & Pearson 1934). L(0) = 0, L(n) = alpha**(1/n).

    `alpha` in (0, 1). Relative error below 1e-25, also where L is as small as 1e-300 or less.

    >>> abs(clopper_pearson_lower(16, 16, "0.1") - arb("0.86596432336")) < 1e-10
    True
    """
    check_counts(k, n)
    a = checked("alpha", alpha, "(0, 1)")
    with ctx.workprec(bound_precision(k, n)):
        return bound_pair(k, n, a)[1]


def clopper_pearson_lower_sf(k: int, n: int, alpha: Number) -> arb:
    """1 - L(k; n, alpha), with relative error below 1e-25 however small it is. See `clopper_pearson_lower`.

    >>> clopper_pearson_lower_sf(10**18, 10**18, "0.001") < 7e-18
    True
    """
    check_counts(k, n)
    a = checked("alpha", alpha, "(0, 1)")
    with ctx.workprec(bound_precision(k, n)):
        return bound_pair(k, n, a)[0]
