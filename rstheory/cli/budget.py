"""`rstheory budget`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rstheory.cli.common import refuse

if TYPE_CHECKING:
    from fractions import Fraction


_LARGEST_RATIO = 10**150  # of ACR to sigma over the number of classes: beyond, log10 N exceeds every float
_LARGEST = 10**300  # of any option, and its inverse the smallest: floats hold them and what is made of them


def budget(
    acr: Annotated[str, typer.Option("--acr", help="Average certified radius to exceed, such as 0.844.")],
    classes: Annotated[int, typer.Option(min=1, help="Number of balanced classes.")] = 10,
    sigma: Annotated[str, typer.Option(help="Noise level.")] = "1.0",
    alpha: Annotated[str, typer.Option(help="Significance level of the Clopper-Pearson bound.")] = "0.001",
    n: Annotated[int, typer.Option("--n", min=1, help="Budget to compare with.")] = 100_000,
) -> None:
    """How many noise draws a classifier that always gives the same answer needs to exceed an ACR: exact to the draw.

    Numbers are taken as the decimals written, not as the nearest binary fractions.
    """
    from fractions import Fraction

    from rstheory import budget_for_acr, max_radius, sigma_for_acr, trivial_acr

    target, noise, level = (_exact("--acr", acr), _exact("--sigma", sigma), _exact("--alpha", alpha))
    _require("--acr", acr, target >= 0, "it must not be negative")
    _require("--sigma", sigma, noise > 0, "it must be positive")
    _require("--alpha", alpha, 0 < level < 1, "it must lie strictly between 0 and 1")
    share = Fraction(1, classes)
    within_reach = target <= _LARGEST_RATIO * noise * share
    _require(
        "--acr", acr, within_reach, f"at sigma={sigma} and {classes} classes no budget that can be computed is enough"
    )
    try:
        needed = budget_for_acr(target, level, noise, share)
        largest = float(max_radius(n, float(level), float(noise)))
        reached = float(trivial_acr(n, float(level), float(noise), float(share)))
        least = budget_for_acr(0, level).n
        enough = float(sigma_for_acr(float(target), n, float(level), float(share))) if largest > 0 else None
    except (ValueError, OverflowError) as error:
        refuse(str(error))
    typer.echo(f"A constant classifier on {classes} balanced classes, sigma={sigma}, alpha={alpha}, exceeds ACR {acr}")
    if needed.n is None:
        typer.echo("  with a number N of noise draws per sample that has more digits than can be written out")
    else:
        typer.echo(f"  with N = {needed.n:,} noise draws per sample, and no fewer")
    typer.echo(f"  log10 N = {_number(needed.log10_n)}")
    if enough is None:
        typer.echo(f"At N = {n:,}: nothing can be certified at alpha={alpha}, whatever sigma;")
        typer.echo(f"  that takes at least {least:,} draws, the least N with alpha^(1/N) > 1/2")
        return
    typer.echo(f"At N = {n:,}: largest radius {_number(largest)}, ACR of the constant classifier {_number(reached)};")
    typer.echo(f"  ACR {acr} is reached there at sigma = {_number(enough)}")


def _number(value: float) -> str:
    """Six decimals, or an exponent where they would stand behind a row of digits that no one can read."""
    return f"{value:.6f}" if value < 1e15 else f"{value:.6e}"


def _require(name: str, text: str, allowed: bool, why: str) -> None:
    """Refuse the option as it was written unless it is allowed."""
    if not allowed:
        refuse(f"{name}={text} is not allowed: {why}")


def _exact(name: str, text: str) -> Fraction:
    """The decimal number (or fraction a/b) that was written, exactly, of a size that floats can hold."""
    from decimal import Decimal, InvalidOperation
    from fractions import Fraction

    try:
        if "/" in text and len(text) <= 1000:
            exact = Fraction(text)
        elif (number := Decimal(text)).is_finite() and abs(number.adjusted()) <= 400:  # more would take for ever
            exact = Fraction(number)
        else:
            exact = None
    except (ValueError, ZeroDivisionError, InvalidOperation):
        exact = None
    if exact is None or not (exact == 0 or 1 <= abs(exact) * _LARGEST <= _LARGEST**2):
        refuse(f"{name}={_short(text)} is not allowed: it must be a number such as 0.844, from 1e-300 to 1e300 in size")
    return exact


def _short(text: str) -> str:
    """The text, and where it is long, its beginning only."""
    return text if len(text) <= 40 else f"{text[:37]}..."
