"""What `log.plot_...` draw: the curves of one log, into axes of yours or new ones."""

from __future__ import annotations

from matplotlib.axes import Axes

from rstheory._words import short_names
from rstheory.audit.budget_curves import BudgetCurves
from rstheory.audit.frames import accuracy_frame, budget_frame, survival_frame
from rstheory.logs.log import CertificationLog
from rstheory.plots.logs import draw_accuracy, draw_survival
from rstheory.plots.style import style


def plot_survival(log: CertificationLog, ax: Axes | None = None) -> Axes:
    """Share of samples whose lower bound on p reaches u, with the 95 % bands of D4."""
    axes = _axes(ax)
    draw_survival(axes, survival_frame([log], _name(log)))
    return axes


def plot_certified_accuracy(log: CertificationLog, ax: Axes | None = None) -> Axes:
    """Certified accuracy against the radius, down to the 95 % lower bound for the population."""
    axes = _axes(ax)
    draw_accuracy(axes, accuracy_frame([log], _name(log)))
    return axes


def plot_acr_by_budget(log: CertificationLog, ax: Axes | None = None) -> Axes:
    """Expected ACR of the same samples at every budget up to the log's own."""
    axes = _axes(ax)
    curve = budget_frame(BudgetCurves([log]), [0], _name(log))
    axes.plot(curve["n"], curve["acr"], label=_name(log)[0])
    axes.set(xscale="log", xlabel="certification budget $N$", ylabel="expected ACR")
    return axes


def _name(log: CertificationLog) -> list[str]:
    return short_names([log.path])


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt  # the user's own figure, which a notebook shows

    with style():
        return plt.subplots()[1]
