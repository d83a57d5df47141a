"""What the path of a log says: method, data set, architecture, noise level, by a rule declared for each repository.

Nothing is guessed: a path that no rule knows names nothing. Each thing found keeps where it came from.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

FIELDS = ("data", "method", "architecture", "settings", "run", "trained", "sigma", "file")
GAUSSIAN = "l2, Gaussian noise"  # what a radius means unless a rule says otherwise
_KEYS = {"path", "repository", "fixed", "because", "names", "sigma_unit", "certificate", "n", "alpha"}


@dataclass(frozen=True)
class Rule:
    """How the logs of one repository are named; `rules.toml` says what each field means."""

    path: re.Pattern[str]
    repository: str = ""
    fixed: Mapping[str, str] = field(default_factory=dict)
    because: str = "the rule"
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    sigma_unit: float = 1.0
    certificate: str = GAUSSIAN
    n: int | None = None
    alpha: float | None = None


@dataclass(frozen=True)
class Named:
    """What a rule says of one log; "" and None where it says nothing.

    repository, file: where it is published. data: its data set. method: how the model was trained. architecture: of
    the network. settings: what else tells runs apart. run: which of several equal trainings. trained: noise level of
    the training, where the path tells it beside that of the certification. sigma, n, alpha: noise level and budget.
    certificate: what a radius means. origin: field -> where it came from.
    """

    repository: str = ""
    file: str = ""
    data: str = ""
    method: str = ""
    architecture: str = ""
    settings: str = ""
    run: str = ""
    trained: str = ""
    sigma: float | None = None
    n: int | None = None
    alpha: float | None = None
    certificate: str = GAUSSIAN
    origin: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Rules:
    """Rules in the order in which they are tried, and the texts that they were read from."""

    rules: tuple[Rule, ...]
    texts: tuple[str, ...]

    def name(self, path: str | os.PathLike[str]) -> Named:
        """What the first rule that knows this path says of it.

        >>> shipped().name("logs/cifar10/catrs/noise_0.5.tsv").method
        'CAT-RS'
        >>> shipped().name("a.tsv") == Named()
        True
        """
        text = Path(os.path.abspath(path)).as_posix()
        for rule in self.rules:
            if (match := rule.path.search(text)) is not None:
                return _named(rule, match)
        return Named()


def shipped() -> Rules:
    """The rules that come with the package."""
    return _shipped()


@lru_cache(maxsize=1)
def _shipped() -> Rules:
    text = files("rstheory.atlas").joinpath("rules.toml").read_text(encoding="utf-8")
    return Rules(_parsed("rules.toml", text), (text,))


def with_user_rules(path: str | os.PathLike[str]) -> Rules:
    """The rules of a file, and after them those that come with the package.

    ValueError, naming the file and the rule, if it is no TOML or holds something that no rule has; OSError if it cannot
    be read.
    """
    text = Path(path).read_text(encoding="utf-8")
    known = shipped()
    return Rules((*_parsed(os.fspath(path), text), *known.rules), (text, *known.texts))


def _parsed(name: str, text: str) -> tuple[Rule, ...]:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{name}: not TOML: {error}") from None
    entries = content.pop("rule", None)
    if content or not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError(f"{name}: a file of rules holds tables [[rule]], and nothing else")
    return tuple(_rule(f"{name}, rule {i}", entry) for i, entry in enumerate(entries, 1))


def _rule(where: str, entry: dict[str, Any]) -> Rule:
    if unknown := sorted(set(entry) - _KEYS):
        raise ValueError(f"{where}: {unknown[0]} is not allowed: a rule has {', '.join(sorted(_KEYS))}")
    try:
        path = re.compile(entry["path"])
    except KeyError:
        raise ValueError(f"{where}: path is missing") from None
    except (re.error, TypeError) as error:
        raise ValueError(f"{where}: path={entry['path']!r} is no regular expression: {error}") from None
    fixed, names = entry.get("fixed", {}), entry.get("names", {})
    for what in (*path.groupindex, *fixed, *names):
        if what not in FIELDS:
            raise ValueError(f"{where}: {what} is not allowed: a rule names {', '.join(FIELDS)}")
    texts = (entry.get("repository", ""), entry.get("because", ""), entry.get("certificate", ""), *fixed.values())
    if not all(isinstance(text, str) for text in texts) or not all(isinstance(table, dict) for table in names.values()):
        raise ValueError(f"{where}: repository, because, certificate and what is fixed are texts, names are tables")
    for what, most in (("sigma_unit", float("inf")), ("n", float("inf")), ("alpha", 1)):
        value = entry.get(what, 0.5)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < most:
            raise ValueError(f"{where}: {what}={value!r} is not allowed: a positive number{', below 1' * (most == 1)}")
    return Rule(
        path=path,
        repository=entry.get("repository", ""),
        fixed=fixed,
        because=entry.get("because", "the rule"),
        names=names,
        sigma_unit=float(entry.get("sigma_unit", 1.0)),
        certificate=entry.get("certificate", GAUSSIAN),
        n=int(entry["n"]) if "n" in entry else None,
        alpha=float(entry["alpha"]) if "alpha" in entry else None,
    )


def _named(rule: Rule, match: re.Match[str]) -> Named:
    found: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for what, text in match.groupdict().items():
        if text:
            found[what] = rule.names.get(what, {}).get(text, text)
            origin[what] = f"path: {text}"
    for what, text in rule.fixed.items():
        if what not in found:
            found[what] = text
            origin[what] = rule.because
    origin.pop("file", None)
    if "sigma" in found:
        sigma = float(found["sigma"]) * rule.sigma_unit
        found["sigma"] = round(sigma, 12) if 0 < sigma < float("inf") else None
    for what, value in (("n", rule.n), ("alpha", rule.alpha)):
        if value is not None:
            found[what], origin[what] = value, rule.because
    found.setdefault("file", match.group().lstrip("/"))
    return Named(repository=rule.repository, certificate=rule.certificate, origin=origin, **found)
