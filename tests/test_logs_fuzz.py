"""Broken logs: whatever happens to a file, reading it ends in a plain refusal or in a log that says what is wrong.

`RSTHEORY_FUZZ_EXAMPLES` sets the number of broken logs of each kind: 25000 make a long run of 100,000.

A slow reader of fifteen lines, which shares nothing with the package, says which rows are intact.
"""

import math
import os
import re
import warnings
from collections import Counter

import numpy as np
import pytest
from audit_logs import COLUMNS
from broken_logs import HEADER, NEARLY_ROWS, dialect_logs, mutated, own_logs, plain_logs
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from rstheory import radius_from_count
from rstheory.logs.finding import CODES
from rstheory.logs.log import CertificationLog
from rstheory.logs.read import read_log

ROW = re.compile(
    rb"\d{1,18}\t\d{1,18}\t(-?\d{1,18})\t[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,6})?\t(0|1|false|true|no|yes)",
    re.IGNORECASE,
)
OTHER_NAMES = {"original_idx": "idx", "index": "idx", "pred": "predict", "target": "label"}
NUMBERS = {"idx", "label", "predict", "radius", "count", "n", "sigma", "alpha"}  # doubtful where a file breaks off


def cleaned(place: int, cell: bytes) -> bytes:
    """A cell without what some programs put around a number; integers as digits."""
    cell = re.sub(rb"^tensor\(\[?([^\[\]() ]+)\]?\)$", rb"\1", cell.strip(b" "))
    if place == 2 and cell.lower() == b"nan":
        return b"-1"
    integral = re.fullmatch(rb"([+-]?\d+)\.0*", cell) if place in (0, 1, 2, 4) else None
    return (integral[1] if integral else cell).removeprefix(b"+") if place != 3 else cell


def intact(data: bytes) -> list[tuple[int, int, int, float, bool]]:
    """Rows that any careful reader would accept, read one by one with nothing but `re`, `int` and `float`."""
    data = re.sub(rb"\r+\n", b"\n", data.removeprefix(b"\xef\xbb\xbf"))
    data = data if b"\n" in data else data.replace(b"\r", b"\n")
    names, *lines = data.split(b"\n")
    while lines and (not names.strip() or names.startswith(b"#")):
        names, *lines = lines
    names = [name.strip(b" ").decode("latin-1").lower() for name in names.split(b"\t")]
    names = [name if OTHER_NAMES.get(name, name) in names else OTHER_NAMES[name] for name in names]
    if lines and lines[-1] and names[-1] in NUMBERS:
        lines.pop()
    rows = []
    for line in lines:
        row = dict(zip(names, line.split(b"\t"), strict=False))
        if line.count(b"\t") != len(names) - 1 or b"\r" in line:
            continue
        cells = [cleaned(i, row[name]) for i, name in enumerate(COLUMNS[:5])]
        if cells[2].startswith(b"-"):  # an abstention needs no radius and no flag
            cells[3:] = (b"0" if cell.lower() in (b"", b"nan") else cell for cell in cells[3:])
        if ROW.fullmatch(b"\t".join(cells)):
            index, label, predict = (int(cell) for cell in cells[:3])
            predict = max(predict, -1)
            radius, correct = float(cells[3]), cells[4].lower() in (b"1", b"true", b"yes")
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


# They change no number, or name a kind of row that both readers count alike.
HARMLESS = {
    "rounded-radius",
    "unfinished-line",
    "other-text",
    "other-abstention",
    "budget-against-radii",
    "sigma-against-radii",
}


def check(log: CertificationLog, data: bytes) -> None:
    """The numbers are those of the intact rows, or the log says that they are not."""
    found = [warning for warning in log.warnings if warning.code not in HARMLESS]
    lines = data.count(b"\n") + 1
    for warning in log.warnings:
        assert warning.code in CODES
        assert warning.rows > 0
        assert warning.line is None or 2 <= warning.line <= lines
        assert "\n" not in warning.message
        event(warning.code)
    if b'"' in data:  # the slow reader knows no quotes
        event("quotes")
        return
    rows = intact(data)
    acr = sum(radius * correct for *_, radius, correct in rows) / len(rows) if rows else math.nan
    if not found:
        assert log.acr == pytest.approx(acr, rel=1e-12, abs=0), "a wrong number in silence"
        assert list(zip(log.index, log.label, log.predict, log.radius, log.correct, strict=True)) == rows
        assert Counter(row[0] for row in rows).most_common(1)[0][1] == 1
        assert all(correct == (label == predict != -1) for _, label, predict, _, correct in rows)
    # A log that states its settings row by row may lose rows whose settings no run has, such as n = 0.
    own_settings = b"alpha" in data or b"\tn0\t" in data
    assert len({row[0] for row in rows}) <= log.samples or own_settings, (
        "a row that was understood is not in the denominator"
    )
    assert 0 <= log.rounded_down().acr <= log.acr
    assert np.all(log.radius[~log.correct & (log.predict == -1)] == 0)
    assert np.all(log.radius >= 0)
    assert len(set(log.index.tolist())) == log.samples >= 1
    kept = {(row[0], row[3]) for row in rows}
    assert all((i, r) in kept or r == 0 for i, r in zip(log.index.tolist(), log.radius.tolist(), strict=True))


LONG = settings(max_examples=int(os.environ.get("RSTHEORY_FUZZ_EXAMPLES", settings().max_examples)))


@LONG
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


@LONG
@given(mutated(own_logs()))
def test_a_broken_log_of_ours_is_refused_or_says_what_is_wrong(tmp_path_factory, data):
    if (log := read(tmp_path_factory.getbasetemp(), data)) is not None:
        check(log, data)
        if log.varying:
            return
        # Counts that are left are the ones behind their radii, and those of all classes agree with them.
        known = log.count >= 0
        radius = radius_from_count(log.count[known], log.n, log.alpha, log.sigma)
        assert np.all(np.abs(radius - log.radius[known]) <= log.half_unit[known] + 1e-8 * log.sigma)
        assert np.all(log.rounded_down().radius[known] <= radius * (1 + 1e-8))
        if log.counts is not None:
            told = log.counts[:, 0] >= 0
            assert np.all(log.counts[told].sum(axis=1) == log.n)
            both = told & known & (log.predict >= 0)
            of_predicted = log.counts[both, log.predict[both]]
            assert np.all(of_predicted == log.count[both])


@LONG
@given(mutated(dialect_logs()))
def test_a_broken_log_in_another_dialect_is_refused_or_says_what_is_wrong(tmp_path_factory, data):
    if (log := read(tmp_path_factory.getbasetemp(), data)) is not None:
        check(log, data)


@LONG
@given(
    mutated(plain_logs()),
    st.sampled_from([b",", b";", b"\t"]),
    st.booleans(),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_a_broken_log_is_the_same_in_every_encoding(tmp_path_factory, data, separator, quoted, encoding, end):
    """Broken first, then written with other separators, quotes and encodings: the same numbers, or refused as well."""
    text = data.decode("utf-8", "replace")
    if set(text) & set(',;"\r\0#') or text.startswith("\ufeff"):
        return
    plain = read(tmp_path_factory.getbasetemp(), text.encode())
    lines = [line.split("\t") for line in text.split("\n")]
    mark = '"' if quoted else ""
    rows = (separator.decode().join(mark + cell + mark for cell in cells) if cells != [""] else "" for cells in lines)
    other = read(tmp_path_factory.getbasetemp(), end.join(rows).encode(encoding))
    if plain is None or other is None:
        assert plain is other
        return
    for name in ("index", "label", "predict", "radius", "correct", "half_unit"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(other, name))
    assert [(w.code, w.rows, w.line) for w in plain.warnings] == [(w.code, w.rows, w.line) for w in other.warnings]


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
    log = read(tmp_path_factory.getbasetemp(), "\n".join([*shuffled, ""]).encode())
    assert log is not None
    check(log, "\n".join([*lines, ""]).encode())
    # Radii drawn at will may tie at the top of the ladder of another sigma or budget, which is then said.
    doubts = {"rounded-radius", "budget-against-radii", "sigma-against-radii"}
    assert {finding.code for finding in log.warnings} <= doubts
