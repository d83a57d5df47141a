"""`rstheory audit`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rstheory._words import plural, printable
from rstheory.cli.common import UNREADABLE, console, level, positive, refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rstheory.logs.log import CertificationLog

_FIGURE_ENDINGS = (".png", ".pdf", ".csv", ".txt")  # of the files that --figures writes


def audit(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Certification logs, or folders that hold some.")
    ],
    sigma: Annotated[
        float | None,
        typer.Option(callback=positive, help="Noise level. Default: from the log or its name (noise_0.50)."),
    ] = None,
    n: Annotated[
        int | None, typer.Option("--n", min=1, help="Noise draws per sample. Default: from the log, else 100000.")
    ] = None,
    alpha: Annotated[
        float | None,
        typer.Option(callback=level, help="Significance level. Default: from the log, else 0.001."),
    ] = None,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", dir_okay=False, help="Write everything found as JSON.")
    ] = None,
    figures: Annotated[
        Path | None,
        typer.Option(metavar="DIR", file_okay=False, help="Draw figures: PNG, PDF, and the data drawn as CSV."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", dir_okay=False, help="Write a page for a browser, offline.")
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(
            metavar="LOG", dir_okay=False, help="Log that figures compare the others with. Default: the largest ACR's."
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with status 1 if anything was found that is more than a note.")
    ] = False,
    compare: Annotated[
        bool | None,
        typer.Option("--compare/--no-compare", help="Compare every pair of logs. Default: in groups of up to 12 logs."),
    ] = None,
) -> None:
    """Audit certification logs: ACR as printed and sound, at other budgets, ranks, and who leads whom where.

    Logs have the columns idx label predict radius correct, separated by tabs or commas; chunks of one run are read as
    one log. They are compared where sigma, N, alpha and the data set agree.
    """
    from rstheory._files import first_same
    from rstheory._progress import on_terminal
    from rstheory.audit.export import to_json, write_json
    from rstheory.audit.report import Pairs, audit_report
    from rstheory.audit.terminal import print_report
    from rstheory.logs.find import find_logs
    from rstheory.logs.read import read_logs

    if html is not None:
        _require_pages()
    files = find_logs(paths)
    _spare_the_logs(files.logs, json, figures, html)
    compared_with = None if reference is None else first_same(reference, files.logs)
    if reference is not None and compared_with is None:
        refuse(f"--reference {reference} is none of the logs to be read")
    errors = list(files.errors)
    logs: list[CertificationLog] = []
    with on_terminal("reading", "logs")(len(files.logs)) as advance:
        for read in read_logs(files.logs, sigma, n, alpha):
            if isinstance(read, tuple):
                path, error = read
                errors.append((path, (isinstance(error, OSError) and error.strerror) or str(error)))
            else:
                logs.append(read)
            advance(1)
    for path, reason in errors:
        _tell(path, reason)
    for path, reason in files.doubtful:
        _tell(path, f"skipped: {reason}")
    if others := len(files.skipped) - len(files.doubtful):
        typer.echo(f"rstheory audit: {plural(others, 'other file')} skipped, which are no logs", err=True)
    pairs: Pairs = "few" if compare is None else "all" if compare else "none"
    report = audit_report(logs, pairs=pairs, progress=on_terminal("auditing", "steps"))
    terminal = console()
    if logs:
        print_report(report, terminal)
    try:
        if json is not None:
            unread = [{"path": path, "message": reason} for path, reason in errors]
            skipped = [{"path": path, "message": reason} for path, reason in files.skipped]
            write_json({**to_json(report), "errors": unread, "skipped": skipped}, json)
            typer.echo(f"wrote {printable(str(json))}")
        if html is not None:
            from rstheory.pages import audit_page, write_page

            write_page(audit_page(report, errors), html)
            typer.echo(f"wrote {printable(str(html))}")
        if figures is not None and logs:
            from rstheory.plots.audit import write_figures

            for file in write_figures(report, figures, compared_with, on_terminal("drawing", "groups")):
                typer.echo(f"wrote {printable(str(file))}")
    except OSError as error:
        refuse(f"cannot write {error.filename or ''}: {error.strerror or error}")
    if errors or (strict and not all(finding.is_note for finding in report.findings)):
        raise typer.Exit(UNREADABLE)


def _require_pages() -> None:
    """Refuse before anything is computed if what a page needs is missing."""
    from rstheory.pages import require

    try:
        require()
    except ImportError as error:
        refuse(str(error))


def _spare_the_logs(logs: Sequence[str], json: Path | None, figures: Path | None, html: Path | None) -> None:
    """Refuse, before anything is computed, outputs that would take the place of a log that is read."""
    from rstheory._files import first_inside, first_same

    for option, file in (("--json", json), ("--html", html)):
        if file is not None and (log := first_same(file, logs)) is not None:
            refuse(f"{option} {file} would replace {log}, one of the logs to be read: name another file")
    at_risk = [log for log in logs if log.lower().endswith(_FIGURE_ENDINGS)]
    if figures is not None and (log := first_inside(figures, at_risk)) is not None:
        refuse(f"--figures {figures} might replace {log}, one of the logs to be read: name another folder")


def _tell(path: str, reason: str) -> None:
    """Name an input that was not audited, and why."""
    named = reason if reason.startswith(path) else f"{path}: {reason}"
    typer.echo(printable(f"rstheory audit: {named}"), err=True)
