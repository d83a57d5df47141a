"""TorchScript files, read through before torch opens them.

The code in such a file is TorchScript, whose operators include two that read and write files of the user's
(`aten::save`, `aten::from_file`) and others that call other processes. It looks like Python, so Python's own parser
reads it here. The archive is written anew from what a classifier needs.
"""

from __future__ import annotations

import ast
import io
import re
import zipfile

from rstheory.smoothing.models.archive import members, names_in_pickle
from rstheory.smoothing.models.exported import PICKLED

LARGEST_CODE = 2**22  # bytes in one member; scripted attention has 2**15
_NEEDED = re.compile(
    r"(?:\.data/)?version|byteorder|data\.pkl|constants\.pkl|(?:data|constants)/\d{1,9}|code/[\w./]+\.py"
)
_UNREAD = re.compile(
    r"code/[\w./]+\.debug_pkl|traced_inputs\.pkl|traced_inputs/\d{1,9}"
    r"|\.data/serialization_id|\.format_version|\.storage_alignment"
)
_PLAIN_PICKLE = re.compile(
    r"__torch__(?:\.(?!classes\b)\w+)* \w+|torch\.jit\._pickle \w+|torch \w+Storage|collections OrderedDict"
    r"|torch\._utils _rebuild_(?:tensor_v2|parameter|qtensor)"
)
_FORBIDDEN = {"save", "load", "from_file", "rpc_async", "rpc_sync", "rpc_remote", "PythonOp", "IgnoredPythonOp"}
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]|\\\n")  # read as nothing by one parser, and as a new line by another


def plain_script(content: bytes) -> io.BytesIO:
    """The file written anew. ValueError for members, pickles or operators that no classifier needs."""
    held = members(content)
    rewritten = io.BytesIO()
    with zipfile.ZipFile(rewritten, "w", zipfile.ZIP_STORED) as archive:
        for name, part in held.items():
            if _UNREAD.fullmatch(name):
                continue
            if not _NEEDED.fullmatch(name):
                raise ValueError(f"it holds {name!r:.80}, which torch.jit.save does not write")
            if name.endswith(".pkl"):
                _check_pickle(part)
            elif name.endswith(".py"):
                _check_code(name, part)
            archive.writestr(f"model/{name}", part)
    rewritten.seek(0)
    return rewritten


def _check_pickle(content: bytes) -> None:
    try:
        harmless = all(_PLAIN_PICKLE.fullmatch(name) for name in names_in_pickle(content))
    except Exception:  # noqa: BLE001  # a broken pickle can fail in any way, and is refused whichever it is
        harmless = False
    if not harmless:
        raise ValueError(PICKLED)


def _check_code(name: str, content: bytes) -> None:
    """Refuse code that could reach anything but tensors. It is parsed, and nothing of it is run."""
    try:
        text = content.decode()
        if len(content) > LARGEST_CODE or _CONTROL.search(text):
            raise ValueError("too long, or control characters in it")
        tree = ast.parse(text)
        nodes = list(ast.walk(tree))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"{name:.80} is no TorchScript that can be read before it is loaded: {error}") from error
    spoken = {id(node.value) for node in nodes if isinstance(node, ast.Attribute) and node.attr in ("aten", "prim")}
    for node in nodes:
        word = _word(node)
        if word in _FORBIDDEN or _dotted(node) == "__torch__.torch.classes":
            raise ValueError(f"{name:.80} names {word}, and a classifier touches no file and no other process")
        if isinstance(node, ast.Name) and word == "ops" and id(node) not in spoken:
            raise ValueError(f"{name:.80} calls operators other than ATen's, and a classifier needs no others")


def _word(node: ast.AST) -> str | None:
    """The name that a node says, also where it is a text, as in getattr(torch, "save")."""
    match node:
        case ast.Name(id=word) | ast.Attribute(attr=word) | ast.keyword(arg=str(word)):
            return word
        case ast.Constant(value=str(word)):
            return word.strip()
    return None


def _dotted(node: ast.AST) -> str:
    """a.b.c as text; what is no name is left out."""
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""
