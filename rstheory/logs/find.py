"""Which files below some paths are certification logs."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rstheory.logs.dialect import decoded, heading
from rstheory.logs.packed import beginning
from rstheory.logs.schema import EXPECTED, header_names, is_compressed, why_no_header

_HEADER_BYTES = 4096  # a header is looked for in so much of a file
_HIDDEN, _NO_FILE = "hidden", "not a regular file"
_OTHER = "does not start with the header of a certification log"


@dataclass(frozen=True)
class FoundLogs:
    """What lies below some paths.

    logs: files that are or claim to be logs, in a fixed order, each once. skipped: (path, reason) of what is no log.
    errors: (path, reason) of what could not be looked at. doubtful: those of the skipped that look as if they meant to
    be logs: a column is missing, they are compressed, or empty.
    """

    logs: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]
    errors: tuple[tuple[str, str], ...]
    doubtful: tuple[tuple[str, str], ...] = ()


def find_logs(paths: Iterable[str | os.PathLike[str]]) -> FoundLogs:
    """Expand files and folders into certification logs, in the order given, folders sorted by name and depth first.

    A file that is named is taken as a log whatever is in it, so that reading it says what is wrong. In folders, a log
    is a file that starts with the field's header, whatever its name; only its first bytes are read. Everything else
    there is skipped with the reason, hidden files and folders unseen. Links to folders are not followed below a folder.
    A path that cannot be looked at, or a folder without any log, is an error in the result and raises nothing.
    """
    logs: dict[str, str] = {}  # real path -> path as found
    skipped: list[tuple[str, str]] = []
    errors: list[tuple[str, str]] = []
    for path in (os.fspath(path) for path in paths):
        try:
            is_folder = stat.S_ISDIR(os.stat(path).st_mode)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            errors.append((path, _reason(error)))
            continue
        if not is_folder:
            logs.setdefault(os.path.realpath(path), path)
            continue
        seen = False
        for file in _files_below(path, skipped, errors):
            try:
                reason = _why_no_log(file)
            except OSError as error:
                errors.append((file, _reason(error)))
                continue
            if reason is None:
                seen = True
                logs.setdefault(os.path.realpath(file), file)
            else:
                skipped.append((file, reason))
        if not seen:
            errors.append((path, f"no certification log in this folder: {EXPECTED}"))
    doubtful = tuple((path, reason) for path, reason in skipped if reason not in (_HIDDEN, _OTHER, _NO_FILE))
    return FoundLogs(tuple(logs.values()), tuple(skipped), tuple(errors), doubtful)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _files_below(folder: str, skipped: list[tuple[str, str]], errors: list[tuple[str, str]]) -> Iterator[str]:
    """Files below a folder, sorted; hidden folders go to `skipped`, unreadable ones to `errors`."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        errors.append((folder, _reason(error)))
        return
    for entry in entries:
        if entry.name.startswith("."):
            skipped.append((entry.path, _HIDDEN))
        elif entry.is_dir(follow_symlinks=False):
            yield from _files_below(entry.path, skipped, errors)
        else:
            yield entry.path


def _why_no_log(path: str) -> str | None:
    """Why a file is no certification log, None if it starts like one. Reads its first bytes only."""
    if not stat.S_ISREG(os.stat(path).st_mode):  # a pipe would wait forever, a link may lead to a folder
        return _NO_FILE
    with open(path, "rb", buffering=0) as file:
        head = beginning(file.read(_HEADER_BYTES), _HEADER_BYTES)
    if not head:
        return "empty file"
    header = head if is_compressed(head) else heading(decoded(head)).text
    if header_names(header):
        return None
    reason = why_no_header(header)
    return _OTHER + (f": {reason}" if reason else "")
