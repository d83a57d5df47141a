"""From the bytes of a log to its rows: what every cell says, what made the rows, and which lines are no rows.

The format is the one that the field shares since Cohen, Rosenfeld and Kolter (2019): tab-separated, one line per
sample. `schema` declares the columns. Nothing is checked here but that a cell can be read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rstheory._words import plural
from rstheory.logs.cells import Cells, Decimals, Flags, Integers, Table, decimals, integers, split
from rstheory.logs.finding import Finding
from rstheory.logs.schema import COLUMNS, EXPECTED, header_names, is_compressed, why_no_header

UNREADABLE = -2  # counts of a cell that holds something else
_ORIGIN = ("n0", "seed", "tau", "noise", "dtype", "weights", "data", "software")


@dataclass(frozen=True)
class Origin:
    """What made the rows of a log beside noise level and budget; None where the log does not tell.

    n0: selection draws. seed: of the noise. tau: total variation between the noise as drawn and Gaussian noise. noise:
    its generator. dtype: arithmetic of the network. weights: digest of its weights. data: data set and its digest.
    software: releases. Where rows differ, all values in the order of the rows, with "; " between them, and None for
    numbers.
    """

    n0: int | None = None
    seed: int | None = None
    tau: float | None = None
    noise: str | None = None
    dtype: str | None = None
    weights: str | None = None
    data: str | None = None
    software: str | None = None


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of one log that could be read, in the order of the file; line is the 1-based line in the file.

    count is -1 where the log does not tell; counts, of every class, has the shape (rows, classes), with -1 in rows that
    do not tell and `UNREADABLE` in those that cannot be read, or is None.
    """

    line: Integers
    index: Integers
    label: Integers
    predict: Integers
    printed: Decimals
    correct: Flags
    count: Integers
    counts: Integers | None = None

    def __len__(self) -> int:
        return len(self.line)

    def __getitem__(self, rows: NDArray[np.bool_ | np.int64]) -> Rows:
        return Rows(
            line=self.line[rows],
            index=self.index[rows],
            label=self.label[rows],
            predict=self.predict[rows],
            printed=self.printed[rows],
            correct=self.correct[rows],
            count=self.count[rows],
            counts=None if self.counts is None else self.counts[rows],
        )


@dataclass(frozen=True, eq=False)
class Parsed:
    """What a log says: its rows, the sigma, n and alpha that it has columns for, its origin, and what was found."""

    rows: Rows
    settings: dict[str, float]
    origin: Origin
    findings: tuple[Finding, ...]


def parse(path: str, content: bytes) -> Parsed:
    """Read the cells of a log. path: for messages.

    ValueError, naming file and line, if it has no header, no row that can be read, or rows of several budgets or noise
    levels.
    """
    table = _table(path, content)
    cells = table.columns
    numbers: dict[str, Integers] = {}
    valid: dict[str, Flags] = {}
    for name in ("idx", "label", "predict", "count", "n"):
        if name in cells:
            numbers[name], readable = integers(cells[name])
            valid[name] = readable & (numbers[name] >= COLUMNS[name].least)
    if "count" in numbers and "n" in numbers:
        valid["count"] &= numbers["count"] <= numbers["n"]
    correct, valid["correct"] = _flags(cells["correct"])
    printed = decimals(cells["radius"])
    valid["radius"] = printed.parsed
    levels = {name: decimals(cells[name]) for name in ("sigma", "alpha") if name in cells}
    for name, level in levels.items():
        valid[name] = level.parsed & (level.value > 0) & (level.value < (1 if name == "alpha" else np.inf))
    good = np.logical_and.reduce(list(valid.values()))
    findings = _unparsed(path, table, good, valid)
    if not np.any(good):
        if not len(good) and not table.odd:
            raise ValueError(f"{path}, line 2: the log has a header and no row below it")
        raise ValueError(f"{path}, line {findings[0].line}: no row can be read; {findings[0].message}")
    rows = Rows(
        line=table.line,
        index=numbers["idx"],
        label=numbers["label"],
        predict=numbers["predict"],
        printed=printed,
        correct=correct,
        count=numbers.get("count", np.full(len(good), -1)),
        counts=_class_counts(cells["counts"]) if "counts" in cells else None,
    )
    columns: dict[str, NDArray[Any]] = {"n": numbers["n"]} if "n" in numbers else {}
    columns |= {name: level.value for name, level in levels.items()}
    settings = {name: _only_value(path, table.line[good], name, values[good]) for name, values in columns.items()}
    origin, mixed = _origin(table, good)
    return Parsed(rows if np.all(good) else rows[good], settings, origin, (*findings, *mixed))


def shown(text: bytes) -> str:
    """Text of a file for a message, whatever bytes it holds, on one line and not longer than a line."""
    start = repr(text[:80].decode("utf-8", "backslashreplace"))
    return f"{start}..." if len(text) > 80 else start


def _table(path: str, content: bytes) -> Table:
    """The cells below the header; refuses what has no header or no row."""
    if not content.strip():
        raise ValueError(f"{path}, line 1: the file is empty; {EXPECTED}")
    header = content.partition(b"\n")[0]
    if (names := header_names(header)) is None:
        reason = why_no_header(header)
        if is_compressed(header):
            raise ValueError(f"{path}, line 1: {reason}")  # what is in it says nothing to a reader
        why = f"{reason}; " if reason else ""
        raise ValueError(f"{path}, line 1: {shown(header)} is not the header: {why}{EXPECTED}")
    return split(content, names)


def _only_value(path: str, lines: Integers, name: str, values: NDArray[Any]) -> float:
    """The value that all rows have, or ValueError."""
    first: float = values[0].item()
    if np.any(other := values != first):
        row = int(np.argmax(other))
        raise ValueError(
            f"{path}, line {lines[row]}: {name}={values[row]} where the rows above have {name}={first}:"
            " a log must come from one noise level and one budget; split it"
        )
    return first


def _flags(cells: Cells) -> tuple[Flags, Flags]:
    """The column correct, 0 or 1 (some programs write False and True), and which cells are one of these."""
    value, readable = integers(cells)
    for row in np.flatnonzero(~readable):
        word = cells.text(int(row))
        value[row], readable[row] = word == b"True", word in (b"True", b"False")
    return value == 1, readable & ((value == 0) | (value == 1))


def _class_counts(cells: Cells) -> Integers | None:
    """Counts of every class, shape (rows, classes); -1 in rows that are empty, `UNREADABLE` in other rows without."""
    texts = [cells.text(row) for row in range(len(cells.start))]
    parts = [text.split(b",") for text in texts]
    widths, times = np.unique([len(part) for part, text in zip(parts, texts, strict=True) if text], return_counts=True)
    if not len(widths):
        return None  # nothing is told
    classes = int(widths[np.argmax(times)])
    readable = np.array(
        [len(part) == classes and all(c.isdigit() and len(c) <= 18 for c in part) for part in parts], dtype=bool
    )
    empty = np.array([not text for text in texts], dtype=bool)
    counts = np.where(empty, -1, UNREADABLE)[:, None].repeat(classes, axis=1)
    if np.any(readable):
        cells_read = b",".join(text for text, fine in zip(texts, readable, strict=True) if fine)
        counts[readable] = np.array(cells_read.split(b","), dtype="S18").astype(np.int64).reshape(-1, classes)
    return counts


def _origin(table: Table, good: Flags) -> tuple[Origin, list[Finding]]:
    """What made the rows, and the finding that they are of several runs where what must not differ does."""
    values: dict[str, Any] = {}
    mixed: list[str] = []
    first_line: list[int] = []
    rows = np.flatnonzero(good)
    for name in (name for name in _ORIGIN if name in table.columns):
        cells = table.columns[name]
        texts = [cells.text(int(row)).decode("utf-8", "backslashreplace") for row in rows]
        distinct = list(dict.fromkeys(texts))
        values[name] = _value(name, distinct)
        if len(distinct) > 1 and COLUMNS[name].identity:
            mixed.append(f"{name} is {distinct[0]} and {distinct[1]}" + (" and others" if distinct[2:] else ""))
            first_line.append(int(table.line[rows[next(i for i, text in enumerate(texts) if text != distinct[0])]]))
    if not mixed:
        return Origin(**values), []
    message = f"rows of more than one run: {'; '.join(mixed)}. They are kept, and taken as one log"
    return Origin(**values), [Finding("mixed-origin", len(rows), min(first_line), message)]


def _value(name: str, texts: list[str]) -> int | float | str | None:
    """The one value of a column of the origin, or all of them where it is text."""
    kind = COLUMNS[name].kind
    if kind == "text":
        return "; ".join(texts)
    try:
        return (int(texts[0]) if kind == "integer" else float(texts[0])) if len(texts) == 1 else None
    except ValueError:
        return None


def _unparsed(path: str, table: Table, good: Flags, valid: dict[str, Flags]) -> list[Finding]:
    """Findings on the lines that are no rows: headers once more, and lines that are cut or garbled."""
    if np.all(good) and not table.odd:
        return []
    lines = []
    for number, text in table.odd:
        cells = text.count(b"\t") + 1
        lines.append((number, text, f"{plural(cells, 'column')} where {len(table.names)} are expected"))
    for row in map(int, np.flatnonzero(~good)):
        column = next(name for name, fine in valid.items() if not fine[row])
        problem = f"{column}={shown(table.columns[column].text(row))}"
        lines.append((int(table.line[row]), table.text(row), problem))
    lines.sort()
    header = "\t".join(table.names).encode()
    headers: list[tuple[int, str]] = []
    broken: list[tuple[int, str]] = []
    for number, text, problem in lines:
        cut_off = text != header and header.startswith(text)
        names = None if cut_off else header_names(text)
        if names is not None and names != table.names:
            raise ValueError(
                f"{path}, line {number}: a second header with other columns ({' '.join(names)}), so that the rows below"
                " it mean something else; split the log there"
            )
        (broken if names is None else headers).append((number, problem))
    findings = []
    if broken:
        message = f"{plural(len(broken), 'line')} cut off or garbled: left out (line {broken[0][0]}: {broken[0][1]})"
        findings.append(Finding("truncated-line", len(broken), broken[0][0], message))
    if headers:
        message = f"{plural(len(headers), 'line')} with the header once more, as where runs were appended: left out"
        findings.append(Finding("repeated-header", len(headers), headers[0][0], message))
    return findings
