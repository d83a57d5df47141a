"""`rstheory atlas`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from rstheory._words import plural, printable
from rstheory.cli.common import UNREADABLE, level, refuse


def atlas(
    folders: Annotated[
        list[Path], typer.Argument(metavar="FOLDER...", help="Folders of certification logs, or single logs.")
    ],
    n: Annotated[int, typer.Option("--n", min=1, help="Common budget: noise draws per sample.")] = 100_000,
    alpha: Annotated[float, typer.Option(callback=level, help="Common significance level.")] = 1e-3,
    rules: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", dir_okay=False, help="Your own rules (TOML) for what paths say; they come before ours."
        ),
    ] = None,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="Processes. Default: one per core.")] = None,
    cache: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", dir_okay=False, help="Keep summaries here: logs that do not change are not read again."
        ),
    ] = None,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", dir_okay=False, help="Write everything found as JSON.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", dir_okay=False, help="Write the table, one row per log.")
    ] = None,
    markdown: Annotated[
        Path | None,
        typer.Option("--markdown", metavar="FILE", dir_okay=False, help="Write the page of the methods' standing."),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", dir_okay=False, help="Write the standing and all rows for a browser."),
    ] = None,
) -> None:
    """An atlas of many certification logs: one row each, and how methods stand by the distribution of p.

    Method, data set, network and noise level are read from the paths, by rules. ACR is given as printed and at N =
    10^3, 10^4, 10^5: exact below a log's own budget, predicted above it. Methods are compared inside each data set and
    noise level; what noise can explain is a tie.
    """
    from rstheory._files import first_same, require_folder
    from rstheory._progress import on_terminal
    from rstheory._provenance import provenance, write_csv
    from rstheory.atlas import atlas as built
    from rstheory.atlas import shipped, with_user_rules
    from rstheory.atlas.frame import to_frame, to_json, write_json
    from rstheory.atlas.page import page
    from rstheory.atlas.standing import standings
    from rstheory.logs.find import find_logs

    if html is not None:
        from rstheory.pages import atlas_page, require, write_page

        require()  # before anything is computed
    outputs = {"--cache": cache, "--json": json, "--csv": csv, "--markdown": markdown, "--html": html}
    try:
        for path in outputs.values():
            if path is not None:
                require_folder(path)
        known = shipped() if rules is None else with_user_rules(rules)
    except ValueError as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"{rules}: {error.strerror or error}")
    files = find_logs(folders).logs
    for option, path in outputs.items():
        if path is not None and (log := first_same(path, files)) is not None:
            refuse(f"{option} {path} would replace {log}, one of the logs to be read: name another file")
    processes = jobs or os.cpu_count() or 1
    try:
        found = built(folders, n=n, alpha=alpha, rules=known, jobs=processes, cache=cache,
                      progress=on_terminal("reading", "logs"))  # fmt: skip
        placed = standings(found, progress=on_terminal("comparing", "groups"))
        if found.refused:
            typer.echo(printable(f"rstheory atlas: the cache is not used, and written anew: {found.refused}"), err=True)
        for row in found.unreadable:
            typer.echo(printable(f"rstheory atlas: {row.path}: {row.error}"), err=True)
        for name, reason in found.skipped:
            typer.echo(printable(f"rstheory atlas: {name}: skipped: {reason}"), err=True)
        if json is not None:
            write_json(to_json(found, placed), json)
        if csv is not None:
            write_csv(to_frame(found, placed), csv, provenance(n=n, alpha=alpha))
        if markdown is not None:
            from rstheory._files import atomic_write

            with atomic_write(markdown) as part:
                part.write_text(page(found, placed), encoding="utf-8")
        if html is not None:
            write_page(atlas_page(found, placed), html)
    except OSError as error:
        refuse(f"cannot write {error.filename or ''}: {error.strerror or error}", UNREADABLE)
    _tell(found.rows, placed, found.reused)
    for path in (json, csv, markdown, html):
        if path is not None:
            typer.echo(f"wrote {printable(str(path))}")
    if found.unreadable:
        raise typer.Exit(UNREADABLE)


def _tell(rows: Sequence[object], placed: Sequence[object], reused: int) -> None:
    """The standing, on the terminal."""
    from rstheory.atlas.standing import Standing
    from rstheory.atlas.summary import Summary
    from rstheory.cli.common import console
    from rstheory.tables import Column, TextColumn, print_table

    out = console()
    readable = sum(isinstance(row, Summary) and not row.error for row in rows)
    kept = f", {reused:,} of them from the cache" if reused else ""
    out.print(f"{plural(readable, 'log')} read{kept}", markup=False, highlight=False)
    for standing in placed:
        if not isinstance(standing, Standing) or len(standing.entries) < 2:
            continue
        order = [(tier, i) for tier, members in enumerate(standing.tiers, 1)
                 for i in sorted(members, key=lambda i: -standing.acr[i])]  # fmt: skip
        out.print(f"\n{printable(standing.setting.title)}", style="bold", markup=False, highlight=False)
        print_table(
            out,
            [TextColumn("method", tuple(printable(standing.entries[i].name) for _, i in order))],
            [
                TextColumn("repository", tuple(printable(standing.entries[i].repository) for _, i in order)),
                Column("runs", tuple(str(len(standing.entries[i].rows)) for _, i in order)),
                Column("ACR", tuple(f"{standing.acr[i]:.3f}" for _, i in order)),
                Column("tier", tuple(str(tier) for tier, _ in order)),
            ],
        )
