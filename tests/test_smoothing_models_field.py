"""The field's checkpoints: what its scripts write is read, and other architectures and pickled code are refused."""

import os
import pickle

import pytest

torch = pytest.importorskip("torch")

from test_smoothing_models_checkpoint import CIFAR, logits, scramble  # noqa: E402
from torch import nn  # noqa: E402

from rstheory.smoothing.models import (  # noqa: E402
    CIFAR10_MEAN,
    CIFAR10_STD,
    CIFAR100_MEAN,
    Normalize,
    ResNet,
    load_checkpoint,
    save_checkpoint,
    weights_digest,
)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


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


@pytest.mark.parametrize("attack", [attack_zip, attack_legacy, attack_pickle])
def test_pickled_code_is_refused_and_does_not_run(tmp_path, attack):
    path, mark = tmp_path / "checkpoint.pth.tar", tmp_path / "mark"
    attack(path, mark)
    with pytest.raises(ValueError, match=r"Python objects.* not opened since opening them runs code") as error:
        load_checkpoint(path)
    assert str(path) in str(error.value)
    assert not mark.exists()
