"""From folders to an atlas: logs are read one after the other, in several processes, and only their summaries stay."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from rstheory._progress import Progress, silent
from rstheory.atlas import cache as caches
from rstheory.atlas.cache import Kept
from rstheory.atlas.grid import Images
from rstheory.atlas.rules import GAUSSIAN, Named, Rules, shipped
from rstheory.atlas.summary import BUDGETS, Summary, summarise, unreadable
from rstheory.logs.chunks import chunk_sets
from rstheory.logs.find import find_logs
from rstheory.logs.read import read_logs


@dataclass(frozen=True, eq=False)
class Atlas:
    """Summaries of many logs.

    rows: one for each log, in a fixed order; a log that could not be read is a row that says why. images: by digest,
    what the rows are about. n, alpha: the common budget. skipped: (path, reason) of files that are no logs, those
    that look as if they meant to be. reused: how many rows were taken from the cache. refused: why the cache was not
    used, or "".
    """

    rows: tuple[Summary, ...]
    images: dict[str, Images]
    n: int
    alpha: float
    skipped: tuple[tuple[str, str], ...] = ()
    reused: int = 0
    refused: str = ""

    @property
    def unreadable(self) -> tuple[Summary, ...]:
        """Rows of what could not be read."""
        return tuple(row for row in self.rows if row.error)


@dataclass(frozen=True)
class _Task:
    """One log, or the chunks of one run: names in the atlas and files; with all that its rows depend on."""

    paths: tuple[tuple[str, str], ...]
    rules: Rules = field(repr=False)
    n: int
    alpha: float
    budgets: tuple[int, ...]


def atlas(
    folders: Sequence[str | os.PathLike[str]],
    *,
    n: int = 100_000,
    alpha: float = 1e-3,
    budgets: Sequence[int] = BUDGETS,
    rules: Rules | None = None,
    jobs: int = 1,
    cache: Path | None = None,
    progress: Progress = silent,
) -> Atlas:
    """Summaries of all certification logs below some folders.

    n, alpha: the common budget: see `summary.summarise`. budgets: at which ACR is computed. rules: what paths say;
    default: those that come with the package. jobs: processes. cache: a file of summaries; those of logs that have not
    changed are taken from it, and it is written anew at the end. A cache that is damaged is not used, and `refused`
    says why.

    The rows do not depend on the number of jobs. ValueError where n, alpha or jobs make no sense.
    """
    if jobs < 1:
        raise ValueError(f"jobs={jobs} is not allowed: one process at least")
    known = rules or shipped()
    found = find_logs(folders)
    roots = [os.path.abspath(folder) for folder in folders]
    tasks = [
        _Task(tuple((_name(path, roots), path) for path in chunks), known, n, alpha, tuple(budgets))
        for chunks in chunk_sets(found.logs)
    ]
    earlier, refused = _earlier(cache)
    done: dict[int, Kept] = {}
    keys: dict[int, str] = {}
    with progress(len(tasks)) as advance:
        for number, task in enumerate(tasks if cache is not None else ()):
            try:
                keys[number] = caches.key(task.paths, known, n, alpha, budgets)
            except OSError:
                continue  # reading it says what is wrong
            if keys[number] in earlier:
                done[number] = earlier[keys[number]]
                advance(1)
        reused = sum(len(kept.rows) for kept in done.values())
        left = [(number, task) for number, task in enumerate(tasks) if number not in done]
        try:
            for number, kept in _made(left, jobs):
                done[number] = kept
                advance(1)
        finally:
            if cache is not None:
                caches.write(cache, {keys[i]: kept for i, kept in sorted(done.items()) if i in keys})
    images: dict[str, Images] = {}
    rows = [unreadable(_name(path, roots), known.name(path), reason) for path, reason in found.errors]
    for _, kept in sorted(done.items()):
        rows += kept.rows
        for digest, those in kept.images.items():
            images.setdefault(digest, those)
    skipped = tuple((_name(path, roots), reason) for path, reason in found.doubtful)
    return Atlas(tuple(rows), images, n, alpha, skipped, reused, refused)


def _earlier(cache: Path | None) -> tuple[dict[str, Kept], str]:
    """What a cache holds, and why it is not used."""
    if cache is None:
        return {}, ""
    try:
        return caches.read(cache), ""
    except caches.CorruptedCacheError as error:
        return {}, str(error)


def _name(path: str, roots: Sequence[str]) -> str:
    """What a file is called in an atlas: the name of the folder given, and the way from there; / between folders."""
    full = os.path.abspath(path)
    root = next((root for root in roots if os.path.commonpath([root, full]) == root), os.path.dirname(full))
    return Path(os.path.relpath(full, os.path.dirname(root))).as_posix()


def _made(tasks: Sequence[tuple[int, _Task]], jobs: int) -> Iterator[tuple[int, Kept]]:
    """The rows of each task, as they are done."""
    if jobs == 1 or len(tasks) < 2:
        for number, task in tasks:
            yield number, _rows(task)
        return
    # A fresh start of each process: a fork would copy locks that a thread of this one may hold.
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        numbers = {pool.submit(_rows, task): number for number, task in tasks}
        for future in as_completed(numbers):
            yield numbers.pop(future), future.result()


def _rows(task: _Task) -> Kept:
    """Read a log, or the chunks of a run, and say what an atlas keeps of it."""
    names = {path: name for name, path in task.paths}
    named = {path: task.rules.name(path) for path in names}
    first = task.paths[0][1]
    rows: list[Summary] = []
    images: dict[str, Images] = {}
    told = named[first]
    for log in read_logs(list(names), _sigma(told), told.n, told.alpha):
        if isinstance(log, tuple):
            path, error = log
            reason = (isinstance(error, OSError) and error.strerror) or str(error)
            reason = reason.removeprefix(f"{path}: ").removeprefix(f"{path}, ")
            rows.append(unreadable(names[path], named[path], reason))
            continue
        called = names.get(log.path) or Path(names[first]).with_name(Path(log.path).name).as_posix()
        of = named.get(log.path, told)
        try:
            row, those = summarise(log, called, of, task.n, task.alpha, task.budgets)
        except (ValueError, ArithmeticError) as error:  # one log that defeats us must not cost the others
            rows.append(unreadable(called, of, f"read, but not summarised: {error}"))
            continue
        rows.append(row)
        images[those.key] = those
    return Kept(tuple(rows), images)


def _sigma(named: Named) -> float | None:
    """The noise level to read a log with: the rule's; 1 where radii are of another kind, and nothing scales with it."""
    return named.sigma if named.certificate == GAUSSIAN else named.sigma or 1.0
