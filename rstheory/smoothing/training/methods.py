"""Methods by name, as the command line takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace

from rstheory.smoothing.training.interfaces import Method, Objective, Part, Perturbation, Sampler
from rstheory.smoothing.training.objectives import CatRs, Consistency, CrossEntropy, Macer, SmoothMix
from rstheory.smoothing.training.perturbations import Attack, SmoothAdv
from rstheory.smoothing.training.samplers import Discard, Middle, Reweigh
from rstheory.smoothing.training.settings import Settings


def part_name(part: Part | type[Part]) -> str:
    """The name of a part on the command line and in checkpoints.

    >>> part_name(Discard)
    'discard'
    """
    return (part if isinstance(part, type) else type(part)).__name__.lower()


PARTS: dict[str, type[Part]] = {
    part_name(part): part
    for part in (Discard, Reweigh, Middle, Attack, SmoothAdv, Macer, Consistency, SmoothMix, CatRs)
}
# Name -> the parts it is made of, in the order in which they act. Without an objective, it is the cross entropy.
METHODS: dict[str, tuple[str, ...]] = {
    "gaussian": (),
    "easy": ("discard", "reweigh", "attack"),  # Sun et al. 2025, Section 5
    **{name: (name,) for name in PARTS},
}
# m, noise vectors per image, of each part on CIFAR-10 by noise level; 4 for all others (theory E5).
DRAWS = {
    "smoothadv": {0.25: 4, 0.5: 8, 1.0: 2},
    "macer": {0.5: 16},
    "consistency": {0.5: 2},
    "smoothmix": {0.5: 2},
}


def published_draws(name: str, settings: Settings) -> int:
    """m of a method in its paper: the largest of its parts'.

    >>> [published_draws("smoothadv", Settings(sigma)) for sigma in (0.25, 0.5, 1.0)]
    [4, 8, 2]
    """
    return max((settings.nearest(DRAWS[part]) for part in _names(name) if part in DRAWS), default=4)


def least_draws(name: str) -> int:
    """The fewest noise vectors per image that a method makes sense with.

    >>> least_draws("gaussian"), least_draws("consistency")
    (1, 2)
    """
    return max((PARTS[part].least_draws for part in _names(name) if part in PARTS), default=1)


def _names(method: str) -> tuple[str, ...]:
    return METHODS[method] if method in METHODS else tuple(method.split("+"))


def compose(name: str, settings: Settings, options: Mapping[str, object] | None = None) -> Method:
    """A method with the hyper-parameters that its paper has for these settings.

    name: one of METHODS, or parts joined by "+".
    options: other values for hyper-parameters, as {"attack.steps": 3}. Text is read as the type of the value it
    replaces.

    ValueError for an unknown name or option, a value that a part refuses, two objectives, or a run that ends before a
    part begins.

    >>> method = compose("discard+attack", Settings(sigma=0.5), {"attack.steps": "3"})
    >>> method.samplers, method.perturbations
    ((Discard(start=70, threshold=0.4, draws=100),), (Attack(start=70, steps=3, step=0.25),))
    """
    names = _names(name)
    if not set(names) <= set(PARTS) or len(set(names)) != len(names):
        allowed = ", ".join(METHODS)
        raise ValueError(f"method={name!r} is not allowed: use {allowed}, or parts joined by +, as discard+attack")
    parts = {one: PARTS[one].published(settings) for one in names}
    for option, value in (options or {}).items():
        place, _, hyper_parameter = option.partition(".")
        if place not in parts:
            raise ValueError(f"{option}={value} has no effect with method {name}: leave it out")
        parts[place] = _changed(parts[place], hyper_parameter, value)
    late = [start for part in parts.values() if (start := getattr(part, "start", 0)) >= settings.epochs]
    if late:
        raise ValueError(
            f"{name} would begin at epoch {late[0]}, counted from 0, of {settings.epochs}: the run would be Gaussian"
            " training; train longer, or by gaussian"
        )
    for place, part in parts.items():
        if settings.draws < part.least_draws:
            raise ValueError(f"draws={settings.draws} is not allowed: {place} needs at least {part.least_draws}")
    objectives = [part for part in parts.values() if isinstance(part, Objective)]
    if len(objectives) > 1:
        raise ValueError(f"method={name!r} is not allowed: {' and '.join(map(part_name, objectives))} are objectives")
    return Method(
        name,
        objectives[0] if objectives else CrossEntropy(),
        tuple(part for part in parts.values() if isinstance(part, Sampler)),
        tuple(part for part in parts.values() if isinstance(part, Perturbation)),
    )


def hyper_parameters(method: Method) -> dict[str, object]:
    """Every hyper-parameter of a method by its name, for a checkpoint.

    >>> hyper_parameters(compose("attack", Settings(sigma=0.25)))
    {'attack.start': 60, 'attack.steps': 3, 'attack.step': 0.25}
    """
    return {f"{part_name(part)}.{one.name}": getattr(part, one.name) for part in method.parts for one in fields(part)}


def _changed(part: Part, name: str, value: object) -> Part:
    """A part with another value for one hyper-parameter."""
    known = [one.name for one in fields(part)]
    if name not in known:
        raise ValueError(f"{part_name(part)}.{name} is not allowed: {part_name(part)} has {', '.join(known)}")
    kind = type(getattr(part, name))
    try:
        return replace(part, **{name: kind(value) if isinstance(value, str) else value})
    except (TypeError, ValueError) as error:
        raise ValueError(f"{part_name(part)}.{name}={value} is not allowed: {error}") from error
