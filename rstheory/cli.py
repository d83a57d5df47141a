"""The command line: parses, calls the package, prints.

Exit status: 0 fine, 1 an input could not be read, 2 wrong usage.
Everything but typer is imported where it is used, so that `rstheory --help` answers at once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from fractions import Fraction

    from rich.console import Console

    from rstheory.audit.log import CertificationLog

UNREADABLE, USAGE = 1, 2

app = typer.Typer(
    name="rstheory",
    help="What average certified radius (ACR) rewards: audits of certification logs, and what a budget can do.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        import rstheory

        typer.echo(f"rstheory {rstheory.__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """What average certified radius (ACR) rewards: audits of certification logs, and what a budget can do."""


def _positive(value: float | None) -> float | None:
    if value is not None and not 0 < value < float("inf"):
        raise typer.BadParameter(f"{value} is not a positive number")
    return value


def _level(value: float | None) -> float | None:
    if value is not None and not 0 < value < 1:
        raise typer.BadParameter(f"{value} is not between 0 and 1")
    return value


@app.command()
def audit(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Certification logs, or folders that hold some.")
    ],
    sigma: Annotated[
        float | None,
        typer.Option(callback=_positive, help="Noise level; default: from the log or its name (noise_0.50)."),
    ] = None,
    n: Annotated[
        int | None, typer.Option("--n", min=1, help="Noise draws a sample; default: from the log, else 100000.")
    ] = None,
    alpha: Annotated[
        float | None,
        typer.Option(callback=_level, help="Significance level; default: from the log, else 0.001."),
    ] = None,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", dir_okay=False, help="Write everything found as JSON.")
    ] = None,
    figures: Annotated[
        Path | None,
        typer.Option(metavar="DIR", file_okay=False, help="Draw figures: PNG, PDF, and the data drawn as CSV."),
    ] = None,
    compare: Annotated[
        bool | None,
        typer.Option("--compare/--no-compare", help="Compare every pair of logs; default: in groups of up to 12 logs."),
    ] = None,
) -> None:
    """Audit certification logs: ACR as printed and sound, at other budgets, ranks, and who leads whom where.

    Logs are tab-separated: idx label predict radius correct time. They are compared where sigma, N, alpha and the data
    set agree.
    """
    from rstheory.audit.export import to_json, write_json
    from rstheory.audit.read import find_logs
    from rstheory.audit.report import audit as audited
    from rstheory.audit.report import printable
    from rstheory.audit.terminal import print_report

    found = find_logs(paths)
    errors = list(found.errors)
    logs: list[CertificationLog] = []
    with _progress("reading") as advance:
        for done, path in enumerate(found.logs, 1):
            log = _read(path, sigma, n, alpha, errors)
            logs += [] if log is None else [log]
            advance(done, len(found.logs))
    for path, reason in errors:
        named = reason if reason.startswith(path) else f"{path}: {reason}"
        typer.echo(printable(f"rstheory audit: {named}"), err=True)
    with _progress("auditing") as advance:
        report = audited(logs, compare=compare, progress=advance)
    console = _console()
    if logs:
        print_report(report, console)
    try:
        if json is not None:
            unread = [{"path": path, "message": reason} for path, reason in errors]
            skipped = [{"path": path, "message": reason} for path, reason in found.skipped]
            write_json({**to_json(report), "errors": unread, "skipped": skipped}, json)
            typer.echo(f"wrote {printable(str(json))}")
        if figures is not None and logs:
            from rstheory.plots.audit import write_figures

            with _progress("drawing") as advance:
                written = write_figures(report, figures, advance)
            for file in written:
                typer.echo(f"wrote {printable(str(file))}")
    except OSError as error:
        _refuse(f"cannot write {error.filename or ''}: {error.strerror or error}")
    if errors:
        raise typer.Exit(UNREADABLE)


def _read(
    path: str, sigma: float | None, n: int | None, alpha: float | None, errors: list[tuple[str, str]]
) -> CertificationLog | None:
    """The log, or None with the reason added to the errors."""
    from rstheory.audit.read import read_log

    try:
        return read_log(path, sigma, n, alpha)
    except OSError as error:
        errors.append((path, error.strerror or str(error)))
    except ValueError as error:
        errors.append((path, str(error)))
    return None


@app.command()
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
        _refuse(str(error))
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
    _refuse(f"{name}={text} is not allowed: it must be a finite number such as 0.844")


def _refuse(message: str) -> NoReturn:
    """Wrong usage: say so and end."""
    from rstheory.audit.report import printable

    typer.echo(f"rstheory: {printable(message)}", err=True)
    raise typer.Exit(USAGE)


def _console() -> Console:
    """Where the report goes. Piped output is for files and other programs: wide enough that no cell is cut."""
    from rich.console import Console

    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a terminal that cannot show a sign in a name gets a question mark
    return Console(emoji=False) if sys.stdout.isatty() else Console(emoji=False, width=1000)


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A function that takes steps done and steps in all, and shows them where a person is looking."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
