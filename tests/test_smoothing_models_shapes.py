"""Program files: which operators and shape expressions are plain, and sizes that are refused unbelieved."""

import ast
import contextlib
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

import program_files as files  # noqa: E402
from program_files import (  # noqa: E402
    GRAPH,
    WEIGHTS,
    load,
    plain,
    write_plain,
)

from rstheory.smoothing.models import exported as exported_module  # noqa: E402


@pytest.fixture
def file(tmp_path):
    return lambda name="exported": write_plain(tmp_path, name)


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


@pytest.mark.parametrize("name", ["u9999999", "u-1", "x1", "s0 ", "zuf", "weight.0"])
def test_only_short_symbols_have_ranges(name):
    constraints = {"range_constraints": {name: {"min_val": 0, "max_val": None}}}
    with pytest.raises(ValueError, match="range_constraints holds the name"):
        exported_module._copied(constraints, GRAPH)


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
def test_programs_with_a_changed_byte_load_or_are_refused(tmp_path_factory, name, data):
    content = bytearray(plain(name))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("flip") / "program"
    path.write_bytes(content)
    with contextlib.suppress(ValueError):
        load(path)
