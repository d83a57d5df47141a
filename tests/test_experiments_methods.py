"""Methods compared over several runs, from surveys: who is ahead, by how much, and on which images."""

import lzma

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr

from rstheory import radius_from_count
from rstheory.experiments.methods import _holm, find_runs, gains_table, methods_table, orders_table, survival_changes

IMAGES, DRAWS = 400, 200


def write(folder, method, seed, p, rng, sigma=0.5):
    """A survey of images with these p, three classes, the label being 0."""
    counts = rng.binomial(DRAWS, p)
    rows = ["idx\tlabel\tpredict\tradius\tcorrect\ttime\tcount\tn\tn0\talpha\tsigma\tcounts"]
    for i, k in enumerate(counts):
        selected = int(k < DRAWS - k)
        count = max(k, DRAWS - k)
        radius = float(radius_from_count(count, DRAWS, 0.001, sigma))
        predict = selected if radius > 0 else -1
        cells = (i, 0, predict, radius, int(predict == 0), 0.1, count, DRAWS, 10, 0.001, sigma)
        rows.append("\t".join(map(str, (*cells, f"{k},{DRAWS - k},0"))))
    (folder / method).mkdir(exist_ok=True)
    text = ("\n".join(rows) + "\n").encode()
    (folder / method / f"survey_{sigma:.2f}_seed{seed}.tsv.xz").write_bytes(lzma.compress(text))


@pytest.fixture(scope="module")
def levels(tmp_path_factory):
    """Three runs of Gaussian training; "easy" moves hard images down and easy ones up; "same" is Gaussian again."""
    folder, rng = tmp_path_factory.mktemp("zoo"), np.random.default_rng(1)
    z = rng.normal(0.6, 1.2, IMAGES)
    for seed in range(3):
        run = z + rng.normal(0, 0.05, IMAGES)
        write(folder, "gaussian", seed, ndtr(run), rng)
        write(folder, "easy", seed, ndtr(np.where(run > 0, 1.5 * run, 1.5 * run - 0.5)), rng)
        write(folder, "same", seed, ndtr(z + rng.normal(0, 0.05, IMAGES)), rng)
    return find_runs(folder)


def test_runs_are_found_by_level_and_method(levels):
    (level,) = levels.values()
    assert [runs.method for runs in level] == ["gaussian", "easy", "same"]
    assert all(runs.seeds == (0, 1, 2) and runs.p.shape == (3, IMAGES) for runs in level)


def test_changes_that_were_made_are_seen_and_others_are_not(levels):
    """The intervals are at 95 %; "same" differs by chance alone, on one seed of this test."""
    table = methods_table(levels).set_index(["method", "quantity"])
    assert table.loc[("easy", "ACR"), "change, low"] > 0.02
    assert table.loc[("easy", "r = 0"), "change, high"] < 5e-2
    for quantity in ("ACR", "mean p", "r = 0"):
        row = table.loc[("same", quantity)]
        assert row["change, low"] < 0 < row["change, high"]
    assert table.loc[("gaussian", "ACR"), ["change", "change, low"]].isna().all()
    row = table.loc[("gaussian", "mean p")]
    assert row["low"] < row["estimate"] < row["high"]
    assert row["estimate"] == pytest.approx(levels[0.5][0].p.mean(), abs=0.01)


def test_orders_beyond_chance_are_told_from_others(levels):
    table = orders_table(levels).set_index(["better", "worse"])
    assert table.loc[("easy", "gaussian"), "holm"] < 0.05
    pair = ("same", "gaussian") if ("same", "gaussian") in table.index else ("gaussian", "same")
    assert table.loc[pair, "p"] > 0.05
    assert (table["ACR more"] >= 0).all()
    assert (table["holm"] >= table["p"]).all()


def test_gains_are_split_by_who_is_hard_for_another_run(levels):
    table = gains_table(levels).set_index(["method", "kind"])
    assert set(table["judge"]) == {"another run"}
    assert table.loc[("easy", "hard"), "change in p"] < -0.05 < 0.0 < table.loc[("easy", "easy"), "change in p"]
    assert abs(table.loc[("same", "hard"), "change in p"]) < 0.02
    for method in ("gaussian", "easy", "same"):
        rows = table.loc[method]
        assert rows["share"].sum() == pytest.approx(1)
    gained = methods_table(levels).set_index(["method", "quantity"]).loc[("easy", "ACR"), "change"]
    assert table.loc["easy", "part of the change in ACR"].sum() == pytest.approx(gained, abs=1e-9)
    assert (table.loc["gaussian", "part of the change in ACR"] == 0).all()


def test_survival_changes_sign_where_p_is_pushed_apart(levels):
    frame = survival_changes(levels)
    easy = frame[frame["method"] == "easy"].set_index("u")["change"]
    assert easy[easy.index < 0.3].mean() < 0 < easy[easy.index > 0.95].mean()
    assert (frame["low"] <= frame["change"]).all()


def test_one_run_says_that_it_is_one(tmp_path):
    rng = np.random.default_rng(2)
    for method, shift in (("gaussian", 0.0), ("macer", 0.3)):
        write(tmp_path, method, 0, ndtr(rng.normal(0.5 + shift, 1, IMAGES)), rng)
    levels = find_runs(tmp_path)
    assert set(methods_table(levels)["runs"]) == {1}
    assert orders_table(levels)["p"].isna().all()
    assert set(gains_table(levels)["judge"]) == {"the same run"}


def test_folders_without_or_with_other_surveys_are_refused(tmp_path):
    with pytest.raises(ValueError, match="no survey below it"):
        find_runs(tmp_path)
    rng = np.random.default_rng(3)
    write(tmp_path, "gaussian", 0, np.full(20, 0.7), rng)
    write(tmp_path, "easy", 0, np.full(21, 0.7), rng)
    with pytest.raises(ValueError, match="hold different images"):
        find_runs(tmp_path)
    (tmp_path / "easy/survey_0.50_seed0.tsv.xz").rename(tmp_path / "easy/survey_0.25_seed0.tsv.xz")
    with pytest.raises(ValueError, match=r"no survey at sigma=0\.25"):
        find_runs(tmp_path)


def test_holm_by_hand():
    assert _holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert np.isnan(_holm([np.nan, 0.2])[0])
    assert pd.Series(_holm([0.9, 0.8])).max() <= 1


def test_everything_is_drawn_and_written(levels, tmp_path):
    from rstheory.plots.methods_report import write_methods

    written = write_methods(levels, tmp_path / "out")
    names = {path.relative_to(tmp_path / "out").as_posix() for path in written}
    assert names >= {"methods.csv", "orders.csv", "gains.csv", "sigma_0.5/methods.png", "sigma_0.5/methods_gains.txt"}
    assert all(path.stat().st_size for path in written)
    assert "another run" in (tmp_path / "out/sigma_0.5/methods_gains.txt").read_text()
