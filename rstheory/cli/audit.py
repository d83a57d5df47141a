"""`rstheory audit`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rstheory._words import plural, printable
from rstheory.cli.common import UNREADABLE, console, level, positive, refuse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rstheory.logs.find import FoundLogs
    from rstheory.logs.log import CertificationLog

_PRINTED = Path("-")  # as a file: standard output
_FIGURE_ENDINGS = (".png", ".pdf", ".csv", ".txt")  # of the files that --figures writes


def audit(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH...]", help="Certification logs, or folders that hold some.")
    ] = None,
    zoo: Annotated[bool, typer.Option("--zoo", help="Audit the logs that ship with this package.")] = False,
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
    full: Annotated[
        bool, typer.Option("--full", help="Print everything: ACR at every budget, and all pairs of logs.")
    ] = False,
    json: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", dir_okay=False, help="Write everything found as JSON; - prints it."),
    ] = None,
    markdown: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", dir_okay=False, help="Write what is printed as Markdown, for a review; - prints that."
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html", metavar="FILE", dir_okay=False, help="Write a page for a browser: one file, offline; - prints it."
        ),
    ] = None,
    figures: Annotated[
        Path | None,
        typer.Option(metavar="DIR", file_okay=False, help="Draw figures: PNG, PDF, and the data drawn as CSV."),
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
    """Audit certification logs: a verdict, and the numbers behind it.

    Which logs cannot be what they say, which are first within error, whether their order depends on N and on r, and
    what to report instead of ACR. Logs have the columns idx label predict radius correct, separated by tabs or commas;
    chunks of one run are read as one log. They are compared where sigma, N, alpha and the data set agree.
    """
    import rstheory
    from rstheory._files import first_same
    from rstheory._progress import on_terminal
    from rstheory.audit.export import json_text, to_json
    from rstheory.audit.full_view import full_view
    from rstheory.audit.markdown import to_markdown
    from rstheory.audit.report import Pairs, audit_report
    from rstheory.audit.terminal import print_blocks
    from rstheory.audit.verdict import judge
    from rstheory.audit.view import view
    from rstheory.logs.find import find_logs

    shipped = sorted(Path(rstheory.__file__).parent.joinpath("zoo").rglob("noise_*.tsv")) if zoo else []
    given = [*(paths or []), *shipped]
    if not given:
        refuse("name a log or a folder to audit, or --zoo for the logs that ship with this package")
    files = find_logs(given)
    _spare_the_logs(files.logs, {"--json": json, "--markdown": markdown, "--html": html}, figures)
    compared_with = None if reference is None else first_same(reference, files.logs)
    if reference is not None and compared_with is None:
        refuse(f"--reference {reference} is none of the logs to be read")
    if html is not None:
        from rstheory.pages import require

        require()  # before anything is computed
    _make_folders([json, markdown, html], figures)
    logs, errors = _read(files, sigma, n, alpha)
    pairs: Pairs = "few" if compare is None else "all" if compare else "none"
    report = audit_report(logs, pairs=pairs, progress=on_terminal("auditing", "steps"))
    verdict = judge(report)
    blocks = list((full_view if full else view)(report, verdict))
    if _PRINTED not in (json, markdown, html) and logs:
        print_blocks(blocks, console())
    try:
        if json is not None:
            unread = [{"path": path, "message": reason} for path, reason in errors]
            skipped = [{"path": path, "message": reason} for path, reason in files.skipped]
            _write(json_text({**to_json(report, verdict), "errors": unread, "skipped": skipped}), json, markdown, html)
        if markdown is not None:
            _write(to_markdown(blocks), markdown, json, html)
        if html is not None:
            from rstheory.pages import audit_page, render

            _write(render(audit_page(report, verdict, errors)), html, json, markdown)
        if figures is not None and logs:
            from rstheory.plots.audit import write_figures

            for file in write_figures(report, figures, compared_with, on_terminal("drawing", "groups")):
                _wrote(file, json, markdown, html)
    except OSError as error:
        refuse(f"cannot write {error.filename or ''}: {error.strerror or error}")
    if errors or (strict and not all(finding.is_note for finding in report.findings)):
        raise typer.Exit(UNREADABLE)


def _spare_the_logs(logs: Sequence[str], texts: Mapping[str, Path | None], figures: Path | None) -> None:
    """Refuse, before anything is computed, outputs that would take the place of a log that is read, or of each other.

    texts: by option, the files that get a text.
    """
    from rstheory._files import first_inside, first_same

    named = {option: path for option, path in texts.items() if path is not None}
    if len({path.resolve() for path in named.values()}) < len(named):
        refuse(f"{' and '.join(named)} name the same output: name another for one of them")
    for option, path in named.items():
        if path != _PRINTED and (log := first_same(path, logs)) is not None:
            refuse(f"{option} {path} would replace {log}, one of the logs to be read: name another file")
    at_risk = [log for log in logs if log.lower().endswith(_FIGURE_ENDINGS)]
    if figures is not None and (log := first_inside(figures, at_risk)) is not None:
        refuse(f"--figures {figures} might replace {log}, one of the logs to be read: name another folder")


def _make_folders(texts: Sequence[Path | None], figures: Path | None) -> None:
    """The folders of the outputs, before hours of work end in nothing."""
    from rstheory._files import require_folder

    files = [path for path in texts if path not in (None, _PRINTED)]
    for file in [*files, *([] if figures is None else [figures / "figure"])]:
        try:
            require_folder(Path(file or ""))
        except ValueError as error:
            refuse(str(error))


def _read(
    files: FoundLogs, sigma: float | None, n: int | None, alpha: float | None
) -> tuple[list[CertificationLog], list[tuple[str, str]]]:
    """The logs that can be read, and the inputs that cannot, each named on stderr with its reason."""
    from rstheory._progress import on_terminal
    from rstheory.logs.read import read_logs

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
    return logs, errors


def _write(text: str, path: Path, *others: Path | None) -> None:
    """Write a text to a file and say so, or to standard output, and then nothing else there."""
    from rstheory._files import write_text

    if path == _PRINTED:
        typer.echo(text, nl=False)
        return
    write_text(text, path)
    _wrote(path, *others)


def _wrote(file: Path, *texts: Path | None) -> None:
    """Say that a file was written: on stderr where standard output holds a text for another program."""
    typer.echo(f"wrote {printable(str(file))}", err=_PRINTED in texts)


def _tell(path: str, reason: str) -> None:
    """Name an input that was not audited, and why."""
    named = reason if reason.startswith(path) else f"{path}: {reason}"
    typer.echo(printable(f"rstheory audit: {named}"), err=True)
