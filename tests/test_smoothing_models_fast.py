"""The fast networks: their shapes, their whitening layer, how they are folded, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from rstheory.smoothing.models import build, load_checkpoint, prepare, save_checkpoint, weights_digest  # noqa: E402
from rstheory.smoothing.models.fast import FastNet  # noqa: E402

CIFAR = (3, 32, 32)


def natural(n, shape, seed=0):
    """Images whose neighbouring pixels are alike."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn(n, shape[0], 4, 4, generator=generator)
    return nn.functional.interpolate(coarse, shape[1:], mode="bilinear") + 0.5


def patches(images, size):
    unfolded = nn.functional.unfold(images, size)  # (n, channels * size^2, places)
    return unfolded.transpose(1, 2).flatten(0, 1)


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=4),
    st.integers(2, 5),
    st.tuples(st.integers(1, 4), st.integers(4, 40), st.integers(4, 40)),
)
def test_images_of_any_size_from_4_by_4(widths, classes, shape):
    net = FastNet(widths, classes, shape).eval()
    assert net(torch.zeros(2, *shape)).shape == (2, classes)


def test_the_name_says_the_widths():
    net = build("fast8-12-20", 10, CIFAR)[1]
    filters = [layer.weight.shape for layer in net.blocks.modules() if isinstance(layer, nn.Conv2d)]
    pairs = [(8, 32), (8, 8), (12, 8), (12, 12), (20, 12), (20, 20)]
    assert filters == [(*pair, 3, 3) for pair in pairs]


@pytest.mark.parametrize("arch", ["fast", "fast0", "fast8-", "fast-8", "fast8-0-8", "fast8_8", "fast99999"])
def test_names_that_say_no_widths_are_refused(arch):
    with pytest.raises(ValueError, match=r"arch='fast|widths="):
        build(arch, 10, CIFAR)


@pytest.mark.parametrize("shape", [(3, 3, 32), (3, 32, 3), (32, 32)])
def test_images_that_are_too_small_are_refused(shape):
    with pytest.raises(ValueError, match="shape="):
        build("fast8", 10, shape)


@pytest.mark.parametrize(("shape", "directions"), [(CIFAR, 16), (CIFAR, 48), ((1, 8, 8), 16), ((1, 8, 8), 5)])
def test_outputs_on_noisy_patches_are_white(shape, directions):
    """F (M + diag(noise^2)) F^T = 1 for the filters F and the second moments M, computed in another way."""
    net = FastNet((8,), 10, shape, directions=directions)
    images, noise = natural(50, shape), torch.linspace(0.5, 2.5, shape[0])
    net.whiten(images, noise)
    flat = patches(images, 4).double()
    moments = flat.T @ flat / len(flat) + torch.diag(noise.double().repeat_interleave(16) ** 2)
    filters = net.stem.weight.flatten(1).double()
    half = len(filters) // 2
    assert half == directions
    assert torch.equal(filters[:half], -filters[half:])
    assert not net.stem.bias.any()
    white = filters[:half] @ moments @ filters[:half].T
    assert (white - torch.eye(half)).abs().max() < 1e-5  # float32 filters, up to 48 terms
    # The filters of the largest eigenvalues are the shortest, for they divide by the root.
    kept = filters[:half].square().sum(1).reciprocal()
    assert torch.allclose(kept, torch.linalg.eigvalsh(moments).flip(0)[:half], rtol=1e-4)


def test_real_noise_is_whitened_too():
    """Mean square of the outputs under drawn noise: 200 images, 225 places; the chance of 10 % is below 1e-6."""
    net = FastNet((8,), 10, CIFAR)
    images = natural(200, CIFAR)
    net.whiten(images, torch.full((3,), 2.5))
    noisy = images + 2.5 * torch.randn(images.shape, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        inner = net.stem(noisy)[:, :, 1:-1, 1:-1]  # without the places that see the padding
    # Images differ, and of their largest directions there are few: noise directions say how well noise is known.
    assert ((inner[:, 8:16].square().mean((0, 2, 3)) - 1).abs() < 0.1).all()


def test_whitening_does_not_depend_on_how_images_are_split(monkeypatch):
    images, noise = natural(23, CIFAR), torch.ones(3)
    nets = [FastNet((8,), 10, CIFAR) for _ in range(2)]
    nets[0].whiten(images, noise)
    monkeypatch.setattr("rstheory.smoothing.models.fast._CHUNK", 7)
    nets[1].whiten(images, noise)
    squares = [net.stem.weight.flatten(1)[:8].abs() for net in nets]
    torch.testing.assert_close(*squares, rtol=1e-4, atol=1e-5)


def test_the_whitening_layer_is_kept_and_not_trained(tmp_path):
    model = build("fast8-16", 10, CIFAR)
    model[1].whiten(natural(20, CIFAR), torch.ones(3))
    before = model[1].stem.weight.clone()
    model(torch.rand(4, *CIFAR)).sum().backward()
    assert model[1].stem.weight.grad is None
    assert all(weights.grad is not None for weights in model.parameters() if weights.requires_grad)
    path = tmp_path / "model.safetensors"
    save_checkpoint(path, model, arch="fast8-16", classes=10, shape=CIFAR, metadata={})
    loaded = load_checkpoint(path)
    assert weights_digest(loaded.model) == weights_digest(model)
    assert torch.equal(loaded.model[1].stem.weight, before)


def test_prepared_models_agree_with_the_original():
    """Of the two batch norms of a block the second is folded; the first follows a pool."""
    torch.manual_seed(0)
    model = build("fast8-16", 10, CIFAR)
    norms = [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]
    for norm in norms:
        norm.running_mean.uniform_(-0.5, 0.5)
        norm.running_var.uniform_(0.5, 2.0)
        nn.init.uniform_(norm.bias, -0.5, 0.5)
    images = torch.rand(8, *CIFAR)
    ready = prepare(model)
    left = [layer for layer in ready.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert (len(norms), len(left)) == (4, 2)
    with torch.no_grad():
        reference = model.eval()(images)
        torch.testing.assert_close(ready(images), reference, rtol=1e-5, atol=1e-5)
        rough = prepare(model, dtype=torch.bfloat16)(images.to(torch.bfloat16)).float()
    assert (rough - reference).norm() < 0.05 * reference.norm()  # 0.4 % a rounding, over some layers
