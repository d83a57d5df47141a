"""Files that are there whole or not at all, and which of some files another one is."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


def require_folder(path: Path) -> Path:
    """A file to be written, whose folder is made where it is not there; ValueError if it cannot be, before hours of
    work end in nothing."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"cannot write {path}: cannot make its folder: {error.strerror or error}") from None
    return path


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """A path beside `path`, of the same suffix, to write to. At the end of the block what was written takes the place
    of `path`, synced to the disk; if the block fails, it is removed and `path` stays as it was.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_write(Path(folder, "log.txt")) as part:
    ...         _ = part.write_text("all of it")
    ...     print(os.listdir(folder))
    ['log.txt']
    """
    part = path.with_name(f".part-{path.name}")
    try:
        yield part
        with open(part, "rb") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_text(text: str, path: Path) -> None:
    """Write a text file whole or not at all, and its folder where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as part:
        part.write_text(text, encoding="utf-8")


def first_same(path: Path, files: Iterable[str]) -> str | None:
    """The first of the files that `path` leads to, by whatever name, or None."""
    return next((file for file in files if path.exists() and os.path.exists(file) and path.samefile(file)), None)


def first_inside(folder: Path, files: Iterable[str]) -> str | None:
    """The first of the files that lies in `folder`, however deep, links followed; or None.

    >>> first_inside(Path("figures"), ["logs/a.txt", "figures/sigma_0.5/b.txt", "figures.txt"])
    'figures/sigma_0.5/b.txt'
    """
    resolved = folder.resolve()
    return next((file for file in files if resolved in Path(file).resolve().parents), None)
