"""What an audit comes to, as data: which logs cannot be what they say, who is first, and what that depends on.

`sentences` puts it into words; pages, JSON and Markdown start from it too. Logs are named as in their group.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from rstheory.audit.report import AuditReport, Group, LogReport
from rstheory.audit.standing import Standing
from rstheory.logs.evidence import BUDGETS, LEVELS, PROOF, fit
from rstheory.logs.log import CertificationLog
from rstheory.statistics.crossing import CrossingInterval
from rstheory.statistics.ranks import Ranking
from rstheory.trivial import Budget, budget_for_acr, trivial_acr

# Findings by which a log contradicts itself or what it was read as, each with the reason in a few words.
CONTRADICTIONS = {
    "radius-above-maximum": "radii above the largest that N and alpha can certify",
    "budget-against-radii": "radii of another budget",
    "sigma-against-radii": "radii of another noise level",
    "sigma-against-name": "a noise level that its name contradicts",
    "counts-mismatch": "counts that do not add up",
    "count-mismatch": "radii that the counts beside them contradict",
    "negative-radius": "negative radii",
    "abstained-with-radius": "radii of abstentions",
    "correct-flag-mismatch": "rows flagged correct that are not, or the other way round",
}


@dataclass(frozen=True)
class Suspect:
    """A log that cannot be what it says.

    log: its name among all logs. path: its file.
    code: of the finding.
    reason: what is wrong with it, in a few words. message: the whole finding.
    rows, samples: rows concerned, and samples of the log.
    fits: another budget and level in use that the largest radii do fit, as (n, alpha); None where there is none, or
        where the radii are not what is wrong.
    """

    log: str
    path: str
    code: str
    reason: str
    message: str
    rows: int
    samples: int
    fits: tuple[int, float] | None = None


@dataclass(frozen=True)
class Contradiction:
    """A pair of logs whose order at some places contradicts, beyond error, that by ACR at their own budget.

    above, below: `above` has the larger ACR. at: budgets or radii at which `below` leads.
    """

    above: str
    below: str
    at: tuple[float, ...]


@dataclass(frozen=True)
class Dependence:
    """How the order of the logs of a group depends on the budget, or on the radius.

    places: budgets or radii looked at, ascending.
    first: at each place the log that leads, then those within error of it; none where all are.
    pairs: number of pairs compared.
    contradictions: those whose order is another one somewhere, beyond error.
    within: number of the others whose order is another one somewhere, within error.
    """

    places: tuple[float, ...]
    first: tuple[tuple[str, ...], ...]
    pairs: int
    contradictions: tuple[Contradiction, ...]
    within: int


@dataclass(frozen=True)
class Constant:
    """What a classifier that answers the same class whatever it sees has on the samples of a group.

    classes: labels seen there. share: share of the samples with the most frequent one, which it answers.
    acr: its ACR at the sigma, N and alpha of the group.
    passes_first_at: draws with which its ACR exceeds the largest of the group as certified; None where that is 0.
    beaten: logs whose ACR it reaches.
    """

    classes: int
    share: float
    acr: float
    passes_first_at: Budget | None
    beaten: tuple[str, ...]


@dataclass(frozen=True)
class GroupVerdict:
    """What is found about the logs of one group.

    label, sigma, n, alpha: of the group. title: all of it in words.
    order: names by falling ACR at the group's budget, radii that it cannot certify cut off; on the images that all logs
        hold, where they were tested. acr: ACR in this order.
    standard_error: of the first one's ACR. acr_at: the first one's expected ACR at each smaller budget.
    tiers: the logs that no other is above beyond error, then those of the others, and so on. Empty where the logs were
        not tested.
    by_budget, by_radius: how the order depends on them; None where the logs were not tested.
    crossing: at which budget the first log overtakes the second, with an interval; None where that is not known.
    constant: the constant classifier beside them; None where rows have settings of their own.
    """

    label: str
    title: str
    sigma: float
    n: int
    alpha: float
    order: tuple[str, ...]
    acr: tuple[float, ...]
    standard_error: float
    acr_at: tuple[tuple[int, float], ...]
    tiers: tuple[tuple[str, ...], ...]
    by_budget: Dependence | None
    by_radius: Dependence | None
    crossing: CrossingInterval | None
    constant: Constant | None

    @property
    def top(self) -> tuple[str, ...]:
        """The logs within error of the first: those that no other is above beyond error."""
        return self.tiers[0] if self.tiers else self.order[:1]


@dataclass(frozen=True)
class Verdict:
    """What an audit comes to.

    logs: number of logs.
    assumed: those of n and alpha that nothing tells for some log, so that they are the field's defaults.
    suspects: logs that cannot be what they say.
    groups: within which logs can be compared.
    """

    logs: int
    assumed: tuple[str, ...]
    suspects: tuple[Suspect, ...]
    groups: tuple[GroupVerdict, ...]


def judge(report: AuditReport) -> Verdict:
    """The verdict on the logs of a report.

    >>> from rstheory import CertificationLog, audit_logs
    >>> samples = dict(label=[0, 1, 0, 1], predict=[0, 1, 0, 1], sigma=0.5, n=1000)
    >>> logs = [CertificationLog.from_arrays(radius=[r, r, 0.5, 0.25], path=f"{r}", **samples) for r in (0.5, 0.75)]
    >>> judge(audit_logs(logs)).groups[0].top
    ('0.75', '0.5')
    """
    return Verdict(
        len(report.logs),
        tuple(name for name in ("n", "alpha") if any(name in group.assumed for group in report.groups)),
        tuple(suspect for log in report.logs for suspect in _suspects(log)),
        tuple(_group(report, group) for group in report.groups),
    )


def _suspects(report: LogReport) -> Iterator[Suspect]:
    log = report.log
    for found in log.warnings:
        if found.code in CONTRADICTIONS:
            fits = _fitting_budget(log) if found.code == "radius-above-maximum" and not log.varying else None
            reason = CONTRADICTIONS[found.code]
            yield Suspect(report.name, log.path, found.code, reason, found.message, found.rows, log.samples, fits)


def _fitting_budget(log: CertificationLog) -> tuple[int, float] | None:
    """The budget and level in use, other than the log's, whose ladder of radii the largest ones stand on best."""
    radius, half = log.radius[log.correct], log.half_unit[log.correct]
    tried = ((n, alpha) for alpha in LEVELS for n in dict.fromkeys((log.n, *BUDGETS)))
    fits = (fit(radius, half, log.sigma, n, alpha) for n, alpha in tried if (n, alpha) != (log.n, log.alpha))
    good = [found for found in fits if found is not None and found.weight >= PROOF]
    best = max(good, key=lambda found: found.weight, default=None)
    return None if best is None else (best.n, best.alpha)


def _group(report: AuditReport, group: Group) -> GroupVerdict:
    logs, standing, names = report.members(group), group.standing, group.names
    acr = [log.acr_at(group.n) for log in logs] if standing is None else list(standing.found.acr)
    order = sorted(range(len(logs)), key=lambda i: (-acr[i], i))
    first = logs[order[0]]
    return GroupVerdict(
        label=group.label,
        title=group.title,
        sigma=group.sigma,
        n=group.n,
        alpha=group.alpha,
        order=tuple(names[i] for i in order),
        acr=tuple(acr[i] for i in order),
        standard_error=first.log.standard_error,
        acr_at=tuple((budget.n, budget.acr) for budget in first.budgets if budget.n < group.n),
        tiers=() if standing is None else tuple(tuple(names[i] for i in tier) for tier in standing.tiers),
        by_budget=None if standing is None else _dependence(standing, group.budgets, standing.found.by_budget, names),
        by_radius=None if standing is None else _dependence(standing, group.radii, standing.found.by_radius, names),
        crossing=None if standing is None else standing.crossing,
        constant=None if group.varying else _constant(group, logs, [names[i] for i in order], [acr[i] for i in order]),
    )


def _dependence(
    standing: Standing, places: Sequence[float], rankings: Sequence[Ranking], names: Sequence[str]
) -> Dependence:
    changes = standing.changes(places, rankings)
    firsts = (standing.first(ranking) for ranking in rankings)
    return Dependence(
        tuple(places),
        tuple(tuple(names[i] for i in first) if len(first) < len(names) else () for first in firsts),
        changes.pairs,
        tuple(Contradiction(names[r.above], names[r.below], r.at) for r in changes.reversals),
        changes.within,
    )


def _constant(group: Group, logs: tuple[LogReport, ...], order: list[str], acr: list[float]) -> Constant | None:
    largest = max((log.log for log in logs), key=lambda log: log.samples)
    if not largest.samples:
        return None
    times = np.unique(largest.label, return_counts=True)[1]
    share = Fraction(int(times.max()), largest.samples)
    own = float(trivial_acr(group.n, group.alpha, group.sigma, float(share)))
    beaten = tuple(name for name, value in zip(order, acr, strict=True) if own >= value)
    passes = budget_for_acr(acr[0], group.alpha, group.sigma, share) if acr[0] > 0 else None
    return Constant(len(times), float(share), own, passes, beaten)
