"""What the counts of a log may be used for: it depends on what stopped the draws and what proves the radii (G8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rstheory import transport
from rstheory._words import plural
from rstheory.bounds import BOUNDS, PLAIN
from rstheory.logs.finding import Finding
from rstheory.logs.origin import Origin
from rstheory.logs.parse import Rows
from rstheory.logs.schema import ABSTAINED
from rstheory.transport import RecoveredCounts

if TYPE_CHECKING:
    from rstheory.logs.log import CertificationLog

_LEFT_OUT = "ACR at other budgets, counts from radii, the prediction beyond N and comparisons"


def rule_of(log: CertificationLog) -> str | None:
    """Name of the stopping rule, without the digest of its settings; None where the number of draws was fixed."""
    return None if log.draws is None and log.origin.rule is None else _name(log.origin)


def _name(origin: Origin) -> str:
    if origin.rule is None:
        return "unnamed"
    return "; ".join(dict.fromkeys(text.rpartition(" ")[0] or text for text in origin.rule.split("; ")))


def bound_of(path: str, origin: Origin) -> str:
    """The one bound that made the radii; ValueError where rows have different ones."""
    if origin.bound is not None and origin.bound not in BOUNDS:
        raise ValueError(f"{path}: radii of several bounds ({origin.bound}) mean different things: split the log there")
    return origin.bound or PLAIN


def findings(rows: Rows, origin: Origin) -> list[Finding]:
    """What a reader must know of a log that does not hold Clopper-Pearson bounds after n draws each."""
    if rows.draws is not None and len(rows):
        mean = float(np.mean(rows.draws))
        message = (
            f"the rule {_name(origin)} stopped each sample, after {rows.draws.min():,} to {rows.draws.max():,} draws"
            f" ({mean:,.0f} on average): n is the most that it allows. ACR and certified accuracy count what is proved;"
            f" {_LEFT_OUT} are left out, since such counts are not binomial"
        )
        return [Finding("stopping-rule", len(rows), None, message)]
    if origin.bound is not None:
        message = (
            f"the radii come from the {origin.bound} bound, not from Clopper and Pearson's: ACR and certified accuracy"
            f" count them as they are; {_LEFT_OUT} are left out. log.rebound('{PLAIN}') gives the usual radii of the"
            " same counts"
        )
        return [Finding("other-bound", len(rows), None, message)]
    return []


def why_not_fixed(log: CertificationLog) -> str | None:
    """Why the counts of a log are not those of one fixed number of draws behind Clopper-Pearson bounds; None if so."""
    if (rule := rule_of(log)) is not None:
        return (
            f"the rule {rule} stopped the draws of each sample, so that its counts are not binomial: this needs one"
            " number of draws, fixed beforehand"
        )
    if log.bound != PLAIN:
        return (
            f"the radii come from the {log.bound} bound: this is made for Clopper and Pearson's; use"
            f" log.rebound({PLAIN!r})"
        )
    if log.varying:
        return f"rows differ in {' and '.join(log.varying)}: this needs one for all rows"
    return None


def check_bounds_p(log: CertificationLog) -> None:
    """ValueError where a radius r does not say that p >= Phi(r/sigma): the one of two classes does not (D1)."""
    if log.bound == "two-class":
        raise ValueError(f"{log.path}: a two-class radius is no bound on p: curves of p need log.rebound({PLAIN!r})")


def recovered(log: CertificationLog) -> RecoveredCounts:
    """See `CertificationLog.recovered_counts`."""
    log.check_fixed_budget()
    of, abstained = log.select(log.correct), log.select(log.predict == ABSTAINED)
    found = transport.recover_counts(of.radius, of.half_unit, of.count, log.n, log.alpha, log.sigma)
    return transport.with_abstentions(found, abstained.label, abstained.count, abstained.counts)


def of_label(log: CertificationLog) -> NDArray[np.int64]:
    """See `CertificationLog.label_counts`."""
    return np.take_along_axis(_known(log), log.label[:, None].astype(np.int64), axis=1)[:, 0]


def of_rival(log: CertificationLog) -> NDArray[np.int64]:
    """See `CertificationLog.rival_counts`."""
    counts = _known(log)
    np.put_along_axis(counts, log.label[:, None].astype(np.int64), 0, axis=1)
    return np.asarray(counts.max(axis=1))


def _known(log: CertificationLog) -> NDArray[np.int64]:
    if (rule := rule_of(log)) is not None:
        raise ValueError(
            f"{log.path}: the rule {rule} stopped the draws of each sample: counts out of n={log.n:,} are not there;"
            " log.counts and log.draws hold what was drawn"
        )
    if log.counts is None:
        raise ValueError(
            f"{log.path} has no column counts: only logs of `rstheory certify` tell how often the label came"
        )
    unknown = np.flatnonzero((log.counts[:, 0] < 0) | (log.label >= log.counts.shape[1]))
    if unknown.size:
        raise ValueError(
            f"{log.path}: the row of idx={log.index[unknown[0]]} does not tell how often its label came:"
            f" {plural(unknown.size, 'row')} like it; make them again by --resume"
        )
    return log.counts.astype(np.int64)
