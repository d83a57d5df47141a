"""Reading logs: numbers as printed, what a rounded radius stands for, where sigma, N and alpha come from, refusals."""

import bz2
import gzip
import lzma
import math
import os
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from audit_logs import COLUMNS, OWN_COLUMNS, class_counts
from hypothesis import example, given
from hypothesis import strategies as st

from rstheory import max_radius, radius_from_count
from rstheory.logs.cells import decimals, integers, split
from rstheory.logs.find import find_logs
from rstheory.logs.read import read_log, sigma_from_name
from rstheory.logs.rounding import half_units

HEADER = "\t".join(COLUMNS)
ROWS = (
    "0\t3\t3\t1.15\t1\t0:00:08.5",
    "1\t8\t8\t1.9\t1\t0:00:08.1",
    "2\t8\t1\t0.529\t0\t1 day, 0:00:08",
    "3\t0\t-1\t0.0\t0\t0",
)


def write(folder: Path, lines, name: str = "noise_0.5.tsv", end: str = "\n") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((end.join(lines) + end).encode())
    return path


def own_lines(counts, n=1000, alpha=0.001, sigma=0.25, fmt=repr):
    """Lines of a log of ours: sample i has label and prediction i % 10 and count counts[i]; 0 is an abstention."""
    lines = ["\t".join(COLUMNS + OWN_COLUMNS)]
    for i, k in enumerate(counts):
        radius = float(radius_from_count(k, n, alpha, sigma))
        predict = i % 10 if radius > 0 else -1
        cells = (
            i,
            i % 10,
            predict,
            fmt(radius),
            int(radius > 0),
            "0:00:01",
            k,
            n,
            100,
            alpha,
            sigma,
            class_counts(i % 10, k, n),
            7,
        )
        lines.append("\t".join(map(str, cells)))
    return lines


def cells(*texts: str):
    return split("\n".join(["r", *texts, ""]).encode(), ("r",)).columns["r"]


def codes(log):
    return [finding.code for finding in log.warnings]


# --- numbers ---

NUMBERS = st.one_of(
    st.floats(0, 10).map(lambda x: f"{x:.3}"),
    st.floats(0, 10).map(repr),
    st.floats(allow_nan=True).map(repr),
    st.from_regex(r"[+-]?[0-9]{0,20}\.?[0-9]{0,20}(e[+-]?[0-9]{1,3})?", fullmatch=True),
    st.text("0123456789.-+einfaNX_ \0,:/", min_size=1, max_size=30),
)


def is_number(text: str) -> bool:
    """What Python's float takes, without its blanks and underscores."""
    if text != text.strip() or "_" in text or not text.isascii():
        return False
    try:
        float(text)
    except ValueError:
        return False
    return True


@given(st.lists(NUMBERS, min_size=1, max_size=20))
@example(["0.529", "1.9", "4.88e-05", "nan", "-inf", "1_0", "0x1p3", "1e999", ".", "", "1.2.3", "12\0", "9" * 40, "e5"])
@example(["123456789012345", "1234567890123456", "0." + "0" * 40 + "1", "999999999999999.9", "+1", "-0.0", "5.", ".5"])
@example(["0e999999", "1e-400", "1e-999999", "0" * 30 + ".5", "1e1234567"])
def test_decimals_read_what_float_reads_and_nothing_else(texts):
    numbers = decimals(cells(*texts))
    filled = [text for text in texts if text]  # an empty line is no row
    for text, value, parsed in zip(filled, numbers.value, numbers.parsed, strict=True):
        assert parsed == (is_number(text) and text != "1e1234567"), text
        if parsed:
            assert value == float(text) or (math.isnan(value) and math.isnan(float(text))), text


@given(st.lists(st.decimals(0, 10**6, allow_nan=False, places=None), min_size=1, max_size=10))
@example([Decimal("4.88E-5"), Decimal("1.230E+2"), Decimal("0.0120")])
def test_digits_and_decimals_of_a_number_are_those_printed(values):
    values = [value for value in values if value.adjusted() > -300 and len(value.as_tuple().digits) < 40]
    if not values:
        return
    numbers = decimals(cells(*map(str, values)))
    for value, significant, places in zip(values, numbers.significant, numbers.decimals, strict=True):
        if value:
            _, digits, exponent = value.as_tuple()
            assert (significant, places) == (len(digits), -exponent)


@given(st.lists(st.integers(-(10**20), 10**20).map(str) | st.text("0123456789-+._ \0:/", min_size=1), min_size=1))
@example(["-1", "1_0", "--1", "-", "", "+1", "1.0", "9" * 18, "9" * 19, "9" * 40, "5\0"])
def test_integers_read_digits_and_nothing_else(texts):
    value, parsed = integers(cells(*texts))
    for text, v, ok in zip([text for text in texts if text], value, parsed, strict=True):
        digits = text.removeprefix("-")
        assert ok == (digits.isdigit() and len(digits) <= 18), text
        if ok:
            assert v == int(text)


# --- what a printed radius stands for ---


@given(
    st.lists(st.floats(1e-6, 30), min_size=1, max_size=60),
    st.sampled_from(["{:.3}", "{:.2}", "{:.5}", "{:.4f}", "{:.2f}", "{:.6f}", "{:.3e}", "{!r}"]),
)
@example([0.125], "{:.2f}")  # prints as 0.12, and the float next to that lies further off than half a unit
@example([1.9] * 30 + [0.529], "{:.3}")
@example([1.9, 0.953, 4.88e-05], "{:.3}")
def test_half_unit_covers_the_rounding_whatever_the_format(true, form):
    """Sound: the true radius is never below printed - half, never above printed + half, in exact arithmetic."""
    half, _ = half_units(printed := decimals(cells(*map(form.format, true))))
    for radius, value, unit in zip(true, printed.value, half, strict=True):
        assert abs(Fraction(radius) - Fraction(value)) <= Fraction(unit) or form == "{!r}"
        if form == "{!r}":
            assert value == radius


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        # 90 % of {:.3} have three digits: the others have lost their zeros
        (["1.9", "0.953", "4.88e-05", "1.15"], [0.005, 0.0005, 0.00000005, 0.005]),
        (["0.9529", "1.9057", "0.0012", "0.4660", "0.0000"], [0.00005] * 5),
        (["0.47642519463402", "0.5", "0.0"], [0, 0, 0]),
        (["0.0", "0.0"], [0.05, 0.05]),
        (["3", "12"], [0.5, 0.5]),
        (["1.23e+02"], [0.5]),
    ],
)
def test_half_units_of_the_known_formats(texts, expected):
    np.testing.assert_allclose(half_units(decimals(cells(*texts)))[0], expected, rtol=1e-9)


def test_mixed_precision_is_read_by_the_last_digit_of_each():
    """Two logs in one: 3 digits and 8 digits. Eight digits must not vouch for the others."""
    rough = [f"{0.1 + i / 100:.3}" for i in range(60)]
    fine = [f"{0.1234567 + i / 97:.8f}" for i in range(40)]
    half, how = half_units(printed := decimals(cells(*rough, *fine)))
    assert "several precisions" in how
    np.testing.assert_allclose(half, 0.5 * 10.0 ** -printed.decimals.astype(float), rtol=1e-6)
    assert half_units(decimals(cells(*rough, *fine, "0e999999")))[0][-1] == 0.5
    full = [repr(0.12345678912345 + i / 97) for i in range(40)]
    half, _ = half_units(decimals(cells(*rough, *full)))
    assert np.all(half[:60] >= 0.005)
    assert np.all(half[60:] == 0)


def test_one_stray_precise_radius_does_not_vouch_for_the_rest():
    rough = [f"{0.1 + i / 997:.3}" for i in range(500)]
    assert half_units(decimals(cells(*rough, "0.47642519463402")))[0][:500].min() >= 0.0005
    assert half_units(decimals(cells(*rough, "0.4764251")))[0][:500].min() >= 0.0005


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
    assert log.warnings == plain.warnings


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

OWN = own_lines([1000, 999, 998])
REFUSED = {
    "empty": (b"", "line 1: the file is empty"),
    "blank": (b"\n \n", "line 1: the file is empty"),
    "no header": (ROWS[0].encode(), r"line 1: .*is not the header: a certification log starts with.*idx label"),
    "commas": (
        HEADER.replace("\t", ",").encode() + b"\r\n",
        "line 1: 'idx,label.*is not the header: its names are separated by commas: .*tabs instead; a certif.*log",
    ),
    "commas and blanks": (HEADER.replace("\t", ", ").encode(), "line 1: 'idx, label.*separated by commas"),
    "semicolons": (HEADER.replace("\t", ";").encode(), "line 1: .*separated by semicolons"),
    "spaces": (HEADER.replace("\t", "  ").encode() + b" \n", "line 1: .*separated by spaces"),
    "gzip": (gzip.compress(HEADER.encode()), r"line 1: compressed \(gzip\): unpack it first$"),
    "xz": (lzma.compress(HEADER.encode()), r"line 1: compressed \(xz\): unpack it first$"),
    "bzip2": (bz2.compress(HEADER.encode()), r"line 1: compressed \(bzip2\): unpack it first$"),
    "a column is missing": (b"idx\tlabel\tpredict\tradius\ttime\n0\t1\t1\t0.5\t0", "line 1: .*is not the header"),
    "a column twice": ((HEADER + "\tidx\n").encode(), "line 1: .*is not the header"),
    "binary": (bytes(range(256)) * 40, "line 1: .*is not the header"),
    "utf-16": ("\n".join([HEADER, *ROWS]).encode("utf-16"), "line 1: .*is not the header"),
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
    "sigma changes": (
        "\n".join([*OWN, OWN[1].replace("\t0.25\t", "\t0.5\t")]).encode(),
        "line 5: sigma=0.5 .* sigma=0.25",
    ),
    "n changes": (
        "\n".join([*OWN[:3], OWN[3].replace("\t1000\t100", "\t2000\t100")]).encode(),
        "line 4: n=2000 .* n=1000",
    ),
    "alpha changes": (
        "\n".join([*OWN[:3], OWN[3].replace("0.001", "0.01")]).encode(),
        "line 4: alpha=0.01 .* alpha=0.001",
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


# --- finding logs ---


def test_folders_are_searched_in_order_and_everything_is_accounted_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("b/noise_1.0", "b/noise_0.25", "b/noise_0.5.tsv", "a/deep/sigma_1.0.txt", "c.tsv"):
        write(tmp_path, [HEADER, *ROWS], name)
    write(tmp_path, ["\t".join(reversed(COLUMNS))], "a/reordered.tsv")
    write(tmp_path, ["# notes"], "b/README.md")
    write(tmp_path, [HEADER, *ROWS], "b/.git/noise_0.5.tsv")
    (tmp_path / "b" / "empty.tsv").touch()
    os.mkfifo(tmp_path / "b" / "pipe")
    (tmp_path / "nothing").mkdir()
    found = find_logs(["c.tsv", "b", "a", "missing.tsv", Path("nothing"), "b/noise_0.25", "bad\0name"])
    assert found.logs == (
        "c.tsv",
        "b/noise_0.25",
        "b/noise_0.5.tsv",
        "b/noise_1.0",
        "a/deep/sigma_1.0.txt",
        "a/reordered.tsv",
    )
    assert dict(found.skipped) == {
        "b/.git": "hidden",
        "b/README.md": "does not start with the header of a certification log",
        "b/empty.tsv": "empty file",
        "b/pipe": "not a regular file",
    }
    assert [path for path, _ in found.errors] == ["missing.tsv", "nothing", "bad\0name"]
    assert "No such file" in found.errors[0][1]
    assert "no certification log in this folder" in found.errors[1][1]


def test_a_file_that_is_named_is_taken_as_a_log(tmp_path):
    path = write(tmp_path, ["# notes"], "README.md")
    assert find_logs([path]).logs == (str(path),)


def test_a_folder_given_twice_counts_once(tmp_path):
    path = write(tmp_path, [HEADER, *ROWS])
    assert find_logs([tmp_path, tmp_path, path]).logs == (str(path),)
    assert find_logs([path, tmp_path]).errors == (), "the folder holds a log, though one already named"


def test_links_in_a_circle_end(tmp_path):
    write(tmp_path, [HEADER, *ROWS], "a/noise_0.5")
    (tmp_path / "a" / "around").symlink_to(tmp_path)
    (tmp_path / "a" / "dangling").symlink_to(tmp_path / "gone")
    found = find_logs([tmp_path])
    assert [os.path.relpath(path, tmp_path) for path in found.logs] == ["a/noise_0.5"]
    assert [reason for _, reason in found.skipped] == ["not a regular file"]
    assert [os.path.relpath(path, tmp_path) for path, _ in found.errors] == ["a/dangling"]


def test_only_the_first_bytes_decide(tmp_path):
    """A sparse file of 1 TiB is decided upon as fast as any other."""
    for name, start in (("big_log", HEADER.encode() + b"\n"), ("big_other", b"x")):
        with open(tmp_path / name, "wb") as file:
            file.write(start)
            file.truncate(2**40)
    assert find_logs([tmp_path]).logs == (str(tmp_path / "big_log"),)


# --- real logs ---

PUBLISHED = os.environ.get("RSTHEORY_PUBLISHED_LOGS")
needs_published_logs = pytest.mark.skipif(
    PUBLISHED is None,
    reason="RSTHEORY_PUBLISHED_LOGS does not name a copy of the published logs (eth-sri/acr-weakness)",
)


def plain_mean(path: str) -> tuple[int, float]:
    """Rows and ACR as anyone would compute them in ten lines."""
    with open(path) as file:
        next(file)
        values = [float(row[3]) * int(row[4]) for row in (line.rstrip("\n").split("\t") for line in file)]
    return len(values), sum(map(Fraction, values)) / len(values)


@needs_published_logs
def test_published_logs_read_as_they_stand():
    found = find_logs([PUBLISHED])
    assert len(found.logs) == 35
    assert not found.errors
    for path in found.logs:
        log = read_log(path)
        rows, acr = plain_mean(path)
        assert log.samples == rows
        assert log.acr == pytest.approx(float(acr), rel=1e-13)  # a sum of 10^4 terms in pairs
        assert 0 < log.acr - log.rounded_down().acr < (0.012 if "/imagenet/gaussian/" in path else 0.0025)
        expected = ["radius-above-maximum"] if "/imagenet/gaussian/" in path else []
        assert codes(log) == [*expected, "rounded-radius"], path
        places = 4 if "/imagenet/smoothadv/" in path else None
        assert (f"{places} decimals" if places else "3 significant digits") in log.warnings[-1].message


@needs_published_logs
def test_imagenet_gaussian_was_certified_at_another_level():
    """Its largest radii are those of alpha = 0.01 (or of N = 150,000), and the ones next to them only those of 0.01."""
    for name, largest in (("noise_0.25", 0.978), ("noise_0.5.tsv", 1.96), ("noise_1.0.tsv", 3.91)):
        path = os.path.join(PUBLISHED, "imagenet", "gaussian", name)
        warning = read_log(path).warnings[0]
        looked_at = int(warning.message.split("of the ")[1].split()[0])
        assert warning.code == "radius-above-maximum"
        assert f"{looked_at} fit alpha=0.01," in warning.message
        as_made = read_log(path, alpha=0.01)
        assert codes(as_made) == ["rounded-radius"]
        assert as_made.radius.max() == largest == float(f"{max_radius(100_000, 0.01, as_made.sigma):.3}")
