"""Prove that a function is positive on an interval: bisect until ball arithmetic says so on every piece.

Nothing is sampled. The function is evaluated at a ball that covers a whole piece, so that a positive answer is a proof
for every point of it; where the answer is open the piece is halved. A point at which the function is surely negative
refutes the claim. Pieces that stay open at the smallest width leave the claim unproved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import arb

Function = Callable[[arb], arb]


@dataclass(frozen=True)
class Outcome:
    """`proved`: positive on all of the interval. `refuted_at`: a point where it surely is not. `pieces`: evaluated."""

    proved: bool
    refuted_at: float | None
    pieces: int

    def __str__(self) -> str:
        return f"{self.pieces} pieces" if self.refuted_at is None else f"refuted at {self.refuted_at:g}"


def _as_ball(low: Fraction, high: Fraction) -> arb:
    return _exact(low).union(_exact(high))


def _exact(x: Fraction) -> arb:
    return arb(x.numerator) / x.denominator


def positive(
    f: Function, low: Fraction | int, high: Fraction | int, slope: Function | None = None, *, smallest: float = 1e-9
) -> Outcome:
    """Is f > 0 on [low, high]? With `slope`, an enclosure of f', pieces are also judged by the mean value theorem.

    f(X) lies in f(m) + f'(X) (X - m), m the middle of X: much tighter than f(X) where X is narrow.

    >>> positive(lambda x: x * x - x + 1, -1, 2).proved, positive(lambda x: x * x - x, -1, 2).proved
    (True, False)
    """
    todo, pieces = [(Fraction(low), Fraction(high))], 0
    while todo:
        left, right = todo.pop()
        piece, middle = _as_ball(left, right), _exact((left + right) / 2)
        pieces += 1
        if f(piece) > 0:
            continue
        at_middle = f(middle)
        if at_middle < 0:
            return Outcome(False, float(middle), pieces)
        if slope is not None and at_middle + slope(piece) * (piece - middle) > 0:
            continue
        if right - left < smallest:
            return Outcome(False, None, pieces)
        todo += [((left + right) / 2, right), (left, (left + right) / 2)]
    return Outcome(True, None, pieces)


def positive_from_zero(f: Sequence[Function], at_zero: Sequence[arb], split: Fraction, high: Fraction | int) -> Outcome:
    """Is f > 0 on (0, high], for a function that may vanish at 0? `f` holds f, f', ..., up to an order m >= 1.

    `at_zero` holds the exact values of f(0), ..., f^(m-1)(0), worked out by hand: balls cannot tell 0 from nearly 0.
    If none is negative and f^(m) > 0 on [0, split], Taylor's theorem gives f > 0 on (0, split]; the rest is `positive`.

    >>> positive_from_zero([lambda x: x - x * x, lambda x: 1 - 2 * x], [arb(0)], Fraction(1, 4), Fraction(1, 2)).proved
    True
    """
    for order, value in enumerate(at_zero):
        if value < 0:  # the first value that is not 0 decides the sign next to 0
            return Outcome(False, 0.0, order)
        if value > 0:
            break
        if not value.is_zero():
            return Outcome(False, None, order)
    near = positive(f[len(at_zero)], 0, split)
    if any(value < 0 for value in at_zero) or not near.proved:
        return Outcome(False, near.refuted_at if len(at_zero) == 0 else None, near.pieces)
    far = positive(f[0], split, high, f[1])
    return Outcome(far.proved, far.refuted_at, near.pieces + far.pieces)
