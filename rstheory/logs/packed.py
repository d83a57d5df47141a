"""Compressed logs: read as if they were not, up to a size that no log has."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Protocol

MOST_BYTES = 2**31  # of an unpacked log; a small file may unpack to any size


class _Unpacker(Protocol):
    """What gzip, bzip2 and xz have in common in Python; `eof` where the compressed stream has ended."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


_UNPACKERS: dict[bytes, Callable[[], _Unpacker]] = {
    b"\x1f\x8b": lambda: zlib.decompressobj(16 + zlib.MAX_WBITS),
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ": lzma.LZMADecompressor,
}


def unpacked(content: bytes, most: int = MOST_BYTES) -> bytes:
    """What a file of gzip, bzip2 or xz holds, several of them one after the other too; other content as it is.

    ValueError where it is broken, cut short, or more than `most` bytes.

    >>> import gzip
    >>> unpacked(gzip.compress(b"idx")), unpacked(b"idx")
    (b'idx', b'idx')
    """
    parts, size, rest = [], 0, content
    while (unpacker := _unpacker(rest)) is not None:
        try:
            part = unpacker.decompress(rest, most - size + 1)
        except (zlib.error, lzma.LZMAError, OSError) as error:
            raise ValueError(f"the compressed file is broken ({error}): fetch or write it again") from error
        parts.append(part)
        size += len(part)
        if size > most:
            raise ValueError(f"the compressed file holds more than {most:,} bytes: that is no log")
        if not unpacker.eof:
            raise ValueError("the compressed file ends too early: fetch or write it again")
        rest = unpacker.unused_data
    return b"".join(parts) if parts else content


def beginning(head: bytes, most: int) -> bytes:
    """The first bytes, at most so many, of what a file that begins with `head` holds."""
    if (unpacker := _unpacker(head)) is None:
        return head[:most]
    try:
        return unpacker.decompress(head, most)
    except (zlib.error, lzma.LZMAError, OSError):  # whoever reads it whole will say so
        return b""


def _unpacker(content: bytes) -> _Unpacker | None:
    return next((make() for start, make in _UNPACKERS.items() if content.startswith(start)), None)
