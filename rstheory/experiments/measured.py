"""What was measured on training images: p and gradient norms, from files of `rstheory measure` (E7). Nothing is run
here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from rstheory.experiments.find import BASELINE, read_measured
from rstheory.logs.read import read_log

_NAME = re.compile(r"measured_((\d+(?:\.\d+)?)_seed\d+)\.csv")
TAIL = 0.01  # of p, at either end


class Network(Protocol):
    """A trained network, measured or not."""

    @property
    def data(self) -> str:
        """Folder of the data set and architecture."""

    @property
    def method(self) -> str:
        """How it was trained."""

    @property
    def sigma(self) -> float:
        """Noise level."""

    @property
    def measured(self) -> pd.DataFrame | None:
        """Columns idx, label, p, gradient, gradient_attacked of training images; its `attrs` say what made it."""


@dataclass(frozen=True, eq=False)
class Measured:
    """A network that was measured; fields as of `Network`."""

    data: str
    method: str
    sigma: float
    measured: pd.DataFrame


def find_measured(study: Path) -> list[Measured]:
    """Networks of a study that were measured, Gaussian training first: `measured_S_seedK.csv` beside the survey.

    ValueError where a file is of another network than the survey, or broken.
    """
    found = []
    for path in sorted(study.glob("*/measured_*.csv")):
        if match := _NAME.fullmatch(path.name):
            survey = next(path.parent.glob(f"survey_{match[1]}.tsv*"), None)
            if survey is None:
                raise ValueError(f"{path}: the survey of its network, survey_{match[1]}.tsv.xz, is not beside it")
            log = read_log(survey)
            frame = read_measured(path, str(log.origin.weights), log.sigma)
            found.append(Measured(study.name, path.parent.name, log.sigma, frame))
    return sorted(found, key=lambda one: (one.sigma, one.method != BASELINE, one.method))


def gradient_table(networks: Sequence[Network]) -> pd.DataFrame:
    """Mean gradient norm of easy (p > 1/2) and hard (p < 1/2) training samples, and their ratio (E7).

    One row per network that was measured, and noise: "Gaussian", or "attacked" by E3.
    """
    rows = []
    for e in networks:
        if e.measured is None:
            continue
        p = e.measured["p"]
        for noise, column in (("Gaussian", "gradient"), ("attacked", "gradient_attacked")):
            easy, hard = (e.measured.loc[chosen, column] for chosen in (p > 0.5, p < 0.5))
            cells = {"data": e.data, "sigma": e.sigma, "method": e.method, "noise": noise}
            cells |= {"easy": easy.mean(), "easy samples": len(easy), "hard": hard.mean(), "hard samples": len(hard)}
            rows.append(cells | {"easy/hard": easy.mean() / hard.mean() if len(hard) and len(easy) else np.nan})
    return pd.DataFrame(rows)


def probability_table(networks: Sequence[Network]) -> pd.DataFrame:
    """Mean of p over the training images that were measured, and the shares of them near 0 and 1: one row per network.

    Columns data, sigma, method, images, p, "below 0.01", "above 0.99".
    """
    rows = []
    for e in networks:
        if e.measured is not None:
            p = e.measured["p"]
            cells = {"data": e.data, "sigma": e.sigma, "method": e.method, "images": len(p), "p": p.mean()}
            rows.append(cells | {f"below {TAIL:g}": (p < TAIL).mean(), f"above {1 - TAIL:g}": (p > 1 - TAIL).mean()})
    return pd.DataFrame(rows)


def gradient_frame(networks: Sequence[Network], bins: int = 10) -> pd.DataFrame:
    """Mean gradient norm in bins of p: columns method, noise, p (middle of the bin), norm, standard_error, samples."""
    rows = []
    for e in networks:
        if e.measured is None:
            continue
        place = np.minimum((e.measured["p"] * bins).astype(int), bins - 1)
        for noise, column in (("Gaussian", "gradient"), ("attacked", "gradient_attacked")):
            for i, values in e.measured[column].groupby(place):
                error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
                cells = {"method": e.method, "noise": noise, "p": (i + 0.5) / bins, "norm": values.mean()}
                rows.append(cells | {"standard_error": error, "samples": len(values)})
    return pd.DataFrame(rows)
