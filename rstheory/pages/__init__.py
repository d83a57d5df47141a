"""Pages that people send to each other: one HTML file, offline, for a browser, a screen reader or paper.

A page is a list of sections of typed blocks (`rstheory.pages.blocks`); `render` turns it into HTML. What is shown of
an audit is decided in `audit_page`. Needs `pip install 'rstheory[html]'`; importing this module does not.
"""

from __future__ import annotations

from rstheory.pages.audit import audit_page
from rstheory.pages.blocks import (
    Block,
    Chart,
    Choice,
    Control,
    Note,
    Page,
    Paragraph,
    Points,
    Remark,
    Section,
    Slider,
    Switches,
    Table,
    View,
)
from rstheory.pages.render import render, require, write_page

__all__ = [
    "Block",
    "Chart",
    "Choice",
    "Control",
    "Note",
    "Page",
    "Paragraph",
    "Points",
    "Remark",
    "Section",
    "Slider",
    "Switches",
    "Table",
    "View",
    "audit_page",
    "render",
    "require",
    "write_page",
]
