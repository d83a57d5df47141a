"""Tables on the terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    import pandas as pd

_FRAME = 3  # characters around a cell: a blank on both sides and a line; one more line ends the table
_LEAST_TEXT = 20  # characters that a column of text is not folded below: its words, numbers among them, stay whole


@dataclass(frozen=True)
class Column:
    """A column of a table: its head and its cells, aligned to the right and never folded or cut."""

    head: str
    cells: tuple[str, ...]

    def natural(self) -> int:
        """Width at which nothing is folded."""
        return max(map(cell_len, (self.head, *self.cells)))

    def least(self, room: int) -> int:
        """Width in a block that has `room` for it: the head may be folded between words."""
        return max(map(cell_len, (*self.head.split(), *self.cells)), default=1)

    def justify(self) -> Literal["left", "right"]:
        """Where the cells stand."""
        return "right"


@dataclass(frozen=True)
class TextColumn(Column):
    """A column of words, aligned to the left, and folded where there is no room for them."""

    def least(self, room: int) -> int:
        """Width in a block that has `room` for it: the whole text, or what there is room for."""
        return min(self.natural(), max(room, _LEAST_TEXT))

    def justify(self) -> Literal["left", "right"]:
        """Where the cells stand."""
        return "left"


def print_table(console: Console, names: Sequence[Column], others: Sequence[Column]) -> None:
    """Print a table on a terminal of any width: where it is too wide, in blocks of columns below each other.

    names: the columns that name a row; each block repeats them. Numbers are never cut or folded: on a terminal too
    narrow for a single column of them, the lines run over its edge.
    """
    widths = [column.natural() for column in (*names, *others)]
    if _total(widths) <= console.width:
        console.print(_block([*names, *others], widths), crop=False)
        return
    share = (console.width // 2 - 1) // len(names) - _FRAME  # names take no more than half of a block
    first = [column.least(share) for column in names]
    room = console.width - _total(first) - _FRAME
    rest = [column.least(room) for column in others]
    for block in blocks(rest, console.width - _total(first)):
        widths = [*first, *(rest[i] for i in block)]
        console.print(_block([*names, *(others[i] for i in block)], widths), crop=False)


def blocks(widths: Sequence[int], room: int) -> list[list[int]]:
    """Positions of the columns of each block, from left to right: as many as there is room for, and one at least.

    >>> blocks([5, 5, 10, 3], room=16), blocks([50], room=16), blocks([], room=16)
    ([[0, 1], [2], [3]], [[0]], [[]])
    """
    found: list[list[int]] = [[]]
    for i, width in enumerate(widths):
        if found[-1] and sum(_FRAME + widths[j] for j in found[-1]) + _FRAME + width > room:
            found.append([])
        found[-1].append(i)
    return found


def _total(widths: Sequence[int]) -> int:
    return sum(_FRAME + width for width in widths) + 1


def _block(columns: Sequence[Column], widths: Sequence[int]) -> Table:
    table = Table(header_style="bold", width=_total(widths))
    for column, width in zip(columns, widths, strict=True):
        table.add_column(Text(column.head), justify=column.justify(), width=width, overflow="fold")
    for row in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*map(Text, row))
    return table


def show(title: str, frame: pd.DataFrame, formats: Mapping[str, str | Callable[[Any], str]] | None = None) -> None:
    """Print a data frame as a table: one format (a format spec or a function) for each column that needs one.

    On a narrow terminal it comes in blocks of columns, each with the columns of text that the frame starts with, or
    else its first one.
    """
    from pandas.api.types import is_numeric_dtype

    columns: list[Column] = []
    for name in frame.columns:
        spec = (formats or {}).get(str(name))
        kind = Column if spec is not None or is_numeric_dtype(frame[name]) else TextColumn
        columns.append(kind(str(name), tuple(_text(value, spec) for value in frame[name])))
    leading = next((i for i, column in enumerate(columns) if not isinstance(column, TextColumn)), 1)
    names = min(max(leading, 1), 2)
    # Piped output is for files and other programs: wide enough that no cell is cut.
    console = Console() if Console().is_terminal else Console(width=1000)
    console.print(title, style="bold")
    print_table(console, columns[:names], columns[names:])


def _text(value: Any, spec: str | Callable[[Any], str] | None) -> str:
    if spec is None:
        return str(value)
    return spec(value) if callable(spec) else format(value, spec)
