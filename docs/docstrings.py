"""Docstrings as Sphinx reads them: ours are plain text with `code`, fields one a line, lists and examples."""

from __future__ import annotations

import re
from collections.abc import Iterator

_FIELD = re.compile(r"(?P<names>\w+(?:, \w+)*): (?P<text>\S.*)")
_ITEM = re.compile(r"(?P<indent> *)[-*] (?P<text>\S.*)")
_CODE = re.compile(r"(``[^`]*``|`[^`]*`)")
_MARKS = re.compile(r"[*|_\\](?!\d*\w)|\*|\|")


def as_rst(lines: list[str]) -> list[str]:
    """The docstring in reStructuredText: fields and items as lists, examples as they are, marks escaped.

    >>> as_rst(["Radius of p.", "sigma: noise level.", "- one", "  more", "", ">>> 1", "1"])
    ['Radius of p.', '', '* **sigma**: noise level.', '* one', '  more', '', '>>> 1', '1']
    """
    made: list[str] = []
    for kind, block in _blocks(lines):
        if made and made[-1] and (kind != "item" or not made[-1].startswith(("* ", "  "))):
            made.append("")
        made += block
    return made


def _blocks(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Paragraphs, items and examples, in order."""
    kind, block = "", []
    for line in [*lines, ""]:
        item, field = _ITEM.fullmatch(line), _FIELD.fullmatch(line)
        starts = line.startswith(">>>") and kind != "example"
        if not line.strip() or item or field or starts:
            if block:
                yield kind, block
            kind, block = "", []
        if not line.strip():
            continue
        if kind == "example" or starts:
            kind, block = "example", [*block, line]
        elif field:
            kind, block = "item", [f"* **{field['names']}**: {_escaped(field['text'])}"]
        elif item:
            kind, block = "item", [f"* {_escaped(item['text'])}"]
        elif kind == "item":
            block.append(f"  {_escaped(line.strip())}")
        else:
            kind, block = "text", [*block, _escaped(line.strip())]


def _escaped(text: str) -> str:
    """Text in which nothing but code is marked."""
    parts = _CODE.split(text)
    return "".join(f"``{part.strip('`')}``" if place % 2 else _MARKS.sub(r"\\\g<0>", part)
                   for place, part in enumerate(parts))  # fmt: skip
