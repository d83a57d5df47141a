"""Checkpoints: what is written comes back, the field's files load, and everything else is refused by name."""

import contextlib
import copy
import json
import os
import pickle
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

import safetensors.torch  # noqa: E402
from program_files import export, script, trace  # noqa: E402
from torch import nn  # noqa: E402

import rstheory  # noqa: E402
from rstheory.smoothing.models import (  # noqa: E402
    CIFAR10_MEAN,
    CIFAR10_STD,
    CIFAR100_MEAN,
    Checkpoint,
    Normalize,
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
        ({}, {"1.7.bias": torch.zeros(10).half()}, "1.7.bias is torch.float16"),
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


# The field's files


def publish(path, net, prefix, legacy=False, **entries):
    """A checkpoint as the published training scripts write it."""
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    net(torch.rand(2, 3, 32, 32)).sum().backward()
    optimizer.step()  # now the optimizer has momentum to save
    content = {
        "epoch": 90,
        "arch": "cifar_resnet8",
        "state_dict": type(net.state_dict())((prefix + name, tensor) for name, tensor in net.state_dict().items()),
        "optimizer": optimizer.state_dict(),
    } | entries
    torch.save({k: v for k, v in content.items() if v is not None}, path, _use_new_zipfile_serialization=not legacy)
    return net.eval()


@pytest.mark.parametrize("legacy", [True, False], ids=["torch<1.6", "zip"])
@pytest.mark.parametrize("arch", ["cifar_resnet8", None])
@pytest.mark.parametrize("prefix", ["1.", "1.module.", "module.1.", "module.", ""])
def test_published_checkpoints_load(tmp_path, prefix, arch, legacy):
    path = tmp_path / "checkpoint.pth.tar"
    net = publish(path, scramble(ResNet(8, 10)), prefix, legacy, arch=arch)
    loaded = load_checkpoint(path)
    assert (loaded.arch, loaded.classes, loaded.shape) == ("resnet8", 10, CIFAR)
    assert loaded.metadata == {"format": "published", "epoch": "90"}
    assert not loaded.model.training
    # Behind "1." stood the usual normalisation layer; a bare network took pixels.
    behind = nn.Sequential(Normalize(CIFAR10_MEAN, CIFAR10_STD), net) if "1." in prefix else net
    assert torch.equal(logits(loaded.model, CIFAR), logits(behind, CIFAR))


def test_digest_does_not_depend_on_the_file(tmp_path):
    net = publish(tmp_path / "checkpoint.pth.tar", ResNet(8, 10), "1.")
    loaded = load_checkpoint(tmp_path / "checkpoint.pth.tar")
    save_checkpoint(tmp_path / "ours", loaded.model, arch=loaded.arch, classes=loaded.classes, shape=loaded.shape)
    direct = nn.Sequential(Normalize(CIFAR10_MEAN, CIFAR10_STD), net)
    digests = {weights_digest(model) for model in (direct, loaded.model, load_checkpoint(tmp_path / "ours").model)}
    assert len(digests) == 1


def test_smoothadv_centres_only(tmp_path):
    """Salman et al.: InputCenterLayer. Their files look like Cohen's; whoever loads them must say std=(1, 1, 1)."""
    net = publish(tmp_path / "a", scramble(ResNet(8, 10)), "1.")
    loaded = load_checkpoint(tmp_path / "a", mean=CIFAR10_MEAN, std=(1, 1, 1))
    x = torch.rand(2, *CIFAR)
    with torch.no_grad():
        assert torch.equal(loaded.model(x), net(x - torch.tensor(CIFAR10_MEAN).reshape(3, 1, 1)))
        assert not torch.allclose(loaded.model(x), load_checkpoint(tmp_path / "a").model(x))


def test_macer_saves_the_bare_network_as_net(tmp_path):
    net = ResNet(8, 10)
    torch.save({"net": net.state_dict(), "epoch": 440}, tmp_path / "440.pth")
    loaded = load_checkpoint(tmp_path / "440.pth")
    assert loaded.arch == "resnet8"
    assert torch.equal(logits(loaded.model, CIFAR), logits(net.eval(), CIFAR))


def test_a_bare_state_dict_and_cifar100(tmp_path):
    torch.save({f"1.{k}": v for k, v in ResNet(14, 100).state_dict().items()}, tmp_path / "a")
    loaded = load_checkpoint(tmp_path / "a")
    assert (loaded.arch, loaded.classes, loaded.metadata) == ("resnet14", 100, {"format": "published"})
    assert loaded.model[0].mean.flatten().tolist() == pytest.approx(CIFAR100_MEAN)
    publish(tmp_path / "b", ResNet(8, 100), "1.", arch="cifar100_resnet8")
    assert load_checkpoint(tmp_path / "b").arch == "resnet8"


def without(state, *names):
    return {name: value for name, value in state.items() if name not in names}


def of_lenet(path):
    torch.save({"arch": "lenet", "state_dict": {"1.conv1.weight": torch.zeros(6, 1, 5, 5)}}, path)


def of_other_depth(path):
    publish(path, ResNet(8, 10), "1.", arch="cifar_resnet110")


def of_padded_shortcuts(path):
    state = ResNet(8, 10).state_dict()
    torch.save({k: v for k, v in state.items() if "downsample" not in k}, path)


def of_other_widths(path):
    state = ResNet(8, 10).state_dict()
    torch.save({"state_dict": state | {"conv1.weight": torch.zeros(32, 3, 3, 3)}}, path)


def of_half_precision(path):
    torch.save({"net": {k: v.half() for k, v in ResNet(8, 10).state_dict().items()}}, path)


def of_imagenet(path):
    torch.save({"arch": "resnet50", "state_dict": {"1.module.conv1.weight": torch.zeros(64, 3, 7, 7)}}, path)


def of_akamaster(path):
    state = ResNet(8, 10).state_dict()
    torch.save({"state_dict": {k.replace("fc.", "linear."): v for k, v in state.items()}}, path)


def of_saved_normalisation(path):
    state = {f"1.{k}": v for k, v in ResNet(8, 10).state_dict().items()}
    torch.save(state | {"0.mean": torch.zeros(3)}, path)


def of_text(path):
    torch.save({"state_dict": "see the other file"}, path)


def of_a_tensor(path):
    torch.save(torch.zeros(3), path)


def of_numbered_keys(path):
    torch.save({0: torch.zeros(3)}, path)


def of_odd_depth(path):
    torch.save({"arch": "cifar_resnet19", "state_dict": ResNet(8, 10).state_dict()}, path)


def of_a_number(path):
    torch.save({"state_dict": ResNet(8, 10).state_dict() | {"fc.bias": 3}}, path)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (of_lenet, "'lenet'.*only CIFAR ResNets.*TorchScript"),
        (of_imagenet, "'resnet50'.*only CIFAR ResNets"),
        (of_other_depth, r"no resnet110 for 10 classes.*missing: layer1.1.conv1.weight.* and \d+ more$"),
        (of_padded_shortcuts, "missing: layer2.0.downsample.0.weight"),
        (of_other_widths, r"conv1.weight is torch.float32 \(32, 3, 3, 3\), not torch.float32 \(16, 3, 3, 3\)"),
        (of_half_precision, "torch.float16"),
        (of_akamaster, "no CIFAR ResNet"),
        (of_saved_normalisation, "unknown: 0.mean$"),
        (of_text, "no state dict"),
        (of_a_tensor, "holds Tensor where a checkpoint is a dictionary"),
        (of_numbered_keys, "no state dict"),
        (of_odd_depth, "depth=19"),
        (of_a_number, "fc.bias is of type int"),
    ],
)
def test_other_architectures_are_refused(tmp_path, write, message):
    path = tmp_path / "checkpoint.pth.tar"
    write(path)
    with pytest.raises(ValueError, match=message) as error:
        load_checkpoint(path)
    assert str(path) in str(error.value)


class Attack:
    """Pickled, it leaves a mark when it is opened."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (os.mkdir, (str(self.mark),))


def attack_zip(path, mark):
    torch.save({"arch": "cifar_resnet8", "state_dict": ResNet(8, 10).state_dict(), "args": Attack(mark)}, path)


def attack_legacy(path, mark):
    torch.save({"net": ResNet(8, 10).state_dict(), "x": Attack(mark)}, path, _use_new_zipfile_serialization=False)


def attack_pickle(path, mark):
    path.write_bytes(pickle.dumps({"state_dict": Attack(mark)}))


def replace_entry(path, ending, content):
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, old in entries.items():
            archive.writestr(name, content(old) if name.endswith(ending) else old)


def attack_exported_samples(path, mark):
    export(path, build("mlp", 10, DIGITS).eval())
    torch.save((Attack(mark),), path.with_name("payload"))
    replace_entry(path, "sample_inputs/model.pt", lambda _: path.with_name("payload").read_bytes())


def attack_exported_weights(path, mark):
    export(path, build("mlp", 10, DIGITS).eval())
    torch.save(Attack(mark), path.with_name("payload"))

    def pickled(config):
        entries = json.loads(config)
        for entry in entries["config"].values():
            entry["use_pickle"] = True
        return json.dumps(entries).encode()

    replace_entry(path, "weights/model_weights_config.json", pickled)
    replace_entry(path, "weights/weight_0", lambda _: path.with_name("payload").read_bytes())


@pytest.mark.parametrize(
    "attack", [attack_zip, attack_legacy, attack_pickle, attack_exported_samples, attack_exported_weights]
)
def test_pickled_code_is_refused_and_does_not_run(tmp_path, attack):
    path, mark = tmp_path / "checkpoint.pth.tar", tmp_path / "mark"
    attack(path, mark)
    with pytest.raises(ValueError, match=r"Python objects.* not opened since opening them runs code") as error:
        load_checkpoint(path, shape=DIGITS if "exported" in attack.__name__ else None, trust_program=True)
    assert str(path) in str(error.value)
    assert not mark.exists()


@pytest.mark.parametrize("attack", [attack_exported_samples, attack_exported_weights])
def test_the_attacks_on_exported_files_would_work(tmp_path, attack):
    """Against an attack that torch itself has come to refuse, which would test nothing."""
    attack(tmp_path / "a.pt2", tmp_path / "mark")
    with contextlib.suppress(Exception):  # whatever torch says when it is too late
        torch.export.load(tmp_path / "a.pt2")
    assert (tmp_path / "mark").exists()


# Programs


def load_program(path, shape=DIGITS, **options):
    return load_checkpoint(path, shape=shape, trust_program=True, **options)


@pytest.mark.parametrize("arch", ["cnn", "constant"])
@pytest.mark.parametrize(("write", "kind"), [(export, "torch.export"), (script, "TorchScript"), (trace, "TorchScript")])
def test_programs_load_run_and_can_be_prepared(tmp_path, write, kind, arch):
    model = scramble(build(arch, 10, DIGITS)).eval()
    write(tmp_path / "program", model)
    loaded = load_program(tmp_path / "program")
    assert (loaded.arch, loaded.classes, loaded.shape) == ("program", 10, DIGITS)
    assert loaded.metadata["format"] == kind
    assert len(loaded.metadata["file_sha256"]) == 64
    prepared = prepare(loaded.model)
    for program in (loaded.model, prepared, prepared.train().eval()):
        for batch in (1, 2, 7):
            x = torch.rand(batch, *DIGITS)
            torch.testing.assert_close(program(x), model(x), rtol=1e-5, atol=1e-6)
    half = prepare(loaded.model, dtype=torch.bfloat16)
    assert half(torch.rand(3, *DIGITS).bfloat16()).dtype == torch.bfloat16
    assert loaded.model(torch.rand(3, *DIGITS)).dtype == torch.float32
    assert not any(weight.requires_grad for weight in prepared.parameters())


class Viewing(nn.Module):
    """An exported view insists on the strides it was exported with."""

    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 3, 3, padding=1), nn.Linear(192, 10)

    def forward(self, x):
        return self.fc(self.conv(x).view(x.shape[0], -1))


@pytest.mark.parametrize("write", [export, script])
def test_programs_are_not_laid_out_anew(tmp_path, write):
    model = Viewing().eval()
    write(tmp_path / "program", model)
    prepared = prepare(load_program(tmp_path / "program").model)
    torch.testing.assert_close(logits(prepared, DIGITS), logits(model, DIGITS), rtol=1e-5, atol=1e-6)


def test_programs_with_other_code_have_other_digests(tmp_path):
    """The same weights and another activation: only the file tells."""
    digests = set()
    for activation in (nn.ReLU(), nn.Tanh()):
        model = build("mlp", 10, DIGITS).eval()
        model[1][2] = activation
        export(tmp_path / "a.pt2", model)
        digests.add(load_program(tmp_path / "a.pt2").metadata["file_sha256"])
    assert len(digests) == 2


def test_a_scripted_model_is_put_in_eval_mode(tmp_path):
    script(tmp_path / "a.pt", nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(64, 10)).train())
    model = load_program(tmp_path / "a.pt").model
    assert torch.equal(logits(model, DIGITS), logits(model, DIGITS))


@pytest.mark.parametrize("write", [export, script])
def test_programs_need_the_right_shape_and_give_logits(tmp_path, write):
    path = tmp_path / "program"
    write(path, build("cnn", 10, DIGITS).eval())
    for shape, message in (
        (None, "give shape"),
        ((3, 8, 8), "does not run on inputs"),
        ((), r"shape=\(\)"),
        ((1, 9, 9), "does not run on"),
    ):
        with pytest.raises(ValueError, match=message) as error:
            load_program(path, shape)
        assert shape == () or str(path) in str(error.value)
    with pytest.raises(ValueError, match="holds its own normalisation"):
        load_checkpoint(path, shape=DIGITS, std=(1,), trust_program=True)
    write(path, nn.ReLU())
    with pytest.raises(ValueError, match=r"answers \(2, 1, 8, 8\) to 2 inputs where logits \(2, classes\)"):
        load_program(path)


def test_a_program_for_one_batch_size_is_refused(tmp_path):
    export(tmp_path / "a.pt2", build("mlp", 10, DIGITS).eval(), batch=3)
    with pytest.raises(ValueError, match="dynamic batch axis"):
        load_program(tmp_path / "a.pt2")


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
