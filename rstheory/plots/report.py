"""Every figure and table of the experiments, each with a caption that says what it was made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rstheory._provenance import provenance, write_csv
from rstheory._words import plain
from rstheory.audit.report import audit_report
from rstheory.experiments.find import BASELINE, Experiment, grouped
from rstheory.experiments.measured import gradient_frame, gradient_table
from rstheory.experiments.tables import (
    ablation_table,
    accuracy_table,
    class_table,
    decomposition_table,
    difficulty_table,
    probability_frame,
)
from rstheory.experiments.theory import radius_curves, weight_curve
from rstheory.plots import experiments as draw
from rstheory.plots.audit import MOST_LOGS, group_figures, group_tags, looks_of_run
from rstheory.plots.captions import captioned
from rstheory.plots.style import Looks, Plate, looks
from rstheory.tables import show

_TABLES = {
    "accuracy": "ACR with its standard error over the samples, accuracy by majority, certified accuracy at each radius",
    "gradients": "Mean gradient norm of easy (p > 0.5) and hard (p < 0.5) training samples",
    "ablation": "Gained over Gaussian training in ACR and in certified accuracy, with paired standard errors",
    "difficulty": "Mean p on hard (p < 0.5) and easy test samples, and its change against Gaussian training, by whose p"
    " decides what is hard",
    "decomposition": "ACR gained over Gaussian training, by the mean of p and by its spread, with 95 % intervals",
}


def write_report(experiments: Sequence[Experiment], out: Path) -> list[Path]:
    """Draw every figure that the experiments can show, print the tables, and write both. Returns the files written."""
    written: list[Path] = []
    made_by = provenance(command="rstheory figures")
    for plate in theory_figures():
        written += plate.save(out, made_by)
    groups = grouped(experiments)
    look_of = looks(e.method for group in sorted(groups.values(), key=lambda group: -len(group)) for e in group)
    for (data, sigma), group in groups.items():
        title, drawn = f"{plain(data)}, $\\sigma = {sigma:g}$", group[:MOST_LOGS]
        plates = [*_trained(drawn, title, look_of), *_by_class(drawn, title, look_of), *_audited(group, look_of)]
        for plate in plates:
            written += plate.save(out / data / f"sigma_{sigma:g}", made_by)
    for name, table in (
        ("accuracy", accuracy_table(experiments)),
        ("ablation", ablation_table(experiments)),
        ("gradients", gradient_table(experiments)),
        ("difficulty", difficulty_table(experiments)),
        ("decomposition", gained := decomposition_table(experiments)),
    ):
        if len(table):
            numbers = table.select_dtypes("float").columns.difference(["sigma"])
            show(_TABLES[name], table, dict.fromkeys(numbers, ".4f"))
            write_csv(table, out / f"{name}.csv", made_by | {"caption": _TABLES[name]})
            written.append(out / f"{name}.csv")
    if len(gained):
        any_flat = bool(gained["flat"].any())
        caption = (
            "ACR gained over Gaussian training at the same noise level, split into what the mean of p explains and what"
            " its spread does. By the mean: what the expected radius at the mean p changed by, as if every sample had"
            " that p. By the spread: the rest, that is by how much the samples' mean radius exceeds the radius at their"
            " mean p. A network whose samples all had a p near 1/2 would certify next to nothing: the part of the mean"
            " cannot fall below minus what Gaussian training has there, and methods whose mean p is at or below about"
            " 1/2 all show that one value. Bars: 95 % intervals over test samples, by resampling them in pairs. "
            + ("Where a row says flat, both means are too small to certify, and its split says nothing. " * any_flat)
        ) + " ".join(
            dict.fromkeys(
                _source(group)
                for (data, sigma), group in grouped(experiments).items()
                if ((gained["data"] == data) & (gained["sigma"] == sigma)).any()
            )
        )
        written += captioned("gain_by_mean_and_spread", draw.decomposition(gained), gained, caption).save(out, made_by)
    return written


def theory_figures() -> list[Plate]:
    """The figures that need no model: the radius with its slope, and easy-sample training's sampling weight."""
    curves, weights = radius_curves(), weight_curve()
    return [
        captioned(
            "radius_and_sensitivity",
            draw.radius_and_sensitivity(curves),
            curves,
            "(a) Expected certified radius against p, and (b) its slope against 1 - p, in units of sigma, for an"
            " infinite budget and for finite ones at alpha = 0.001. Towards p = 1 the slope of a finite budget levels"
            " off, that of the infinite one grows without bound. Computed, not simulated.",
        ),
        captioned(
            "sampling_weight",
            draw.sampling_weight(weights),
            weights,
            "How often training with reweighing draws a training sample, by its p, estimated from 16 draws at alpha ="
            " 0.1; shaded: the middle 90 % over those draws. Training that discards hard samples has the weight 0 below"
            " its threshold and 1 above.",
        ),
    ]


def _trained(group: Sequence[Experiment], title: str, look_of: Looks) -> list[Plate]:
    """Label probabilities of the test samples, and gradient norms of the training samples where they were measured."""
    p = probability_frame(group)
    plates = [
        captioned(
            "p_distribution",
            draw.p_distribution(p, title, look_of),
            p,
            "Label probability p of test samples: a histogram for each method, outlined in black that of"
            f" {group[0].method}, and the share of samples whose p reaches u. Only samples with p above 1/2 can be"
            f" certified. {_source(group)}",
        )
    ]
    gradients = gradient_frame(group)
    if len(gradients):
        caption = (
            "Norm of the gradient of each training sample's loss with respect to the weights, by its p, on Gaussian"
            f" noise and on the same noise after the attack, which turns it towards errors. {_measured(group)}"
        )
        plates.append(captioned("gradient_norms", draw.gradient_norms(gradients, title), gradients, caption))
    return plates


def _by_class(group: Sequence[Experiment], title: str, look_of: Looks) -> list[Plate]:
    """Which classes gained and lost against the baseline, where there is one."""
    frame = class_table(group)
    caption = (
        "Change of the mean label probability p against Gaussian training, by class. Two standard errors over test"
        f" samples, paired; not over training runs. {_source(group)}"
    )
    return [captioned("classes", draw.classes(frame, title, look_of), frame, caption)] if len(frame) else []


def _audited(group: Sequence[Experiment], look_of: Looks) -> list[Plate]:
    """What the audit draws of the group's logs; of each kind of log, where budgets differ."""
    report = audit_report([e.log for e in group])
    look_of = looks([*look_of, *looks_of_run(report)])
    baseline = next((e.log.path for e in group if e.method == BASELINE), None)
    tags = group_tags(report.groups)
    first = f"sigma_{group[0].log.sigma:g}"  # what the tags have in common
    plates = []
    for kind, tag in zip(report.groups, tags, strict=True):
        plates += [
            replace(plate, stem=plate.stem + tag.removeprefix(first), caption=f"{plate.caption} {_data(group)}")
            for plate in group_figures(report, kind, baseline, group[0].data, look_of)
        ]
    return plates


def _source(group: Sequence[Experiment]) -> str:
    logs = {(e.log.n, e.log.alpha, e.log.samples) for e in group}
    budgets = "; ".join(f"N = {n:,}, alpha = {alpha:g}, {samples} samples" for n, alpha, samples in sorted(logs))
    return f"{_data(group)} {budgets}."


def _data(group: Sequence[Experiment]) -> str:
    return f"Data: {', '.join(sorted({e.source for e in group}))}."


def _measured(group: Sequence[Experiment]) -> str:
    kinds: dict[str, None] = {}
    for e in group:
        if e.measured is not None:
            by = e.measured.attrs
            kind = f"{by['data']}, {len(e.measured):,} samples per network, {by['draws']} draws for p and"
            kinds[f"{kind} {by['gradient_draws']} for the gradient, attack of {by['attack']}"] = None
    return f"Means with two standard errors, by tenths of p; a mean of one sample has none. Data: {'; '.join(kinds)}."
