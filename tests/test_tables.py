"""Tables on the terminal and CSV files with provenance."""

import io
import re

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from rstheory._provenance import provenance, write_csv
from rstheory.plots import save
from rstheory.plots.theory import budget_dependence
from rstheory.tables import Column, TextColumn, print_table, show


def test_table_shows_every_cell_uncut(capsys):
    wide = pd.DataFrame({f"column {i}": [1.23456789 * i] for i in range(10)} | {"text": ["a long remark " * 2]})
    show("A title", wide, {"column 3": ".2f", "text": str.upper})
    printed = capsys.readouterr().out
    assert printed.startswith("A title\n")
    assert "3.70" in printed
    assert "A LONG REMARK A LONG REMARK" in printed
    assert "…" not in printed


@settings(max_examples=60)
@given(
    st.integers(10, 200),
    st.lists(st.lists(st.integers(-(10**9), 10**9), min_size=2, max_size=2), min_size=1, max_size=12),
    st.lists(st.text("abc /", max_size=60), min_size=2, max_size=2),
)
def test_no_number_is_cut_on_any_terminal(width, numbers, names):
    """Every number stands whole in its own cell, and lines fit unless a single column does not."""
    columns = [Column(f"column no {i}", tuple(f"{value:,}" for value in cells)) for i, cells in enumerate(numbers)]
    console = Console(file=io.StringIO(), width=width)
    print_table(console, [TextColumn("name", tuple(names))], columns)
    lines = console.file.getvalue().splitlines()
    cells = [cell.strip() for line in lines for cell in re.split("[│┃|]", line)]
    for column in columns:
        for cell in column.cells:
            assert cell in cells
    if width >= 50:
        assert max(map(len, lines)) <= width
    heads = " ".join(cells)
    assert heads.count("name") >= 1


def test_each_block_repeats_the_name_of_the_row(monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    out = io.StringIO()
    monkeypatch.setattr(
        "rstheory.tables.Console", lambda **_: Console(file=out, force_terminal=True, color_system=None)
    )
    show("A title", pd.DataFrame({"method": ["gaussian", "macer"]} | {f"c{i}": [i / 7, i / 9] for i in range(6)}))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 50
    blocks_shown = sum("method" in line for line in lines)
    assert blocks_shown > 1
    assert sum("gaussian" in line for line in lines) == blocks_shown
    assert any(f" {5 / 7} " in line for line in lines)


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
