"""A run whose length is still open: by epochs, by cost or by time."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch

from rstheory import _check
from rstheory.smoothing.data import Dataset
from rstheory.smoothing.models import build
from rstheory.smoothing.share import Share
from rstheory.smoothing.training.budget import affordable_epochs, planned_pflop
from rstheory.smoothing.training.cost import PETA, cost_of
from rstheory.smoothing.training.epoch import take_step
from rstheory.smoothing.training.interfaces import Method
from rstheory.smoothing.training.methods import compose
from rstheory.smoothing.training.run_state import fresh
from rstheory.smoothing.training.settings import Settings

_WARM, _TIMED = 3, 7  # steps before the measurement, and in it


@dataclass(frozen=True)
class Plan:
    """A method with its hyper-parameters, for any number of epochs.

    method: its name, see `compose`.
    arch: of the network.
    settings: of which `of` sets the epochs.
    options: hyper-parameters that are not the published ones, by name.
    reweigh_every: epochs of 150 between two reweighings, for a method that reweighs.
    """

    method: str
    arch: str
    settings: Settings
    options: Mapping[str, object]
    reweigh_every: int | None = None

    def of(self, epochs: int) -> tuple[Method, Settings]:
        """Method and settings of a run of this many epochs. ValueError as in `compose`."""
        settings = replace(self.settings, epochs=epochs)
        options = dict(self.options)
        if self.reweigh_every is not None:
            options = {"reweigh.every": max(1, settings.scaled(self.reweigh_every))} | options
        return compose(self.method, settings, options), settings

    def affordable(self, pflop: float, data: Dataset) -> int:
        """The most epochs within so many 10^15 operations. That the method would not begin in them is refused by `of`.

        data: training set.
        """
        cost = cost_of(build(self.arch, len(data.classes), data.shape), data.shape)
        gaussian = compose("gaussian", self.settings)
        images, shown = len(data), self.settings.images_per_epoch(len(data))

        def planned(epochs: int) -> float:
            try:
                method, _ = self.of(epochs)
            except ValueError:
                method = gaussian
            return planned_pflop(method, self.settings.draws, epochs, images, cost, shown)

        return affordable_epochs(pflop, planned)

    def pflop_in(self, minutes: float, data: Dataset, device: torch.device, share: Share) -> float:
        """10^15 operations that this machine does in so many minutes, by a few Gaussian steps of this run.

        What else the machine does meanwhile is not known: the time is an estimate.
        """
        _check.positive("minutes", minutes)
        settings = replace(self.settings, epochs=1, batch=max(1, min(self.settings.batch, len(data)) // share.world))
        method = compose("gaussian", settings)
        state = fresh(method, settings, data, self.arch, device, None, Share())
        here, generator, seconds = data.to(device), torch.Generator(device).manual_seed(0), []
        for _ in range(_WARM + _TIMED):
            start = time.perf_counter()
            take_step(state, method, settings, here, torch.arange(settings.batch, device=device), generator).tolist()
            seconds.append(time.perf_counter() - start)
        in_a_step = state.cost.trained * settings.batch * settings.draws / PETA
        return share.world * 60 * minutes * in_a_step / statistics.median(seconds[_WARM:])
