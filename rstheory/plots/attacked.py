"""Certificates and attacks on several methods: drawn from the frames of `rstheory.experiments.attacked`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rstheory._provenance import provenance, write_csv
from rstheory._words import plural
from rstheory.experiments.attacked import Attacked, accuracies_table, attacked_orders, kinds_table
from rstheory.plots.captions import captioned
from rstheory.plots.style import COLORS, PAGE, style
from rstheory.tables import show

_TABLES = {
    "attacked": "Certified and attacked accuracy",
    "attacked_kinds": "What attacks find, by what Gaussian training is certified of",
    "attacked_orders": "Pairs of networks by accuracy under attack",
}


def between(accuracies: pd.DataFrame, order: Sequence[str], names: Mapping[str, str]) -> Figure:
    """Of an `accuracies_table` at one noise level: from what is certified to what attacks leave, per method and radius.

    order: methods from the top down. names: readable, by method. A panel per radius; a black dot for certificates, a
    coloured one per attack, of which that with the most draws per gradient has a 95 % interval.
    """
    radii = list(dict.fromkeys(accuracies["radius"]))
    attacks = list(dict.fromkeys(zip(accuracies["attack"], accuracies["m"], strict=True)))
    places = {method: len(order) - 1 - place for place, method in enumerate(order)}
    with style():
        figure = Figure(figsize=(PAGE, 1.2 + 0.19 * len(order)))
        panels = np.atleast_1d(figure.subplots(1, len(radii), sharey=True))
        for axes, radius in zip(panels, radii, strict=True):
            rows = accuracies[accuracies["radius"] == radius]
            strongest = rows.sort_values(["attack", "m"]).groupby("method").last()
            at = strongest.index.map(places)
            spread = 100 * np.abs(strongest[["low", "high"]].to_numpy().T - strongest["withstood"].to_numpy())
            axes.hlines(at, 100 * strongest["certified"], 100 * strongest["withstood"], color="#d9d9d9", linewidth=3)
            axes.errorbar(100 * strongest["withstood"], at, xerr=spread, fmt="none", ecolor="#777777", elinewidth=0.7)
            axes.scatter(100 * strongest["certified"], at, c="black", s=14, zorder=4, label="certified")
            for place, (attack, m) in enumerate(attacks):
                of = rows[(rows["attack"] == attack) & (rows["m"] == m)]
                axes.scatter(100 * of["withstood"], of["method"].map(places), facecolors="white",
                             edgecolors=COLORS[place % len(COLORS)], s=14, zorder=3,
                             label=f"not changed by {attack}, m = {m}")  # fmt: skip
            axes.set(title=f"$r = {radius:g}$", xlabel="share of the images / %")
        panels[0].set_yticks(list(places.values()), [names.get(method, method) for method in places])
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def write_attacked(networks: Sequence[Attacked], names: Mapping[str, str], out: Path) -> list[Path]:
    """Draw and tabulate networks under attack, and print the tables. names: readable, by method. Returns what was
    written."""
    out.mkdir(parents=True, exist_ok=True)
    made_by, written = provenance(command="rstheory figures"), []
    tables = {
        "attacked": accuracies_table(networks),
        "attacked_kinds": kinds_table(networks),
        "attacked_orders": attacked_orders(networks),
    }
    for name, table in tables.items():
        shown = (
            table.assign(method=table["method"].map(lambda method: names.get(method, method)))
            if "method" in table
            else table
        )
        numbers = table.select_dtypes("float").columns.difference(["sigma", "radius"])
        show(_TABLES[name], shown, dict.fromkeys(numbers, ".3f"))
        write_csv(table, out / f"{name}.csv", made_by | {"caption": _TABLES[name]})
        written.append(out / f"{name}.csv")
    for sigma in sorted({one.sigma for one in networks}):
        level = sorted((one for one in networks if one.sigma == sigma), key=lambda one: -one.certified_acr)
        rows = tables["attacked"][tables["attacked"]["sigma"] == sigma]
        first = level[0].sandwiches[0]
        alarms = sum(len(pair.alarms) for one in level for pair in one.sandwiches)
        proved, tried = first.certificates, first.attack
        details = (
            f"Black: certified at N = {proved.n:,} and alpha = {proved.alpha:g}. Coloured: given the label, and no"
            f" perturbation of this norm found that changes it, by PREDICT with {tried.n:,} draws; {tried.steps}"
            " gradient steps, m draws of noise each; the whisker is a 95 % interval over images. Methods by falling"
            f" ACR. Images with a change inside a certificate: {alarms}. Data: {tried.data},"
            f" {plural(first.samples, 'test image')} per network."
        )
        plate = captioned("methods_attacked", between(rows, [one.method for one in level], names), rows, details)
        written += plate.save(out / f"sigma_{sigma:g}", made_by)
    return written
