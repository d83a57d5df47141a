"""What training reaches at which cost: one row per survey, all of the same images."""

import shutil
from pathlib import Path

import pytest

import rstheory
from rstheory.experiments.cost import cost_table
from rstheory.plots.cost import write_cost

ZOO = Path(rstheory.__file__).parent / "zoo"


@pytest.fixture(scope="module")
def table():
    return cost_table(ZOO / "cifar10-cost")


def test_every_survey_is_a_row_by_network_and_cost(table):
    assert len(table) == len(list((ZOO / "cifar10-cost").glob("survey_*")))
    assert list(zip(table["network"], table["PFLOP"], strict=True)) == sorted(
        zip(table["network"], table["PFLOP"], strict=True)
    )
    assert set(table["images"]) == {2000}
    assert (table["ACR, N=10,000"] < table["ACR, N=100,000"]).all()
    assert (table["±, mean p"] > 0.005).all()  # 2000 images


def test_the_fast_recipe_beats_the_old_schedule_at_an_eighth_of_its_cost(table):
    """What the page on the recipe says."""
    of = table.set_index(["network", "PFLOP"])["ACR, N=10,000"]
    assert of["fast32-128-256", 0.019] > of["resnet20", 0.148]


def test_surveys_of_other_images_are_refused(tmp_path):
    name = "survey_fast32-128-256_0.1.tsv.xz"
    shutil.copy(ZOO / "cifar10-cost" / name, tmp_path / name)
    shutil.copy(ZOO / "cifar10-fast/gaussian/survey_0.50_seed1.tsv.xz", tmp_path / "survey_resnet20_0.2.tsv.xz")
    with pytest.raises(ValueError, match="not of the same images"):
        cost_table(tmp_path)


def test_a_folder_without_surveys_has_no_table(tmp_path):
    assert not len(cost_table(tmp_path))


def test_the_figure_is_written_with_its_data(table, tmp_path):
    assert {path.suffix for path in write_cost(table, tmp_path)} == {".png", ".pdf", ".csv", ".txt"}
