"""What made the rows of a log beside noise level and budget, and whether it is one run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rstheory.bounds import BOUNDS, PLAIN
from rstheory.logs.cells import Flags, Table
from rstheory.logs.finding import Finding
from rstheory.logs.schema import COLUMNS

_ORIGIN = ("n0", "seed", "tau", "noise", "dtype", "weights", "data", "kernels", "software", "rule", "bound")


@dataclass(frozen=True)
class Origin:
    """What made the rows of a log beside noise level and budget; None where the log does not tell.

    n0: selection draws. seed: of the noise. tau: total variation between the noise as drawn and Gaussian noise. noise:
    its generator. dtype: arithmetic of the network. weights: digest of its weights. data: data set and its digest.
    kernels: processor instructions or card. software: releases. rule: what stopped the draws of each sample, with a
    digest of its settings; None for a number of draws fixed beforehand. bound: what the radii come from; None for
    Clopper and Pearson's. Where rows differ, all values in the order of the rows, with "; " between them, and None for
    numbers.
    """

    n0: int | None = None
    seed: int | None = None
    tau: float | None = None
    noise: str | None = None
    dtype: str | None = None
    weights: str | None = None
    data: str | None = None
    kernels: str | None = None
    software: str | None = None
    rule: str | None = None
    bound: str | None = None


def origin_of(table: Table, good: Flags) -> tuple[Origin, list[Finding]]:
    """What made the rows, and the finding that they are of several runs where what must not differ does."""
    values: dict[str, Any] = {}
    mixed: list[str] = []
    first_line: list[int] = []
    rows = np.flatnonzero(good).tolist()
    for name in (name for name in _ORIGIN if name in table.columns):
        cells = table.columns[name]
        written = [cells.text(row) for row in rows]
        readable = {text: text.decode("utf-8", "backslashreplace") for text in dict.fromkeys(written)}
        distinct = list(dict.fromkeys(readable.values()))
        if name == "bound" and (distinct == [PLAIN] or not {*distinct} <= {*BOUNDS}):
            continue  # the usual one, or another log's column, which means something else
        values[name] = _value(name, distinct)
        if len(distinct) > 1 and COLUMNS[name].identity:
            others = " and others" if distinct[2:] else ""
            mixed.append(f"{name} is {_cut(distinct[0])} and {_cut(distinct[1])}{others}")
            other = next(i for i, text in enumerate(written) if readable[text] != distinct[0])
            first_line.append(int(table.line[rows[other]]))
    if not mixed:
        return Origin(**values), []
    message = f"rows of more than one run: {'; '.join(mixed)}. They are kept, and taken as one log"
    return Origin(**values), [Finding("mixed-origin", len(rows), min(first_line), message)]


def _cut(text: str) -> str:
    return text if len(text) <= 60 else text[:60] + "..."


def _value(name: str, texts: list[str]) -> int | float | str | None:
    """The one value of a column of the origin, or all of them where it is text."""
    kind = COLUMNS[name].kind
    if kind == "text":
        return "; ".join(texts)
    try:
        return (int(texts[0]) if kind == "integer" else float(texts[0])) if len(texts) == 1 else None
    except ValueError:
        return None
