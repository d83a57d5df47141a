"""The look of every figure, and how one is saved with the data it was drawn from.

Sizes are those of a two-column paper: one column is 3.3 inches wide and text is 8 points, so that a figure needs no
scaling. Colours are Okabe and Ito's, which colour-blind readers can tell apart; lines differ in dash as well. A dotted
line is a prediction, and nothing else. Budgets have shades, from few draws to many, and infinitely many in black.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from rstheory._files import atomic_write
from rstheory._provenance import write_csv

COLUMN = 3.3  # inches
PAGE = 6.8  # inches, both columns
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
Dash = str | tuple[float, tuple[float, ...]]
DASHES: tuple[Dash, ...] = (
    "-",
    (0, (5, 1.5)),
    (0, (7, 1.5, 1.5, 1.5)),
    (0, (2.5, 1.2)),
    (0, (5, 1.2, 1.2, 1.2, 1.2, 1.2)),
    (0, (9, 2)),
    (0, (3, 1, 3, 1, 1, 1)),
)
# An infinite budget, then N = 10^2, 10^3 and so on, light to dark: one budget looks alike in every figure.
BUDGET_COLORS = ("#000000", "#9fc8e8", "#5fa5d3", "#2f7fb8", "#0f5a94", "#063a66", "#021d38")
BUDGET_DASHES: tuple[Dash, ...] = ("--", *6 * ("-",))

_STYLE: Any = {
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.titlesize": 8,
    "axes.titlelocation": "left",
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "lines.linewidth": 1.2,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.linewidth": 0.4,
    "grid.color": "#d9d9d9",
    "axes.axisbelow": True,
    "figure.dpi": 100,
    "savefig.dpi": 300,
    "figure.constrained_layout.use": True,
    "pdf.fonttype": 42,  # TrueType: editable, and accepted by publishers
}


@dataclass(frozen=True)
class Look:
    """How the lines of one method look, in every figure of a run."""

    color: str
    dash: Dash


Looks = Mapping[str, Look]


def looks(names: Iterable[str]) -> dict[str, Look]:
    """A look for each method, in the order given; no two of the first 49 are alike.

    >>> looks(["a", "b", "a"])["b"].color
    '#D55E00'
    """
    number = len(COLORS)
    return {
        name: Look(COLORS[i % number], DASHES[(i + i // number) % len(DASHES)])
        for i, name in enumerate(dict.fromkeys(names))
    }


def style() -> AbstractContextManager[None]:
    """The project's Matplotlib settings, for the time of a `with` block."""
    return mpl.rc_context(_STYLE)


def save(figure: Figure, stem: Path, data: pd.DataFrame, made_by: Mapping[str, str]) -> list[Path]:
    """Write `stem`.png, .pdf and .csv (the data drawn and what made it); the same input gives the same bytes."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    paths = [stem.with_name(stem.name + suffix) for suffix in (".png", ".pdf", ".csv")]  # a stem may hold dots
    with style():
        # No date and no program version in the files: they would differ from run to run.
        for path, metadata in zip(paths, ({"Software": None}, {"CreationDate": None, "Producer": None}), strict=False):
            with atomic_write(path) as part:
                figure.savefig(part, metadata=metadata)
    write_csv(data, paths[2], made_by)
    return paths


@dataclass(frozen=True, eq=False)
class Plate:
    """A figure with what belongs to it: the stem of its files, the data it shows, and a caption to both."""

    stem: str
    figure: Figure
    data: pd.DataFrame
    caption: str

    def save(self, folder: Path, made_by: Mapping[str, str]) -> list[Path]:
        """Write the figure and its data as `save` does, and its caption as .txt."""
        stem = folder / self.stem
        written = save(self.figure, stem, self.data, {**made_by, "caption": self.caption})
        text = stem.with_name(stem.name + ".txt")
        with atomic_write(text) as part:
            part.write_text(self.caption + "\n", encoding="utf-8")
        return [*written, text]
