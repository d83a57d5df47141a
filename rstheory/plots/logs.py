"""Figures of certification logs: one function per figure, which draws a data frame and computes nothing.

`rstheory.audit.frames` makes the frames. Each has a column `log` with short names, in the order in which the logs are
drawn; the first is the one that the others are compared with. `draw_...` draw into axes that are there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from rstheory.plots.style import COLORS, COLUMN, DASHES, PAGE, style

_TICKS = (0.5, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7)
_TICKS_OF_SHORT_AXIS = (0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01)
_TIE_APART = 0.22  # of a rank


# -- survival curves --------------------------------------------------------------------------------------------------


def draw_survival(axes: Axes, curves: pd.DataFrame) -> None:
    """Share of samples whose lower bound on p reaches u, with D4's band of the first log."""
    for i, name in enumerate(dict.fromkeys(curves["log"])):
        rows = curves[curves["log"] == name]
        if i == 0:
            axes.fill_between(
                rows["tail"], rows["lower_population"], rows["lower_samples"], step="pre", color=COLORS[i],
                alpha=0.12, linewidth=0,
            )  # fmt: skip
        axes.step(rows["tail"], rows["share"], where="pre", label=name, color=COLORS[i], linestyle=DASHES[i])
    probability_axis(axes, curves["tail"].min())
    axes.set(ylabel="share with lower bound on $p \\geq u$", ylim=(0, None))


def survival(curves: pd.DataFrame, title: str) -> Figure:
    """Share of samples whose lower bound on p reaches u, with D4's band, and each log's lead over the first one.

    The first log's band alone: five of them, each reaching down across the curves below, made one brown area.
    curves: what `survival_frame` returns.
    """
    with style():
        names = list(dict.fromkeys(curves["log"]))
        figure, panels = _panels(2 if len(names) > 1 else 1)
        left, right = panels[0], panels[-1]
        draw_survival(left, curves)
        for i, name in enumerate(names[1:], 1):
            rows = curves[curves["log"] == name]
            if rows["lead"].notna().any():
                low, high = (100 * (rows["lead"] + sign * 2 * rows["lead_error"]) for sign in (-1, 1))
                right.fill_between(rows["tail"], low, high, step="pre", color=COLORS[i], alpha=0.12, linewidth=0)
                right.step(rows["tail"], 100 * rows["lead"], where="pre", color=COLORS[i], linestyle=DASHES[i])
        left.set(title=_part("survival of the lower bound on $p$", panels))
        if len(panels) > 1:
            probability_axis(right, curves["tail"].min())
            right.axhline(0, color=COLORS[0], linewidth=1.2)
            right.set(ylabel=f"lead over {names[0]} / % points", title="(b) lead, with ±2 paired s.e.")
        figure.suptitle(title, fontsize=8, x=0.01, horizontalalignment="left")
        figure.legend(
            *left.get_legend_handles_labels(), loc="outside right upper", handlelength=2.5,
            title=f"band: population,\n95 %, {names[0]}", title_fontsize=6,
        )  # fmt: skip
    return figure


def _panels(number: int) -> tuple[Figure, list[Axes]]:
    """A figure as wide as its panels need, with room for a legend to the right of them."""
    figure = Figure(figsize=(PAGE if number > 1 else COLUMN + 1, 2.7))
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


# -- certified accuracy -----------------------------------------------------------------------------------------------


def draw_accuracy(axes: Axes, curves: pd.DataFrame) -> None:
    """Certified accuracy against the radius, with the band of the first log."""
    for i, name in enumerate(dict.fromkeys(curves["log"])):
        rows = curves[curves["log"] == name]
        if i == 0:
            axes.fill_between(
                rows["radius"], 100 * rows["lower"], 100 * rows["share"], step="pre", color=COLORS[i], alpha=0.12,
                linewidth=0,
            )  # fmt: skip
        axes.step(rows["radius"], 100 * rows["share"], where="pre", color=COLORS[i], linestyle=DASHES[i], label=name)
    axes.set(
        xlabel=r"$\ell_2$ radius $r$ (unit of the inputs)", ylabel="certified accuracy / %", xlim=(0, None),
        ylim=(0, None),
    )  # fmt: skip


def radius_accuracy(curves: pd.DataFrame, title: str) -> Figure:
    """Certified accuracy against the radius; the area below a curve is its ACR (D2).

    The first log's band alone, as in `survival`. curves: see `accuracy_frame`.
    """
    with style():
        figure = Figure(figsize=(COLUMN, 3.1))
        axes = figure.subplots()
        draw_accuracy(axes, curves)
        reference = curves["log"].iloc[0]
        figure.legend(
            *axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, handlelength=2.5, columnspacing=1,
            title=f"band: the population behind the samples, 95 %, {reference}", title_fontsize=6,
        )  # fmt: skip
        figure.suptitle(title, fontsize=8, x=0.01, horizontalalignment="left")
    return figure


# -- ACR against the budget -------------------------------------------------------------------------------------------


def acr_by_budget(curves: pd.DataFrame, crossings: pd.DataFrame, title: str) -> Figure:
    """Expected ACR against the budget, and the lead over the first log; dots where two logs change places (C7, C8).

    curves, crossings: see `budget_frame` and `crossing_frame`. Dotted, on grey: predicted from an estimated
    distribution of p.
    """
    with style():
        names = list(dict.fromkeys(curves["log"]))
        figure, panels = _panels(2 if len(names) > 1 else 1)
        left, right = panels[0], panels[-1]
        certified = int(curves.loc[curves["kind"] == "exact", "n"].max())
        for i, name in enumerate(names):
            rows = curves[curves["log"] == name]
            known, predicted = rows[rows["n"] <= certified], rows[rows["n"] > certified]
            for axes, column in zip(panels, ("acr", "lead"), strict=False):
                axes.plot(known["n"], known[column], color=COLORS[i], linestyle=DASHES[i], label=name)
                axes.plot(predicted["n"], predicted[column], color=COLORS[i], linestyle=":", linewidth=0.9)
        for axes, column in zip(panels, ("acr", "lead"), strict=False):
            points = [
                np.interp(np.log(n), np.log(rows["n"]), rows[column])
                for first, n in zip(crossings["first"], crossings["n"], strict=True)
                for rows in [curves[curves["log"] == first]]
            ]
            axes.plot(
                crossings["n"], points, "o", color="black", markersize=3, markerfacecolor="white", zorder=3,
                label="order changes" if points else None,
            )  # fmt: skip
            axes.set(xscale="log", xlabel="certification budget $N$", xlim=(curves["n"].min(), curves["n"].max()))
            if curves["n"].max() > certified:
                axes.axvspan(certified, curves["n"].max(), color="black", alpha=0.06, linewidth=0, label="predicted")
        left.set(ylabel="expected ACR", title=_part("ACR by budget", panels))
        if len(panels) > 1:
            right.set(ylabel=f"ACR minus that of {names[0]}", title="(b) lead")
        figure.suptitle(title, fontsize=8, x=0.01, horizontalalignment="left")
        figure.legend(*left.get_legend_handles_labels(), loc="outside right upper", handlelength=2.5)
    return figure


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


def rank_flips(places: pd.DataFrame, title: str) -> Figure:
    """Rank by ACR over budgets, and by certified accuracy over radii, best on top. places: see `rank_frame`."""
    with style():
        names = list(dict.fromkeys(places["log"]))
        figure = Figure(figsize=(PAGE, 2.5))
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=[3, 4])
        for axes, by in ((left, "ACR"), (right, "certified accuracy")):
            chosen = places[places["by"] == by]
            height = chosen["rank"] + _below_rank(chosen)
            for i, name in enumerate(names):
                of = chosen["log"] == name
                axes.plot(
                    chosen.loc[of, "at"], height[of], color=COLORS[i], linestyle=DASHES[i], marker="o", markersize=4,
                    label=name,
                )  # fmt: skip
        budgets = places[places["by"] == "ACR"]
        first, last = budgets["at"].min() / 1.4, budgets["at"].max() * 1.4
        left.set(xscale="log", xlim=(first, last))
        predicted = budgets["kind"] == "predicted"
        if predicted.any():
            start = np.sqrt(budgets.loc[~predicted, "at"].max() * budgets.loc[predicted, "at"].min())
            left.axvspan(start, last, color="black", alpha=0.06, linewidth=0)
        left.set_yticks(range(1, len(names) + 1))
        left.set_ylim(len(names) + 0.5, 0.5)
        shaded = " (shaded: predicted)" if predicted.any() else ""
        left.set(xlabel="certification budget $N$", ylabel="rank", title=f"(a) by ACR{shaded}")
        right.set(xlabel="radius $r$", title="(b) by certified accuracy at $r$")
        figure.suptitle(title, fontsize=8, x=0.01, horizontalalignment="left")
        figure.legend(*left.get_legend_handles_labels(), loc="outside right upper", handlelength=3)
    return figure


def _below_rank(places: pd.DataFrame) -> pd.Series:
    """How far below its rank each log is drawn: those that tie would hide each other, and the ranks below are free."""
    return places.groupby(["at", "rank"]).cumcount() * _TIE_APART
