"""How a command ends early: a package that is missing, a person who presses Ctrl-C."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from glob import escape
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand

from rstheory.cli.common import USAGE, refuse

INTERRUPTED = 130  # 128 and the number of SIGINT, as shells have it


class Command(TyperCommand):
    """A command that ends in one line where it is interrupted, or where an optional package is missing."""

    def invoke(self, ctx: Any) -> Any:  # typer's own context, which has no public name
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            if os.environ.get("RANK", "0") == "0":  # under torchrun the first process speaks for all
                typer.echo(f"\nrstheory: interrupted. {what_is_kept(ctx.params, sys.argv[1:])}", err=True)
            raise typer.Exit(INTERRUPTED) from None
        except ModuleNotFoundError as error:
            from rstheory._extras import install_line

            if (line := install_line(error.name or "")) is None:
                raise
            refuse(line, USAGE)


def what_is_kept(options: Mapping[str, Any], arguments: list[str]) -> str:
    """What an interrupted command leaves behind, and how to go on.

    options: of the command, by name. One that can resume has `resume` among them, and `out`, its log or checkpoint.
    arguments: the command line, to be typed again.

    >>> what_is_kept({"figures": None}, ["audit", "logs"])
    'It cannot be resumed: files it had finished are whole, the rest needs the same command again.'
    """
    out = options.get("out")
    if "resume" not in options or not isinstance(out, Path):
        return "It cannot be resumed: files it had finished are whole, the rest needs the same command again."
    # Beside the log lie parts of processes that share the work, beside a checkpoint the state of its training.
    kept = sorted(out.parent.glob(f"{escape(out.name)}*"))
    if not kept:
        return "Nothing was finished yet: start again with the same command."
    again = shlex.join(["rstheory", *(argument for argument in arguments if argument != "--resume"), "--resume"])
    if "RANK" in os.environ:
        again = "the same command with --resume"
    return f"What was finished is kept in {', '.join(map(str, kept))}. To go on: {again}"
