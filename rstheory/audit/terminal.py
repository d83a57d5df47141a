"""What a view tells, as a person reads it on the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console

from rstheory.audit.report import AuditReport
from rstheory.audit.view import Block, Heading, Points, Remark, Rows, view
from rstheory.tables import print_table


def print_report(report: AuditReport, console: Console | None = None) -> None:
    """Print what `view` tells. console: default: standard output."""
    print_blocks(view(report), console or Console(emoji=False))


def print_blocks(blocks: Iterable[Block], out: Console) -> None:
    """Print the blocks of a view, one below the other."""
    for number, block in enumerate(blocks):
        if isinstance(block, Rows):
            print_table(out, block.names, block.others)
        elif isinstance(block, Points):
            for text in block.texts:
                out.print(text, markup=False, highlight=False)
        elif isinstance(block, Heading):
            out.print(f"\n{block.text}" if number else block.text, style="bold", markup=False, highlight=False)
        else:
            out.print(block.text, style="dim" if isinstance(block, Remark) else None, markup=False, highlight=False)
