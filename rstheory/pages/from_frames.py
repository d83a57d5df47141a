"""Blocks from frames: what the pages of surveys, attacks and an atlas share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rstheory.pages import charts
from rstheory.pages.blocks import Control, Switches, Table
from rstheory.tables import Column, TextColumn

if TYPE_CHECKING:
    import pandas as pd


def table_of(
    frame: pd.DataFrame, caption: str, names: int = 1, formats: Mapping[str, str] | None = None, *remarks: str
) -> Table:
    """A frame as a table; missing values are a dash.

    names: how many of its columns name a row. formats: of numbers, by column; default: four digits.
    """
    known = formats or {}
    columns = [_column(str(name), frame[name].tolist(), known.get(str(name), ".4g")) for name in frame.columns]
    return Table(caption, tuple(columns[:names]), tuple(columns[names:]), remarks)


def _column(head: str, values: Sequence[Any], spec: str) -> Column:
    numbers = all(isinstance(value, (int, float)) or value is None for value in values)
    cells = tuple(_cell(value, spec) for value in values)
    return Column(head, cells) if numbers else TextColumn(head, cells)


def _cell(value: Any, spec: str) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)) or value == "":
        return "-"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else format(value, spec)


def switches(names: Sequence[str], label: str) -> tuple[Control, ...]:
    """Check boxes for curves; none for a single one."""
    size = len(names)
    if size < 2:
        return ()
    return (Switches("shown", label, tuple(names), charts.COLORS[:size], charts.DASHES[:size]),)
