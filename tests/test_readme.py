"""The README's example session runs and prints what it says, and its numbers of trained networks are those measured."""

import doctest
from pathlib import Path

import pandas as pd
import pytest

import rstheory
from rstheory.experiments import find_experiments
from rstheory.experiments.tables import (
    ablation_table,
    accuracy_table,
    decomposition_table,
    difficulty_table,
    gradient_table,
)

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
ZOO = Path(rstheory.__file__).parent / "zoo"
NAMES = {
    "Gaussian": "gaussian",
    "Gaussian, run again": "gaussian-rerun",
    "hard images dropped": "discard",
    "easy images drawn more often": "reweigh",
    "adversarial noise": "attack",
    "all three": "easy",
}


def test_example_session():
    results = doctest.testfile(str(README), module_relative=False, optionflags=doctest.REPORT_NDIFF)
    assert results.attempted > 10
    assert results.failed == 0


@pytest.fixture(scope="module")
def experiments():
    return find_experiments(ZOO)


def test_the_tables_in_figures_are_of_the_logs_that_ship(experiments):
    """`rstheory figures` was run after the last log or measurement came in."""
    for name, table in (
        ("accuracy", accuracy_table(experiments)),
        ("ablation", ablation_table(experiments)),
        ("gradients", gradient_table(experiments)),
        ("difficulty", difficulty_table(experiments)),
        ("decomposition", decomposition_table(experiments)),
    ):
        kept = pd.read_csv(ROOT / "figures" / "experiments" / f"{name}.csv", comment="#")
        pd.testing.assert_frame_equal(kept, table, check_dtype=False, rtol=1e-9)


def rows_of_readme():
    """Rows of the README's tables of trained networks: sigma, method, cells."""
    table, rows = False, []
    for line in README.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if cells[:2] == ["σ", "training"]:
            table = True
        elif table and cells and not cells[0].startswith("-"):
            rows.append((float(cells[0]), NAMES[cells[1].partition(" (")[0]], cells[2:]))
        table &= bool(cells)
    return rows


def test_numbers_of_trained_networks_are_those_of_their_logs(experiments):
    """ACR, what it gained with its error, accuracy, and mean p, to the last digit printed."""
    networks = [e for e in experiments if e.data == "cifar10-resnet20"]
    keys = ["sigma", "method"]
    accuracy = accuracy_table(networks).set_index(keys)
    gains = ablation_table(networks).set_index(keys)
    split = decomposition_table(networks).set_index(keys)
    rows = rows_of_readme()
    assert sorted(row[:2] for row in rows) == sorted(accuracy.index)
    for sigma, method, cells in rows:
        own = accuracy.loc[(sigma, method)]
        percent = [f"{100 * own[r]:.1f} %" for r in ("majority", "0", "0.5", "1", "1.5")]
        gained, mean = "", split.loc[(sigma, "easy"), "mean p, gaussian"]
        if method != "gaussian":
            gain = gains.loc[(sigma, method)]
            gained, mean = f"{gain['ACR']:.3f} ({gain['s.e. (ACR)']:.3f})", split.loc[(sigma, method), "mean p"]
        assert cells == [f"{own['ACR']:.3f}", gained, *percent, f"{mean:.3f}"], (sigma, method)
