"""Reading one certification log from a file.

`parse` says what its cells hold, `lint` what is wrong with them; here noise level and budget are found where the file
has no columns for them.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from rstheory import _check
from rstheory._words import plural
from rstheory.logs.finding import Finding
from rstheory.logs.log import CertificationLog, assemble
from rstheory.logs.parse import parse

DEFAULT_N, DEFAULT_ALPHA = 100_000, 1e-3  # the field's standard since Cohen et al.

_SIGMA_IN_NAME = re.compile(r"(?<![a-z])(?:noise|sigma)[_=-]?((?:0|[1-9]\d*)(?:\.\d+)?)(?!\.?\d)", re.IGNORECASE)


def read_log(
    path: str | os.PathLike[str], sigma: float | None = None, n: int | None = None, alpha: float | None = None
) -> CertificationLog:
    """Read one certification log, check it, and say in `warnings` what was found and what became of the rows concerned.

    path: a file, whatever its name. sigma: noise level; if not given, it is taken from the file's own column, else from
    the name of the file or of the nearest folder around it (noise_0.50, sigma_0.25). n, alpha: the budget it was
    certified with; if not given, from the file's own columns, else 100,000 and 0.001. What is given and contradicts the
    file's columns is refused; a name is only a hint, and gives way to both, with a warning where sigma is given.

    The rows stay in the order of the file. `rstheory.logs.lint` says what is checked, and
    `rstheory.logs.cells.half_units` how it is told by how much a printed radius may have been rounded up.

    Raises ValueError, naming file and line, if the file is no such log, if no row of it can be read, if it mixes
    budgets or noise levels, or if sigma cannot be found; OSError if the file cannot be opened.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "noise_0.50.tsv")
    ...     text = ["idx label predict radius correct time", "0 3 3 1.15 1 0:00:08", "1 8 -1 0.0 0 0:00:08"]
    ...     _ = path.write_text("\\n".join(text).replace(" ", "\\t"))
    ...     log = read_log(path)
    >>> log.sigma, log.n, log.samples, f"{log.acr:.3f}", log.warnings[0].code
    (0.5, 100000, 2, '0.575', 'rounded-radius')
    """
    if sigma is not None:
        _check.positive("sigma", sigma)
    if n is not None:
        _check.scalar_int("n", _check.budget("n", n))
    if alpha is not None:
        _check.level("alpha", alpha)
    name = os.fspath(path)
    parsed = parse(name, Path(path).read_bytes())
    warnings: list[Finding] = []
    if "sigma" not in parsed.settings:
        if sigma is None:
            sigma = sigma_from_name(name)
        else:
            warnings = _against_name(name, sigma, len(parsed.rows))
    n = DEFAULT_N if n is None and "n" not in parsed.settings else n
    alpha = DEFAULT_ALPHA if alpha is None and "alpha" not in parsed.settings else alpha
    return assemble(name, parsed, sigma=sigma, n=n, alpha=alpha, warnings=warnings)


def sigma_from_name(path: str) -> float:
    """Noise level told by the name of a file, or else of the nearest folder around it; ValueError if none tells one.

    >>> sigma_from_name("logs/noise_1.0/test/sigma_0.25.tsv"), sigma_from_name("logs/noise_1.0/test.tsv")
    (0.25, 1.0)
    """
    name, told = _told_by_name(path)
    if len(told) > 1:
        raise ValueError(f"{path}: sigma is unclear, {name!r} names {told}: pass sigma=...")
    if told:
        return told[0]
    raise ValueError(
        f"{path}: sigma is not known: the log has no column sigma, and no name on its path reads like noise_0.50,"
        " noise_0.5.tsv or sigma_0.25; pass sigma=... (rstheory audit --sigma)"
    )


def _told_by_name(path: str) -> tuple[str, list[float]]:
    """The name of the file, or of the nearest folder around it, that tells noise levels, and these; ("", []) if none.

    More than one level contradict each other; a single one that no noise can have is as good as none.
    """
    full = Path(os.path.abspath(path))
    for place in (full, *full.parents):
        told = sorted({float(number) for number in _SIGMA_IN_NAME.findall(place.name)})
        if len(told) > 1 or (told and 0 < told[0] < float("inf")):
            return place.name, told
    return "", []


def _against_name(path: str, sigma: float, rows: int) -> list[Finding]:
    """The finding that the noise level given is not among those that the log's name tells, where it tells any."""
    name, told = _told_by_name(path)
    if not told or sigma in told:
        return []
    named = " and ".join(f"{other:g}" for other in told)
    message = (
        f"sigma={sigma:g} was given, but the name {name!r} says sigma={named}: all {plural(rows, 'row')} are taken as"
        f" certified at sigma={sigma:g}; if the name is right, leave sigma (--sigma) out"
    )
    return [Finding("sigma-against-name", rows, None, message)]
