"""Programs are code: refused unless trusted; plain ones compute what they did; none in training mode is read."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from program_files import (  # noqa: E402
    DIGITS,
    SizedPooling,
    export,
    load,
    script,
    trace,
    write_plain,
)
from test_smoothing_models_checkpoint import scramble  # noqa: E402
from torch import nn  # noqa: E402

from rstheory.smoothing.models import build, load_checkpoint, prepare  # noqa: E402
from rstheory.smoothing.models import exported as exported_module  # noqa: E402


def logits(model, x):
    with torch.no_grad():
        return model(x)


@pytest.fixture
def file(tmp_path):
    return lambda name="exported": write_plain(tmp_path, name)


# --- trust ---


@pytest.mark.parametrize(("name", "kind"), [("exported", "torch.export"), ("scripted", "TorchScript")])
def test_a_program_is_refused_unless_it_is_trusted(file, name, kind):
    path = file(name)
    with pytest.raises(ValueError, match=rf"program\.pt2: a {kind} file is a program, .*--trust-program") as error:
        load_checkpoint(path, shape=DIGITS)
    assert "\n" not in str(error.value)


def test_a_program_that_is_not_trusted_is_not_even_taken_apart(file, monkeypatch):
    def opened(*_):
        raise AssertionError("it was opened")

    path = file()
    monkeypatch.setattr(exported_module, "members", opened)
    with pytest.raises(ValueError, match="is a program"):
        load_checkpoint(path, shape=DIGITS)


@pytest.mark.parametrize("name", ["exported", "scripted", "traced"])
def test_a_plain_program_computes_what_it_did(file, name):
    torch.manual_seed(0)
    model, x = SizedPooling().eval(), torch.rand(5, *DIGITS)
    torch.testing.assert_close(logits(load(file(name)).model, x), logits(model, x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("write", [export, script, trace])
@pytest.mark.parametrize("arch", ["resnet8", "mlp", "cnn", "constant"])
def test_every_architecture_of_ours_is_a_plain_export(tmp_path, write, arch):
    torch.manual_seed(0)
    model, x = build(arch, 10, DIGITS).eval(), torch.rand(3, *DIGITS)
    write(tmp_path / "program", model)
    torch.testing.assert_close(logits(load(tmp_path / "program").model, x), logits(model, x), rtol=1e-5, atol=1e-5)


class Attention(nn.Module):
    """Layers of other kinds than ours, whose scripted code holds texts, warnings and errors."""

    def __init__(self):
        super().__init__()
        self.pad = nn.Conv2d(1, 4, 3, padding=1, padding_mode="reflect")
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
        self.head = nn.Sequential(nn.LayerNorm(4), nn.Dropout(0.5), nn.GELU(), nn.Linear(4, 10), nn.LogSoftmax(1))

    def forward(self, x):
        out = self.pad(x).flatten(2).transpose(1, 2)
        return self.head(self.attention(out, out, out)[0].mean(1))


@pytest.mark.parametrize("write", [export, script, trace])
def test_other_layers_are_plain_too(tmp_path, write):
    torch.manual_seed(0)
    model, x = Attention().eval(), torch.rand(3, *DIGITS)
    write(tmp_path / "program", model)
    torch.testing.assert_close(logits(load(tmp_path / "program").model, x), logits(model, x), rtol=1e-4, atol=1e-5)


# --- what programs compute ---


@pytest.mark.parametrize("arch", ["cnn", "constant"])
@pytest.mark.parametrize(("write", "kind"), [(export, "torch.export"), (script, "TorchScript"), (trace, "TorchScript")])
def test_programs_load_run_and_can_be_prepared(tmp_path, write, kind, arch):
    model = scramble(build(arch, 10, DIGITS)).eval()
    write(tmp_path / "program", model)
    loaded = load(tmp_path / "program")
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
    prepared, x = prepare(load(tmp_path / "program").model), torch.rand(4, *DIGITS)
    torch.testing.assert_close(logits(prepared, x), logits(model, x), rtol=1e-5, atol=1e-6)


def test_programs_with_other_code_have_other_digests(tmp_path):
    """The same weights and another activation: only the file tells."""
    digests = set()
    for activation in (nn.ReLU(), nn.Tanh()):
        model = build("mlp", 10, DIGITS).eval()
        model[1][2] = activation
        export(tmp_path / "a.pt2", model)
        digests.add(load(tmp_path / "a.pt2").metadata["file_sha256"])
    assert len(digests) == 2


def test_a_scripted_model_is_put_in_eval_mode(tmp_path):
    script(tmp_path / "a.pt", nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(64, 10)).train())
    model, x = load(tmp_path / "a.pt").model, torch.rand(4, *DIGITS)
    assert torch.equal(logits(model, x), logits(model, x))


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
            load_checkpoint(path, shape=shape, trust_program=True)
        assert shape == () or str(path) in str(error.value)
    with pytest.raises(ValueError, match="holds its own normalisation"):
        load_checkpoint(path, shape=DIGITS, std=(1,), trust_program=True)
    write(path, nn.ReLU())
    with pytest.raises(ValueError, match=r"answers \(2, 1, 8, 8\) to 2 inputs where logits \(2, classes\)"):
        load(path)


def test_a_program_for_one_batch_size_is_refused(tmp_path):
    export(tmp_path / "a.pt2", build("mlp", 10, DIGITS).eval(), batch=3)
    with pytest.raises(ValueError, match="dynamic batch axis"):
        load(tmp_path / "a.pt2")


# --- programs in training mode ---


def train_norm():
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 10)).train()


def train_dropout():
    return nn.Sequential(nn.Flatten(), nn.Dropout(0.1), nn.Linear(64, 10)).train()


def batch_statistics():
    """In eval mode, too, batch norm without statistics of its own uses each batch's."""
    return nn.Sequential(nn.Flatten(), nn.BatchNorm1d(64, track_running_stats=False), nn.Linear(64, 10)).eval()


class Noisy(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        return self.fc((x + 0.1 * torch.randn_like(x)).flatten(1))


class Mixing(Noisy):
    def forward(self, x):
        return self.fc((x - x.mean(0)).flatten(1))


@pytest.mark.parametrize("make", [train_norm, train_dropout, batch_statistics, Noisy, Mixing])
@pytest.mark.parametrize("write", [export, trace])
@pytest.mark.parametrize("seed", range(3))
def test_programs_whose_answer_depends_on_others_or_on_chance_are_refused(tmp_path, make, write, seed):
    torch.manual_seed(seed)
    path = tmp_path / "program"
    write(path, make())
    with pytest.raises(ValueError, match=r"program: its answer to an input changes .* training mode.* eval\(\)"):
        load(path)


@pytest.mark.parametrize("write", [export, trace])
@pytest.mark.parametrize("make", [train_norm, train_dropout])
def test_the_same_models_in_eval_mode_are_read(tmp_path, make, write):
    write(tmp_path / "program", make().eval())
    assert load(tmp_path / "program").classes == 10


@pytest.mark.parametrize("write", [export, trace])
def test_programs_for_half_precision_are_not_taken_for_training_mode(tmp_path, write):
    class Half(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = build("cnn", 10, DIGITS).bfloat16()

        def forward(self, x):
            return self.model(x.bfloat16()).float()

    write(tmp_path / "program", Half().eval())
    assert load(tmp_path / "program").classes == 10


def test_a_checkpoint_is_read_from_where_it_lies_only_once(file, monkeypatch):
    """What was looked into and what torch reads are the same bytes, whatever happens to the file between."""
    path = file()
    original = Path.read_bytes(path)

    def spoiled(*arguments):
        result = exported_module_members(*arguments)
        path.write_bytes(b"something else")
        return result

    exported_module_members = exported_module.members
    monkeypatch.setattr(exported_module, "members", spoiled)
    assert load(path).classes == 10
    assert path.read_bytes() != original
