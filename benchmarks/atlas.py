"""An atlas of thousands of logs: time and peak memory of a first run, and of a second one that reuses it.

The logs are made from the published CIFAR-10 logs: each copy keeps the images and deals the rows of each label anew
among them, so that all files differ and every curve stays what it is.
"""

from __future__ import annotations

import resource
import tempfile
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from rstheory.atlas import atlas
from rstheory.atlas.standing import standings


def copies(source: Path, folder: Path, logs: int, seed: int) -> None:
    """Write `logs` files below a folder, in turn from each of the published ones."""
    rng = np.random.default_rng(seed)
    published = sorted(source.glob("cifar10/*/noise_*"))
    if not published:
        raise typer.BadParameter(f"{source} holds no published CIFAR-10 logs")
    for number in range(logs):
        path = published[number % len(published)]
        header, *lines = path.read_text().splitlines()
        rows = [line.split("\t", 2) for line in lines]
        label = np.array([row[1] for row in rows])
        tails = np.array([row[2] for row in rows], dtype=object)
        for each in np.unique(label):
            of_label = np.flatnonzero(label == each)
            tails[of_label] = tails[rng.permutation(of_label)]
        out = folder / f"run_{number // len(published)}" / path.relative_to(source)
        out.parent.mkdir(parents=True, exist_ok=True)
        text = (f"{row[0]}\t{row[1]}\t{tail}\n" for row, tail in zip(rows, tails, strict=True))
        out.write_text(f"{header}\n{''.join(text)}")


def peak(who: int) -> float:
    """Largest memory in MB: of this process, or of the largest that it started."""
    return resource.getrusage(who).ru_maxrss / 1024


def cpu() -> float:
    """CPU seconds of this process and of those that it started and that ended."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


def main(
    published: Annotated[Path, typer.Argument(envvar="RSTHEORY_PUBLISHED_LOGS", help="Folder of the published logs.")],
    logs: Annotated[int, typer.Option(min=1)] = 2_600,
    jobs: Annotated[int, typer.Option(min=1)] = 2,
    seed: int = 0,
) -> None:
    """Time and memory of an atlas."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        copies(published, Path(folder, "logs"), logs, seed)
        cache = Path(folder, "cache.jsonl")
        for run in ("first", "second, from the cache"):
            used, start = cpu(), time.perf_counter()
            found = atlas([Path(folder, "logs")], jobs=jobs, cache=cache)
            read = time.perf_counter() - start
            standings(found)
            rows.append(
                {
                    "run": run,
                    "logs": len(found.rows),
                    "from the cache": found.reused,
                    "reading, s": read,
                    "comparing, s": time.perf_counter() - start - read,
                    "CPU, s": cpu() - used,
                    "own memory, MB": peak(resource.RUSAGE_SELF),
                    "each process, MB": peak(resource.RUSAGE_CHILDREN) if jobs > 1 else 0.0,
                    "cache, MB": cache.stat().st_size / 1e6,
                }
            )
    import pandas as pd  # after the measurement of memory

    from rstheory.tables import show

    show(f"atlas of {logs:,} logs, {jobs} processes", pd.DataFrame(rows), dict.fromkeys(list(rows[0])[3:], ".1f"))


if __name__ == "__main__":
    typer.run(main)
