"""Reading one certification log from a file.

`parse` says what its cells hold, `lint` what is wrong with them; here noise level and budget are found where the file
has no columns for them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from rstheory import _check
from rstheory._check import Float
from rstheory._words import plural
from rstheory.logs.chunks import chunk_pattern, chunk_sets, joined
from rstheory.logs.evidence import PROOF, in_hundredths, is_small, other_budget, other_noise
from rstheory.logs.finding import Finding
from rstheory.logs.lint import LARGEST_RADIUS
from rstheory.logs.log import CertificationLog, assemble
from rstheory.logs.parse import Parsed, parse
from rstheory.logs.rounding import half_units
from rstheory.logs.settings import settled

DEFAULT_N, DEFAULT_ALPHA = 100_000, 1e-3  # the field's standard since Cohen et al.

_SIGMA_IN_NAME = re.compile(r"(?<![a-z])(?:noise|sigma)[_=-]?((?:0|[1-9]\d*)(?:\.\d+)?)(?!\.?\d)", re.IGNORECASE)


def read_log(
    path: str | os.PathLike[str], sigma: float | None = None, n: int | None = None, alpha: float | None = None
) -> CertificationLog:
    """Read one certification log, check it, and say in `warnings` what was found and what became of the rows concerned.

    path: a file, whatever its name; one compressed by gzip, bzip2 or xz is read as what it holds. sigma: noise level;
    if not given, it is taken from the file's own column, else from the name of the file or of the nearest folder around
    it (noise_0.50, sigma_0.25). n, alpha: the budget it was certified with; if not given, from the file's own columns,
    else 100,000 and 0.001. What is given and contradicts the file's columns is refused; a name is only a hint, and
    gives way to both, with a warning where sigma is given.

    The rows stay in the order of the file. `rstheory.logs.lint` says what is checked, and
    `rstheory.logs.rounding.half_units` how it is told by how much a printed radius may have been rounded up.

    Raises ValueError, naming file and line, if the file is no such log, if no row of it can be read, if it mixes
    budgets or noise levels, or if sigma cannot be found; OSError if the file cannot be opened.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "noise_0.50.tsv")
    ...     text = ["idx label predict radius correct time", "0 3 3 1.15 1 0:00:08", "1 8 -1 0.0 0 0:00:08"]
    ...     _ = path.write_text("\\n".join(text).replace(" ", "\\t"))
    ...     log = read_log(path)
    >>> log.sigma, log.n, log.samples, f"{log.acr:.3f}", log.warnings[-1].code
    (0.5, 100000, 2, '0.575', 'rounded-radius')
    """
    if sigma is not None:
        _check.positive("sigma", sigma)
    if n is not None:
        _check.scalar_int("n", _check.budget("n", n))
    if alpha is not None:
        _check.level("alpha", alpha)
    name = os.fspath(path)
    return assembled(name, parse(name, Path(path).read_bytes()), sigma, n, alpha)


def read_logs(
    paths: Iterable[str], sigma: float | None = None, n: int | None = None, alpha: float | None = None
) -> Iterator[CertificationLog | tuple[str, Exception]]:
    """The logs of some files, in order, or (path, error) for what cannot be read: chunks of one run as one log.

    Files are chunks of one run where their names say so (chunk_1out_of4, part3, 2of4) and no index is in two of them.
    """
    for chunks in chunk_sets(paths):
        parsed: list[tuple[str, Parsed]] = []
        for path in chunks:
            try:
                parsed.append((path, parse(path, Path(path).read_bytes())))
            except (ValueError, OSError) as error:
                yield path, error
        one = joined([content for _, content in parsed]) if len(parsed) > 1 else None
        if one is not None and (name := chunk_pattern(parsed[0][0])) is not None:
            parsed = [(name, one)]
        for path, content in parsed:
            try:
                yield assembled(path, content, sigma, n, alpha)
            except ValueError as error:
                yield path, error


def assembled(name: str, parsed: Parsed, sigma: float | None, n: int | None, alpha: float | None) -> CertificationLog:
    """The log of what was parsed: what its columns do not tell is taken from what is given, its name, or the default.

    What the radii contradict is not used where only a name or a default says it, and is told where anything else does.
    """
    told = {*parsed.settings, *parsed.rows.varying}
    given = {which for which, value in (("sigma", sigma), ("n", n), ("alpha", alpha)) if value is not None} | told
    findings: list[Finding] = []
    radius, half = _radii(parsed)
    if "sigma" not in told:
        if sigma is None:
            sigma, findings = _noise_level(name, radius, len(parsed.rows))
        else:
            findings = _against_name(name, sigma, len(parsed.rows))
    n = DEFAULT_N if n is None and "n" not in told else n
    alpha = DEFAULT_ALPHA if alpha is None and "alpha" not in told else alpha
    if not parsed.rows.varying:
        sigma, n, alpha = settled(name, parsed, sigma, n, alpha)
        before = n, alpha
        n, alpha, more = _budget(parsed, (radius, half), (sigma, n, alpha), given)
        findings += more
        given |= {"n"} if n != before[0] else set()
        given |= {"alpha"} if alpha != before[1] else set()
    assumed = [which for which in ("n", "alpha") if which not in given]
    return assemble(name, parsed, sigma=sigma, n=n, alpha=alpha, warnings=findings, assumed=assumed)


def _noise_level(name: str, radius: Float, rows: int) -> tuple[float, list[Finding]]:
    """The noise level that the name tells, or a hundredth of it where the radii say that it is in hundredths."""
    sigma = sigma_from_name(name)
    if (level := in_hundredths(radius, sigma)) is None:
        return sigma, []
    message = (
        f"the name says sigma={sigma:g}, but the largest of all radii is {radius.max() / sigma:.2g} sigma: all"
        f" {plural(rows, 'row')} are taken as certified at sigma={level:g}; if that is wrong, pass sigma (--sigma)"
    )
    return level, [Finding("sigma-against-radii", rows, None, message)]


def _budget(
    parsed: Parsed, radii: tuple[Float, Float], setting: tuple[float, int, float], given: set[str]
) -> tuple[int, float, list[Finding]]:
    """Budget and level, checked against the radii; with the finding that they contradict what was given or assumed."""
    (radius, half), (sigma, n, alpha), rows = radii, setting, len(parsed.rows)
    if np.all(parsed.rows.count >= 0) or parsed.rows.draws is not None:
        return n, alpha, []  # counts say more than radii, and are checked one by one
    if is_small(radius, sigma):
        message = (
            f"the largest of all radii is {radius.max() / sigma:.2g} sigma, sigma being {sigma:g}: a noise level that"
            f" made them is nowhere near that; {plural(rows, 'row')} are taken as certified at it all the same"
        )
        return n, alpha, [Finding("sigma-against-radii", rows, None, message)] if radius.max() < 0.05 * sigma else []
    if (found := other_budget(radius, half, sigma, n, alpha)) is not None:
        free = "n" not in given and ("alpha" not in given or found.alpha == alpha)
        said = f"N={n:,}" if found.alpha == alpha else f"N={n:,} and alpha={alpha:g}"
        who = "given" if given & {"n", "alpha"} else "the field's default, and the log does not tell"
        if free and found.weight >= PROOF:
            message = f"{said} is {who}, but {found.text}, which is used; if that is wrong, pass n (--n)"
            return found.n, found.alpha, [Finding("budget-against-radii", rows, None, message)]
        message = f"{said} is {who}, and used, but {found.text}; if that is right, pass n (--n)"
        return n, alpha, [Finding("budget-against-radii", found.tied, None, message)]
    if (found := other_noise(radius, half, sigma, n, alpha)) is not None:
        message = f"sigma={sigma:g} is used, but {found.text}; if that is right, pass sigma (--sigma)"
        return n, alpha, [Finding("sigma-against-radii", found.tied, None, message)]
    return n, alpha, []


def _radii(parsed: Parsed) -> tuple[Float, Float]:
    """The radii that were certified, and how far each may have been rounded."""
    rows = parsed.rows
    certified = (rows.predict >= 0) & (rows.printed.value > 0) & (rows.printed.value <= LARGEST_RADIUS)
    printed = rows.printed[certified]
    return printed.value, half_units(printed)[0]


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
