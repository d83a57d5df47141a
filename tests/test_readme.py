"""The README's example session runs, and prints what it says."""

import doctest
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"


def test_example_session():
    results = doctest.testfile(str(README), module_relative=False, optionflags=doctest.REPORT_NDIFF)
    assert results.attempted > 10
    assert results.failed == 0
