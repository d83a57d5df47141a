"""TorchScript that reaches beyond tensors: refused before torch reads it.

The payload of every attack here leaves a mark in the test's own folder, and does nothing else.
"""

import contextlib
import pickle

import pytest

torch = pytest.importorskip("torch")

import program_files as files  # noqa: E402
from program_files import (  # noqa: E402
    DIGITS,
    Harm,
    load,
    write_plain,
)

EXAMPLE = torch.zeros(2, *DIGITS)


@pytest.fixture
def file(tmp_path):
    return lambda name="exported": write_plain(tmp_path, name)


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
    "holds signs that parsers read differently": attack_code("c = 1 \x0c"),
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
