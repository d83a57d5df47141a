"""Figures and tables of methods compared at equal cost, with captions that say what they were made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from rstheory._provenance import provenance, write_csv
from rstheory._words import plural
from rstheory.experiments.methods import (
    ALPHA,
    N,
    Runs,
    gains_table,
    methods_table,
    orders_table,
    survival_changes,
)
from rstheory.plots import methods as draw
from rstheory.plots.captions import captioned
from rstheory.plots.style import Plate
from rstheory.tables import show

NAMES = {
    "gaussian": "Gaussian",
    "smoothadv": "SmoothAdv",
    "macer": "MACER",
    "consistency": "Consistency",
    "smoothmix": "SmoothMix",
    "catrs": "CAT-RS",
    "easy": "easy samples",
    "middle": "middle p",
}

_TABLES = {
    "methods": "Methods at equal cost, estimated from surveys",
    "orders": "Pairs of methods by ACR, and whether their order is real",
    "gains": "ACR gained over Gaussian training, by how hard images are for it",
}


def write_methods(levels: Mapping[float, Sequence[Runs]], out: Path) -> list[Path]:
    """Draw and tabulate the comparison, and print its tables. Returns the files written."""
    written: list[Path] = []
    out.mkdir(parents=True, exist_ok=True)
    made_by = provenance(command="rstheory figures")
    methods, orders, gains = methods_table(levels), orders_table(levels), gains_table(levels)
    changes = survival_changes(levels)
    for name, table in (("methods", methods), ("orders", orders), ("gains", gains)):
        numbers = table.select_dtypes("float").columns.difference(["sigma"])
        show(_TABLES[name], _shown(methods) if name == "methods" else table, dict.fromkeys(numbers, ".4f"))
        write_csv(table, out / f"{name}.csv", made_by | {"caption": _TABLES[name]})
        written.append(out / f"{name}.csv")
    for sigma, level in levels.items():
        own, gained, changed = (_at(sigma, frame) for frame in (methods, gains, changes))
        for plate in _plates(own, gained, changed, _source(level)):
            written += plate.save(out / f"sigma_{sigma:g}", made_by)
    return written


def _shown(methods: pd.DataFrame) -> pd.DataFrame:
    """The table of methods for reading: a row per method, each quantity with half its interval."""
    half = (methods["high"] - methods["low"]) / 2
    texts = [f"{value:.4f} ±{error:.4f}" for value, error in zip(methods["estimate"], half, strict=True)]
    quantities = list(dict.fromkeys(methods["quantity"]))
    index = ["sigma", "method", "runs"]
    table = methods.assign(text=texts).pivot(index=index, columns="quantity", values="text")
    return table[quantities].reset_index().rename_axis(columns=None)


def _at(sigma: float, frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["sigma"] == sigma] if len(frame) else frame


def _plates(methods: pd.DataFrame, gains: pd.DataFrame, changes: pd.DataFrame, source: str) -> list[Plate]:
    plates = [
        captioned(
            "methods",
            draw.standing(methods, NAMES),
            methods,
            f"Estimated at N = {N:,} and alpha = {ALPHA:g}. Dotted: Gaussian training. {source}",
        )
    ]
    if len(changes):
        plates += [
            captioned(
                "methods_gains",
                draw.gains(gains, NAMES),
                gains,
                f"Hard: p below 0.5 under Gaussian training, judged by {gains['judge'].iloc[0]}; easy: p of 0.9 or"
                f" more. The parts add up to the change in ACR at N = {N:,}. {source}",
            ),
            captioned(
                "methods_survival",
                draw.survival_changes(changes, NAMES),
                changes,
                "S(u) is the share of test images whose label has probability u or more under noise; dotted: u = 1/2."
                f" {source}",
            ),
        ]
    return plates


def _source(level: Sequence[Runs]) -> str:
    runs = ", ".join(f"{NAMES.get(one.method, one.method)} {len(one.surveys)}" for one in level)
    first = level[0].surveys[0]
    data = f"Data: {first.log.origin.data}, {plural(first.images, 'test image')}, {first.draws} draws of noise each."
    return f"{data} Training runs: {runs}."
