"""How long a run may be for a given cost."""

from __future__ import annotations

from collections.abc import Callable

from rstheory import _check
from rstheory.smoothing.training.cost import Cost, planned_passes
from rstheory.smoothing.training.epoch import WATCH_DRAWS, watched_images
from rstheory.smoothing.training.interfaces import Method, Passes


def planned_pflop(method: Method, draws: int, epochs: int, images: int, cost: Cost, shown: int | None = None) -> float:
    """10^15 floating-point operations of a run, at most: attacks may stop early, and passes may be shared.

    draws: m, noise vectors per image in each step.
    images: size of the training set.
    cost: of the network, see `cost_of`.
    shown: images that an epoch draws, all of them by default.
    """
    passes = planned_passes(method, draws, epochs)
    watch = Passes(measured=epochs * WATCH_DRAWS * len(watched_images(images)))
    drawn = images if shown is None else shown
    whole = Passes(drawn * passes.trained, drawn * passes.attacked, images * passes.measured)
    return cost.pflop(whole + watch)


def affordable_epochs(pflop: float, planned: Callable[[int], float]) -> int:
    """The most epochs whose planned cost is within a budget, for costs that rise with the epochs.

    planned: PFLOP of a run of this many epochs.

    ValueError if one epoch is too many.

    >>> affordable_epochs(1.0, lambda epochs: 0.3 * epochs)
    3
    """
    _check.positive("budget_pflop", pflop)
    fits, too_many = 0, 1
    while planned(too_many) <= pflop:
        fits, too_many = too_many, 2 * too_many
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        fits, too_many = (middle, too_many) if planned(middle) <= pflop else (fits, middle)
    if fits == 0:
        raise ValueError(f"budget_pflop={pflop} is not allowed: one epoch takes {planned(1):.3g}")
    return fits
