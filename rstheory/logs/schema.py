"""The columns of certification logs, each declared once: its names, what its cells hold, where it is needed.

The first six are those that the field shares since Cohen, Rosenfeld and Kolter (2019, certify.py); the others are what
our own logs add, so that every radius can be recomputed and every row says what made it. Reader, writer, resume and
documentation take names and meanings from here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["integer", "decimal", "flag", "counts", "text"]

ABSTAINED = -1  # the field's mark in the column `predict`


@dataclass(frozen=True)
class Column:
    """One column of a log.

    name: as it stands in the header.
    kind: what a cell holds: an integer, a decimal number, a flag (0 or 1), counts with commas between them, or text.
    meaning: in a few words.
    required: whether a file without it is no certification log.
    least: smallest integer that makes sense.
    identity: whether it is the same in all rows of one run, so that a resumed run must agree with it.
    aliases: other names that it has in other people's logs.
    """

    name: str
    kind: Kind
    meaning: str
    required: bool = False
    least: int = 0
    identity: bool = False
    aliases: tuple[str, ...] = ()


FIELD = (
    Column("idx", "integer", "number of the sample in its data set", required=True, aliases=("original_idx",)),
    Column("label", "integer", "its true class", required=True),
    Column("predict", "integer", "the predicted class; -1 for an abstention", required=True, least=ABSTAINED),
    Column("radius", "decimal", "certified radius, 0 for an abstention", required=True),
    Column("correct", "flag", "whether the prediction is the label", required=True),
    Column("time", "text", "time that the sample took"),
)
BUDGET = (
    Column("count", "integer", "estimation draws that gave the predicted class"),
    Column("n", "integer", "estimation draws", least=1, identity=True),
    Column("n0", "integer", "selection draws, which pick the class", least=1, identity=True),
    Column("alpha", "decimal", "significance level, per sample", identity=True),
    Column("sigma", "decimal", "noise level", identity=True),
    Column("counts", "counts", "estimation draws that gave each class"),
    Column("seed", "integer", "seed of the noise", identity=True),
)
ORIGIN = (
    Column("tau", "decimal", "total variation between the noise as drawn and Gaussian noise", identity=True),
    Column("noise", "text", "generator of the noise", identity=True),
    Column("dtype", "text", "arithmetic of the network", identity=True),
    Column("weights", "text", "digest of the network's weights", identity=True),
    Column("data", "text", "the data set and its digest", identity=True),
    # No part of the identity: a row that another release made is a certificate all the same.
    Column("software", "text", "releases that made the row"),
)
# Of logs whose samples a rule stopped, each after a number of draws of its own; n is then the most that it allows.
STOPPING = (
    Column("draws", "integer", "estimation draws that the sample got", least=1),
    Column("rule", "text", "stopping rule, and a digest of its settings", identity=True),
)
COLUMNS = {column.name: column for column in (*FIELD, *BUDGET, *ORIGIN, *STOPPING)}
_REQUIRED = tuple(column.name for column in FIELD if column.required)
_OFFICIAL = {alias: column.name for column in COLUMNS.values() for alias in column.aliases}


@dataclass(frozen=True)
class Format:
    """The columns of one kind of log, the first being `idx`, as it is written and resumed.

    columns: names, in the order of the header; each is declared in `COLUMNS`.

    >>> Format(("idx", "label", "seed")).identity
    ('seed',)
    """

    columns: tuple[str, ...]

    def __post_init__(self) -> None:
        unknown = [name for name in self.columns if name not in COLUMNS]
        if self.columns[:1] != ("idx",) or unknown or len(set(self.columns)) < len(self.columns):
            raise ValueError(f"columns={self.columns} is not allowed: idx first, each one declared in the schema, once")

    @property
    def header(self) -> str:
        """The first line of the file."""
        return "\t".join(self.columns)

    @property
    def identity(self) -> tuple[str, ...]:
        """Columns whose cells are the same in all rows of one run."""
        return tuple(name for name in self.columns if COLUMNS[name].identity)


def _names(columns: Iterable[Column]) -> tuple[str, ...]:
    return tuple(column.name for column in columns)


CERTIFICATION_LOG = Format(_names((*FIELD, *BUDGET, *ORIGIN)))  # what `rstheory certify` writes
STOPPED_LOG = Format(_names((*FIELD, *BUDGET, *ORIGIN, *STOPPING)))  # the same where a rule stops early
PREDICTION_LOG = Format(
    tuple(name for name in CERTIFICATION_LOG.columns if name not in ("radius", "count", "n0"))
)  # what `rstheory predict` writes
EXPECTED = f"a certification log starts with the tab-separated header {' '.join(_names(FIELD))}"

_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
_SEPARATORS = {rb",": "commas", rb";": "semicolons", rb"[ \t]+": "spaces", rb"[,; \t]+": "commas and spaces"}


def header_names(line: bytes) -> tuple[str, ...] | None:
    """Column names if `line` heads a log: all that a log needs, in any order, each once; else None.

    Names that the schema knows as another name of a column are given as that column's.

    >>> header_names(b"original_idx\\tlabel\\tpredict\\tradius\\tcorrect")
    ('idx', 'label', 'predict', 'radius', 'correct')
    >>> header_names(b"idx,label,predict,radius,correct,time")
    """
    names = _split(line)
    return names if set(_REQUIRED) <= set(names) and len(set(names)) == len(names) else None


def _split(line: bytes) -> tuple[str, ...]:
    names = [name.strip().decode("latin-1") for name in line.removeprefix(b"\xef\xbb\xbf").split(b"\t")]
    return tuple(name if _OFFICIAL.get(name, name) in names else _OFFICIAL[name] for name in names)


def is_compressed(line: bytes) -> bool:
    """Whether a file that starts like this was compressed."""
    return line.startswith(tuple(_COMPRESSED))


def why_no_header(line: bytes) -> str | None:
    """What is wrong with a first line that is no header, where it can be told.

    >>> why_no_header(b"idx,label,predict,radius,correct,time\\r")
    'its names are separated by commas: separate the columns by tabs instead'
    >>> why_no_header(b"idx\\tlabel\\tpredict\\tradius proved\\tcorrect\\ttime")
    'the column radius is missing'
    >>> why_no_header(b"hello"), why_no_header(b"\\x1f\\x8b\\x08")
    (None, 'compressed (gzip): unpack it first')
    """
    for start, kind in _COMPRESSED.items():
        if line.startswith(start):
            return f"compressed ({kind}): unpack it first"
    names = _split(line)
    missing = [name for name in _REQUIRED if name not in names]
    if len(missing) < len(_REQUIRED) - 1:  # two of its names at least: it means to be a header
        if missing:
            return f"the column{'s' * (len(missing) > 1)} {', '.join(missing)} {'are' if missing[1:] else 'is'} missing"
        twice = next((name for name in names if names.count(name) > 1), None)
        return None if twice is None else f"the column {twice} is there twice"
    for pattern, separators in _SEPARATORS.items():
        if header_names(re.sub(pattern, b"\t", line.strip())) is not None:
            return f"its names are separated by {separators}: separate the columns by tabs instead"
    return None
