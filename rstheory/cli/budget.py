"""`rstheory budget`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rstheory.cli.common import refuse

if TYPE_CHECKING:
    from fractions import Fraction


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
    share = Fraction(1, classes)
    try:
        needed = budget_for_acr(target, level, noise, share)
        largest = float(max_radius(n, float(level), float(noise)))
        reached = float(trivial_acr(n, float(level), float(noise), float(share)))
        enough = float(sigma_for_acr(float(target), n, float(level), float(share)))
    except (ValueError, OverflowError) as error:
        refuse(str(error))
    exact = f"{needed.n:,}" if needed.n is not None else "more digits than can be written out"
    typer.echo(f"A constant classifier on {classes} balanced classes, sigma={sigma}, alpha={alpha}, exceeds ACR {acr}")
    typer.echo(f"  with N = {exact} noise draws a sample, and no fewer")
    typer.echo(f"  log10 N = {needed.log10_n:.6f}")
    typer.echo(f"At N = {n:,}: largest radius {largest:.6f}, ACR of the constant classifier {reached:.6f};")
    typer.echo(f"  ACR {acr} is reached there at sigma = {enough:.6f}")


def _exact(name: str, text: str) -> Fraction:
    """The decimal number (or fraction a/b) that was written, exactly."""
    from decimal import Decimal, InvalidOperation
    from fractions import Fraction

    try:
        if "/" in text and len(text) <= 1000:
            return Fraction(text)
        number = Decimal(text)
        if number.is_finite() and abs(number.adjusted()) <= 400:  # more would take for ever to write as a fraction
            return Fraction(number)
    except (ValueError, ZeroDivisionError, InvalidOperation):
        pass
    refuse(f"{name}={text} is not allowed: it must be a finite number such as 0.844")
