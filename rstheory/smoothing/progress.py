"""A progress bar for runs that count draws."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def draw_progress(total: int) -> Iterator[Callable[[int], None]]:
    """Progress in draws, with draws a second and the time that remains, where a person is looking."""
    if not sys.stderr.isatty() or os.environ.get("RANK", "0") != "0":
        yield lambda draws: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
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
            return Text(f"{task.finished_speed or task.speed or 0:,.0f} samples/s")

    columns = (TextColumn("certifying"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"), Speed())
    with Progress(
        *columns, TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True), transient=True
    ) as bar:
        task = bar.add_task("", total=total)
        yield lambda draws: bar.update(task, advance=draws)
