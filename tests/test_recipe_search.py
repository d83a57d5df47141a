"""The record of the search for the fast recipe: its runs are those of the script, its page is up to date."""

import importlib.util
import json
import re
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

import muon  # noqa: E402

ROOT = Path(__file__).parents[1]
RECORD, PAGE = ROOT / "docs/recipe/record.tsv", ROOT / "docs/recipe/README.md"
WINNER = "16 directions"


@pytest.fixture(scope="module")
def script():
    specification = importlib.util.spec_from_file_location("recipe_search", ROOT / "scripts/recipe_search.py")
    module = importlib.util.module_from_spec(specification)
    sys.modules["recipe_search"] = module  # dataclasses look their module up
    specification.loader.exec_module(module)
    yield module
    del sys.modules["recipe_search"]


def test_each_experiment_differs_from_one_before_it(script):
    names = [experiment.name for experiment in script.EXPERIMENTS]
    assert len(set(names)) == len(names)
    for place, experiment in enumerate(script.EXPERIMENTS):
        assert experiment.parent in names[:place] if place else experiment.parent == ""
        if place:
            assert script.settings_of(experiment.name) != script.settings_of(experiment.parent)


def test_the_record_has_the_runs_of_the_script(script):
    rows = script.read(RECORD)
    made = [(row["experiment"], int(row["seed"])) for row in rows]
    assert made == [(one.name, seed) for one in script.EXPERIMENTS for seed in range(one.seeds)]
    for row in rows:
        settings = script.settings_of(row["experiment"])
        assert json.loads(row["settings"]) == json.loads(json.dumps(asdict(settings)))
        assert float(row["pflop"]) == pytest.approx(settings.pflop, rel=0.01)  # whole steps
        assert 0 < float(row["acr"]) < float(row["mean_p"]) < 1
        images = int(row["steps"]) * (settings.batch // settings.draws)
        assert float(row["epochs"]) == pytest.approx(images / 50_000, abs=0.006)  # as written, two digits


def test_the_page_shows_the_record(script):
    table = script.TABLE.search(PAGE.read_text(encoding="utf-8"))
    assert table[0] == script.table(script.read(RECORD))
    assert table[0].count("\n") == len(script.EXPERIMENTS) + 2


def test_the_recipe_is_the_winner(script):
    settings = script.settings_of(WINNER)
    assert (settings.filter_rate, settings.filter_momentum) == (muon.FILTER_RATE, muon.FILTER_MOMENTUM)
    assert (settings.rate, settings.momentum, settings.decay) == (
        muon.RATE,
        muon.MOMENTUM,
        muon.DECAY,
    )
    assert settings.bias_factor == muon.BIAS_FACTOR
    assert (settings.batch, settings.smoothing) == (muon.BATCH, muon.SMOOTHING)
    made = script.optimizer(script.network(settings, torch.zeros(2, 3, 32, 32, dtype=torch.uint8)), settings)
    shipped = muon.parameter_groups(script.network(settings, torch.zeros(2, 3, 32, 32, dtype=torch.uint8)))
    for ours, theirs in zip(made.param_groups, shipped, strict=True):
        assert {k: v for k, v in ours.items() if k not in ("params", "lr")} == {
            k: v for k, v in theirs.items() if k != "params"
        }


def test_long_runs_descend_as_recorded(script):
    settings = script.settings_of("longer, without muon")
    nets = [script.network(settings, torch.zeros(2, 3, 32, 32, dtype=torch.uint8)) for _ in range(2)]
    made = script.optimizer(nets[0], settings).param_groups
    shipped = muon.by_descent(muon.parameter_groups(nets[1]))
    assert len(made) == len(shipped) == 3
    for ours, theirs in zip(made, shipped, strict=True):
        assert all(ours[name] == theirs[name] for name in ("orthogonal", "peak", "momentum", "weight_decay"))


def test_batches_show_every_image_once_an_epoch(script):
    source = script.batches(10, 4, torch.Generator().manual_seed(0))
    drawn = [next(source) for _ in range(5)]
    chosen, epochs = (torch.cat(parts) for parts in zip(*drawn, strict=True))
    assert epochs.tolist() == [0] * 10 + [1] * 10
    assert sorted(chosen[:10].tolist()) == sorted(chosen[10:].tolist()) == list(range(10))


def test_images_are_shifted_whole(script):
    """Each is a window of the image mirrored at its edges, and all 25 windows occur."""
    image = torch.rand(1, 3, 8, 8)
    padded = torch.nn.functional.pad(image, [2] * 4, mode="reflect")[0]
    windows = [padded[:, i : i + 8, j : j + 8] for i in range(5) for j in range(5)]
    # 500 draws miss one of 25 with a chance below 25 (24/25)^500 = 4e-8.
    found = set()
    for shown in script.shifted(image.expand(500, -1, -1, -1), torch.Generator().manual_seed(0)):
        places = [place for place, window in enumerate(windows) if torch.equal(window, shown)]
        assert len(places) == 1
        found |= set(places)
    assert len(found) == 25


def test_marks_of_the_table_are_there():
    assert len(re.findall("<!-- (?:table|end) -->", PAGE.read_text(encoding="utf-8"))) == 2
