"""Are the increments of the certified radius non-decreasing in the count (theory C4)? Proved budget by budget.

For one (N, alpha) the theorem is finitely many inequalities, g(k+1) - 2 g(k) + g(k-1) >= 0 for k = 1..N-1, each between
numbers that ball arithmetic encloses. The smallest of them shrinks like N**-2.5 (about 5e-7 at N = 1000 and 5e-12 at
N = 100 000, next to the smallest certifiable count), so the enclosures are made that much tighter and no more.

Speed comes from walking through k = N, N-1, … for a fixed N: one table of binomial coefficients serves all counts, and
the roots found so far predict the next one so well that one certified Newton step per count is enough as a rule.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flint import arb, arb_poly, ctx

from rstheory.rigorous.budget import min_certifiable_count
from rstheory.rigorous.clopper_pearson import newton_log_odds, root_log_odds
from rstheory.rigorous.exact import Exact, Number, check_counts, checked, to_ball

__all__ = ["ConvexityCheck", "increments_non_decreasing", "positive_radii", "smallest_second_difference"]

_PREDICTOR = (6, -15, 20, -15, 6, -1)
"""Value at the next integer of the polynomial through the last six values, latest first."""


@dataclass(frozen=True)
class ConvexityCheck:
    """Outcome of `increments_non_decreasing`.

    `first_count`: the smallest k with g(k) > 0 (n + 1 if there is none). `differences`: how many second differences
    were enclosed (those of k = first_count..n-1; the others are trivially >= 0). `smallest`: a float that is at most
    the smallest of them (inf if there is none), `at`: the k where it was found. `holds`: True iff every one was proved
    >= 0; `refuted`: True iff one was proved < 0.
    """

    n: int
    alpha: Number
    first_count: int
    differences: int
    smallest: float
    at: int | None
    holds: bool
    refuted: bool


def _float_below(x: arb) -> float:
    """The nearest float to the lower end of `x`, stepped down twice: certainly below `x`."""
    return math.nextafter(math.nextafter(float(x.lower()), -math.inf), -math.inf)


def smallest_second_difference(values: Sequence[arb]) -> tuple[float, int | None, bool]:
    """Of v[i+1] - 2 v[i] + v[i-1], 0 < i < len - 1: a lower bound of the smallest, its i, is one surely negative?

    Knows nothing of binomials: fed with any enclosures, it must refuse those of a sequence that is not convex.

    >>> smallest_second_difference([arb(0), arb(2), arb(3)])[1:]
    (1, True)
    """
    smallest, at, refuted = math.inf, None, False
    for i in range(1, len(values) - 1):
        difference = values[i + 1] - 2 * values[i] + values[i - 1]
        low = _float_below(difference) if difference.is_finite() else -math.inf
        if low < smallest:
            smallest, at = low, i
        refuted = refuted or bool(difference < 0)
    return smallest, at, refuted


def _log_odds_walk(n: int, exact_alpha: Exact, goal: float) -> Iterator[tuple[arb, arb]]:
    """Enclosures of (1 - L, L) for k = n, n-1, …, 1, with ln((1 - L)/L) within `goal`."""
    alpha = to_ball(exact_alpha)
    log_alpha = alpha.log()
    t = -(log_alpha / n).expm1()
    yield t, (log_alpha / n).exp()
    history = [float((t.log() - log_alpha / n).mid())]  # latest first, floats: they only say where to try next
    coefficients = [arb(1)]  # binomial coefficients C(n, i)
    bits = 10 - math.log2(goal) - 2 * float((1 - alpha).log().mid()) / math.log(2)
    for j in range(1, n):
        coefficients.append(coefficients[-1] * (n - j + 1) / j)
        guess = (
            sum(c * u for c, u in zip(_PREDICTOR, history, strict=True))
            if len(history) == len(_PREDICTOR)
            else history[0] + math.log1p(1 / j)
        )
        image = _certified_root(n, j, arb(guess), coefficients, log_alpha, bits, goal)
        if image is None:  # a bad guess, for alpha near 1: the slower solver finds its own start
            image = root_log_odds(j, n, exact_alpha)
        w = image.exp()
        yield w / (1 + w), 1 / (1 + w)
        history = [float(image.mid()), *history[:5]]


def _certified_root(
    n: int, j: int, u: arb, coefficients: list[arb], log_alpha: arb, bits: float, goal: float
) -> arb | None:
    """The log odds of the root within `goal`, from a start near `u`; None if that takes more than a few steps."""
    for _ in range(8):
        w = u.exp()
        s = 1 / (1 + w)
        t = w * s
        tail, pmf = _tail_and_pmf(n, j, float(u), w, s, coefficients, bits)
        image, proved = newton_log_odds(u, j, n, tail, pmf, t, s, log_alpha)
        if proved and image.rad() < goal:
            return image
        u = image.mid()
        if not abs(u) < 1e6:
            break
    return None


def _tail_and_pmf(
    n: int, j: int, log_odds: float, w: arb, s: arb, coefficients: list[arb], bits: float
) -> tuple[arb, arb]:
    """P(Bin(n, t) <= j) and P(Bin(n, t) = j), where w = t/s: s**n times sums of C(n, i) w**i.

    Summed from i = low to j; the ratio of the term of i - 1 to that of i, i / ((n - i + 1) w), falls with i, so the
    rest is at most the geometric series that starts at low. `low` is chosen, in floats, for that to be near 2**-bits
    of the sum.
    """
    slope = math.log((n - j + 1) / j) + log_odds  # the terms fall like exp(-slope m - curve m**2 / 2), m = j - i
    curve = 1 / j + 1 / (n - j)
    m = (math.sqrt(slope * slope + 1.4 * bits * curve) - slope) / curve
    low = max(0, j - int(m) - 2)
    total = arb_poly(coefficients[low : j + 1])(w)
    if low:
        ratio = low / (w * (n - low + 1))
        rest = coefficients[low] * ratio / (1 - ratio) if ratio < 1 else arb.nan()
        total += rest.union(arb(0))
    return s**n * w**low * total, s**n * w**j * coefficients[j]


def positive_radii(n: int, alpha: Number, goal: float | None = None) -> list[arb]:
    """Enclosures of g(k) at sigma = 1 for k = first, …, n, where first is the smallest k with L(k) > 1/2.

    `goal`: absolute error allowed in ln((1 - L)/L), at least 1e-28; default 0.001 * n**-2.5, at most 1e-9. Whether an L
    that looks like 1/2 is above it is decided exactly. Empty if every count abstains.

    >>> len(positive_radii(16, "0.1"))
    5
    """
    check_counts(0, n)
    level = checked("alpha", alpha, "(0, 1)")
    goal = default_goal(n) if goal is None else goal
    radii: list[arb] = []
    near_one = -2 * math.log2(float(to_ball(1 - level)))
    with ctx.workprec(int(26 - math.log2(goal) + near_one) + n.bit_length()):
        root_two = arb(2).sqrt()
        for t, p in _log_odds_walk(n, level, goal):
            if not t < p and (t > p or len(radii) >= _certifying(n, level)):
                break
            radii.append((root_two * ((2 * t).erfcinv() if t < 0.25 else (p - t).erfinv())).max(arb(0)))
    return radii[::-1]


def _certifying(n: int, alpha: Exact) -> int:
    """How many counts have L > 1/2, decided exactly; asked only where an L cannot be told from 1/2."""
    first = min_certifiable_count(n, alpha)
    return 0 if first is None else n + 1 - first


def default_goal(n: int) -> float:
    """A thousandth of n**-2.5, which is how the smallest second difference shrinks; at most 1e-9."""
    return float(min(1e-9, 1e-3 * n**-2.5))


def increments_non_decreasing(n: int, alpha: Number) -> ConvexityCheck:
    """Is k -> g_N(k+1) - g_N(k) non-decreasing on k = 0..N-1, for this N and alpha (C4)? True is a proof.

    The sequence judged is the clipped g itself: 0 for the counts that abstain, then sigma Phi^-1(L(k)), up to the
    endpoint k = N; sigma only scales it. Where three neighbours abstain the second difference is 0, and where only the
    last one does not it is g(first) > 0. So the differences of k = first..N-1 remain, and g(first - 1) = 0.
    (It would also do to look at the unclipped G(k) = Phi^-1(L(k)) from k = first - 1 on: G(first - 1) <= 0, so
    clipping only raises the second difference at `first`. The clipped check asks for no more than the claim.)

    Not every (N, alpha) has the property: it fails at N = 2, alpha = 0.999, and for alpha > 1/2 it seems to fail for
    all large N (first at N = 11 for alpha = 0.9, at N = 251 for 0.6). An open case is tried again with much tighter
    enclosures before `holds` and `refuted` are both left False.

    Cost on one core: about 20 ms at N = 1000, 6 s at N = 100 000.

    >>> increments_non_decreasing(100, "0.001").holds, increments_non_decreasing(2, "0.999").refuted
    (True, True)
    """
    check_counts(0, n)
    for shrink in (1.0, 1e-9, 1e-18):
        radii = positive_radii(n, alpha, default_goal(n) * shrink)
        with ctx.workprec(256):
            smallest, at, refuted = smallest_second_difference([arb(0), *radii])
        if smallest >= 0 or refuted:
            break
    first = n + 1 - len(radii)
    position = None if at is None else first - 1 + at
    return ConvexityCheck(n, alpha, first, max(0, len(radii) - 1), smallest, position, smallest >= 0, refuted)
