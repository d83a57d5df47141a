"""Checkpoints and data of other people on the command line, from the file to the log."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

torch = pytest.importorskip("torch")
pa = pytest.importorskip("pyarrow")
pytest.importorskip("PIL")

from image_files import encode, pictures, write_parquet  # noqa: E402
from program_files import export, script, trace  # noqa: E402
from torch import nn  # noqa: E402

import rstheory  # noqa: E402
from rstheory import read_log  # noqa: E402
from rstheory.cli import app  # noqa: E402
from rstheory.smoothing.models import CIFAR10_MEAN, Normalize, ResNet, build, load_checkpoint, save_checkpoint  # noqa: E402

GREY = (1, 8, 8)
CIFAR10 = os.environ.get("RSTHEORY_CIFAR10")
needs_cifar10 = pytest.mark.skipif(CIFAR10 is None, reason="RSTHEORY_CIFAR10 does not name a folder of CIFAR-10")


def command(name, out, **options):
    arguments = {"sigma": 0.25, "n": 100, "device": "cpu", "out": out} | options
    words = [name]
    for option, value in arguments.items():
        words += [f"--{option.replace('_', '-')}"] + ([] if value is True else [str(value)])
    return CliRunner().invoke(app, words, catch_exceptions=False)


@pytest.fixture
def grey(tmp_path):
    """A folder of grey images, labelled two ways, and what a row of the log says of each label."""
    encoded = [encode(image, "PNG", "L") for image in pictures(6, 8, 8)[:, 0]]
    columns = {"label": None, "fine_label": pa.array(range(6)), "coarse_label": pa.array([0, 0, 1, 1, 2, 2])}
    write_parquet(tmp_path / "grey" / "test.parquet", encoded, [0] * 6, classes=None, **columns)
    return tmp_path / "grey"


def small(classes, channels=1):
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(channels, 4, 5), nn.ReLU(), nn.Flatten(), nn.Linear(64, classes)).eval()


@pytest.mark.parametrize("write", [export, script, trace])
def test_a_grey_program_is_certified_where_it_is_trusted(tmp_path, grey, write):
    write(tmp_path / "program", small(6))
    options = {"checkpoint": tmp_path / "program", "data": grey}
    refused = command("certify", tmp_path / "log.tsv", **options)
    assert refused.exit_code == 2
    assert "is a program" in refused.output
    assert "--trust-program" in refused.output
    assert len(refused.output.strip().splitlines()) == 1
    assert not (tmp_path / "log.tsv").exists()
    done = command("certify", tmp_path / "log.tsv", trust_program=True, **options)
    assert done.exit_code == 0, done.output
    assert read_log(tmp_path / "log.tsv").samples == 6


def test_a_program_in_training_mode_is_refused_before_anything_is_certified(tmp_path, grey):
    model = nn.Sequential(small(6)[0], nn.BatchNorm2d(4), *small(6)[1:]).train()
    export(tmp_path / "program.pt2", model)
    out = tmp_path / "log.tsv"
    refused = command("certify", out, checkpoint=tmp_path / "program.pt2", data=grey, trust_program=True)
    assert refused.exit_code == 2
    assert "it is in training mode" in refused.output
    assert not out.exists()


def test_labels_and_channels_are_options(tmp_path, grey):
    for classes, label, channels in ((6, None, None), (6, "fine_label", 1), (3, "coarse_label", 3)):
        shape = (channels or 1, 8, 8)
        path = tmp_path / "model.safetensors"
        save_checkpoint(path, build("mlp", classes, shape), arch="mlp", classes=classes, shape=shape)
        options = {name: value for name, value in (("label", label), ("channels", channels)) if value is not None}
        out = tmp_path / f"{label}.tsv"
        done = command("predict", out, checkpoint=path, data=grey, **options)
        assert done.exit_code == 0, done.output
        labels = [int(line.split("\t")[1]) for line in out.read_text().splitlines()[1:]]
        assert labels == ([0, 0, 1, 1, 2, 2] if label == "coarse_label" else list(range(6)))
    refused = command("predict", tmp_path / "x.tsv", checkpoint=path, data=grey, label="coarse_label")
    assert refused.exit_code == 2
    assert "--channels 3" in refused.output


def rows(path):
    """Rows of a log without the times, by index."""
    lines = [line.split("\t") for line in path.read_text().splitlines()]
    place = lines[0].index("time")
    return {int(cells[0]): cells[:place] + cells[place + 1 :] for cells in lines[1:]}


def test_chunks_by_start_are_the_whole_run(tmp_path):
    """The noise of an image depends on its number alone, so chunks agree with the run in one piece."""
    path = tmp_path / "model.safetensors"
    torch.manual_seed(0)
    save_checkpoint(path, build("mlp", 10, GREY), arch="mlp", classes=10, shape=GREY)
    shared = {"checkpoint": path, "data": "digits", "skip": 10}
    assert command("certify", tmp_path / "whole.tsv", max=12, **shared).exit_code == 0
    chunks = {}
    for start in (0, 50, 100):
        out = tmp_path / f"{start}.tsv"
        assert command("certify", out, start=start, max=5 if start < 100 else 2, **shared).exit_code == 0
        chunks |= rows(out)
    assert chunks == rows(tmp_path / "whole.tsv")
    assert list(chunks) == list(range(0, 120, 10))
    beyond = command("certify", tmp_path / "x.tsv", start=450, **shared)
    assert beyond.exit_code == 2
    assert "start=450 is not allowed: digits test has 450 images, 0 to 449" in beyond.output


@pytest.mark.filterwarnings("default")
def test_a_published_network_at_chance_is_pointed_out_before_it_is_certified(tmp_path):
    """A file of the field for images that it has never seen: random weights."""
    torch.manual_seed(0)
    state = {f"1.{name}": value for name, value in ResNet(8, 10).state_dict().items()}
    state["1.conv1.weight"] = state["1.conv1.weight"][:, :1].clone()
    torch.save({"arch": "cifar_resnet8", "state_dict": state}, tmp_path / "a.pth.tar")
    options = {"checkpoint": tmp_path / "a.pth.tar", "data": "digits", "max": 2}
    done = command("predict", tmp_path / "log.tsv", **options)
    assert done.exit_code == 0, done.output
    assert "no better than by chance" in done.output
    assert "--std 1,1,1" in done.output


@needs_cifar10
@pytest.mark.filterwarnings("default")
def test_a_centred_network_is_judged_right_with_std_alone(tmp_path):
    """As SmoothAdv's files: the zoo's network, written for a normalisation that centres only."""
    zoo = Path(rstheory.__file__).parent / "zoo/cifar10-resnet20/gaussian/model_0.25.safetensors"
    ours = load_checkpoint(zoo).model
    state = {f"1.{name}": value.clone() for name, value in ours[1].state_dict().items()}
    state["1.conv1.weight"] /= ours[0].std.reshape(1, 3, 1, 1)
    path = tmp_path / "centred.pth.tar"
    torch.save({"epoch": 90, "arch": "cifar_resnet20", "state_dict": state}, path)
    centred = load_checkpoint(path, std=(1, 1, 1)).model
    x = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(centred(x), ours(x), rtol=1e-3, atol=1e-3)
    assert torch.equal(centred[0].mean, Normalize(CIFAR10_MEAN, (1, 1, 1)).mean)
    options = {"data": CIFAR10, "skip": 1000, "n": 20}
    expected = command("predict", tmp_path / "zoo.tsv", checkpoint=zoo, **options)
    right = command("predict", tmp_path / "right.tsv", checkpoint=path, std="1,1,1", **options)
    assert right.output == expected.output
    assert "accuracy 0." in right.output
    wrong = command("predict", tmp_path / "wrong.tsv", checkpoint=path, max=1, **options)
    assert " of 200 images are classified right" in wrong.output
    assert (
        "no better than by chance (10 classes). Such a file does not hold its normalisation: try --std" in wrong.output
    )
