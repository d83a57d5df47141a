"""The log as a noun: made from arrays and frames, its evidence, its views, its one line."""

import numpy as np
import pandas as pd
import pytest
from audit_logs import counts_of_model, log_of_counts
from hypothesis import given
from hypothesis import strategies as st

from rstheory import CertificationLog, radius_from_count, read_log
from rstheory.logs import Origin
from rstheory.logs.schema import CERTIFICATION_LOG

HEADER = CERTIFICATION_LOG.header


def own_row(index, counts, *, label=1, predict=1, n=1000, seed=7, weights="abcd", count=None):
    count = counts[predict] if count is None else count
    radius = float(radius_from_count(count, n, 0.001, 0.5))
    votes = ",".join(map(str, counts))
    return (
        f"{index}\t{label}\t{predict}\t{radius!r}\t{int(predict == label)}\t0.1\t{count}\t{n}\t100\t0.001\t0.5\t{votes}"
        f"\t{seed}\t7.0e-09\tphilox\tbfloat16\t{weights}\tdigits test 12\tcpu avx2\trstheory 0.2.0"
    )


def own_log(path, *rows):
    path.write_text("\n".join([HEADER, *rows, ""]))
    return read_log(path)


def codes(log):
    return [finding.code for finding in log.warnings]


def test_a_log_keeps_all_the_evidence_of_its_file(tmp_path):
    log = own_log(tmp_path / "log.tsv", own_row(0, (10, 990, 0)), own_row(1, (100, 200, 700), predict=2))
    assert log.counts.tolist() == [[10, 990, 0], [100, 200, 700]]
    assert log.label_counts.tolist() == [990, 200]
    assert log.rival_counts.tolist() == [10, 700]
    assert log.origin == Origin(
        n0=100, seed=7, tau=7e-9, noise="philox", dtype="bfloat16", weights="abcd", data="digits test 12",
        kernels="cpu avx2", software="rstheory 0.2.0",
    )  # fmt: skip
    assert log.warnings == ()
    cut = log.select(np.array([1]))
    assert cut.counts.tolist() == [[100, 200, 700]]
    assert cut.origin == log.origin


def test_a_repeated_row_is_one_sample_for_everyone(tmp_path):
    row = own_row(0, (10, 990))
    log = own_log(tmp_path / "log.tsv", row, row, own_row(1, (0, 1000)))
    assert codes(log) == ["duplicate-index"]
    assert log.label_counts.tolist() == [990, 1000]


@pytest.mark.parametrize(
    ("counts", "count"),
    [((10, 980), 980), ((10, 990), 989), ((10, 990, 1), 990), ((1000,), 0)],
    ids=["do not add up", "do not hold the count", "too many draws", "no such class"],
)
def test_counts_that_contradict_the_row_are_found_and_not_used(tmp_path, counts, count):
    log = own_log(tmp_path / "log.tsv", own_row(0, counts, count=count))
    assert codes(log) == ["counts-mismatch"]
    with pytest.raises(ValueError, match="the row of idx=0 does not tell how often its label came"):
        log.label_counts  # noqa: B018


@pytest.mark.parametrize("cell", ["10,x", "10", "10,,990", "1e1,990", "-10,1010", "10;990"])
def test_counts_that_cannot_be_read_are_found(tmp_path, cell):
    good = own_row(0, (10, 990))
    log = own_log(tmp_path / "log.tsv", good.replace("10,990", cell, 1), own_row(1, (10, 990)), own_row(2, (0, 1000)))
    assert codes(log) == ["counts-mismatch"]
    assert log.warnings[0].rows == 1
    assert log.counts.tolist() == [[-1, -1], [10, 990], [0, 1000]]


def test_an_abstention_counts_the_selected_class_whichever_it_was(tmp_path):
    fine = own_row(0, (460, 540), count=460).replace("\t1\t1\t", "\t1\t-1\t", 1).replace("\t1\t0.1", "\t0\t0.1", 1)
    assert codes(own_log(tmp_path / "log.tsv", fine)) == []
    wrong = fine.replace("\t460\t1000", "\t461\t1000")
    assert codes(own_log(tmp_path / "log.tsv", wrong)) == ["counts-mismatch"]


def test_rows_of_two_runs_in_one_log_are_told_of(tmp_path):
    rows = own_row(0, (10, 990)), own_row(1, (0, 1000)), own_row(2, (5, 995), seed=8, weights="ef")
    log = own_log(tmp_path / "log.tsv", *rows)
    (finding,) = log.warnings
    assert (finding.code, finding.line) == ("mixed-origin", 4)
    assert "seed is 7 and 8; weights is abcd and ef" in finding.message
    assert (log.origin.seed, log.origin.weights) == (None, "abcd; ef")


def test_logs_without_counts_say_what_they_lack():
    with pytest.raises(ValueError, match="made up has no column counts"):
        log_of_counts([900]).label_counts  # noqa: B018


LOGS = st.tuples(st.integers(0, 1000), st.sampled_from([None, 2, 3, 4]), st.sampled_from([0.12, 0.5, 2.0]))


@given(LOGS)
def test_arrays_and_frames_make_the_log_that_a_file_makes(tmp_path_factory, made):
    seed, digits, sigma = made
    log = log_of_counts(counts_of_model(seed, samples=30), sigma=sigma, digits=digits, known=False)
    path = tmp_path_factory.getbasetemp() / "same.tsv"
    rows = zip(log.index, log.label, log.predict, log.radius, log.correct.astype(int), strict=True)
    path.write_text("\n".join(["idx\tlabel\tpredict\tradius\tcorrect", *("\t".join(map(str, r)) for r in rows), ""]))
    from_file = read_log(path, sigma, log.n, log.alpha)
    arrays = CertificationLog.from_arrays(
        label=log.label, predict=log.predict, radius=log.radius, sigma=sigma, n=log.n, alpha=log.alpha
    )
    frame = pd.read_csv(path, sep="\t")
    for other in (arrays, CertificationLog.from_frame(frame, sigma=sigma, n=log.n, alpha=log.alpha)):
        for name in ("index", "label", "predict", "radius", "half_unit", "correct", "count"):
            np.testing.assert_array_equal(getattr(other, name), getattr(from_file, name))
        told = tuple(finding for finding in from_file.warnings if "against-radii" not in finding.code)
        assert other.warnings == told  # what is given in a program is not held against the ladder of radii


def test_arrays_with_counts_keep_them():
    radius = radius_from_count(np.array([990, 800]), 1000, 0.001, 0.5)
    log = CertificationLog.from_arrays(
        label=[0, 1], predict=[0, 1], radius=radius, sigma=0.5, n=1000, index=[5, 6], count=[990, 800],
        counts=[[990, 10], [200, 800]],
    )  # fmt: skip
    assert log.index.tolist() == [5, 6]
    assert log.counts.tolist() == [[990, 10], [200, 800]]
    assert log.count.tolist() == [990, 800]
    assert codes(log) == ["missing-index"]


def test_what_no_log_can_hold_is_refused():
    fine = {"label": [0, 1], "predict": [0, 1], "radius": [0.5, 0.1], "sigma": 0.5, "n": 1000}
    for change, message in (
        ({"radius": [0.5]}, "radius has 1 entries, but label has 2"),
        ({"label": [0.0, 1.0]}, "label"),
        ({"sigma": -1}, "sigma"),
        ({"n": 0}, "n=0"),
        ({"alpha": 1}, "alpha"),
        ({"index": [1]}, "idx has 1 entries"),
        ({"radius": [np.nan, np.inf]}, "no row can be used"),
    ):
        with pytest.raises(ValueError, match=message):
            CertificationLog.from_arrays(**fine | change)
    with pytest.raises(ValueError, match="frame: sigma is not known"):
        CertificationLog.from_frame(pd.DataFrame(fine).drop(columns="sigma").assign(idx=[0, 1], correct=1), n=1000)


def test_a_log_is_one_line():
    text = repr(log_of_counts([990, 800, 1000]))
    assert text == "CertificationLog('made up', 3 samples, sigma=0.5, N=1,000, alpha=0.001, ACR 0.8571)"
    assert "\n" not in repr(log_of_counts([900], path="a\nb\x1b[31m"))


@given(LOGS)
def test_views_only_ever_lower_radii(made):
    seed, digits, sigma = made
    log = log_of_counts(counts_of_model(seed, samples=30), sigma=sigma, digits=digits, known=False)
    down, possible = log.rounded_down(), log.possible()
    assert np.all(down.radius <= possible.radius)
    assert np.all(possible.radius <= log.radius)
    assert np.all(possible.radius <= log.max_radius)
    assert np.all(down.half_unit == 0)
    np.testing.assert_array_equal(possible.rounded_down().radius, down.radius)
    np.testing.assert_array_equal(down.rounded_down().radius, down.radius)


def test_plots_draw_into_axes_and_make_some():
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("Agg")
    log = log_of_counts(counts_of_model(1))
    for draw in (log.plot_survival, log.plot_certified_accuracy, log.plot_acr_by_budget):
        axes = draw()
        assert len(axes.get_lines()) == 1
        assert axes.get_xlabel()
        assert draw(axes) is axes
        assert len(axes.get_lines()) == 2
        plt.close(axes.figure)
