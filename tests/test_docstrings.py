"""Every example in every docstring of `rstheory`, private modules included, is run and prints what it says."""

import doctest
import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import rstheory


def modules(path: list[str], prefix: str) -> Iterator[str]:
    """Names of all modules below, found without importing them: a package that fails to import must fail its test,
    where `pkgutil.walk_packages` would leave out everything under it in silence."""
    for found in pkgutil.iter_modules(path, prefix):
        yield found.name
        if found.ispkg:
            folder = found.name.rpartition(".")[2]
            yield from modules([f"{base}/{folder}" for base in path], found.name + ".")


# A __main__ module runs the program on import.
NAMES = sorted(name for name in modules(list(rstheory.__path__), "rstheory.") if not name.endswith("__main__"))


@pytest.mark.parametrize("name", ["rstheory", *NAMES])
def test_examples_in_docstrings(name):
    failed, _ = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert failed == 0, "the report of doctest is above"


def test_modules_are_found_and_their_examples_too():
    """Against a discovery that finds nothing and passes."""
    assert {"rstheory.radius", "rstheory.binomial", "rstheory._saddlepoint"} <= set(NAMES)
    for name in ("rstheory.radius", "rstheory.binomial"):
        assert doctest.testmod(importlib.import_module(name)).attempted >= 5
