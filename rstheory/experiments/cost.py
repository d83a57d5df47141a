"""What training reaches at which cost: surveys of networks that differ in architecture and in operations spent.

A folder holds `survey_NETWORK_PFLOP.tsv.xz`, all of the same images. Nothing is run here.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from rstheory.logs.read import read_log
from rstheory.mixture import ACR, MeanProbability
from rstheory.survey import between_runs, run_values, survey_log

_NAME = re.compile(r"survey_([^_]+)_(\d+(?:\.\d+)?)\.tsv(?:\.xz|\.gz)?")
BUDGETS = (10_000, 100_000)  # N
ALPHA = 0.001


def cost_table(folder: Path) -> pd.DataFrame:
    """One row per network and cost: PFLOP, images, mean p, and ACR at `BUDGETS`, each with half of its 95 % interval
    over images. Empty where the folder holds no such survey.

    ValueError where surveys are of different images or noise levels.
    """
    rows: list[dict[str, object]] = []
    first = None
    for path in sorted(folder.glob("survey_*")):
        if not (match := _NAME.fullmatch(path.name)):
            continue
        survey = survey_log(read_log(path))
        first = first or survey
        if survey.sigma != first.sigma or not np.array_equal(survey.log.index, first.log.index):
            raise ValueError(f"{survey.log.path} and {first.log.path} are not of the same images and noise level")
        cells: dict[str, object] = {"network": match[1], "PFLOP": float(match[2]), "images": survey.images}
        wanted = {"mean p": MeanProbability()} | {f"ACR, N={n:,}": ACR(n, ALPHA, survey.sigma) for n in BUDGETS}
        for name, functional in wanted.items():
            # Twice the same run: the interval is then over images alone.
            found = between_runs(np.repeat(run_values([survey], functional), 2, axis=0))
            cells |= {name: found.value, f"±, {name}": (found.population.high - found.population.low) / 2}
        rows.append(cells)
    return pd.DataFrame(rows).sort_values(["network", "PFLOP"], ignore_index=True) if rows else pd.DataFrame()
