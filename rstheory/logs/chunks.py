"""One run in several files, as clusters write it: which files are its chunks, and their rows as one log."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from rstheory._words import plural
from rstheory.logs.cells import Decimals
from rstheory.logs.finding import Finding
from rstheory.logs.parse import Parsed, Rows

# What names the chunk in a file's name: chunk_1out_of4, part3, shard-0-of-8, 2of4, rank0, gpu_1, start_500_end_1000.
_CHUNK = re.compile(
    r"(?<![a-z])(?:chunk|part|shard|split|rank|worker|gpu|job|task|array|node|process|proc|piece|batch|block|slice|"
    r"skip|start|begin|from|idx|range|index)s?[_.=-]?\d+(?:(?:[_.-]?(?:out)?[_.-]?of[_.-]?|[_.-]?to[_.-]?|[_.-]|"
    r"[_.-]?(?:end|stop|max)[_.=-]?)\d+)?|(?<![\d.])\d+[_.-]?(?:out)?[_.-]?of[_.-]?\d+",
    re.IGNORECASE,
)


def chunk_pattern(path: str) -> str | None:
    """The path with a star where its name tells a chunk; None where it tells none.

    >>> chunk_pattern("noise_0.50/certification_chunk_1out_of4.txt"), chunk_pattern("noise_0.50.tsv")
    ('noise_0.50/certification_*.txt', None)
    """
    folder, name = os.path.split(path)
    starred = _CHUNK.sub("*", name)
    return None if starred == name else os.path.join(folder, starred)


def chunk_sets(paths: Iterable[str]) -> list[tuple[str, ...]]:
    """The paths, those that may be chunks of one run together, at the place of the first; chunks in numeric order."""
    sets: dict[str, list[str]] = {}
    for path in paths:
        sets.setdefault(chunk_pattern(path) or path, []).append(path)
    return [tuple(sorted(members, key=_in_numeric_order)) for members in sets.values()]


def _in_numeric_order(path: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", os.path.basename(path))]


def joined(chunks: Sequence[Parsed]) -> Parsed | None:
    """The rows of all chunks as one log, lines counted through the files; None where they are not of one run.

    Chunks of one run have the same columns and settings and no index in common.
    """
    first = chunks[0]
    index = np.concatenate([chunk.rows.index for chunk in chunks])
    own = sum(len(np.unique(chunk.rows.index)) for chunk in chunks)
    alike = all(
        chunk.settings == first.settings
        and {*chunk.rows.varying} == {*first.rows.varying}
        and _kind(chunk.rows) == _kind(first.rows)
        and _made_by(chunk) == _made_by(first)
        for chunk in chunks
    )
    if not alike or len(np.unique(index)) < own:
        return None
    before = np.cumsum([0, *(chunk.lines for chunk in chunks)])
    rows = [replace(chunk.rows, line=chunk.rows.line + lines) for chunk, lines in zip(chunks, before, strict=False)]
    findings = [
        replace(finding, line=None if finding.line is None else finding.line + int(lines))
        for chunk, lines in zip(chunks, before, strict=False)
        for finding in chunk.findings
    ]
    message = (
        f"one run in {len(chunks)} files, whose names count its chunks and which have no index in common: read as one"
        " log, with lines counted through the files"
    )
    found = Finding("joined-chunks", len(index), None, message)
    return Parsed(_stacked(rows), first.settings, first.origin, (found, *_merged(findings)), int(before[-1]))


def _merged(findings: Sequence[Finding]) -> list[Finding]:
    """One finding for each code: the rows of all, and the words of the first."""
    by_code: dict[str, list[Finding]] = {}
    for finding in findings:
        by_code.setdefault(finding.code, []).append(finding)
    merged = []
    for alike in by_code.values():
        more = f" (and {plural(sum(f.rows for f in alike[1:]), 'row')} in other chunks)" if alike[1:] else ""
        rows = sum(finding.rows for finding in alike)
        merged.append(replace(alike[0], rows=rows, message=alike[0].message + more))
    return merged


def _made_by(chunk: Parsed) -> Any:
    return replace(chunk.origin, software=None)


def _kind(rows: Rows) -> tuple[Any, ...]:
    """What two chunks must have alike: the columns, and the number of classes."""
    return rows.draws is None, rows.u is None, None if rows.counts is None else rows.counts.shape[1]


def _stacked(parts: Sequence[Rows]) -> Rows:
    values: dict[str, Any] = {}
    for field in fields(Rows):
        own = [getattr(part, field.name) for part in parts]
        if isinstance(own[0], Decimals):
            columns = {f.name: np.concatenate([getattr(d, f.name) for d in own]) for f in fields(Decimals)}
            values[field.name] = Decimals(**columns)
        elif isinstance(own[0], dict):
            values[field.name] = {name: np.concatenate([d[name] for d in own]) for name in own[0]}
        else:
            values[field.name] = None if own[0] is None else np.concatenate(own)
    return Rows(**values)
