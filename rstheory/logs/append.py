"""A log that a killed run cannot lose: appended a whole line at a time, repaired and continued where it stopped.

A run that shares its samples among processes writes one part a process beside the log (`LOG.part-0`, ...). Whoever
opens the log next collects the parts, whatever the number of processes was or becomes.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from rstheory._files import atomic_write
from rstheory.logs.schema import OPEN, Format


class RunLog:
    """The log of one run, or one process's part of it, open for appending.

    path: the log. form: its columns. run: cells of the identity columns of this run, but for those of `schema.OPEN`
    that it leaves open. part: number of the process where
    several share the work. A log that is open elsewhere is refused.
    """

    def __init__(self, path: Path, form: Format, run: Mapping[str, str], part: int | None = None) -> None:
        self.path = path if part is None else path.with_name(f"{path.name}.part-{part}")
        if not set(form.identity) - set(OPEN) <= set(run) <= set(form.identity):
            raise ValueError(f"run={dict(run)} is not allowed: it must tell {', '.join(form.identity)}")
        self._form, self._run = form, run
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        # Opened for appending: a line goes to the end, whoever wrote there before.
        self._file = open(self.path, "ab", buffering=0)  # closed in __exit__
        try:
            _lock(self._file, self.path)
            if self._file.tell() == 0:
                self._write(self._form.header + "\n")
        except BaseException:
            self._file.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def append(self, lines: Iterable[str]) -> None:
        """Write lines that end up in the log whole or, if the disk is full, not at all; OSError then."""
        self._write("".join(line + "\n" for line in lines))

    def _write(self, text: str) -> None:
        assert self._file is not None, "used outside its `with` block"
        data, before = text.encode(), os.fstat(self._file.fileno()).st_size
        try:
            written = self._file.write(data)
            if written != len(data):
                raise OSError(f"wrote {written} of {len(data)} bytes: is the disk full?")
            os.fsync(self._file.fileno())
        except OSError as error:
            with contextlib.suppress(OSError):  # the next resume cuts a half line, too
                self._file.truncate(before)
            reason = f"{error.strerror or error}; what it held is safe, go on by --resume"
            raise OSError(error.errno, reason, str(self.path)) from error


def existing(path: Path) -> list[Path]:
    """The log and its parts, as far as they exist."""
    parts = sorted(path.parent.glob(f"{path.name}.part-*"), key=lambda p: int(p.name.rpartition("-")[2]))
    return [file for file in (path, *parts) if file.exists()]


def collect(path: Path, form: Format, run: Mapping[str, str], order: Mapping[int, int]) -> set[int]:
    """Bring the log and its parts into one log in the order of the samples, and return the indices that are done.

    A last line that was cut off is dropped, to be made again. order: index of each sample of this run -> its place.
    ValueError, naming file, line and column, where a row belongs to another run; nothing is changed then.
    """
    files = existing(path)
    rows: dict[int, str] = {}
    with contextlib.ExitStack() as stack:
        for file in files:
            _lock(stack.enter_context(open(file, "rb")), file)
        for file in files:
            for number, line in _whole_lines(file, form):
                index = _index(line, f"{file}, line {number}", form, run)
                if index not in order:
                    raise ValueError(
                        f"{file}, line {number}: idx={index} is not among the samples of this run; resume it with the"
                        " options that it was started with"
                    )
                kept = rows.setdefault(index, line)
                if _without_time(kept, form) != _without_time(line, form):
                    raise ValueError(f"{file}, line {number}: idx={index} stands there twice, with different results")
        text = "".join(line + "\n" for line in (form.header, *(rows[i] for i in sorted(rows, key=order.__getitem__))))
        if files and (len(files) > 1 or path.read_bytes() != text.encode()):
            with atomic_write(path) as part:
                part.write_bytes(text.encode())
        for file in files:
            if file != path:
                file.unlink()
    return set(rows)


def _lock(file: IO[bytes], path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ValueError(f"{path} is being written by another run; wait for it, or choose another file") from None


def _whole_lines(path: Path, form: Format) -> list[tuple[int, str]]:
    """Number and text of each row that was written whole, below the header."""
    complete = path.read_bytes().rpartition(b"\n")[0]
    if not complete:
        return []  # killed before its header was written
    header, *lines = complete.decode("utf-8", errors="replace").split("\n")
    if header != form.header:
        raise ValueError(
            f"{path}, line 1: this log was not written by this kind of run: expected the columns {form.header!r}"
        )
    return list(enumerate(lines, 2))


def _index(line: str, where: str, form: Format, run: Mapping[str, str]) -> int:
    """The sample of a row that belongs to this run."""
    cells = line.split("\t")
    if len(cells) != len(form.columns) or not cells[0].isdecimal():
        raise ValueError(f"{where}: {line[:80]!r} is not a row of this log; repair or remove the line")
    for name, cell in zip(form.columns, cells, strict=True):
        if name in run and run[name] != cell:
            raise ValueError(
                f"{where}: the log belongs to another run: it says {name}={cell}, this run has {name}={run[name]}"
            )
    return int(cells[0])


def _without_time(line: str, form: Format) -> list[str]:
    return [cell for name, cell in zip(form.columns, line.split("\t"), strict=True) if name != "time"]
