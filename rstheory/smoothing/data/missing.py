"""Two refusals that every reader shares: a split that is not there, a package that is not installed."""

from __future__ import annotations

from collections.abc import Iterable


def no_split(where: object, split: str, found: Iterable[str]) -> ValueError:
    """The error for a split that `where` lacks; `found` are those it has.

    >>> print(no_split("cifar10", "val", ["train", "test"]))
    cifar10: split='val' is not there: it has test, train
    """
    return ValueError(f"{where}: split={split!r} is not there: it has {', '.join(sorted(found))}")


def no_package(package: str, what: str, extra: str) -> ImportError:
    """The error for an optional package that `what` needs.

    >>> print(no_package("pyarrow", "reading Parquet", "torch"))
    reading Parquet needs pyarrow: pip install 'rstheory[torch]'
    """
    return ImportError(f"{what} needs {package}: pip install 'rstheory[{extra}]'", name=package)
