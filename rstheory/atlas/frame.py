"""An atlas as one table, and as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rstheory._files import atomic_write
from rstheory._version import __version__
from rstheory.atlas.build import Atlas
from rstheory.atlas.grid import U
from rstheory.atlas.standing import Standing
from rstheory.atlas.summary import BUDGETS, Summary

if TYPE_CHECKING:
    import pandas as pd


def to_frame(atlas: Atlas, standings: tuple[Standing, ...] = ()) -> pd.DataFrame:
    """One row per log, in the order of the atlas: what its path says, where that came from, and every number.

    Columns: repository, file, path, data, method, architecture, settings, run, trained, sigma, n, alpha, level_proved
    (alpha times what the findings say of it), assumed, samples, verdict, findings, acr, acr_error (over the images),
    acr_sound, acr_1000, kind_1000 and so on for each budget, easiest_tenth, accuracy, abstained, curve_n, S_0.5 to
    S_0.9999, tier, dominates, dominated, ahead, behind, cross, ties (numbers of entries of its group), same_rows_as,
    certificate, origin, error. Missing values are empty.
    """
    import pandas as pd

    places = _places(standings)
    earlier = {row: first for standing in standings for row, first in standing.group.duplicates.items()}
    rows = [_row(row) | places.get(i, {}) for i, row in enumerate(atlas.rows)]
    for row, first in earlier.items():
        rows[row] |= places.get(first, {}) | {"same_rows_as": atlas.rows[first].path}
    columns = list(dict.fromkeys(name for row in rows for name in row))
    last = ("certificate", "origin", "error")
    frame = pd.DataFrame(rows, columns=[*(c for c in columns if c not in last), *(c for c in last if c in columns)])
    for name in ("tier", "dominates", "dominated", "ahead", "behind", "cross", "ties", "n", "curve_n", "samples"):
        if name in frame:
            frame[name] = frame[name].astype("Int64")
    return frame


def _row(row: Summary) -> dict[str, Any]:
    named = row.named
    values: dict[str, Any] = {
        "repository": named.repository,
        "file": named.file or row.path,
        "path": row.path,
        "data": named.data,
        "method": named.method,
        "architecture": named.architecture,
        "settings": named.settings,
        "run": named.run,
        "trained": named.trained,
        "sigma": row.sigma,
        "n": row.n or None,
        "alpha": row.alpha,
        "level_proved": row.level_proved if row.alpha == row.alpha else row.alpha,
        "assumed": " ".join(row.assumed),
        "samples": row.samples if not row.error else None,
        "verdict": row.verdict,
        "findings": " ".join(finding.code for finding in row.findings if not finding.is_note),
        "acr": row.acr,
        "acr_error": row.standard_error,
        "acr_sound": row.acr_sound,
    }
    for n in BUDGETS:
        budget = row.acr_at(n)
        values[f"acr_{n}"] = None if budget is None else budget.acr
        values[f"kind_{n}"] = "" if budget is None else budget.kind
    values |= {
        "easiest_tenth": row.easiest_tenth,
        "accuracy": row.accuracy,
        "abstained": row.abstained,
        "curve_n": row.curve_n or None,
    }
    values |= {f"S_{u:g}": share for u, share in zip(U, row.survival or [None] * len(U), strict=True)}
    origin = "; ".join(f"{what}: {where}" for what, where in named.origin.items())
    return values | {"certificate": named.certificate, "origin": origin, "error": row.error}


def _places(standings: tuple[Standing, ...]) -> dict[int, dict[str, int]]:
    """How the entry of each row stands in its group."""
    places: dict[int, dict[str, int]] = {}
    for standing in standings:
        if not standing.complete:
            continue
        told = [dict.fromkeys(("dominates", "dominated", "ahead", "behind", "cross", "ties"), 0)
                for _ in standing.entries]  # fmt: skip
        for pair in standing.pairs:
            for me, other, verdict in ((pair.a, "a", pair.verdict), (pair.b, "b", standing.verdict(pair.b, pair.a))):
                told[me][{"tie": "ties"}.get(verdict, verdict)] += 1
                if pair.dominates is not None:
                    told[me]["dominates" if pair.dominates == other else "dominated"] += 1
        for number, tier in enumerate(standing.tiers, 1):
            for entry in tier:
                for row in standing.entries[entry].rows:
                    places[row] = {"tier": number, **told[entry]}
    return places


def to_json(atlas: Atlas, standings: tuple[Standing, ...] = ()) -> dict[str, Any]:
    """Everything that the atlas knows but for the single images.

    Keys: version, n, alpha, u (the grid), logs (one for each row: the fields of `Summary`), skipped, groups (setting,
    entries with their rows and tier, pairs with verdict, lead and adjusted p-value at each grid point).
    """
    logs = []
    for row in atlas.rows:
        content = row.to_json()
        del content["levels"]
        logs.append(content)
    return {
        "version": __version__,
        "n": atlas.n,
        "alpha": atlas.alpha,
        "u": list(U),
        "logs": logs,
        "skipped": [{"path": path, "message": reason} for path, reason in atlas.skipped],
        "groups": [_group(standing) for standing in standings],
    }


def _group(standing: Standing) -> dict[str, Any]:
    tier = {entry: number for number, members in enumerate(standing.tiers, 1) for entry in members}
    setting = standing.setting
    return {
        "data": setting.data,
        "sigma": setting.sigma,
        "n": setting.n,
        "alpha": setting.alpha,
        "points": standing.points,
        "complete": standing.complete,
        "left_out": list(standing.group.left_out),
        "same_rows": [{"row": row, "as": first} for row, first in standing.group.duplicates.items()],
        "entries": [
            {"name": entry.name, "repository": entry.repository, "rows": list(entry.rows), "tier": tier[i],
             "acr": standing.acr[i]}
            for i, entry in enumerate(standing.entries)
        ],
        "pairs": [
            {
                "a": pair.a, "b": pair.b, "verdict": pair.verdict, "dominates": pair.dominates,
                "how": pair.difference.how, "images": pair.difference.images,
                "lead": pair.difference.lead.tolist(), "error": pair.difference.error.tolist(),
                "adjusted_p": pair.adjusted.tolist(),
            }
            for pair in standing.pairs
        ],
    }  # fmt: skip


def write_json(content: dict[str, Any], path: Path) -> None:
    """Write JSON, whole or not at all."""
    with atomic_write(path) as part:
        part.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
