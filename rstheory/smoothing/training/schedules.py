"""How the learning rate changes in the course of a run."""

from __future__ import annotations

from dataclasses import dataclass

from rstheory import _check

PUBLISHED_EPOCHS = 150  # of the schedule in which the papers on CIFAR-10 give their epoch numbers


def scaled(epoch: int, epochs: int) -> int:
    """An epoch number of the published schedule of 150 epochs, in a run of `epochs`.

    >>> scaled(70, epochs=30)
    14
    """
    return round(epoch * epochs / PUBLISHED_EPOCHS)


@dataclass(frozen=True)
class Schedule:
    """The learning rate at any moment, as a share of the highest one. Override `share`."""

    def share(self, epoch: float, epochs: int) -> float:
        """Share of the highest rate, in [0, 1], when `epoch` of `epochs` are done (2.5: in the middle of the third)."""
        raise NotImplementedError


@dataclass(frozen=True)
class StepDecay(Schedule):
    """Multiply the rate by `gamma` at each milestone.

    milestones: epochs of a schedule of 150; they scale with the run. Every rate is used for one epoch at least.
    gamma: factor in (0, 1].

    >>> [StepDecay().share(epoch, epochs=6) for epoch in (0, 1.9, 2)]
    [1.0, 1.0, 0.1]
    """

    milestones: tuple[int, ...] = (50, 100)
    gamma: float = 0.1

    def __post_init__(self) -> None:
        for milestone in self.milestones:
            _check.at_least(1, "milestones", milestone)
        if list(self.milestones) != sorted(set(self.milestones)):
            raise ValueError(f"milestones={self.milestones} is not allowed: they must rise")
        if not 0 < _check.positive("gamma", self.gamma) <= 1:
            raise ValueError(f"gamma={self.gamma} is not allowed: the rate must not rise")

    def share(self, epoch: float, epochs: int) -> float:
        drops = last = 0
        for milestone in self.milestones:
            last = max(last + 1, scaled(milestone, epochs))
            drops += epoch >= last
        return float(self.gamma**drops)


@dataclass(frozen=True)
class Triangle(Schedule):
    """Raise the rate in a straight line to the highest one, and lower it in a straight line to 0.

    peak: share of the run, in (0, 1), after which the rate is highest. Smith & Topin 2018 call this "one cycle".
    start: share of the highest rate, in [0, 1], that the run begins with.

    >>> [Triangle(peak=0.25).share(epoch, epochs=8) for epoch in (1, 2, 5)]
    [0.5, 1.0, 0.5]
    """

    peak: float = 0.25
    start: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < _check.probability("peak", self.peak) < 1:
            raise ValueError(f"peak={self.peak} is not allowed: it must lie strictly between 0 and 1")
        _check.probability("start", self.start)

    def share(self, epoch: float, epochs: int) -> float:
        done = epoch / epochs
        if done < self.peak:
            return self.start + (1 - self.start) * done / self.peak
        return (1 - done) / (1 - self.peak)


# By the names that the command line and checkpoints have.
SCHEDULES: dict[str, type[Schedule]] = {kind.__name__.lower(): kind for kind in (StepDecay, Triangle)}
