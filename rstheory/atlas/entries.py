"""Which logs of an atlas may be set against each other, and which of them are runs of one and the same training."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from rstheory.atlas.summary import Summary

UNKNOWN = "unknown data set"


@dataclass(frozen=True)
class Setting:
    """What radii must share to mean the same: data set, noise level and the budget of the curve."""

    data: str
    sigma: float
    n: int
    alpha: float

    @property
    def title(self) -> str:
        """In words."""
        return f"{self.data or UNKNOWN}, sigma={self.sigma:g}, N={self.n:,}, alpha={self.alpha:g}"


@dataclass(frozen=True)
class Entry:
    """One way of training as one repository publishes it, with its runs.

    method, architecture, settings, trained, repository: as the rules name them. rows: numbers into `Atlas.rows`.
    """

    repository: str
    method: str
    architecture: str
    settings: str
    trained: str
    rows: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """In words, short."""
        details = [self.architecture, self.settings, f"trained at {self.trained}" if self.trained else ""]
        inside = ", ".join(detail for detail in details if detail)
        return self.method + (f" ({inside})" if inside else "")


@dataclass(frozen=True)
class Group:
    """Entries that may be compared, in the order of the atlas. duplicates: row -> the earlier one with the same rows.

    left_out: rows of the group whose log cannot be what it says, or has too few images.
    """

    setting: Setting
    entries: tuple[Entry, ...]
    duplicates: dict[int, int]
    left_out: tuple[int, ...] = ()


def grouped(rows: Iterable[Summary]) -> tuple[Group, ...]:
    """Entries by data set, noise level and budget, in that order. Logs that no rule names stand alone by their paths.

    A log whose rows all stand in an earlier one, such as a copy in another repository, is no second run.
    """
    members: dict[Setting, dict[Entry, list[int]]] = {}
    left_out: dict[Setting, list[int]] = {}
    duplicates: dict[Setting, dict[int, int]] = {}
    first: dict[str, int] = {}
    for number, row in enumerate(rows):
        if not row.levels:
            continue
        setting = Setting(row.named.data, row.sigma, row.curve_n, row.curve_alpha)
        if not row.comparable:
            left_out.setdefault(setting, []).append(number)
            continue
        if row.rows in first:
            duplicates.setdefault(setting, {})[number] = first[row.rows]
            continue
        first[row.rows] = number
        named = row.named
        entry = Entry(named.repository, named.method or row.path, named.architecture, named.settings, _trained(row))
        members.setdefault(setting, {}).setdefault(entry, []).append(number)
    settings = sorted({*members, *left_out}, key=lambda s: (s.data, s.sigma, s.n, s.alpha))
    return tuple(
        Group(
            setting,
            tuple(replace(entry, rows=tuple(numbers)) for entry, numbers in members.get(setting, {}).items()),
            duplicates.get(setting, {}),
            tuple(left_out.get(setting, ())),
        )
        for setting in settings
    )


def _trained(row: Summary) -> str:
    """The noise level of the training, where it is not that of the certification."""
    trained = row.named.trained
    return trained if trained and float(trained) != row.sigma else ""
