"""What lies in a folder of experiments.

A folder holds one model a folder, named by its method, below one folder a data set (and architecture): the log of its
certification `noise_S.tsv`, and `measured_S.csv` of `rstheory measure`, S being the noise level. Nothing is run here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from rstheory.audit.log import CertificationLog
from rstheory.audit.read import read_log
from rstheory.audit.replication import label_counts

BASELINE = "gaussian"


@dataclass(frozen=True, eq=False)
class Experiment:
    """One trained model: where it lies, and what was found out about it.

    data: folder of the data set, relative to the root. method: its folder's name. log: its certification. counts: draws
    that gave each sample its label, by sample. measured: columns idx, label, p, gradient, gradient_attacked of training
    samples, or None; its `attrs` say what made it.
    """

    data: str
    method: str
    path: Path
    log: CertificationLog
    counts: pd.Series
    measured: pd.DataFrame | None


def find_experiments(root: Path) -> list[Experiment]:
    """All experiments below a folder by data set and noise level, in each the baseline first, then by falling ACR.

    ValueError if there are none, naming what was looked for; and as `read_log` for broken logs.
    """
    found = []
    for path in sorted(root.rglob("noise_*.tsv")):
        log = read_log(path)
        csv = path.with_name(re.sub(r"^noise_(.*)\.tsv$", r"measured_\1.csv", path.name))
        folder = path.parent
        data = folder.parent.relative_to(root).as_posix()
        measured = _measured(csv) if csv.exists() else None
        found.append(Experiment(data, folder.name, path, log, label_counts(path), measured))
    if not found:
        raise ValueError(f"{root}: no experiment below it; expected files like digits/gaussian/noise_0.50.tsv")
    return sorted(found, key=lambda e: (e.data, e.log.sigma, e.method != BASELINE, -e.log.acr, e.method))


def grouped(experiments: Sequence[Experiment]) -> dict[tuple[str, float], list[Experiment]]:
    """Experiments by data set and noise level: those that can be compared."""
    groups: dict[tuple[str, float], list[Experiment]] = {}
    for experiment in experiments:
        groups.setdefault((experiment.data, experiment.log.sigma), []).append(experiment)
    return groups


def _measured(path: Path) -> pd.DataFrame:
    lines = path.read_text(encoding="utf-8").splitlines()
    made_by = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# "))
    frame = pd.read_csv(path, comment="#")
    if "draws" not in made_by or not {"count", "gradient", "gradient_attacked"} <= set(frame):
        raise ValueError(f"{path}: not written by `rstheory measure`: its draws or columns are missing")
    frame["p"] = frame["count"] / int(made_by["draws"])
    frame.attrs = made_by
    return frame
