"""Figures of certification logs: one function per figure, which draws a data frame and computes nothing.

`rstheory.audit.frames` makes the frames. Each has a column `log` with short names, in the order in which the logs are
drawn; the first is the one that the others are compared with. `looks` gives each name its colour and dash, the same in
every figure of a run; default: by the order of the frame. `draw_...` draw into axes that are there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator
from scipy.special import ndtr, ndtri

from rstheory.plots.labels import label_ends
from rstheory.plots.style import COLUMN, PAGE, Looks, looks, style

_TICKS = (0.5, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7)
_TICKS_OF_SHORT_AXIS = (0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01)
_ERRORS_SHOWN = (0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5)  # tails
_SIDE_BY_SIDE = 0.04  # of a decade: error bars of two logs at one tail
_STEPS = tuple(m * 10.0**e for e in range(-3, 4) for m in (1, 2, 2.5, 5))  # of an axis of radii
_MOST_TICKS = 6
_UNTESTED, _BEHIND = 0.25, "#f2f2f2"


# -- survival curves --------------------------------------------------------------------------------------------------


def draw_survival(axes: Axes, curves: pd.DataFrame, looks_of: Looks | None = None) -> None:
    """Share of samples whose lower bound on p reaches u, with D4's band of the first log."""
    look_of = _looks(curves, looks_of)
    for i, name in enumerate(_names(curves)):
        rows, look = curves[curves["log"] == name], look_of[name]
        if i == 0:
            axes.fill_between(
                rows["tail"], rows["lower_population"], rows["lower_samples"], step="pre", color=look.color,
                alpha=0.12, linewidth=0,
            )  # fmt: skip
        axes.step(rows["tail"], rows["share"], where="pre", label=name, color=look.color, linestyle=look.dash)
    probability_axis(axes, curves["tail"].min())
    axes.set(ylabel="share with lower bound on $p \\geq u$", ylim=(0, None))


def survival(curves: pd.DataFrame, title: str, sigma: float, looks_of: Looks | None = None) -> Figure:
    """Share of samples whose lower bound on p reaches u, with D4's band, and each log's lead over the first one.

    The band of the first log alone, and errors of the leads at a few u only: those of five logs made one brown area.
    curves: what `survival_frame` returns. sigma: noise level, for the axis of radii above.
    """
    with style():
        names, look_of = _names(curves), _looks(curves, looks_of)
        figure, panels = _panels(2 if len(names) > 1 else 1)
        left, right = panels[0], panels[-1]
        draw_survival(left, curves, look_of)
        left.set_title(_part(f"lower bound on $p$; band: {names[0]}, population, 95 %", panels))
        _radius_axis(left, curves["tail"].min(), sigma)
        if len(panels) > 1:
            ends = _draw_leads(right, curves, names, look_of)
            probability_axis(right, curves["tail"].min())
            _radius_axis(right, curves["tail"].min(), sigma)
            right.axhline(0, color=look_of[names[0]].color, linewidth=1.2)
            right.set_ylabel(f"lead over {names[0]} / % points")
            right.set_title("(b) lead, with ±2 paired s.e.")
            label_ends(right, {names[0]: 0.0, **ends}, look_of)
        figure.suptitle(title, fontsize=8, x=0.01, horizontalalignment="left")
    return figure


def _draw_leads(axes: Axes, curves: pd.DataFrame, names: Sequence[str], look_of: Looks) -> dict[str, float]:
    """Leads over the first log with errors at a few u, beside each other; and where each line ends."""
    ends = {}
    for i, name in enumerate(names[1:]):
        rows = curves[(curves["log"] == name) & curves["lead"].notna()]
        if not len(rows):
            continue
        look, lead = look_of[name], 100 * rows["lead"]
        axes.step(rows["tail"], lead, where="pre", color=look.color, linestyle=look.dash)
        ends[name] = float(lead.iloc[-1])
        tails = [tail for tail in _ERRORS_SHOWN if rows["tail"].min() < tail < rows["tail"].max()]
        at = sorted({int(np.flatnonzero(rows["tail"] <= tail)[0]) for tail in tails})  # the next step
        apart = 10 ** (_SIDE_BY_SIDE * (i - (len(names) - 2) / 2))
        axes.errorbar(
            rows["tail"].iloc[at] * apart, lead.iloc[at], 200 * rows["lead_error"].iloc[at], color=look.color,
            fmt="none", elinewidth=0.9, capsize=1.2,
        )  # fmt: skip
    return ends


def _names(frame: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(frame["log"]))


def _looks(frame: pd.DataFrame, given: Looks | None) -> Looks:
    return looks(_names(frame)) if given is None else given


def _panels(number: int) -> tuple[Figure, list[Axes]]:
    """A figure as wide as its panels need."""
    figure = Figure(figsize=(PAGE if number > 1 else COLUMN + 0.7, 2.9))
    return figure, list(np.atleast_1d(figure.subplots(1, number)))


def _part(title: str, panels: Sequence[Axes]) -> str:
    """Title of the first panel, lettered where there are more."""
    return f"(a) {title}" if len(panels) > 1 else title


def probability_axis(axes: Axes, smallest: float) -> None:
    """An x axis for tails 1 - u, logarithmic, easy samples to the right, with ticks that say u."""
    axes.set(xscale="log", xlim=(0.5, max(smallest * 0.7, 1e-12)), xlabel="$u$ (logarithmic in $1 - u$)")
    coarse, fine = ([tick for tick in of if tick >= smallest * 0.7] for of in (_TICKS, _TICKS_OF_SHORT_AXIS))
    ticks = coarse if len(coarse) > 2 else fine
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([f"{1 - tick:.7f}".rstrip("0") for tick in ticks])


def _radius_axis(axes: Axes, smallest: float, sigma: float) -> None:
    """The radii that belong to the tails of an axis, above it."""
    largest = -ndtri(max(smallest * 0.7, 1e-12)) * sigma
    step = next((step for step in _STEPS if largest / step <= _MOST_TICKS), largest)
    radii = np.arange(0, largest, step)
    above = axes.twiny()
    above.set(xscale="log", xlim=axes.get_xlim())
    above.xaxis.set_major_locator(FixedLocator(ndtr(-radii / sigma).tolist()))
    above.xaxis.set_minor_locator(NullLocator())
    above.set_xticklabels([f"{r:g}" for r in radii])
    above.set_xlabel("radius $r$", labelpad=2)
    above.grid(visible=False)
    above.spines["top"].set_visible(True)


# -- certified accuracy -----------------------------------------------------------------------------------------------


def draw_accuracy(axes: Axes, curves: pd.DataFrame, looks_of: Looks | None = None) -> None:
    """Certified accuracy against the radius, with the band of the first log."""
    look_of = _looks(curves, looks_of)
    for i, name in enumerate(_names(curves)):
        rows, look = curves[curves["log"] == name], look_of[name]
        if i == 0:
            axes.fill_between(
                rows["radius"], 100 * rows["lower"], 100 * rows["share"], step="pre", color=look.color, alpha=0.12,
                linewidth=0,
            )  # fmt: skip
        axes.step(rows["radius"], 100 * rows["share"], where="pre", color=look.color, linestyle=look.dash, label=name)
    axes.set(
        xlabel=r"$\ell_2$ radius $r$ (unit of the inputs)", ylabel="certified accuracy / %", xlim=(0, None),
        ylim=(0, None),
    )  # fmt: skip


def radius_accuracy(curves: pd.DataFrame, title: str, looks_of: Looks | None = None) -> Figure:
    """Certified accuracy against the radius; the area below a curve is its ACR (D2).

    The first log's band alone, as in `survival`. curves: see `accuracy_frame`.
    """
    with style():
        figure = Figure(figsize=(COLUMN + 0.4, 2.8))
        axes = figure.subplots()
        draw_accuracy(axes, curves, looks_of)
        axes.set_xlim(0, curves["radius"].max())
        label_ends(axes, {name: 100 * curves.loc[curves["log"] == name, "share"].iloc[-1] for name in _names(curves)},
                   _looks(curves, looks_of))  # fmt: skip
        axes.set_title(f"band: {_names(curves)[0]}, population, 95 %")
        figure.suptitle(title, fontsize=8, x=0.01, horizontalalignment="left")
    return figure


# -- ACR against the budget -------------------------------------------------------------------------------------------


def acr_by_budget(curves: pd.DataFrame, crossings: pd.DataFrame, title: str, looks_of: Looks | None = None) -> Figure:
    """Expected ACR against the budget, and the lead over the first log; dots where two logs change places (C7, C8).

    curves, crossings: see `budget_frame` and `crossing_frame`. Dotted, on grey: predicted from an estimated
    distribution of p.
    """
    with style():
        names, look_of = _names(curves), _looks(curves, looks_of)
        figure, panels = _panels(2 if len(names) > 1 else 1)
        left, right = panels[0], panels[-1]
        certified = int(curves.loc[curves["kind"] == "exact", "n"].max())
        for axes, column in zip(panels, ("acr", "lead"), strict=False):
            ends = {}
            for name in names:
                rows, look = curves[curves["log"] == name], look_of[name]
                known, predicted = rows[rows["n"] <= certified], rows[rows["n"] > certified]
                axes.plot(known["n"], known[column], color=look.color, linestyle=look.dash)
                axes.plot(predicted["n"], predicted[column], color=look.color, linestyle=":", linewidth=0.9)
                ends[name] = float(rows[column].iloc[-1])
            _draw_crossings(axes, curves, crossings, column)
            axes.set(xscale="log", xlabel="certification budget $N$", xlim=(curves["n"].min(), curves["n"].max()))
            if curves["n"].max() > certified:
                axes.axvspan(certified, curves["n"].max(), color="black", alpha=0.06, linewidth=0)
                middle = float(np.sqrt(certified * curves["n"].max()))
                axes.text(middle, 0.03, "predicted", transform=axes.get_xaxis_transform(), fontsize=6,
                          horizontalalignment="center", color="#555555")  # fmt: skip
            if axes is right:
                label_ends(axes, ends, look_of)
        left.set(ylabel="expected ACR", title=_part("ACR by budget", panels))
        if len(crossings):
            left.legend(loc="upper left", handlelength=1)
        if len(panels) > 1:
            right.set(ylabel=f"ACR minus that of {names[0]}", title="(b) lead")
        figure.suptitle(title, fontsize=8, x=0.01, horizontalalignment="left")
    return figure


def _draw_crossings(axes: Axes, curves: pd.DataFrame, crossings: pd.DataFrame, column: str) -> None:
    """A dot where the order of two logs changes, on the curve of the first of them."""
    points = [
        np.interp(np.log(n), np.log(rows["n"]), rows[column])
        for first, n in zip(crossings["first"], crossings["n"], strict=True)
        for rows in [curves[curves["log"] == first]]
    ]
    axes.plot(
        crossings["n"], points, "o", color="black", markersize=3, markerfacecolor="white", zorder=3,
        label="order changes" if points else None,
    )  # fmt: skip


# -- attribution ------------------------------------------------------------------------------------------------------


def attribution_bars(parts: pd.DataFrame, reference: str, title: str) -> Figure:
    """Where the ACR differences to the reference come from, by difficulty. parts: see `attribution_frame`.

    No bar where nothing differs, as where the reference has no sample of that difficulty: "0 ± 0" would pass for a
    measured value.
    """
    with style():
        names = list(dict.fromkeys(parts["log"]))
        bins = list(dict.fromkeys(parts["difficulty"]))
        figure = Figure(figsize=(PAGE, 2.6))
        axes = figure.subplots()
        width = 0.8 / max(len(bins), 1)
        # Dark: hard, light: easy; the darkest still light enough for a black error bar to be seen on it.
        shades = colormaps["viridis"](np.linspace(0.4, 0.98, max(len(bins), 1)))
        parts = parts[parts["difference"].ne(0) | parts["standard_error"].gt(0)]
        for i, difficulty in enumerate(bins):
            rows = parts[parts["difficulty"] == difficulty].set_index("log").reindex(names)  # none: NaN, no bar
            x = np.arange(len(names)) + (i - (len(bins) - 1) / 2) * width
            axes.bar(
                x, rows["difference"], width, yerr=2 * rows["standard_error"], color=shades[i],
                label=f"{difficulty}: no difference" if rows["difference"].isna().all() else difficulty,
                error_kw={"linewidth": 0.9, "capsize": 1.5},
            )  # fmt: skip
        axes.axhline(0, color="black", linewidth=0.8)
        axes.set_xticks(np.arange(len(names)), names)
        axes.set_xlim(-0.6, len(names) - 0.4)
        axes.set(ylabel=f"ACR minus that of {reference}", title=f"{title}; error bars: ±2 s.e.")
        axes.grid(visible=False, axis="x")
        figure.legend(
            *axes.get_legend_handles_labels(), loc="outside right upper", title=f"$p$ for {reference}",
            title_fontsize=7,
        )  # fmt: skip
    return figure


# -- ranks ------------------------------------------------------------------------------------------------------------


def rank_table(places: pd.DataFrame, title: str, looks_of: Looks | None = None) -> Figure:
    """Ranks by ACR over budgets and by certified accuracy over radii; in colour who is first, or within error of it.

    places: see `rank_frame`. Without tests no cell but those of rank 1 has a colour, and a pale one.
    """
    with style():
        names, look_of = _names(places), _looks(places, looks_of)
        figure = Figure(figsize=(PAGE, 0.95 + 0.24 * len(names)))
        parts = [places[places["by"] == by] for by in ("ACR", "certified accuracy")]
        columns = [list(dict.fromkeys(part["at"])) for part in parts]
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=[max(len(at), 2) for at in columns])
        for axes, part, at in zip((left, right), parts, columns, strict=True):
            _draw_cells(axes, part, names, at, look_of)
        left.set_xticks(range(len(columns[0])), [_short(n) for n in columns[0]])
        right.set_xticks(range(len(columns[1])), [f"{r:g}" for r in columns[1]])
        left.set_yticks(range(len(names)), names)
        for label, name in zip(left.get_yticklabels(), names, strict=True):
            label.set_color(look_of[name].color)
        left.set(xlabel="certification budget $N$", title="(a) rank by ACR")
        right.set(xlabel="radius $r$", title="(b) rank by certified accuracy")
        figure.suptitle(f"{title}; in colour: first, or within error of it", fontsize=8, x=0.01,
                        horizontalalignment="left")  # fmt: skip
    return figure


def _draw_cells(
    axes: Axes, places: pd.DataFrame, names: Sequence[str], columns: Sequence[float], look_of: Looks
) -> None:
    """A table of ranks: a row for each log, a column for each place."""
    cells = np.empty((len(names), len(columns), 4))
    for row in places.itertuples():
        i, j = names.index(row.log), columns.index(row.at)
        tested, first = not pd.isna(row.first), bool(row.rank == 1 if pd.isna(row.first) else row.first)
        cells[i, j] = to_rgba(look_of[row.log].color, 0.55 if tested else _UNTESTED) if first else to_rgba(_BEHIND)
        axes.text(j, i, f"{row.rank}", fontsize=7, horizontalalignment="center", verticalalignment="center",
                  fontweight="bold" if first else "normal", color="black" if first else "#666666")  # fmt: skip
    axes.imshow(cells, aspect="auto", interpolation="nearest")
    axes.set_xticks(np.arange(len(columns) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(names) + 1) - 0.5, minor=True)
    axes.grid(visible=False)
    axes.grid(visible=True, which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)


def _short(n: float) -> str:
    """A budget in a few characters.

    >>> _short(300), _short(30_000), _short(2_000_000)
    ('300', '30k', '2M')
    """
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if n >= size and n % size == 0:
            return f"{n / size:g}{letter}"
    return f"{n:g}"
