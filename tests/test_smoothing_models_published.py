"""Checkpoints as the field writes them: prefixes, places and parts of every dialect."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from rstheory.smoothing.models import (  # noqa: E402
    CIFAR10_MEAN,
    CIFAR10_STD,
    Normalize,
    ResNet,
    build,
    load_checkpoint,
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


def behind(net, mean=CIFAR10_MEAN, std=CIFAR10_STD):
    return nn.Sequential(Normalize(mean, std), net).eval()


def renamed(net, name):
    return {name(key): value for key, value in net.state_dict().items()}


# --- prefixes ---


@pytest.mark.parametrize(
    "prefix",
    ["".join(words) for n in range(4) for words in itertools.permutations(["module.", "_orig_mod.", "1."], n)],
)
def test_wrappers_of_keys_in_any_order(tmp_path, net, prefix):
    torch.save({"state_dict": renamed(net, lambda key: prefix + key)}, tmp_path / "a.pth.tar")
    loaded = load_checkpoint(tmp_path / "a.pth.tar")
    assert torch.equal(logits(loaded.model), logits(behind(net) if "1." in prefix else net))


@pytest.mark.parametrize("word", ["module", "_orig_mod", "_orig_mod.module"])
@pytest.mark.parametrize("where", ["layer1", "layer1.0", "conv1", "layer2.0.downsample"])
def test_parts_of_the_network_may_be_wrapped_by_themselves(tmp_path, net, word, where):
    """torch.compile and DataParallel are used on single layers, too."""

    def name(key):
        return key.replace(f"{where}.", f"{where}.{word}.", 1) if key.startswith(f"{where}.") else key

    torch.save({"net": renamed(net, name)}, tmp_path / "a.pth.tar")
    assert torch.equal(logits(load_checkpoint(tmp_path / "a.pth.tar").model), logits(net))


@pytest.mark.parametrize("prefix", ["model.", "encoder.net.", "module.model.", "0.", "base_classifier._orig_mod."])
def test_networks_inside_other_modules(tmp_path, net, prefix):
    torch.save(renamed(net, lambda key: prefix + key), tmp_path / "a.pth.tar")
    assert torch.equal(logits(load_checkpoint(tmp_path / "a.pth.tar").model), logits(net))


def test_two_weights_of_one_name_are_refused(tmp_path, net):
    state = net.state_dict() | {"_orig_mod.fc.bias": torch.zeros(10)}
    torch.save({"state_dict": state}, tmp_path / "a.pth.tar")
    with pytest.raises(ValueError, match="two of its weights have one name"):
        load_checkpoint(tmp_path / "a.pth.tar")


# --- what old and averaged models lack or add ---


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_counters_of_batch_norm_may_be_missing(tmp_path_factory, net, data):
    """torch before 0.4.1 kept none. All other weights must be there."""
    state = renamed(net, lambda key: f"1.{key}")
    counters = [key for key in state if key.endswith("num_batches_tracked")]
    lost = data.draw(st.lists(st.sampled_from(counters), min_size=1, unique=True) | st.just(counters))
    path = tmp_path_factory.mktemp("old") / "old.pth.tar"
    torch.save({"state_dict": {key: state[key] for key in state if key not in lost}}, path)
    assert torch.equal(logits(load_checkpoint(path).model), logits(behind(net)))
    other = data.draw(st.sampled_from([key for key in state if key not in counters and "1.conv1" not in key]))
    torch.save({"state_dict": {key: state[key] for key in state if key not in [*lost, other]}}, path)
    with pytest.raises(ValueError, match=r"missing: |no CIFAR ResNet"):
        load_checkpoint(path)


def test_averaged_models(tmp_path, net):
    """torch.optim.swa_utils.AveragedModel counts the models in its average."""
    averaged = torch.optim.swa_utils.AveragedModel(net)
    torch.save({"state_dict": averaged.state_dict()}, tmp_path / "a.pth.tar")
    assert torch.equal(logits(load_checkpoint(tmp_path / "a.pth.tar").model), logits(net))


@pytest.mark.parametrize(
    "place", ["state_dict", "net", "model", "ema", "model_state_dict", "params", "weights", "ema.shadow", "a.b"]
)
def test_weights_under_any_name(tmp_path, net, place):
    content = net.state_dict()
    for name in reversed(place.split(".")):
        content = {name: content}
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9).state_dict()
    torch.save(content | {"epoch": 3, "optimizer": optimizer, "best": 0.5}, tmp_path / "a.pth.tar")
    loaded = load_checkpoint(tmp_path / "a.pth.tar")
    assert torch.equal(logits(loaded.model), logits(net))
    assert loaded.metadata["epoch"] == "3"


@pytest.mark.parametrize("order", list(itertools.permutations(["net", "ema", "other"])))
def test_of_several_weights_the_ones_taken_are_named(tmp_path, net, order):
    """Averaged weights are another network, with other certificates."""
    spoiled = {key: value * 0 for key, value in net.state_dict().items()}
    path = tmp_path / "a.pth.tar"
    torch.save({name: net.state_dict() if name == "net" else spoiled for name in order}, path)
    with pytest.warns(
        UserWarning, match=r"a\.pth\.tar: weights under 'net' are taken, and those under .*'ema'.* are not"
    ):
        loaded = load_checkpoint(path)
    assert torch.equal(logits(loaded.model), logits(net))


# --- normalisation ---


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({"std": (1, 1, 1)}, (CIFAR10_MEAN, (1.0, 1.0, 1.0))),
        ({"std": (1,)}, (CIFAR10_MEAN, (1.0, 1.0, 1.0))),
        ({"mean": (0.5, 0.4, 0.3)}, ((0.5, 0.4, 0.3), CIFAR10_STD)),
        ({"mean": (0,)}, ((0.0, 0.0, 0.0), CIFAR10_STD)),
        ({"mean": (0,), "std": (1, 2, 1)}, ((0.0, 0.0, 0.0), (1.0, 2.0, 1.0))),
        ({}, (CIFAR10_MEAN, CIFAR10_STD)),
    ],
)
def test_what_is_left_out_of_the_normalisation_is_the_usual(tmp_path, net, given_, expected):
    """SmoothAdv's networks are centred only: --std 1,1,1 says it."""
    torch.save({"state_dict": renamed(net, lambda key: f"1.{key}")}, tmp_path / "a.pth.tar")
    loaded = load_checkpoint(tmp_path / "a.pth.tar", **given_)
    assert torch.equal(logits(loaded.model), logits(behind(net, *expected)))


def test_grey_networks(tmp_path):
    torch.manual_seed(0)
    grey = ResNet(8, 10, channels=1).eval()
    path = tmp_path / "a.pth.tar"
    torch.save({"state_dict": renamed(grey, lambda key: f"1.{key}")}, path)
    assert load_checkpoint(path).shape == (1, 32, 32)
    loaded = load_checkpoint(path, shape=(1, 28, 28), std=(0.3081,))
    assert torch.equal(logits(loaded.model, (1, 28, 28)), logits(behind(grey, (0.5,), (0.3081,)), (1, 28, 28)))
    with pytest.raises(ValueError, match="takes images of 1 channels"):
        load_checkpoint(path, shape=CIFAR)


def test_grey_data_for_a_colour_network_say_the_way_out(tmp_path, net):
    torch.save(net.state_dict(), tmp_path / "published")
    save_checkpoint(tmp_path / "ours", build("cnn", 10, CIFAR), arch="cnn", classes=10, shape=CIFAR)
    for name in ("published", "ours"):
        with pytest.raises(ValueError, match=r"shape=\(1, 32, 32\) .*--channels 3"):
            load_checkpoint(tmp_path / name, shape=(1, 32, 32))
