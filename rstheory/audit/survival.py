"""What to report instead of one number: the survival curve of p, with bands (theory D1, D2, D4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rstheory import _check
from rstheory._check import Float
from rstheory.logs.counts import check_bounds_p
from rstheory.logs.log import CertificationLog
from rstheory.radius import certified_radius_inverse_sf, signed_radius_sf


@dataclass(frozen=True, eq=False)
class Survival:
    """S(u), the share of samples predicted correctly with p >= u, at each point where it steps, u ascending.

    tail: 1 - u of each step, u being the lower bound L on p that the log holds.
    radius: the certified radius there, so that S(u) is also the certified accuracy at it.
    share: S by the bounds as printed.
    lower_samples: with probability 1 - rho over the noise, for all u at once, at least this share of *these samples*
        has p >= u.
    lower_population: the same for the population behind the test set, over noise and sampling, rho split in halves.
    rho: total error.
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


def survival(log: CertificationLog, *, rho: float = 0.05, label: int | None = None) -> Survival:
    """Survival curve of p with simultaneous bands, of all samples or of those with one label (D1, D4).

    Each certificate fails with probability at most alpha, independently of the others given the samples, so among T the
    number of bounds above the truth is stochastically at most Bin(T, alpha): subtracting its 1 - rho quantile from the
    number of bounds >= u is sound for every u at once. The population band also subtracts the one-sided
    Dvoretzky-Kiefer-Wolfowitz distance sqrt(ln(1/rho') / (2T)) (Massart 1990), with rho/2 spent on each part.

    Bounds are taken at the lower end of the printed radii. rho in (0, 1). The bands of several labels hold one by one,
    not all at once.
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
    failures = binom.ppf([1 - rho, 1 - rho / 2], samples, log.alpha) if samples else np.zeros(2)
    distance = np.sqrt(np.log(2 / rho) / (2 * samples)) if samples else 1.0
    return Survival(
        tail=np.asarray(certified_radius_inverse_sf(radius, log.sigma)),
        radius=radius,
        share=share,
        lower_samples=np.maximum(at_least - failures[0], 0) / max(samples, 1),
        lower_population=np.maximum((at_least - failures[1]) / max(samples, 1) - distance, 0),
        rho=rho,
    )


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
