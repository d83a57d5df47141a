"""Noise level, budget and level of a log, from its columns and from what is given; and what is said where they vary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rstheory._check import Float
from rstheory.budget import max_radius
from rstheory.logs.finding import CODES, Finding
from rstheory.logs.parse import Parsed, Rows


def settled(
    path: str, parsed: Parsed, sigma: float | None, n: int | None, alpha: float | None
) -> tuple[float, int, float]:
    """Sigma, n and alpha, from the columns of the log or else as given; of what differs between rows, the largest.

    ValueError if one is told twice and differs, or not at all, or if a row counts more draws than there are.
    """
    given = {"sigma": sigma, "n": n, "alpha": alpha}
    varying = parsed.rows.varying
    for name, value in parsed.settings.items():
        if given[name] is not None and given[name] != value:
            raise ValueError(f"{path}: {name}={given[name]} is not allowed: the log itself says {value}")
        given[name] = value
    for name, values in varying.items():
        if given[name] is not None:
            several = f"{values.min()} to {values.max()}"
            raise ValueError(f"{path}: {name}={given[name]} is not allowed: the log itself says {several}, by the row")
        given[name] = values.max().item()
    if given["sigma"] is None or given["n"] is None or given["alpha"] is None:
        name = next(name for name, value in given.items() if value is None)
        raise ValueError(f"{path}: {name} is not known: there is no column {name}, so pass {name}=...")
    settings = float(given["sigma"]), int(given["n"]), float(given["alpha"])
    if np.any(too_many := parsed.rows.count > np.asarray(parsed.rows.varying.get("n", settings[1]))):
        line, count = (values[int(np.argmax(too_many))] for values in (parsed.rows.line, parsed.rows.count))
        raise ValueError(f"{path}, line {line}: count={count} is not allowed: there are n={settings[1]} draws")
    return settings


def largest_radius(n: Any, alpha: Any, sigma: Any) -> Float:
    """The largest radius that can be certified, 0 where nothing can."""
    return np.asarray(np.maximum(max_radius(n, alpha, sigma), 0.0))


def of_varying(rows: Rows) -> list[Finding]:
    """The finding that rows have settings of their own."""
    told = [f"{name} from {values.min():g} to {values.max():g}" for name, values in rows.varying.items()]
    message = (
        f"rows have settings of their own ({', '.join(told)}): ACR and certified accuracy count them as they are; what"
        " needs one of each, such as other budgets and comparisons, is left out"
    )
    return [Finding("several-settings", len(rows), None, message)] if told else []


def in_order(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings in the order of their codes."""
    return tuple(sorted(findings, key=lambda finding: CODES.index(finding.code)))
