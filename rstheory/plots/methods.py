"""Methods compared at equal cost: drawn from the frames of `rstheory.experiments.methods`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.special import ndtri

from rstheory.experiments.find import BASELINE
from rstheory.plots.style import COLORS, PAGE, style

_TICKS = (0.05, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999)
_KINDS = {"hard": COLORS[1], "middle": "#bbbbbb", "easy": COLORS[0]}


def standing(table: pd.DataFrame, names: dict[str, str]) -> Figure:
    """Each quantity of a `methods_table` in a panel of its own, one row per method, at one noise level.

    A dot with its 95 % interval; the dotted line is Gaussian training. names: readable, by method.
    """
    quantities = list(dict.fromkeys(table["quantity"]))
    order = table[table["quantity"] == "ACR"].sort_values("estimate")["method"].tolist()
    places = {method: place for place, method in enumerate(order)}
    with style():
        figure = Figure(figsize=(PAGE, 0.9 + 0.19 * len(order)))
        panels = np.atleast_1d(figure.subplots(1, len(quantities), sharey=True))
        for axes, quantity in zip(panels, quantities, strict=True):
            rows = table[table["quantity"] == quantity]
            percent = 100 if quantity not in ("ACR", "mean p") else 1
            at = [places[method] for method in rows["method"]]
            spread = np.abs(rows[["low", "high"]].to_numpy().T - rows["estimate"].to_numpy()) * percent
            colors = ["black" if method == BASELINE else COLORS[0] for method in rows["method"]]
            axes.errorbar(rows["estimate"] * percent, at, xerr=spread, fmt="none", ecolor=colors, elinewidth=1)
            axes.scatter(rows["estimate"] * percent, at, c=colors, s=12, zorder=3)
            reference = rows.loc[rows["method"] == BASELINE, "estimate"]
            if len(reference):
                axes.axvline(float(reference.iloc[0]) * percent, color="black", linewidth=0.6, linestyle=":")
            unit = "" if percent == 1 else " / %"
            axes.set(title=_TITLES.get(quantity, f"certified at ${quantity}$") + unit)
            axes.tick_params(labelsize=6)
            axes.title.set_fontsize(6.5)
        panels[0].set_yticks(range(len(order)), [names.get(method, method) for method in order])
    return figure


_TITLES = {"mean p": "mean $p$", "ACR": "ACR, $N = 10^5$", "S(0.99)": "$p \\geq 0.99$"}


def survival_changes(frame: pd.DataFrame, names: dict[str, str]) -> Figure:
    """S(u) minus that of Gaussian training, a panel per method, at one noise level; shaded: 95 %."""
    methods = list(dict.fromkeys(frame["method"]))
    columns = min(3, len(methods))
    height = -(-len(methods) // columns)
    most = 100 * max(frame["high"].abs().max(), frame["low"].abs().max())
    with style():
        figure = Figure(figsize=(PAGE, 0.4 + 1.35 * height))
        grid = figure.subplots(height, columns, squeeze=False, sharex=True, sharey=True)
        for place, axes in enumerate(grid.flat):
            if place >= len(methods):
                axes.set_visible(False)
                continue
            rows = frame[frame["method"] == methods[place]]
            z = ndtri(rows["u"])
            axes.axhline(0, color="black", linewidth=0.6)
            axes.axvline(0, color="black", linewidth=0.6, linestyle=":")
            axes.fill_between(z, 100 * rows["low"], 100 * rows["high"], color=COLORS[0], alpha=0.25, linewidth=0)
            axes.plot(z, 100 * rows["change"], color=COLORS[0])
            axes.set(title=names.get(methods[place], methods[place]), xlim=(z.min(), z.max()), ylim=(-most, most))
            axes.set_xticks(ndtri(_TICKS), [f"{u:g}" for u in _TICKS], fontsize=6, rotation=45)
        figure.supxlabel("$u$ (scale of $\\Phi^{-1}$)", fontsize=8)
        figure.supylabel("change of $S(u)$ / points", fontsize=8)
    return figure


def gains(table: pd.DataFrame, names: dict[str, str]) -> Figure:
    """Of a `gains_table` at one noise level: what hard, middle and easy images add to each method's change in ACR, and
    how their mean p changes."""
    rows = table[table["method"] != BASELINE]
    totals = rows.groupby("method")["part of the change in ACR"].sum().sort_values()
    order: Sequence[str] = totals.index.tolist()
    with style():
        figure = Figure(figsize=(PAGE, 0.9 + 0.3 * len(order)))
        left, right = figure.subplots(1, 2, sharey=True)
        for offset, (kind, color) in zip((0.25, 0, -0.25), _KINDS.items(), strict=True):
            of = rows[rows["kind"] == kind].set_index("method").loc[order]
            at = np.arange(len(order)) + offset
            left.barh(at, of["part of the change in ACR"], height=0.22, color=color, label=kind)
            right.barh(at, of["change in p"], height=0.22, color=color, label=kind)
        left.scatter(totals, range(len(order)), marker="|", s=220, color="black", linewidths=1, label="all", zorder=3)
        for axes in (left, right):
            axes.axvline(0, color="black", linewidth=0.6)
            axes.locator_params(axis="x", nbins=6)
        left.set_yticks(range(len(order)), [names.get(method, method) for method in order])
        left.set(xlabel="part of the change in ACR", title="(a) where ACR is gained")
        right.set(xlabel="change of the mean $p$", title="(b) how $p$ changes")
        figure.legend(*left.get_legend_handles_labels(), loc="outside right upper", markerscale=0.4)
    return figure
