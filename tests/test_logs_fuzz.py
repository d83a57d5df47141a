"""Broken logs: whatever happens to a file, reading it ends in a plain refusal or in a log that says what is wrong.

A slow reader of fifteen lines, which shares nothing with the package, says which rows are intact.
"""

import math
import re
import warnings
from collections import Counter

import numpy as np
import pytest
from audit_logs import COLUMNS, OWN_COLUMNS
from hypothesis import event, example, given
from hypothesis import strategies as st

from rstheory import radius_from_count
from rstheory.logs.finding import CODES
from rstheory.logs.log import CertificationLog
from rstheory.logs.read import read_log

HEADER = "\t".join(COLUMNS)
STRANGE = [
    "",
    "nan",
    "-inf",
    "1e9",
    "1e309",
    "9" * 40,
    "-1",
    "-0.3",
    "1_0",
    "0x1",
    " 1",
    "1.0",
    "\0",
    "é",
    "True",
    "0.5.1",
]


NEARLY_ROWS = st.lists(st.lists(st.text("01.-e", max_size=3), min_size=6, max_size=7).map("\t".join)).map(
    lambda lines: "\n".join(lines).encode()
)


@st.composite
def plain_logs(draw):
    """Lines of a log in the field's format: 3 significant digits, 4 decimals or full precision, sigma 0.5."""
    form = draw(st.sampled_from(["{:.3}", "{:.4f}", "{!r}"]))
    step = draw(st.sampled_from([1, 20, 100]))
    lines = [HEADER]
    for i in range(draw(st.integers(1, 12))):
        label, predict = draw(st.integers(0, 9)), draw(st.integers(-1, 9))
        radius = 0.0 if predict == -1 else draw(st.floats(1e-5, 1.9))
        lines.append(f"{i * step}\t{label}\t{predict}\t{form.format(radius)}\t{int(label == predict)}\t0:00:08.{i}")
    return lines


@st.composite
def own_logs(draw):
    """Lines of a log of ours, N = 200, alpha = 0.001, sigma = 0.5."""
    lines = ["\t".join(COLUMNS + OWN_COLUMNS)]
    for i in range(draw(st.integers(1, 8))):
        count, label = draw(st.integers(0, 200)), draw(st.integers(0, 9))
        radius = float(radius_from_count(count, 200, 0.001, 0.5))
        predict = draw(st.integers(0, 9)) if radius else -1
        cells = (
            i,
            label,
            predict,
            repr(radius),
            int(label == predict),
            "0",
            count,
            200,
            10,
            0.001,
            0.5,
            f"{count},0",
            i,
        )
        lines.append("\t".join(map(str, cells)))
    return lines


@st.composite
def mutated(draw, logs):
    """A log to which one to four accidents have happened."""
    data = ("\n".join(draw(logs)) + "\n").encode()
    accidents = ["bytes", "delete", "insert", "cut end", "swap", "header", "repeat", "drop", "cut line", *["cell"] * 8]
    for accident in draw(st.lists(st.sampled_from(accidents), min_size=1, max_size=4)):
        where = draw(st.integers(0, max(len(data) - 1, 0)))
        lines = data.split(b"\n")
        row = draw(st.integers(0, len(lines) - 1))
        cells = lines[row].split(b"\t")
        cell = min(draw(st.integers(0, len(cells) - 1) | st.sampled_from([2, 3, 4])), len(cells) - 1)
        if accident == "bytes":
            data = data[:where] + draw(st.binary(min_size=1, max_size=3)) + data[where + 1 :]
        elif accident == "delete":
            data = data[:where] + data[where + draw(st.integers(1, 40)) :]
        elif accident == "insert":
            data = data[:where] + draw(st.binary(max_size=5) | st.just(b"\0" * 50)) + data[where:]
        elif accident == "cut end":
            data = data[:where]
        elif accident == "cell":
            cells[cell] = draw(st.sampled_from(STRANGE)).encode()
        elif accident == "swap":
            other = draw(st.integers(0, len(cells) - 1))
            cells[cell], cells[other] = cells[other], cells[cell]
        elif accident == "header":
            lines.insert(row, lines[0])
        elif accident == "repeat":
            lines.append(lines[row])
        elif accident == "drop":
            del lines[row]
        elif accident == "cut line":
            lines[row] = lines[row][: draw(st.integers(0, len(lines[row])))]
        if accident in ("cell", "swap"):
            lines[row] = b"\t".join(cells)
        if accident in ("cell", "swap", "header", "repeat", "drop", "cut line"):
            data = b"\n".join(lines)
    return data


ROW = re.compile(
    rb"\d{1,18}\t\d{1,18}\t(-1|-?0+|\d{1,18})\t[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,6})?\t(0|1|False|True)"
)


def intact(data: bytes) -> list[tuple[int, int, int, float, bool]]:
    """Rows that any careful reader would accept, read one by one with nothing but `re`, `int` and `float`."""
    names, *lines = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").split(b"\n")
    names = [name.strip().decode("latin-1") for name in names.split(b"\t")]
    rows = []
    for line in lines:
        row = dict(zip(names, line.split(b"\t"), strict=False))
        if line.count(b"\t") == len(names) - 1 and ROW.fullmatch(b"\t".join(row[name] for name in COLUMNS[:5])):
            index, label, predict = (int(row[name]) for name in COLUMNS[:3])
            radius, correct = float(row["radius"]), row["correct"] in (b"1", b"True")
            if 0 <= radius < 1e150 and not (predict == -1 and radius > 0):
                rows.append((index, label, predict, radius, correct))
    return rows


def read(folder, data: bytes) -> CertificationLog | None:
    """The log, or None if it was refused in the way that every refusal must have."""
    path = folder / "noise_0.5.tsv"
    path.write_bytes(data)
    refusal = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return read_log(path)
    except ValueError as error:
        refusal = error
    assert type(refusal) is ValueError
    assert re.match(rf"{re.escape(str(path))}(, line [1-9]\d*)?: ", str(refusal))
    assert "\n" not in str(refusal)
    event("refused")
    return None


def check(log: CertificationLog, data: bytes) -> None:
    """The numbers are those of the intact rows, or the log says that they are not."""
    found = [warning for warning in log.warnings if warning.code != "rounded-radius"]
    lines = data.count(b"\n") + 1
    for warning in log.warnings:
        assert warning.code in CODES
        assert warning.rows > 0
        assert warning.line is None or 2 <= warning.line <= lines
        assert "\n" not in warning.message
        event(warning.code)
    rows = intact(data)
    acr = sum(radius * correct for *_, radius, correct in rows) / len(rows) if rows else math.nan
    if not found:
        assert log.acr == pytest.approx(acr, rel=1e-12, abs=0), "a wrong number in silence"
        assert list(zip(log.index, log.label, log.predict, log.radius, log.correct, strict=True)) == rows
        assert Counter(row[0] for row in rows).most_common(1)[0][1] == 1
        assert all(correct == (label == predict != -1) for _, label, predict, _, correct in rows)
    assert 0 <= log.rounded_down().acr <= log.acr
    assert np.all(log.radius[~log.correct & (log.predict == -1)] == 0)
    assert np.all(log.radius >= 0)
    assert len(set(log.index.tolist())) == log.samples >= 1
    kept = {(row[0], row[3]) for row in rows}
    assert all((i, r) in kept or r == 0 for i, r in zip(log.index.tolist(), log.radius.tolist(), strict=True))


@given(mutated(plain_logs()))
@example(b"")
@example(b"\0" * 100)
@example(HEADER.encode())
@example(f"{HEADER}\n0\t3\t3\t0.5".encode())
@example(f"{HEADER}\n0\t3\t3\t0.5\t1\t0\n1\t3\t3\t0.952".encode())  # cut inside the radius
@example(f"{HEADER}\n0\t3\t3\t0.5\t1\t0\n{HEADER}\n1\t3\t3\t0.5\t1\t0".encode())
@example(f"{HEADER}\n0\t3\t3\t0.5\t1\t0\n1\t3\t3\t1\t0.5\t0".encode())  # radius and correct exchanged
@example(f"{HEADER}\n0\t3\t3\t1e9\t1\t0".encode())
@example(f"{HEADER}\n0\t3\t3\t1e149\t1\t0\n1\t3\t3\t1e149\t1\t0".encode())
@example(f"{HEADER}\n{'9' * 18}\t3\t3\t0.5\t1\t0\n0\t3\t3\t0.5\t1\t0\n1\t3\t3\t0.5\t1\t0".encode())
@example(f"{HEADER}\n{'9' * 40}\t3\t3\t0.5\t1\t0\n0\t3\t3\t0e999999\t1\t0".encode())
@example(f"{HEADER}\n0\t3\t3\t{'9' * 5000}\t1\t0\n1\t3\t3\t0.{'0' * 5000}1\t1\t0".encode())
@example(f"{HEADER}\r\n0\t3\t3\t0.5\t1\t0\r".encode())
@example(HEADER.replace("\t", " ").encode())
def test_a_broken_log_is_refused_or_says_what_is_wrong(tmp_path_factory, data):
    if (log := read(tmp_path_factory.getbasetemp(), data)) is not None:
        check(log, data)


@given(mutated(own_logs()))
def test_a_broken_log_of_ours_is_refused_or_says_what_is_wrong(tmp_path_factory, data):
    if (log := read(tmp_path_factory.getbasetemp(), data)) is not None:
        check(log, data)
        # Counts that are left are the ones behind their radii.
        known = log.count >= 0
        radius = radius_from_count(log.count[known], log.n, log.alpha, log.sigma)
        assert np.all(np.abs(radius - log.radius[known]) <= log.half_unit[known] + 1e-8 * log.sigma)
        assert np.all(log.rounded_down().radius[known] <= radius * (1 + 1e-8))


@given(st.binary(max_size=400) | NEARLY_ROWS, st.booleans())
def test_anything_at_all(tmp_path_factory, junk, with_header):
    data = HEADER.encode() + b"\n" + junk if with_header else junk
    if (log := read(tmp_path_factory.getbasetemp(), data)) is not None:
        check(log, data)


@given(plain_logs(), st.data())
def test_a_log_cut_anywhere_gives_its_whole_rows_and_says_so(tmp_path_factory, lines, data):
    """A run that was killed: every row before the cut counts, none after it, and a cut row is named."""
    content = "\n".join(lines).encode()
    start = len(HEADER) + 1
    cut = content[: data.draw(st.integers(start, len(content)))]
    if (log := read(tmp_path_factory.getbasetemp(), cut)) is None:
        assert cut.count(b"\n") <= 1
        return
    *whole, last = cut[start:].split(b"\n")
    complete = last.count(b"\t") == 5  # only the time may be shorter, and no number comes from it
    assert log.samples == len(whole) + complete
    assert ("truncated-line" in {w.code for w in log.warnings}) == (not complete and last != b"")


@given(plain_logs(), st.data())
def test_fast_and_slow_agree_on_logs_without_accidents(tmp_path_factory, lines, data):
    order = data.draw(st.permutations(range(6)))
    shuffled = ["\t".join(line.split("\t")[i] for i in order) for line in lines]
    log = read(tmp_path_factory.getbasetemp(), "\n".join(shuffled).encode())
    assert log is not None
    check(log, "\n".join(lines).encode())
    assert {finding.code for finding in log.warnings} <= {"rounded-radius"}
