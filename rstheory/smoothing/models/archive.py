"""A look into an archive before torch opens it: its members, how large they unpack, what its pickles ask for."""

from __future__ import annotations

import io
import pickletools
import zipfile
from pathlib import Path

# torch stores weights as they are and compresses text only, so an honest archive unpacks to little more than its size.
GROWTH, ALLOWANCE = 8, 2**26
MOST_MEMBERS = 100_000
LARGEST_PICKLE = 2**22  # bytes; tensors lie beside pickles, which only say how they hang together


def check_sizes(path: Path) -> None:
    """Refuse an archive that unpacks to far more than its size, or names a member twice. Nothing is unpacked."""
    with zipfile.ZipFile(path) as archive:
        _check_directory(archive, path.stat().st_size)


def members(content: bytes) -> dict[str, bytes]:
    """What each member of an archive holds, by its name without the one folder that holds all of them.

    ValueError for an archive of another layout or one that unpacks to far more than its size; zipfile's own errors for
    one that is broken.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        _check_directory(archive, len(content))
        contents = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    if len({name.partition("/")[0] for name in contents}) > 1:
        raise ValueError("its members do not lie in one folder")
    return {name.partition("/")[2]: held for name, held in contents.items()}


def _check_directory(archive: zipfile.ZipFile, size: int) -> None:
    entries = archive.infolist()
    if len(entries) > MOST_MEMBERS:
        raise ValueError(f"it has {len(entries)} members: at most {MOST_MEMBERS} are read")
    if len({entry.filename for entry in entries}) < len(entries):  # another reader may take the other one
        raise ValueError("it holds two members of one name")
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > GROWTH * size + ALLOWANCE:
        raise ValueError(f"its {size} bytes unpack to {unpacked}: no model does that, and it is not unpacked")


def names_in_pickle(content: bytes) -> set[str]:
    """What a pickle asks Python for, as "module name", found without running any of it.

    ValueError for a pickle that is broken, or that makes such a name while it runs, where nobody can read it before.

    >>> import pickle
    >>> names_in_pickle(pickle.dumps(print, protocol=2))
    {'__builtin__ print'}
    """
    if len(content) > LARGEST_PICKLE:
        raise ValueError(f"a pickle in it has {len(content)} bytes: at most {LARGEST_PICKLE} are read")
    names = set()
    for operation, argument, _ in pickletools.genops(content):
        if operation.name in ("GLOBAL", "INST"):
            names.add(str(argument))
        elif operation.name == "STACK_GLOBAL" or operation.name.startswith("EXT"):
            raise ValueError("a pickle in it makes up the names that it asks for")
    return names
