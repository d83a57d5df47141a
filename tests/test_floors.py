"""The house has floors: a module imports from lower ones only, and there is no circle.

Imports are read from the source, those inside functions too; `if TYPE_CHECKING:` is for type checkers and does not
count.
"""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import rstheory

PACKAGE = Path(rstheory.__file__).parent
ROOT = PACKAGE.parent

# From the ground up. Modules of one floor may import each other, without a circle.
FLOORS = (
    ("_check", "_files", "_version", "_progress", "_words", "_classes", "_extras", "_threads"),
    ("_provenance", "tables"),
    ("radius", "_saddlepoint", "binomial", "_laws", "budget", "far_budgets", "trivial", "population"),
    ("sequential", "randomized", "two_class", "elsewhere", "bounds", "planning"),
    ("transport",),
    ("mixture", "statistics"),
    ("certify",),
    ("logs",),
    ("survey",),
    ("audit",),
    ("atlas",),
    ("smoothing",),
    ("experiments",),
    ("plots",),
    ("pages",),
    ("__init__",),  # the face: what `import rstheory` offers
    ("cli",),
    ("__main__",),
)
BESIDE = ("symbolic", "rigorous")  # the theory once more, on their own
FLOOR = {room: number for number, floor in enumerate(FLOORS) for room in floor}


def name_of(path):
    """Dotted name of a module of the package; `rstheory.logs.__init__` for the face of a room."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


MODULES = {name_of(path): path for path in PACKAGE.rglob("*.py")}


def is_for_type_checkers(node):
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def nodes(tree):
    """Every node of a module, without what only type checkers read."""
    for child in ast.iter_child_nodes(tree):
        if not is_for_type_checkers(child):
            yield child
            yield from nodes(child)


def resolved(name):
    """The module of the package that an imported name is in, or None."""
    while name:
        if name in MODULES:
            return name
        if f"{name}.__init__" in MODULES:
            return f"{name}.__init__"
        name = name.rpartition(".")[0]
    return None


def imports(path):
    """Modules of the package that a file imports, anywhere in it."""
    found = set()
    for node in nodes(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {resolved(alias.name) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are absolute here"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                is_module = whole in MODULES or f"{whole}.__init__" in MODULES
                found.add(resolved(whole if is_module else node.module or ""))
    return found - {None}


IMPORTS = {name: imports(path) for name, path in MODULES.items()}


def room(name):
    return name.split(".")[1]


def test_there_is_no_circle():
    order = list(TopologicalSorter(IMPORTS).static_order())  # CycleError names the circle
    assert len(order) == len(MODULES) > 90


def test_every_room_has_a_floor():
    assert {room(name) for name in MODULES} == {*FLOOR, *BESIDE}


@pytest.mark.parametrize("name", sorted(IMPORTS))
def test_imports_go_down(name):
    above = {
        other
        for other in IMPORTS[name]
        if room(other) != room(name) and (room(name) in BESIDE or FLOOR[room(other)] > FLOOR[room(name)])
    }
    assert not above, f"{name} imports {sorted(above)}, which stand above it"


def test_the_reader_of_imports_sees_all_kinds(tmp_path):
    file = tmp_path / "m.py"
    file.write_text(
        "import rstheory.logs.cells\nfrom rstheory import budget, read_log\nfrom typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from rstheory.plots import Plate\n"
        "def f():\n    from rstheory.audit import compare_logs\n"
    )
    assert imports(file) == {"rstheory.logs.cells", "rstheory.budget", "rstheory.__init__", "rstheory.audit.__init__"}


def test_no_file_is_long():
    """One idea a file, readable in one sitting; proofs are read from top to bottom and may be longer."""
    folders = ("rstheory", "sims", "tests", "benchmarks", "scripts")
    lengths = {path: len(path.read_text().splitlines()) for folder in folders for path in (ROOT / folder).rglob("*.py")}
    assert {str(path.relative_to(ROOT)): length for path, length in lengths.items() if length > 350} == {}
