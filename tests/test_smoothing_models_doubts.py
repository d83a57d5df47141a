"""Checkpoints of absurd sizes and hostile text, and those that load and may not be what their user means."""

import json
import math
import pickle
import warnings
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

import safetensors.torch  # noqa: E402
from torch import nn  # noqa: E402

from rstheory.smoothing.data import Dataset  # noqa: E402
from rstheory.smoothing.models import (  # noqa: E402
    Checkpoint,
    ResNet,
    build,
    load_checkpoint,
    note_chance,
    note_other_noise,
    save_checkpoint,
)

CIFAR = (3, 32, 32)


@pytest.fixture(scope="module")
def net():
    """A small ResNet that has seen something, so that its statistics are not those of a fresh one."""
    torch.manual_seed(0)
    model = ResNet(8, 10)
    model(torch.rand(8, *CIFAR))
    return model.eval()


def logits(model, shape=CIFAR):
    with torch.no_grad():
        return model(torch.rand(4, *shape, generator=torch.Generator().manual_seed(1)))


# --- absurd sizes and hostile text ---


def repeated(net):
    state = net.state_dict()
    return {
        "state_dict": state | {"fc.weight": torch.zeros(1).expand(10**5, 64), "fc.bias": torch.zeros(1).expand(10**5)}
    }


def many_classes(net):
    state = net.state_dict()
    return {
        "state_dict": state | {"fc.weight": torch.zeros(1).expand(10**9, 64), "fc.bias": torch.zeros(1).expand(10**9)}
    }


def very_deep(net):
    return {"arch": "cifar_resnet9998", "state_dict": net.state_dict()}


def odd_arch(net):
    return {"arch": "\x1b[31mRED\n" * 1000, "state_dict": net.state_dict()}


def long_keys(net):
    return {"state_dict": {"\x1b[31m\n" * 1000 + "conv1.weight": torch.zeros(1)}}


def odd_keys(net):
    return {"state_dict": net.state_dict() | {"\x1b[31m\n" * 1000: torch.zeros(1), "\x1b[31m": torch.zeros(1)}}


@pytest.mark.parametrize("content", [repeated, many_classes, very_deep, odd_arch, long_keys, odd_keys])
def test_absurd_published_files_are_refused_in_a_few_plain_words(tmp_path, net, content):
    path = tmp_path / "a.pth.tar"
    torch.save(content(net), path)
    with pytest.raises(ValueError, match=r"a\.pth\.tar") as error:
        load_checkpoint(path)
    message = str(error.value).replace(str(path), "")
    assert message.isprintable()
    assert len(message) < 500


def test_an_epoch_that_cannot_be_printed_is_left_out(tmp_path, net):
    for epoch in (10**600, -1, True, "7", 2.0):
        torch.save({"epoch": epoch, "net": net.state_dict()}, tmp_path / "a.pth.tar")
        assert "epoch" not in load_checkpoint(tmp_path / "a.pth.tar").metadata


def test_a_checkpoint_that_unpacks_to_far_more_than_its_size_is_refused(tmp_path, net):
    torch.save({"net": net.state_dict()}, tmp_path / "a.pth.tar")
    with zipfile.ZipFile(tmp_path / "a.pth.tar") as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(tmp_path / "a.pth.tar", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in held.items():
            archive.writestr(name, content)
        archive.writestr("archive/data/99", bytes(2**28))
    with pytest.raises(ValueError, match=r"a\.pth\.tar: broken") as error:
        load_checkpoint(tmp_path / "a.pth.tar")
    assert "unpack" in str(error.value.__cause__)


def test_an_old_file_that_promises_huge_storages_is_refused(tmp_path):
    """torch before 1.6 wrote the sizes of storages into a pickle, and the numbers behind it."""
    path = tmp_path / "a.pth.tar"
    torch.save({"net": {"conv1.weight": torch.zeros(77)}}, path, _use_new_zipfile_serialization=False)
    content = path.read_bytes()
    assert b"K\x4d" in content
    path.write_bytes(content.replace(b"K\x4d", pickle.LONG1 + b"\x06" + (2**44).to_bytes(6, "little")))
    with pytest.raises(ValueError, match="broken"):
        load_checkpoint(path)


@pytest.mark.parametrize(
    "change",
    [
        {"shape": "[" * 100},
        {"shape": "[" * 10**6},
        {"shape": "[1e9, 1e9]"},
        {"shape": "[3, 1000000, 1000000]"},
        {"shape": str([1] * 60)},
        {"shape": "{}"},
        {"shape": '"38"'},
        {"shape": "[true, 8, 8]"},
        {"shape": "[" + "9" * 5000 + "]"},
        {"classes": "100001"},
        {"classes": "9" * 150},
        {"classes": "9" * 5000},
        {"arch": "resnet9998"},
        {"arch": "\x1b[31mRED\n" * 1000},
        {"arch": "\x1b[31mRED\n" * 10},
        {"format": "\x1b[31mRED\n" * 10},
    ],
)
def test_a_description_is_bounded_before_a_model_is_made_of_it(tmp_path, change):
    path = tmp_path / "a.safetensors"
    save_checkpoint(path, build("cnn", 10, (1, 8, 8)), arch="cnn", classes=10, shape=(1, 8, 8))
    with safetensors.safe_open(path, "pt") as file:
        about = file.metadata()
        state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    path.write_bytes(safetensors.torch.save(state, about | change))
    with pytest.raises(
        ValueError, match=r"a\.safetensors: (its description of the model is wrong|these weights)"
    ) as error:
        load_checkpoint(path)
    message = str(error.value).replace(str(path), "")
    assert message.isprintable()
    assert len(message) < 500


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shape=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    ),
    classes=st.integers() | st.text(max_size=5),
    arch=st.sampled_from(["cnn", "mlp", "constant", "resnet8"]) | st.text(max_size=20),
)
def test_any_description_is_a_model_or_refused(tmp_path_factory, shape, classes, arch):
    path = tmp_path_factory.mktemp("any") / "a.safetensors"
    save_checkpoint(path, build("cnn", 10, (1, 8, 8)), arch="cnn", classes=10, shape=(1, 8, 8))
    with safetensors.safe_open(path, "pt") as file:
        about = file.metadata()
        state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    changed = {"shape": json.dumps(shape), "classes": str(classes), "arch": arch}
    path.write_bytes(safetensors.torch.save(state, about | changed))
    try:
        assert load_checkpoint(path).shape == (1, 8, 8)
    except ValueError as error:
        assert str(path) in str(error)  # noqa: PT017  # either outcome is right


# --- what is doubtful is said ---


def noisy_data(n=60, classes=10, seed=0):
    """Images whose label is the brightest of ten bands: what a linear network tells."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % classes
    images = torch.randint(0, 100, (n, 1, classes, 8), dtype=torch.uint8, generator=generator)
    images[torch.arange(n), 0, labels] += 150
    return Dataset(images, labels, tuple(map(str, range(classes))), "bands")


class Bands(nn.Module):
    def __init__(self, shift=0):
        super().__init__()
        self.shift = shift

    def forward(self, x):
        return x.mean((1, 3)).roll(self.shift, 1)


def checkpoint(model, kind="published", arch="resnet8"):
    return Checkpoint(model, arch, 10, (1, 10, 8), {"format": kind})


@pytest.mark.parametrize(
    ("kind", "arch", "advice"),
    [
        ("published", "resnet8", r"--std 1,1,1 .*--mean 0 --std 1"),
        ("torch.export", "program", r"Does the program normalise its inputs"),
        ("TorchScript", "program", r"Does the program normalise its inputs"),
    ],
)
def test_a_network_at_chance_is_pointed_out(kind, arch, advice):
    data = noisy_data()
    with pytest.warns(UserWarning, match=rf"^a\.pt: 0 of 60 images .* chance \(10 classes\)\. .*{advice}.*numbered"):
        note_chance("a.pt", checkpoint(Bands(1), kind, arch), data, 0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        note_chance("a.pt", checkpoint(Bands(), kind, arch), data, 0.1)


def test_our_own_networks_and_few_images_are_not_judged():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        note_chance("a", checkpoint(Bands(1), "rstheory-checkpoint-1", "constant"), noisy_data(), 0.1)
        note_chance("a", checkpoint(Bands(1)), noisy_data(19), 0.1)


class Sometimes(nn.Module):
    """Right for a share of the images, as a poor network is, else off by a few classes."""

    def __init__(self, share, seed):
        super().__init__()
        self.share, self.generator = share, torch.Generator().manual_seed(seed)

    def forward(self, x):
        right = torch.rand(len(x), 1, generator=self.generator) < self.share
        means = x.mean((1, 3))
        return torch.where(right, means, means.roll(3, 1))


@pytest.mark.parametrize(("share", "warned"), [(0.05, 20), (0.1, 15), (0.25, 0), (0.5, 0)])
def test_chance_is_told_from_a_poor_network(share, warned):
    """20 runs on 200 images. At 0.1, each is at most two standard errors above with probability 0.98; at 0.25, none
    of the runs: the bound is 0.142, 3.5 standard errors below, so that 20 runs fail with probability below 0.005.
    Seeds are fixed."""
    data, count = noisy_data(200), 0
    for seed in range(20):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            note_chance("a", checkpoint(Sometimes(share, seed)), data, 0.0)
        count += len(caught)
    assert count == 0 if warned == 0 else count >= warned


@pytest.mark.parametrize("sigma", ["0.25", "0.250", "2.5e-1"])
def test_the_same_noise_level_is_the_same_however_it_is_written(sigma):
    given_ = Checkpoint(nn.Flatten(), "mlp", 10, (1, 8, 8), {"sigma": sigma})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        note_other_noise("a", given_, 0.25)
        note_other_noise("a", Checkpoint(nn.Flatten(), "mlp", 10, (1, 8, 8), {}), 0.25)


@pytest.mark.parametrize("sigma", ["0.5", "RED\x1b[31m\n", "", "nan", "x" * 10_000])
def test_another_noise_level_is_said_in_plain_text(sigma):
    given_ = Checkpoint(nn.Flatten(), "mlp", 10, (1, 8, 8), {"sigma": sigma})
    with pytest.warns(UserWarning, match=r"^a was trained under sigma=.*, and sigma=0\.25 was asked for$") as caught:
        note_other_noise("a", given_, 0.25)
    assert str(caught[0].message).isprintable()
    assert len(str(caught[0].message)) < 120
    assert not math.isnan(len(caught))
