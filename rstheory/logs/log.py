"""A certification log as data: one row per sample, and all the evidence that its file has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rstheory import _check, transport
from rstheory._check import Float
from rstheory._words import plural, printable
from rstheory.bounds import PLAIN
from rstheory.logs import counts
from rstheory.logs.arrays import as_text, columns_of, compact, constant
from rstheory.logs.beyond import beyond
from rstheory.logs.doors import Plots
from rstheory.logs.finding import Finding
from rstheory.logs.lint import lint
from rstheory.logs.origin import Origin
from rstheory.logs.parse import Parsed, parse
from rstheory.logs.rebound import rebound
from rstheory.logs.rounding import above
from rstheory.logs.schema import ABSTAINED, COLUMNS
from rstheory.logs.settings import in_order, largest_radius, of_varying, settled
from rstheory.transport import BudgetedACR, RecoveredCounts

if TYPE_CHECKING:
    import pandas as pd

_ROW = ("index", "label", "predict", "radius", "half_unit", "correct", "count")  # arrays with one entry per sample


@dataclass(frozen=True, eq=False, repr=False)
class CertificationLog(Plots):
    """The rows of one certification log, with the noise level and budget that they were made with.

    Made by `read_log`, `from_arrays` or `from_frame`, which check the rows. The arrays cannot be written to.
    path: where it came from.
    index: number of each sample in its data set.
    label: its true class.
    predict: the predicted class; -1 where the classifier abstained.
    radius: certified radius as printed.
    half_unit: how far it may lie from the computed radius: half a unit of its last digit, 0 in full precision.
    correct: whether the prediction is the label.
    count: estimation draws that gave the predicted class, out of n; -1 where the log does not tell.
    sigma: noise level.
    n: certification budget, the number of estimation draws.
    alpha: significance level.
    counts: estimation draws that gave each class, shape (samples, classes), -1 in rows that do not tell; or None.
    draws: estimation draws of each sample, where a rule stopped them, n being the most that it allows; or None.
    origin: what else made the rows, as far as the log tells.
    warnings: what the reader found.
    varying: those of sigma, n and alpha that differ between the rows, one value per row; the fields then hold the
        largest of each.
    assumed: those of sigma, n and alpha that nothing told, so that they are the field's defaults.
    """

    path: str
    index: NDArray[np.integer[Any]]
    label: NDArray[np.integer[Any]]
    predict: NDArray[np.integer[Any]]
    radius: Float
    half_unit: Float
    correct: NDArray[np.bool_]
    count: NDArray[np.integer[Any]]
    sigma: float
    n: int
    alpha: float
    counts: NDArray[np.integer[Any]] | None = None
    draws: NDArray[np.integer[Any]] | None = None
    origin: Origin = field(default_factory=Origin)
    warnings: tuple[Finding, ...] = ()
    varying: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    assumed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check.positive("sigma", self.sigma)
        _check.scalar_int("n", _check.budget("n", self.n))
        _check.level("alpha", self.alpha)
        for name in _ROW:
            column = getattr(self, name)
            if column.shape != (self.samples,):
                raise ValueError(f"{name} has shape {column.shape}, but there are {self.samples} samples")
            column.flags.writeable = False
        if self.counts is not None and (self.counts.ndim != 2 or len(self.counts) != self.samples):
            raise ValueError(f"counts has shape {self.counts.shape}, but there are {self.samples} samples")
        if not np.all(np.isfinite(self.radius)):
            raise ValueError(f"radius of {self.path} is not allowed: every radius must be finite")

    @classmethod
    def from_arrays(
        cls,
        *,
        label: ArrayLike,
        predict: ArrayLike,
        radius: ArrayLike,
        sigma: float,
        n: int,
        alpha: float = 1e-3,
        index: ArrayLike | None = None,
        count: ArrayLike | None = None,
        counts: ArrayLike | None = None,
        path: str = "arrays",
    ) -> CertificationLog:
        """A log of results that were never in a file, checked as `read_log` checks a file.

        label, predict, radius: one entry per sample; predict is -1 for an abstention. sigma, n, alpha: noise level and
        budget. index: number of each sample in its data set; default: 0, 1, 2, ... count: estimation draws that gave
        the predicted class. counts: those of every class, shape (samples, classes). path: a name for messages.

        Radii of few digits are taken as rounded, as in a file. In findings, row i is line i + 2.
        ValueError where the arrays differ in length or hold something that no log can hold.

        >>> log = CertificationLog.from_arrays(label=[3, 8], predict=[3, -1], radius=[1.15, 0], sigma=0.5, n=1000)
        >>> log
        CertificationLog('arrays', 2 samples, sigma=0.5, N=1,000, alpha=0.001, ACR 0.5750, 1 warning: rounded-radius)
        """
        columns = columns_of(label=label, predict=predict, radius=radius, index=index, count=count, counts=counts)
        return assemble(path, parse(path, as_text(columns)), sigma=sigma, n=n, alpha=alpha)

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        sigma: float | None = None,
        n: int | None = None,
        alpha: float | None = None,
        path: str = "frame",
    ) -> CertificationLog:
        """A log from a pandas DataFrame with the columns of a log's file, checked as `read_log` checks a file.

        sigma, n, alpha: noise level and budget, where the frame has no such columns; a contradiction is refused.
        """
        columns = {str(name): frame[name].tolist() for name in frame.columns}
        columns.setdefault("idx", columns["index"] if "index" in columns else frame.index.tolist())
        columns = {name: column for name, column in columns.items() if name in COLUMNS}
        return assemble(path, parse(path, as_text(columns)), sigma=sigma, n=n, alpha=alpha)

    def __repr__(self) -> str:
        codes = ", ".join(finding.code for finding in self.warnings)
        remarks = f", {plural(len(self.warnings), 'warning')}: {codes}" if codes else ""
        return (
            f"CertificationLog({printable(self.path)!r}, {plural(self.samples, 'sample')}, sigma={self.sigma:g},"
            f" N={self.n:,}, alpha={self.alpha:g}, ACR {self.acr:.4f}{remarks})"
        )

    @property
    def samples(self) -> int:
        """Number of certified samples."""
        return len(self.index)

    @property
    def acr(self) -> float:
        """Average certified radius: the mean of radius x correct. NaN for an empty log."""
        return float(np.mean(self.radius * self.correct)) if self.samples else float("nan")

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

    def certified_accuracy(self, r: ArrayLike) -> Float:
        """Share of samples predicted correctly with certified radius >= r, at any number of radii at once.

        r: radius, >= 0.
        """
        radii = _check.non_negative("r", r)
        certified = np.sort(self.radius[self.correct])
        share: Float = ((len(certified) - np.searchsorted(certified, radii)) / max(self.samples, 1))[()]
        return share

    @property
    def max_radius(self) -> float:
        """Largest radius that the budget can certify, 0 where it certifies nothing."""
        return float(np.max(self._max_radius, initial=0.0))

    @property
    def _max_radius(self) -> Float:
        """The same, of each row where sigma, n or alpha differ between rows."""
        n, alpha, sigma = (self.varying.get(name, getattr(self, name)) for name in ("n", "alpha", "sigma"))
        return largest_radius(n, alpha, sigma, self.bound)

    @property
    def impossible(self) -> NDArray[np.bool_]:
        """Rows whose radius the budget cannot have certified, whatever it was rounded by."""
        return above(self.radius, self.half_unit, self._max_radius)

    def rounded_down(self) -> CertificationLog:
        """The same log with each radius at the smallest value that prints as it does, and none above `max_radius`.

        What rounding has added to a radius is gone. That makes no certificate true: up to alpha of them may be false.
        """
        radius = np.clip(self.radius - self.half_unit, 0.0, self._max_radius)
        return replace(self, radius=radius, half_unit=np.broadcast_to(0.0, radius.shape))

    def possible(self) -> CertificationLog:
        """The same log with every radius cut off at `max_radius`. Lower ends stay what they are in `rounded_down`."""
        radius = np.minimum(self.radius, self._max_radius)
        half_unit = np.where(self.radius > radius, radius - self.rounded_down().radius, self.half_unit)
        return replace(self, radius=radius, half_unit=half_unit)

    def select(self, rows: NDArray[np.integer[Any]] | NDArray[np.bool_]) -> CertificationLog:
        """The log cut to some of its rows, in the order given."""
        cut: dict[str, Any] = {name: getattr(self, name)[rows] for name in _ROW}
        varying = {name: values[rows] for name, values in self.varying.items()}
        cut |= {name: None if (all_ := getattr(self, name)) is None else all_[rows] for name in ("counts", "draws")}
        return replace(self, **cut, varying=varying)

    @property
    def rule(self) -> str | None:
        """What stopped the draws of each sample, such as "curve"; None where their number was fixed beforehand."""
        return counts.rule_of(self)

    @property
    def bound(self) -> str:
        """The bound on p that the radii come from: "clopper-pearson", "randomized" or "two-class"."""
        return self.origin.bound or PLAIN

    @property
    def fixed_budget(self) -> bool:
        """Whether all rows have one setting, one number of draws fixed beforehand, and Clopper and Pearson's bound.

        Other budgets, comparisons and counts from radii need all three; without them they are refused.
        """
        return counts.why_not_fixed(self) is None

    def check_one_setting(self) -> None:
        """ValueError where sigma, n or alpha differ between the rows, for what needs one of each."""
        if self.varying:
            raise ValueError(f"{self.path}: rows differ in {' and '.join(self.varying)}: this needs one for all rows")

    def check_fixed_budget(self) -> None:
        """ValueError, saying why, unless `fixed_budget`."""
        if reason := counts.why_not_fixed(self):
            raise ValueError(f"{self.path}: {reason}")

    def recovered_counts(self) -> RecoveredCounts:
        """Counts behind the radii of correct rows, then those of abstentions that tell: `transport.recover_counts`.

        ValueError unless `fixed_budget`: after a stopping rule a radius does not tell the count (G8).
        """
        return counts.recovered(self)

    @property
    def label_counts(self) -> NDArray[np.int64]:
        """Of n draws, those that gave each sample its true label; ValueError where the log does not tell.

        Only logs with counts of every class tell, such as those of `rstheory certify`. Refused where a rule stopped the
        draws: then they are no n draws (`counts` and `draws` hold what was drawn).
        """
        return counts.of_label(self)

    @property
    def rival_counts(self) -> NDArray[np.int64]:
        """Of n draws, the most that another class than the true label got, per sample; 0 where there is no other class.

        Refused as `label_counts` is.
        """
        return counts.of_rival(self)

    def rebound(self, bound: str) -> CertificationLog:
        """The same counts with the radii that another bound proves: `logs.rebound.rebound`."""
        return rebound(self, bound)

    def at_budget(self, n: int, alpha: float | None = None) -> BudgetedACR:
        """Expected ACR of the same samples certified with n draws at level alpha instead (see `transport.BudgetedACR`).

        alpha: default: the log's own. At the log's own budget it is the ACR as printed, below it exact, beyond it
        predicted. ValueError unless `fixed_budget`.
        """
        self.check_fixed_budget()
        _check.scalar_int("n", _check.budget("n", n))
        level = self.alpha if alpha is None else float(_check.level("alpha", alpha))
        if (n, level) == (self.n, self.alpha):
            told = bool(np.all(self.count[self.correct] >= 0))
            return transport.acr_as_printed(self.as_printed(), self.recovered_counts, self.samples, self.sigma, told)
        if n > self.n:
            return beyond(self.possible(), n, level)
        return transport.acr_at_budget(self.recovered_counts(), self.samples, self.n, self.sigma, n, level, self.alpha)

    def as_printed(self) -> BudgetedACR:
        """ACR at the log's own budget, nothing computed."""
        return BudgetedACR(self.n, self.alpha, self.acr, 0.0, self.rounded_down().acr, "as printed")

    def to_frame(self) -> pd.DataFrame:
        """The rows as a pandas DataFrame, with what made them in `attrs`."""
        import pandas as pd

        frame = pd.DataFrame({name: getattr(self, name) for name in _ROW})
        frame.attrs = {"path": self.path, "sigma": self.sigma, "n": self.n, "alpha": self.alpha}
        return frame


def assemble(
    path: str,
    parsed: Parsed,
    *,
    sigma: float | None,
    n: int | None,
    alpha: float | None,
    warnings: Sequence[Finding] = (),
    assumed: Sequence[str] = (),
) -> CertificationLog:
    """The log of rows that were parsed, checked at the noise level and budget that are given or that the rows tell.

    warnings: what was found before. assumed: which of sigma, n and alpha are defaults.
    ValueError if something is told twice and differs, if one is missing, or if no row can be used.
    """
    settings = settled(path, parsed, sigma, n, alpha)
    rows = parsed.rows
    bound = counts.bound_of(path, parsed.origin)
    checked = lint(rows, *settings, bound, parsed.origin.seed, parsed.origin.n0)
    if sum(finding.rows for finding in checked.warnings if finding.code == "non-finite") == len(checked.rows):
        raise ValueError(f"{path}, line {rows.line[0]}: no row can be used, all radii are non-finite")
    rows, found = checked.rows, (*parsed.findings, *warnings)
    return CertificationLog(
        path=path,
        index=compact(rows.index),
        label=compact(rows.label),
        predict=compact(rows.predict),
        radius=checked.radius,
        half_unit=constant(checked.half_unit),
        correct=rows.correct,
        count=constant(compact(rows.count)),
        sigma=settings[0],
        n=settings[1],
        alpha=settings[2],
        counts=None if rows.counts is None else compact(rows.counts),
        draws=None if rows.draws is None else compact(rows.draws),
        origin=parsed.origin,
        warnings=in_order((*found, *of_varying(rows), *counts.findings(rows, parsed.origin), *checked.warnings)),
        varying={name: constant(values) for name, values in rows.varying.items()},
        assumed=tuple(assumed),
    )
