"""Tables on the terminal, and CSV files that say what made them."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy
from rich.console import Console
from rich.table import Table

import rstheory
from rstheory._files import whole


def show(title: str, frame: pd.DataFrame, formats: Mapping[str, str | Callable[[Any], str]] | None = None) -> None:
    """Print a data frame as a table: one format (a format spec or a function) for each column that needs one."""
    table = Table(header_style="bold")
    for column in frame.columns:
        numeric = pd.api.types.is_numeric_dtype(frame[column])
        table.add_column(str(column), justify="right" if numeric or column in (formats or {}) else "left")
    for row in frame.itertuples(index=False):
        table.add_row(
            *(_text(value, (formats or {}).get(str(name))) for name, value in zip(frame.columns, row, strict=True))
        )
    # Piped output is for files and other programs: wide enough that no cell is cut.
    console = Console() if Console().is_terminal else Console(width=1000)
    console.print(title, style="bold")
    console.print(table)


def _text(value: Any, spec: str | Callable[[Any], str] | None) -> str:
    if spec is None:
        return str(value)
    return spec(value) if callable(spec) else format(value, spec)


def provenance(**settings: Any) -> dict[str, str]:
    """What made a result: versions and the settings given (seed, sigma, N, alpha, data, ...), as text."""
    versions = {
        "rstheory": rstheory.__version__,
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
    with whole(path) as part:
        part.write_text(header + frame.to_csv(index=False), encoding="utf-8")
