"""`rstheory budget`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rstheory.cli.common import level, positive, refusals, refuse

if TYPE_CHECKING:
    from fractions import Fraction


_LARGEST_RATIO = 10**150  # of ACR to sigma over the number of classes: beyond, log10 N exceeds every float
_LARGEST = 10**300  # of any option, and its inverse the smallest: floats hold them and what is made of them


def budget(
    acr: Annotated[
        str | None, typer.Option("--acr", help="Average certified radius that a constant classifier is to exceed.")
    ] = None,
    radius: Annotated[
        float | None, typer.Option(metavar="R", callback=positive, help="Radius to certify, image by image.")
    ] = None,
    p: Annotated[
        float | None,
        typer.Option("--p", min=0.0, max=1.0, help="With --radius: probability of the class. Default: several."),
    ] = None,
    power: Annotated[
        float, typer.Option(callback=level, help="With --radius: probability with which it is to be certified.")
    ] = 0.95,
    classes: Annotated[int, typer.Option(min=1, help="Number of balanced classes.")] = 10,
    sigma: Annotated[str, typer.Option(help="Noise level.")] = "1.0",
    alpha: Annotated[str, typer.Option(help="Significance level of the Clopper-Pearson bound.")] = "0.001",
    n: Annotated[
        int, typer.Option("--n", min=1, help="Budget to compare with; the most draws where a rule stops.")
    ] = 100_000,
    checkpoint: Annotated[
        Path | None, typer.Option(dir_okay=False, help="With --radius: time a base classifier on this machine, too.")
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="With --checkpoint: images to time it on, as certify takes them.")
    ] = None,
) -> None:
    """How many noise draws a question takes: to certify a radius (--radius), or, as a constant classifier can, to
    exceed an ACR (--acr).

    --radius: what fixed numbers of draws and the rule of certify --radius need, at a probability p of the class. --acr:
    exact to the draw; numbers are taken as the decimals written, not as the nearest binary fractions.
    """
    if (acr is None) == (radius is None):
        refuse("give one question: --radius R, or --acr A")
    if acr is not None:
        if p is not None or checkpoint is not None or data is not None:
            refuse("--p, --checkpoint and --data go with --radius: ACR of a constant classifier needs no network")
        _for_acr(acr, classes, sigma, alpha, n)
    elif radius is not None:
        if (checkpoint is None) != (data is None):
            refuse("--checkpoint and --data go together: a network is timed on images")
        noise, at_level = float(_exact("--sigma", sigma)), float(_exact("--alpha", alpha))
        _require("--sigma", sigma, noise > 0, "it must be positive")
        _require("--alpha", alpha, 0 < at_level < 1, "it must lie strictly between 0 and 1")
        with refusals():
            speed = None
            if checkpoint is not None and data is not None:
                from rstheory.smoothing.speed import draws_per_second

                speed = draws_per_second(checkpoint, data, noise)
            lines = [*radius_plan(radius, n, p, power, at_level, noise, speed)]  # all of them, or a refusal
            typer.echo("\n".join(lines))


def _for_acr(acr: str, classes: int, sigma: str, alpha: str, n: int) -> None:
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


def radius_plan(
    radius: float, n: int, p: float | None, power: float, alpha: float, sigma: float, speed: float | None
) -> Iterator[str]:
    """What it takes to certify a radius, in lines. speed: draws per second, for times; None where nobody measured."""
    from rstheory import max_radius
    from rstheory.planning import budget_for_power_sf, budget_for_radius, certification_power_sf, radius_at_power_sf
    from rstheory.radius import certified_radius_inverse_sf
    from rstheory.sequential import rule_for_radius

    def cost(draws: float) -> str:
        number = f"{draws:,.0f} draws" if draws < 1e15 else f"{draws:.3g} draws"
        return number if speed is None else f"{number} ({_time(draws / speed)})"

    limit = float(certified_radius_inverse_sf(radius, sigma))
    above = f"{1 - limit:.6g}" if limit > 1e-5 else f"1 - {limit:.3g}"
    yield f"Radius {radius:g} at sigma={sigma:g}, alpha={alpha:g}: certified only where p is above {above}"
    if speed is not None:
        yield f"  this machine: {speed:,.0f} draws per second"
    yield f"  least N, if every draw gives the class: {cost(budget_for_radius(radius, alpha, sigma))}"
    largest = float(max_radius(n, alpha, sigma))
    if largest <= 0:
        yield f"  N = {n:,} draws certify nothing at this alpha"
        return
    yield f"  largest radius that N = {n:,} draws can certify: {largest:.4f}, in {cost(n)} per image"
    rule = None
    if radius >= largest:
        yield f"  so N = {n:,} is too small for this radius, whatever p"
    else:
        try:
            rule = rule_for_radius(radius, sigma, n, alpha)
        except ValueError as refusal:  # so close to the largest radius that stopping early costs too much
            yield f"  certify --radius {radius:g} is not possible: {str(refusal).partition(': ')[2]}"
    for chance in (0.6, 0.8, 0.9, 0.99, 0.999) if p is None else (p,):
        t = 1 - chance
        yield f"p = {chance:g}:"
        if t < limit:
            needed = cost(budget_for_power_sf(t, radius, power, alpha, sigma))
            yield f"  N for probability {power:g} to certify it: {needed}"
            reached = float(certification_power_sf(t, n, radius, alpha, sigma))
            yield f"  at N = {n:,}: certified with probability {reached:.4f}"
        else:
            yield "  too small: no number of draws certifies it, but with probability alpha"
        reach = float(radius_at_power_sf(t, n, power, alpha, sigma))
        yield f"  at N = {n:,}: radius certified with probability {power:g}: {max(reach, 0.0):.4f}"
        if rule is not None:
            does = rule.characteristics(min(max(t, 1e-12), 1 - 1e-12))
            yield (
                f"  certify --radius {radius:g}: {cost(does.draws)} on average; certified {does.certified:.4f}, refuted"
                f" {does.refuted:.4f}"
            )


def _time(seconds: float) -> str:
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.2g} s"


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
