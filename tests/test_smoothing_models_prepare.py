"""Models made ready to run: fixed, folded, laid out for the machine, and the same function but for rounding."""

import copy

import pytest

torch = pytest.importorskip("torch")

from test_smoothing_models import ARCHITECTURES, DIGITS, awaken  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from rstheory.smoothing.models import (  # noqa: E402
    build,
    prepare,
    weights_digest,
)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def batch_norms(model):
    return [module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_prepared_models_are_folded_and_agree_with_the_original(arch):
    model = awaken(build(arch, 10, (3, 32, 32)))
    x = torch.rand(8, 3, 32, 32) + 0.5 * torch.randn(8, 3, 32, 32)
    before = weights_digest(model)
    folded, unfolded = prepare(model), prepare(model, fold=False)
    assert weights_digest(model) == before
    assert model.training
    assert all(weight.requires_grad for weight in model.parameters())
    assert not batch_norms(folded)
    assert len(batch_norms(unfolded)) == len(batch_norms(model))
    for prepared in (folded, unfolded):
        assert not any(module.training for module in prepared.modules())
        assert not any(weight.requires_grad for weight in prepared.parameters())
    with torch.no_grad():
        reference = copy.deepcopy(model).eval()(x)
        assert torch.equal(unfolded(x), reference) or arch.startswith(("resnet", "cnn"))  # layout changes the order
        # float32 has 6e-8; twenty layers of sums over up to 576 terms lose about two digits of it.
        torch.testing.assert_close(unfolded(x), reference, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(folded(x), reference, rtol=1e-5, atol=1e-5)


def test_folding_is_exact_but_for_rounding():
    """In float64 the difference falls with the rounding: it is no approximation."""
    model = awaken(build("resnet20", 10, (3, 32, 32))).double()
    x = torch.rand(4, 3, 32, 32, dtype=torch.float64)
    folded, reference = prepare(model, dtype=torch.float64), prepare(model, dtype=torch.float64, fold=False)
    assert (folded(x) - reference(x)).abs().max() < 1e-13 * reference(x).abs().max()


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_bfloat16_and_channels_last(arch):
    model = awaken(build(arch, 10, (3, 32, 32)))
    prepared = prepare(model, dtype=torch.bfloat16)
    images = torch.rand(4, 3, 32, 32)
    logits = prepared(images.to(torch.bfloat16, memory_format=torch.channels_last))
    assert logits.dtype == torch.bfloat16
    assert all(tensor.dtype == torch.bfloat16 for tensor in prepared.parameters())
    assert all(w.is_contiguous(memory_format=torch.channels_last) for w in prepared.parameters() if w.dim() == 4)
    reference = prepare(model)(images)
    # bfloat16 keeps 8 bits: 0.4 % a rounding, some dozens of which add up over the layers.
    assert (logits.float() - reference).norm() < 0.05 * reference.norm()


def test_gradients_of_the_input_exist():
    """Attacks need them."""
    x = torch.rand(2, *DIGITS, requires_grad=True)
    prepare(build("cnn", 10, DIGITS))(x).sum().backward()
    assert x.grad.abs().sum() > 0


class Branching(nn.Module):
    """Cannot be traced: its path depends on the values of its input."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3)

    def forward(self, x):
        return self.norm(self.conv(x)) if x.sum() > 0 else self.conv(x)


class Counting(Branching):
    """Cannot be traced: it makes a Python number of its input's length."""

    def forward(self, x):
        return self.norm(self.conv(x)) / len(x)


class TwoReaders(Branching):
    """The convolution's output is used twice: folded, the second reader would see the norm's."""

    def forward(self, x):
        out = self.conv(x)
        return self.norm(out) + out


class CalledTwice(Branching):
    """One convolution before the norm and, elsewhere, without it."""

    def forward(self, x):
        return self.norm(self.conv(x)) + self.conv(2 * x)


class NormTwice(Branching):
    def forward(self, x):
        return self.norm(self.norm(self.conv(x)))


class DirectReader(Branching):
    """Reads the convolution's weight past the module."""

    def forward(self, x):
        return self.norm(self.conv(x)) + functional.conv2d(x, self.conv.weight)


class BatchStatistics(Branching):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(3, track_running_stats=False)

    def forward(self, x):
        return self.norm(self.conv(x))


class Shared(nn.Module):
    """Two names for one convolution, one of them behind a norm."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 3, 3)
        self.second, self.norm = self.first, nn.BatchNorm2d(3)

    def forward(self, x):
        return self.first(x) + self.norm(self.second(x))


class Alias(Branching):
    """One convolution under two names, called by one of them: which is replaced, and which is called?"""

    def __init__(self):
        super().__init__()
        self.another_name = self.conv

    def forward(self, x):
        return self.norm(self.conv(x))


class NormAlias(Branching):
    def __init__(self):
        super().__init__()
        self.another_name = nn.Sequential(self.norm)

    def forward(self, x):
        return self.norm(self.conv(x))


@pytest.mark.parametrize("kind", [*Branching.__subclasses__(), Branching, Shared])
def test_models_that_cannot_be_folded_are_left_as_they_are(kind):
    model = awaken(kind())
    prepared = prepare(model)
    x = torch.rand(4, 1, 6, 6)
    assert len(batch_norms(prepared)) == 1
    torch.testing.assert_close(prepared(x), copy.deepcopy(model).eval()(x), rtol=1e-5, atol=1e-6)


def test_errors_of_the_model_itself_stay_visible():
    class Broken(nn.Module):
        def forward(self, x):
            raise KeyError("a bug in the model")

    with pytest.raises(KeyError, match="a bug in the model"):
        prepare(Broken())


def test_prepare_refuses_integers():
    with pytest.raises(ValueError, match=r"dtype=torch.int8"):
        prepare(build("mlp", 10, DIGITS), dtype=torch.int8)
