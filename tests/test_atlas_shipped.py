"""The atlas that ships: its table has a source in every row, its pages say what the table says, and it can be made."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rstheory.atlas import atlas
from rstheory.atlas.frame import to_frame

FOLDER = Path(__file__).parent.parent / "docs" / "atlas"
PUBLISHED = os.environ.get("RSTHEORY_PUBLISHED_LOGS")


@pytest.fixture(scope="module")
def table():
    return pd.read_csv(FOLDER / "atlas.csv", comment="#")


@pytest.fixture(scope="module")
def by_method():
    """The first table of the page, as a frame."""
    lines = (FOLDER / "standing.md").read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("| method | data set | entries |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return pd.DataFrame(rows, columns=[cell.strip() for cell in lines[start].strip("|").split("|")])


def test_every_row_has_its_source(table):
    assert len(table) == 258
    assert table["repository"].nunique() == 7
    assert table[["repository", "file", "path", "data", "method"]].notna().all(axis=None)
    assert table.loc[table["error"].isna(), ["acr", "samples", "origin"]].notna().all(axis=None)
    assert (table["verdict"] == "unreadable").sum() == table["error"].notna().sum()


def test_no_path_of_a_machine(table):
    for name in ("atlas.csv", "standing.md", "README.md"):
        text = (FOLDER / name).read_text()
        assert "/home/" not in text
        assert "/tmp" not in text
        assert "/root" not in text
    assert set(table["path"].str.split("/").str[0]) == {"public_logs", "published_logs"}


def test_the_answer_is_what_the_page_counts(by_method):
    """No entry certifies more images beyond noise, none gains below 0.7, all but two gain."""
    page = (FOLDER / "standing.md").read_text()
    readme = " ".join((FOLDER / "README.md").read_text().split())
    assert (by_method["certify more images"] == "0").all()
    assert "No entry certifies more images than Gaussian training beyond noise." in readme
    lowest = by_method["lowest u with a gain"].str.split(" to ").str[0].astype(float)
    assert lowest.min() == 0.7
    assert "none gains beyond noise below p = 0.7. All but two gain somewhere" in readme
    entries = by_method["entries"].astype(int).sum()
    assert f"- loses, and gains nowhere beyond noise: 1 of {entries}" in page
    assert f"- no difference beyond noise: 1 of {entries}" in page
    large = by_method[(by_method["data set"] == "CIFAR-10") & (by_method["images"] == "10,000")]
    assert (large["entries"] == large["certify fewer images"]).all()


@pytest.mark.skipif(PUBLISHED is None, reason="RSTHEORY_PUBLISHED_LOGS does not name the folder of published logs")
def test_the_table_is_made_again(table):
    """The rows of the published logs, from the logs."""
    made = to_frame(atlas([PUBLISHED]))
    shipped = table[table["repository"] == "eth-sri/acr-weakness"].set_index("file")
    assert set(made["file"]) == set(shipped.index)
    numbers = ["sigma", "n", "alpha", "samples", "acr", "acr_error", "acr_sound", "acr_1000", "acr_10000",
               "easiest_tenth", "accuracy", "abstained", *(name for name in made if name.startswith("S_"))]  # fmt: skip
    for _, row in made.iterrows():
        other = shipped.loc[row["file"]]
        assert (row["method"], row["verdict"]) == (other["method"], other["verdict"])
        ours = row[numbers].astype(float).to_numpy()
        np.testing.assert_allclose(ours, other[numbers].astype(float).to_numpy(), rtol=1e-9)
