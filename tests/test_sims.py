"""The simulations run, write what they promise, repeat themselves byte for byte, and their tables state the theory."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rstheory.plots import easy_sample_sensitivity, mean_preserving_spread

ROOT = Path(__file__).resolve().parent.parent
SIMS = sorted((ROOT / "sims").glob("*.py"))
QUICK = {  # settings that make a run short; the defaults are what `make demo` runs
    "acr_unbounded": ["--samples", "10"],
    "easy_sample_sensitivity": ["--samples", "50", "--runs", "5"],
    "budget_dependence": ["--largest", "5"],
    "mean_preserving_spread": ["--steps", "5"],
    "real_model_validation": ["--n", "1000", "--runs", "2", "--skip", "30"],
}


def load(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "sims" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(script, *arguments):
    return subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.mark.parametrize("script", SIMS, ids=lambda path: path.stem)
def test_script_writes_figure_and_data_and_repeats_itself(script, tmp_path):
    outputs = []
    for folder in ("first", "second"):
        result = run(script, *QUICK[script.stem], "--out", tmp_path / folder)
        assert result.returncode == 0, result.stderr
        outputs.append({path.name: path.read_bytes() for path in sorted((tmp_path / folder).iterdir())})
    assert set(outputs[0]) == {f"{script.stem}.{suffix}" for suffix in ("png", "pdf", "csv")}
    assert outputs[0] == outputs[1]
    data = outputs[0][f"{script.stem}.csv"].decode()
    assert data.startswith("# rstheory: ")
    assert f"# script: sims/{script.name}\n" in data
    assert "# alpha: 0.001\n" in data


@pytest.mark.parametrize("script", SIMS, ids=lambda path: path.stem)
def test_script_explains_itself(script):
    result = run(script, "--help")
    assert result.returncode == 0
    assert "--out" in result.stdout
    assert run(script, "--no-such-option").returncode == 2


def test_constant_classifier_by_count_equals_the_closed_form():
    table = load("acr_unbounded").run_certify([10, 100, 1000], 20, 10, 1e-3, 1.0, seed=0)
    assert list(table["equal in exact arithmetic"]) == ["yes"] * 3
    assert list(table["counts with k = N"]) == ["20 of 20"] * 3


def test_bounds_of_the_budget_curve_hold_and_it_passes_every_target():
    curve = load("acr_unbounded").acr_by_budget([2, 5, 18, 1000, 1_000_000], 1e-3, 1.0)
    assert (curve["lower"] <= curve["acr"]).all()
    assert (curve["acr"] <= curve["upper"]).all()
    budgets = load("acr_unbounded").budgets_to_pass([0.844], 1e-3, 1.0)
    assert budgets["smallest N"].tolist()[:2] == ["148", "435,356,786,204,273,953"]


def test_improved_tenths_gain_the_same_mean_and_the_easiest_gains_most():
    sim = load("easy_sample_sensitivity")
    groups = sim.improve_a_tenth(100, 50, 1e-3, seed=0)
    assert np.allclose(groups["gain in mean p"], groups["gain in mean p"][0], rtol=1e-9)
    for _, rows in groups.groupby("n"):
        gain = rows.set_index("improved")["exact"]
        assert gain["easiest tenth"] > gain["middle tenth"] > gain["hardest tenth"] >= 0
    drawn = groups[groups["standard_error"] > 0]
    # 10 rows; 5 standard errors of a near-normal mean of 50: false alarm below 1e-3 by Student's t, seed fixed.
    assert (abs(drawn["exact"] - drawn["simulated"]) < 5 * drawn["standard_error"]).all()


def test_orders_flip_where_the_sim_says():
    sim = load("budget_dependence")
    curves = sim.acr_curves(np.array([100, 1000, 10_000, 1_000_000]), 1e-3)
    flips = sim.crossings(curves, 1e-3)
    assert len(flips) == 3
    for row in flips.itertuples():
        first, second = sim.POPULATIONS[row.first], sim.POPULATIONS[row.second]
        before, after = (first.expected_acr(n) - second.expected_acr(n) for n in (row.n - 1, row.n))
        assert (before > 0) != (after > 0)


@pytest.mark.parametrize("mean", [0.05, 0.5, 0.7, 0.99])
def test_spread_keeps_the_mean_and_raises_acr(mean):
    sim = load("mean_preserving_spread")
    assert np.isclose(sim.halfway(mean).mean(), mean, rtol=1e-12)
    assert ((sim.halfway(mean) >= 0) & (sim.halfway(mean) <= 1)).all()
    curves = sim.acr_by_spread(mean, 1e-3, 6)
    for _, rows in curves.groupby("n"):
        assert (np.diff(rows["spread"]) > 0).all()
        assert (np.diff(rows["acr"]) >= -1e-12).all()  # rounding of g_N, 1e-12 (numerics contract)


def test_one_budget_looks_alike_in_every_figure():
    slope_sim = load("easy_sample_sensitivity")
    slopes, gains = slope_sim.slopes(1e-3), slope_sim.gains(1e-3)
    gains = gains[np.isfinite(gains["gain"])]
    groups = pd.DataFrame([("$10^2$", 100, "a tenth", 1.0, 1.0, 0.1)],
                          columns=["budget", "n", "improved", "exact", "simulated", "standard_error"])  # fmt: skip
    spread = load("mean_preserving_spread").acr_by_spread(0.7, 1e-3, 3)
    looks = [
        {line.get_label(): (line.get_color(), line.get_linestyle()) for line in axes.get_lines()}
        for axes in (
            easy_sample_sensitivity(slopes, gains, groups).axes[0],
            mean_preserving_spread(spread, 0.7).axes[0],
        )
    ]
    assert set(looks[0]) - set(looks[1]) == {slope_sim.UNLIMITED}
    assert all(looks[0][budget] == look for budget, look in looks[1].items())
    assert len(set(looks[0].values())) == len(looks[0]) == 6


def test_committed_data_is_what_the_scripts_write_now(tmp_path):
    """The figures in the repository were drawn with this code: the cheapest of them is drawn again and compared."""
    result = run(ROOT / "sims" / "mean_preserving_spread.py", "--out", tmp_path)
    assert result.returncode == 0, result.stderr
    now, committed = (
        pd.read_csv(folder / "mean_preserving_spread.csv", comment="#") for folder in (tmp_path, ROOT / "figures")
    )
    pd.testing.assert_frame_equal(now, committed, rtol=1e-9)


def test_a_real_network_agrees_with_its_prediction(tmp_path):
    """F2 on digits, at quick settings: six normal comparisons, each with a false-alarm rate of 7e-6. Seeds fixed."""
    script = ROOT / "sims" / "real_model_validation.py"
    result = run(script, *QUICK[script.stem], "--out", tmp_path)
    assert result.returncode == 0, result.stderr
    table = pd.read_csv(tmp_path / "real_model_validation.csv", comment="#")
    assert len(table) == 6
    assert (table["standard_error"] > 0).all()
    assert (table["z"].abs() < 4.5).all()
    assert (table["predicted"].diff().dropna() > 0).all()  # the budgets differ enough to matter
