"""The tables that can be made of experiments, and the frames that their figures are drawn from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from rstheory._classes import CIFAR10
from rstheory.audit.decomposition import decompose
from rstheory.audit.paired import common_samples
from rstheory.experiments.find import BASELINE, RERUN, Experiment, grouped

RADII = tuple(0.25 * k for k in range(11))  # the paper's: 0, 0.25, ..., 2.5
_ABLATION_RADII = (0, 0.5, 1, 1.5)  # of the paper's, few enough to stand beside their errors


def accuracy_table(experiments: Sequence[Experiment]) -> pd.DataFrame:
    """ACR with its standard error, and certified accuracy at the paper's radii: one row an experiment.

    Certified accuracy at radius 0 is what the field calls clean accuracy: a sample on which CERTIFY abstains is an
    error. "majority": share of samples whose label got more of the draws than any other class, none abstained on.
    """
    rows = []
    for e in experiments:
        cells = {"data": e.data, "sigma": e.log.sigma, "method": e.method, "N": e.log.n, "samples": e.log.samples}
        cells |= {"ACR": e.log.acr, "s.e.": e.log.standard_error, "majority": float((e.counts > e.rival).mean())}
        rows.append(cells | {f"{r:g}": float(e.log.certified_accuracy(r)) for r in RADII})
    return pd.DataFrame(rows)


def ablation_table(experiments: Sequence[Experiment]) -> pd.DataFrame:
    """What each method gains over the baseline: ACR, and certified accuracy at some radii; one row per method.

    "s.e." after each gain: its paired standard error over the samples that both logs hold. A log of another budget than
    the baseline's is left out.
    """
    rows = []
    for (data, sigma), e, base in _against_baseline(experiments):
        own, reference = common_samples(e.log, base.log)
        gains = {"ACR": own.radius * own.correct - reference.radius * reference.correct}
        for r in _ABLATION_RADII:
            reached = ((log.correct & (log.radius >= r)).astype(float) for log in (own, reference))
            gains[f"r = {r:g}"] = next(reached) - next(reached)
        cells = {"data": data, "sigma": sigma, "method": e.method, "samples": own.samples}
        for name, gain in gains.items():
            cells |= {name: gain.mean(), f"s.e. ({name})": gain.std(ddof=1) / np.sqrt(len(gain))}
        rows.append(cells)
    return pd.DataFrame(rows)


def decomposition_table(experiments: Sequence[Experiment]) -> pd.DataFrame:
    """How each method's ACR differs from the baseline's, split into mean and spread of p (F3); on common samples.

    "low" and "high": ends of 95 % intervals over samples. "flat": both means of p are too small to certify, so that all
    is spread whoever gained: no conclusion can rest on the split of such a row.
    Its ACR is that of the label's counts, whatever class the selection picked, and so differs from the logs' in the
    third digit or later: where selection missed the label of a sample with p just above 1/2.
    """
    rows = []
    for (data, sigma), e, base in _against_baseline(experiments):
        common = _common(e, base)
        parts = decompose(e.counts[common].to_numpy(), base.counts[common].to_numpy(), e.log.n, e.log.alpha, sigma)
        cells = {"data": data, "sigma": sigma, "method": e.method, "samples": len(common)}
        for name, part, ends in (
            ("ACR gained", parts.difference, parts.difference_interval),
            ("by mean", parts.from_mean, parts.from_mean_interval),
            ("by spread", parts.from_spread, parts.from_spread_interval),
        ):
            cells |= {name: part, f"{name}, low": ends[0], f"{name}, high": ends[1]}
        rows.append(cells | {"mean p": parts.mean_a, f"mean p, {BASELINE}": parts.mean_b, "flat": parts.flat})
    return pd.DataFrame(rows)


def difficulty_table(experiments: Sequence[Experiment]) -> pd.DataFrame:
    """Mean label probability on test samples that are hard (p < 1/2) and easy, and its change against the baseline.

    One row per method and judge of what is hard ("decided by"): the baseline's p; and where it was trained again, that
    run's. The baseline's own p flatters any rival on hard samples and slights it on easy ones, by regression to the
    mean: what was low in this run by chance is higher in another, as the row of the other run shows; less so for rivals
    that went through the baseline's weights until their method began. The other run is impartial between the two
    networks compared, as far as runs are independent: it shares with both whatever one seed fixes. Changes have paired
    standard errors over samples; the chances of training are not in them.
    """
    rows = []
    for (data, sigma), group in grouped(experiments).items():
        base = next((e for e in group if e.method == BASELINE), None)
        judges = [e for e in group if e.method in (BASELINE, RERUN)]
        for e in group:
            if base is None or e is base:
                continue
            common = _common(e, base)
            own, reference = _label_probability(e, common), _label_probability(base, common)
            for judge_of in judges:
                if judge_of is e:
                    continue
                judge = _label_probability(judge_of, common)  # NaN, neither hard nor easy, where it holds no sample
                cells = {"data": data, "sigma": sigma, "method": e.method, "decided by": judge_of.method}
                for kind, chosen in (("hard", judge < 0.5), ("easy", judge >= 0.5)):
                    change = (own - reference)[chosen]
                    cells |= {f"{kind} samples": int(chosen.sum()), f"p, {kind}": own[chosen].mean()}
                    cells |= {f"change, {kind}": change.mean(), f"s.e., {kind}": change.std() / np.sqrt(len(change))}
                rows.append(cells)
    return pd.DataFrame(rows)


def class_table(experiments: Sequence[Experiment]) -> pd.DataFrame:
    """Mean label probability and certified accuracy at radius 0 by class, with their changes against the baseline.

    One row per method and class; changes with paired standard errors over samples, not training runs.
    """
    rows = []
    for (data, sigma), e, base in _against_baseline(experiments):
        common = _common(e, base)
        own, reference = _label_probability(e, common), _label_probability(base, common)
        labels = pd.Series(e.log.label, e.log.index).reindex(common)
        certified = [pd.Series(run.log.correct, run.log.index).reindex(common).astype(float) for run in (e, base)]
        for label, members in labels.groupby(labels):
            of = members.index
            name = CIFAR10[int(label)] if e.source.startswith("CIFAR-10 ") else str(label)
            cells = {"data": data, "sigma": sigma, "method": e.method, "class": name, "samples": len(of)}
            for kind, values in (("p", (own, reference)), ("certified", certified)):
                change = values[0][of] - values[1][of]
                cells |= {kind: values[0][of].mean(), f"change, {kind}": change.mean()}
                cells |= {f"s.e., {kind}": change.std() / np.sqrt(len(of))}
            rows.append(cells)
    return pd.DataFrame(rows)


def _against_baseline(
    experiments: Sequence[Experiment],
) -> Iterator[tuple[tuple[str, float], Experiment, Experiment]]:
    """(Data set, noise level), experiment and baseline, wherever there is a baseline of the same budget."""
    for key, group in grouped(experiments).items():
        base = next((e for e in group if e.method == BASELINE), None)
        for e in group:
            if base is not None and e is not base and (e.log.n, e.log.alpha) == (base.log.n, base.log.alpha):
                yield key, e, base


def _label_probability(e: Experiment, samples: pd.Index) -> pd.Series:
    """Share of the draws that gave each of these samples its label; NaN where the log does not hold it."""
    return e.counts.reindex(samples) / e.log.n


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
