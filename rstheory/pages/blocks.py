"""What a page is made of: sections of typed blocks, which know nothing of HTML.

An audit, a survey, an attack or an atlas becomes a page through a small function from frames to blocks; `render` turns
any page into one file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rstheory.tables import Column

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Paragraph:
    """Sentences that every reader should see."""

    text: str


@dataclass(frozen=True)
class Remark:
    """Small print: how to read what stands above it."""

    text: str


@dataclass(frozen=True)
class Points:
    """A list of sentences, each with a short bold head; "" for none."""

    points: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Table:
    """A table.

    caption: what it holds.
    names: the columns that name a row.
    others: all that follow. All columns have equally many cells.
    remarks: how to read it.
    """

    caption: str
    names: tuple[Column, ...]
    others: tuple[Column, ...]
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        lengths = {len(column.cells) for column in (*self.names, *self.others)}
        if not self.names or len(lengths) > 1:
            raise ValueError(f"columns of table {self.caption!r} have {sorted(lengths)} cells: one number is needed")

    @property
    def rows(self) -> Iterator[tuple[str, ...]]:
        """The cells, row by row."""
        return zip(*(column.cells for column in (*self.names, *self.others)), strict=True)


@dataclass(frozen=True)
class Switches:
    """Check boxes, which double as the legend. Charts see a list of booleans.

    param: the parameter of the charts that they set.
    label: what is switched.
    names: one box each.
    colors, dashes: of the lines, as CSS and as lengths of strokes and gaps.
    """

    param: str
    label: str
    names: tuple[str, ...]
    colors: tuple[str, ...]
    dashes: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Choice:
    """A list to choose one from. Charts see its number. start: the one chosen at first."""

    param: str
    label: str
    names: tuple[str, ...]
    start: int = 0


@dataclass(frozen=True)
class Slider:
    """A slider over steps. Charts see the number of the step. start: where it stands at first."""

    param: str
    label: str
    names: tuple[str, ...]
    start: int = 0


@dataclass(frozen=True)
class Note:
    """What there is to see, by what is chosen. params: of two choices. texts: by the numbers of both."""

    params: tuple[str, str]
    texts: tuple[tuple[str, ...], ...]


Control = Switches | Choice | Slider


@dataclass(frozen=True)
class View:
    """One way to draw a chart.

    label: what its switch says.
    spec: Vega-Lite. Its data are named; the chart has them.
    """

    label: str
    spec: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Chart:
    """A figure.

    title: what it shows.
    see: a sentence that says what to see in it.
    views: ways to draw it. A page with scripts shows one at a time; without scripts all stand one below the other.
    data: what is drawn, by the names that the views use; charts that name the same data share them.
    table: the numbers behind it, for readers who cannot see it or want to quote it.
    controls: what the reader can change. A control acts on all charts of its section that have its parameter.
    remark: small print, "" for none.
    note: what `see` becomes when the reader chooses; None where it stays.
    """

    title: str
    see: str
    views: tuple[View, ...]
    data: Mapping[str, pd.DataFrame]
    table: Table
    controls: tuple[Control, ...] = ()
    remark: str = ""
    note: Note | None = None

    def __post_init__(self) -> None:
        if not self.views or not self.title or not self.see:
            raise ValueError(f"chart {self.title!r} needs a title, a sentence that says what to see, and a view")


Block = Paragraph | Remark | Points | Table | Chart


@dataclass(frozen=True, eq=False)
class Section:
    """A part of a page. controls: those that act on several of its charts, shown above them."""

    title: str
    blocks: tuple[Block, ...]
    controls: tuple[Control, ...] = ()


@dataclass(frozen=True, eq=False)
class Page:
    """A whole page.

    title: of the page and its window.
    summary: a sentence below the title.
    sections: in order.
    made_by: what made the page (versions, settings), shown at its end.
    """

    title: str
    summary: str
    sections: tuple[Section, ...]
    made_by: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> dict[str, pd.DataFrame]:
        """What all charts draw, by name. ValueError where two charts give one name to different data."""
        found: dict[str, pd.DataFrame] = {}
        for chart in self.charts:
            for name, frame in chart.data.items():
                if found.setdefault(name, frame) is not frame:
                    raise ValueError(f"two charts of {self.title!r} give different data the name {name!r}")
        return found

    @property
    def charts(self) -> Sequence[Chart]:
        """Every chart, in order."""
        return [block for section in self.sections for block in section.blocks if isinstance(block, Chart)]
