"""`rstheory survey`: the distribution of p over many images from few draws per image, of a checkpoint or of logs."""

from __future__ import annotations

import sys
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rstheory._words import plural, printable
from rstheory.cli.common import console, positive, refusals
from rstheory.cli.options import (
    Alpha,
    AnyKernels,
    Batch,
    Channels,
    CheckpointIfNew,
    Compile,
    DataIfNew,
    Device,
    Dtype,
    Label,
    Max,
    Mean,
    OutIfNew,
    Resume,
    Seed,
    SigmaIfNew,
    Skip,
    Split,
    Start,
    Std,
    TrustProgram,
    numbers,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from rstheory.smoothing.survey import SurveyCost
    from rstheory.survey import Survey
    from rstheory.survey.report import SurveyReport


def survey(
    logs: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[LOG]...", help="Logs that are there: surveys of ours, or any log with counts or radii."
        ),
    ] = None,
    checkpoint: CheckpointIfNew = None,
    data: DataIfNew = None,
    sigma: SigmaIfNew = None,
    out: OutIfNew = None,
    draws: Annotated[
        int | None, typer.Option(min=10, help="Draws per image. Default: as many as --acr-error asks for.")
    ] = None,
    acr_error: Annotated[
        float,
        typer.Option(callback=positive, help="Half of the 95 % interval wanted for ACR at N = 100,000, these images."),
    ] = 0.005,
    alpha: Alpha = 0.001,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", dir_okay=False, help="Write a page for a browser: one file, offline."),
    ] = None,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write everything as JSON; - for standard output.")
    ] = None,
    figures: Annotated[
        Path | None, typer.Option(metavar="DIR", file_okay=False, help="Draw the figure: PNG, PDF, CSV and caption.")
    ] = None,
    runs: Annotated[
        bool, typer.Option("--runs", help="The logs are runs of one method with different seeds: show their spread.")
    ] = False,
    seed: Seed = 0,
    resume: Resume = False,
    any_kernels: AnyKernels = False,
    split: Split = "test",
    label: Label = None,
    channels: Channels = None,
    start: Start = 0,
    skip: Skip = 1,
    max_: Max = None,
    dtype: Dtype = "float32",
    device: Device = "auto",
    batch: Batch = None,
    compile_: Compile = False,
    mean: Mean = None,
    std: Std = None,
    trust_program: TrustProgram = False,
) -> None:
    """Survey a smoothed classifier: how p is distributed over all images, from few draws per image.

    It estimates ACR and certified accuracy at every budget, and certifies nothing about any single image. With
    --checkpoint, --data, --sigma and --out it draws, and writes an ordinary log of counts; several processes share the
    work under torchrun, as for certify. With logs in their place it draws nothing.
    """
    from rstheory.survey.report import models_report, runs_report
    from rstheory.survey.terminal import print_surveys, print_tables

    with refusals():
        if bool(logs) == (checkpoint is not None):
            raise ValueError("give either --checkpoint (with --data, --sigma and --out) or logs that are there")
        if runs and checkpoint is not None:
            raise ValueError("--runs is not allowed with --checkpoint: it puts together logs that are there")
        if checkpoint is not None:
            if data is None or sigma is None or out is None:
                raise ValueError("--checkpoint needs --data, --sigma and --out as well")
            from rstheory._progress import on_terminal
            from rstheory.smoothing.run import Inputs, Machine
            from rstheory.smoothing.survey import survey_checkpoint

            inputs = Inputs(
                checkpoint,
                data,
                split=split,
                start=start,
                skip=skip,
                limit=max_,
                label=label,
                channels=channels,
                trust_program=trust_program,
                mean=numbers("--mean", mean),
                std=numbers("--std", std),
                machine=Machine(dtype, device, batch, compile_, any_kernels),
            )
            quiet = json == Path("-")
            speaks = survey_checkpoint(
                inputs,
                sigma=sigma,
                out=out,
                draws=draws,
                acr_error=acr_error,
                alpha=alpha,
                seed=seed,
                resume=resume,
                tell=lambda cost: _tell_cost(cost, quiet),
                progress=on_terminal("surveying", "draws"),
            )
            if not speaks:  # the first process speaks for all
                return
            _report([_survey_of(out, None, None)], models_report, json, figures, html, print_tables)
        else:
            files = _files(logs or [], json, figures)
            surveys = [_survey_of(file, sigma, draws) for file in files]
            _report(surveys, runs_report if runs else models_report, json, figures, html, print_surveys)


def _tell_cost(cost: SurveyCost, quiet: bool) -> None:
    """What a survey is, and what it will take, before it begins. quiet: standard output is for JSON only."""
    from rstheory.survey import DISCLAIMER

    reason = "" if cost.error is None else f" (for ACR at N=100,000 within {cost.error:.2g}, 95 %)"
    typer.echo(DISCLAIMER, err=quiet)
    typer.echo(
        f"{plural(cost.images, 'image')}, {cost.draws:,} draws each{reason}: {cost.passes:,} forward passes, about"
        f" {_duration(cost.seconds)}",
        err=quiet,
    )


def _duration(seconds: float) -> str:
    """A length of time that a person reads.

    >>> _duration(3), _duration(125), _duration(9000)
    ('3 s', '2 min', '2.5 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _files(paths: list[Path], json: Path | None, figures: Path | None) -> tuple[str, ...]:
    """The logs below some paths; refused where one cannot be looked at, or where an output would replace one."""
    from rstheory._files import first_inside, first_same
    from rstheory.logs.find import find_logs

    found = find_logs(paths)
    for path, reason in found.errors:
        raise ValueError(reason if reason.startswith(path) else f"{path}: {reason}")
    if json is not None and (log := first_same(json, found.logs)) is not None:
        raise ValueError(f"--json {json} would replace {log}, one of the logs to be read: name another file")
    captions = [file for file in found.logs if file.endswith(".txt")]
    if figures is not None and (log := first_inside(figures, captions)) is not None:
        raise ValueError(f"--figures {figures} might replace {log}, one of the logs to be read: name another folder")
    return found.logs


def _survey_of(file: str | Path, sigma: float | None, draws: int | None) -> Survey:
    """The survey of a log. sigma, draws: what the log does not tell."""
    from rstheory.logs.read import read_log
    from rstheory.survey import survey_log

    return survey_log(read_log(file, sigma, draws))


def _report(
    surveys: list[Survey],
    together: Callable[[list[Survey]], SurveyReport],
    json: Path | None,
    figures: Path | None,
    html: Path | None,
    show: Callable[[SurveyReport, Console], None],
) -> None:
    """Report on surveys. together: what is said of all. show: prints on a terminal."""
    from rstheory.audit.export import write_json
    from rstheory.survey.export import to_json

    report = together(surveys)
    on_stdout = json == Path("-")
    if on_stdout:
        sys.stdout.write(dumps(to_json(report), indent=1, allow_nan=False) + "\n")
    else:
        show(report, console())
        if json is not None:
            write_json(to_json(report), json)
            typer.echo(f"wrote {printable(str(json))}")
    if figures is not None:
        from rstheory.plots.survey import write_survey_figure

        for file in write_survey_figure(surveys, figures):
            typer.echo(f"wrote {printable(str(file))}", err=on_stdout)
    if html is not None:
        from rstheory.pages import survey_page, write_page

        write_page(survey_page(report), html)
        typer.echo(f"wrote {printable(str(html))}", err=on_stdout)
