"""The two questions to an audit, asked of files or of logs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from rstheory._progress import Progress, silent
from rstheory.audit.compare import Comparison, compare
from rstheory.audit.report import BUDGETS, AuditReport, Pairs, audit_report
from rstheory.logs.find import find_logs
from rstheory.logs.log import CertificationLog
from rstheory.logs.read import read_log, read_logs

Source = str | os.PathLike[str] | CertificationLog


def audit_logs(
    sources: Source | Iterable[Source],
    budgets: Sequence[int] = BUDGETS,
    *,
    pairs: Pairs = "few",
    progress: Progress = silent,
) -> AuditReport:
    """What some certification logs say, and what their ACR hides: summaries, ACR at other budgets, ranks, comparisons.

    sources: logs, files or folders, one or several; folders are searched for logs.
    budgets: numbers of draws at which expected ACR is computed, as far as they are below a log's own.
    pairs: which comparable logs are compared pair by pair: "all", "none", or, in groups of up to 12 logs, "few".
    progress: see `rstheory._progress`; default: silent.

    ValueError or OSError for the first file that cannot be read; the command `rstheory audit` goes on with the others.

    >>> from rstheory import CertificationLog, audit_logs
    >>> log = CertificationLog.from_arrays(label=[3, 8], predict=[3, -1], radius=[1.15, 0], sigma=0.5, n=100_000)
    >>> audit_logs(log).logs[0].acr_at(1_000) < log.acr
    True
    """
    several = [sources] if isinstance(sources, (str, os.PathLike, CertificationLog)) else list(sources)
    logs: list[CertificationLog] = []
    for source in several:
        logs += [source] if isinstance(source, CertificationLog) else _read_all(source)
    return audit_report(logs, budgets, pairs=pairs, progress=progress)


def compare_logs(a: Source, b: Source, *, seed: int = 0) -> Comparison:
    """Two logs of one noise level and budget on their common samples: who leads where, by how much, and at which budget
    they change places.

    a, b: logs, or files. seed: of the bootstrap interval of the ACR difference.

    ValueError if sigma, n or alpha differ, if no sample is common, or if a file is no log.

    >>> from rstheory import CertificationLog, compare_logs
    >>> samples = dict(label=[0, 0, 1], predict=[0, 0, 1], sigma=0.5, n=1000)
    >>> a = CertificationLog.from_arrays(radius=[0.5, 0.7, 0.9], **samples)
    >>> b = CertificationLog.from_arrays(radius=[0.4, 0.7, 0.8], **samples)
    >>> compare_logs(a, b).dominates
    'a'
    """
    first, second = (source if isinstance(source, CertificationLog) else read_log(source) for source in (a, b))
    return compare(first, second, seed=seed)


def _read_all(path: str | os.PathLike[str]) -> list[CertificationLog]:
    """The log of a file, or those of a folder."""
    files = find_logs([path])
    if files.errors:
        where, reason = files.errors[0]
        raise ValueError(reason if reason.startswith(where) else f"{where}: {reason}")
    logs = []
    for log in read_logs(files.logs):
        if isinstance(log, tuple):
            raise log[1]
        logs.append(log)
    return logs
