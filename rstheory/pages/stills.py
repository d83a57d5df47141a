"""A chart as SVG inside the page: for readers without scripts, for paper, and for the moment before scripts run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree

from rstheory.pages.blocks import View

WIDTH = 640  # pixels: what a phone shrinks, and a screen shows as it is
_SVG = "http://www.w3.org/2000/svg"
_SAID = ("role", "class", "pointer-events", "font-family", "version")  # page.css has the font
_DEFAULTS = (("opacity", "1"), ("stroke-width", "1"))
_COMMAND = re.compile(r"([A-Za-z])([^A-Za-z]*)")
_NUMBER = re.compile(r"-?\d+\.\d+")


def still(view: View, data: Mapping[str, str]) -> str:
    """A view as SVG. data: by name, as CSV.

    It is hidden from screen readers, for the page names it and has its table.
    """
    import vl_convert

    # A chart is as wide as the page where scripts run; a still needs a number.
    width = WIDTH if view.spec.get("width") == "container" else view.spec.get("width")
    spec = {**view.spec, "width": width, "datasets": {name: data[name] for name in names_in(view.spec)}}
    return compact(vl_convert.vegalite_to_svg(spec, vl_version=vegalite(), show_warnings=False))


def vegalite() -> str:
    """Version of Vega-Lite that Altair writes, as vl-convert names it."""
    import altair

    return ".".join(str(altair.SCHEMA_VERSION).lstrip("v").split(".")[:2])


def names_in(spec: Any) -> list[str]:
    """Names of the data that a Vega-Lite specification draws, in order."""
    return list(dict.fromkeys(_names_in(spec)))


def _names_in(spec: Any) -> Iterator[str]:
    if isinstance(spec, Mapping):
        own = spec.get("data")
        if isinstance(own, Mapping) and "name" in own:
            yield own["name"]
    for part in spec.values() if isinstance(spec, Mapping) else spec if isinstance(spec, list) else ():
        yield from _names_in(part)


def compact(svg: str) -> str:
    """The same drawing in fewer characters: without marks that nobody sees, in tenths of a pixel.

    >>> path = '<path d="M0.26,1L2,1L2,3" stroke="red"/><path d="M0,0L9,9" stroke="red" opacity="0"/>'
    >>> compact(f'<svg xmlns="http://www.w3.org/2000/svg">{path}</svg>').removeprefix('<svg xmlns="http://www.w3.org/')
    '2000/svg" aria-hidden="true" focusable="false"><path d="M0.3,1H2V3" stroke="red" /></svg>'
    """
    ElementTree.register_namespace("", _SVG)
    root = ElementTree.fromstring(svg)
    _strip(root)
    root.set("aria-hidden", "true")
    root.set("focusable", "false")
    return ElementTree.tostring(root, encoding="unicode")


def _strip(element: ElementTree.Element) -> None:
    """Take out, from the leaves up, what draws nothing and what the page says for all."""
    for child in list(element):
        _strip(child)
        if _draws_nothing(child):
            element.remove(child)
    for name in list(element.attrib):
        if name.startswith("aria-") or name in _SAID or (name, element.attrib[name]) in _DEFAULTS:
            del element.attrib[name]
    for name in ("d", "transform"):
        if name in element.attrib:
            element.set(name, _NUMBER.sub(lambda match: _tenth(match[0]), element.attrib[name]))
    if "d" in element.attrib:
        element.set("d", _straight(element.attrib["d"]))


def _draws_nothing(element: ElementTree.Element) -> bool:
    paints = {element.get("fill", "none"), element.get("stroke", "none")} - {"none", "transparent"}
    empty = element.tag == f"{{{_SVG}}}g" and not len(element)
    return empty or element.get("opacity") == "0" or (element.tag == f"{{{_SVG}}}path" and not paints)


def _tenth(number: str) -> str:
    return f"{round(float(number), 1) + 0.0:g}"  # + 0.0: no minus before a zero


def _straight(path: str) -> str:
    """A path with H and V for its level and upright lines, which staircases consist of."""
    x = y = ""
    out = []
    for letter, numbers in _COMMAND.findall(path):
        point = numbers.split(",")
        if letter == "L" and len(point) == 2 and point[1] == y:
            out.append(f"H{point[0]}" if point[0] != x else "")
        elif letter == "L" and len(point) == 2 and point[0] == x:
            out.append(f"V{point[1]}")
        else:
            out.append(letter + numbers)
        x, y = point if letter in "ML" and len(point) == 2 else ("", "")
    return "".join(out)
