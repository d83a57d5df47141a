"""Architectures beside the ResNets: a small transformer, inverted bottlenecks, and the user's own."""

import sys

import pytest
import torch
from torch import nn

from rstheory.smoothing.models import build, load_checkpoint, prepare, save_checkpoint
from rstheory.smoothing.training.cost import cost_of

pytestmark = pytest.mark.usefixtures("one_core")
SMALL = ["vit2-64", "mbconv8-16-16"]


@torch.no_grad()
@pytest.mark.parametrize("arch", SMALL)
def test_logits_do_not_depend_on_the_batch_and_survive_a_checkpoint(arch, tmp_path):
    torch.manual_seed(0)
    model, images = build(arch, 10, (3, 16, 16)), torch.rand(3, 3, 16, 16)
    for _ in range(20):
        model(images)  # batch norm learns how small the activations of fresh layers are
    model.eval()
    logits = model(images)
    assert logits.shape == (3, 10)
    torch.testing.assert_close(model(images[1:2]), logits[1:2], rtol=1e-4, atol=1e-5)
    assert float((logits[0] - logits[1]).abs().max()) > 1e-3  # it looks at its input
    save_checkpoint(tmp_path / "a.safetensors", model, arch=arch, classes=10, shape=(3, 16, 16))
    loaded = load_checkpoint(tmp_path / "a.safetensors")
    assert torch.equal(loaded.model(images), logits)
    torch.testing.assert_close(prepare(loaded.model)(images), logits, rtol=1e-4, atol=1e-4)
    assert prepare(loaded.model, dtype=torch.bfloat16)(images.bfloat16()).shape == (3, 10)


@pytest.mark.parametrize("arch", SMALL)
def test_they_learn(arch):
    """Four images of noise are told apart after a few steps."""
    torch.manual_seed(0)
    model, images, labels = build(arch, 4, (1, 8, 8)), torch.rand(4, 1, 8, 8), torch.arange(4)
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(60):
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimiser.step()
    assert model(images).argmax(1).tolist() == [0, 1, 2, 3]


def test_the_transformer_is_attention_by_the_book():
    """One block against its formula, one head at a time."""
    from rstheory.smoothing.models.vit import HEAD, Block

    torch.manual_seed(0)
    block, x = Block(2 * HEAD).double(), torch.randn(3, 5, 2 * HEAD, dtype=torch.float64)
    q, k, v = block.qkv(block.norm1(x)).chunk(3, dim=2)
    heads = []
    for part in (slice(0, HEAD), slice(HEAD, 2 * HEAD)):
        weights = (q[..., part] @ k[..., part].transpose(1, 2) / HEAD**0.5).softmax(2)
        heads.append(weights @ v[..., part])
    after = x + block.out(torch.cat(heads, 2))
    torch.testing.assert_close(block(x), after + block.perceptron(block.norm2(after)))


@pytest.mark.parametrize("arch", SMALL)
def test_their_cost_is_counted(arch):
    assert cost_of(build(arch, 10, (3, 16, 16)), (3, 16, 16)).measured > 1e5


@pytest.mark.parametrize(
    ("arch", "shape", "message"),
    [
        ("vit2-65", (3, 32, 32), "a multiple of 64"),
        ("vit0-64", (3, 32, 32), "at least 1 block"),
        ("vit2-64", (3, 30, 32), "multiples of 4"),
        ("vit2-64", (10,), "takes images"),
        ("mbconv8-0", (3, 32, 32), "every stage has at least 1 channel"),
        ("mbconv", (3, 32, 32), "is not allowed: known are"),
        ("no_such_module:make", (3, 32, 32), "there is no module no_such_module"),
        ("math:no_such_function", (3, 32, 32), "math has no function no_such_function"),
        ("own_nets:nothing", (3, 32, 32), "it made a NoneType"),
        ("os:system:x", (3, 32, 32), "known are"),
    ],
)
def test_what_is_no_architecture_is_refused(own_nets, arch, shape, message):
    with pytest.raises(ValueError, match=message):
        build(arch, 10, shape)


@pytest.fixture
def own_nets(tmp_path, monkeypatch):
    """A module of the user's own."""
    (tmp_path / "own_nets.py").write_text(
        "from math import prod\nfrom torch import nn\n"
        "def flat(classes, shape):\n    return nn.Sequential(nn.Flatten(), nn.Linear(prod(shape), classes))\n"
        "def nothing(classes, shape):\n    return None\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("own_nets", None)


def test_a_network_of_ones_own(own_nets, tmp_path):
    model = build("own_nets:flat", 10, (1, 8, 8)).eval()
    path = tmp_path / "own.safetensors"
    save_checkpoint(path, model, arch="own_nets:flat", classes=10, shape=(1, 8, 8))
    sys.modules.pop("own_nets")
    with pytest.raises(
        ValueError, match="own_nets:flat is code, and to load it is to run what its author wrote: give --trust-program"
    ):
        load_checkpoint(path)
    assert "own_nets" not in sys.modules  # a file may name any module: nothing was imported
    loaded = load_checkpoint(path, trust_program=True)
    images = torch.rand(2, 1, 8, 8)
    assert torch.equal(loaded.model(images), model(images))
