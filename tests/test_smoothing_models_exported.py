"""Files of torch.export that hold more than a plain export: refused before torch reads them.

The payload of every attack here leaves a mark in the test's own folder, and does nothing else.
"""

import contextlib
import json
import pickle
import zipfile

import pytest

torch = pytest.importorskip("torch")

import program_files as files  # noqa: E402
from program_files import (  # noqa: E402
    DIGITS,
    GRAPH,
    WEIGHTS,
    Harm,
    load,
    write_plain,
)

from rstheory.smoothing.models import exported as exported_module  # noqa: E402

EXAMPLE = torch.zeros(2, *DIGITS)


@pytest.fixture
def file(tmp_path):
    return lambda name="exported": write_plain(tmp_path, name)


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
