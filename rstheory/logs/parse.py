"""From the bytes of a log to its rows: what every cell says, what made the rows, and which lines are no rows.

The format is the one that the field shares since Cohen, Rosenfeld and Kolter (2019): tab-separated, one line per
sample. `schema` declares the columns. Nothing is checked here but that a cell can be read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rstheory._check import Float
from rstheory._words import plural
from rstheory.logs.cells import Cells, Decimals, Flags, Integers, Table, decimals, integers, split
from rstheory.logs.dialect import ABSTENTIONS, FALSE, MISSING, TRUE, decoded, heading, unwrapped, with_tabs
from rstheory.logs.finding import Finding
from rstheory.logs.origin import Origin, origin_of
from rstheory.logs.packed import unpacked
from rstheory.logs.schema import (
    ABSTAINED,
    COLUMNS,
    EXPECTED,
    header_names,
    is_compressed,
    separator_of,
    shown,
    why_no_header,
)

_SUMMARY = 20  # lines of other text, from which on they are called garbled; or a tenth of the rows
UNREADABLE = -2  # counts of a cell that holds something else
# Numbers that something is computed from: one that was cut off is still a number, and another one.
_USED_NUMBERS = ("idx", "label", "predict", "radius", "count", "n", "sigma", "alpha", "draws")


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of one log that could be read, in the order of the file; line is the 1-based line in the file.

    count is -1 where the log does not tell; counts, of every class, has the shape (rows, classes), with -1 in rows that
    do not tell and `UNREADABLE` in those that cannot be read, or is None. draws: of each row, where a rule stopped it.
    u: of the randomized bound, NaN where it cannot be read. varying: those of sigma, n and alpha that are not the same
    in all rows.
    """

    line: Integers
    index: Integers
    label: Integers
    predict: Integers
    printed: Decimals
    correct: Flags
    count: Integers
    counts: Integers | None = None
    draws: Integers | None = None
    u: Float | None = None
    varying: Mapping[str, NDArray[Any]] = field(default_factory=dict)

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
            draws=None if self.draws is None else self.draws[rows],
            u=None if self.u is None else self.u[rows],
            varying={name: values[rows] for name, values in self.varying.items()},
        )


@dataclass(frozen=True, eq=False)
class Parsed:
    """What a log says: its rows, the sigma, n and alpha that it has columns for, its origin, and what was found.

    settings: those that are the same in all rows; the others are in `rows.varying`. lines: of the file.
    """

    rows: Rows
    settings: dict[str, float]
    origin: Origin
    findings: tuple[Finding, ...]
    lines: int


def parse(path: str, content: bytes) -> Parsed:
    """Read the cells of a log. path: for messages.

    ValueError, naming file and line, if it has no header, no row that can be read, or more lines that cannot.
    """
    table, finished = _table(path, content)
    cells = table.columns
    numbers: dict[str, Integers] = {}
    valid: dict[str, Flags] = {}
    integral = [name for name in COLUMNS if name in cells and name in _USED_NUMBERS and COLUMNS[name].kind == "integer"]
    for name in integral:
        numbers[name], valid[name] = integers(cells[name])
    abstained, other = _abstentions(cells["predict"], numbers["predict"], valid["predict"])
    if "count" in cells:
        untold = _is_word(cells["count"], ~valid["count"], MISSING)
        numbers["count"][untold], valid["count"][untold] = -1, True
    for name, values in numbers.items():
        valid[name] &= values >= (-1 if name == "count" else COLUMNS[name].least)
    if "count" in numbers and "n" in numbers:
        valid["count"] &= numbers["count"] <= numbers["n"]
    correct, valid["correct"] = _flags(cells["correct"])
    valid["correct"] |= abstained & _is_word(cells["correct"], ~valid["correct"], MISSING)
    printed = decimals(cells["radius"])
    nothing = _is_word(cells["radius"], ~printed.parsed, ABSTENTIONS | MISSING)
    nothing &= abstained | (cells["radius"].stop > cells["radius"].start)
    printed.value[nothing & ~abstained] = np.nan
    valid["radius"] = printed.parsed | nothing
    levels = {which: decimals(cells[which]) for which in ("sigma", "alpha") if which in cells}
    for which, level in levels.items():
        valid[which] = level.parsed & (level.value > 0) & (level.value < (1 if which == "alpha" else np.inf))
    cut = np.zeros(len(table.line), bool)
    if len(cut) and not finished and table.line[-1] == table.last_line:
        cut[-1] = table.names[-1] in _USED_NUMBERS
    good = np.logical_and.reduce([*valid.values(), ~cut])
    findings = _unparsed(path, table, good, valid)
    if not np.any(good):
        if not len(good) and not table.odd:
            raise ValueError(f"{path}, line {table.last_line}: the log has a header and no row below it")
        raise ValueError(f"{path}, line {findings[0].line}: no row can be read; {findings[0].message}")
    for finding in findings:
        if finding.code == "truncated-line" and finding.rows > int(np.sum(good)):
            raise ValueError(
                f"{path}, line {finding.line}: most lines cannot be read, so that nothing can be said about the others:"
                f" {finding.message}"
            )
    if not finished and good[-1:].any() and table.line[-1] == table.last_line:
        message = "the last line has no newline at its end, as where a run was cut off: its row is kept"
        findings.append(Finding("unfinished-line", 1, table.last_line, message))
    other &= good
    if np.any(other):
        findings.append(_other_abstentions(table, other))
    rows = Rows(
        line=table.line,
        index=numbers["idx"],
        label=numbers["label"],
        predict=numbers["predict"],
        printed=printed,
        correct=correct,
        count=numbers.get("count", np.full(len(good), -1)),
        counts=_class_counts(cells["counts"]) if "counts" in cells else None,
        draws=_stopped_after(numbers, "rule" in cells),
        u=_uniforms(cells["u"]) if "u" in cells else None,
    )
    rows = rows if np.all(good) else rows[good]
    columns: dict[str, NDArray[Any]] = {"n": numbers["n"][good]} if "n" in numbers else {}
    columns |= {name: level.value[good] for name, level in levels.items()}
    settings = {name: values[0].item() for name, values in columns.items() if np.all(values == values[0])}
    varying = {name: values for name, values in columns.items() if name not in settings}
    origin, mixed = origin_of(table, good)
    return Parsed(replace(rows, varying=varying), settings, origin, (*findings, *mixed), table.last_line)


def _table(path: str, content: bytes) -> tuple[Table, bool]:
    """The cells below the header, and whether the last line ends; refuses what has no header or no row."""
    try:
        content = unpacked(content)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    if not content.strip(b"\0 \t\r\n\xff\xfe"):
        raise ValueError(f"{path}, line 1: the file is empty; {EXPECTED}")
    if is_compressed(content[:16]):
        raise ValueError(f"{path}, line 1: {why_no_header(content[:16])}")  # what is in it says nothing to a reader
    content = decoded(content)
    head = heading(content)
    if (names := header_names(head.text)) is None or (separator := separator_of(head.text)) is None:
        reason = why_no_header(head.text)
        why = f"{reason}; " if reason else ""
        raise ValueError(f"{path}, line {head.number}: {shown(head.text)} is not the header: {why}{EXPECTED}")
    text = with_tabs(content[head.start :] if head.start else content, separator)
    return split(text, names, head.number), content.endswith(b"\n")


def _is_word(cells: Cells, rows: Flags, words: frozenset[bytes]) -> Flags:
    """Which cells, among some rows, hold one of some words, in any letters."""
    result = np.zeros(len(rows), bool)
    for row in np.flatnonzero(rows):
        result[row] = unwrapped(cells.text(int(row))).lower() in words
    return result


def _abstentions(cells: Cells, predict: Integers, readable: Flags) -> tuple[Flags, Flags]:
    """Which rows abstain, and which say so by another code than -1; their predictions become -1."""
    words = _is_word(cells, ~readable, ABSTENTIONS)
    other = words | (readable & (predict < ABSTAINED))
    predict[other], readable[words] = ABSTAINED, True
    return readable & (predict == ABSTAINED), other


def _other_abstentions(table: Table, rows: Flags) -> Finding:
    cells = table.columns["predict"]
    codes = list(dict.fromkeys(shown(cells.text(int(row)))[1:-1] for row in np.flatnonzero(rows)))
    named = ", ".join(codes[:4]) + (", ..." if codes[4:] else "")
    number = int(np.sum(rows))
    message = f"{plural(number, 'row')} whose predict is {named}, which is no class: count as abstentions"
    return Finding("other-abstention", number, int(table.line[rows][0]), message)


def _flags(cells: Cells) -> tuple[Flags, Flags]:
    """The column correct, 0 or 1 or a word for it, and which cells are one of these."""
    value, readable = integers(cells)
    for words, meaning in ((TRUE, 1), (FALSE, 0)):
        said = _is_word(cells, ~readable, words)
        value[said], readable[said] = meaning, True
    return value == 1, readable & ((value == 0) | (value == 1))


def _stopped_after(numbers: Mapping[str, Integers], rule: bool) -> Integers | None:
    """Draws of each row; None where they are n in every row and no rule is named, so that they were fixed."""
    draws = numbers.get("draws")
    if rule:
        return numbers.get("n") if draws is None else draws  # n is the most that there can have been
    return None if draws is not None and "n" in numbers and np.array_equal(draws, numbers["n"]) else draws


def _uniforms(cells: Cells) -> Float:
    """Numbers in [0, 1], NaN for what is none."""
    told = decimals(cells)
    return np.where(told.parsed & (told.value >= 0) & (told.value <= 1), told.value, np.nan)


def _class_counts(cells: Cells) -> Integers | None:
    """Counts of every class, shape (rows, classes); -1 in rows that are empty, `UNREADABLE` in other rows without."""
    texts = [cells.text(row) for row in range(len(cells.start))]
    widths, times = np.unique([text.count(b",") + 1 for text in texts if text], return_counts=True)
    if not len(widths):
        return None  # nothing is told
    classes = int(widths[np.argmax(times)])
    whole = re.compile(rb"\d{1,18}(?:,\d{1,18}){%d}" % (classes - 1))
    readable = np.array([whole.fullmatch(text) is not None for text in texts], dtype=bool)
    empty = np.array([not text for text in texts], dtype=bool)
    counts = np.where(empty, -1, UNREADABLE)[:, None].repeat(classes, axis=1)
    if np.any(readable):
        cells_read = b",".join(text for text, fine in zip(texts, readable, strict=True) if fine)
        counts[readable] = np.array(cells_read.split(b","), dtype="S18").astype(np.int64).reshape(-1, classes)
    return counts


def _unparsed(path: str, table: Table, good: Flags, valid: dict[str, Flags]) -> list[Finding]:
    """Findings on the lines that are no rows: headers once more, lines that are cut or garbled, and other text."""
    if np.all(good) and not table.odd:
        return []
    lines = []
    for number, text in table.odd:
        cells = text.count(b"\t") + 1
        problem = f"{plural(cells, 'column')} where {len(table.names)} are expected"
        lines.append((number, text, "a carriage return inside" if b"\r" in text else problem))
    for row in map(int, np.flatnonzero(~good)):
        column = next((name for name, fine in valid.items() if not fine[row]), None)
        cell = table.columns[column or table.names[-1]].text(row)
        problem = f"{column}={shown(cell)}" if column else f"no newline after {table.names[-1]}={shown(cell)}"
        lines.append((int(table.line[row]), table.text(row), problem))
    lines.sort()
    end = int(table.line[good].max(initial=0))  # the last row: what follows it may be a summary
    kinds: dict[str, list[tuple[int, str]]] = {"header": [], "other": [], "broken": []}
    for number, text, problem in lines:
        kinds[_kind(path, table.names, number, text, number > end > 0)].append((number, problem))
    if len(kinds["other"]) > max(_SUMMARY, int(np.sum(good)) // 10):  # no summary is so long
        kinds["broken"] = sorted(kinds["broken"] + kinds.pop("other"))
    findings = []
    if broken := kinds["broken"]:
        message = f"{plural(len(broken), 'line')} cut off or garbled: left out (line {broken[0][0]}: {broken[0][1]})"
        findings.append(Finding("truncated-line", len(broken), broken[0][0], message))
    if headers := kinds["header"]:
        message = f"{plural(len(headers), 'line')} with the header once more, as where runs were appended: left out"
        findings.append(Finding("repeated-header", len(headers), headers[0][0], message))
    if others := kinds.get("other"):
        first = next(text for number, text, _ in lines if number == others[0][0])
        message = f"{plural(len(others), 'line')} of other text, such as {shown(first)}: left out, as no rows"
        findings.append(Finding("other-text", len(others), others[0][0], message))
    return findings


def _kind(path: str, names: tuple[str, ...], number: int, text: bytes, after_the_rows: bool) -> str:
    """What a line is that is no row: a header, other text (a comment, or a summary after the rows), or a broken row."""
    header = "\t".join(names).encode()
    again = header_names(text.lstrip(b"# ")) if text == header or not header.startswith(text) else None
    if again is not None:
        if again != names:
            raise ValueError(
                f"{path}, line {number}: a second header with other columns ({shown(' '.join(again))[1:-1]}), so that"
                " the rows below it mean something else; split the log there"
            )
        return "header"
    if text.startswith(b"#") or (after_the_rows and re.match(rb"\t*[^\W\d_]{2}.*\d|[-=*_]{3}", text)):
        return "other" if not header.startswith(text) else "broken"
    return "broken"
