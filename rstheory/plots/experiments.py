"""The figures of experiments on trained models, drawn from the frames of `rstheory.experiments`."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rstheory.plots.style import BUDGET_COLORS, BUDGET_DASHES, COLORS, COLUMN, PAGE, Look, Looks, looks, style

# Of what is no method: the colours of methods are theirs alone.
_NOISES = (Look("black", "-"), Look("#8a8a8a", (0, (4, 1.5))))
_PARTS = ("#b39ddb", "#5e35b1", "black")


def radius_and_sensitivity(curves: pd.DataFrame) -> Figure:
    """The certified radius and its slope against p, at an infinite and at finite budgets (A2, C2).

    The slope is drawn against 1 - p, logarithmic: that of a finite budget levels off very near p = 1 only.
    curves: columns budget (label), p, tail (1 - p), radius, slope; the infinite budget first, then 10^2, 10^3 and on.
    """
    with style():
        figure = Figure(figsize=(PAGE, 2.3))
        left, right = figure.subplots(1, 2)
        for (budget, rows), color, dash in zip(
            curves.groupby("budget", sort=False), BUDGET_COLORS, BUDGET_DASHES, strict=False
        ):
            left.plot(rows["p"], rows["radius"], color=color, linestyle=dash, label=budget)
            right.plot(rows["tail"], rows["slope"], color=color, linestyle=dash)
        left.set(xlabel="$p$", ylabel=r"expected radius / $\sigma$", title="(a) radius", xlim=(0, 1), ylim=(0, None))
        right.set(xlabel="remaining error $1 - p$ (easy samples to the right)", ylabel=r"slope / $\sigma$",
                  title="(b) sensitivity", xscale="log", yscale="log", xlim=(0.5, curves["tail"].min()),
                  ylim=(1, 2 * curves["slope"].max()))  # fmt: skip
        left.legend(loc="upper left", handlelength=2.5)
    return figure


def p_distribution(frame: pd.DataFrame, title: str, look_of: Looks | None = None) -> Figure:
    """Distribution of the label probability on test samples: a histogram for each method, and their survival together.

    The first method's histogram outlines the others: five drawn on each other could not be told apart.
    frame: columns method, p. look_of: colour and dash of each method; default: by the order of the frame.
    """
    methods = list(dict.fromkeys(frame["method"]))
    look_of = looks(methods) if look_of is None else look_of
    columns = min(len(methods) + 1, 3)
    height = -(-(len(methods) + 1) // columns)
    edges = np.linspace(0, 1, 21)
    values = [frame.loc[frame["method"] == method, "p"].to_numpy() for method in methods]
    shares = [np.histogram(p, edges)[0] / len(p) for p in values]
    with style():
        figure = Figure(figsize=(PAGE, 0.5 + 1.75 * height))
        cells = figure.add_gridspec(height, columns)
        last = divmod(len(methods), columns)  # where the survival curves begin: they take the rest of their row
        survival = figure.add_subplot(cells[last[0], last[1] :])
        for i, (method, p, share) in enumerate(zip(methods, values, shares, strict=True)):
            look, axes = look_of[method], figure.add_subplot(cells[divmod(i, columns)])
            axes.stairs(share, edges, color=look.color, alpha=0.5, fill=True)
            axes.stairs(shares[0], edges, color="black", linewidth=0.8)
            axes.set(title=method, xlim=(0, 1), ylim=(0, 1.05 * np.max(shares)))
            if i % columns == 0:
                axes.set_ylabel("share (bins of 0.05)")
            if i + columns >= len(methods):
                axes.set_xlabel("$p$, probability of the label")
            ordered = np.sort(p)
            survival.step(ordered, 1 - np.arange(len(p)) / len(p), color=look.color, linestyle=look.dash, where="pre",
                          label=method)  # fmt: skip
        survival.axvline(0.5, color="black", linewidth=0.6)
        survival.text(0.48, 0.03, "only $p > 1/2$\ncan be certified", fontsize=6, horizontalalignment="right")
        survival.set(xlabel="$u$", ylabel=r"share with $p \geq u$", title="survival", xlim=(0, 1), ylim=(0, 1))
        if len(methods) > 1:
            survival.legend(loc="best", ncols=2 if len(methods) > 4 else 1, handlelength=3)
        figure.suptitle(f"{title}; outline: {methods[0]}", fontsize=8, x=0.01, horizontalalignment="left")
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
    """Gradient norm of training samples against p, before and after the attack, one panel for each method (E7).

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
            for (noise, rows), look in zip(of.groupby("noise", sort=False), _NOISES, strict=False):
                error = 2 * rows["standard_error"]
                axes.errorbar(rows["p"], rows["norm"], error, color=look.color, linestyle=look.dash, marker=".",
                              capsize=2, linewidth=1, label=f"{noise} noise")  # fmt: skip
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

    frame: as `tables.decomposition_table` makes it. Rows in which the split says nothing are marked.
    """
    with style():
        figure = Figure(figsize=(1.5 * COLUMN, 1.1 + 0.45 * len(frame)))
        axes = figure.subplots()
        names = [
            f"{row.method}\n{row.data}, $\\sigma$ = {row.sigma:g}" + ("\nsplit says nothing: flat" if row.flat else "")
            for row in frame.itertuples()
        ]
        y = np.arange(len(frame))[::-1]
        parts = (("by mean", "from the mean of $p$"), ("by spread", "from its spread"), ("ACR gained", "both"))
        for i, ((name, label), color, mark) in enumerate(zip(parts, _PARTS, "so|", strict=True)):
            # An interval need not hold the estimate: at the edge of what resampling can give, it may lie beside it.
            ends = [frame[name] - frame[f"{name}, low"], frame[f"{name}, high"] - frame[name]]
            axes.errorbar(frame[name], y + (1 - i) * 0.24, xerr=np.maximum(ends, 0), fmt=mark, color=color, label=label,
                          markersize=4 if mark != "|" else 8, elinewidth=1, capsize=2)  # fmt: skip
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_yticks(y, names)
        axes.set(xlabel="ACR minus that of Gaussian training\n(95 % intervals over test samples)",
                 ylim=(-0.6, len(frame) - 0.4))  # fmt: skip
        axes.grid(visible=False, axis="y")
        figure.legend(loc="outside upper center", ncols=3)
    return figure


def classes(frame: pd.DataFrame, title: str, look_of: Looks | None = None) -> Figure:
    """Change of the mean label probability against the baseline, class by class, one mark for each method.

    The line at 0 is the baseline. frame: of one data set and noise level, as `tables.class_table` makes it. look_of:
    colour and dash of each method; default: by the order of the frame.
    """
    look_of = looks(frame["method"]) if look_of is None else look_of
    methods, names = list(dict.fromkeys(frame["method"])), list(dict.fromkeys(frame["class"]))
    with style():
        figure = Figure(figsize=(PAGE, 2.6))
        axes = figure.subplots()
        place = np.arange(len(names))
        for i, (method, mark) in enumerate(zip(methods, "os^vDP", strict=False)):
            rows = frame[frame["method"] == method].set_index("class").reindex(names)
            shift = (i - (len(methods) - 1) / 2) * 0.8 / len(methods)
            axes.errorbar(place + shift, rows["change, p"], 2 * rows["s.e., p"], color=look_of[method].color, fmt=mark,
                          markersize=3.5, capsize=2, linewidth=0.8, label=method)  # fmt: skip
        axes.axhline(0, color="black", linewidth=0.8)
        counts = frame.drop_duplicates("class").set_index("class")["samples"]
        axes.set_xticks(place, [f"{name}\n{counts[name]}" for name in names])
        axes.set(xlabel="class, and its test images", ylabel="change of mean $p$, ±2 s.e.")
        axes.grid(visible=False, axis="x")
        figure.suptitle(f"{title}; against Gaussian training", fontsize=8, x=0.01, horizontalalignment="left")
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower right", ncols=6)
    return figure
