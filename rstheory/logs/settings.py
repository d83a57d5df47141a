"""Noise level, budget and level of a log, from its columns and from what is given; and what is said where they vary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rstheory._check import Float
from rstheory._words import plural
from rstheory.bounds import PLAIN, largest
from rstheory.logs.cells import Flags, Integers
from rstheory.logs.finding import CODES, Finding
from rstheory.logs.parse import Parsed, Rows


@dataclass(frozen=True, eq=False)
class Setting:
    """Noise level, budget and level: of the log, or of each row where they differ."""

    sigma: float | Float
    n: int | Integers
    alpha: float | Float
    bound: str = PLAIN

    @classmethod
    def of(cls, rows: Rows, sigma: float, n: int, alpha: float, bound: str) -> Setting:
        """Those of the log, but for what varies between its rows."""
        varying = rows.varying
        return cls(varying.get("sigma", sigma), varying.get("n", n), varying.get("alpha", alpha), bound)

    def __getitem__(self, rows: Flags | Integers) -> Setting:
        def picked(value: Any) -> Any:
            return value[rows] if isinstance(value, np.ndarray) else value

        return Setting(picked(self.sigma), picked(self.n), picked(self.alpha), self.bound)

    @property
    def text(self) -> str:
        """In words, where it is one for all rows."""
        return f"N={self.n:,} and alpha={self.alpha:g} at sigma={self.sigma:g}"

    def names(self, rows: Rows) -> list[str]:
        """What varies between the rows."""
        return [name for name in ("sigma", "n", "alpha") if name in rows.varying]


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


def largest_radius(n: Any, alpha: Any, sigma: Any, bound: str = PLAIN) -> Float:
    """The largest radius that can be certified by this bound, 0 where nothing can."""
    return np.asarray(np.maximum(largest(bound, n, alpha, sigma), 0.0))


def finding_on(code: str, bad: Flags, rows: Rows, message: str) -> Finding | None:
    """The finding about the rows that are `bad`, at the first line among them; None if there are none."""
    if not np.any(bad):
        return None
    number = int(np.sum(bad))
    return Finding(code, number, int(rows.line[bad].min()), message.replace("{rows}", plural(number, "row")))


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
