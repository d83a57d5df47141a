"""What the parts of the paper's easy-sample training share (theory E5)."""

from __future__ import annotations

from rstheory.smoothing.training.settings import Settings

EASY_START = {0.25: 60, 0.5: 70, 1.0: 60}  # E_t, of 150 epochs


def easy_start(settings: Settings) -> int:
    """E_t in this run: the first epoch in which training is not Gaussian. Never the very first, of a raw network.

    >>> easy_start(Settings(sigma=0.5)), easy_start(Settings(sigma=0.5, epochs=3))
    (70, 1)
    """
    return max(1, settings.scaled(settings.nearest(EASY_START)))
