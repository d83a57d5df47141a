"""A view as Markdown, for a review or an issue."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rstheory.audit.view import Block, Heading, Points, Rows
from rstheory.tables import Column, TextColumn

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~$])")  # what Markdown would take for a sign of its own


def to_markdown(blocks: Iterable[Block]) -> str:
    """The blocks of a view as Markdown, tables as GitHub writes them.

    >>> from rstheory.audit.view import Line
    >>> print(to_markdown([Heading("One log"), Line("a_b leads.")]), end="")
    ## One log
    <BLANKLINE>
    a\\_b leads.
    """
    return "\n\n".join(_block(block) for block in blocks) + "\n"


def _block(block: Block) -> str:
    if isinstance(block, Rows):
        return _table([*block.names, *block.others])
    if isinstance(block, Points):
        return "\n".join(f"- {_plain(text)}" for text in block.texts)
    return f"## {_plain(block.text)}" if isinstance(block, Heading) else _plain(block.text.strip())


def _table(columns: list[Column]) -> str:
    rules = (":--" if isinstance(column, TextColumn) else "--:" for column in columns)
    rows = [[column.head for column in columns], *zip(*(column.cells for column in columns), strict=True)]
    head, *body = ("| " + " | ".join(_plain(cell.strip()) for cell in row) + " |" for row in rows)
    return "\n".join([head, f"| {' | '.join(rules)} |", *body])


def _plain(text: str) -> str:
    """Text that means itself in Markdown."""
    return _SPECIAL.sub(r"\\\1", text)
