"""The numbers that the documents quote, each as a certified enclosure beside its definition.

A quoted number with d digits after the point stands for the interval of half a unit of its last digit on either side,
and the enclosure must lie inside it. Integers are quoted, and must be found, exactly. Decimals such as α = 0.001 are
taken as the fractions they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from flint import arb, ctx

from rstheory.rigorous import (
    budget_for_acr,
    expected_radius,
    expected_sensitivity,
    log10_budget_for_acr,
    max_radius,
    min_certifiable_count,
    trivial_acr,
)

N, ALPHA = 100_000, "0.001"  # the standard budget


@dataclass(frozen=True)
class Constant:
    """`quoted`: as the documents print it. `enclose`: a ball or, where the number is an integer, that integer."""

    item: str
    quoted: str
    definition: str
    enclose: Callable[[], arb | int]


@dataclass(frozen=True)
class Enclosure:
    constant: Constant
    value: arb | int
    proved: bool

    def __str__(self) -> str:
        value = f"{self.value:,}" if isinstance(self.value, int) else self.value.str(10)
        return f"{self.constant.quoted}: {self.constant.definition} = {value}"


def agrees(quoted: str, value: arb | int) -> bool:
    """Does the whole enclosure round to the quoted number?

    >>> agrees("3.8115", arb("3.811456563")), agrees("3.8114", arb("3.811456563")), agrees("148", 149)
    (True, False, False)
    """
    if isinstance(value, int):
        return value == int(Decimal(quoted))
    half_unit = Decimal(1).scaleb(int(Decimal(quoted).as_tuple().exponent)) / 2
    with ctx.workprec(200):
        low, high = (arb(str(Decimal(quoted) + sign * half_unit)) for sign in (-1, 1))
        return bool(low < value and value < high)


def equal_gain() -> arb:
    """The p at which r_N(p) = r_N(0.999) - r_N(0.99): r_N increases, so signs on either side enclose it."""
    gain = expected_radius("0.999", N, ALPHA) - expected_radius("0.99", N, ALPHA)
    low, high = "0.76566", "0.76567"
    if expected_radius(low, N, ALPHA) < gain < expected_radius(high, N, ALPHA):
        return arb(low).union(arb(high))
    raise ArithmeticError(f"r_N({low}) and r_N({high}) do not enclose the gain {gain}")


CONSTANTS = (
    Constant("C2", "7232.99", "r_N'(1)/σ, the slope at p = 1", lambda: expected_sensitivity(1, N, ALPHA)),
    Constant("C2", "2.506", "r_N'(0.51)/σ, the slope at p = 0.51", lambda: expected_sensitivity("0.51", N, ALPHA)),
    Constant("C9", "3.8115", "Φ⁻¹(α^(1/N)), the largest radius at σ = 1", lambda: max_radius(N, ALPHA)),
    Constant("C9", "50490", "smallest count with L > 1/2, so p_min = 0.50490", lambda: _count(N, ALPHA)),
    Constant("C9", "12", "smallest count with L > 1/2 at N = 16, α = 0.1, so p_min = 0.75", lambda: _count(16, "0.1")),
    Constant("B2", "424326933692196259", "least N with ACR > 0.8437, q = 1/10, σ = 1", lambda: _budget("0.8437", 10)),
    Constant("B2", "4.24E17", "the same, with the digits that the documents print", lambda: arb(_budget("0.8437", 10))),
    Constant(
        "B2",
        "154576.0",
        "log10 of the least N with ACR > 0.8437, q = 1/1000, σ = 1",
        lambda: log10_budget_for_acr("0.8437", ALPHA, 1, Fraction(1, 1000)),
    ),
    Constant("B6", "148", "least N with ACR > 0.844, q = 1/2, σ = 1", lambda: _budget("0.844", 2)),
    Constant(
        "B5",
        "2.214",
        "σ at which the ACR of q = 1/10 reaches 0.844",
        lambda: arb("0.844") / trivial_acr(N, ALPHA, 1, Fraction(1, 10)),
    ),
    Constant(
        "A4",
        "0.7112",
        "(r_N(0.999) - r_N(0.99))/σ",
        lambda: expected_radius("0.999", N, ALPHA) - expected_radius("0.99", N, ALPHA),
    ),
    Constant("A4", "0.7657", "p with r_N(p) = r_N(0.999) - r_N(0.99)", equal_gain),
)


def _count(n: int, alpha: str) -> int:
    count = min_certifiable_count(n, alpha)
    if count is None:
        raise ArithmeticError(f"no count certifies at n={n}, alpha={alpha}")
    return count


def _budget(target: str, classes: int) -> int:
    return budget_for_acr(target, ALPHA, 1, Fraction(1, classes))


def enclose(constant: Constant) -> Enclosure:
    value = constant.enclose()
    return Enclosure(constant, value, agrees(constant.quoted, value))


@dataclass(frozen=True)
class Enclosures:
    proved: bool
    enclosures: tuple[Enclosure, ...]

    def __str__(self) -> str:
        return "; ".join(str(enclosure) for enclosure in self.enclosures)


def quoted(item: str) -> Enclosures:
    """Enclose every constant that the documents quote for one theory item."""
    enclosures = tuple(enclose(constant) for constant in CONSTANTS if constant.item == item)
    return Enclosures(bool(enclosures) and all(enclosure.proved for enclosure in enclosures), enclosures)
