"""Reading logs: columns as printed, where sigma, N and alpha come from, refusals."""

import gzip
import math

import numpy as np
import pytest
from log_files import HEADER, ROWS, codes, own_lines, write

from rstheory import radius_from_count
from rstheory.logs.read import read_log, sigma_from_name

# --- one log ---


def test_columns_come_as_printed(tmp_path):
    log = read_log(write(tmp_path, [HEADER, *ROWS]))
    assert (log.sigma, log.n, log.alpha, log.samples) == (0.5, 100_000, 0.001, 4)
    assert log.path == str(tmp_path / "noise_0.5.tsv")
    assert log.index.tolist() == [0, 1, 2, 3]
    assert log.label.tolist() == [3, 8, 8, 0]
    assert log.predict.tolist() == [3, 8, 1, -1]
    assert log.correct.tolist() == [True, True, False, False]
    assert log.radius.tolist() == [1.15, 1.9, 0.529, 0.0]
    assert log.count.tolist() == [-1] * 4
    np.testing.assert_allclose(log.half_unit, [0.005, 0.005, 0.0005, 0], rtol=1e-9)
    assert log.acr == np.mean([1.15, 1.9, 0, 0])
    assert log.rounded_down().acr < log.acr
    assert codes(log) == ["rounded-radius"]
    (rounded,) = log.warnings
    assert rounded.rows == 3
    assert rounded.line is None
    assert "3 significant digits" in rounded.message


@pytest.mark.parametrize(
    "change", ["crlf", "no newline", "blank lines", "byte order mark", "order", "extra column", "words"]
)
def test_harmless_differences_change_nothing(tmp_path, change):
    lines, end = [HEADER, *ROWS], "\n"
    if change == "crlf":
        end = "\r\n"
    elif change == "blank lines":
        lines = [*lines[:3], "", *lines[3:], "", ""]
    elif change == "byte order mark":
        lines[0] = "\ufeff" + lines[0]
    elif change == "order":
        lines = ["\t".join(line.split("\t")[i] for i in (4, 0, 3, 5, 2, 1)) for line in lines]
    elif change == "extra column":
        lines = [lines[0] + "\tnote", *(line + "\tfine" for line in lines[1:])]
    elif change == "words":
        lines = [line.replace("\t1\t0:", "\tTrue\t0:").replace("\t0\t1 d", "\tFalse\t1 d") for line in lines]
    path = write(tmp_path, lines, end=end)
    if change == "no newline":
        path.write_bytes(path.read_bytes().rstrip(b"\n"))
    log, plain = read_log(path), read_log(write(tmp_path, [HEADER, *ROWS], "a/noise_0.5"))
    for name in ("index", "label", "predict", "radius", "half_unit", "correct"):
        np.testing.assert_array_equal(getattr(log, name), getattr(plain, name))
    expected = ["unfinished-line"] if change == "no newline" else []
    assert codes(log) == [*expected, *codes(plain)]


def test_own_columns_tell_budget_noise_and_counts(tmp_path):
    counts = [1000, 999, 800, 400, 501, 650]
    log = read_log(write(tmp_path, own_lines(counts), "anything.log"))
    assert (log.sigma, log.n, log.alpha) == (0.25, 1000, 0.001)
    assert log.count.tolist() == counts
    assert np.all(log.half_unit == 0)
    assert log.warnings == ()
    np.testing.assert_array_equal(log.radius, radius_from_count(np.array(counts), 1000, 0.001, 0.25))
    assert log.acr == log.rounded_down().acr
    read_log(tmp_path / "anything.log", sigma=0.25, n=1000, alpha=0.001)  # the same once more is no contradiction


def test_short_radii_that_agree_with_their_count_are_exact(tmp_path):
    """Only one row, and its radius happens to have few digits: the count settles that it is exact."""
    lines = own_lines([1000], fmt=lambda r: f"{r:.10f}")
    assert read_log(write(tmp_path, lines, "a.tsv")).half_unit[0] == 0
    lines = own_lines([1000, 900], fmt=lambda r: f"{r:.3f}")
    log = read_log(write(tmp_path, lines, "b.tsv"))
    np.testing.assert_allclose(log.half_unit, 0.0005, rtol=1e-9)
    assert codes(log) == ["rounded-radius"]
    assert log.count.tolist() == [1000, 900]


@pytest.mark.parametrize(("name", "value"), [("sigma", 0.5), ("n", 100_000), ("alpha", 0.01)])
def test_arguments_that_contradict_the_columns_are_refused(tmp_path, name, value):
    path = write(tmp_path, own_lines([1000, 900]))
    with pytest.raises(ValueError, match=rf"noise_0\.5\.tsv: {name}={value} is not allowed: the log itself says"):
        read_log(path, **{name: value})


def test_arguments_where_the_log_is_silent(tmp_path):
    log = read_log(write(tmp_path, [HEADER, *ROWS], "x.tsv"), 0.5, 1000, 0.01)
    assert (log.sigma, log.n, log.alpha) == (0.5, 1000, 0.01)
    log = read_log(write(tmp_path, [HEADER, *ROWS]), sigma=1.0, n=100_000, alpha=1e-3)
    assert (log.sigma, log.n, log.alpha) == (1.0, 100_000, 0.001), "a name is a hint and gives way"


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("noise_0.5.tsv", "'noise_0.5.tsv' says sigma=0.5"),
        ("sigma_2/log.tsv", "'sigma_2' says sigma=2"),
        ("noise_0.5_sigma_1.tsv", "says sigma=0.5 and 1:"),
    ],
)
def test_a_noise_level_that_contradicts_the_name_is_used_and_told(tmp_path, name, named):
    log = read_log(write(tmp_path, [HEADER, *ROWS], name), sigma=0.25)
    assert log.sigma == 0.25
    (warning,) = (warning for warning in log.warnings if warning.code == "sigma-against-name")
    assert (warning.rows, warning.line) == (len(ROWS), None)
    assert "sigma=0.25 was given" in warning.message
    assert named in warning.message


def test_a_noise_level_that_agrees_with_the_name_or_the_columns_is_no_finding(tmp_path):
    for name, sigma in (("noise_0.50.tsv", 0.5), ("noise_0.5_sigma_1.tsv", 1.0), ("plain.tsv", 3.0)):
        assert "sigma-against-name" not in codes(read_log(write(tmp_path, [HEADER, *ROWS], name), sigma=sigma))
    own = write(tmp_path, own_lines([1000, 900]), "noise_0.5.tsv")  # its column says 0.25, and is no hint
    assert codes(read_log(own)) == codes(read_log(own, sigma=0.25)) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sigma", 0),
        ("sigma", -1),
        ("sigma", math.nan),
        ("sigma", "0.5"),
        ("n", 0),
        ("n", 2.0),
        ("alpha", 0),
        ("alpha", 1),
    ],
)
def test_bad_arguments_are_refused_before_the_file_is_opened(tmp_path, name, value):
    with pytest.raises(ValueError, match=f"^{name}="):
        read_log(tmp_path / "no such file", **{name: value})


def test_a_budget_beyond_every_integer_type_is_fine(tmp_path):
    assert read_log(write(tmp_path, [HEADER, *ROWS]), n=10**30).n == 10**30
    lines = ["\t".join(c for j, c in enumerate(line.split("\t")) if j != 7) for line in own_lines([900, 1000])]  # no n
    assert "count-mismatch" in codes(read_log(write(tmp_path, lines), n=10**30))
    with pytest.raises(ValueError, match=r"line 3: count=1000 is not allowed: there are n=950 draws"):
        read_log(write(tmp_path, lines), n=950)


# --- where sigma comes from ---


@pytest.mark.parametrize(
    ("path", "sigma"),
    [
        ("noise_0.50", 0.5),
        ("noise_0.5.tsv", 0.5),
        ("x/sigma_0.25", 0.25),
        ("noise_0.25/log", 0.25),
        ("noise_1.0/deep/er/log.tsv", 1.0),
        ("noise_1.tsv", 1.0),
        ("noise_0.12/test/sigma_0.25.txt", 0.25),
        ("resnet110_NOISE_0.50", 0.5),
        ("noise_0.5_sigma_0.50", 0.5),
        ("sigma=0.75.tsv", 0.75),
        ("a_noise0.3", 0.3),
    ],
)
def test_sigma_from_usual_names(path, sigma):
    assert sigma_from_name(f"/logs/{path}") == sigma


@pytest.mark.parametrize(
    "path", ["log.tsv", "denoise_0.5", "noise_", "sigma_025", "noise_0.0", "noise_0.5.1x", "noise_" + "9" * 400]
)
def test_names_that_tell_no_sigma(path):
    with pytest.raises(ValueError, match=r"noise_0\.50, noise_0\.5\.tsv or sigma_0\.25; pass sigma="):
        sigma_from_name(f"/logs/{path}")


def test_a_name_with_two_sigmas_is_refused():
    with pytest.raises(ValueError, match=r"sigma is unclear.*\[0.25, 0.5\]"):
        sigma_from_name("/logs/noise_0.5_sigma_0.25.tsv")


def test_sigma_of_a_relative_path_is_found_in_the_working_directory(tmp_path, monkeypatch):
    write(tmp_path, [HEADER, *ROWS], "noise_0.25/log.tsv")
    monkeypatch.chdir(tmp_path / "noise_0.25")
    assert read_log("log.tsv").sigma == 0.25


# --- refusals ---

REFUSED = {
    "empty": (b"", "line 1: the file is empty"),
    "blank": (b"\n \n", "line 1: the file is empty"),
    "no header": (ROWS[0].encode(), r"line 1: .*is not the header: a certification log starts with.*idx label"),
    "a name of two words": (
        HEADER.replace("radius", "radius proved").encode(),
        "line 1: .*: the column radius is missing; a certification log starts",
    ),
    "spaces": (HEADER.replace("\t", "  ").encode() + b" \n", "line 1: .*separated by spaces"),
    "zip": (b"PK\x03\x04" + bytes(40), r"line 1: compressed \(zip\): unpack it first$"),
    "gzip without rows": (gzip.compress(HEADER.encode()), "line 1: the log has a header and no row below it"),
    "a column is missing": (b"idx\tlabel\tpredict\tradius\ttime\n0\t1\t1\t0.5\t0", "line 1: .*is not the header"),
    "a column twice": ((HEADER + "\tidx\n").encode(), "line 1: .*is not the header"),
    "binary": (bytes(range(256)) * 40, "line 1: .*is not the header"),
    "no rows": (HEADER.encode() + b"\n\n", "line 2: the log has a header and no row"),
    "no row can be read": (
        (HEADER + "\n0\t1\n").encode(),
        r"line 2: no row can be read; 1 line cut off.*2 columns where 6",
    ),
    "all garbled": ((HEADER + "\n" + "\t".join("abcdef")).encode(), "line 2: no row can be read; .*idx='a'"),
    "all NaN": ((HEADER + "\n0\t1\t1\tnan\t1\t0\n").encode(), "line 2: no row can be used, all radii are non-finite"),
    "columns change": (
        "\n".join([HEADER, *ROWS, "label\tidx\tpredict\tradius\tcorrect\ttime", *ROWS]).encode(),
        r"line 6: a second header with other columns \(label idx",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_log_is_refused_by_file_and_line(tmp_path, what):
    content, message = REFUSED[what]
    path = tmp_path / "noise_0.5.tsv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"noise_0\.5\.tsv, " + message) as caught:
        read_log(path)
    assert "\n" not in str(caught.value)
    assert type(caught.value) is ValueError


def test_files_that_cannot_be_opened_say_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_log(tmp_path / "nowhere")
    with pytest.raises(IsADirectoryError):
        read_log(tmp_path)
