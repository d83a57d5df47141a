"""One log in an atlas: everything that is kept of it, and all that is needed to set it against others."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np

from rstheory.atlas.budgets import LARGEST, acr_at, subsampled_counts
from rstheory.atlas.grid import Images, levels, packed, reachable, rows_digest, survival
from rstheory.atlas.rules import GAUSSIAN, Named
from rstheory.budget import radius_from_count
from rstheory.logs.finding import NOTES, Finding
from rstheory.logs.log import CertificationLog
from rstheory.statistics.inequality import share_of_largest

LEAST_IMAGES = 100  # of a log that is set against others
BUDGETS = (1_000, 10_000, 100_000)
# Findings that mean that the rows cannot come from the setting that the log claims or that its rule names.
IMPOSSIBLE = ("radius-above-maximum",)
# Findings that take a radius for one in l2 under Gaussian noise: they say nothing of another certificate.
_OF_GAUSSIAN = ("sigma-against-name", "sigma-against-radii", "budget-against-radii", "radius-above-maximum")
_SEED = 20240610  # of the draws kept where a log is cut down to the common budget; mixed with the digest of its rows

Verdict = str  # "fine", "doubtful", "impossible", "another certificate", "unreadable"


@dataclass(frozen=True)
class AtBudget:
    """ACR of a log at one budget: see `transport.BudgetedACR`, whose fields these are; None where not computed."""

    n: int
    acr: float | None
    acr_sound: float | None
    standard_deviation: float | None
    kind: str


@dataclass(frozen=True)
class Summary:
    """One log.

    path: the file, as it is called in the atlas. named: what the rules say of it. error: why it could not be read, or
    "". findings: what lint found. verdict: "fine" (at most notes), "doubtful", "impossible" (the rows cannot come from
    the setting), "another certificate" (a radius there is not one in l2 under Gaussian noise) or "unreadable".
    sigma, n, alpha: noise level and budget. assumed: those of n and alpha that nothing tells. samples: images.
    acr, standard_error: as printed, and its error over the images. acr_sound: at the lower ends of the rounded radii.
    accuracy: share predicted rightly. abstained: share of abstentions. budgets: ACR at other budgets.
    easiest_tenth: share of ACR that comes from the tenth of the images with the largest radii.
    curve_n, curve_alpha: the budget at which `survival` and `levels` are: the common one, or the log's own below it.
    survival: share of images whose bound on p is at least each `grid.U`. levels: per image, packed.
    images, rows: digests of the images and of all rows.
    """

    path: str
    named: Named
    error: str = ""
    verdict: Verdict = "unreadable"
    findings: tuple[Finding, ...] = ()
    sigma: float = float("nan")
    n: int = 0
    alpha: float = float("nan")
    assumed: tuple[str, ...] = ()
    samples: int = 0
    acr: float = float("nan")
    standard_error: float = float("nan")
    acr_sound: float = float("nan")
    accuracy: float = float("nan")
    abstained: float = float("nan")
    budgets: tuple[AtBudget, ...] = ()
    easiest_tenth: float = float("nan")
    curve_n: int = 0
    curve_alpha: float = float("nan")
    survival: tuple[float, ...] = ()
    levels: bytes = field(default=b"", repr=False)
    images: str = ""
    rows: str = ""

    @property
    def comparable(self) -> bool:
        """Whether it may be set against other logs: it can be what it says, and has enough images."""
        return self.verdict in ("fine", "doubtful") and bool(self.levels) and self.samples >= LEAST_IMAGES

    @property
    def level_proved(self) -> float:
        """The level that the findings leave of alpha: see `logs.claims.level_proved`."""
        return min(1.0, self.alpha * math.prod(finding.factor for finding in self.findings))

    def acr_at(self, n: int) -> AtBudget | None:
        """ACR at one of the budgets, if it was computed."""
        return next((budget for budget in self.budgets if budget.n == n), None)

    def to_json(self) -> dict[str, Any]:
        """As JSON keeps it; `from_json` reads it back. Numbers that are not known are null."""
        content = asdict(self)
        content["levels"] = self.levels.hex()
        return {name: _without_nan(value) for name, value in content.items()}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Summary:
        """What `to_json` made. TypeError, KeyError or ValueError where it is something else."""
        floats = {f.name for f in fields(cls) if f.type == "float"}
        known: dict[str, Any] = {
            name: float("nan") if value is None and name in floats else value for name, value in content.items()
        }
        known["named"] = Named(**content["named"])
        known["findings"] = tuple(Finding(**finding) for finding in content["findings"])
        known["budgets"] = tuple(AtBudget(**budget) for budget in content["budgets"])
        known["assumed"], known["survival"] = tuple(content["assumed"]), tuple(content["survival"])
        known["levels"] = bytes.fromhex(content["levels"])
        return cls(**known)


def _without_nan(value: Any) -> Any:
    return None if isinstance(value, float) and value != value else value


def unreadable(path: str, named: Named, reason: str) -> Summary:
    """The row of a log that could not be read."""
    return Summary(path, named, error=reason)


def summarise(
    log: CertificationLog, path: str, named: Named, n: int, alpha: float, budgets: Sequence[int] = BUDGETS
) -> tuple[Summary, Images]:
    """What an atlas keeps of a log, and which images it is about.

    n, alpha: the common budget. A log with more draws is cut down to it by keeping n of its draws, chosen at random
    from a fixed seed, which is a run at that budget (C7); one with fewer keeps its own.
    """
    images = Images(log.index, log.label)
    digest = rows_digest(images, log.predict, log.radius)
    gaussian = named.certificate == GAUSSIAN
    idle = _OF_GAUSSIAN if not gaussian else () if named.sigma is None else ("sigma-against-name",)  # the rule says so
    findings = tuple(f for f in log.warnings if f.code not in idle)
    common = _Common.of(log, n, alpha) if gaussian and log.fixed_budget else None
    kept = {} if common is None else common.curve(log, digest)
    return (
        Summary(
            path=path,
            named=named,
            verdict=_verdict(findings, gaussian),
            findings=findings,
            sigma=log.sigma if gaussian or named.sigma is not None else float("nan"),
            n=log.n if gaussian else 0,
            alpha=log.alpha if gaussian else float("nan"),
            assumed=log.assumed if gaussian else (),
            samples=log.samples,
            acr=log.acr,
            standard_error=log.standard_error,
            acr_sound=log.rounded_down().acr if gaussian else float("nan"),
            accuracy=log.clean_accuracy,
            abstained=log.abstain_rate,
            budgets=_budgets(log.possible(), budgets, alpha) if common is not None else (),
            easiest_tenth=float(share_of_largest(log.radius * log.correct)),
            images=images.key,
            rows=digest,
            **kept,
        ),
        images,
    )


def _verdict(findings: Sequence[Finding], gaussian: bool) -> Verdict:
    if not gaussian:
        return "another certificate"
    if any(finding.code in IMPOSSIBLE for finding in findings):
        return "impossible"
    return "fine" if all(finding.code in NOTES for finding in findings) else "doubtful"


@dataclass(frozen=True)
class _Common:
    """The budget at which a log's curve is given, and whether that is its own."""

    n: int
    alpha: float
    own: bool

    @classmethod
    def of(cls, log: CertificationLog, n: int, alpha: float) -> _Common:
        if log.n < n or log.n > LARGEST or (log.n, log.alpha) == (n, alpha):
            return cls(log.n, log.alpha, True)
        return cls(n, alpha, False)

    def curve(self, log: CertificationLog, digest: str) -> dict[str, Any]:
        radius, correct = log.possible().radius, log.correct
        if not self.own:
            rng = np.random.default_rng([_SEED, int(digest, 16)])
            radius = np.zeros(log.samples)
            counts = subsampled_counts(log, self.n, rng)
            radius[log.correct] = radius_from_count(counts, self.n, self.alpha, log.sigma)
            correct = log.correct & (radius > 0)
        reached = levels(radius, correct, log.sigma)
        at_most = reachable(self.n, self.alpha)
        return {
            "curve_n": self.n,
            "curve_alpha": self.alpha,
            "survival": survival(np.minimum(reached, at_most)),
            "levels": packed(np.minimum(reached, at_most)),
        }


def _budgets(log: CertificationLog, budgets: Sequence[int], alpha: float) -> tuple[AtBudget, ...]:
    found = ((n, acr_at(log, n, alpha)) for n in budgets)
    return tuple(
        AtBudget(n, acr.acr, _without_nan(acr.acr_sound), _without_nan(acr.standard_deviation), acr.kind)
        for n, acr in found
        if acr is not None
    )
