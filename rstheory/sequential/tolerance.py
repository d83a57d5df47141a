"""Stop once the radius is nearly what all draws up to the cap would give (theory G7)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from rstheory import _check
from rstheory._check import Float
from rstheory.binomial import clopper_pearson_lower_sf
from rstheory.budget import radius_from_count
from rstheory.radius import certified_radius_inverse_sf, certified_radius_sf
from rstheory.sequential.mixture import anytime_lower_sf, log_mixture_sf
from rstheory.sequential.rule import Verdict, check_level, check_looks, located, verdict


@dataclass(frozen=True)
class ToleranceRule:
    """Stop where the radius proved is within `tolerance` of what a run of all draws would probably certify (G7).

    tolerance: in units of the input, like a radius; positive.
    sigma: noise level.
    looks: ascending numbers of draws, such as `growing_looks(cap, growth=0.1)`; the last is the cap.
    level: alpha of the bound proved, at all radii.
    share: of alpha, for `anytime_lower` during the run; what is left is for Clopper-Pearson at the cap.
    beta: probability, about, that a run up to the cap would have gained more than `tolerance`. It is predicted from the
    counts and not proved: only the radius is.

    >>> rule = ToleranceRule(0.05, 1.0, (1000, 10_000, 100_000))
    >>> rule.decide([900, 9000], [1000, 10_000]).more
    array([ 9000, 90000])
    """

    tolerance: float
    sigma: float
    looks: tuple[int, ...]
    level: float = 1e-3
    share: float = 0.5
    beta: float = 0.05
    name: str = "tolerance"

    def __post_init__(self) -> None:
        _check.positive("tolerance", self.tolerance)
        _check.positive("sigma", self.sigma)
        check_looks(self.looks)
        check_level(self.level)
        for name in ("share", "beta"):
            _check.level(name, getattr(self, name))

    @property
    def cap(self) -> int:
        return self.looks[-1]

    def decide(self, count: ArrayLike, n: ArrayLike) -> Verdict:
        """See `StoppingRule`; the bound is `anytime_lower`'s, at the cap the better of that and Clopper-Pearson's.

        It is computed where a sample may be done; before, `lower_sf` is 1.
        """
        successes, failures, look = located(count, n, self.looks)
        draws = successes + failures
        hoped = np.zeros(look.shape)
        begun, at_cap = look >= 0, look == len(self.looks) - 1
        hoped[begun] = self._hoped(failures[begun], draws[begun])
        asked = np.array(begun)
        asked[begun] = ~self._surely_open(successes[begun], draws[begun], hoped[begun]) | at_cap[begun]
        lower_sf = np.ones(look.shape)
        lower_sf[asked] = anytime_lower_sf(successes[asked], draws[asked], self.share * self.level)
        final = clopper_pearson_lower_sf(successes[at_cap], self.cap, (1 - self.share) * self.level)
        lower_sf[at_cap] = np.minimum(lower_sf[at_cap], final)
        proved = certified_radius_sf(lower_sf, self.sigma)
        done = asked & np.asarray(hoped <= proved + self.tolerance) | at_cap
        return verdict(self.looks, look, done, np.where(done, lower_sf, 1.0))

    def _surely_open(self, successes: NDArray[np.int64], draws: NDArray[np.int64], hoped: Float) -> NDArray[np.bool_]:
        """Where the radius proved is too small to stop: the evidence for the one that would do is short of 1/alpha.

        One evaluation in place of the search for the bound itself, which needs a dozen. The margins are above all
        rounding, so that the rule does not notice.
        """
        enough = (hoped - self.tolerance) * (1 - 1e-9)
        tail = np.asarray(certified_radius_inverse_sf(np.maximum(enough, 0.0), self.sigma))
        evidence = log_mixture_sf(successes, draws, tail)
        return np.asarray((enough > 0) & (evidence < -np.log(self.share * self.level) - 1e-6))

    def _hoped(self, failures: NDArray[np.int64], draws: NDArray[np.int64]) -> Float:
        """Radius at the cap that only a share of about beta of such samples would exceed.

        In the scale of arcsin(sqrt(failures/draws)), as in `decision.hopeless`.
        """
        angle = np.arcsin(np.sqrt((failures + 0.5) / (draws + 1)))
        angle = angle + ndtri(self.beta) / 2 * np.sqrt(1 / draws - 1 / self.cap)
        fewest = np.floor(self.cap * np.sin(np.maximum(angle, 0.0)) ** 2).astype(np.int64)
        return np.asarray(radius_from_count(self.cap - fewest, self.cap, self.level, self.sigma))
