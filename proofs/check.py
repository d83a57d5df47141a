"""Run every proof, print the ledger with pass or fail, and keep `proofs/README.md` up to date."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # so that it runs by its path from anywhere

from proofs.ledger import LEDGER, Check, Row
from proofs.render import describe, render
from proofs.runners import Result, run_balls, run_coq, run_symbolic, run_tests, run_written

README = Path(__file__).resolve().parent / "README.md"
STYLE = {"pass": "green", "fail": "bold red", "skipped": "yellow"}
# Begun first, so that the longest does not come last on two cores; measured, and only speed depends on it.
LONGEST = ("quoted", "every_small_budget", "standard_budgets", "every_budget")

Results = dict[Check, Result]


def run(rows: Sequence[Row], jobs: int = 2) -> Results:
    """Run the checks of these rows, each once, `jobs` at a time."""
    checks = list(dict.fromkeys(check for row in rows for check in row.checks))

    def of(kind: str) -> list[Check]:
        return [check for check in checks if check.kind == kind]

    balls = sorted(of("ball arithmetic"), key=lambda check: not set(check.names) & set(LONGEST))
    results: Results = {}
    with ProcessPoolExecutor(jobs) as pool:
        together = [
            (batch, pool.submit(runner, batch))
            for batch, runner in ((of("formal proof"), run_coq), (of("property test"), run_tests))
            if batch
        ]
        alone = [
            *_submit(pool, run_balls, balls),
            *_submit(pool, run_symbolic, of("symbolic derivation")),
            *_submit(pool, run_written, of("written proof")),
        ]
        for batch, answers in together:
            results.update(zip(batch, answers.result(), strict=True))
        results.update((check, answer.result()) for check, answer in alone)
    return results


def _submit(
    pool: ProcessPoolExecutor, runner: Callable[[Check], Result], checks: Sequence[Check]
) -> list[tuple[Check, Future[Result]]]:
    return [(check, pool.submit(runner, check)) for check in checks]


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
    write: Annotated[bool, typer.Option("--write", help="Rewrite proofs/README.md from the ledger.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Fail if anything was skipped, too.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Checks to run at a time.")] = 2,
) -> None:
    """Run every proof and print the ledger. Exit status: 0 if nothing failed, 1 if something did, 2 for wrong usage."""
    known = [row.item for row in LEDGER]
    if unknown := [item for item in items or [] if item not in known]:
        raise typer.BadParameter(f"{', '.join(unknown)}: not in the ledger, which has {', '.join(known)}")
    if write:
        README.write_text(render(LEDGER), encoding="utf-8")
        print(f"wrote {README}")
    start = time.perf_counter()
    rows = [row for row in LEDGER if not items or row.item in items]
    results = run(rows, jobs)
    show(rows, results)
    counts = Counter[str](result.status for result in results.values())
    up_to_date = README.is_file() and README.read_text(encoding="utf-8") == render(LEDGER)
    if not up_to_date:
        print("proofs/README.md is out of date: python proofs/check.py --write")
    summary = ", ".join(f"{counts[status]} {status}" for status in STYLE if counts[status])
    print(f"{summary}, in {time.perf_counter() - start:.0f} s")
    if counts["fail"] or not up_to_date or (strict and counts["skipped"]):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
