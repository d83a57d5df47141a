"""Base classifiers: the published architecture, normalisation, the trivial classifier, and models made ready to run."""

import copy
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from torch import fx, nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from rstheory.smoothing.models import (  # noqa: E402
    CIFAR10_MEAN,
    CIFAR10_STD,
    CIFAR100_STD,
    Constant,
    Normalize,
    ResNet,
    build,
    prepare,
    weights_digest,
)

DIGITS = (1, 8, 8)
ARCHITECTURES = ["resnet8", "resnet20", "mlp", "cnn", "constant"]


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def awaken(model):
    """Random batch norm statistics and scales: a fresh batch norm is the identity, and hides its own omission."""
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            for tensor, low, high in ((module.weight, 0.5, 1.5), (module.bias, -0.5, 0.5)):
                nn.init.uniform_(tensor, low, high)
            if module.running_var is not None:
                module.running_mean.uniform_(-0.5, 0.5)
                module.running_var.uniform_(0.5, 2.0)
    return model


def published_keys(depth):
    """What `state_dict` of the published ResNet lists, spelled out from the checkpoints' layout."""
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    keys = {"conv1.weight", "fc.weight", "fc.bias", *(f"bn1.{part}" for part in norm)}
    for stage in (1, 2, 3):
        for block in range((depth - 2) // 6):
            name = f"layer{stage}.{block}"
            keys |= {f"{name}.conv1.weight", f"{name}.conv2.weight"}
            keys |= {f"{name}.bn{i}.{part}" for i in (1, 2) for part in norm}
            if stage > 1 and block == 0:
                keys |= {f"{name}.downsample.0.weight", *(f"{name}.downsample.1.{part}" for part in norm)}
    return keys


def published_forward(state, x):
    """The published ResNet computed from its state dict alone: an oracle that shares no code with the module."""

    def conv_norm(x, conv, norm, stride, padding):
        x = functional.conv2d(x, state[f"{conv}.weight"], stride=stride, padding=padding)
        return functional.batch_norm(
            x, *(state[f"{norm}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
        )

    x = torch.relu(conv_norm(x, "conv1", "bn1", 1, 1))
    for stage in (1, 2, 3):
        block = 0
        while (name := f"layer{stage}.{block}") + ".conv1.weight" in state:
            stride = 2 if stage > 1 and block == 0 else 1
            out = torch.relu(conv_norm(x, f"{name}.conv1", f"{name}.bn1", stride, 1))
            out = conv_norm(out, f"{name}.conv2", f"{name}.bn2", 1, 1)
            if stride == 2:
                x = conv_norm(x, f"{name}.downsample.0", f"{name}.downsample.1", 2, 0)
            x = torch.relu(out + x)
            block += 1
    return functional.linear(functional.avg_pool2d(x, 8).flatten(1), state["fc.weight"], state["fc.bias"])


@pytest.mark.parametrize(
    ("depth", "parameters", "literature"),
    [(20, 272_474, 0.27), (32, 466_906, 0.46), (44, 661_338, 0.66), (56, 855_770, 0.85), (110, 1_730_714, 1.7)],
)
def test_parameter_counts(depth, parameters, literature):
    """He et al., Table 6, pad the two shortcuts that change width; the published codes have convolutions there."""
    assert sum(weight.numel() for weight in ResNet(depth, classes=10).parameters()) == parameters
    projections = (16 * 32 + 2 * 32) + (32 * 64 + 2 * 64)  # 1x1 weights and batch norm, twice
    millions = (parameters - projections) / 1e6
    assert abs(millions - literature) < (0.05 if literature == 1.7 else 0.01)


@pytest.mark.parametrize("depth", [8, 20, 110])
def test_resnet_names_its_parameters_as_published(depth):
    assert set(ResNet(depth, classes=10).state_dict()) == published_keys(depth)


def test_resnet_computes_what_the_published_one_does():
    model = awaken(ResNet(20, classes=10)).eval()
    x = torch.randn(3, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(model(x), published_forward(model.state_dict(), x), rtol=1e-4, atol=1e-5)


def test_resnet_is_initialised_as_published():
    """Normal, variance 2 / (k² · channels out). Seed fixed; the bound is 5 standard errors of a standard deviation."""
    for name, module in ResNet(56, classes=10).named_modules():
        if isinstance(module, nn.Conv2d):
            weight, expected = module.weight, math.sqrt(2 / (module.kernel_size[0] ** 2 * module.out_channels))
            assert abs(weight.std().item() / expected - 1) < 5 / math.sqrt(2 * weight.numel()), name


def test_normalize_standardises_each_channel():
    layer = Normalize(CIFAR10_MEAN, CIFAR10_STD)
    x = torch.rand(4, 3, 5, 7)
    for channel, (mean, std) in enumerate(zip((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010), strict=True)):
        torch.testing.assert_close(layer(x)[:, channel], (x[:, channel] - mean) / std)
    assert set(layer.state_dict()) == {"mean", "std"}


@pytest.mark.parametrize(
    ("classes", "shape", "mean", "std"),
    [
        (10, (3, 32, 32), CIFAR10_MEAN, CIFAR10_STD),
        (100, (3, 32, 32), (0.5071, 0.4867, 0.4408), CIFAR100_STD),
        (10, (3, 64, 64), (0.5,) * 3, (0.5,) * 3),
        (10, DIGITS, (0.5,), (0.5,)),
        (2, (2,), (0.5,), (0.5,)),
    ],
)
def test_default_normalisation(classes, shape, mean, std):
    layer = build("constant", classes, shape)[0]
    assert layer.mean.flatten().tolist() == pytest.approx(mean)
    assert layer.std.flatten().tolist() == pytest.approx(std)
    assert layer(torch.zeros(2, *shape)).shape == (2, *shape)


@settings(max_examples=30)
@given(
    arch=st.sampled_from(["resnet8", "mlp", "cnn", "constant"]),
    classes=st.integers(2, 12),
    shape=st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9)),
    batch=st.integers(1, 4),
)
def test_models_give_logits_and_can_be_traced(arch, classes, shape, batch):
    """Any image shape down to one pixel, any batch size, also after tracing with another."""
    model = build(arch, classes, shape).eval()
    traced = fx.symbolic_trace(model)
    x = torch.rand(batch, *shape)
    with torch.no_grad():
        assert model(x).shape == (batch, classes)
        assert torch.equal(traced(x), model(x))


@given(
    classes=st.integers(2, 200),
    data=st.data(),
    batch=st.integers(1, 50),
    dtype=st.sampled_from([torch.float32, torch.float64, torch.bfloat16, torch.float16]),
    pixel=st.floats(width=16) | st.sampled_from([math.nan, math.inf]),
)
def test_constant_answers_its_label_whatever_comes_in(classes, data, batch, dtype, pixel):
    label = data.draw(st.integers(0, classes - 1))
    model = prepare(build("constant", classes, DIGITS, label=label), dtype=dtype)
    logits = model(torch.full((batch, *DIGITS), pixel, dtype=dtype))
    assert (logits.shape, logits.dtype) == ((batch, classes), dtype)
    assert logits.argmax(1).tolist() == [label] * batch


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("resnet50x", 10, (3, 32, 32)), {}, r"arch='resnet50x'.*resnet20.*mlp.*cnn.*constant"),
        (("Resnet20", 10, (3, 32, 32)), {}, "arch='Resnet20'"),
        (("", 10, (3, 32, 32)), {}, "arch=''"),
        (("resnet18", 10, (3, 32, 32)), {}, "depth=18.*6n"),
        (("resnet2", 10, (3, 32, 32)), {}, "depth=2 "),
        (("mlp", 1, DIGITS), {}, "classes=1 "),
        (("mlp", 10.0, DIGITS), {}, "classes=10.0"),
        (("mlp", 10, ()), {}, r"shape=\(\)"),
        (("mlp", 10, (1, 0, 8)), {}, r"shape=\(1, 0, 8\)"),
        (("mlp", 10, (1, 8.0)), {}, r"shape\[1\]=8.0"),
        (("cnn", 10, (64,)), {}, r"shape=\(64,\)"),
        (("resnet20", 10, (32, 32)), {}, r"shape=\(32, 32\)"),
        (("mlp", 10, DIGITS), {"mean": (0.5,)}, "both or neither"),
        (("cnn", 10, (3, 8, 8)), {"mean": (0.5, 0.5), "std": (1, 1)}, r"mean=\(0.5, 0.5\)"),
        (("cnn", 10, (3, 8, 8)), {"mean": (0.5,), "std": (1, 1, 1)}, r"std=\(1, 1, 1\)"),
        (("cnn", 10, DIGITS), {"mean": (0.5,), "std": (0.0,)}, r"std\[0\]=0.0"),
        (("cnn", 10, DIGITS), {"mean": (math.nan,), "std": (1.0,)}, r"mean\[0\]=nan"),
        (("cnn", 10, DIGITS), {"label": 3}, "label=3"),
        (("constant", 10, DIGITS), {"label": 10}, "label=10"),
        (("constant", 10, DIGITS), {"label": -1}, "label=-1"),
    ],
)
def test_impossible_models_are_refused(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        build(*arguments, **options)


@settings(max_examples=30)
@given(data=st.data(), arch=st.sampled_from(["mlp", "cnn", "constant"]))
def test_digest_changes_iff_the_state_does(data, arch):
    model = build(arch, 10, DIGITS)
    other = copy.deepcopy(model)
    assert weights_digest(other) == weights_digest(model)
    name = data.draw(st.sampled_from(sorted(other.state_dict())))
    tensor = other.state_dict()[name].view(-1)
    place = data.draw(st.integers(0, len(tensor) - 1))
    original = tensor[place].clone()
    # The next float, the smallest change there is.
    tensor[place] = original + 1 if not original.is_floating_point() else torch.nextafter(original, torch.tensor(9.0))
    assert weights_digest(other) != weights_digest(model)
    tensor[place] = original
    assert weights_digest(other) == weights_digest(model)


def test_digest_sees_names_types_and_shapes_but_not_the_memory_format():
    def digest(**tensors):
        module = nn.Module()
        for name, tensor in tensors.items():
            module.register_buffer(name, tensor)
        return weights_digest(module)

    zeros = torch.zeros(4)
    different = [
        digest(a=zeros),
        digest(b=zeros),
        digest(a=zeros.reshape(2, 2)),
        digest(a=zeros.int()),
        digest(a=zeros.bfloat16()),
        digest(a=zeros[:2], b=zeros[2:]),
        digest(a=zeros, b=zeros[:0]),
        digest(a=-zeros),
    ]
    assert len(set(different)) == len(different)
    image = torch.rand(2, 3, 4, 5)
    assert digest(a=image) == digest(a=image.to(memory_format=torch.channels_last))
    assert digest(a=image, b=zeros) == digest(b=zeros, a=image)


def test_digest_is_the_same_on_every_machine():
    """A fixed value: the SHA-256 of the bytes '["logits", "torch.float32", [2]]' and, little-endian, 0.0 and 1.0."""
    expected = "2735109646368b047f66a3907e1472e744c1a84aa2b75ddba1c2c2e8b6649ea9"
    assert weights_digest(Constant(2, label=1)) == expected
