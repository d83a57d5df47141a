"""What lies in a folder of experiments.

A folder holds one model a folder, named by its method, below one folder a data set (and architecture): the log of its
certification `noise_S.tsv`, and `measured_S.csv` of `rstheory measure`, S being the noise level. The baseline may be
there twice, once trained again: the two differ by what two runs of one method differ by. Nothing is run here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from rstheory.logs.log import CertificationLog
from rstheory.logs.read import read_log

BASELINE = "gaussian"
RERUN = "gaussian-rerun"  # the baseline trained again


@dataclass(frozen=True, eq=False)
class Experiment:
    """One trained model: where it lies, and what was found out about it.

    data: folder of the data set, relative to the root. method: its folder's name. log: its certification. source: the
    data certified, as the log names it. counts: draws that gave each sample its label, by sample. rival: the most that
    another class got. measured: columns idx, label, p, gradient, gradient_attacked of training samples, or None; its
    `attrs` say what made it.
    """

    data: str
    method: str
    log: CertificationLog
    source: str
    counts: pd.Series
    rival: pd.Series
    measured: pd.DataFrame | None

    @property
    def sigma(self) -> float:
        """Noise level."""
        return self.log.sigma


def find_experiments(root: Path) -> list[Experiment]:
    """All experiments below a folder by data set and noise level, in each the baseline first, then by falling ACR.

    ValueError if there are none, naming what was looked for, if two have one data set, method and noise level, or if a
    file of measurements is of another network than the log; and as `read_log` for broken logs.
    """
    experiments: list[Experiment] = []
    for path in sorted(root.rglob("noise_*.tsv")):
        experiment = _experiment(root, path)
        for other in experiments:
            if (other.data, other.method, other.log.sigma) == (
                experiment.data,
                experiment.method,
                experiment.log.sigma,
            ):
                raise ValueError(f"{other.log.path} and {path} are of one method, data set and noise level: keep one")
        experiments.append(experiment)
    if not experiments:
        raise ValueError(f"{root}: no experiment below it; expected files like digits/gaussian/noise_0.50.tsv")
    return sorted(experiments, key=lambda e: (e.data, e.log.sigma, e.method != BASELINE, -e.log.acr, e.method))


def doubts(experiments: Sequence[Experiment]) -> list[str]:
    """What a reader of the tables should know: warnings of the logs, and logs of one group that differ in samples."""
    texts = [f"{e.log.path}: {finding.message}" for e in experiments for finding in e.log.warnings]
    for (data, sigma), group in grouped(experiments).items():
        if len({tuple(e.counts.index) for e in group}) > 1:
            sizes = ", ".join(f"{e.method} {e.log.samples}" for e in group)
            texts.append(
                f"{data} at sigma={sigma:g}: the logs hold different samples ({sizes}); each row of the table of"
                " accuracies is of its own samples, gains and changes are of those in common"
            )
    return texts


def grouped(experiments: Sequence[Experiment]) -> dict[tuple[str, float], list[Experiment]]:
    """Experiments by data set and noise level: those that can be compared."""
    groups: dict[tuple[str, float], list[Experiment]] = {}
    for experiment in experiments:
        groups.setdefault((experiment.data, experiment.log.sigma), []).append(experiment)
    return groups


def _experiment(root: Path, path: Path) -> Experiment:
    log = read_log(path)
    if log.counts is None or log.origin.weights is None or log.origin.data is None:
        told = {"counts": log.counts, "data": log.origin.data, "weights": log.origin.weights}
        missing = next(name for name, value in told.items() if value is None)
        raise ValueError(f"{path} has no column {missing}: only logs of `rstheory certify` are experiments")
    cut = [finding for finding in log.warnings if finding.code in ("truncated-line", "counts-mismatch")]
    if cut:
        raise ValueError(f"{path}, line {cut[0].line}: a row was cut short or garbled; resume the run")
    folder = path.parent.resolve()
    if len(folder.relative_to(root.resolve()).parts) < 1:
        raise ValueError(f"{path} lies in no folder of a method: expected {root}/gaussian/{path.name} or deeper")
    data = folder.parent.relative_to(root.resolve()).as_posix()
    csv = path.with_name(re.sub(r"^noise_(.*)\.tsv$", r"measured_\1.csv", path.name))
    return Experiment(
        root.resolve().name if data == "." else data,
        folder.name,
        log,
        log.origin.data,
        pd.Series(log.label_counts, index=log.index),
        pd.Series(log.rival_counts, index=log.index),
        read_measured(csv, log.origin.weights, log.sigma) if csv.exists() else None,
    )


def read_measured(path: Path, weights: str, sigma: float) -> pd.DataFrame:
    """A file of `rstheory measure`: its columns and p, the share of draws that gave the label; its `attrs` say what
    made it.

    weights, sigma: what the log beside it was made with. ValueError where the file is of another network or noise
    level, or broken.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    made_by = {name: value for line in lines if line.startswith("# ") for name, _, value in [line[2:].partition(": ")]}
    frame = pd.read_csv(path, comment="#")
    columns = ["count", "gradient", "gradient_attacked"]
    draws = int(made_by["draws"]) if made_by.get("draws", "").isdecimal() else 0
    if not draws or not set(columns) <= set(frame) or not len(frame):
        raise ValueError(f"{path}: not written by `rstheory measure`: its draws, columns or rows are missing")
    numbers = frame[columns].apply(pd.to_numeric, errors="coerce")
    bad = ~(np.isfinite(numbers) & (numbers >= 0)).all(axis=1) | (numbers["count"] > draws)
    if bad.any():
        row = int(bad.to_numpy().argmax())
        cells = ", ".join(f"{name}={frame[name].iloc[row]}" for name in columns)
        raise ValueError(
            f"{path}: row {row + 1} has {cells}: counts lie in 0..{draws}, norms are finite and not negative"
        )
    for name, expected in (("weights", weights), ("sigma", str(sigma))):
        if made_by.get(name) != expected:
            raise ValueError(f"{path} was measured at {name}={made_by.get(name)}, the log beside it at {expected}")
    frame["p"] = frame["count"] / draws
    frame.attrs = made_by
    return frame
