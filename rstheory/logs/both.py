"""Certification logs and attack logs below some paths, read."""

from __future__ import annotations

import os
from collections.abc import Iterable

from rstheory.logs.attack_log import AttackLog, is_attack_log, read_attack_log
from rstheory.logs.find import find_logs
from rstheory.logs.log import CertificationLog
from rstheory.logs.read import read_logs

Errors = list[tuple[str, str]]  # (path, reason)


def read_both(paths: Iterable[str | os.PathLike[str]]) -> tuple[list[CertificationLog], list[AttackLog], Errors]:
    """Certification logs and attack logs below some paths, and what could not be read.

    A file that is named and is no attack log is taken as a certification log; in folders, other files are passed over.
    """
    attacks: list[AttackLog] = []
    errors: Errors = []
    all_paths = [os.fspath(path) for path in paths]
    named = [path for path in all_paths if _is_attack_log(path)]
    found = find_logs(path for path in all_paths if path not in named)
    below = [path for path, _ in found.skipped if _is_attack_log(path)]
    for path in dict.fromkeys([*named, *below]):
        try:
            attacks.append(read_attack_log(path))
        except (ValueError, OSError) as error:
            errors.append((path, str(error)))
    certificates: list[CertificationLog] = []
    for read in read_logs(found.logs):
        if isinstance(read, tuple):
            errors.append((read[0], str(read[1])))
        else:
            certificates.append(read)
    holders = {os.path.dirname(path) for path in below}
    errors += [
        (path, reason)
        for path, reason in found.errors
        if not any(folder == path or folder.startswith(os.path.join(path, "")) for folder in holders)
    ]
    return certificates, attacks, errors


def _is_attack_log(path: str) -> bool:
    try:
        return is_attack_log(path)
    except OSError:
        return False
