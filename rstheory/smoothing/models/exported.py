"""`torch.export` files (.pt2), taken apart and written anew, so that torch reads only what was understood here.

torch's own reader runs what such a file wants in many ways: pickles of weights, constants and sample inputs, compiled
libraries, shape expressions that SymPy evaluates as Python, guards and names that become source code, operators that
are any function of torch. A plain export of a classifier needs none of these. What it needs is copied, piece by piece,
into a new archive: raw weights, operators of ATen, names that are names, and arithmetic of symbols.
"""

from __future__ import annotations

import ast
import io
import json
import math
import re
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import torch

from rstheory.smoothing.models.archive import members, names_in_pickle

DEEPEST_SHAPE = 40  # expressions within each other
LARGEST_JSON = 2**25  # bytes; ResNet-110's graph has 2**20
_WEIGHTS, _CONSTANTS = "data/weights/model_weights_config.json", "data/constants/model_constants_config.json"
_GRAPH, _SAMPLES = "models/model.json", "data/sample_inputs/model.pt"
_NEEDED = {"archive_format", "archive_version", _GRAPH, _WEIGHTS, _CONSTANTS}
_UNREAD = {".data/version", ".data/serialization_id", "byteorder", ".format_version", ".storage_alignment", _SAMPLES}
_TENSOR = re.compile(r"data/(?:weights/weight|constants/tensor)_\d{1,9}")

_PLAIN_PICKLE = re.compile(r"collections OrderedDict|torch\._utils _rebuild_(?:tensor_v2|parameter)|torch \w+Storage")
_SYMBOL = re.compile(r"(?:s|u|zf|zuf)\d{1,6}")  # torch counts up to the number of a symbol, so it must be short
_IDENTIFIER, _PATH = re.compile(r"[A-Za-z_]\w*", re.ASCII), re.compile(r"[\w.\-]*", re.ASCII)
_FUNCTIONS = {"Add", "Mul", "Max", "Min", "Mod", "PythonMod", "FloorDiv", "CleanDiv", "CeilDiv"}
_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod)
_SYMBOLIC = re.compile(
    r"_operator\.(abs|add|and_|eq|floordiv|ge|getitem|gt|le|lt|mod|mul|ne|neg|not_|or_|sub|truediv)"
    r"|torch\.sym_(float|int|ite|max|min|not)|math\.(ceil|floor|trunc)"
)
_TOUCH_FILES = {"from_file", "save"}
PICKLED = "it holds pickled Python objects, which are not opened since opening them runs code"


def plain_export(content: bytes, example: torch.Tensor) -> io.BytesIO:
    """The file written anew, with `example` as its sample input. ValueError for what no plain export holds."""
    held = members(content)
    for name in held:
        if name not in _NEEDED | _UNREAD and not _TENSOR.fullmatch(name):
            raise ValueError(f"it holds {name!r:.80}, which torch.export.save of torch 2.13 does not write")
    if missing := sorted(_NEEDED - held.keys()):
        raise ValueError(f"it lacks {', '.join(missing)}: write it anew by torch.export.save of a current torch")
    _refuse_pickled_samples(held.get(_SAMPLES, b""))
    samples = io.BytesIO()
    torch.save(((example,), {}), samples)
    anew = {name: held[name] for name in held if _TENSOR.fullmatch(name)}
    anew |= {"archive_format": b"pt2", "archive_version": b"0", "byteorder": b"little", ".data/version": b"6\n"}
    anew |= {_SAMPLES: samples.getvalue(), _GRAPH: json.dumps(_copied(_parsed(held, _GRAPH), _GRAPH)).encode()}
    for name in (_WEIGHTS, _CONSTANTS):
        config = _copied(_parsed(held, name), name)
        _check_tensors(config, name.rpartition("/")[0], held)
        anew[name] = json.dumps(config).encode()
    for name, expected in (("archive_format", b"pt2"), ("archive_version", b"0"), ("byteorder", b"little")):
        if held.get(name, expected).strip() != expected:
            raise ValueError(f"its {name} is {held[name]!r:.40}, not {expected!r}")
    rewritten = io.BytesIO()
    with zipfile.ZipFile(rewritten, "w", zipfile.ZIP_STORED) as archive:
        for name, content in anew.items():
            archive.writestr(f"model/{name}", content)
    rewritten.seek(0)
    return rewritten


def _refuse_pickled_samples(content: bytes) -> None:
    """The sample inputs are not used; still, no honest file has anything but tensors there."""
    if not content:
        return
    try:
        pickles = [part for name, part in members(content).items() if name.endswith(".pkl")]
        harmless = all(_PLAIN_PICKLE.fullmatch(name) for pickle in pickles for name in names_in_pickle(pickle))
    except Exception:  # noqa: BLE001  # a broken pickle can fail in any way, and is refused whichever it is
        harmless = False
    if not harmless:
        raise ValueError(PICKLED)


def _parsed(held: Mapping[str, bytes], name: str) -> Any:
    if len(held[name]) > LARGEST_JSON:
        raise ValueError(f"{name} has {len(held[name])} bytes: at most {LARGEST_JSON} are read")
    try:
        return json.loads(held[name])
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name} is no JSON that can be read: {error}") from error


def _copied(value: Any, key: str) -> Any:
    """A copy of what JSON holds under `key`. ValueError for any text that is not known to be harmless there."""
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, int):
        if abs(value) >= 2**63:
            raise ValueError(f"{key} holds a number beyond 64 bits")
        return value
    if isinstance(value, str):
        return _text(value, key)
    if isinstance(value, list):
        return [_copied(item, key) for item in value]
    for name in value:
        if not (_SYMBOL if key == "range_constraints" else _PATH).fullmatch(name):
            raise ValueError(f"{key} holds the name {name!r:.80}, and torch makes source code of names")
    # Metadata of nodes are stack traces and names of modules: nothing that is computed.
    return {name: {} if name == "metadata" else _copied(item, name) for name, item in value.items()}


def _text(text: str, key: str) -> str:
    if key not in _TEXTS:
        raise ValueError(f"it holds {text!r:.80} under {key}, which a plain export of a classifier does not have")
    rule = _TEXTS[key]
    if isinstance(rule, re.Pattern):
        if not rule.fullmatch(text):
            raise ValueError(f"it holds {text!r:.80} under {key}, where torch may run what it says as code")
        return text
    return rule(text)


def _operator(target: str) -> str:
    """The name of an operator: ATen's, which compute with tensors, and the arithmetic of shapes."""
    match = re.fullmatch(r"torch\.ops\.aten\.(\w+)\.(\w+)", target)
    found = getattr(getattr(torch.ops.aten, match[1], None), match[2], None) if match else None
    aten = isinstance(found, torch._ops.OpOverload) and found.namespace == "aten"
    if not _SYMBOLIC.fullmatch(target) and (not aten or match is None or match[1] in _TOUCH_FILES):
        raise ValueError(f"it calls {target!r:.80}, and a plain export calls ATen operators that touch no file")
    return target


def _expression(text: str) -> str:
    """Arithmetic of symbols, written anew. SymPy would run anything else as Python."""
    try:
        tree = ast.parse(text, mode="eval") if len(text) <= 1000 else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = None
    if tree is None or not _is_arithmetic(tree.body, DEEPEST_SHAPE):
        raise ValueError(f"a shape in it is {text!r:.80}, and only plain arithmetic of symbols is read")
    return ast.unparse(tree)


def _is_arithmetic(node: ast.expr, depth: int) -> bool:
    if depth == 0:
        return False
    match node:
        case ast.Constant(value=value):
            return type(value) is int and value < 2**63
        case ast.Name(id=name):
            return bool(_SYMBOL.fullmatch(name))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _is_arithmetic(operand, depth - 1)
        case ast.BinOp(left=left, op=op, right=right):
            return isinstance(op, _ARITHMETIC) and all(_is_arithmetic(side, depth - 1) for side in (left, right))
        case ast.Call(func=ast.Name(id="Symbol"), args=[ast.Constant(value=str(name))], keywords=assumptions):
            values = [assumption.value for assumption in assumptions if assumption.arg]
            plain = all(isinstance(value, ast.Constant) and type(value.value) is bool for value in values)
            return bool(_SYMBOL.fullmatch(name)) and plain and len(values) == len(assumptions)
        case ast.Call(func=ast.Name(id="Integer"), args=[value], keywords=[]):
            return not isinstance(value, (ast.Name, ast.Call)) and _is_arithmetic(value, depth - 1)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            return name in _FUNCTIONS and all(_is_arithmetic(arg, depth - 1) for arg in args)
    return False


def _tree(text: str) -> str:
    """How inputs and outputs are nested, in JSON: tuples, lists and empty dictionaries around tensors."""
    try:
        version, tree = json.loads(text) if len(text) <= 10_000 else (None, None)
    except (ValueError, TypeError, RecursionError):
        version, tree = None, None
    if version != 1 or not _is_tree(tree):
        raise ValueError(f"its inputs or outputs are nested as {text!r:.80}, and one tensor each is expected")
    return json.dumps([version, tree])


def _is_tree(node: Any) -> bool:
    return (
        isinstance(node, dict)
        and node.keys() == {"type", "context", "children_spec"}
        and node["type"] in (None, "builtins.tuple", "builtins.list", "builtins.dict")
        and node["context"] in (None, "null", "[]")
        and isinstance(node["children_spec"], list)
        and all(_is_tree(child) for child in node["children_spec"])
    )


# What may stand under each key that holds text. All else is refused: guards_code, as_operator, class_fqn, …
_TEXTS: dict[str, re.Pattern[str] | Callable[[str], str]] = {
    **dict.fromkeys(("name", "as_name", "forward_arg_names", "verifiers"), _IDENTIFIER),
    **dict.fromkeys(("fqn", "parameter_name", "buffer_name", "tensor_constant_name"), _PATH),
    **dict.fromkeys(("in_spec", "out_spec"), _tree),
    "path_name": re.compile(r"(?:weight|tensor)_\d{1,9}"),
    "type": re.compile(r"cpu|cuda"),  # of a device
    "torch_version": re.compile(r"[\w.+<=\-]{1,80}", re.ASCII),
    "as_string": re.compile(r"[A-Za-z_ ,.>\-]{0,200}"),  # rounding modes, padding modes, equations of einsum
    "target": _operator,
    "expr_str": _expression,
}


def _check_tensors(config: Any, folder: str, held: Mapping[str, bytes]) -> None:
    """Refuse an index of tensors that names pickles, or more numbers than the archive holds bytes."""
    try:
        for entry in config["config"].values():
            if entry["use_pickle"] is not False:
                raise ValueError(PICKLED)
            sizes = [size["as_int"] for size in entry["tensor_meta"]["sizes"]]
            if min(sizes, default=0) < 0 or math.prod(sizes) > len(held[f"{folder}/{entry['path_name']}"]):
                raise ValueError(f"{entry['path_name']} is said to have the sizes {sizes}, more than it has bytes")
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the index of tensors in {folder} is broken") from error
