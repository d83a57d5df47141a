"""Reading certification logs: one file, or all that lie below some folders.

The format is the one that the field shares since Cohen, Rosenfeld and Kolter (2019): tab-separated, one line a sample,
`idx label predict radius correct time`, predict -1 for an abstention. Our own logs append `count n n0 alpha sigma
counts seed`. The column time and our n0, counts and seed are not looked at here.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rstheory import _check
from rstheory.audit.format import COLUMNS, Cells, Flags, Integers, Table, decimals, header_names, integers, split
from rstheory.audit.lint import Rows, lint, plural
from rstheory.audit.log import ABSTAINED, CertificationLog, Warning

DEFAULT_N, DEFAULT_ALPHA = 100_000, 1e-3  # the field's standard since Cohen et al.

_SIGMA_IN_NAME = re.compile(r"(?<![a-z])(?:noise|sigma)[_=-]?((?:0|[1-9]\d*)(?:\.\d+)?)(?!\.?\d)", re.IGNORECASE)
_HEADER_BYTES = 4096  # a header is looked for in so much of a file
_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
_SEPARATORS = {rb",": "commas", rb";": "semicolons", rb"[ \t]+": "spaces", rb"[,; \t]+": "commas and spaces"}
_EXPECTED = f"a certification log starts with the tab-separated header {' '.join(COLUMNS)}"


def read_log(
    path: str | os.PathLike[str], sigma: float | None = None, n: int | None = None, alpha: float | None = None
) -> CertificationLog:
    """Read one certification log, check it, and say in `warnings` what was found and what became of the rows concerned.

    path: a file, whatever its name. sigma: noise level; if not given, it is taken from the file's own column, else from
    the name of the file or of the nearest folder around it (noise_0.50, sigma_0.25). n, alpha: the budget it was
    certified with; if not given, from the file's own columns, else 100,000 and 0.001. What is given and contradicts the
    file's columns is refused; a name is only a hint, and gives way to both, with a warning where sigma is given.

    The rows stay in the order of the file. `rstheory.audit.lint` says what is checked, and
    `rstheory.audit.format.half_units` how it is told by how much a printed radius may have been rounded up.

    Raises ValueError, naming file and line, if the file is no such log, if no row of it can be read, if it mixes
    budgets or noise levels, or if sigma cannot be found; OSError if the file cannot be opened.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "noise_0.50.tsv")
    ...     text = ["idx label predict radius correct time", "0 3 3 1.15 1 0:00:08", "1 8 -1 0.0 0 0:00:08"]
    ...     _ = path.write_text("\\n".join(text).replace(" ", "\\t"))
    ...     log = read_log(path)
    >>> log.sigma, log.n, log.samples, f"{log.acr:.3f}", log.warnings[0].code
    (0.5, 100000, 2, '0.575', 'rounded-radius')
    """
    if sigma is not None:
        _check.positive("sigma", sigma)
    if n is not None:
        _check.scalar_int("n", _check.budget("n", n))
    if alpha is not None:
        _check.level("alpha", alpha)
    name = os.fspath(path)
    rows, columns, warnings = _parse(name, _table(name, Path(path).read_bytes()))
    given = {"sigma": sigma, "n": n, "alpha": alpha}
    for parameter, value in columns.items():
        if given[parameter] is not None and given[parameter] != value:
            raise ValueError(f"{name}: {parameter}={given[parameter]} is not allowed: the log itself says {value}")
        given[parameter] = value
    if given["sigma"] is None:
        sigma = sigma_from_name(name)
    else:
        sigma = float(given["sigma"])
        warnings += [] if "sigma" in columns else _against_name(name, sigma, len(rows))
    n = int(given["n"] or DEFAULT_N)
    alpha = float(given["alpha"] or DEFAULT_ALPHA)
    if np.any(above := rows.count > n):
        row = int(np.argmax(above))
        raise ValueError(
            f"{name}, line {rows.line[row]}: count={rows.count[row]} is not allowed: there are n={n} draws"
        )
    checked = lint(rows, sigma, n, alpha)
    if not len(checked.rows):
        raise ValueError(f"{name}, line {rows.line[0]}: no row can be used, all radii are non-finite")
    rows = checked.rows
    return CertificationLog(
        path=name,
        index=rows.index,
        label=rows.label,
        predict=rows.predict,
        radius=checked.radius,
        half_unit=checked.half_unit,
        correct=rows.correct,
        count=rows.count,
        sigma=sigma,
        n=n,
        alpha=alpha,
        warnings=(*warnings, *checked.warnings),
    )


def sigma_from_name(path: str) -> float:
    """Noise level told by the name of a file, or else of the nearest folder around it; ValueError if none tells one.

    >>> sigma_from_name("logs/noise_1.0/test/sigma_0.25.tsv"), sigma_from_name("logs/noise_1.0/test.tsv")
    (0.25, 1.0)
    """
    name, told = _told_by_name(path)
    if len(told) > 1:
        raise ValueError(f"{path}: sigma is unclear, {name!r} names {told}: pass sigma=...")
    if told:
        return told[0]
    raise ValueError(
        f"{path}: sigma is not known: the log has no column sigma, and no name on its path reads like noise_0.50,"
        " noise_0.5.tsv or sigma_0.25; pass sigma=... (rstheory audit --sigma)"
    )


def _told_by_name(path: str) -> tuple[str, list[float]]:
    """The name of the file, or of the nearest folder around it, that tells noise levels, and these; ("", []) if none.

    More than one level contradict each other; a single one that no noise can have is as good as none.
    """
    whole = Path(os.path.abspath(path))
    for place in (whole, *whole.parents):
        told = sorted({float(number) for number in _SIGMA_IN_NAME.findall(place.name)})
        if len(told) > 1 or (told and 0 < told[0] < float("inf")):
            return place.name, told
    return "", []


def _against_name(path: str, sigma: float, rows: int) -> list[Warning]:
    """The finding that the noise level given is not among those that the log's name tells, where it tells any."""
    name, told = _told_by_name(path)
    if not told or sigma in told:
        return []
    named = " and ".join(f"{other:g}" for other in told)
    message = (
        f"sigma={sigma:g} was given, but the name {name!r} says sigma={named}: all {plural(rows, 'row')} are taken as"
        f" certified at sigma={sigma:g}; if the name is right, leave sigma (--sigma) out"
    )
    return [Warning("sigma-against-name", rows, None, message)]


@dataclass(frozen=True)
class Found:
    """What lies below some paths.

    logs: files that are or claim to be logs, in a fixed order, each once. skipped: (path, reason) of what is no log.
    errors: (path, reason) of what could not be looked at.
    """

    logs: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]
    errors: tuple[tuple[str, str], ...]


def find_logs(paths: Iterable[str | os.PathLike[str]]) -> Found:
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
            errors.append((path, f"no certification log in this folder: {_EXPECTED}"))
    return Found(tuple(logs.values()), tuple(skipped), tuple(errors))


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
            skipped.append((entry.path, "hidden"))
        elif entry.is_dir(follow_symlinks=False):
            yield from _files_below(entry.path, skipped, errors)
        else:
            yield entry.path


def _why_no_log(path: str) -> str | None:
    """Why a file is no certification log, None if it starts like one. Reads its first bytes only."""
    if not stat.S_ISREG(os.stat(path).st_mode):  # a pipe would wait forever, a link may lead to a folder
        return "not a regular file"
    with open(path, "rb", buffering=0) as file:
        head = file.read(_HEADER_BYTES)
    if not head:
        return "empty file"
    header = head.partition(b"\n")[0]
    if header_names(header):
        return None
    reason = _why_no_header(header)
    return "does not start with the header of a certification log" + (f": {reason}" if reason else "")


def _table(path: str, content: bytes) -> Table:
    """The cells below the header; refuses what has no header or no row."""
    if not content.strip():
        raise ValueError(f"{path}, line 1: the file is empty; {_EXPECTED}")
    header = content.partition(b"\n")[0]
    if (names := header_names(header)) is None:
        reason = _why_no_header(header)
        if header.startswith(tuple(_COMPRESSED)):
            raise ValueError(f"{path}, line 1: {reason}")  # what is in it says nothing to a reader
        why = f"{reason}; " if reason else ""
        raise ValueError(f"{path}, line 1: {_shown(header)} is not the header: {why}{_EXPECTED}")
    return split(content, names)


def _why_no_header(line: bytes) -> str | None:
    """What is wrong with a first line that is no header, where it can be told.

    >>> _why_no_header(b"idx,label,predict,radius,correct,time\\r")
    'its names are separated by commas: separate the columns by tabs instead'
    >>> _why_no_header(b"hello"), _why_no_header(b"\\x1f\\x8b\\x08")
    (None, 'compressed (gzip): unpack it first')
    """
    for start, kind in _COMPRESSED.items():
        if line.startswith(start):
            return f"compressed ({kind}): unpack it first"
    for pattern, separators in _SEPARATORS.items():
        if header_names(re.sub(pattern, b"\t", line.strip())) is not None:
            return f"its names are separated by {separators}: separate the columns by tabs instead"
    return None


def _shown(text: bytes) -> str:
    """Text of a file for a message, whatever bytes it holds, on one line and not longer than a line."""
    shown = repr(text[:80].decode("utf-8", "backslashreplace"))
    return f"{shown}..." if len(text) > 80 else shown


def _parse(path: str, table: Table) -> tuple[Rows, dict[str, float], list[Warning]]:
    """Rows that can be parsed, the sigma, n and alpha that the file has columns for, and findings on the rest."""
    cells = table.columns
    whole: dict[str, Integers] = {}
    valid: dict[str, Flags] = {}
    for name, least in (("idx", 0), ("label", 0), ("predict", ABSTAINED), ("count", 0), ("n", 1)):
        if name in cells:
            whole[name], parsed = integers(cells[name])
            valid[name] = parsed & (whole[name] >= least)
    if "count" in whole and "n" in whole:
        valid["count"] &= whole["count"] <= whole["n"]
    correct, valid["correct"] = _flags(cells["correct"])
    printed = decimals(cells["radius"])
    valid["radius"] = printed.parsed
    settings = {name: decimals(cells[name]) for name in ("sigma", "alpha") if name in cells}
    for name, setting in settings.items():
        valid[name] = setting.parsed & (setting.value > 0) & (setting.value < (1 if name == "alpha" else np.inf))
    good = np.logical_and.reduce(list(valid.values()))
    warnings = _unparsed(path, table, good, valid)
    rows = Rows(
        line=table.line,
        index=whole["idx"],
        label=whole["label"],
        predict=whole["predict"],
        printed=printed,
        correct=correct,
        count=whole.get("count", np.full(len(good), -1)),
    )
    if not np.any(good):
        if not len(good) and not table.odd:
            raise ValueError(f"{path}, line 2: the log has a header and no row below it")
        raise ValueError(f"{path}, line {warnings[0].line}: no row can be read; {warnings[0].message}")
    columns: dict[str, float] = {}
    for name, values in ([("n", whole["n"])] if "n" in whole else []) + [(k, v.value) for k, v in settings.items()]:
        first = values[good][0].item()
        if np.any(other := good & (values != first)):
            row = int(np.argmax(other))
            raise ValueError(
                f"{path}, line {table.line[row]}: {name}={values[row]} where the rows above have {name}={first}:"
                " a log must come from one noise level and one budget; split it"
            )
        columns[name] = first
    return (rows if np.all(good) else rows[good]), columns, warnings


def _flags(cells: Cells) -> tuple[Flags, Flags]:
    """The column correct, 0 or 1 (some programs write False and True), and which cells are one of these."""
    value, parsed = integers(cells)
    for row in np.flatnonzero(~parsed):
        word = cells.text(int(row))
        value[row], parsed[row] = word == b"True", word in (b"True", b"False")
    return value == 1, parsed & ((value == 0) | (value == 1))


def _unparsed(path: str, table: Table, good: Flags, valid: dict[str, Flags]) -> list[Warning]:
    """Findings on the lines that are no rows: headers once more, and lines that are cut or garbled."""
    if np.all(good) and not table.odd:
        return []
    lines = []
    for number, text in table.odd:
        cells = text.count(b"\t") + 1
        lines.append((number, text, f"{plural(cells, 'column')} where {len(table.names)} are expected"))
    for row in map(int, np.flatnonzero(~good)):
        column = next(name for name, ok in valid.items() if not ok[row])
        problem = f"{column}={_shown(table.columns[column].text(row))}"
        lines.append((int(table.line[row]), table.text(row), problem))
    lines.sort()
    headers: list[tuple[int, str]] = []
    broken: list[tuple[int, str]] = []
    for number, text, problem in lines:
        names = header_names(text)
        if names is not None and names != table.names:
            raise ValueError(
                f"{path}, line {number}: a second header with other columns ({' '.join(names)}), so that the rows below"
                " it mean something else; split the log there"
            )
        (broken if names is None else headers).append((number, problem))
    found = []
    if broken:
        message = f"{plural(len(broken), 'line')} cut off or garbled: left out (line {broken[0][0]}: {broken[0][1]})"
        found.append(Warning("truncated-line", len(broken), broken[0][0], message))
    if headers:
        message = f"{plural(len(headers), 'line')} with the header once more, as where runs were appended: left out"
        found.append(Warning("repeated-header", len(headers), headers[0][0], message))
    return found
