"""Rows of our own logs, as text."""

from __future__ import annotations

from collections.abc import Mapping

from rstheory.logs.schema import Format


def row(form: Format, cells: Mapping[str, object]) -> str:
    """One line of a log of this format, tab-separated, without a line end.

    cells: column -> what stands in it. ValueError if they are not those of the format.

    >>> row(Format(("idx", "label", "counts")), {"label": 3, "idx": 7, "counts": "10,990"})
    '7\\t3\\t10,990'
    """
    if set(cells) != set(form.columns):
        raise ValueError(f"cells of {sorted(cells)} are not allowed: the columns are {', '.join(form.columns)}")
    return "\t".join(str(cells[name]) for name in form.columns)
