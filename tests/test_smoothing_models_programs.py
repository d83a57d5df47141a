"""Programs are code: refused unless trusted, and even then nothing but a plain export of a classifier is run.

The payload of every attack here leaves a mark in the test's own folder, and does nothing else.
"""

import ast
import contextlib
import json
import os
import pickle
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

import program_files as files  # noqa: E402
from program_files import DIGITS, GRAPH, WEIGHTS, export, script, trace  # noqa: E402
from torch import nn  # noqa: E402

from rstheory.smoothing.models import build, load_checkpoint  # noqa: E402
from rstheory.smoothing.models import exported as exported_module  # noqa: E402

EXAMPLE = torch.zeros(2, *DIGITS)


def load(path):
    return load_checkpoint(path, shape=DIGITS, trust_program=True)


def logits(model, x):
    with torch.no_grad():
        return model(x)


class SizedPooling(nn.Module):
    """Its graph computes with the size of the batch, so that shapes are expressions."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.fc = nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Linear(27, 10)

    def forward(self, x):
        out = nn.functional.max_pool2d(torch.relu(self.norm(self.conv(x))), 2)
        out = torch.cat([out, out]).view(2 * x.shape[0], -1)
        return nn.functional.gelu(self.fc(out[: x.shape[0]]), approximate="tanh")


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A plain export of each form, as {name: content of the file}."""
    folder = tmp_path_factory.mktemp("plain")
    torch.manual_seed(0)
    model = SizedPooling().eval()
    for name, write in (("exported", export), ("scripted", script), ("traced", trace)):
        write(folder / name, model)
    return {name: (folder / name).read_bytes() for name in ("exported", "scripted", "traced")}


@pytest.fixture
def file(tmp_path, plain):
    """Writes one of the plain exports."""

    def write(name="exported"):
        path = tmp_path / "program.pt2"
        path.write_bytes(plain[name])
        return path

    return write


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


# --- attacks on torch.export ---


class Harm:
    """Pickled, it makes a folder when it is opened."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def code(mark):
    """An expression in Python that makes a folder."""
    return f"__import__('os').mkdir({str(mark)!r})"


def graph_of(program):
    return program["graph_module"]["graph"]


def edit_graph(edit):
    return lambda path, mark: files.change_json(path, GRAPH, lambda program: edit(program, mark))


def shape_expression(program, mark):
    """SymPy's sympify evaluates it."""
    for value in graph_of(program)["tensor_values"].values():
        for size in value["sizes"]:
            if "as_expr" in size:
                size["as_expr"]["expr_str"] = code(mark)


def shape_value(program, mark):
    graph_of(program)["sym_int_values"]["harm"] = {"as_expr": {"expr_str": code(mark), "hint": {"as_int": 2}}}


def text_in_a_shape_function(program, mark):
    """SymPy's functions sympify their own arguments where these are texts."""
    shape_expression(program, mark)
    for value in graph_of(program)["tensor_values"].values():
        for size in value["sizes"]:
            if "as_expr" in size:
                size["as_expr"]["expr_str"] = f"Mul({code(mark)!r}, 1)"


def guard(program, mark):
    """torch writes guards into the source of a function."""
    program["guards_code"] = [f"{code(mark)} is None"]


def any_function_of_torch(program, mark):
    """torch.os.mkdir is as good an operator as any."""
    node = {"name": "path", "arg": {"as_string": str(mark)}, "kind": 1}
    nodes = graph_of(program)["nodes"]
    nodes.insert(0, nodes[0] | {"target": "torch.os.mkdir", "inputs": [node], "outputs": [{"as_none": True}]})


def operator_that_writes_files(program, mark):
    inputs = [
        {"name": "filename", "arg": {"as_string": str(mark)}, "kind": 1},
        {"name": "shared", "arg": {"as_bool": True}, "kind": 1},
        {"name": "size", "arg": {"as_int": 4}, "kind": 1},
    ]
    nodes = graph_of(program)["nodes"]
    nodes[0] |= {"target": "torch.ops.aten.from_file.default", "inputs": inputs}


def name_of_a_node(program, mark):
    """torch.fx writes names into the source of forward."""
    text = json.dumps(program)
    old = graph_of(program)["nodes"][0]["name"]
    program |= json.loads(text.replace(json.dumps(old), json.dumps(f"a, b=({code(mark)})")))


def name_of_a_weight(program, mark):
    """torch.fx writes getattr(self, "…") where a name is no identifier."""
    text = json.dumps(program)
    program |= json.loads(text.replace('"conv.weight"', json.dumps(f'conv.x" + str({code(mark)}) + "')))


def compiled_library(path, mark):
    files.change(path, **{"data/aotinductor/model/model.so": b"\x7fELF" + bytes(60)})


def pickled_samples(path, mark):
    files.change(path, **{files.SAMPLES: files.saved((Harm(mark),))})


def pickled_samples_alone(path, mark):
    files.change(path, **{files.SAMPLES: pickle.dumps(((Harm(mark),), {}))})


def pickled_weight(path, mark):
    def edit(config):
        for entry in config["config"].values():
            entry["use_pickle"] = True

    files.change_json(path, WEIGHTS, edit)
    files.change(path, **{"data/weights/weight_0": files.saved(Harm(mark))})


def pickled_constant(path, mark):
    def edit(config):
        config["config"]["x"] = {"path_name": "opaque_obj_0", "is_param": False, "use_pickle": True}
        config["config"]["x"]["tensor_meta"] = None

    files.change_json(path, files.CONSTANTS, edit)
    files.change(path, **{"data/constants/opaque_obj_0": pickle.dumps(Harm(mark))})


def older_weights(path, mark):
    """torch takes this member in place of the new ones where it is there."""
    files.change(path, **{"data/weights/model.pt": files.saved({"x": Harm(mark)})})


def older_archive(path, mark):
    """torch goes on to this format where its first reader gives up."""
    held = files.read_members(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("version", "8.14")
        archive.writestr("serialized_exported_program.json", held[GRAPH])
        for name in ("serialized_state_dict.pt", "serialized_constants.pt"):
            archive.writestr(name, files.saved({}))
        archive.writestr("serialized_example_inputs.pt", files.saved(((Harm(mark),), {})))


def two_of_a_name(path, mark):
    """Python's reader takes the last, and another may take the first."""
    with zipfile.ZipFile(path, "a") as archive:
        name = next(name for name in archive.namelist() if name.endswith(GRAPH))
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr(name, archive.read(name))


def second_model(path, mark):
    files.change(path, **{"models/other.json": files.read_members(path)[GRAPH]})


IN_GRAPH = [
    shape_expression,
    shape_value,
    text_in_a_shape_function,
    guard,
    any_function_of_torch,
    operator_that_writes_files,
    name_of_a_node,
    name_of_a_weight,
]
IN_ARCHIVE = [
    compiled_library,
    pickled_samples,
    pickled_samples_alone,
    pickled_weight,
    pickled_constant,
    older_weights,
    older_archive,
    two_of_a_name,
    second_model,
]
ATTACKS = {attack.__name__: edit_graph(attack) for attack in IN_GRAPH} | {a.__name__: a for a in IN_ARCHIVE}
# Those whose payload torch 2.13 is known to run, so that a refusal of them tests something.
KNOWN = [
    "shape_expression",
    "guard",
    "operator_that_writes_files",
    "pickled_samples",
    "pickled_samples_alone",
    "pickled_weight",
    "pickled_constant",
    "older_weights",
    "older_archive",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_more_than_a_plain_export_is_refused_and_does_nothing(file, tmp_path, attack):
    path, mark = file(), tmp_path / "mark"
    ATTACKS[attack](path, mark)
    with pytest.raises(ValueError, match=r"program\.pt2: torch\.export cannot load the file: it|a shape") as error:
        load(path)
    assert len(str(error.value)) < 500
    assert not mark.exists()


@pytest.mark.parametrize("attack", KNOWN)
def test_these_attacks_would_work_on_torch_itself(file, tmp_path, attack, capfd):
    path, mark = file(), tmp_path / "mark"
    ATTACKS[attack](path, mark)
    with contextlib.suppress(Exception):  # whatever torch says when it is too late
        torch.export.load(path).module()(EXAMPLE)
    assert mark.exists()


def texts(value, place=()):
    """Where texts and names of entries stand in JSON, but for metadata, which is dropped."""
    if isinstance(value, str):
        yield place
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from texts(item, (*place, i))
    elif isinstance(value, dict):
        for name, item in value.items():
            if name != "metadata":
                yield (*place, name, "its name")
                yield from texts(item, (*place, name))


def replaced(value, place, new):
    """A copy with the text, or the name of an entry, at that place replaced."""
    value = json.loads(json.dumps(value))
    *outer, last = place[:-2] + ((place[-2:],) if place[-1:] == ("its name",) else place[-2:])
    inner = value
    for step in outer:
        inner = inner[step]
    if isinstance(last, tuple):
        inner[new] = inner.pop(last[0])
    else:
        inner[last] = new
    return value


@pytest.mark.parametrize("member", [GRAPH, WEIGHTS])
@pytest.mark.parametrize("harm", ["{code}", 'x" + {code} + "', "a, b={code}", "os.mkdir('x')", "../x", "a\nb"])
def test_no_text_anywhere_in_a_plain_export_can_be_code(file, tmp_path, member, harm):
    """Each text in turn, and each name of an entry, by itself: there is no place that was forgotten."""
    mark = tmp_path / "mark"
    content = json.loads(files.read_members(file())[member])
    places = list(texts(content))
    assert len(places) > 50
    for place in places:
        changed = replaced(content, place, harm.format(code=code(mark)))
        with pytest.raises(ValueError, match=r"it holds|it calls|a shape|its inputs|the name"):
            exported_module._copied(changed, member)
    assert not mark.exists()


@pytest.mark.parametrize(
    "target",
    [
        "torch.ops.aten.from_file.default",
        "torch.ops.aten.from_file.out",
        "torch.ops.aten.no_such_operator.default",
        "torch.ops.aten.add",
        "torch.ops.aten.__class__.mro",
        "torch.ops.aten.__init__.default",
        "torch.ops.profiler._record_function_enter.default",
        "torch.ops.higher_order.cond",
        "torch.ops.load_library",
        "torch.hub.load",
        "torch.load",
        "torch.os.mkdir",
        "_operator.methodcaller",
        "_operator.attrgetter",
        "_operator.call",
        "math.factorial",
        "os.mkdir",
        "#extension:operator",
        "",
    ],
)
def test_operators_that_are_not_of_tensors_or_shapes_are_refused(target):
    with pytest.raises(ValueError, match="a plain export calls ATen operators that touch no file"):
        exported_module._operator(target)


@pytest.mark.parametrize("target", ["torch.ops.aten.add.Tensor", "_operator.getitem", "math.ceil", "torch.sym_max"])
def test_operators_of_tensors_and_shapes_pass(target):
    assert exported_module._operator(target) == target


SYMBOLS = st.integers(0, 999_999).map(lambda i: f"s{i}")
ARITHMETIC = st.recursive(
    SYMBOLS
    | st.integers(0, 2**40).map(str)
    | SYMBOLS.map(lambda s: f"Symbol({s!r}, positive=True, integer=True)")
    | st.integers(-(2**40), 2**40).map(lambda i: f"Integer({i})"),
    lambda inner: (
        st.tuples(inner, st.sampled_from(["+", "-", "*", "//", "%"]), inner).map(lambda p: f"({' '.join(p)})")
        | st.tuples(st.sampled_from(["Add", "Mul", "FloorDiv", "Max", "Mod"]), inner, inner).map(
            lambda p: f"{p[0]}({p[1]}, {p[2]})"
        )
    ),
    max_leaves=8,
)


@given(ARITHMETIC)
def test_plain_arithmetic_passes_and_stays_the_same(text):
    assert ast.dump(ast.parse(exported_module._expression(text))) == ast.dump(ast.parse(text))


@settings(max_examples=200)
@given(
    ARITHMETIC,
    st.sampled_from(
        [
            "__import__('os')",
            "s0.free_symbols",
            "(lambda: 1)()",
            "[1][0]",
            "eval('1')",
            "Symbol('x')",
            "Symbol('s0; 1', integer=True)",
            "Symbol('s0', integer=eval('1'))",
            "Symbol(s0)",
            "Integer('1')",
            "Mul('s0', 2)",
            "2 ** 3",
            "9999999999999999999",
            "1.5",
            "os",
            "S",
            "s0 if s0 else 1",
            "(s0 := 1)",
            "f'{s0}'",
            "Add(*[1, 2])",
            "Function('f')(1)",
            "True",
            "s0 < 1",
        ]
    ),
    st.sampled_from(["+ {}", "* {}", "+ Mul({}, 2)", "+ Add(1, {})", "// (1 + {})"]),
)
def test_all_other_expressions_are_refused_wherever_they_stand(text, harm, frame):
    with pytest.raises(ValueError, match="only plain arithmetic of symbols"):
        exported_module._expression(f"({text}) {frame.format(harm)}")


@pytest.mark.parametrize("text", ["", "(" * 900, "s0 +", "s0\n1", "s0" + " + s0" * 500, "-" * 500 + "s0"])
def test_broken_and_endless_expressions_are_refused_or_arithmetic(text):
    try:
        assert set(exported_module._expression(text)) <= set("-s0")
    except ValueError as error:
        assert len(str(error)) < 200  # noqa: PT017  # either outcome is right


# --- attacks on TorchScript ---


CODE = "code/__torch__/torch/nn/modules/container.py"


def attack_code(line):
    """Put a line at the beginning of the outermost forward."""

    def attack(path, mark):
        held = files.read_members(path)
        name = next(n for n in held if n.startswith("code/") and n.endswith(".py") and b"def forward" in held[n])
        text = held[name].decode()
        place = text.index("\n", text.index("-> Tensor:")) + 1
        held[name] = (text[:place] + f"    {line.format(mark=mark)}\n" + text[place:]).encode()
        files.write_members(path, held)

    return attack


SCRIPTED = {
    "saves": attack_code('torch.save(x, "{mark}")'),
    "saves by the long name": attack_code('ops.aten.save(x, "{mark}")'),
    "maps a file": attack_code('_m = torch.add_(x, torch.sum(torch.from_file("{mark}", True, 4)))'),
    "saves by another name": attack_code('getattr(torch, "save")(x, "{mark}")'),
    "saves by a hidden name": attack_code('getattr(torch, "sa\\166e")(x, "{mark}")'),
    "saves as a method": attack_code('x.save("{mark}")'),
    "calls other operators": attack_code('ops.profiler._record_function_enter("{mark}")'),
    "calls Python": attack_code('ops.prim.IgnoredPythonOp("{mark}")'),
    "asks other processes": attack_code('ops.prim.rpc_sync("{mark}", None)'),
    "names all operators": attack_code("all = ops"),
    "hides behind a return": attack_code('# \r    torch.save(x, "{mark}")'),
    "is no code": attack_code("("),
    "is endless": attack_code("(" * 5000),
    "registered classes": attack_code("c = __torch__.torch.classes.any.Class"),
}


@pytest.mark.parametrize("attack", SCRIPTED)
@pytest.mark.parametrize("name", ["scripted", "traced"])
def test_scripts_that_reach_beyond_tensors_are_refused(file, tmp_path, name, attack):
    path, mark = file(name), tmp_path / "mark"
    SCRIPTED[attack](path, mark)
    with pytest.raises(ValueError, match=r"TorchScript cannot load the file: code/\S+ (names|calls|is no TorchScript)"):
        load(path)
    assert not mark.exists()


@pytest.mark.parametrize("attack", ["saves", "saves by the long name", "saves by another name", "maps a file"])
def test_these_scripts_would_work_on_torch_itself(file, tmp_path, attack):
    path, mark = file("scripted"), tmp_path / "mark"
    SCRIPTED[attack](path, mark)
    with pytest.warns(DeprecationWarning, match="torch.jit.load"), contextlib.suppress(RuntimeError):
        torch.jit.load(path)(EXAMPLE)
    assert mark.exists()


@pytest.mark.parametrize("member", ["data.pkl", "constants.pkl"])
def test_scripts_with_other_pickles_are_refused(file, tmp_path, member):
    path, mark = file("scripted"), tmp_path / "mark"
    files.change(path, **{member: pickle.dumps(Harm(mark), protocol=2)})
    with pytest.raises(ValueError, match="Python objects, which are not opened"):
        load(path)
    assert not mark.exists()


@pytest.mark.parametrize("member", ["attributes.pkl", "extra/model.so", "code/x.so", "../x", "bytecode.pkl"])
def test_scripts_with_other_members_are_refused(file, member):
    path = file("scripted")
    files.change(path, **{member: b"x"})
    with pytest.raises(ValueError, match=r"which torch\.jit\.save does not write"):
        load(path)


# --- broken files and absurd sizes ---


def bomb(path):
    files.write_members(path, files.read_members(path) | {"data/weights/weight_9": bytes(2**28)}, zipfile.ZIP_DEFLATED)


def deep(path):
    files.change(path, **{GRAPH: b"[" * 10**6})


def deep_tree(path):
    def edit(program):
        program["graph_module"]["module_call_graph"][0]["signature"]["in_spec"] = "[" * 9000

    files.change_json(path, GRAPH, edit)


def huge_number(path):
    files.change(path, **{GRAPH: lambda content: content.replace(b'"as_int": 3', b'"as_int": ' + b"9" * 4000, 1)})


def huge_weight(path):
    def edit(config):
        meta = next(iter(config["config"].values()))["tensor_meta"]
        meta["sizes"], meta["strides"] = [{"as_int": 2**40}], [{"as_int": 0}]

    files.change_json(path, WEIGHTS, edit)


def empty_weight(path):
    """torch makes zeros of the size stated where a member is empty."""
    files.change(path, **{"data/weights/weight_0": b""})


def counted_symbols(path):
    """torch counts up to the number of the last symbol."""
    files.change_json(path, GRAPH, lambda program: program["range_constraints"].update(u99999999999={"min_val": 0}))


def no_graph(path):
    held = files.read_members(path)
    del held[GRAPH]
    files.write_members(path, held)


@pytest.mark.parametrize(
    "spoil", [bomb, deep, deep_tree, huge_number, huge_weight, empty_weight, counted_symbols, no_graph]
)
def test_absurd_sizes_are_refused_before_they_are_believed(file, spoil):
    path = file()
    spoil(path)
    with pytest.raises(ValueError, match=r"program\.pt2: torch\.export cannot load the file: ") as error:
        load(path)
    assert len(str(error.value)) < 600


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(["exported", "scripted", "traced"]), data=st.data())
def test_programs_with_a_changed_byte_load_or_are_refused(plain, tmp_path_factory, name, data):
    content = bytearray(plain[name])
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("flip") / "program"
    path.write_bytes(content)
    with contextlib.suppress(ValueError):
        load(path)


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
