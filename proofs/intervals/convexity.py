"""C4 budget by budget: are the increments of the certified radius non-decreasing in the count?

For one (N, α) that is finitely many inequalities between numbers that ball arithmetic encloses
(`rstheory.rigorous.convexity`). `proofs/C4.md` proves them for every N and every α <= 1/2; what is enclosed here is an
independent check of that proof at the budgets that people use, and the refutation for α > 1/2, where the proof ends.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb

from rstheory.rigorous import normal_quantile
from rstheory.rigorous.convexity import increments_non_decreasing

STANDARD = ((100, "0.001"), (1_000, "0.001"), (10_000, "0.001"), (100_000, "0.001"))
SMALL_ALPHAS = ("0.1", "0.05", "0.01", "0.001", "0.5")
FIRST_FAILURES = (("0.999", 2), ("0.99", 3), ("0.95", 7), ("0.9", 11), ("0.8", 23), ("0.6", 251))


@dataclass(frozen=True)
class Verdict:
    """`proved`: every case was decided as claimed. `open_cases`: those that were not. `cases`: how many there were."""

    proved: bool
    cases: int
    open_cases: tuple[tuple[int, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.cases} cases" + "".join(f", not N={n}, α={alpha}" for n, alpha in self.open_cases)


def _verdict(cases: list[tuple[int, str]], as_claimed: list[bool]) -> Verdict:
    wrong = tuple(case for case, good in zip(cases, as_claimed, strict=True) if not good)
    return Verdict(not wrong, len(cases), wrong)


def holds(cases: list[tuple[int, str]]) -> Verdict:
    """C4 for every k at each (N, α)."""
    return _verdict(cases, [increments_non_decreasing(n, alpha).holds for n, alpha in cases])


def standard_budgets() -> Verdict:
    """C4 for every k at N = 100, 1000, 10⁴ and 10⁵, α = 0.001."""
    return holds(list(STANDARD))


def every_small_budget(largest: int = 500) -> Verdict:
    """C4 for every k and every N <= `largest`, at α = 0.1, 0.05, 0.01, 0.001 and 0.5."""
    return holds([(n, alpha) for alpha in SMALL_ALPHAS for n in range(1, largest + 1)])


def counterexample_by_hand() -> Verdict:
    """N = 2, α = 0.999, from the closed forms L(1) = 1 - √(1-α), L(2) = √α: the second increment is the smaller."""
    alpha = arb(999) / 1000
    first = normal_quantile(1 - (1 - alpha).sqrt())
    second = normal_quantile(alpha.sqrt()) - first
    close = abs(first - arb("1.857")) < arb("0.0005") and abs(second - arb("1.433")) < arb("0.0005")
    return Verdict(bool(second < first and close), 1)


def first_failures(cases: tuple[tuple[str, int], ...] = FIRST_FAILURES) -> Verdict:
    """For each α > 1/2 listed: refuted at this N, proved at every smaller N."""
    pairs = [(n, alpha) for alpha, last in cases for n in range(1, last + 1)]
    last_of = {alpha: last for alpha, last in cases}
    as_claimed = []
    for n, alpha in pairs:
        check = increments_non_decreasing(n, alpha)
        as_claimed.append(check.refuted if n == last_of[alpha] else check.holds)
    return _verdict(pairs, as_claimed)
