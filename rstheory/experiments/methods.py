"""Methods compared at equal cost, over several training runs each, from surveys of every test image.

A folder holds one method a folder, in it `survey_S_seedK.tsv` (or `.tsv.xz`): the survey of the network trained at
noise level S from seed K. Networks of one seed begin with the same weights, and those of Gaussian training are what the
others are compared with. Nothing is run here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, stdtr

from rstheory._check import Float
from rstheory.experiments.find import BASELINE
from rstheory.logs.read import read_log
from rstheory.mixture import ACR, CertifiedAccuracy, Functional, MeanProbability, Survival
from rstheory.statistics import adjusted
from rstheory.survey import RunsEstimate, Survey, between_methods, between_runs, run_tables, survey_log

_NAME = re.compile(r"survey_(\d+(?:\.\d+)?)_seed(\d+)\.tsv(?:\.xz|\.gz)?")
N, ALPHA = 100_000, 0.001  # of the papers
KINDS = ("hard", "middle", "easy")
BOUNDS = (0.5, 0.9)  # of p, between the kinds
POINTS = tuple(ndtr(np.arange(-20, 37) / 10))  # of u, at which S(u) is compared


@dataclass(frozen=True, eq=False)
class Runs:
    """All runs of one method at one noise level, in the order of their seeds.

    surveys: one of each, of the same images in one order.
    """

    method: str
    sigma: float
    seeds: tuple[int, ...]
    surveys: tuple[Survey, ...]

    @cached_property
    def p(self) -> Float:
        """Share of draws that gave the label, shape (runs, images)."""
        return np.stack([survey.counts.low / survey.counts.draws for survey in self.surveys])

    @cached_property
    def figures(self) -> Mapping[str, Float]:
        """`run_values` of what the table of methods shows, by its name there."""
        shown = _figures(self.sigma)
        return dict(zip(shown, run_tables(self.surveys, list(shown.values())), strict=True))


def find_runs(root: Path) -> dict[float, list[Runs]]:
    """All surveyed runs below a folder: by noise level, in each Gaussian training first, then by name.

    ValueError if there are none, if a log is no survey with the counts of all classes, or if the logs of a noise level
    hold different images.
    """
    found: dict[tuple[float, str], dict[int, Survey]] = {}
    for path in sorted(root.rglob("survey_*")):
        if not (match := _NAME.fullmatch(path.name)):
            continue
        survey = survey_log(read_log(path))
        if survey.told_from or survey.sigma != float(match[1]):
            raise ValueError(f"{path}: no survey at sigma={match[1]} that tells every count")
        found.setdefault((survey.sigma, path.parent.name), {})[int(match[2])] = survey
    if not found:
        raise ValueError(f"{root}: no survey below it; expected files like gaussian/survey_0.50_seed0.tsv.xz")
    levels: dict[float, list[Runs]] = {}
    for (sigma, method), by_seed in sorted(found.items(), key=lambda item: (item[0][0], item[0][1] != BASELINE)):
        seeds = tuple(sorted(by_seed))
        levels.setdefault(sigma, []).append(Runs(method, sigma, seeds, tuple(by_seed[seed] for seed in seeds)))
    for level in levels.values():
        first = level[0].surveys[0].log
        for survey in (survey for runs in level for survey in runs.surveys):
            if not np.array_equal(survey.log.index, first.index):
                raise ValueError(f"{survey.log.path} and {first.path} hold different images")
    return levels


def folders_of_runs(root: Path) -> list[Path]:
    """Folders below `root` that hold surveyed runs, one folder a method."""
    return sorted({path.parent.parent for path in root.rglob("survey_*") if _NAME.fullmatch(path.name)})


def _figures(sigma: float) -> Mapping[str, Functional]:
    """What the table of methods shows of each."""
    return {
        "mean p": MeanProbability(),
        "ACR": ACR(N, ALPHA, sigma),
        "r = 0": CertifiedAccuracy(0.0, N, ALPHA, sigma),
        f"r = {2 * sigma:g}": CertifiedAccuracy(2 * sigma, N, ALPHA, sigma),
        "S(0.99)": Survival(0.01),
    }


def methods_table(levels: Mapping[float, Sequence[Runs]]) -> pd.DataFrame:
    """Each method's mean p, ACR and certified accuracy, one row per noise level, method and quantity.

    "low" and "high": the 95 % interval over runs and images. "change": what it is more than Gaussian training on the
    same images has, with an interval of its own. A method that was trained once, or compared with one that was, has an
    interval over images alone, and "runs" says so: what another run would give is not in it.
    """
    rows = []
    for sigma, level in levels.items():
        base = next((runs for runs in level if runs.method == BASELINE), None)
        for runs in level:
            for quantity, values in runs.figures.items():
                cells: dict[str, object] = {"sigma": sigma, "method": runs.method, "runs": len(values)}
                cells |= {"quantity": quantity, **_cells("", _alone(values))}
                if base is not None and runs is not base:
                    cells |= _cells("change", _against(values, base.figures[quantity]))
                rows.append(cells)
    return pd.DataFrame(rows)


def orders_table(levels: Mapping[float, Sequence[Runs]]) -> pd.DataFrame:
    """Every pair of methods by ACR: how much more the better one has, and whether that could be chance.

    "p": two-sided, of a difference as large between methods that are equally good on average over runs and images, by
    Student's law with the degrees of freedom of the smaller number of runs; NaN where a method was trained once.
    "holm": the same, adjusted for all pairs of the noise level (Holm 1979).
    """
    rows = []
    for sigma, level in levels.items():
        values = {runs.method: runs.figures["ACR"] for runs in level}
        ordered = sorted(values, key=lambda method: -values[method].mean())
        found = []
        for better, worse in combinations(ordered, 2):
            a, b = values[better], values[worse]
            difference = _against(a, b)
            p = np.nan
            if min(len(a), len(b)) > 1:
                error = np.sqrt(
                    a.mean(axis=1).var(ddof=1) / len(a)
                    + b.mean(axis=1).var(ddof=1) / len(b)
                    + difference.image_error**2
                )
                p = float(2 * stdtr(min(len(a), len(b)) - 1, -abs(difference.value) / error))
            cells = {"sigma": sigma, "better": better, "worse": worse, "ACR more": difference.value, "p": p}
            found.append(cells | {"low": difference.population.low, "high": difference.population.high})
        for cells, holm in zip(found, _holm([float(cells["p"]) for cells in found]), strict=True):  # type: ignore[arg-type]
            rows.append(cells | {"holm": holm})
    return pd.DataFrame(rows, columns=["sigma", "better", "worse", "ACR more", "p", "low", "high", "holm"])


def gains_table(levels: Mapping[float, Sequence[Runs]]) -> pd.DataFrame:
    """Where each method's ACR comes from, by how hard the images are for Gaussian training.

    An image is hard for p < 0.5, easy for p >= 0.9, and else middle, by the p that Gaussian training from *another*
    seed gives it: its own run would flatter every rival on hard images and slight it on easy ones, by regression to the
    mean. Where there is one seed only, the run itself has to judge, and "judge" says so.
    "share": of the images. "p", "ACR": mean over the kind's images, at N = 100,000. "change in p", "change in ACR":
    against Gaussian training from the same seed, averaged over seeds, with the deviation between seeds. "part of the
    change in ACR": that of the kind times its share: the three add up to what the method gains.
    """
    rows = []
    for sigma, level in levels.items():
        base = next((runs for runs in level if runs.method == BASELINE), None)
        if base is None:
            continue
        values = {runs.method: runs.figures["ACR"] for runs in level}
        for runs in level:
            shared = [seed for seed in runs.seeds if seed in base.seeds]
            for kind in KINDS:
                each = []
                for seed in shared:
                    own, reference = runs.seeds.index(seed), base.seeds.index(seed)
                    others = [place for place in range(len(base.seeds)) if place != reference] or [reference]
                    for judge in others:
                        chosen = _kind(base.p[judge]) == KINDS.index(kind)
                        p = runs.p[own][chosen].mean(), base.p[reference][chosen].mean()
                        radius = (values[runs.method][own][chosen].mean(), values[BASELINE][reference][chosen].mean())
                        part = chosen.mean() * (radius[0] - radius[1])
                        each.append((seed, chosen.mean(), p[0], radius[0], p[0] - p[1], radius[0] - radius[1], part))
                names = ["seed", "share", "p", "ACR", "change in p", "change in ACR", "part of the change in ACR"]
                frame = pd.DataFrame(each, columns=names).groupby("seed").mean()
                cells: dict[str, object] = {"sigma": sigma, "method": runs.method, "kind": kind, "runs": len(shared)}
                cells |= {"judge": "another run" if len(base.seeds) > 1 else "the same run", **frame.mean().to_dict()}
                for name in ("change in p", "change in ACR"):
                    cells[f"s.d., {name}"] = frame[name].std() if len(frame) > 1 else np.nan
                rows.append(cells)
    return pd.DataFrame(rows)


def survival_changes(levels: Mapping[float, Sequence[Runs]]) -> pd.DataFrame:
    """S(u) of each method minus that of Gaussian training, on a grid of u: columns sigma, method, u, change, low, high.

    low, high: as in `methods_table`.
    """
    rows = []
    for sigma, level in levels.items():
        base = next((runs for runs in level if runs.method == BASELINE), None)
        if base is None:
            continue
        points = [Survival(1 - u) for u in POINTS]
        reference = run_tables(base.surveys, points)
        for runs in level:
            if runs is not base:
                for u, own, other in zip(POINTS, run_tables(runs.surveys, points), reference, strict=True):
                    found = _against(own, other)
                    interval = found.population
                    cells = {"sigma": sigma, "method": runs.method, "u": u, "change": found.value}
                    rows.append(cells | {"low": interval.low, "high": interval.high})
    frame = pd.DataFrame(rows, columns=["sigma", "method", "u", "change", "low", "high"])
    return frame.sort_values(["sigma", "method", "u"], kind="stable", ignore_index=True)


def _kind(p: Float) -> NDArray[np.intp]:
    """Place in `KINDS` of images with this p."""
    return np.digitize(p, BOUNDS)


def _alone(values: Float) -> RunsEstimate:
    """The mean over runs and images; over images alone where there is one run."""
    return between_runs(values) if len(values) > 1 else between_runs(np.repeat(values, 2, axis=0))


def _against(a: Float, b: Float) -> RunsEstimate:
    """a's mean minus b's; over images alone where either has one run."""
    if min(len(a), len(b)) > 1:
        return between_methods(a, b)
    first, second = (np.repeat(table.mean(axis=0, keepdims=True), 2, axis=0) for table in (a, b))
    return between_methods(first, second)


def _cells(name: str, found: RunsEstimate) -> dict[str, float]:
    prefix = f"{name}, " if name else ""
    ends = {f"{prefix}low": found.population.low, f"{prefix}high": found.population.high}
    return {name or "estimate": found.value, **ends}


def _holm(values: Sequence[float]) -> Float:
    """p-values adjusted for each other; NaN, of pairs that cannot be tested, stays."""
    given = np.array(values)
    tested = ~np.isnan(given)
    given[tested] = adjusted(given[tested], "holm")
    return given
