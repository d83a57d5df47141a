"""An audit report as a person reads it on the terminal."""

from __future__ import annotations

from rich.console import Console

from rstheory.audit.report import AuditReport
from rstheory.audit.view import Heading, Remark, Rows, view
from rstheory.tables import print_table


def print_report(report: AuditReport, console: Console | None = None) -> None:
    """Print everything that `view` tells. console: default: standard output."""
    out = console or Console(emoji=False)
    for block in view(report):
        if isinstance(block, Rows):
            print_table(out, block.names, block.others)
        elif isinstance(block, Heading):
            out.print(f"\n{block.text}", style="bold", markup=False, highlight=False)
        else:
            out.print(block.text, style="dim" if isinstance(block, Remark) else None, markup=False, highlight=False)
