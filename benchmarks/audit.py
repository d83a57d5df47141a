"""What an audit costs: the command as a whole process, beside another version, and the memory of many logs.

Each run is a process of its own, the two versions in turn, measured by what the operating system accounts for it: CPU
seconds, start-up included, and the largest memory. `--against` names another checkout of this repository (`git worktree
add OTHER REVISION`). `--memory` makes that many logs in the field's format, of 10,000 rows each, and audits them all.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import scipy
import typer
from rich.progress import track

import rstheory
from rstheory import radius_from_count
from rstheory.tables import show

HERE = Path(__file__).resolve().parent.parent
ROWS, DRAWS = 10_000, 100_000


def usage(checkout: Path, arguments: list[str]) -> tuple[float, float]:
    """CPU seconds and the largest memory in MB of one audit by the package in a checkout."""
    command = [sys.executable, "-P", "-m", "rstheory", "audit", *arguments]  # -P: not the folder we stand in
    pid = os.posix_spawn(
        sys.executable,
        command,
        {**os.environ, "PYTHONPATH": str(checkout)},
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, used = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"the audit of {checkout} ended with status {os.waitstatus_to_exitcode(status)}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def made_up_logs(folder: Path, number: int) -> None:
    """Logs of as many models in the field's six columns, with three digits."""
    rng = np.random.default_rng(0)
    label = rng.integers(10, size=ROWS)
    for i in range(number):
        counts = rng.binomial(DRAWS, rng.beta(2, 0.5, ROWS))
        radius = np.asarray(radius_from_count(counts, DRAWS, 1e-3, 0.5))
        predict = np.where(radius > 0, np.where(rng.random(ROWS) < 0.8, label, (label + 1) % 10), -1)
        rows = zip(range(ROWS), label, predict, radius, predict == label, strict=True)
        lines = (f"{row}\t{y}\t{c}\t{r:.3}\t{int(right)}\t0:00:10" for row, y, c, r, right in rows)
        text = "\n".join(["idx\tlabel\tpredict\tradius\tcorrect\ttime", *lines, ""])
        (folder / f"{i:05}_noise_0.50.tsv").write_text(text)


def main(
    paths: Annotated[list[Path] | None, typer.Argument(help="Certification logs, or folders that hold some.")] = None,
    against: Annotated[Path | None, typer.Option(help="Another checkout, run in turn with this one.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Runs of each version, after one that does not count.")] = 5,
    memory: Annotated[int, typer.Option(min=0, help="Made-up logs of 10,000 rows to audit at once.")] = 0,
) -> None:
    """Measure whole audits: CPU seconds and memory."""
    print(f"rstheory {rstheory.__version__}, NumPy {np.__version__}, SciPy {scipy.__version__}, "
          f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores")  # fmt: skip
    rows = []
    if paths:
        versions = {"this checkout": HERE} | ({str(against): against.resolve()} if against else {})
        arguments = [str(path.resolve()) for path in paths]
        measured: dict[str, list[tuple[float, float]]] = {name: [] for name in versions}
        for turn in track(range(rounds + 1), "timing"):
            for name, checkout in versions.items():
                used = usage(checkout, arguments)
                measured[name] += [used] if turn else []
        for name, runs in measured.items():
            seconds, megabytes = zip(*runs, strict=True)
            rows.append({"audit": name, "median": np.median(seconds), "fastest": min(seconds), "slowest": max(seconds),
                         "MB": max(megabytes)})  # fmt: skip
    if memory:
        with tempfile.TemporaryDirectory() as folder:
            made_up_logs(Path(folder), memory)
            cpu, largest = usage(HERE, [folder])
        rows.append({"audit": f"{memory:,} logs of {ROWS:,} rows", "median": cpu, "fastest": cpu, "slowest": cpu,
                     "MB": largest})  # fmt: skip
    if not rows:
        raise typer.BadParameter("name logs to audit, or --memory N")
    formats = {"median": ".2f", "fastest": ".2f", "slowest": ".2f", "MB": ",.0f"}
    show("CPU seconds and largest memory of an audit, start-up included", pd.DataFrame(rows), formats)


if __name__ == "__main__":
    typer.run(main)
