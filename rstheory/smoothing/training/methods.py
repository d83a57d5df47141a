"""Methods by name, as the command line takes them."""

from __future__ import annotations

from rstheory.smoothing.training.attack import Attack
from rstheory.smoothing.training.discard import Discard
from rstheory.smoothing.training.parts import Part
from rstheory.smoothing.training.reweigh import Reweigh
from rstheory.smoothing.training.settings import Settings

# Name -> the parts it is made of, in the order in which they act.
METHODS = {
    "gaussian": (),
    "discard": ("discard",),
    "reweigh": ("reweigh",),
    "attack": ("attack",),
    "easy": ("discard", "reweigh", "attack"),  # the paper's Section 5
}


def parts_of(method: str, settings: Settings) -> tuple[Part, ...]:
    """The parts of a method, with the hyper-parameters of `settings`.

    method: a name of METHODS, or parts joined by "+". ValueError if it is neither, or if the run ends before its parts
    begin.

    >>> parts_of("discard+attack", Settings(sigma=0.5))
    (Discard(start=70, threshold=0.4, draws=100), Attack(start=70, steps=6, step=0.25))
    """
    easy, start = settings.easy, settings.start
    made: dict[str, Part] = {
        "discard": Discard(start, easy.threshold, easy.discard_draws),
        "reweigh": Reweigh(start, settings.every),
        "attack": Attack(start, easy.steps, easy.step),
    }
    names = METHODS.get(method) or tuple(method.split("+")) if method != "gaussian" else ()
    if not set(names) <= set(made) or len(set(names)) != len(names):
        allowed = ", ".join(METHODS)
        raise ValueError(f"method={method!r} is not allowed: use {allowed}, or parts joined by +, as discard+attack")
    if names and start >= settings.epochs:
        raise ValueError(
            f"{method} would begin at epoch {start}, counted from 0, of {settings.epochs}: the run would be Gaussian"
            " training; train longer, or by gaussian"
        )
    return tuple(made[name] for name in names)
