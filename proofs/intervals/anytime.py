"""G1, G2 and G4 by enumeration: exact false-alarm rates of rules that may stop after any draw.

Whether the wealth W(q) after k successes and j failures has reached 1/α is decided by balls. Given these decisions the
probability of ever crossing within N draws is a rational number, computed exactly by a recursion over counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial
from itertools import product

from flint import arb, ctx

ALPHAS = (Fraction(1, 10), Fraction(1, 20), Fraction(1, 100), Fraction(1, 1000))
QS = (Fraction(1, 2), Fraction(69146, 100_000), Fraction(84134, 100_000))  # Φ(0), Φ(1/2), Φ(1), rounded
SHARES = (Fraction(1), Fraction(9, 10), Fraction(1, 2))  # p as a share of q: the worst case, and two below it
LARGEST = 60

Wealth = Callable[[Fraction, int, int], arb]
Crossed = Callable[[int, int], bool]


@dataclass(frozen=True)
class Rates:
    """`proved`: every rate was as claimed. `cases`: how many. `worst`: the largest rate as a share of its α."""

    proved: bool
    cases: int
    worst: float

    def __str__(self) -> str:
        return f"{self.cases} exact rates, the largest {self.worst:.3f} of its α"


def _ball(x: Fraction) -> arb:
    return arb(x.numerator) / x.denominator


def _mixture(q: Fraction, k: int, j: int, upper_tail: arb) -> arb:
    a, b = arb(k) + 0.5, arb(j) + 0.5
    beta = (a.lgamma() + b.lgamma() - (a + b).lgamma()).exp()
    return beta * upper_tail / (_ball(q) ** k * (1 - _ball(q)) ** j)


def truncated(q: Fraction, k: int, j: int) -> arb:
    """W(q) after k successes and j failures, as the theory writes it: beta functions and their upper tails at q.

    >>> truncated(Fraction(1, 2), 0, 0).contains(1), float(truncated(Fraction(1, 2), 3, 0)) > 4
    (True, True)
    """
    t = 1 - _ball(q)
    ratio = t.beta_lower(arb(j) + 0.5, arb(k) + 0.5, 1) / t.beta_lower(arb("0.5"), arb("0.5"), 1)
    return _mixture(q, k, j, ratio) / arb.pi()


def untruncated(q: Fraction, k: int, j: int) -> arb:
    """The mixture over all θ, which tests p = q and not p <= q."""
    return _mixture(q, k, j, arb(1)) / arb.pi()


def crossed(wealth: Wealth, q: Fraction, alpha: Fraction) -> Crossed:
    """Has the wealth reached 1/α? Decided by balls of growing precision; ArithmeticError where they cannot decide."""

    @cache
    def decided(k: int, j: int) -> bool:
        for bits in (128, 512, 2048):
            with ctx.workprec(bits):
                gap = wealth(q, k, j) * _ball(alpha) - 1
                if gap > 0 or gap < 0:
                    return bool(gap > 0)
        raise ArithmeticError(f"W({q}) after {k} successes and {j} failures is too close to 1/α to decide")

    return decided


def crossing_probabilities(hit: Crossed, p: Fraction, largest: int) -> Iterator[Fraction]:
    """P(ever crossed within N draws) for N = 0, ..., `largest`, from the law of the counts that have not crossed."""
    alive, crossed_so_far = {0: Fraction(1)}, Fraction(0)
    for n in range(largest + 1):
        for k in [k for k in alive if hit(k, n - k)]:
            crossed_so_far += alive.pop(k)
        yield crossed_so_far
        following: dict[int, Fraction] = {}
        for k, mass in alive.items():
            following[k] = following.get(k, Fraction(0)) + (1 - p) * mass
            following[k + 1] = following.get(k + 1, Fraction(0)) + p * mass
        alive = following


def false_alarms(wealth: Wealth = truncated) -> Rates:
    """G1: at p = q and below, every N <= 60, four α, three q, no rate exceeds α; at p = q some N has a positive one."""
    rates: list[tuple[Fraction, Fraction]] = []
    possible = True
    for alpha, q in product(ALPHAS, QS):
        hit = crossed(wealth, q, alpha)
        for share in SHARES:
            found = list(crossing_probabilities(hit, share * q, LARGEST))
            possible &= share < 1 or found[-1] > 0
            rates += [(rate, alpha) for rate in found[1:]]
    return Rates(
        possible and all(rate <= alpha for rate, alpha in rates),
        len(rates),
        max(float(rate / alpha) for rate, alpha in rates),
    )


def against_every_path(largest: int = 12) -> Rates:
    """The recursion over counts against the sum over all 2^N paths, drawn out one by one."""
    wrong, cases, worst = 0, 0, 0.0
    for alpha, q in product(ALPHAS[:2], QS):
        hit = crossed(truncated, q, alpha)
        by_counts = list(crossing_probabilities(hit, q, largest))
        for n in range(1, largest + 1):
            by_paths = sum((_mass(path, q) for path in product((0, 1), repeat=n) if _ever(path, hit)), Fraction(0))
            wrong += by_paths != by_counts[n]
            cases += 1
            worst = max(worst, float(by_paths / alpha))
    return Rates(wrong == 0, cases, worst)


def bound(alpha: Fraction, k: int, j: int, steps: int = 40) -> Fraction:
    """The largest rejected q after these counts, rounded down to a multiple of 2^-steps: G2's bound, by bisection."""
    low, high = Fraction(0), Fraction(1)
    for _ in range(steps):
        middle = (low + high) / 2
        low, high = (middle, high) if crossed(truncated, middle, alpha)(k, j) else (low, middle)
    return low


def bound_against_brute_force(largest: int = 10, cells: int = 100) -> Rates:
    """G2's bound by bisection against a scan of a grid of q, and its exact error over all 2^N paths at three p."""
    agree, rates = True, []
    for alpha in ALPHAS[:2]:
        counts = [(k, n - k) for n in range(largest + 1) for k in range(n + 1)]
        bounds = {count: bound(alpha, *count) for count in counts}
        for count in counts:
            rejected = [crossed(truncated, Fraction(i, cells), alpha)(*count) for i in range(1, cells)]
            agree &= rejected == [Fraction(i, cells) <= bounds[count] for i in range(1, cells)]

        def above(k: int, j: int, p: Fraction, bounds: dict[tuple[int, int], Fraction] = bounds) -> bool:
            return bounds[k, j] > p

        for n, p in product(range(1, largest + 1), QS):
            paths = product((0, 1), repeat=n)
            wrong = sum((_mass(path, p) for path in paths if _ever(path, partial(above, p=p))), Fraction(0))
            rates.append((wrong, alpha))
    return Rates(
        agree and all(rate <= alpha for rate, alpha in rates),
        len(rates),
        max(float(rate / alpha) for rate, alpha in rates),
    )


def _mass(path: tuple[int, ...], p: Fraction) -> Fraction:
    k = sum(path)
    return p**k * (1 - p) ** (len(path) - k)


def _ever(path: tuple[int, ...], hit: Crossed) -> bool:
    return any(hit(sum(path[:n]), n - sum(path[:n])) for n in range(len(path) + 1))


def exceeding(p: Fraction, alpha: Fraction) -> Crossed:
    """Does the Clopper-Pearson bound at level α after these draws exceed p, that is P_p(K >= k) < α? Exactly."""

    @cache
    def tail(n: int, k: int) -> Fraction:
        if k <= 0 or n < k:
            return Fraction(k <= 0)
        return p * tail(n - 1, k - 1) + (1 - p) * tail(n - 1, k)

    return lambda k, j: tail(k + j, k) < alpha


def repeated_bounds() -> Rates:
    """G4: Clopper-Pearson bounds at level α each, one after every draw, err by N = 60 with probability above α."""
    rates = []
    for alpha, p in product(ALPHAS, QS):
        *_, last = crossing_probabilities(exceeding(p, alpha), p, LARGEST)
        rates.append((last, alpha))
    return Rates(
        all(rate > alpha for rate, alpha in rates), len(rates), max(float(rate / alpha) for rate, alpha in rates)
    )
