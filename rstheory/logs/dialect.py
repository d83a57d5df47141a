"""How else people write the same log: encodings, separators, quotes, wrapped numbers, words. Declared here, once.

A file in any of these forms becomes the tab-separated text that the field writes, line by line, so that line numbers
stay those of the file. What a column means is not known here.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass

SEPARATORS = {"tabs": b"\t", "commas": b",", "semicolons": b";"}
TRUE, FALSE = frozenset((b"true", b"yes")), frozenset((b"false", b"no"))
# Cells that say that there is no value; in the column of predictions, that there is no prediction.
MISSING = frozenset((b"", b"-", b"none", b"null", b"na", b"n/a", b"nan", b"<na>"))
ABSTENTIONS = frozenset(
    (MISSING - {b""})
    | {b"abstain", b"abstained", b"abstains", b"abstention", b"abst", b"abs", b"reject", b"rejected", b"unknown"}
)

# What torch and NumPy print for one number: tensor(3), tensor([3], device='cuda:0'), array([3]), np.int64(3), [3].
_WRAPPED = re.compile(
    rb"(?:(?:torch\.|np\.|numpy\.)?(?:tensor|array|bool_?|u?int\d*|float\d*))?[(\[]+ *([^()\[\], ]*) *\]*"
    rb"(?:, *[a-z_]+=[^()\[\]]*)*[)\]]+"
)
_BLANKS = re.compile(rb" *([\t\n]) *")
_UTF16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_COMMENT = b"#"


def unwrapped(cell: bytes) -> bytes:
    """The number in a cell that torch or NumPy printed; the cell itself where it is no such thing.

    >>> unwrapped(b"tensor([3], device='cuda:0')"), unwrapped(b"np.float64(0.5)"), unwrapped(b"3")
    (b'3', b'0.5', b'3')
    """
    match = _WRAPPED.fullmatch(cell)
    return match[1] if match else cell


def decoded(content: bytes) -> bytes:
    """The content in UTF-8 without a byte order mark, whether it was that or UTF-16; and with newlines as line ends.

    A file without any newline whose lines end in carriage returns is read as such. Any other lone carriage return
    stays: some readers take it for a line end and others do not.

    >>> decoded("idx\\tlabel\\r\\n0\\t1".encode("utf-16")), decoded(b"a\\rb\\r"), decoded(b"a\\rb\\n")
    (b'idx\\tlabel\\n0\\t1', b'a\\nb\\n', b'a\\rb\\n')
    """
    encoding = _UTF16.get(content[:2])
    if encoding is None and len(content) >= 8 and content[1:8:2] == bytes(len(content[1:8:2])) and content[0]:
        encoding = "utf-16-le"
    elif encoding is None and len(content) >= 8 and content[:8:2] == bytes(4) and all(content[1:8:2]):
        encoding = "utf-16-be"
    if encoding is not None:
        content = content[: len(content) // 2 * 2].decode(encoding, "replace").encode("utf-8", "replace")
    content = content.removeprefix(b"\xef\xbb\xbf")
    if b"\r" in content:
        content = re.sub(rb"\r+\n", b"\n", content)
        content = content if b"\n" in content else content.replace(b"\r", b"\n")
    return content


@dataclass(frozen=True)
class Heading:
    """The line that may head a log: the first one that is neither blank nor a comment.

    text: the line. number: its number in the file, the first being 1. start: where it starts in the content.
    """

    text: bytes
    number: int
    start: int


def heading(content: bytes) -> Heading:
    """The heading of decoded content. A comment that names several cells may be one: NumPy writes them so.

    >>> heading(b"# made by me\\n\\n# idx\\tlabel\\n0\\t1\\n")
    Heading(text=b'idx\\tlabel', number=3, start=16)
    """
    start, number = 0, 1
    while start < len(content):
        end = content.find(b"\n", start)
        end = len(content) if end < 0 else end
        line = content[start:end]
        text = line.strip(b" ").lstrip(b"# ") if line.lstrip(b" ").startswith(_COMMENT) else line
        is_comment = text is not line and not text.startswith(b"idx") and b"idx" not in re.split(rb"[\t,;]", text)
        if line.strip() and not is_comment:
            return Heading(text, number, end - len(text) if text is not line else start)
        start, number = end + 1, number + 1
    return Heading(content.partition(b"\n")[0], 1, 0)


def cells_of(line: bytes, separator: bytes) -> list[bytes]:
    """The cells of one line, without quotes and blanks around them.

    >>> cells_of(b'0, "1 day, 0:00:08" ,"x"', b",")
    [b'0', b'1 day, 0:00:08', b'x']
    """
    if b'"' in line:
        tight = re.sub(rb'" +' + re.escape(separator), b'"' + separator, line.strip(b" "))
        tight = re.sub(re.escape(separator) + rb' +"', separator + b'"', tight)
        try:
            (cells,) = csv.reader([tight.decode("utf-8", "surrogateescape")], delimiter=separator.decode(), strict=True)
        except (csv.Error, ValueError):  # an open quote, which is no cell in quotes
            return line.split(separator)
        return [text.strip(" ").encode("utf-8", "surrogateescape") for text in cells]
    return [cell.strip(b" ") for cell in line.split(separator)]


def with_tabs(text: bytes, separator: bytes) -> bytes:
    """Lines in tab-separated form, each still a line: no quotes, no blanks around tabs."""
    if b'"' in text or separator != b"\t":
        lines = []
        for line in text.split(b"\n"):
            if separator != b"\t":
                line = line.replace(b"\t", b" ")
            plain = line.replace(separator, b"\t") if b'"' not in line else _joined(cells_of(line, separator))
            lines.append(plain)
        text = b"\n".join(lines)
    if any(blank in text for blank in (b" \t", b"\t ", b" \n", b"\n ")):
        text = _BLANKS.sub(rb"\1", text)
    return text


def _joined(cells: list[bytes]) -> bytes:
    return b"\t".join(re.sub(rb"[\t\n]", b" ", cell) for cell in cells)
