"""A certification log as data: one row a sample, and what is needed to recompute its radii."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rstheory import _check
from rstheory._check import Float

if TYPE_CHECKING:
    import pandas as pd

    from rstheory.audit.metrics import Survival
    from rstheory.audit.transport import BudgetedACR

ABSTAINED = -1  # the field's mark in the column `predict`
SLACK = 1e-9  # relative: other programs' quantiles differ from ours in the last digits


def above(radius: Float, half_unit: Float, largest: float) -> NDArray[np.bool_]:
    """Which printed radii lie above the largest possible one by more than rounding explains."""
    return np.asarray(radius - half_unit > largest * (1 + SLACK))


@dataclass(frozen=True)
class Warning:
    """Something wrong or noteworthy in a log: a stable code, how many rows, the first line concerned, a sentence."""

    code: str
    rows: int
    line: int | None
    message: str


@dataclass(frozen=True, eq=False)
class CertificationLog:
    """The rows of one certification log, with the noise level and budget that they were made with.

    path: where it came from. index, label, predict: integers; predict is -1 where the classifier abstained. radius: as
    printed. half_unit: by how much the printed radius may differ from the computed one (half a unit of its last digit;
    0 for full precision). correct: the log's own column. count: successes out of n, or -1 where the log does not tell.
    sigma, n, alpha: noise level, budget and significance level. warnings: what the reader found.
    """

    path: str
    index: NDArray[np.int64]
    label: NDArray[np.int64]
    predict: NDArray[np.int64]
    radius: Float
    half_unit: Float
    correct: NDArray[np.bool_]
    count: NDArray[np.int64]
    sigma: float
    n: int
    alpha: float
    warnings: tuple[Warning, ...] = field(default=())

    def __post_init__(self) -> None:
        _check.positive("sigma", self.sigma)
        _check.scalar_int("n", _check.budget("n", self.n))
        _check.level("alpha", self.alpha)
        for name in ("index", "label", "predict", "radius", "half_unit", "correct", "count"):
            column = getattr(self, name)
            if column.shape != (self.samples,):
                raise ValueError(f"{name} has shape {column.shape}, but there are {self.samples} samples")
            column.flags.writeable = False
        if not np.all(np.isfinite(self.radius)):
            raise ValueError(f"radius of {self.path} is not allowed: every radius must be finite")

    @property
    def samples(self) -> int:
        """Number of certified samples."""
        return len(self.index)

    @property
    def acr(self) -> float:
        """Average certified radius as printed: the mean of radius x correct. NaN for an empty log."""
        return float(np.mean(self.radius * self.correct)) if self.samples else float("nan")

    @property
    def acr_sound(self) -> float:
        """ACR at the lower ends of the printed radii: what the rounding cannot have added to."""
        return float(np.mean(self.radius_sound * self.correct)) if self.samples else float("nan")

    @property
    def radius_sound(self) -> Float:
        """Smallest radii that print as the log's do, and not above what the budget can certify."""
        return np.clip(self.radius - self.half_unit, 0.0, self.max_radius)

    @property
    def max_radius(self) -> float:
        """Largest radius that the budget can certify, 0 where it certifies nothing."""
        from rstheory.budget import max_radius

        return max(float(max_radius(self.n, self.alpha, self.sigma)), 0.0)

    @property
    def impossible(self) -> NDArray[np.bool_]:
        """Rows whose radius the budget cannot have certified, whatever it was rounded by."""
        return above(self.radius, self.half_unit, self.max_radius)

    def cut_off(self) -> CertificationLog:
        """The log with its radii cut off at the largest that the budget can certify; same sound numbers."""
        largest = self.max_radius
        half_unit = np.where(self.radius > largest, largest - self.radius_sound, self.half_unit)
        return replace(self, radius=np.minimum(self.radius, largest), half_unit=half_unit)

    @property
    def standard_error(self) -> float:
        """Standard error of ACR as an estimate for the population behind the test samples."""
        if self.samples < 2:
            return float("nan")
        return float(np.std(self.radius * self.correct, ddof=1) / np.sqrt(self.samples))

    @property
    def clean_accuracy(self) -> float:
        """Share of samples predicted correctly without abstaining: certified accuracy at radius 0."""
        return float(np.mean(self.correct)) if self.samples else float("nan")

    @property
    def abstain_rate(self) -> float:
        """Share of samples on which the smoothed classifier abstained."""
        return float(np.mean(self.predict == ABSTAINED)) if self.samples else float("nan")

    def certified_accuracy(self, r: ArrayLike, *, sound: bool = False) -> Any:
        """Share of samples predicted correctly with certified radius >= r, at any number of radii at once.

        r: radius, >= 0. sound: count only radii whose lower end (`radius_sound`) reaches r.
        """
        radii = _check.non_negative("r", r)
        certified = np.sort((self.radius_sound if sound else self.radius)[self.correct])
        return ((len(certified) - np.searchsorted(certified, radii)) / max(self.samples, 1))[()]

    def select(self, rows: NDArray[np.int64]) -> CertificationLog:
        """The log cut to some of its rows, in the order given."""
        columns = ("index", "label", "predict", "radius", "half_unit", "correct", "count")
        return replace(self, **{name: getattr(self, name)[rows] for name in columns})

    def at_budget(self, n: int, alpha: float | None = None) -> BudgetedACR:
        """Expected ACR of the same samples certified with n draws instead: see `audit.transport.at_budgets`."""
        from rstheory.audit.transport import at_budgets

        return at_budgets([self], [n], alpha)[0][0]

    def survival(self, *, rho: float = 0.05) -> Survival:
        """S(u), the share of samples predicted correctly with p >= u, with its bands: see `audit.metrics.survival`."""
        from rstheory.audit.metrics import survival

        return survival(self, rho=rho)

    def to_frame(self) -> pd.DataFrame:
        """The rows as a pandas DataFrame, with what made them in `attrs`."""
        import pandas as pd

        columns = ("index", "label", "predict", "radius", "half_unit", "correct", "count")
        frame = pd.DataFrame({name: getattr(self, name) for name in columns})
        frame.attrs = {"path": self.path, "sigma": self.sigma, "n": self.n, "alpha": self.alpha}
        return frame
