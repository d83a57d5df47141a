"""The figure of surveys: the distribution of p, and expected ACR against the budget. It draws frames."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.special import ndtri

from rstheory._provenance import provenance
from rstheory._words import short_label, short_names
from rstheory.plots.style import COLORS, DASHES, PAGE, Plate, style
from rstheory.survey.frames import acr_frame, survival_frame
from rstheory.survey.survey import BUDGETS, DISCLAIMER, Survey

_TICKS = (0.01, 0.1, 0.5, 0.9, 0.99, 0.999)
MOST = len(COLORS)  # more lines than colours cannot be told apart


def draw_bands(axes: Axes, rows: pd.DataFrame, x: str, place: int, scale: float = 1.0) -> None:
    """One survey's estimate: the band of the population, that of these images inside it, and the line."""
    color, at = COLORS[place], rows[x]
    for which, alpha in (("population", 0.15), ("images", 0.3)):
        low, high = scale * rows[f"{which}_low"], scale * rows[f"{which}_high"]
        axes.fill_between(at, low, high, color=color, alpha=alpha, linewidth=0)
    axes.plot(at, scale * rows["estimate"], color=color, linestyle=DASHES[place], label=rows["survey"].iloc[0])


def survey_figure(survival: pd.DataFrame, acr: pd.DataFrame, title: str) -> Figure:
    """S(u) and ACR against N, of some surveys, each with two bands. survival, acr: see `rstheory.survey.frames`."""
    with style():
        figure = Figure(figsize=(PAGE, 2.6))
        left, right = figure.subplots(1, 2, width_ratios=(6, 5))
        for place, name in enumerate(dict.fromkeys(survival["survey"])):
            draw_bands(left, survival[survival["survey"] == name], "z", place, 100)
            draw_bands(right, acr[acr["survey"] == name], "n", place)
        left.set_xticks(ndtri(_TICKS), [f"{u:g}" for u in _TICKS], fontsize=6)
        left.set(
            xlabel="$u$ (scale of $\\Phi^{-1}$)", ylabel="share of images with $p \\geq u$ / %", ylim=(0, None),
            xlim=(survival["z"].min(), survival["z"].max()), title="(a) distribution of $p$",
        )  # fmt: skip
        right.set(
            xscale="log", xlabel="certification budget $N$", ylabel="expected ACR", ylim=(0, None),
            xlim=(acr["n"].min(), acr["n"].max()), title="(b) ACR by budget",
        )  # fmt: skip
        for n in BUDGETS[:-1]:
            right.axvline(n, color="black", linewidth=0.5, linestyle=":")
        figure.suptitle(title, fontsize=8, x=0.01, horizontalalignment="left")
        figure.legend(
            *left.get_legend_handles_labels(), loc="outside right upper", handlelength=2.5,
            title="bands, 95 %:\ndark: these images,\nlight: population", title_fontsize=6,
        )  # fmt: skip
    return figure


def survey_plate(surveys: Sequence[Survey]) -> Plate:
    """The figure of some surveys with its data and caption; the first ones, as many as there are colours."""
    shown = surveys[:MOST]
    names = [short_label(name) for name in short_names([survey.log.path for survey in shown])]
    survival, acr = survival_frame(shown, names), acr_frame(shown, names)
    sigmas = ", ".join(f"{sigma:g}" for sigma in sorted({survey.sigma for survey in shown}))
    draws, images = ([getattr(survey, name) for survey in shown] for name in ("draws", "images"))
    title = f"survey, $\\sigma = {sigmas}$, {_range(images)} images, {_range(draws)} draws per image"
    caption = (
        f"{DISCLAIMER} (a) Share of images whose label has probability p >= u under noise, with 95 % bands that hold"
        " for all u at once. A log without the counts of every class tells nothing below u = 1/2. (b) Expected ACR of a"
        " certification with N draws per image, with 95 % intervals for each N; dotted: N = 1,000 and 10,000. Dark: for"
        " these images, light: for the population behind them. Both assume a smooth distribution of Phi^-1(p). sigma ="
        f" {sigmas}, {_range(images)} images, {_range(draws)} draws per image."
    )
    return Plate("survey", survey_figure(survival, acr, title), pd.concat([survival, acr]), caption)


def write_survey_figure(surveys: Sequence[Survey], folder: Path) -> list[Path]:
    """Draw the figure of some surveys into a folder: PNG, PDF, its data as CSV, its caption as TXT."""
    return survey_plate(surveys).save(folder, provenance(command="rstheory survey"))


def _range(values: Sequence[int]) -> str:
    low, high = min(values), max(values)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
