"""Evidence, boundaries and randomized bounds, enclosed (theory G1, G2, G4, C11)."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from flint import acb, arb, ctx

from rstheory.rigorous.binomial import lower_tail, point_mass, tail_precision
from rstheory.rigorous.exact import BITS, Exact, Number, check_counts, checked, one_minus, to_ball


def log_mixture_sf(k: int, n: int, t: Number) -> arb:
    """ln W_n(1 - t) for k successes in n draws, t in (0, 1): the truncated Krichevsky-Trofimov mixture (G1).

    The mean over theta > 1 - t of the likelihood ratio theta^k (1-theta)^(n-k) / ((1-t)^k t^(n-k)), theta having the
    density proportional to (theta (1-theta))^(-1/2): an integral over phi with sin(phi)^2 = 1 - theta, where that
    density is constant and the integrand entire.

    >>> abs(log_mixture_sf(1, 1, "0.5") - (1 + 2 / arb.pi()).log()) < 1e-12
    True
    """
    check_counts(k, n)
    x = checked("t", t, "(0, 1)")
    j = n - k
    for doubling in range(4):
        with ctx.workprec((BITS + 60 + 2 * n.bit_length()) << doubling):
            sine, cosine = to_ball(x).sqrt(), to_ball(one_minus(x)).sqrt()
            end = sine.asin()
            mass = _mass(j, k, sine, cosine, end)
            value = (mass / end).log()
            if value.is_finite() and value.rad() < arb(2) ** -60 * (1 + abs(value)):
                return value
    raise ArithmeticError(f"no enclosure of the mixture for k={k}, n={n}, t={t}")


def _mass(j: int, k: int, sine: arb, cosine: arb, end: arb) -> arb:
    """Integral over phi in (0, end) of (sin phi / sine)^(2j) (cos phi / cosine)^(2k).

    Cut around the largest value of the integrand, where it is as wide as 1/sqrt(j + k): only speed depends on where.
    """

    def integrand(z: acb, _analytic: bool) -> acb:
        return (z.sin() / sine) ** (2 * j) * (z.cos() / cosine) ** (2 * k)

    n = j + k
    peak = min(float((arb(j) / n).sqrt().asin().mid()), float(end.mid()))
    width = 4 / float(n) ** 0.5
    inner = sorted({peak + width * step for step in (-4, -2, -1, 0, 1, 2, 4)})
    cuts = [arb(0), *(arb(cut) for cut in inner if cut > 0 and arb(cut) < end), end]
    at_peak = min(arb(peak), end) if peak > 0 else arb(0)
    size = integrand(acb(at_peak), False).real * min(width / 16, float(end.mid()) / (2 * n + 1))
    goal, total = (size * arb(2) ** -BITS).mid(), arb(0)
    for low, high in pairwise(cuts):
        total += acb.integral(integrand, low, high, rel_tol=0, abs_tol=goal, eval_limit=20_000).real
    return total


def is_sound_anytime_sf(k: int, n: int, alpha: Number, t: Number) -> bool:
    """True iff t >= 1 - L_n, L_n = inf{q : W_n(q) < 1/alpha}: a claimed bound is on the safe side (G2).

    By the monotonicity proved in `rstheory.sequential.mixture` that is W_n(1 - t) >= 1/alpha, or t = 1.

    >>> is_sound_anytime_sf(10, 10, 0.001, 0.75), is_sound_anytime_sf(10, 10, 0.001, 0.45)
    (True, False)
    """
    check_counts(k, n)
    x, a = checked("t", t, "[0, 1]"), checked("alpha", alpha, "(0, 1)")
    if x == 1 or x == 0:
        return bool(x == 1)
    with ctx.workprec(4 * BITS):
        excess = log_mixture_sf(k, n, x) + to_ball(a).log()
        if excess > 0 or excess < 0:
            return bool(excess > 0)
    raise ArithmeticError(f"cannot decide the mixture against alpha for k={k}, n={n}, t={t}, alpha={alpha}")


def crossing_probability_sf(looks: Sequence[int], most_failures: Sequence[int], t: Number) -> arb:
    """P(some look i has at most most_failures[i] failures), failures at rate t: one draw after the other (G4).

    Exact arithmetic where t is an exact number and the last look at most 64; balls beyond. Time grows with the square
    of the last look.

    >>> crossing_probability_sf([10], [0], "0.5") == arb(2) ** -10
    True
    """
    if len(looks) != len(most_failures) or any(b <= a for a, b in zip((0, *looks), looks, strict=False)):
        raise ValueError(f"looks={looks!r} must be ascending, with one boundary each")
    x = checked("t", t, "[0, 1]")
    boundary = dict(zip(looks, most_failures, strict=True))
    with ctx.workprec(2 * BITS + 64):
        rate, other = (x, one_minus(x)) if looks[-1] <= 64 and isinstance(x, Fraction) else _balls(x)
        under_way, crossed = [rate * 0 + 1], rate * 0
        for draw in range(1, looks[-1] + 1):
            moved = [mass * other for mass in under_way] + [rate * 0]
            for failures, mass in enumerate(under_way):
                moved[failures + 1] += mass * rate
            for failures in range(min(boundary.get(draw, -1), draw) + 1):
                crossed, moved[failures] = crossed + moved[failures], rate * 0
            under_way = moved
        return to_ball(crossed)


def _balls(x: Exact) -> tuple[arb, arb]:
    return to_ball(x), to_ball(one_minus(x))


def is_sound_randomized_sf(k: int, n: int, alpha: Number, u: Number, t: Number) -> bool:
    """True iff t is at least the root of P(J < j) + u P(J = j) = alpha, J ~ Bin(n, t), j = n - k (C11).

    Where the left side is at most alpha at every t (k = n, u <= alpha) every t is sound.

    >>> is_sound_randomized_sf(1, 1, 0.25, 0.5, 0.51), is_sound_randomized_sf(1, 1, 0.25, 0.5, 0.49)
    (True, False)
    """
    check_counts(k, n)
    x, a, chance = checked("t", t, "[0, 1]"), checked("alpha", alpha, "(0, 1)"), checked("u", u, "[0, 1]")
    j = n - k
    if x in (0, 1):  # 1 claims nothing; at 0 every draw succeeds
        return bool(x == 1 or (j == 0 and chance <= a))
    for doubling in range(4):
        with ctx.workprec(tail_precision(n) << doubling):
            rate, other = _balls(x)
            upto = lower_tail(j, n, rate, other) if j < n else arb(1)
            excess = upto - to_ball(one_minus(chance)) * point_mass(j, n, rate, other) - to_ball(a)
            if excess > 0 or excess < 0:
                return bool(excess < 0)
            if excess.is_zero():
                return True
    raise ArithmeticError(f"cannot decide the randomized tail for k={k}, n={n}, t={t}, u={u}, alpha={alpha}")
