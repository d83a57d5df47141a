"""Charts of certification logs in Vega-Lite, by Altair: frames in, specifications out, no statistics.

Logs travel as numbers, and their names as the value of a parameter: no name is ever part of an expression or of a
field's name. Colours are CSS variables, so that one drawing serves light and dark pages and print.

What the reader can set, each a parameter: `shown` (a boolean for each log), `band` (the log whose band is drawn),
`step` (number of the budget), `a` and `b` (the logs compared).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

COLORS = tuple(f"var(--c{number})" for number in range(7))  # see page.css
DASHES: tuple[tuple[float, ...], ...] = (
    (1, 0), (5, 2), (7, 2, 1.5, 2), (1.5, 2), (7, 1.5, 1.5, 1.5, 1.5, 1.5), (3, 1.5), (9, 3),
)  # fmt: skip
HEIGHT = 300  # pixels

_BUDGETS = [digit * 10**power for power in range(2, 13) for digit in (1, 3)]
_TICKS = (0.5, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7)
_FONT = "system-ui, sans-serif"


def accuracy_by_radius(names: Sequence[str], curves: str, grid: str) -> dict[str, Any]:
    """Certified accuracy against the radius. curves, grid: names of frames that `pages.frames` makes."""
    x = radius_axis()
    return _staircase(names, curves, grid, x, "step-before")


def survival_by_u(names: Sequence[str], curves: str, grid: str, smallest: float) -> dict[str, Any]:
    """Share of samples certified at p >= u, on an axis logarithmic in 1 - u. smallest: the least 1 - u drawn."""
    return _staircase(names, curves, grid, u_axis(smallest), "step-after")


def _staircase(names: Sequence[str], curves: str, grid: str, x: alt.X, step: Any) -> dict[str, Any]:
    """Staircases with the band of one log, and a rule that tells the values of all."""
    y = alt.Y("share:Q").title("samples certified / %").scale(domainMin=0)
    logs = _named(curves, ("k", "radius", "tail", "share", "lower")).transform_calculate(log="names[datum.k]")
    chosen = logs.transform_filter("datum.k == band")
    chosen = chosen.transform_calculate(lower="shown[band] ? datum.lower : datum.share")  # without height where hidden
    band = chosen.mark_area(interpolate=step, opacity=0.18)
    lines = logs.transform_filter("shown[datum.k]").mark_line(interpolate=step, strokeWidth=1.8)
    tips = [alt.Tooltip("radius:Q", title="radius", format=".3f"), alt.Tooltip("tail:Q", title="1 - u", format=".3~g")]
    return _finished(
        alt.layer(
            band.encode(x, y, y2="lower:Q", color=_color(names)),
            lines.encode(x, y, color=_color(names), strokeDash=_dash(names)),
            _rule(names, grid, ("radius", "tail"), x, tips, ".1f"),
        ),
        names,
        shown=[True] * len(names),
        band=0,
    )


def acr_by_budget(names: Sequence[str], budgets: str, crossings: str | None, start: int) -> dict[str, Any]:
    """Expected ACR against the budget, and a rule at one budget.

    crossings: name of the frame of those budgets at which two logs change places, for circles; None where there are
    none. start: number of the budget with the rule at first.
    """
    x = budget_axis()
    y = alt.Y("acr:Q").title("expected ACR").scale(zero=False)
    lines = _folded(names, budgets, "acr").transform_filter("shown[datum.k]").mark_line(strokeWidth=1.8)
    at = _named(budgets, ("step", "n")).transform_filter("datum.step == step")
    circles = [] if crossings is None else [_circles(crossings, x, y)]
    return _finished(
        alt.layer(
            at.mark_rule(strokeWidth=1.5, strokeDash=[2, 2], color="var(--quiet)").encode(x),
            lines.encode(x, y, color=_color(names), strokeDash=_dash(names)),
            *circles,
            _rule(names, budgets, ("n",), x, [alt.Tooltip("n:Q", title="N", format=",")], ".4f"),
        ),
        names,
        shown=[True] * len(names),
        step=start,
    )


def _circles(crossings: str, x: alt.X, y: alt.Y) -> alt.Chart:
    """Where two logs change places."""
    points = _named(crossings, ("a", "b", "n", "acr")).transform_filter("shown[datum.a] && shown[datum.b]")
    points = points.transform_calculate(pair="names[datum.a] + ' and ' + names[datum.b]")
    tips = [alt.Tooltip("pair:N", title="change places"), alt.Tooltip("n:Q", title="N", format=",")]
    mark = points.mark_point(filled=True, fill="var(--paper)", stroke="var(--ink)", size=45, opacity=1)
    circles: alt.Chart = mark.encode(x, y, tooltip=tips)
    return circles


def acr_at_budget(names: Sequence[str], budgets: str, start: int) -> dict[str, Any]:
    """Expected ACR of each log at one budget, the largest on top."""
    logs = _folded(names, budgets, "acr").transform_filter("shown[datum.k] && datum.step == step")
    y = alt.Y("log:N", title=None, sort=alt.EncodingSortField("acr", order="descending"))
    y = y.axis(labelLimit=160, ticks=False, domain=False)
    x = alt.X("acr:Q").title("expected ACR").scale(zero=True).stack(None)
    text = logs.mark_text(align="left", dx=5, color="currentColor").encode(x, y, text=alt.Text("acr:Q", format=".4f"))
    bars = logs.mark_bar(size=12).encode(x, y, color=_color(names, legend=False))
    return _finished(alt.layer(bars, text), names, height=28 * len(names), shown=[True] * len(names), step=start)


def lead_by_radius(names: Sequence[str], pairs: str) -> dict[str, Any]:
    """Certified accuracy of one log minus that of another, with two paired standard errors, against the radius."""
    return _lead(names, pairs, radius_axis())


def lead_by_u(names: Sequence[str], pairs: str, smallest: float) -> dict[str, Any]:
    """The same against u, on an axis logarithmic in 1 - u."""
    return _lead(names, pairs, u_axis(smallest))


def _lead(names: Sequence[str], pairs: str, x: alt.X) -> dict[str, Any]:
    size = len(names)
    numbers = [f"{kind}{number}" for kind in "le" for number in range(size * (size - 1) // 2)]
    # Pairs are numbered (0, 1), (0, 2), ..., (1, 2), ...; each is there once.
    both = _named(pairs, ("radius", "tail", *numbers)).transform_calculate(
        pair=f"min(a, b) * (2 * {size} - min(a, b) - 1) / 2 + max(a, b) - min(a, b) - 1"
    )
    both = both.transform_calculate(
        lead="a == b ? 0 : (a < b ? 1 : -1) * datum['l' + datum.pair]",
        error="a == b ? 0 : datum['e' + datum.pair]",
    )
    both = both.transform_calculate(low="datum.lead - 2 * datum.error", high="datum.lead + 2 * datum.error")
    tips = [
        alt.Tooltip("radius:Q", title="radius", format=".3f"),
        alt.Tooltip("tail:Q", title="1 - u", format=".3~g"),
        alt.Tooltip("lead:Q", title="lead / % points", format="+.2f"),
        alt.Tooltip("low:Q", title="lead - 2 s.e.", format="+.2f"),
        alt.Tooltip("high:Q", title="lead + 2 s.e.", format="+.2f"),
    ]
    title = "lead / % of the samples"
    band = both.mark_area(color="var(--c0)", opacity=0.18).encode(x, alt.Y("low:Q", title=title), alt.Y2("high:Q"))
    line = both.mark_line(color="var(--c0)", strokeWidth=1.8).encode(x, alt.Y("lead:Q", title=title))
    return _finished(alt.layer(_zero(), band, line, _touched(both, x, tips)), names, a=0, b=1)


def lead_by_budget(names: Sequence[str], budgets: str) -> dict[str, Any]:
    """Expected ACR of one log minus that of another, against the budget."""
    x = budget_axis()
    rows = _named(budgets, ("step", "n", *_columns(names)))
    rows = rows.transform_calculate(difference="datum['s' + a] - datum['s' + b]")
    y = alt.Y("difference:Q", title="difference of expected ACR")
    tips = [
        alt.Tooltip("n:Q", title="N", format=","),
        alt.Tooltip("difference:Q", title="difference of ACR", format="+.5f"),
    ]
    line = rows.mark_line(color="var(--c0)", strokeWidth=1.8, point={"color": "var(--c0)", "size": 18}).encode(x, y)
    return _finished(alt.layer(_zero(), line, _touched(rows, x, tips)), names, a=0, b=1)


def with_bands(names: Sequence[str], curves: str, x: alt.X, field: str, y: str, number: str) -> dict[str, Any]:
    """Curves, each with its band. curves: a frame with columns k, the field of x, y, low, high.

    x: one of the axes below, of this field. y: title of the other axis. number: format of a value at the pointer.
    """
    rows = _named(curves, ("k", field, "y", "low", "high")).transform_filter("shown[datum.k]")
    rows = rows.transform_calculate(log="names[datum.k]")
    up = alt.Y("y:Q", title=y, scale=alt.Scale(zero=False))
    band = rows.mark_area(opacity=0.18).encode(x, alt.Y("low:Q", title=y), alt.Y2("high:Q"), color=_color(names))
    line = rows.mark_line(strokeWidth=1.8).encode(x, up, color=_color(names), strokeDash=_dash(names))
    tips = [
        alt.Tooltip("log:N", title=" "),
        alt.Tooltip(f"{field}:Q", title=field, format=".4~g"),
        alt.Tooltip("y:Q", title="value", format=number),
        alt.Tooltip("low:Q", title="lower end", format=number),
        alt.Tooltip("high:Q", title="upper end", format=number),
    ]
    # No nearest point here: there, Vega-Lite 6.4 tells "undefined" for a tooltip that is no number.
    points = rows.mark_point(size=80, opacity=0, filled=True).encode(x, up, tooltip=tips)
    return _finished(alt.layer(band, line, points), names, shown=[True] * len(names))


# -- parts of charts --------------------------------------------------------------------------------------------------


def _named(name: str, numbers: Sequence[str]) -> alt.Chart:
    """A chart of a frame of the page, all of whose columns are numbers."""
    parse: Any = dict.fromkeys(numbers, "number")
    return alt.Chart(alt.NamedData(name=name, format=alt.CsvDataFormat(type="csv", parse=parse)))


def _columns(names: Sequence[str]) -> list[str]:
    """Columns of a wide frame: one per log."""
    return [f"s{number}" for number in range(len(names))]


def _folded(names: Sequence[str], budgets: str, value: str) -> alt.Chart:
    """A wide frame of budgets with a row for each log: step, n, k, log and the value."""
    columns = _columns(names)
    fold: list[str | alt.FieldName] = list(columns)
    chart = _named(budgets, ("step", "n", *columns)).transform_fold(fold, as_=["column", value])
    return chart.transform_calculate(k="toNumber(slice(datum.column, 1))").transform_calculate(log="names[datum.k]")


def _color(names: Sequence[str], *, legend: bool = True) -> alt.Color:
    scale = alt.Scale(domain=list(names), range=list(COLORS[: len(names)]))
    return alt.Color("log:N", title=None, scale=scale, legend=alt.Undefined if legend and len(names) > 1 else None)


def _dash(names: Sequence[str]) -> alt.StrokeDash:
    scale = alt.Scale(domain=list(names), range=[list(dash) for dash in DASHES[: len(names)]])
    return alt.StrokeDash("log:N", title=None, scale=scale, legend=alt.Undefined if len(names) > 1 else None)


def radius_axis() -> alt.X:
    """An axis for radii."""
    title = "certified radius r, in units of the inputs"
    return alt.X("radius:Q", title=title, scale=alt.Scale(nice=False), axis=alt.Axis(tickCount=8))


def budget_axis() -> alt.X:
    """An axis for budgets, logarithmic."""
    axis = alt.Axis(values=_BUDGETS, format="~s")
    return alt.X("n:Q", title="certification budget N", scale=alt.Scale(type="log", nice=False), axis=axis)


def u_axis(smallest: float) -> alt.X:
    """An axis for 1 - u, logarithmic, easy samples to the right, with ticks that say u."""
    ticks = [tick for tick in _TICKS if tick >= smallest]
    scale = alt.Scale(type="log", reverse=True, domain=[smallest, 0.5], nice=False, clamp=True)
    axis = alt.Axis(values=ticks, labelExpr="format(1 - datum.value, '.7~f')", grid=True)
    return alt.X("tail:Q", title="u, the lower bound on p (logarithmic in 1 - u)", scale=scale, axis=axis)


def _rule(
    names: Sequence[str], grid: str, keys: Sequence[str], x: alt.X, tips: list[alt.Tooltip], number: str
) -> alt.Chart:
    """A rule at the pointer that tells the value of every log there."""
    rows = _named(grid, (*keys, *_columns(names)))
    each = [
        alt.Tooltip(f"{column}:Q", title=name, format=number)
        for column, name in zip(_columns(names), names, strict=True)
    ]
    return _touched(rows, x, [*tips, *each])


def _touched(rows: alt.Chart, x: alt.X, tips: list[alt.Tooltip]) -> alt.Chart:
    """Rules that are seen only where the pointer is nearest."""
    near = alt.selection_point(name="near", on="pointermove", nearest=True, clear="pointerout", empty=False)
    seen = alt.condition(near, alt.value(0.6), alt.value(0))
    rule: alt.Chart = rows.mark_rule(color="var(--quiet)").encode(x, opacity=seen, tooltip=tips).add_params(near)
    return rule


def _zero() -> alt.Chart:
    line: alt.Chart = alt.Chart(alt.InlineData(values=[{}])).mark_rule(color="var(--quiet)").encode(y=alt.datum(0))
    return line


def _finished(
    chart: alt.LayerChart | alt.FacetChart, names: Sequence[str], *, height: int = HEIGHT, **values: Any
) -> dict[str, Any]:
    """A chart as a specification without data, as wide as the page. values: of its parameters, at first."""
    given = {"names": list(names), **values}
    chart = chart.add_params(*(alt.param(name=name, value=value) for name, value in given.items()))
    properties: dict[str, Any] = {"width": "container", "height": height}
    if "a" in values:
        properties["title"] = alt.TitleParams(text=alt.expr("names[a] + ' minus ' + names[b]"))
    with alt.data_transformers.enable(consolidate_datasets=False):  # the page holds the data
        spec: dict[str, Any] = chart.properties(**properties).configure(**_look()).to_dict()
    return {key: part for key, part in spec.items() if key != "$schema"}


def _look() -> dict[str, Any]:
    return {
        "background": "transparent",
        "font": _FONT,
        "aria": False,  # the page names the drawing and has its table; hundreds of marks would only be in the way
        "axis": {
            "labelColor": "currentColor", "titleColor": "currentColor", "tickColor": "var(--quiet)",
            "domainColor": "var(--quiet)", "gridColor": "var(--line)", "labelFontSize": 12, "titleFontSize": 13,
            "titleFontWeight": "normal", "labelOverlap": "greedy", "tickCount": 6,
        },
        "legend": {  # of a still; where scripts run, the check boxes are the legend, and page.js takes this one out
            "orient": "top", "columns": 4, "symbolType": "stroke", "symbolSize": 500, "symbolStrokeWidth": 2.2,
            "labelLimit": 130, "labelColor": "currentColor", "labelFontSize": 12,
        },
        "title": {
            "color": "currentColor", "anchor": "start", "fontSize": 13, "fontWeight": "normal", "frame": "group",
        },
        "text": {"fontSize": 12},
        "view": {"stroke": None},
        "padding": {"left": 2, "right": 14, "top": 4, "bottom": 2},
    }  # fmt: skip
