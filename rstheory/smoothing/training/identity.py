"""Which run a file belongs to: everything that its weights follow from, but the machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rstheory.smoothing.models import load_checkpoint
from rstheory.smoothing.training.interfaces import Method
from rstheory.smoothing.training.methods import compose, hyper_parameters
from rstheory.smoothing.training.settings import Settings

Identity = dict[str, object]


def configuration(method: Method, settings: Settings) -> dict[str, object]:
    """Settings and hyper-parameters, flat, as they go into a checkpoint."""
    return settings.to_dict() | hyper_parameters(method)


def identity_of(method: Method, settings: Settings, arch: str, data: str, begun_from: str | None = None) -> Identity:
    """What tells a run from others.

    data: digest of the training set.
    begun_from: digest of the weights that the run begins with, None for fresh ones.
    """
    about = {"method": method.name, "arch": arch, "data": data, "begun_from": begun_from}
    content: Identity = json.loads(json.dumps(about | configuration(method, settings)))  # as it will be read
    return content


def identity_of_checkpoint(path: Path) -> Identity:
    """The identity of the run that made a checkpoint, from its metadata."""
    checkpoint = load_checkpoint(path)
    about, config = checkpoint.metadata, json.loads(checkpoint.metadata.get("config", "{}"))
    data = about.get("data", "").rpartition(" ")[2]
    return modern_identity(
        {"method": about.get("method"), "arch": checkpoint.arch, "data": data, "begun_from": about.get("begun_from")}
        | config
    )


def modern_identity(kept: str | Mapping[str, object]) -> Identity:
    """An identity as this version writes it. Older ones were text, and kept hyper-parameters under "easy"."""
    given: Identity = json.loads(kept) if isinstance(kept, str) else dict(kept)
    content: Identity = {"recipe": "papers", "epoch_images": None, "weights": "float32", "begun_from": None, **given}
    if content.get("schedule.name") == "triangle":
        content.setdefault("schedule.start", 0.0)
    if not isinstance(easy := content.get("easy"), dict):
        return content
    about = {name: content[name] for name in ("method", "arch", "data")}
    newer = {"easy", "recipe", "epoch_images", "weights", "begun_from"}
    old: dict[str, Any] = {name: value for name, value in content.items() if name not in {*about, *newer}}
    settings = Settings(**old)
    start = max(1, settings.scaled(easy["start"]))
    options = {
        "discard.start": start,
        "discard.threshold": easy["threshold"],
        "discard.draws": easy["discard_draws"],
        "reweigh.start": start,
        "reweigh.every": max(1, settings.scaled(easy["every"])),
        "attack.start": start,
        "attack.steps": easy["steps"],
        "attack.step": easy["step"],
    }
    name = str(about["method"])
    parts = {option.partition(".")[0] for option in hyper_parameters(compose(name, settings))}
    own = {option: value for option, value in options.items() if option.partition(".")[0] in parts}
    return identity_of(compose(name, settings, own), settings, str(about["arch"]), str(about["data"]))


def refuse_another_run(place: Path, there: Identity, here: Identity) -> None:
    """ValueError, saying what differs, if a file belongs to another run than the one that is wanted."""
    names = [*here, *(name for name in there if name not in here)]
    changed = [f"{n}={there.get(n)} there, {here.get(n)} here" for n in names if there.get(n) != here.get(n)]
    if changed:
        raise ValueError(f"{place} is of another run: {', '.join(changed)}; resume with the same options, or remove it")
