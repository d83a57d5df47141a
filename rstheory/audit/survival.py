"""What to report instead of one number: the survival curve of p, with bands (theory D1, D2, D4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rstheory import _check
from rstheory._check import Float
from rstheory.logs.counts import check_bounds_p
from rstheory.logs.log import CertificationLog
from rstheory.radius import certified_radius_inverse_sf, signed_radius_sf
from rstheory.statistics.bands import survival_lower
from rstheory.statistics.multiple import share_of


@dataclass(frozen=True, eq=False)
class Survival:
    """S(u), the share of samples predicted correctly with p >= u, at each point where it steps, u ascending.

    tail: 1 - u of each step, u being the lower bound L on p that the log holds.
    radius: the certified radius there, so that S(u) is also the certified accuracy at it.
    share: S by the bounds as printed.
    lower_samples: with probability 1 - rho over the noise, for all u at once, at least this share of *these samples*
        has p >= u.
    lower_population: the same for the population behind the test set, over noise and sampling.
    rho: error of each of the two bands.
    """

    tail: Float
    radius: Float
    share: Float
    lower_samples: Float
    lower_population: Float
    rho: float

    @property
    def u(self) -> Float:
        """The probability at each step: 1 - tail, as near to 1 as a float can be."""
        return 1.0 - self.tail

    @property
    def acr_samples(self) -> float:
        """The band of these samples integrated over the radius: with probability 1 - rho they have at least this mean
        true radius, mean of max(0, R(p)) over the samples predicted correctly (D2, D4)."""
        return self._integral(self.lower_samples)

    @property
    def acr_population(self) -> float:
        """The same for the population. `bounds.acr_bounds` has a larger one, which says nothing of the curve."""
        return self._integral(self.lower_population)

    def _integral(self, share: Float) -> float:
        return float(share @ np.diff(self.radius, prepend=0.0))


def survival(log: CertificationLog, *, rho: float = 0.05, label: int | None = None) -> Survival:
    """Survival curve of p with simultaneous bands, of all samples or of those with one label (D1, D4).

    Each certificate fails with probability at most alpha, independently of the others given the samples, so among T the
    number of bounds above the truth is stochastically at most Bin(T, alpha): subtracting its 1 - rho quantile from the
    number of bounds >= u is sound for every u at once.

    In the population, a bound is >= u for at most S(u) + alpha (1 - S(u)) of the images: those with p >= u, and a share
    of at most alpha of the others. So S(u) is at least (P(L >= u) - alpha) / (1 - alpha), and P(L >= u) is bounded for
    all u at once by `survival_lower`, images being independent draws from the population.

    Bounds are taken at the lower end of the printed radii. rho in (0, 1). The bands of several labels, or of several
    logs, hold one by one: `survival_by_label` and `survivals` make them hold at once.
    """
    from scipy.stats import binom  # `import rstheory` need not wait for it

    _check.level("rho", rho)
    log.check_one_setting()
    check_bounds_p(log)
    chosen = np.ones(log.samples, dtype=bool) if label is None else log.label == label
    samples = int(chosen.sum())
    certified = chosen & log.correct
    printed, sound = np.sort(log.radius[certified]), np.sort(log.rounded_down().radius[certified])
    radius = np.unique(sound)
    at_least = len(sound) - np.searchsorted(sound, radius)
    share = (len(printed) - np.searchsorted(printed, radius)) / max(samples, 1)
    failures = float(binom.ppf(1 - rho, samples, log.alpha)) if samples else 0.0
    reached = survival_lower(samples, rho)[at_least]
    return Survival(
        tail=np.asarray(certified_radius_inverse_sf(radius, log.sigma)),
        radius=radius,
        share=share,
        lower_samples=np.maximum(at_least - failures, 0) / max(samples, 1),
        lower_population=np.maximum(reached - log.alpha, 0) / (1 - log.alpha),
        rho=rho,
    )


def survival_by_label(log: CertificationLog, rho: float = 0.05) -> dict[int, Survival]:
    """Survival curve of each true label, with bands that hold for all labels at once with probability 1 - rho.

    Labels are strata: their images and noise are independent, so each gets Šidák's share of rho.
    """
    labels = np.unique(log.label).tolist()
    each = share_of(rho, max(len(labels), 1), independent=True)
    return {label: survival(log, rho=each, label=label) for label in labels}


def survivals(logs: Sequence[CertificationLog], rho: float = 0.05) -> list[Survival]:
    """Survival curve of each log, with bands that hold for all logs at once with probability 1 - rho.

    Logs share their images, and perhaps their noise, so each gets Bonferroni's share of rho, which allows for any
    dependence.
    """
    return [survival(log, rho=share_of(rho, len(logs), independent=False)) for log in logs]


def acr_by_integral(log: CertificationLog) -> float:
    """ACR as the integral of S(u) R'(u) du from 1/2 to 1, or of certified accuracy over the radius (D2).

    S is a step function, so each step contributes its height times the rise of R across it; equal to `log.acr` up to
    rounding.
    """
    radius = np.unique(log.radius[log.correct])
    radius = radius[radius > 0]
    upper = np.asarray(signed_radius_sf(certified_radius_inverse_sf(radius, log.sigma), log.sigma))
    rise = np.diff(upper, prepend=0.0)
    return float(np.sum(np.asarray(log.certified_accuracy(radius)) * rise))
