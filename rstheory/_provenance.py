"""What made a result, kept beside it."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rstheory._files import atomic_write
from rstheory._version import __version__

if TYPE_CHECKING:
    import pandas as pd


def provenance(**settings: Any) -> dict[str, str]:
    """What made a result: versions and the settings given (seed, sigma, N, alpha, data, ...), as text."""
    import scipy

    versions = {
        "rstheory": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
    }
    return versions | {name: str(value) for name, value in settings.items()}


def write_csv(frame: pd.DataFrame, path: Path, made_by: Mapping[str, str]) -> None:
    """Write a data frame below comment lines `# name: value` that say what made it; whole or not at all.

    Read it back with `pandas.read_csv(path, comment="#")`. Floats keep all their digits.
    """
    header = "".join(f"# {name}: {value}\n" for name, value in made_by.items())
    with atomic_write(path) as part:
        part.write_text(header + frame.to_csv(index=False), encoding="utf-8")
