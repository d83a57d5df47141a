"""Pages that people send to each other: one HTML file, offline, for a browser, a screen reader or paper.

A page is a list of sections of typed blocks (`rstheory.pages.blocks`); `render` turns it into HTML. What is shown of
an audit, a survey, an attack or an atlas is decided in `audit_page` and its like. Needs `pip install 'rstheory[html]'`;
importing this module does not.
"""

from __future__ import annotations

from rstheory.pages.atlas import atlas_page
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
from rstheory.pages.sandwich import sandwich_page
from rstheory.pages.survey import survey_page

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
    "atlas_page",
    "audit_page",
    "render",
    "require",
    "sandwich_page",
    "survey_page",
    "write_page",
]
