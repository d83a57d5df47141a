"""Tables on the terminal and CSV files with provenance."""

import numpy as np
import pandas as pd

from rstheory.plots import save
from rstheory.plots.theory import budget_dependence
from rstheory.tables import provenance, show, write_csv


def test_table_shows_every_cell_uncut(capsys):
    wide = pd.DataFrame({f"column {i}": [1.23456789 * i] for i in range(10)} | {"text": ["a long remark " * 2]})
    show("A title", wide, {"column 3": ".2f", "text": str.upper})
    printed = capsys.readouterr().out
    assert printed.startswith("A title\n")
    assert "3.70" in printed
    assert "A LONG REMARK A LONG REMARK" in printed
    assert "…" not in printed


def test_csv_keeps_every_digit_and_says_what_made_it(tmp_path):
    frame = pd.DataFrame({"x": [0.1, 1 / 3, np.inf, 5e-324], "name": ["a", "b,c", 'd"e', "é"]})
    path = tmp_path / "data.csv"
    write_csv(frame, path, provenance(seed=7, sigma=0.5))
    assert "# seed: 7\n# sigma: 0.5\n" in path.read_text(encoding="utf-8")
    pd.testing.assert_frame_equal(pd.read_csv(path, comment="#"), frame, rtol=0)
    assert [p.name for p in tmp_path.iterdir()] == ["data.csv"]


def test_figure_files_do_not_depend_on_the_day(tmp_path):
    curves = pd.DataFrame({"population": ["a", "a"], "n": [10, 100], "acr": [0.1, 0.2]})
    flips = pd.DataFrame({"first": ["a"], "second": ["b"], "n": [50], "acr": [0.15]})
    files = []
    for folder in ("one", "two"):
        paths = save(budget_dependence(curves, flips), tmp_path / folder / "figure", curves, {"seed": "0"})
        assert [p.suffix for p in paths] == [".png", ".pdf", ".csv"]
        files.append([p.read_bytes() for p in paths])
    assert files[0] == files[1]
    assert b"CreationDate" not in files[0][1]
