"""Lint codes: when each is raised, how many rows and which line it names, what becomes of the rows, and when not."""

import numpy as np
import pytest
from audit_logs import COLUMNS, OWN_COLUMNS, class_counts
from hypothesis import given
from hypothesis import strategies as st
from log_files import HEADER, row

from rstheory import radius_from_count
from rstheory.logs.finding import CODES
from rstheory.logs.lint import index_step
from rstheory.logs.read import read_log


def test_codes_are_the_documented_ones_once_each():
    assert len(set(CODES)) == len(CODES) == 32


def test_a_clean_log_has_nothing_but_its_rounding(read):
    log, found = read(row(0), row(1, "0.0", predict=-1, correct=0), row(2, predict=4, correct=0), row(3, "1.9"))
    assert found == {}
    assert log.samples == 4


# --- lines ---


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("7\t3\t3\t0.5", "4 columns where 6 are expected"),
        ("7", "1 column where 6 are expected"),
        (row(7) + "\t", "7 columns where 6 are expected"),
        (row("x"), "idx='x'"),
        (row("9" * 40), "idx='99999"),
        (row(-7), "idx='-7'"),
        (row(""), "idx=''"),
        (row(7, label="1_0"), "label='1_0'"),
        (row(7, label=-1), "label='-1'"),
        (row(7, predict="3.5"), "predict='3.5'"),
        (row(7, predict="cat"), "predict='cat'"),
        (row(7) + "\r" + row(8), "a carriage return inside"),
        (row(7) + "\rx", "a carriage return inside"),
        (row(7, "0.5.3"), "radius='0.5.3'"),
        (row(7, ""), "radius=''"),
        (row(7, "1e"), "radius='1e'"),
        (row(7, "0.5\0"), r"radius='0.5\x00'"),
        (row(7, correct=2), "correct='2'"),
        (row(7, correct=""), "correct=''"),
        ("\0" * 300, "1 column where 6 are expected"),
    ],
)
def test_a_line_that_is_no_row_is_left_out_and_named(read, line, problem):
    log, found = read(row(0), line, row(1), "again")
    assert set(found) == {"truncated-line"}
    assert log.index.tolist() == [0, 1]
    warning = found["truncated-line"]
    assert (warning.rows, warning.line) == (2, 3)
    assert warning.message.startswith("2 lines cut off or garbled: left out (line 3: ")
    assert problem in warning.message


def test_bytes_that_are_no_text_are_shown_escaped(tmp_path):
    path = tmp_path / "noise_0.5"
    path.write_bytes(f"{HEADER}\n{row(0)}\n".encode() + b"1\t3\t\xff\xfe\t0.5\t1\t0\n")
    (warning, _) = read_log(path).warnings
    assert (warning.code, warning.line) == ("truncated-line", 3)
    assert r"predict='\\xff\\xfe'" in warning.message


def test_headers_in_the_middle_are_left_out(read):
    log, found = read(row(0), HEADER, row(1), HEADER, row(2))
    assert log.index.tolist() == [0, 1, 2]
    assert set(found) == {"repeated-header"}
    assert (found["repeated-header"].rows, found["repeated-header"].line) == (2, 3)


def test_a_header_cut_off_is_a_cut_line(read):
    _, found = read(row(0), HEADER[:-1], HEADER[:12], row(1))
    assert set(found) == {"truncated-line"}
    assert found["truncated-line"].rows == 2


@pytest.mark.parametrize("radius", ["nan", "NaN", "inf", "-inf", "Infinity", "1e999", "1e200", "-1e200"])
def test_radii_that_are_not_finite_count_as_abstentions(read, radius):
    """They are samples: left out, they would raise every mean."""
    log, found = read(row(0), row(1, radius), row(2), row(3))
    assert set(found) == {"non-finite"}
    assert log.index.tolist() == [0, 1, 2, 3]
    assert (log.predict[1], log.radius[1], log.correct[1]) == (-1, 0, False)
    assert (found["non-finite"].rows, found["non-finite"].line) == (1, 3)
    assert "abstentions" in found["non-finite"].message
    assert log.acr == pytest.approx(3 * 0.529 / 4)


@pytest.mark.parametrize("code", ["-2", "-100", "abstain", "ABSTAIN", "None", "nan", "-2.0", "tensor(-2)", "rejected"])
def test_other_abstentions_stay_in_the_denominator(read, code):
    log, found = read(row(0), row(1, "0.0", predict=code, correct=0), row(2), row(3, "0.0", predict=-1, correct=0))
    assert set(found) == {"other-abstention"}
    assert (found["other-abstention"].rows, found["other-abstention"].line) == (1, 3)
    assert log.predict.tolist() == [3, -1, 3, -1]
    assert (log.abstain_rate, log.acr) == (0.5, pytest.approx(0.529 / 2))


@pytest.mark.parametrize("nothing", ["", "-", "None", "N/A", "abstain"])
def test_an_abstention_needs_no_radius_and_no_flag(read, nothing):
    log, found = read(row(0), row(1, nothing, predict=-1, correct=nothing.replace("abstain", "")), row(2))
    assert found == {}
    assert (log.samples, log.abstain_rate) == (3, pytest.approx(1 / 3))


def test_a_log_of_which_most_lines_cannot_be_read_has_no_acr(read):
    lines = [row(i) for i in range(10)]
    log, found = read(*lines, *["x"] * 10)
    assert (log.samples, found["truncated-line"].rows) == (10, 10)
    with pytest.raises(ValueError, match=r"line 12: most lines cannot be read.*11 lines cut off or garbled"):
        read(*lines, *["x"] * 11)


def test_summaries_at_the_end_and_comments_are_no_rows(read):
    lines = [row(0), "# of the second machine", row(1), "", "mean\t\t\t0.529\t1.0\t", "ACR: 0.529", "-----"]
    log, found = read(*lines)
    assert log.samples == 2
    assert set(found) == {"other-text"}
    assert (found["other-text"].rows, found["other-text"].line) == (4, 3)
    assert "'# of the second machine'" in found["other-text"].message


def test_a_last_line_without_newline_is_doubtful(tmp_path):
    """Cut inside its last column it is another number, and nobody could tell; other last cells do no harm."""
    path = tmp_path / "noise_0.5"
    names = "idx\tlabel\tpredict\tcorrect\tradius\n"
    for last in ("1.77", "1.7", "1", "4.88e-0"):
        path.write_text(f"{names}0\t3\t3\t1\t0.5\n1\t3\t3\t1\t{last}")
        log = read_log(path)
        assert log.radius.tolist() == [0.5]
        assert f"no newline after radius='{last}'" in log.warnings[0].message
    path.write_text(f"{HEADER}\n{row(0)}\n{row(1)}")
    log = read_log(path)
    assert log.samples == 2
    assert next((w.code, w.rows, w.line) for w in log.warnings) == ("unfinished-line", 1, 3)


# --- indices ---


def test_of_duplicates_the_first_is_kept(read):
    log, found = read(row(0), row(1, "0.1"), row(2), row(1, "0.1"), row(1, "0.9"), row(0, label=4), row(3))
    warning = found["duplicate-index"]
    assert set(found) == {"duplicate-index"}
    assert (warning.rows, warning.line) == (3, 5)
    assert "2 of them disagree" in warning.message
    assert log.index.tolist() == [0, 1, 2, 3]
    assert log.radius.tolist() == [0.529, 0.1, 0.529, 0.529]
    _, found = read(row(0), row(0), row(1))
    assert "all agree" in found["duplicate-index"].message


def test_rows_out_of_order_stay_as_they_stand(read):
    log, found = read(row(2), row(0), row(1))
    assert found == {}
    assert log.index.tolist() == [2, 0, 1]


def test_failures_left_out_are_missed(read):
    """Every third failed row is gone: ACR rises, and the finding says from what it would have been."""
    rng = np.random.default_rng(5)
    correct = rng.random(3000) < 0.6
    failed = np.flatnonzero(~correct)
    lines = [row(i, "0.97" if ok else "0.2", predict=3 if ok else 1, correct=int(ok)) for i, ok in enumerate(correct)]
    whole, found = read(*lines)
    assert found == {}
    gone = set(failed[::3].tolist()) - {2999}  # what follows the last row cannot be known
    log, found = read(*(line for i, line in enumerate(lines) if i not in gone))
    warning = found["missing-index"]
    assert set(found) == {"missing-index"}
    assert warning.rows == len(gone)
    first = min(gone)
    assert warning.line == first + 2  # the row after the gap now stands on the line of the one that is gone
    assert log.acr > 1.1 * whole.acr
    assert f"ACR is {log.acr:.4g}; it would be {whole.acr:.4g}" in warning.message


@pytest.mark.parametrize(
    ("index", "missing", "line"),
    [
        (range(0, 50_000, 100), 0, None),
        (range(0, 1000, 20), 0, None),
        ([5], 0, None),
        ([0], 0, None),
        ([*range(0, 500, 100), *range(700, 2000, 100)], 2, 7),
        (range(5000, 5050), 5000, 2),
        ([3, 4, 5], 3, 2),
        (range(20, 2020, 100), 0, None),
        ([0, 1, 2, 3, 5, 7, 8, 12], 5, 6),
        ([12, 8, 7, 5, 3, 2, 1, 0], 5, 2),
        ([0, 1, 3, 5, 8, 9, 11, 13, 16], 8, 4),  # most neighbours are 2 apart, but many only 1
    ],
)
def test_gaps_are_counted_in_the_steps_of_the_log(read, index, missing, line):
    _, found = read(*map(row, index))
    assert set(found) == ({"missing-index"} if missing else set())
    if missing:
        assert (found["missing-index"].rows, found["missing-index"].line) == (missing, line)


@given(st.integers(1, 200), st.sets(st.integers(1, 298), max_size=100))
def test_the_step_survives_gaps(step, gone):
    """Up to a third of the rows missing anywhere: the step is still the smallest common distance."""
    assert index_step(np.array([step * i for i in range(300) if i not in gone])) == step


# --- values ---


def test_negative_radii_count_as_nothing(read):
    log, found = read(row(0), row(1, "-0.3"), row(2, "-0.0"))
    assert set(found) == {"negative-radius"}
    assert (found["negative-radius"].rows, found["negative-radius"].line) == (
        1,
        3,
    )
    assert log.radius.tolist() == [0.529, 0, 0]
    assert log.correct.tolist() == [True, False, True]
    assert log.half_unit[1] == 0
    assert log.acr == 0.529 / 3
    assert not np.signbit(log.radius[2])


def test_abstentions_have_no_radius(read):
    log, found = read(row(0), row(1, "0.9", predict=-1, correct=0), row(2, "0.9", predict=-1, correct=1))
    assert set(found) == {"abstained-with-radius", "correct-flag-mismatch"}
    assert (found["abstained-with-radius"].rows, found["abstained-with-radius"].line) == (2, 3)
    assert (found["correct-flag-mismatch"].rows, found["correct-flag-mismatch"].line) == (1, 4)
    assert log.radius.tolist() == [0.529, 0, 0]
    assert log.correct.tolist() == [True, False, False]


def test_correct_needs_flag_and_prediction(read):
    log, found = read(row(0), row(1, predict=4, correct=1), row(2, predict=3, correct=0), row(3, predict=4, correct=0))
    warning = found["correct-flag-mismatch"]
    assert set(found) == {"correct-flag-mismatch"}
    assert (warning.rows, warning.line) == (2, 3)
    assert log.correct.tolist() == [True, False, False, False]
    assert "1 flagged correct count as not correct" in warning.message


# --- counts ---


def own_row(index, count, radius=None, n=1000, predict=3):
    radius = float(radius_from_count(count, n, 0.001, 0.5)) if radius is None else radius
    correct = int(predict == 3)
    votes = class_counts(max(predict, 0), count, n) if count <= n else ""
    return f"{row(index, repr(radius), predict=predict, correct=correct)}\t{count}\t{n}\t100\t0.001\t0.5\t{votes}\t1"


def test_counts_that_contradict_their_radius_are_not_used(read):
    header = "\t".join(COLUMNS + OWN_COLUMNS)
    lines = [
        own_row(0, 999),
        own_row(1, 900, radius=1.0),
        own_row(2, 990, radius=0.4987654321012),
        own_row(3, 400, 0.0, predict=-1),
    ]
    log, found = read(*lines, own_row(4, 990, 0.0, predict=-1), header=header)
    warning = found["count-mismatch"]
    assert set(found) == {"count-mismatch"}
    assert (warning.rows, warning.line) == (3, 3)
    assert log.count.tolist() == [999, -1, -1, 400, -1]
    assert log.radius.tolist()[1:3] == [1.0, 0.4987654321012]
    certified = radius_from_count(np.array([999, 900, 990]), 1000, 0.001, 0.5)
    np.testing.assert_allclose(
        log.rounded_down().radius[:3], np.minimum(certified, [9, 1.0, 0.4987654321012]), rtol=1e-12
    )


@given(st.lists(st.integers(0, 2000), min_size=1, max_size=60), st.sampled_from([0.001, 0.05, 0.4]))
def test_radii_made_from_their_counts_agree_with_them(tmp_path_factory, counts, alpha):
    header = "\t".join(COLUMNS + OWN_COLUMNS)
    lines = []
    for i, count in enumerate(counts):
        radius = float(radius_from_count(count, 2000, alpha, 0.5))
        cells = (i, 3, 3 if radius else -1, repr(radius), int(radius > 0), 0, count, 2000, 100, alpha, 0.5, "", 1)
        lines.append("\t".join(map(str, cells)))
    path = tmp_path_factory.getbasetemp() / "own.tsv"
    path.write_text("\n".join([header, *lines, ""]))
    log = read_log(path)
    assert log.warnings == ()
    assert log.count.tolist() == counts
    assert not np.any(log.half_unit)


def test_a_count_above_n_is_no_row(read):
    _, found = read(own_row(0, 999), own_row(1, 1001, radius=0.5), header="\t".join(COLUMNS + OWN_COLUMNS))
    assert "count='1001'" in found["truncated-line"].message


def test_class_counts_beside_a_count_that_is_wrong_are_not_used_either(read):
    """Consistent with each other, they do not give the radius: no number may rest on them."""
    header = "\t".join(COLUMNS + OWN_COLUMNS)
    log, found = read(own_row(0, 999), own_row(1, 900, radius=1.0), header=header)
    assert set(found) == {"count-mismatch"}
    assert log.counts[:, 0].tolist() == [0, -1]
    with pytest.raises(ValueError, match="does not tell how often its label came"):
        _ = log.label_counts


def test_without_a_count_the_class_counts_are_held_against_the_radius(read):
    header = "\t".join(COLUMNS + OWN_COLUMNS)
    silent = [own_row(i, k).split("\t") for i, k in enumerate((999, 900, 950))]
    for cells in silent:
        cells[6] = ""
    silent[1][3] = "1.0"
    log, found = read(*("\t".join(cells) for cells in silent), header=header)
    assert set(found) == {"count-mismatch"}
    assert log.count.tolist() == [999, -1, 950]


# --- rounding ---


def test_rounding_is_told_about_the_whole_log(read):
    log, _ = read(row(0, "1.9"), row(1, "0.953"), row(2, "0.0", predict=-1, correct=0))
    (warning,) = log.warnings
    assert (warning.code, warning.rows, warning.line) == ("rounded-radius", 2, None)
    assert "3 significant digits" in warning.message
    assert "0.005" in warning.message
    log, _ = read(row(0, "0.47642519463402"), row(1, "0.52837465019283"))
    assert log.warnings == ()


def test_findings_come_in_the_order_of_the_codes(read):
    log, _ = read("cut", HEADER, row(9, "nan"), row(1), row(1), row(3, "-1"), row(4, "9.9"), row(5, predict=-1))
    found = [finding.code for finding in log.warnings]
    assert found == sorted(found, key=CODES.index)
    assert len(found) == 10
