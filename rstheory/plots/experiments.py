"""The figures of experiments on trained models, drawn from the frames of `rstheory.experiments`."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rstheory.plots.style import COLORS, COLUMN, DASHES, PAGE, style


def radius_and_sensitivity(curves: pd.DataFrame) -> Figure:
    """The certified radius and its slope against p, at an infinite and at finite budgets (A2, C2).

    curves: columns budget (label), p, radius, slope.
    """
    with style():
        figure = Figure(figsize=(PAGE, 2.3))
        left, right = figure.subplots(1, 2)
        for (budget, rows), color, dash in zip(curves.groupby("budget", sort=False), COLORS, DASHES, strict=False):
            left.plot(rows["p"], rows["radius"], color=color, linestyle=dash, label=budget)
            right.plot(rows["p"], rows["slope"], color=color, linestyle=dash)
        left.set(xlabel="$p$", ylabel=r"expected radius / $\sigma$", title="(a) radius", xlim=(0, 1), ylim=(0, None))
        right.set(xlabel="$p$", ylabel=r"slope / $\sigma$", title="(b) sensitivity", yscale="log", xlim=(0.5, 1),
                  ylim=(1, 2 * curves["slope"].max()))  # fmt: skip
        left.legend(loc="upper left")
    return figure


def p_distribution(frame: pd.DataFrame, title: str) -> Figure:
    """Distribution of the label probability on test samples, one line a method. frame: columns method, p."""
    with style():
        figure = Figure(figsize=(PAGE, 2.5))
        left, right = figure.subplots(1, 2)
        edges = np.linspace(0, 1, 21)
        for (method, rows), color, dash in zip(frame.groupby("method", sort=False), COLORS, DASHES, strict=False):
            share = np.histogram(rows["p"], edges)[0] / len(rows)
            left.stairs(share, edges, color=color, linestyle=dash, linewidth=1.2, label=method)
            ordered = np.sort(rows["p"])
            right.step(ordered, 1 - np.arange(len(ordered)) / len(ordered), color=color, linestyle=dash, where="pre")
        left.set(xlabel="$p$, probability of the label under noise", ylabel="share of test samples (bins of 0.05)",
                 title=f"(a) {title}", xlim=(0, 1), ylim=(0, None))  # fmt: skip
        right.axvline(0.5, color="black", linewidth=0.6)
        right.set(xlabel="$u$", ylabel=r"share of test samples with $p \geq u$", title="(b) survival", xlim=(0, 1),
                  ylim=(0, 1))  # fmt: skip
        left.legend(loc="upper center")
    return figure


def sampling_weight(frame: pd.DataFrame) -> Figure:
    """How often easy-sample training draws a sample, by its p (E2). frame: columns p, weight, low, high."""
    with style():
        figure = Figure(figsize=(COLUMN, 2.3))
        axes = figure.subplots()
        axes.fill_between(frame["p"], frame["low"], frame["high"], color=COLORS[0], alpha=0.25, linewidth=0,
                          step="mid", label="middle 90 % of the draws")  # fmt: skip
        axes.plot(frame["p"], frame["weight"], color=COLORS[0], label="mean")
        axes.set(xlabel="$p$", ylabel="sampling weight", xlim=(0, 1), ylim=(0, None))
        axes.legend(loc="upper left")
    return figure


def gradient_norms(frame: pd.DataFrame, title: str) -> Figure:
    """Gradient norm of training samples against p, before and after the attack, one panel a method (E7).

    frame: columns method, noise, p, norm, standard_error, samples.
    """
    methods = list(dict.fromkeys(frame["method"]))
    columns = min(len(methods), 3)
    height = -(-len(methods) // columns)
    highest = (frame["norm"] + 2 * frame["standard_error"].fillna(0)).max()
    with style():
        figure = Figure(figsize=(COLUMN if columns == 1 else PAGE, 0.5 + 1.9 * height))
        grid = figure.subplots(height, columns, sharex=True, sharey=True, squeeze=False)
        for axes, method in zip(grid.flat, methods, strict=False):
            of = frame[frame["method"] == method]
            for (noise, rows), color, dash in zip(of.groupby("noise", sort=False), COLORS, DASHES, strict=False):
                error = 2 * rows["standard_error"]
                axes.errorbar(rows["p"], rows["norm"], error, color=color, linestyle=dash, marker=".", capsize=2,
                              linewidth=1, label=f"{noise} noise")  # fmt: skip
            axes.set(title=method, xlim=(0, 1), ylim=(0, 1.05 * highest))
        for axes in grid.flat[len(methods) :]:
            axes.set_visible(False)
        for axes in grid.flat[max(0, len(methods) - columns) : len(methods)]:  # nothing is drawn below these
            axes.tick_params(labelbottom=True)
            axes.set_xlabel("$p$")
        figure.supylabel("gradient norm, mean ±2 s.e.", fontsize=8)
        figure.suptitle(title, fontsize=8, x=0.01, horizontalalignment="left")
        figure.legend(*grid.flat[0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    return figure


def decomposition(frame: pd.DataFrame) -> Figure:
    """How much of each ACR gain over the baseline comes from the mean of p, how much from its spread (F3).

    frame: as `tables.decomposition_table` makes it.
    """
    with style():
        figure = Figure(figsize=(1.5 * COLUMN, 0.9 + 0.5 * len(frame)))
        axes = figure.subplots()
        names = [f"{row.method}\n{row.data}, $\\sigma$ = {row.sigma:g}" for row in frame.itertuples()]
        y = np.arange(len(frame))[::-1]
        parts = (("by mean", "s.e. (mean)", "mean of $p$"), ("by spread", "s.e. (spread)", "spread of $p$"),
                 ("ACR gained", "s.e.", "in all"))  # fmt: skip
        for i, ((value, error, label), color) in enumerate(zip(parts, COLORS, strict=False)):
            axes.barh(y + (1 - i) * 0.26, frame[value], 0.24, xerr=2 * frame[error], color=color, label=label,
                      error_kw={"linewidth": 0.8, "capsize": 2})  # fmt: skip
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_yticks(y, names)
        axes.set(xlabel="ACR gained over Gaussian training, ±2 s.e.")
        axes.grid(visible=False, axis="y")
        figure.legend(loc="outside upper center", ncols=3)
    return figure
