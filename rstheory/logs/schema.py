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

from rstheory.logs.dialect import SEPARATORS, cells_of

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
    Column("idx", "integer", "number of the sample in its data set", required=True, aliases=("original_idx", "index")),
    Column("label", "integer", "its true class", required=True, aliases=("true_label", "target")),
    Column(
        "predict",
        "integer",
        "the predicted class; -1 for an abstention",
        required=True,
        least=ABSTAINED,
        aliases=("prediction", "pred"),
    ),
    Column(
        "radius",
        "decimal",
        "certified radius, 0 for an abstention",
        required=True,
        aliases=("certified_radius", "exact_radius"),
    ),
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
    Column("kernels", "text", "processor instructions or card that computed the network", identity=True),
    # No part of the identity: a row that another release made is a certificate all the same.
    Column("software", "text", "releases that made the row"),
)
# Of logs whose samples a rule stopped, each after a number of draws of its own; n is then the most that it allows.
STOPPING = (
    Column("draws", "integer", "estimation draws that the sample got", least=1),
    Column("rule", "text", "stopping rule, and a digest of its settings", identity=True),
)
# Of logs whose radii another bound than Clopper and Pearson's proves.
BOUND = (
    Column("bound", "text", "bound that the radius comes from", identity=True),
    Column("u", "decimal", "uniform number of the randomized bound, told by seed and idx"),
)
# Of logs of attacks, which are no certification logs: they have no column `radius`, and no reader takes them for one.
ATTACK = (
    Column("norm", "decimal", "L2 norm of the smallest perturbation that changed the class; inf where none did"),
    Column("found", "integer", "the class there; -1 where there is none", least=ABSTAINED),
    Column("attacked_counts", "counts", "draws that gave each class there; nothing where there is none"),
    Column(
        "abstain_norm", "decimal", "L2 norm of the smallest perturbation that made PREDICT abstain; inf where none did"
    ),
    Column("judged", "integer", "perturbations that PREDICT judged"),
    Column("attack", "text", "the attack, with its loss", identity=True),
    Column("steps", "integer", "gradient steps per attack", least=1, identity=True),
    Column("m", "integer", "noise draws per gradient", least=1, identity=True),
    Column("restarts", "integer", "attacks at each norm", least=1, identity=True),
    Column("halvings", "integer", "times that the interval of norms was halved", identity=True),
    Column("eps", "decimal", "largest L2 norm tried", identity=True),
    Column("together", "integer", "images in one gradient pass; rounding depends on it", least=1, identity=True),
)
COLUMNS = {column.name: column for column in (*FIELD, *BUDGET, *ORIGIN, *STOPPING, *BOUND)}
_DECLARED = COLUMNS | {column.name: column for column in ATTACK}
_REQUIRED = tuple(column.name for column in FIELD if column.required)
_OFFICIAL = {alias: column.name for column in COLUMNS.values() for alias in column.aliases}


# Columns of the identity that a run may be told to leave open, as when it goes on on another machine.
OPEN = ("kernels",)


@dataclass(frozen=True)
class Format:
    """The columns of one kind of log, the first being `idx`, as it is written and resumed.

    columns: names, in the order of the header; each is declared above.

    >>> Format(("idx", "label", "seed")).identity
    ('seed',)
    """

    columns: tuple[str, ...]

    def __post_init__(self) -> None:
        unknown = [name for name in self.columns if name not in _DECLARED]
        if self.columns[:1] != ("idx",) or unknown or len(set(self.columns)) < len(self.columns):
            raise ValueError(f"columns={self.columns} is not allowed: idx first, each one declared in the schema, once")

    @property
    def header(self) -> str:
        """The first line of the file."""
        return "\t".join(self.columns)

    @property
    def identity(self) -> tuple[str, ...]:
        """Columns whose cells are the same in all rows of one run."""
        return tuple(name for name in self.columns if _DECLARED[name].identity)


def _names(columns: Iterable[Column]) -> tuple[str, ...]:
    return tuple(column.name for column in columns)


CERTIFICATION_LOG = Format(_names((*FIELD, *BUDGET, *ORIGIN)))  # what `rstheory certify` writes
STOPPED_LOG = Format(_names((*FIELD, *BUDGET, *ORIGIN, *STOPPING)))  # the same where a rule stops early
TWO_CLASS_LOG = Format((*CERTIFICATION_LOG.columns, "bound"))
RANDOMIZED_LOG = Format((*TWO_CLASS_LOG.columns, "u"))
PREDICTION_LOG = Format(
    tuple(name for name in CERTIFICATION_LOG.columns if name not in ("radius", "count", "n0"))
)  # what `rstheory predict` writes
_JUDGED_BY = ("n", "alpha", "sigma", "seed")
ATTACK_LOG = Format(
    ("idx", "label", "predict", "correct", "time", "counts", *_names(ATTACK), *_JUDGED_BY, *_names(ORIGIN))
)  # what `rstheory attack` writes
EXPECTED = f"a certification log starts with the tab-separated header {' '.join(_names(FIELD))}"

# Files that are refused: of gzip, bzip2 and xz the reader sees what they hold.
_COMPRESSED = {
    b"PK\x03\x04": "zip",
    b"\x28\xb5\x2f\xfd": "zstd",
}
# Ways to separate names that are recognised, and not read: blanks stand inside the cells of the column time, too.
_REFUSED = {rb"[ \t]+": "spaces", rb"[,; \t]+": "commas and spaces"}


def header_names(line: bytes) -> tuple[str, ...] | None:
    """Column names if `line` heads a log: all that a log needs, in any order, each once; else None.

    Names that the schema knows as another name of a column, or in other letters, are given as that column's.

    >>> header_names(b"original_idx\\tlabel\\tpredict\\tradius\\tcorrect")
    ('idx', 'label', 'predict', 'radius', 'correct')
    >>> header_names(b"IDX,Label,predict,radius,correct")
    ('idx', 'label', 'predict', 'radius', 'correct')
    >>> header_names(b"idx label predict radius correct")
    """
    separator = separator_of(line)
    return None if separator is None else _split(line, separator)


def separator_of(line: bytes) -> bytes | None:
    """What separates the names of a line that heads a log; None if it heads none.

    >>> separator_of(b"idx;label;predict;radius;correct"), separator_of(b"hello, world")
    (b';', None)
    """
    return next((mark for mark in SEPARATORS.values() if _is_header(_split(line, mark))), None)


def _is_header(names: tuple[str, ...]) -> bool:
    return set(_REQUIRED) <= set(names) and len({*names} - {""}) == sum(name != "" for name in names)


def _split(line: bytes, separator: bytes) -> tuple[str, ...]:
    written = [name.decode("latin-1") for name in cells_of(line.removeprefix(b"\xef\xbb\xbf").strip(b"\r"), separator)]
    names = list(written)
    for i, name in enumerate(written):
        official = name.lower() if name.lower() in COLUMNS else _OFFICIAL.get(name.lower(), name)
        if official not in names:
            names[i] = official
    return tuple(name or f" {i}" for i, name in enumerate(names))


def is_compressed(line: bytes) -> bool:
    """Whether a file that starts like this was compressed in a way that is not read."""
    return line.startswith(tuple(_COMPRESSED))


def names_attack_log(line: bytes) -> bool:
    """Whether a first line heads the log of an attack, of whatever release.

    >>> names_attack_log(ATTACK_LOG.header.encode()), names_attack_log(CERTIFICATION_LOG.header.encode())
    (True, False)
    """
    return {b"idx", b"norm", b"attacked_counts"} <= {*line.split(b"\t")}


def why_no_header(line: bytes) -> str | None:
    """What is wrong with a first line that is no header, where it can be told.

    >>> why_no_header(b"idx label predict radius correct time\\r")
    'its names are separated by spaces: separate the columns by tabs instead'
    >>> why_no_header(b"idx\\tlabel\\tpredict\\tradius proved\\tcorrect\\ttime")
    'the column radius is missing'
    >>> why_no_header(b"hello"), why_no_header(b"PK\\x03\\x04")
    (None, 'compressed (zip): unpack it first')
    """
    if names_attack_log(line):
        return "the log of an attack, which rstheory sandwich compares with certificates"
    for start, kind in _COMPRESSED.items():
        if line.startswith(start):
            return f"compressed ({kind}): unpack it first"
    names = max((_split(line, mark) for mark in SEPARATORS.values()), key=lambda names: len({*names} & {*_REQUIRED}))
    missing = [name for name in _REQUIRED if name not in names]
    if len(missing) < len(_REQUIRED) - 1:  # two of its names at least: it means to be a header
        if missing:
            return f"the column{'s' * (len(missing) > 1)} {', '.join(missing)} {'are' if missing[1:] else 'is'} missing"
        twice = next((name for name in names if names.count(name) > 1), None)
        return None if twice is None else f"the column {shown(twice)} is there twice"
    for pattern, separators in _REFUSED.items():
        if header_names(re.sub(pattern, b"\t", line.strip())) is not None:
            return f"its names are separated by {separators}: separate the columns by tabs instead"
    return None


def shown(text: bytes | str) -> str:
    """Text of a file for a message, whatever it holds: on one line, escaped, in quotes, and not longer than a line."""
    characters = text[:80].decode("utf-8", "backslashreplace") if isinstance(text, bytes) else text[:80]
    return repr(characters) + ("..." if len(text) > 80 else "")
