"""The cells of a tab-separated log, found and parsed for all rows at once.

Nothing here knows what a column means. A cell is either parsed in full or marked as not parsed. Files of 10,000 rows
take a few milliseconds; Python touches a single cell only where it is written in an unusual way (exponents, signs, more
than 15 digits).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rstheory._check import Float
from rstheory.logs.dialect import unwrapped

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

_TAB, _NEWLINE, _RETURN, _ZERO, _MINUS, _POINT = (np.uint8(ord(c)) for c in "\t\n\r0-.")
_WIDEST_INTEGER = 18  # digits: always below 2**63
_WIDEST_DECIMAL = 26  # characters that are looked at for all rows at once; wider cells are parsed one by one
_EXACT_DIGITS = 15  # an integer of so many digits is a float64, and so is 10**15: their quotient is rounded once
_DECIMAL = re.compile(rb"[+-]?(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,6}))?|[+-]?()\.(\d+)(?:[eE]([+-]?\d{1,6}))?")
_NOT_FINITE = re.compile(rb"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Cells:
    """One column: where each of its cells starts and stops in `data`, which ends in padding."""

    data: bytes
    start: Integers
    stop: Integers

    def text(self, row: int) -> bytes:
        """The cell of one row, as it stands in the file."""
        return self.data[self.start[row] : self.stop[row]]

    def characters(self, place: int) -> NDArray[np.uint8]:
        """The character at one place of every cell; whatever follows the cell where it is shorter."""
        return np.frombuffer(self.data, np.uint8)[self.start + place]


@dataclass(frozen=True, eq=False)
class Table:
    """The rows that have as many cells as the header, and the lines that have not.

    names: the header. line: line of each row, the header's being 1. columns: name -> cells. odd: number and text of
    each line with another number of cells (blank lines are no rows and are left out). last_line: number
    of the last line.
    """

    names: tuple[str, ...]
    line: Integers
    columns: dict[str, Cells]
    odd: tuple[tuple[int, bytes], ...]
    last_line: int

    def text(self, row: int) -> bytes:
        """The whole line of one row."""
        first, last = self.columns[self.names[0]], self.columns[self.names[-1]]
        return first.data[first.start[row] : last.stop[row]]


def split(content: bytes, names: tuple[str, ...], first: int = 1) -> Table:
    """Find the cells of all lines below the header, which is line `first`. A missing newline at the end is fine.

    A line with a lone carriage return is no row: some readers take it for two.
    """
    data = content if content.endswith(b"\n") else content + b"\n"
    characters = np.frombuffer(data, np.uint8)
    newlines = np.flatnonzero(characters == _NEWLINE)
    tabs = np.flatnonzero(characters == _TAB)
    start, stop = newlines[:-1] + 1, newlines[1:]
    line = np.arange(first + 1, first + len(newlines))
    edges = np.searchsorted(tabs, newlines)  # tabs before the end of each line
    before, tabs_in_line = edges[:-1], np.diff(edges)
    filled = stop > start
    complete = filled & (tabs_in_line == len(names) - 1)
    if b"\r" in data:
        returns = np.searchsorted(np.flatnonzero(characters == _RETURN), newlines)
        complete &= np.diff(returns) == 0
    if not np.all(complete):
        odd = tuple((int(line[i]), data[start[i] : stop[i]]) for i in np.flatnonzero(filled & ~complete))
        start, stop, line, before = start[complete], stop[complete], line[complete], before[complete]
    else:
        odd = ()
    inner = [tabs[before + j] for j in range(len(names) - 1)]
    starts, stops = [start, *(tab + 1 for tab in inner)], [*inner, stop]
    padded = data + bytes(max(_WIDEST_DECIMAL, _WIDEST_INTEGER) + 1)
    columns = {name: Cells(padded, a, b) for name, a, b in zip(names, starts, stops, strict=True)}
    return Table(names, line, columns, odd, first + len(newlines) - 1)


def integers(cells: Cells) -> tuple[Integers, Flags]:
    """Values of cells that are integers of at most 18 digits, with an optional sign; and which of them are.

    3.0 and 3.000e+00 are integers, and so is what torch and NumPy print for one: tensor(3), tensor([3]).
    """
    whole, negative = cells, cells.characters(0) == _MINUS
    cells = Cells(cells.data, cells.start + negative, cells.stop)
    width = cells.stop - cells.start
    parsed = (width >= 1) & (width <= _WIDEST_INTEGER)
    value = np.zeros(len(width), np.int64)
    for place in range(min(int(width.max(initial=0)), _WIDEST_INTEGER)):
        inside = place < width
        digit = cells.characters(place) - _ZERO
        parsed &= ~inside | (digit <= 9)
        value = np.where(inside, value * 10 + digit, value)
    value = np.where(negative, -value, value)
    known: dict[bytes, int | None] = {}
    for row in np.flatnonzero(~parsed):
        text = whole.text(int(row))
        if text not in known:
            known[text] = _integer(text)
        if (number := known[text]) is not None:
            value[row], parsed[row] = number, True
    return value, parsed


def _integer(text: bytes) -> int | None:
    """The integer that a cell holds in another form than plain digits, None if it holds none."""
    text = unwrapped(text)
    if re.fullmatch(rb"[+-]?\d{1,18}(\.0*)?", text):
        return int(text.partition(b".")[0])
    number = _decimal(text) if b"." in text else None
    exact = number is not None and abs(number[0]) < 2**53 and number[0] == int(number[0])
    return int(number[0]) if number is not None and exact else None


@dataclass(frozen=True, eq=False)
class Decimals:
    """Numbers and how they were printed.

    value: correctly rounded; 0 where not parsed. significant: digits printed from the first that is not 0 on. decimals:
    place of the last digit, so that it is worth 10**-decimals. parsed: whether the cell is a number, NaN and infinity
    included.
    """

    value: Float
    significant: Integers
    decimals: Integers
    parsed: Flags

    def __getitem__(self, rows: NDArray[np.bool_ | np.int64]) -> Decimals:
        return Decimals(self.value[rows], self.significant[rows], self.decimals[rows], self.parsed[rows])


def decimals(cells: Cells) -> Decimals:
    """Numbers in any usual notation: 0.529, 1.9, 4.88e-05, -3, nan, inf. No blanks, no underscores, no hexadecimals."""
    width = cells.stop - cells.start
    rows = len(width)
    mantissa, digits, significant = (np.zeros(rows, np.int64) for _ in range(3))
    point = np.full(rows, -1)  # digits before the point; -1 before it is met
    plain = width <= _WIDEST_DECIMAL
    for place in range(min(int(width.max(initial=0)), _WIDEST_DECIMAL)):
        character = cells.characters(place)
        inside = place < width
        is_point = inside & (character == _POINT) & (point < 0)
        point = np.where(is_point, digits, point)
        digit = character - _ZERO
        is_digit = inside & (digit <= 9)
        plain &= is_digit | is_point | ~inside
        mantissa = np.where(is_digit, mantissa * 10 + digit, mantissa)  # wraps beyond 18 digits, where it is not used
        significant += is_digit & ((significant > 0) | (digit > 0))
        digits += is_digit
    after = np.where(point < 0, 0, digits - point)
    plain &= digits > 0
    short = plain & (digits <= _EXACT_DIGITS)
    value = np.where(short, mantissa / 10.0 ** np.where(short, after, 0), 0.0)
    long = np.flatnonzero(plain & ~short)
    value[long] = [float(cells.text(int(row))) for row in long]
    parsed = plain.copy()
    known: dict[bytes, tuple[float, int, int] | None] = {}
    for row in np.flatnonzero(~plain):
        text = cells.text(int(row))
        if text not in known:
            known[text] = _decimal(text)
        if (number := known[text]) is not None:
            value[row], significant[row], after[row] = number
            parsed[row] = True
    return Decimals(value, significant, after, parsed)


def _decimal(text: bytes) -> tuple[float, int, int] | None:
    """(value, significant digits, decimals) of one cell, None if it is no number."""
    text = unwrapped(text)
    if _NOT_FINITE.fullmatch(text):
        return float(text), 0, 0
    if (match := _DECIMAL.fullmatch(text)) is None:
        return None
    parts = match.groups()
    before, after, exponent = parts[:3] if parts[0] is not None else parts[3:]
    value, places = float(text), len(after or b"")
    if value == 0:  # 0.000, where an exponent says nothing, or below the smallest float
        return value, 0, places
    return value, len((before + (after or b"")).lstrip(b"0")), places - int(exponent or 0)
