"""Surveys as a person reads them on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console

from rstheory._words import plural, short_names
from rstheory.mixture import CertifiedAccuracy, Functional
from rstheory.survey.compare import SurveyComparison
from rstheory.survey.report import SurveyReport
from rstheory.survey.runs import RunsEstimate
from rstheory.survey.survey import BUDGETS, DISCLAIMER, PROBABILITIES, Estimate, Survey
from rstheory.tables import Column, TextColumn, print_table

_UNTOLD = "-: not told by logs without the counts of every class."
_MOST_RADII = 8


def print_surveys(report: SurveyReport, console: Console | None = None) -> None:
    """Print what surveys say, and first that none of it certifies a single image. console: default: standard output."""
    out = console or Console(emoji=False)
    out.print(DISCLAIMER, style="bold", markup=False, highlight=False)
    print_tables(report, out)


def print_tables(report: SurveyReport, out: Console) -> None:
    """ACR, certified accuracy and S(u) with their intervals, and what the surveys are together: all below line one."""
    surveys = report.surveys

    def say(text: str, style: str | None = None) -> None:
        out.print(text, style=style, markup=False, highlight=False)

    paths = [survey.log.path for survey in surveys]
    names = dict(zip(paths, short_names(paths), strict=True))
    shown = TextColumn("survey", tuple(names[path] for path in paths))
    say("\nestimated ACR by budget N")
    print_table(out, [shown], [*_settings(surveys), *_acr(surveys)])
    say(
        "First ±: 95 % interval for these images, where only the draws are random. Second ±: for the population behind"
        " them. Both assume a smooth distribution of Phi^-1(p), and allow for an error of smoothing.",
        "dim",
    )
    say("\nestimated certified accuracy in % at radius r, by budget N")
    print_table(out, *_accuracy(surveys, shown))
    say("± 95 % for the population.", "dim")
    say("\nestimated S(u): share of images in % whose label has probability p >= u under noise")
    print_table(out, [shown], _shares(surveys))
    untold = any(survey.told_from for survey in surveys)
    say("± 95 % for the population." + (f" {_UNTOLD}" if untold else ""), "dim")
    if report.comparisons:
        say("\npairs: ACR of a minus that of b, on the same images")
        _print_pairs(out, report.comparisons, names)
        say("± as above, paired.", "dim")
    if report.runs:
        say(f"\nmean of {len(surveys)} runs of one method")
        _print_runs(out, report.runs)
        say(
            "runs ±: 95 % interval for the mean over all runs, on these images. population ±: over all runs and the"
            " population behind the images. Both assume that runs vary by a normal law.",
            "dim",
        )
    for survey in surveys:
        if codes := ", ".join(f"{finding.code} ({finding.rows:,})" for finding in survey.log.warnings):
            say(f"{names[survey.log.path]}: {plural(len(survey.log.warnings), 'finding')} in its log: {codes}", "dim")


def _settings(surveys: Sequence[Survey]) -> list[Column]:
    return [
        Column("sigma", tuple(f"{survey.sigma:g}" for survey in surveys)),
        Column("images", tuple(f"{survey.images:,}" for survey in surveys)),
        Column("draws", tuple(f"{survey.draws:,}" for survey in surveys)),
        Column("mean p", tuple("-" if s.told_from else _two(s.mean_probability(), ".3f") for s in surveys)),
    ]


def _acr(surveys: Sequence[Survey]) -> list[Column]:
    return [Column(f"N={n:,}", tuple(_two(survey.acr(n), ".4f") for survey in surveys)) for n in BUDGETS]


def _accuracy(surveys: Sequence[Survey], shown: TextColumn) -> tuple[list[Column], list[Column]]:
    radii = max((survey.radii for survey in surveys), key=len)
    radii = radii[:: max(1, -(-len(radii) // _MOST_RADII))]
    cells = []
    for survey in surveys:
        for n in BUDGETS:
            functionals: list[Functional] = [CertifiedAccuracy(r, n, survey.log.alpha, survey.sigma) for r in radii]
            cells.append([_percent(estimate) for estimate in survey.estimates(functionals)])
    names = [
        TextColumn("survey", tuple(name for name in shown.cells for _ in BUDGETS)),
        Column("N", tuple(f"{n:,}" for _ in surveys for n in BUDGETS)),
    ]
    return names, [Column(f"r={r:g}", column) for r, column in zip(radii, zip(*cells, strict=True), strict=True)]


def _shares(surveys: Sequence[Survey]) -> list[Column]:
    cells = [
        ["-" if u < survey.told_from else _percent(survey.survival(u)) for u in PROBABILITIES] for survey in surveys
    ]
    return [Column(f"u={u:g}", column) for u, column in zip(PROBABILITIES, zip(*cells, strict=True), strict=True)]


def _print_pairs(out: Console, pairs: Sequence[SurveyComparison], names: dict[str, str]) -> None:
    print_table(
        out,
        [TextColumn(side, tuple(names[getattr(pair, side)] for pair in pairs)) for side in ("a", "b")],
        [
            Column("images", tuple(f"{pair.images:,}" for pair in pairs)),
            Column(
                "mean p", tuple("-" if p.mean_probability is None else _two(p.mean_probability, "+.3f") for p in pairs)
            ),
            *(
                Column(f"N={n:,}", tuple(_two(pair.acr[i], "+.4f") for pair in pairs))
                for i, n in enumerate(pairs[0].budgets)
            ),
        ],
    )


def _print_runs(out: Console, runs: Mapping[str, RunsEstimate]) -> None:
    found = list(runs.values())
    print_table(
        out,
        [TextColumn("", tuple(name if name == "mean p" else f"ACR, {name}" for name in runs))],
        [
            Column("mean", tuple(f"{each.value:.4f}" for each in found)),
            Column("runs", tuple(f"±{each.runs.high - each.value:.4f}" for each in found)),
            Column("population", tuple(f"±{each.population.high - each.value:.4f}" for each in found)),
            Column("s.d. between runs", tuple(f"{each.run_deviation:.4f}" for each in found)),
            Column("s.e. of images", tuple(f"{each.image_error:.4f}" for each in found)),
        ],
    )


def _two(estimate: Estimate, spec: str) -> str:
    """The estimate and half of each interval."""
    halves = ((interval.high - interval.low) / 2 for interval in (estimate.images, estimate.population))
    return " ".join([format(estimate.value, spec), *(f"±{half:{spec.lstrip('+')}}" for half in halves)])


def _percent(estimate: Estimate) -> str:
    half = (estimate.population.high - estimate.population.low) / 2
    return f"{100 * estimate.value:.1f} ±{100 * half:.1f}"
