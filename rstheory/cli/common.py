"""What the commands share: exit statuses, checks of options, refusals and the console."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import typer

from rstheory._words import printable

if TYPE_CHECKING:
    from rich.console import Console

UNREADABLE, USAGE, ALARM = 1, 2, 3


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
    typer.echo(f"rstheory: {printable(message)}", err=True)
    raise typer.Exit(status)


def console() -> Console:
    """Where the report goes. Piped output is for files and other programs: wide enough that no cell is cut."""
    from rich.console import Console

    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a terminal that cannot show a sign in a name gets a question mark
    return Console(emoji=False) if sys.stdout.isatty() else Console(emoji=False, width=1000)


@contextmanager
def refusals() -> Iterator[None]:
    """What cannot be done, and what is doubtful, said in one line."""
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *where: typer.echo(
                printable(f"rstheory: warning: {message}"), err=True
            )
            yield
    except ValueError as error:
        message, status = str(error), USAGE
    except ModuleNotFoundError:  # said by the command itself, for every way in which a package can be missing
        raise
    except ImportError as error:  # ours, which say what is needed for what
        message, status = str(error), USAGE
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        message, status = f"{named}{error.strerror or error}", UNREADABLE
    else:
        return
    refuse(message, status)
