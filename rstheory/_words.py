"""Small words that messages, tables and figures share: plurals, alternatives, names of files."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

_SUFFIX = re.compile(r"(\.(tsv|txt|csv|log))?(\.(gz|xz))$|\.(tsv|txt|csv|log)$", re.IGNORECASE)
_LONGEST_LABEL = 22  # characters of a name that fit a legend
_SIGMA = re.compile(r"(noise|sigma)[_=-]?[\d.]+", re.IGNORECASE)


def plural(number: int, one: str, many: str = "") -> str:
    """Number and noun; many: the plural, where it takes more than an s.

    >>> plural(1, "row"), plural(10_000, "row")
    ('1 row', '10,000 rows')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def either(texts: Sequence[str]) -> str:
    """The texts as alternatives in a sentence.

    >>> either(["a"]), either(["a", "b"]), either(["a", "b", "c"])
    ('a', 'a or b', 'a, b or c')
    """
    return " or ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def printable(text: str) -> str:
    r"""Text without anything that a terminal or a font would stumble over.

    >>> print(printable("a\x1b[31m\udcff"))
    a\x1b[31m\udcff
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def short_names(paths: Sequence[str]) -> list[str]:
    """What tells the paths apart, without endings; the folder's name where a single file is named by its noise level.

    >>> short_names(["logs/ours/noise_0.5.tsv", "logs/catrs/noise_0.5.tsv"])
    ['ours', 'catrs']
    >>> short_names(["logs/ours/noise_0.5.tsv"]), short_names(["a/x.tsv", "a/b/x.tsv"])
    (['ours'], ['a/x', 'a/b/x'])
    """
    parts = [tuple(_SUFFIX.sub("", part) for part in Path(path).parts) for path in paths]
    if len(set(parts)) < len(paths):  # the ending alone tells two of them apart
        parts = [Path(path).parts for path in paths]
    if len(parts) == 1:
        named = [part for part in parts[0] if not _SIGMA.fullmatch(part)] or list(parts[0])
        return [printable(named[-1])] if named else [printable(paths[0])]
    if len({len(part) for part in parts}) > 1:
        return [printable(str(Path(*part))) for part in parts]
    kept = [level for level in zip(*parts, strict=True) if len(set(level)) > 1]
    return [printable("/".join(part)) for part in zip(*kept, strict=True)] or [printable(path) for path in paths]


def group_labels(groups: Sequence[Sequence[str]]) -> list[str]:
    """What tells groups of paths apart: the folder that the paths of each have in common, or else their first names.

    >>> group_labels([["logs/digits/a/x.tsv", "logs/digits/b/x.tsv"], ["logs/cifar/a.tsv", "logs/cifar/b.tsv"]])
    ['digits', 'cifar']
    >>> group_labels([["a.tsv", "b.tsv", "c.tsv"], ["d.tsv"]])
    ['a and 2 more', 'd']
    """
    folders = [_common_folder(paths) for paths in groups]
    shared = _common_folder([os.path.join(folder, "file") for folder in folders])
    labels = [os.path.relpath(folder, shared) if folder != shared else os.path.basename(folder) for folder in folders]
    if all(labels) and len(set(labels)) == len(labels):
        return [printable(label) for label in labels]
    names = iter(short_names([path for paths in groups for path in paths]))
    named = [[next(names) for _ in paths] for paths in groups]
    return [first + (f" and {len(rest)} more" if rest else "") for first, *rest in named]


def _common_folder(paths: Sequence[str]) -> str:
    """The deepest folder that all paths lie in."""
    folders = [os.path.dirname(os.path.abspath(path)) for path in paths]
    try:
        return os.path.commonpath(folders)
    except ValueError:  # several drives
        return os.path.dirname(folders[0])


def plain(text: str) -> str:
    """A text that Matplotlib does not take for mathematics."""
    return text.replace("$", r"\$")


def short_label(name: str) -> str:
    """A name that fits a legend, and that Matplotlib does not take for mathematics."""
    cut = name if len(name) <= _LONGEST_LABEL else "..." + name[-_LONGEST_LABEL + 3 :]
    return plain(cut).lstrip("_") or name


def short_labels(names: Sequence[str]) -> list[str]:
    """Names that fit a legend, whole where cutting them would make two alike.

    >>> short_labels(["a" * 30, "b"])
    ['...aaaaaaaaaaaaaaaaaaa', 'b']
    """
    labels = [short_label(name) for name in names]
    return labels if len(set(labels)) == len(set(names)) else [plain(name) for name in names]
