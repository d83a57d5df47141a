"""The tables that can be made of experiments, and the frames that their figures are drawn from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rstheory.audit.decomposition import decompose
from rstheory.experiments.find import BASELINE, Experiment, grouped

RADII = tuple(0.25 * k for k in range(11))  # the paper's: 0, 0.25, ..., 2.5


def accuracy_table(experiments: Sequence[Experiment]) -> pd.DataFrame:
    """ACR with its standard error, and certified accuracy at the paper's radii: one row an experiment."""
    rows = []
    for e in experiments:
        cells = {"data": e.data, "sigma": e.log.sigma, "method": e.method, "N": e.log.n, "samples": e.log.samples}
        cells |= {"ACR": e.log.acr, "s.e.": e.log.standard_error}
        rows.append(cells | {f"{r:g}": float(e.log.certified_accuracy(r)) for r in RADII})
    return pd.DataFrame(rows)


def gradient_table(experiments: Sequence[Experiment]) -> pd.DataFrame:
    """Mean gradient norm of easy (p > 1/2) and hard (p < 1/2) training samples, and their ratio (E7).

    One row an experiment that was measured, and noise: "Gaussian", or "attacked" by E3.
    """
    rows = []
    for e in experiments:
        if e.measured is None:
            continue
        p = e.measured["p"]
        for noise, column in (("Gaussian", "gradient"), ("attacked", "gradient_attacked")):
            easy, hard = (e.measured.loc[chosen, column] for chosen in (p > 0.5, p < 0.5))
            cells = {"data": e.data, "sigma": e.log.sigma, "method": e.method, "noise": noise}
            cells |= {"easy": easy.mean(), "easy samples": len(easy), "hard": hard.mean(), "hard samples": len(hard)}
            rows.append(cells | {"easy/hard": easy.mean() / hard.mean() if len(hard) and len(easy) else np.nan})
    return pd.DataFrame(rows)


def decomposition_table(experiments: Sequence[Experiment]) -> pd.DataFrame:
    """How each method's ACR differs from the baseline's, split into mean and spread of p (F3); on common samples."""
    rows = []
    for (data, sigma), group in grouped(experiments).items():
        base = next((e for e in group if e.method == BASELINE), None)
        for e in group:
            if base is None or e is base or (e.log.n, e.log.alpha) != (base.log.n, base.log.alpha):
                continue
            common = _common(e, base)
            parts = decompose(e.counts[common].to_numpy(), base.counts[common].to_numpy(), e.log.n, e.log.alpha, sigma)
            cells = {"data": data, "sigma": sigma, "method": e.method, "samples": len(common)}
            cells |= {"ACR gained": parts.difference, "s.e.": parts.difference_error}
            cells |= {"by mean": parts.from_mean, "s.e. (mean)": parts.from_mean_error}
            cells |= {"by spread": parts.from_spread, "s.e. (spread)": parts.from_spread_error}
            rows.append(cells | {"mean p": parts.mean_a, f"mean p, {BASELINE}": parts.mean_b})
    return pd.DataFrame(rows)


def difficulty_table(experiments: Sequence[Experiment]) -> pd.DataFrame:
    """Mean label probability on test samples that are hard (p < 1/2) and easy for the baseline, by method.

    "change": against the baseline on the same samples, with its paired standard error. The baseline's p decides what is
    hard, so even a second training by the same method would look better there and worse on easy samples: regression to
    the mean. A method that is worse on hard samples is worse in spite of it.
    """
    rows = []
    for (data, sigma), group in grouped(experiments).items():
        base = next((e for e in group if e.method == BASELINE), None)
        if base is None:
            continue
        for e in group:
            common = _common(e, base)
            own, reference = e.counts[common] / e.log.n, base.counts[common] / base.log.n
            cells = {"data": data, "sigma": sigma, "method": e.method}
            for name, chosen in (("hard", reference < 0.5), ("easy", reference >= 0.5)):
                change = (own - reference)[chosen]
                cells |= {f"{name} samples": int(chosen.sum()), f"p, {name}": own[chosen].mean()}
                cells |= {f"change, {name}": change.mean(), f"s.e., {name}": change.std() / np.sqrt(len(change))}
            rows.append(cells)
    return pd.DataFrame(rows)


def _common(e: Experiment, base: Experiment) -> pd.Index:
    """Samples that both logs hold."""
    common = e.counts.index.intersection(base.counts.index)
    if not len(common):
        raise ValueError(f"{e.log.path} and {base.log.path} lie in one folder of a data set and share no sample")
    return common


def probability_frame(experiments: Sequence[Experiment]) -> pd.DataFrame:
    """Label probability, estimated by its share of the draws, of every certified sample: columns method, p."""
    return pd.concat(
        [pd.DataFrame({"method": e.method, "p": e.counts.to_numpy() / e.log.n}) for e in experiments], ignore_index=True
    )


def gradient_frame(experiments: Sequence[Experiment], bins: int = 10) -> pd.DataFrame:
    """Mean gradient norm in bins of p: columns method, noise, p (middle of the bin), norm, standard_error, samples."""
    rows = []
    for e in experiments:
        if e.measured is None:
            continue
        place = np.minimum((e.measured["p"] * bins).astype(int), bins - 1)
        for noise, column in (("Gaussian", "gradient"), ("attacked", "gradient_attacked")):
            for i, values in e.measured[column].groupby(place):
                error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
                cells = {"method": e.method, "noise": noise, "p": (i + 0.5) / bins, "norm": values.mean()}
                rows.append(cells | {"standard_error": error, "samples": len(values)})
    return pd.DataFrame(rows)
