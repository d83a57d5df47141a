"""The same log in every form that people write it: the numbers are those of the plain form, and nothing is lost."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from log_files import HEADER, ROWS, codes, own_lines, write

from rstheory.logs.find import find_logs
from rstheory.logs.read import read_log

TABLE = [line.split("\t") for line in (HEADER, *ROWS)]


def as_csv(rows, delimiter=",", **form):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n", **form).writerows(rows)
    return text.getvalue().encode()


def column(name, change):
    place = TABLE[0].index(name)
    return [TABLE[0], *([*row[:place], change(row[place]), *row[place + 1 :]] for row in TABLE[1:])]


def tabs(rows, join="\t", end="\n"):
    return "".join(join.join(row) + end for row in rows).encode()


PLAIN = tabs(TABLE)
FORMS = {
    "no time": tabs([row[:5] for row in TABLE]),
    "blanks around tabs": tabs(TABLE, " \t "),
    "blanks at the ends": tabs(TABLE, end="  \n"),
    "CRLF": tabs(TABLE, end="\r\n"),
    "CR CR LF": tabs(TABLE, end="\r\r\n"),
    "CR": tabs(TABLE, end="\r"),
    "byte order mark": b"\xef\xbb\xbf" + PLAIN,
    "UTF-16": PLAIN.decode().encode("utf-16"),
    "UTF-16, big end first": b"\xfe\xff" + PLAIN.decode().encode("utf-16-be"),
    "UTF-16 without a mark": PLAIN.decode().encode("utf-16-le"),
    "commas": as_csv(TABLE),
    "commas, all quoted": as_csv(TABLE, quoting=csv.QUOTE_ALL),
    "commas and blanks": b"\n".join(
        line.replace(b",", b", ") for line in as_csv([row[:5] for row in TABLE]).split(b"\n")
    ),
    "semicolons": as_csv(TABLE, ";"),
    "quotes and tabs": as_csv(TABLE, "\t", quoting=csv.QUOTE_ALL),
    "quotes and blanks": b"\n".join(b' "' + b'" \t "'.join(line.split(b"\t")) + b'" ' for line in PLAIN.splitlines()),
    "commas in UTF-16": as_csv(TABLE).decode().encode("utf-16"),
    "a comment first": b"# made on Monday\n\n" + PLAIN,
    "a header as a comment": b"# " + PLAIN,
    "original_idx": PLAIN.replace(b"idx", b"original_idx"),
    "capitals": PLAIN.replace(b"idx", b"IDX").replace(b"label", b"Label"),
    "tensor(3)": tabs(column("label", "tensor({})".format)),
    "tensor([3])": tabs(column("predict", "tensor([{}])".format)),
    "on a device": tabs(column("label", "tensor([{}], device='cuda:0')".format)),
    "np.int64(3)": tabs(column("idx", "np.int64({})".format)),
    "a radius as a tensor": tabs(column("radius", "tensor({})".format)),
    "3.0": tabs(column("label", "{}.0".format)),
    "savetxt": tabs(column("predict", lambda cell: f"{float(cell):.18e}")),
    "true": tabs(column("correct", lambda cell: {"1": "true", "0": "false"}[cell])),
    "True": tabs(column("correct", lambda cell: {"1": "True", "0": "False"}[cell])),
    "yes": tabs(column("correct", lambda cell: {"1": "yes", "0": "no"}[cell])),
    "1.0": tabs(column("correct", "{}.0".format)),
    "abstain": tabs(column("predict", lambda cell: "abstain" if cell == "-1" else cell)),
    "-2": tabs(column("predict", lambda cell: "-2" if cell == "-1" else cell)),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_what_the_plain_one_says(tmp_path, form):
    path = tmp_path / "noise_0.5.tsv"
    path.write_bytes(FORMS[form])
    log, plain = read_log(path), read_log(write(tmp_path, [HEADER, *ROWS], "a/noise_0.5"))
    for name in ("index", "label", "predict", "radius", "half_unit", "correct"):
        np.testing.assert_array_equal(getattr(log, name), getattr(plain, name))
    said = {"abstain": ["other-abstention"], "-2": ["other-abstention"]}.get(form, [])
    doubtful = ["unfinished-line"] if not FORMS[form].endswith((b"\n", b"\r", b"\n\0", b"\0\n")) else []
    assert codes(log) == [*doubtful, *said, *codes(plain)]
    assert find_logs([tmp_path]).logs == (str(tmp_path / "a" / "noise_0.5"), str(path))


def test_lines_are_those_of_the_file_in_every_form(tmp_path):
    for name in ("a comment first", "commas", "UTF-16"):
        content = FORMS[name] if "UTF" not in name else PLAIN
        marked = content.replace(b"0.529", b"0.5.9")
        path = tmp_path / "noise_0.5"
        path.write_bytes(marked if "UTF" not in name else marked.decode().encode("utf-16"))
        (finding,) = (finding for finding in read_log(path).warnings if finding.code == "truncated-line")
        assert finding.line == content.split(b"\n").index(next(x for x in content.split(b"\n") if b"0.529" in x)) + 1


def test_a_quote_that_is_never_closed_costs_its_own_line_only(tmp_path):
    lines = [*ROWS, *(f"{i}\t3\t3\t0.5\t1\t0" for i in range(4, 9))]
    lines[5] = lines[5].replace("0.5", '"0.5')
    log = read_log(write(tmp_path, [HEADER, *lines]))
    assert log.samples == 8
    assert next((w.code, w.rows, w.line) for w in log.warnings) == ("truncated-line", 1, 7)


@given(
    st.lists(
        st.tuples(st.integers(0, 10**6), st.integers(-1, 9), st.floats(1e-6, 1.9)), min_size=1, unique_by=lambda r: r[0]
    ),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_csv_writers_write_is_read(tmp_path_factory, rows, delimiter, quoting, encoding, end):
    table = [TABLE[0]]
    for index, predict, radius in rows:
        certified = repr(radius) if predict >= 0 else "0.0"
        table.append([str(index), "3", str(predict), certified, str(int(predict == 3)), "1 day, 0:00; 8"])
    path = tmp_path_factory.getbasetemp() / "noise_0.5.csv"
    path.write_bytes(as_csv(table, delimiter, quoting=quoting).decode().replace("\n", end).encode(encoding))
    log = read_log(path)
    assert log.index.tolist() == [row[0] for row in rows]
    assert log.predict.tolist() == [row[1] for row in rows]
    assert log.radius.tolist() == [row[2] if row[1] >= 0 else 0 for row in rows]


@pytest.mark.parametrize("end", ["", "\t"])
def test_counts_without_quotes_in_a_csv_are_too_many_cells(tmp_path, end):
    """Nobody can tell them apart: the lines are named, and no number is made of them."""
    content = "\n".join(own_lines([1000, 900])).replace("\t", ",") + end + "\n"
    path = tmp_path / "noise_0.5.csv"
    path.write_text(content)
    with pytest.raises(
        ValueError, match=r"line 2: no row can be read; 2 lines cut off or garbled.*22 columns where 13"
    ):
        read_log(path)


def test_our_own_log_as_csv_with_quotes_is_the_same(tmp_path):
    rows = [line.split("\t") for line in own_lines([1000, 900, 400])]
    path = tmp_path / "ours.csv"
    path.write_bytes(as_csv(rows))
    log = read_log(path)
    assert log.count.tolist() == [1000, 900, 400]
    assert log.counts is not None
    assert (log.sigma, log.n, log.warnings) == (0.25, 1000, ())


# --- settings of the rows ---


def mixed_lines(sigmas, radii, name="sigma"):
    return [
        f"{HEADER}\t{name}",
        *(f"{i}\t3\t3\t{r}\t1\t0\t{s}" for i, (s, r) in enumerate(zip(sigmas, radii, strict=True))),
    ]


def test_rows_with_a_noise_level_of_their_own_are_counted(tmp_path):
    lines = mixed_lines([0.25, 0.5, 0.25, 1.0], ["0.953", "0.952", "0.96", "3.81"])
    log = read_log(write(tmp_path, lines, "x.tsv"))
    assert log.acr == pytest.approx((0.953 + 0.952 + 0.96 + 3.81) / 4)
    assert log.certified_accuracy(0.955) == 0.5
    above = next(finding for finding in log.warnings if finding.code == "radius-above-maximum")
    assert (above.rows, above.line) == (1, 4), "0.96 is above what sigma=0.25 can certify, and the larger ones are not"
    assert log.impossible.tolist() == [False, False, True, False]
    assert log.rounded_down().radius[2] == pytest.approx(0.25 * 3.8115, rel=1e-4)
    assert "several-settings" in codes(log)
    for refused in (log.recovered_counts, lambda: log.at_budget(100)):
        with pytest.raises(ValueError, match="rows differ in sigma: this needs one for all rows"):
            refused()


def test_rows_with_a_budget_of_their_own_are_counted(tmp_path):
    log = read_log(write(tmp_path, mixed_lines([1000, 100_000], ["1.23", "1.91"], "n")))
    assert "radius-above-maximum" not in codes(log)
    log = read_log(write(tmp_path, mixed_lines([1000, 100_000], ["1.91", "1.23"], "n")))
    assert log.impossible.tolist() == [True, False]
    assert log.varying["n"].tolist() == [1000, 100_000]
    with pytest.raises(ValueError, match="n=1000 is not allowed: the log itself says 1000 to 100000, by the row"):
        read_log(tmp_path / "noise_0.5.tsv", n=1000)
