"""Checkpoints: what is written comes back, the field's files load, and everything else is refused by name."""

import copy
import json
import os
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

import safetensors.torch  # noqa: E402
from program_files import export, script  # noqa: E402
from torch import nn  # noqa: E402

import rstheory  # noqa: E402
from rstheory.smoothing.models import (  # noqa: E402
    Checkpoint,
    ResNet,
    build,
    load_checkpoint,
    prepare,
    save_checkpoint,
    weights_digest,
)

DIGITS = (1, 8, 8)
CIFAR = (3, 32, 32)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def scramble(model):
    """Every weight and statistic unlike a fresh model's, so that none can be missing from a file unseen."""
    for tensor in model.state_dict().values():
        if tensor.is_floating_point():
            tensor += 0.1 * torch.rand_like(tensor)
        else:
            tensor += 7
    return model


def logits(model, shape):
    x = torch.rand(4, *shape, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return model(x)


# Our own files


@pytest.mark.parametrize(
    ("arch", "classes", "shape"),
    [("resnet20", 10, CIFAR), ("resnet8", 100, CIFAR), ("mlp", 3, (5,)), ("cnn", 10, DIGITS), ("constant", 10, DIGITS)],
)
def test_what_is_saved_comes_back(tmp_path, arch, classes, shape):
    model = scramble(build(arch, classes, shape, mean=(0.1,), std=(0.3,)))
    metadata = {"sigma": "0.25", "method": "gaussian", "config": json.dumps({"lr": 0.1}), "data": "σ, \n, \t and “”"}
    path = tmp_path / "model.safetensors"
    save_checkpoint(path, model, arch=arch, classes=classes, shape=shape, metadata=metadata)
    state = torch.random.get_rng_state()
    loaded = load_checkpoint(path)
    assert torch.equal(torch.random.get_rng_state(), state), "loading a model must not change what is drawn next"
    assert (loaded.arch, loaded.classes, loaded.shape) == (arch, classes, shape)
    assert metadata.items() <= loaded.metadata.items()
    assert loaded.metadata["rstheory"] == rstheory.__version__
    assert weights_digest(loaded.model) == weights_digest(model) == loaded.metadata["weights_sha256"]
    assert not loaded.model.training
    assert torch.equal(logits(loaded.model, shape), logits(model.eval(), shape))
    assert [file.name for file in tmp_path.iterdir()] == ["model.safetensors"]
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
    assert torch.equal(logits(loaded.model, shape), logits(model, shape)), "the model must not change with its file"


def test_the_label_of_a_constant_model_is_kept(tmp_path):
    for label in range(10):
        path = tmp_path / f"{label}.safetensors"
        model = build("constant", 10, DIGITS, label=label)
        save_checkpoint(path, model, arch="constant", classes=10, shape=DIGITS)
        assert logits(load_checkpoint(path).model, DIGITS).argmax(1).tolist() == [label] * 4


def test_a_model_in_training_can_be_saved_in_any_memory_format(tmp_path):
    model = build("cnn", 10, DIGITS).to(memory_format=torch.channels_last)
    save_checkpoint(tmp_path / "a", model, arch="cnn", classes=10, shape=DIGITS)
    assert model.training
    assert weights_digest(load_checkpoint(tmp_path / "a").model) == weights_digest(model)


def test_an_interrupted_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "model.safetensors"
    save_checkpoint(path, build("mlp", 10, DIGITS), arch="mlp", classes=10, shape=DIGITS, metadata={"epoch": "1"})

    def full_disk(source, target):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "replace", full_disk)
    with pytest.raises(OSError, match="no space"):
        save_checkpoint(path, build("mlp", 10, DIGITS), arch="mlp", classes=10, shape=DIGITS)
    assert [file.name for file in tmp_path.iterdir()] == ["model.safetensors"]
    assert load_checkpoint(path).metadata["epoch"] == "1"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"arch": "mlp"},
            "is not written: the model is no mlp for 10 classes.*missing: 1.3.bias.*unknown: 1.0.weight",
        ),
        ({"arch": "cnn2"}, "arch='cnn2'"),
        ({"classes": 3}, r"1.7.bias is torch.float32 \(10,\), not torch.float32 \(3,\)"),
        ({"shape": (1, 9, 9)}, r"1.7.weight is torch.float32 \(10, 512\), not .* \(10, 800\)"),
        (
            {"model": nn.DataParallel(build("cnn", 10, DIGITS))},
            r"missing: 0.mean, 0.std, 1.0.weight and \d+ more; unknown: module.0.mean",
        ),
        ({"model": build("cnn", 10, DIGITS).bfloat16()}, "torch.bfloat16"),
        ({"model": prepare(build("cnn", 10, DIGITS))}, r"unknown: 1.0.bias"),
        ({"metadata": {"sigma": 0.25}}, r"metadata\['sigma'\]=0.25.*text"),
        ({"metadata": {"arch": "cnn"}}, r"metadata\['arch'\].*save_checkpoint writes"),
    ],
)
def test_what_could_not_be_loaded_is_not_saved(tmp_path, change, message):
    arguments = {"model": build("cnn", 10, DIGITS), "arch": "cnn", "classes": 10, "shape": DIGITS} | change
    with pytest.raises(ValueError, match=message):
        save_checkpoint(tmp_path / "model.safetensors", **arguments)
    assert not list(tmp_path.iterdir())


def rewrite(path, metadata=None, **tensors):
    """The file with other metadata or tensors; None removes."""
    with safetensors.safe_open(path, "pt") as file:
        about = file.metadata()
        state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    about = {k: v for k, v in (about | (metadata or {})).items() if v is not None}
    state = {k: v for k, v in (state | tensors).items() if v is not None}
    path.write_bytes(safetensors.torch.save(state, about))


@pytest.mark.parametrize(
    ("metadata", "tensors", "message"),
    [
        ({"format": "pt"}, {}, "its format is 'pt'"),
        ({"format": None}, {}, "its format is None"),
        ({"arch": None}, {}, "do not say of which model"),
        (
            {"arch": "resnet20"},
            {},
            r"no resnet20 for 10 classes and .*missing: 1.conv1.weight, 1.bn1.weight, 1.bn1.bias and",
        ),
        ({"arch": "wideresnet"}, {}, "arch='wideresnet'"),
        ({"classes": "ten"}, {}, "ten"),
        ({"shape": "[1, 8]x"}, {}, "description of the model is wrong"),
        ({"shape": "8"}, {}, "description of the model is wrong"),
        ({"classes": "100000"}, {}, "no cnn for 100000 classes"),
        ({"classes": "1" + "0" * 12}, {}, "description of the model is wrong: classes=1000000000000"),
        ({"classes": "1" + "0" * 30}, {}, "description of the model is wrong"),
        ({"classes": "11"}, {}, r"no cnn for 11 classes .*1.7.bias is torch.float32 \(10,\)"),
        ({}, {"1.0.weight": None}, "missing: 1.0.weight"),
        ({}, {"extra": torch.zeros(1)}, "unknown: extra"),
        ({}, {"1.7.bias": torch.zeros(10).half()}, "the weights have changed"),
        ({}, {"1.7.bias": torch.zeros(10)}, "the weights have changed since they were written"),
    ],
)
def test_files_that_contradict_themselves_are_refused(tmp_path, metadata, tensors, message):
    path = tmp_path / "model.safetensors"
    save_checkpoint(path, build("cnn", 10, DIGITS), arch="cnn", classes=10, shape=DIGITS)
    rewrite(path, metadata, **tensors)
    with pytest.raises(ValueError, match=message) as error:
        load_checkpoint(path)
    assert str(path) in str(error.value)


def test_arguments_that_a_file_answers_itself_are_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    save_checkpoint(path, build("cnn", 10, DIGITS), arch="cnn", classes=10, shape=DIGITS)
    assert load_checkpoint(path, shape=DIGITS).shape == DIGITS
    with pytest.raises(ValueError, match=r"shape=\(1, 9, 9\) is not allowed: the network takes inputs \(1, 8, 8\)"):
        load_checkpoint(path, shape=(1, 9, 9))
    with pytest.raises(ValueError, match="holds its own normalisation"):
        load_checkpoint(path, mean=(0.5,), std=(0.5,))


# Broken and foreign files


def ours(path):
    save_checkpoint(path, build("mlp", 10, DIGITS), arch="mlp", classes=10, shape=DIGITS, metadata={"sigma": "0.5"})


def published(path, legacy=False):
    torch.save({"net": ResNet(8, 10).state_dict()}, path, _use_new_zipfile_serialization=not legacy)


WRITERS = {
    "ours": ours,
    "published": published,
    "legacy": lambda path: published(path, legacy=True),
    "exported": lambda path: export(path, build("mlp", 10, DIGITS).eval()),
    "scripted": lambda path: script(path, build("mlp", 10, DIGITS).eval()),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    for name, write in WRITERS.items():
        write(folder / name)
    return {name: (folder / name).read_bytes() for name in WRITERS}


def shape_for(kind):
    return DIGITS if kind in ("exported", "scripted") else None


@settings(max_examples=60)
@given(kind=st.sampled_from(sorted(WRITERS)), data=st.data())
def test_truncated_files_are_refused(files, tmp_path_factory, kind, data):
    content = files[kind]
    keep = data.draw(
        st.integers(0, len(content) - 1) | st.integers(0, 200) | st.integers(1, 200).map(len(content).__sub__)
    )
    path = tmp_path_factory.mktemp("cut") / "checkpoint"
    path.write_bytes(content[:keep])
    with pytest.raises(ValueError, match=r"broken|cannot load|no checkpoint") as error:
        load_checkpoint(path, shape=shape_for(kind), trust_program=True)
    assert str(path) in str(error.value)


def loaded_or_refused(path):
    try:
        return load_checkpoint(path)
    except ValueError as refusal:
        if str(path) not in str(refusal):
            raise
        return None


@settings(max_examples=60)
@given(data=st.data())
def test_our_files_are_refused_or_unharmed_by_any_changed_byte(files, tmp_path_factory, data):
    content = bytearray(files["ours"])
    header = int.from_bytes(content[:8], "little") + 8
    place = data.draw(st.integers(0, header) | st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("flip") / "checkpoint"
    path.write_bytes(content)
    loaded = loaded_or_refused(path)
    if loaded:  # a letter of the free metadata
        assert weights_digest(loaded.model) == loaded.metadata["weights_sha256"]


@settings(max_examples=60)
@given(kind=st.sampled_from(["legacy", "published"]), data=st.data())
def test_published_files_with_a_changed_byte_load_or_are_refused(files, tmp_path_factory, kind, data):
    """The early bytes are the pickled program; behind them come weights, which no checksum protects in old files."""
    content = bytearray(files[kind])
    place = data.draw(st.integers(0, 20_000) | st.integers(0, len(content) - 1))
    content[place % len(content)] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("flip") / "checkpoint"
    path.write_bytes(content)
    loaded_or_refused(path)


@pytest.mark.parametrize(
    "content",
    [b"", b"\0", b"hello, world", b"\x89PNG\r\n\x1a\n" + bytes(50), b"\x93NUMPY" + bytes(50), b"idx\tlabel\n0\t3\n"],
)
def test_foreign_files_are_refused_with_the_formats_accepted(tmp_path, content):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"model.safetensors: .*safetensors .*torch.save .*torch.export .*TorchScript"):
        load_checkpoint(path)


def test_a_foreign_archive_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(ValueError, match=r"a.zip: no checkpoint that can be read"):
        load_checkpoint(tmp_path / "a.zip")


def test_a_missing_file_is_an_oserror(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"missing.safetensors"):
        load_checkpoint(tmp_path / "missing.safetensors")


def test_checkpoints_check_themselves():
    good = {"model": nn.Flatten(), "arch": "mlp", "classes": 10, "shape": DIGITS, "metadata": {}}
    Checkpoint(**good)
    for change, message in (
        ({"classes": 1}, "classes=1"),
        ({"shape": (0,)}, r"shape=\(0,\)"),
        ({"metadata": {"sigma": 0.5}}, "sigma"),
    ):
        with pytest.raises(ValueError, match=message):
            Checkpoint(**good | change)
    with pytest.raises(AttributeError):
        copy.copy(Checkpoint(**good)).arch = "cnn"
