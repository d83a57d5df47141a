"""The constant classifier, enclosed (theory B)."""

from flint import arb, ctx

from rstheory.rigorous.budget import max_radius
from rstheory.rigorous.exact import BITS, Exact, Number, checked, refine, to_ball
from rstheory.rigorous.normal import sf_ball


def trivial_acr(n: int, alpha: Number, sigma: Number = 1, share: Number = 1) -> arb:
    """ACR of the classifier that always answers the label of a share q of the samples: q sigma Phi^-1(alpha**(1/n))
    (B1).

    `share` in (0, 1]. Abstention (alpha**(1/n) <= 1/2) gives 0.

    >>> trivial_acr(148, "0.001", 1, "0.5") > arb("0.844")
    True
    """
    q = checked("share", share, "(0, 1]")
    with ctx.workprec(BITS + 30):
        return to_ball(q) * max_radius(n, alpha, sigma)


def _budget_threshold(target: Exact, alpha: Exact, sigma: Exact, share: Exact) -> arb:
    """ln alpha / ln Phi(target / (share sigma)): the trivial ACR exceeds the target iff n is larger (B2)."""
    tail = sf_ball(to_ball(target) / (to_ball(share) * to_ball(sigma)))
    return to_ball(alpha).log() / (-tail).log1p()


def _budget_input(target: Number, alpha: Number, sigma: Number, share: Number) -> tuple[Exact, Exact, Exact, Exact]:
    q = checked("share", share, "(0, 1]")
    return (
        checked("target", target, "(0, inf)"),
        checked("alpha", alpha, "(0, 1)"),
        checked("sigma", sigma, "(0, inf)"),
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
            draws = _budget_threshold(*numbers).floor().unique_fmpz()
        if draws is not None:
            return int(draws) + 1
    raise ArithmeticError("the threshold is too close to an integer for its floor to be decided")


def log10_budget_for_acr(target: Number, alpha: Number, sigma: Number = 1, share: Number = 1) -> arb:
    """log10 of `budget_for_acr`, for budgets of any size: the threshold x gives x < n <= x + 1, and the ball covers
    both.

    >>> from fractions import Fraction
    >>> log10_budget_for_acr("0.8437", "0.001", share=Fraction(1, 1000)).floor().unique_fmpz()
    154576
    """
    numbers = _budget_input(target, alpha, sigma, share)
    if _budget_threshold(*numbers) < arb(10) ** 300:
        budget = budget_for_acr(target, alpha, sigma, share)
        return refine(lambda: arb(budget).log() / arb(10).log())

    def value() -> arb:
        x = _budget_threshold(*numbers)
        return x.log().union((x + 1).log()) / arb(10).log()

    return refine(value)
