"""Compressed logs: gzip and xz files are read as what they hold, so that logs of many images need little room."""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Callable
from typing import Any

# Bytes that a file may unpack to: hundreds of times the largest log, and far below what a made-up file could ask for.
MOST_UNPACKED = 2**31
_MAKERS: dict[bytes, tuple[str, Callable[[], Any]]] = {
    b"\x1f\x8b": ("gzip", lambda: zlib.decompressobj(wbits=31)),
    b"\xfd7zXZ": ("xz", lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ)),
}


def unpacked(content: bytes, most: int = MOST_UNPACKED) -> bytes:
    """What gzip or xz content holds; any other content as it is.

    most: bytes that it may hold. ValueError, without the file's name, where it holds more, is damaged, or was cut off.

    >>> import gzip
    >>> unpacked(gzip.compress(b"idx")), unpacked(b"idx")
    (b'idx', b'idx')
    """
    if (kind := _kind(content)) is None:
        return content
    text, whole = _unpacked(content, most + 1)
    if len(text) > most:
        raise ValueError(f"compressed ({kind}) and larger than {most:,} bytes when unpacked: no log is so large")
    if not whole:
        raise ValueError(f"compressed ({kind}), and damaged or cut off: it cannot be unpacked")
    return text


def head_unpacked(content: bytes, most: int) -> bytes:
    """The first bytes of what gzip or xz content holds, as far as its own first bytes tell; any other as it is."""
    return content if _kind(content) is None else _unpacked(content, most)[0]


def _kind(content: bytes) -> str | None:
    return next((kind for start, (kind, _) in _MAKERS.items() if content.startswith(start)), None)


def _unpacked(content: bytes, most: int) -> tuple[bytes, bool]:
    """Up to `most` bytes, and whether nothing was cut off: a file may hold several streams, one after the other."""
    make = next(make for start, (_, make) in _MAKERS.items() if content.startswith(start))
    parts: list[bytes] = []
    size = 0
    rest, whole = content, False
    while rest.strip(b"\0") and size < most:
        stream = make()
        try:
            part = stream.decompress(rest, most - size)
        except (zlib.error, lzma.LZMAError):
            return b"".join(parts), False
        parts.append(part)
        size += len(part)
        whole, rest = stream.eof, stream.unused_data
    return b"".join(parts), whole
