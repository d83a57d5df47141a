"""What training reaches at which cost, drawn from `rstheory.experiments.cost`."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from rstheory._provenance import provenance
from rstheory.experiments.cost import BUDGETS
from rstheory.plots.captions import captioned
from rstheory.plots.style import COLORS, DASHES, PAGE, style
from rstheory.tables import show

_TICKS = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2)


def against_cost(table: pd.DataFrame) -> Figure:
    """ACR and mean p of a `cost_table` against PFLOP, a line per network, with 95 % intervals over images."""
    quantities = {f"ACR, N={BUDGETS[0]:,}": f"ACR, N = {BUDGETS[0]:,}", "mean p": "mean $p$"}
    with style():
        figure = Figure(figsize=(PAGE, 2.4))
        panels = figure.subplots(1, len(quantities))
        for axes, (name, label) in zip(panels, quantities.items(), strict=True):
            for place, (network, rows) in enumerate(table.groupby("network", sort=False)):
                line = {"color": COLORS[place % len(COLORS)], "linestyle": DASHES[place % len(DASHES)]}
                axes.errorbar(rows["PFLOP"], rows[name], rows[f"±, {name}"], marker="o", markersize=3, **line,
                              label=str(network) if axes is panels[0] else None)  # fmt: skip
            axes.set(xscale="log", xlabel="cost of training / PFLOP", title=label)
            axes.set_xticks(_TICKS, [f"{tick:g}" for tick in _TICKS])
            axes.minorticks_off()
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def write_cost(table: pd.DataFrame, out: Path) -> list[Path]:
    """Draw and print a `cost_table`. Returns the files written."""
    numbers = [name for name in table.select_dtypes("float") if name != "PFLOP"]
    show("Gaussian training by its cost", table, dict.fromkeys(numbers, ".4f"))
    details = (
        f"CIFAR-10 (JPEG), {table['images'].iloc[0]:,} test images, the same for"
        " all, estimated from surveys of 200 draws per image; whiskers are 95 % intervals over images."
        " Each point is a run of its own, not a stage of a longer one."
    )
    return captioned("cost", against_cost(table), table, details).save(out, provenance(command="rstheory figures"))
