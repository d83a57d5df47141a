"""Run every proof, print the ledger with pass or fail, and keep `proofs/README.md` and `STATEMENTS.md` up to date."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # so that it runs by its path from anywhere

from proofs.ledger import LEDGER, Check, Row
from proofs.render import describe, render, render_statements
from proofs.runners import Result, run_balls, run_coq, run_symbolic, run_tests, run_written

HERE = Path(__file__).resolve().parent
README, STATEMENTS = HERE / "README.md", HERE / "STATEMENTS.md"
STYLE = {"pass": "green", "fail": "bold red", "skipped": "yellow"}
# Begun first, so that the longest does not come last on two cores; measured, and only speed depends on it.
LONGEST = ("quoted", "every_small_budget", "standard_budgets", "every_budget", "false_alarms")

Results = dict[Check, Result]


def run(rows: Sequence[Row], jobs: int = 2) -> Results:
    """Run the checks of these rows, each once, `jobs` at a time. A terminal sees how far it is."""
    checks = list(dict.fromkeys(check for row in rows for check in row.checks))

    def of(kind: str) -> list[Check]:
        return [check for check in checks if check.kind == kind]

    balls = sorted(of("ball arithmetic"), key=lambda check: not set(check.names) & set(LONGEST))
    results: Results = {}
    with ProcessPoolExecutor(jobs) as pool, _progress() as progress:
        open_batches: dict[Future[list[Result]], list[Check]] = {}
        for batch, runner in ((of("formal proof"), run_coq), (of("property test"), run_tests)):  # one build, one pytest
            if batch:
                open_batches[pool.submit(runner, batch)] = batch
        for alone, of_one in (
            (balls, run_balls),
            (of("symbolic derivation"), run_symbolic),
            (of("written proof"), run_written),
        ):
            for check in alone:
                open_batches[pool.submit(partial(_each, of_one), [check])] = [check]
        task = progress.add_task(_kinds(open_batches.values()), total=len(checks))
        for future in as_completed(list(open_batches)):
            batch = open_batches.pop(future)
            results.update(zip(batch, future.result(), strict=True))
            progress.update(task, advance=len(batch), description=_kinds(open_batches.values()))
    return results


def _each(runner: Callable[[Check], Result], checks: Sequence[Check]) -> list[Result]:
    return [runner(check) for check in checks]


def _kinds(batches: Iterable[Sequence[Check]]) -> str:
    """What is still to come, in words."""
    return ", ".join(dict.fromkeys(check.kind for batch in batches for check in batch)) or "done"


def _progress() -> Progress:
    """A line on a terminal; nothing in a pipe."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def missing(results: Results) -> list[str]:
    """Why checks were skipped, and how many of which kind: one line per reason."""
    skipped = Counter((check.kind, result.detail) for check, result in results.items() if result.status == "skipped")
    return [f"{count} not checked ({kind}): {reason}" for (kind, reason), count in skipped.items()]


def show(rows: Sequence[Row], results: Results) -> None:
    """The ledger as a table: one line for each check."""
    table = Table(header_style="bold")
    for column in ("item", "status", "check", "found", "seconds"):
        table.add_column(column, justify="right" if column == "seconds" else "left", overflow="fold")
    for row in rows:
        table.add_row(f"[bold]{row.item}", "", f"[bold]{_plain(row.statement)}", _plain(row.verdict), "")
        for check in row.checks:
            result = results[check]
            status = f"[{STYLE[result.status]}]{result.status}"
            table.add_row("", status, _plain(describe(check)), _plain(result.detail), f"{result.seconds:.1f}")
        table.add_section()
    console = Console() if Console().is_terminal else Console(width=200)  # a pipe or a CI log has no width of its own
    console.print(table)


def _plain(text: str) -> str:
    return text.replace("[", "\\[")


def main(
    items: Annotated[list[str] | None, typer.Argument(help="Items to run, such as B4; default: all.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Rewrite README.md and STATEMENTS.md in proofs/.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Fail if anything was skipped, too.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Checks to run at a time.")] = 2,
) -> None:
    """Run every proof and print the ledger. Exit status: 0 if nothing failed, 1 if something did, 2 for wrong usage."""
    known = [row.item for row in LEDGER]
    if unknown := [item for item in items or [] if item not in known]:
        raise typer.BadParameter(f"{', '.join(unknown)}: not in the ledger, which has {', '.join(known)}")
    documents = {README: render(LEDGER), STATEMENTS: render_statements(LEDGER)}
    if write:
        for path, text in documents.items():
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path}")
    start = time.perf_counter()
    rows = [row for row in LEDGER if not items or row.item in items]
    results = run(rows, jobs)
    show(rows, results)
    counts = Counter[str](result.status for result in results.values())
    stale = [path for path, text in documents.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        print(f"proofs/{path.name} is out of date: python proofs/check.py --write, then read what changed")
    for line in missing(results):
        print(line)
    summary = ", ".join(f"{counts[status]} {status}" for status in STYLE if counts[status])
    print(f"{summary}, in {time.perf_counter() - start:.0f} s")
    if counts["fail"] or stale or (strict and counts["skipped"]):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
