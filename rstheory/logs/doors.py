"""What a log offers that is made in rooms above it, such as its plots: those rooms import logs, not the other way.

The face of the package, which stands above all of them, says where each is made. Nothing is imported before it is asked
for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Plot = Callable[..., "Axes"]  # takes a log, and axes or None

_PLOTS: dict[str, Callable[[], Plot]] = {}


def offer_plots(makers: Mapping[str, Callable[[], Plot]]) -> None:
    """Say where plots are made. makers: name of the log's method -> what imports and returns the function."""
    _PLOTS.update(makers)


def _plot(name: str) -> Plot:
    """The function that draws the plot of this name."""
    return _PLOTS[name]()


class Plots:
    """The plots of a log."""

    def plot_survival(self, ax: Axes | None = None) -> Axes:
        """Draw the survival curve of the bound on p, with its bands, into Matplotlib axes; default: new ones."""
        return _plot("plot_survival")(self, ax)

    def plot_certified_accuracy(self, ax: Axes | None = None) -> Axes:
        """Draw certified accuracy against the radius, with its band; the area below the curve is the ACR (D2)."""
        return _plot("plot_certified_accuracy")(self, ax)

    def plot_acr_by_budget(self, ax: Axes | None = None) -> Axes:
        """Draw expected ACR against the certification budget, up to the log's own (C7)."""
        return _plot("plot_acr_by_budget")(self, ax)
