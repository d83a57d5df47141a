"""Reading certification logs and computing ACR and certified accuracy: ours beside the field's habit, interleaved.

The habit, as in the analysis script that most papers descend from: one pandas read of the whole file for each quantity,
and one pass over the rows for each radius. Written here from its description, in a few lines.
"""

from __future__ import annotations

import platform
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray

import rstheory
from rstheory import read_log
from rstheory.logs.find import find_logs
from rstheory.tables import show

Result = tuple[float, NDArray[np.float64]]


def ours(path: str, radii: NDArray[np.float64]) -> Result:
    log = read_log(path)
    return log.acr, np.asarray(log.certified_accuracy(radii))


def habit(path: str, radii: NDArray[np.float64]) -> Result:
    frame = pd.read_csv(path, delimiter="\t")
    acr = float((frame["correct"] * frame["radius"]).mean())
    frame = pd.read_csv(path, delimiter="\t")
    return acr, np.array([(frame["correct"] & (frame["radius"] >= radius)).mean() for radius in radii])


def main(
    paths: Annotated[list[Path], typer.Argument(help="Certification logs, or folders that hold some.")],
    rounds: Annotated[int, typer.Option(min=3, help="Timing rounds.")] = 7,
    radii: Annotated[int, typer.Option(min=1, help="Radii, from 0 to 4.")] = 400,
) -> None:
    """Time ACR and certified accuracy of the logs at many radii, reading included."""
    logs = [str(path) for path in find_logs(paths).logs]
    at = np.linspace(0, 4, radii)
    for path in logs:
        (acr, accuracy), (other_acr, other_accuracy) = ours(path, at), habit(path, at)
        if abs(acr - other_acr) > 1e-12 or np.abs(accuracy - other_accuracy).max() > 1e-12:
            raise SystemExit(f"{path}: the two ways disagree")
    seconds: dict[str, list[float]] = {"rstheory": [], "pandas, re-read for each quantity": []}
    for _ in range(rounds):
        for name, routine in zip(seconds, (ours, habit), strict=True):
            start = time.perf_counter()
            for path in logs:
                routine(path, at)
            seconds[name].append(time.perf_counter() - start)
    print(f"rstheory {rstheory.__version__}, NumPy {np.__version__}, pandas {pd.__version__}, Python "
          f"{platform.python_version()}, {platform.machine()}")  # fmt: skip
    show(
        f"Seconds for {len(logs)} logs: ACR and certified accuracy at {radii} radii, reading included; {rounds} rounds",
        pd.DataFrame(
            {"routine": name, "median": np.median(times), "fastest": min(times), "slowest": max(times)}
            for name, times in seconds.items()
        ),
        {"median": ".3f", "fastest": ".3f", "slowest": ".3f"},
    )


if __name__ == "__main__":
    typer.run(main)
