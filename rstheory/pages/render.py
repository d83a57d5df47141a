"""From blocks to one HTML file that needs nothing else.

The file holds its scripts and data and loads nothing: its content security policy forbids every request, and runs the
page's own scripts only. So a name in a log that slipped through the escaping could still not run.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from rstheory._extras import install_line
from rstheory._files import atomic_write
from rstheory._words import printable
from rstheory.pages.blocks import (
    Block,
    Chart,
    Choice,
    Control,
    Page,
    Paragraph,
    Points,
    Remark,
    Slider,
    Switches,
    Table,
)
from rstheory.pages.stills import still, vegalite
from rstheory.tables import TextColumn

if TYPE_CHECKING:
    import jinja2
    import pandas as pd

_KINDS = {Paragraph: "paragraph", Remark: "remark", Points: "points", Table: "table", Chart: "chart"} | {
    Switches: "switches",
    Choice: "choice",
    Slider: "slider",
}
_LEAST = 1e-12  # below it a number of a chart is 0


def require() -> None:
    """ModuleNotFoundError that says what to type, where what pages need is not installed."""
    try:
        import altair  # noqa: F401
        import jinja2  # noqa: F401
        import vl_convert  # noqa: F401
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(install_line(error.name or ""), name=error.name) from error


def write_page(page: Page, path: Path) -> None:
    """Write a page as one file, whole or not at all; the same page gives the same bytes."""
    text = render(page)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as part:
        part.write_text(text, encoding="utf-8")


def render(page: Page) -> str:
    """A page as HTML. ImportError where altair, vl-convert or Jinja2 is missing."""
    require()
    data = {name: as_csv(frame) for name, frame in page.data.items()}
    views = [view for chart in page.charts for view in chart.views]
    scripts = [_bundle(), _text("page.js")] if views else []
    text: str = _environment().get_template("page.html").render(
        page=page,
        data=data,
        specs=[view.spec for view in views],
        scripts=scripts,
        style=_text("page.css"),
        policy=_policy(scripts),
        numbers={id(chart): number for number, chart in enumerate(page.charts)},
        places={id(view): place for place, view in enumerate(views)},
        still=lambda view: still(view, data),
    )  # fmt: skip
    return text


def as_csv(frame: pd.DataFrame) -> str:
    """What a chart draws, as short as it can be without a difference that could be seen: six digits."""
    text: str = frame.to_csv(index=False, float_format=lambda value: f"{0 if abs(value) < _LEAST else value:.6g}")
    return text


def _policy(scripts: list[str]) -> str:
    """The content security policy. Vega compiles the expressions of a chart, hence `unsafe-eval`; no log writes any."""
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    allowed = " ".join([*(f"'sha256-{digest}'" for digest in hashes), "'unsafe-eval'"]) if scripts else "'none'"
    return f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


@cache
def _bundle() -> str:
    """Vega, Vega-Lite and vega-embed as one script, as vl-convert carries them."""
    import vl_convert

    text: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=vegalite())
    return text


@cache
def _text(name: str) -> str:
    return files("rstheory.pages").joinpath("templates", name).read_text(encoding="utf-8")


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_text),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: printable(value) if type(value) is str else value,
    )
    environment.tests["words"] = lambda column: isinstance(column, TextColumn)
    environment.filters |= {"kind": _kind, "key": id}
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "ensure_ascii": True}
    return environment


def _kind(block: Block | Control) -> str:
    return _KINDS[type(block)]
