"""What the commands share: exit statuses, checks of options, refusals, console and progress bars."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import typer

if TYPE_CHECKING:
    from rich.console import Console

UNREADABLE, USAGE = 1, 2


def positive(value: float | None) -> float | None:
    """Option that must be a positive number."""
    if value is not None and not 0 < value < float("inf"):
        raise typer.BadParameter(f"{value} is not a positive number")
    return value


def level(value: float | None) -> float | None:
    """Option that must be a significance level."""
    if value is not None and not 0 < value < 1:
        raise typer.BadParameter(f"{value} is not between 0 and 1")
    return value


def refuse(message: str, status: int = USAGE) -> NoReturn:
    """Say what is wrong and end; by default as wrong usage."""
    from rstheory.audit.report import printable

    typer.echo(f"rstheory: {printable(message)}", err=True)
    raise typer.Exit(status)


def console() -> Console:
    """Where the report goes. Piped output is for files and other programs: wide enough that no cell is cut."""
    from rich.console import Console

    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a terminal that cannot show a sign in a name gets a question mark
    return Console(emoji=False) if sys.stdout.isatty() else Console(emoji=False, width=1000)


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A function that takes steps done and steps in all, and shows them where a person is looking."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
