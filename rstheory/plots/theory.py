"""The figures of the simulations in sims/, drawn from the data frames that those make."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rstheory.plots.style import BUDGET_COLORS, BUDGET_DASHES, COLORS, COLUMN, DASHES, PAGE, looks, style

Reference = tuple[str, float]
_NOTHING = 1e-9  # of sigma: a gain that no axis can show


def acr_unbounded(budgets: pd.DataFrame, noise: pd.DataFrame, reference: Reference, sigma: float = 1.0) -> Figure:
    """ACR of constant classifiers against log10 of the budget, with the bounds of B4, and against sigma (B1, B4, B5).

    budgets: columns classes, log10_n, acr, lower, upper. noise: columns classes, sigma, acr. reference: a name and an
    ACR to draw as a horizontal line. sigma: the noise level of `budgets`.
    """
    with style():
        figure = Figure(figsize=(PAGE, 2.5))
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=[3, 2])
        for (classes, rows), color, dash in zip(budgets.groupby("classes"), COLORS, DASHES, strict=False):
            left.fill_between(rows["log10_n"], rows["lower"], rows["upper"], color=color, alpha=0.25, linewidth=0)
            left.plot(rows["log10_n"], rows["acr"], color=color, linestyle=dash, label=f"{classes} classes")
            line = noise[noise["classes"] == classes]
            right.plot(line["sigma"], line["acr"], color=color, linestyle=dash)
        for axes in (left, right):
            axes.axhline(reference[1], color="black", linewidth=0.8, label=reference[0])
            axes.set(xscale="log", yscale="log")
        left.set(
            xlabel=r"$\log_{10} N$: decimal digits of the certification budget", ylabel="ACR of a constant classifier",
            title=f"(a) more draws, $\\sigma = {sigma:g}$ (shaded: closed-form bounds)",
        )  # fmt: skip
        left.set_xlim(budgets["log10_n"].min(), budgets["log10_n"].max())
        right.set(xlabel=r"noise level $\sigma$", title=r"(b) more noise, $N = 10^5$")
        right.set_xlim(noise["sigma"].min(), noise["sigma"].max())
        left.legend(loc="lower right", ncols=2, handlelength=2.5)
    return figure


def easy_sample_sensitivity(slopes: pd.DataFrame, gains: pd.DataFrame, groups: pd.DataFrame) -> Figure:
    """What a little more p is worth: the slope at each p, a fixed gain at each p, and a tenth of a data set (A2, C2).

    In the second panel every second budget is drawn: above p = 0.6 the others lie on these.

    slopes: columns p, tail, budget (label), slope; the infinite budget first, then 10^2, 10^3 and so on. gains: columns
    p, budget, gain. groups: columns budget, n, improved (label), exact, simulated, standard_error.
    """
    with style():
        figure = Figure(figsize=(PAGE, 2.6))
        first, second, third = figure.subplots(1, 3)
        budgets = list(dict.fromkeys(slopes["budget"]))
        for i, (budget, color, dash) in enumerate(zip(budgets, BUDGET_COLORS, BUDGET_DASHES, strict=False)):
            rows, line = slopes[slopes["budget"] == budget], gains[gains["budget"] == budget]
            first.plot(rows["tail"], rows["slope"], color=color, linestyle=dash, label=budget)
            if i % 2 == 1:
                second.plot(line["p"], line["gain"], color=color, linestyle=dash, label=budget)
        first.set(
            xscale="log", yscale="log", xlabel="remaining error $1 - p$\n(easy samples to the right)",
            ylabel=r"slope of the radius / $\sigma$", title="(a) sensitivity", ylim=(0.5, None),
        )  # fmt: skip
        first.invert_xaxis()
        first.legend(loc="upper left", fontsize=6, handlelength=2.5)
        second.set(
            xlabel="$p$ before\n(easy samples to the right)", ylabel=r"radius gained / $\sigma$",
            title="(b) what $p + 0.01$ buys", yscale="log",
        )  # fmt: skip
        second.legend(loc="upper left", fontsize=6, handlelength=2.5)
        _draw_tenths(third, groups)
        third.set(ylabel=r"ACR gained / $\sigma$", title="(c) same gain in mean $p$")
    return figure


def _draw_tenths(axes: Axes, groups: pd.DataFrame) -> None:
    """ACR gained against the budget, a line for each improved tenth; on it the simulation, with two standard errors."""
    ends = {}
    for name, look in looks(groups["improved"]).items():
        rows = groups[groups["improved"] == name]
        if rows["exact"].max() < _NOTHING:
            axes.text(0.5, 0.04, f"{name}: below $10^{{-9}}$", transform=axes.transAxes, fontsize=7, color=look.color,
                      horizontalalignment="center")  # fmt: skip
            continue
        axes.plot(rows["n"], rows["exact"], color=look.color, linestyle=look.dash, linewidth=0.8)
        axes.errorbar(rows["n"], rows["simulated"], 2 * rows["standard_error"], fmt="o", color=look.color, markersize=3,
                      capsize=2, linewidth=0.8)  # fmt: skip
        ends[name] = float(rows["exact"].iloc[-1])
    axes.set(xscale="log", yscale="log", xlabel="certification budget $N$", ylim=(1e-4, 4 * groups["exact"].max()))
    for name, end in ends.items():
        axes.annotate(name, (groups["n"].max(), end), (0, 7), textcoords="offset points", fontsize=7,
                      horizontalalignment="right", color=looks(groups["improved"])[name].color)  # fmt: skip


def budget_dependence(curves: pd.DataFrame, crossings: pd.DataFrame) -> Figure:
    """ACR of several populations against the budget, with the budgets at which the order of two of them flips (C8, B7).

    curves: columns population, n, acr. crossings: columns first, second, n, acr.
    """
    with style():
        figure = Figure(figsize=(COLUMN, 2.5))
        axes = figure.subplots()
        for (name, rows), color, dash in zip(curves.groupby("population", sort=False), COLORS, DASHES, strict=False):
            axes.plot(rows["n"], rows["acr"], color=color, linestyle=dash, label=name)
        axes.plot(crossings["n"], crossings["acr"], "o", color="black", markersize=3.5, label="order flips")
        axes.set(xscale="log", xlabel="certification budget $N$", ylabel=r"expected ACR / $\sigma$", ylim=(0, None))
        axes.set_xlim(curves["n"].min(), curves["n"].max())
        axes.legend(loc="upper left")
    return figure


def mean_preserving_spread(curves: pd.DataFrame, mean: float) -> Figure:
    """ACR against the spread of p at a fixed mean, one line a budget (C5).

    curves: columns n (10^2, 10^3 and so on), spread, acr.
    """
    with style():
        figure = Figure(figsize=(COLUMN, 2.5))
        axes = figure.subplots()
        for (n, rows), color, dash in zip(curves.groupby("n"), BUDGET_COLORS[1:], BUDGET_DASHES[1:], strict=False):
            label = f"$N = 10^{{{round(np.log10(n))}}}$"
            axes.plot(rows["spread"], rows["acr"], color=color, linestyle=dash, label=label)
        axes.set(
            xlabel=f"standard deviation of $p$ (mean {mean:g})",
            ylabel=r"expected ACR / $\sigma$", xlim=(0, None), ylim=(0, None),
        )  # fmt: skip
        axes.legend(loc="upper left")
    return figure


def real_model_validation(table: pd.DataFrame, n: int, acr: float, title: str) -> Figure:
    """ACR measured at several budgets against its prediction from one run at budget n, and the differences (F2).

    table: columns n, runs, measured, predicted, standard_error, z. acr: of the run at budget n. title: which network,
    on which data.
    """
    with style():
        figure = Figure(figsize=(COLUMN, 3.5))
        figure.suptitle(title, fontsize=8, x=0.01, horizontalalignment="left")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
        runs = int(table["runs"].iloc[0])
        above.plot(
            table["n"], table["predicted"], color=COLORS[0], label="predicted from the run at the largest budget"
        )
        above.errorbar(
            table["n"], table["measured"], 2 * table["standard_error"], fmt=".", color=COLORS[1], capsize=2,
            label=f"measured, mean of {runs} runs, ±2 s.e.",
        )  # fmt: skip
        above.plot([n], [acr], "s", color=COLORS[0], markersize=4, label=f"run at $N$ = {n:,}")
        above.set(xscale="log", ylabel="ACR", ylim=(0, None))
        above.legend(loc="lower right")
        below.axhspan(-2, 2, color="#d9d9d9", linewidth=0)
        below.plot(table["n"], table["z"], "o", color=COLORS[1], markersize=3.5)
        limit = max(3.5, 1.1 * float(table["z"].abs().max()))
        below.set(xlabel="certification budget $N$", ylabel="difference / s.e.", ylim=(-limit, limit))
    return figure
