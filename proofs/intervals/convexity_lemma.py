"""The one numerical step of the proof of C4 for every N and every α <= 1/2: Lemma 5 of `proofs/C4.md`, for b in [1, 4].

Statement. For b >= 1 let

    κ_b(x) = ∫₀¹ v^(b-1)/(1 - xv) dv,    G_b(x) = b + (1-b) x - 1/κ_b(x),    c = 2 - π/2.

For every integer n >= 2b, with t the median of Beta(b, n-b) and x = e^(-r),

    ∫₀^∞ κ_b(x) (G_b(x) - c) (1 + t (e^r - 1))^(-n) dr > 0.

Idea. G_b increases in x, so the integrand is positive for small r and negative for large r: any change of the weight
that takes relatively more from large r keeps the integral positive. Therefore (n, nt) may be replaced by smaller
values: n by the left end of a block of budgets, nt by a lower bound that holds on the block (Lemmas 3 and 4 of C4.md).
κG = Σ k x^k/((b+k-1)(b+k)) falls in b, and so does κ, which gives κG - cκ >= (κG at b₂) - c (κ at b₁) on [b₁, b₂].
What is left is one integral, bounded below by a sum over cells of r: G, κ and the weight are monotone in r, so that the
smallest value on a cell is known from its ends. b is bisected until each sum is positive.

Range. b in [1, 4]; n = 2, 3, ..., 11 one by one and n >= 12 at once. b >= 4 is done by hand in C4.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from flint import arb, ctx

from proofs.intervals.subdivision import Outcome

LARGEST_B = 4
LAST_SINGLE_N = 11
CELLS = 1000
FIRST_R, LAST_R = arb("1e-5"), arb(30)


@lru_cache
def _grid() -> tuple[arb, ...]:
    """r_0 = 0 < r_1 < ..., geometric from r_1 on; beyond the last one the integrand is bounded separately."""
    step = (LAST_R / FIRST_R).log() / CELLS
    return (arb(0), *((FIRST_R * (step * i).exp()).mid() for i in range(CELLS + 1)))


@lru_cache
def _widths() -> tuple[arb, ...]:
    grid = _grid()
    return tuple(grid[i + 1] - grid[i] for i in range(len(grid) - 1))


@lru_cache(maxsize=512)
def _kappa(b: Fraction) -> tuple[arb, ...]:
    """κ_b at every r_i, i >= 1 (it is infinite at r = 0): ₂F₁(1, b; b+1; x)/b."""
    ball = arb(b.numerator) / b.denominator
    return tuple((-r).exp().hypgeom_2f1(1, ball, ball + 1) / ball for r in _grid()[1:])


@lru_cache(maxsize=512)
def _kappa_times_g(b: Fraction) -> tuple[arb, ...]:
    """κ_b G_b = (b + (1-b) x) κ_b - 1 at every r_i, i >= 1."""
    ball = arb(b.numerator) / b.denominator
    return tuple((ball + (1 - ball) * (-r).exp()) * k - 1 for r, k in zip(_grid()[1:], _kappa(b), strict=True))


@dataclass(frozen=True)
class Block:
    """Budgets n >= `least` with the weight (1 + (τ/n)(e^r - 1))^(-n) at n = `least`; `only`: that n alone."""

    least: int
    only: bool

    @property
    def largest_b(self) -> Fraction:
        return min(Fraction(self.least, 2), Fraction(LARGEST_B)) if self.only else Fraction(LARGEST_B)

    def smallest_mean(self, b1: Fraction, b2: Fraction) -> arb:
        """A lower bound of nt, t = median of Beta(b, n-b), for all b in [b1, b2] and all n of the block.

        b >= 2: t >= (b - 1/2)/(n - 1) (Lemma 3). 1 <= b <= 2: t/(1-t) is log-concave in b (Theorem 1 of C4.md at
        α = 1/2), so it lies above the geometric mean of its values at 1 and at 2, or at n/2 if that is less. t
        increases in b, so b1 decides.
        """
        n = self.least
        if b1 >= 2:
            return _ball(b1 - Fraction(1, 2)) * (n if self.only else 1) / (n - 1 if self.only else 1)
        theta = _ball(b1 - 1)
        log_two = arb(2).log()
        if self.only:
            odds_at_one = (log_two / (n - 1)).expm1()  # t = 1 - 2^(-1/(n-1))
            end = min(Fraction(2), Fraction(n, 2))
            odds_at_end = arb(1) if end == Fraction(n, 2) else arb(3) / (2 * n - 5)  # t >= (3/2)/(n-1)
            weight = theta / _ball(end - 1) if end > 1 else arb(0)
            odds = odds_at_one ** (1 - weight) * odds_at_end**weight
            return n * odds / (1 + odds)
        c = log_two ** (1 - theta) * arb("1.5") ** theta  # odds >= c/(n-1), hence nt >= c n/(n - 1 + c)
        return c.min(c * n / (n - 1 + c))


def _ball(x: Fraction) -> arb:
    return arb(x.numerator) / x.denominator


BLOCKS = (*(Block(n, True) for n in range(2, LAST_SINGLE_N + 1)), Block(LAST_SINGLE_N + 1, False))


def lower_sum(b1: Fraction, b2: Fraction, block: Block, c: arb) -> arb:
    """A lower bound of ∫ (κG - cκ) weight dr for every b in [b1, b2] and every n of the block."""
    n, t = block.least, block.smallest_mean(b1, b2).lower() / block.least
    growth = [(1 + t * r.expm1()) ** -n for r in _grid()]
    good, bad, widths = _kappa_times_g(b2), _kappa(b1), _widths()
    total = arb(0)
    # Cell i runs from r_i to r_{i+1}. good[i] and bad[i] belong to r_{i+1}. κ, G and the weight fall in r.
    for i in range(1, len(widths)):
        low = good[i] - c * bad[i]
        if low > 0:  # so G > c at the right end for every b, where κ (G - c) is then smallest
            total += low * growth[i + 1] * widths[i]
        else:
            worst = good[i] - c * bad[i - 1]
            total += worst * growth[i].union(growth[i + 1]) * widths[i]
    first = good[0] - c * bad[0]
    if not first > 0:
        return arb.nan()
    # On the cell from 0 the integrand is positive and is dropped. Beyond the last r, κ is at most its value there, G is
    # not negative, and the weight falls at least like e^(-rate (r - r_last)): nte^r/(1 + t(e^r - 1)) grows with r.
    last = _grid()[-1]
    rate = n * t * last.exp() / (1 + t * last.expm1())
    return total - c * bad[-1] * growth[-1] / rate


def lemma(block: Block, c: arb | None = None, smallest: Fraction = Fraction(1, 2000)) -> Outcome:
    """Lemma 5 on one block of budgets, by bisection of b in [1, min(4, n/2)]."""
    with ctx.workprec(60):
        constant = 2 - arb.pi() / 2 if c is None else c
        todo, pieces = [(Fraction(1), block.largest_b)], 0
        while todo:
            b1, b2 = todo.pop()
            pieces += 1
            if lower_sum(b1, b2, block, constant) > 0:
                continue
            if b2 - b1 < smallest:
                return Outcome(False, None, pieces)
            todo += [((b1 + b2) / 2, b2), (b1, (b1 + b2) / 2)]
    return Outcome(True, None, pieces)


def every_budget() -> Outcome:
    """Lemma 5 for every n >= 2 and every b in [1, min(4, n/2)]."""
    outcomes = [lemma(block) for block in BLOCKS]
    return Outcome(all(outcome.proved for outcome in outcomes), None, sum(outcome.pieces for outcome in outcomes))
