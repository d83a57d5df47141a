"""How long work tells how far it is: one kind of function for the whole package.

Whoever does the work opens a `Progress` with the number of steps that there are to do, and calls what it gets with the
steps done since the last call. A step is what the work is counted in: a log, a pair, an image, a draw.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

Advance = Callable[[int], None]  # takes the steps done since the last call; any thread may call it
Progress = Callable[[int], AbstractContextManager[Advance]]  # takes the number of steps that there are to do


# For work in parts: takes what the next part is, in words, and gives its progress.
PartProgress = Callable[[str], Progress]


def silent(total: int) -> AbstractContextManager[Advance]:
    """For work that nobody watches.

    >>> with silent(3) as advance:
    ...     advance(3)
    """
    return nullcontext(lambda steps: None)


def silent_parts(what: str) -> Progress:
    """For work in parts that nobody watches."""
    return silent


def on_terminal(what: str, unit: str, groups: tuple[str, int] | None = None) -> Progress:
    """A progress bar where a person is looking, with the speed and the time left; nothing in a pipe.

    what: what is being done, such as "certifying". unit: what a step is, in the plural, such as "draws". groups: what
    so many steps make, in the plural, such as ("images", 100_100): how many are done is told, too. Where `torchrun`
    started several processes, the first one speaks for all.

    >>> with on_terminal("reading", "logs")(2) as advance:
    ...     advance(2)
    """

    @contextmanager
    def bar(total: int) -> Iterator[Advance]:
        if not sys.stderr.isatty() or os.environ.get("RANK", "0") != "0":
            yield lambda steps: None
            return
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            ProgressColumn,
            Task,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )
        from rich.text import Text

        class Speed(ProgressColumn):
            def render(self, task: Task) -> Text:
                return Text(f"{unit}, {task.finished_speed or task.speed or 0:,.0f} a second")

        class Groups(ProgressColumn):
            def render(self, task: Task) -> Text:
                if groups is None:
                    return Text()
                name, size = groups
                return Text(f"{int(task.completed / size):,} of {int((task.total or 0) / size):,} {name},")

        columns = (TextColumn(what), BarColumn(), Groups(), MofNCompleteColumn(), Speed(), TimeElapsedColumn(),
                   TimeRemainingColumn())  # fmt: skip
        with Progress(*columns, console=Console(stderr=True), transient=True) as display:
            task = display.add_task("", total=total)
            yield lambda steps: display.update(task, advance=steps)

    return bar
