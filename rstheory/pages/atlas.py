"""The page of an atlas: every log in a row, and how the methods of each setting stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd

from rstheory._provenance import provenance
from rstheory._words import plural
from rstheory.atlas.build import Atlas
from rstheory.atlas.frame import to_frame
from rstheory.atlas.standing import Standing
from rstheory.pages.blocks import Block, Page, Paragraph, Points, Remark, Section
from rstheory.pages.from_frames import table_of

_SHOWN = (
    "file", "repository", "data", "method", "sigma", "n", "samples", "verdict", "acr", "acr_sound", "acr_1000",
    "acr_100000", "easiest_tenth", "findings",
)  # fmt: skip
_TIERS = (
    "Nobody in a tier is behind anybody of the same or a later tier, as far as tests can tell. Ahead is who has"
    " significantly more images with a certified bound of at least u at some u, and significantly fewer at none."
)


def atlas_page(atlas: Atlas, standings: Sequence[Standing], made_by: Mapping[str, str] | None = None) -> Page:
    """An atlas as a page. standings: of its groups. made_by: what made it; default: the versions."""
    verdicts = Counter(row.verdict for row in atlas.rows)
    overview = Points(tuple((f"{number:,}", verdict) for verdict, number in verdicts.most_common()))
    compared = [standing for standing in standings if len(standing.entries) > 1]
    return Page(
        title=f"Atlas of {plural(len(atlas.rows), 'certification log')}",
        summary=f"Brought to N = {atlas.n:,} at alpha = {atlas.alpha:g}, and compared by the distribution of p.",
        sections=(
            Section("What was read", (overview, *_unread(atlas))),
            Section("Standing of methods", (Remark(_TIERS), *(_standing(standing) for standing in compared))),
            Section("All logs", (_rows(atlas, standings),)),
        ),
        made_by=provenance(command="rstheory atlas", n=atlas.n, alpha=atlas.alpha) if made_by is None else made_by,
    )


def _unread(atlas: Atlas) -> list[Block]:
    left = [(f"{row.path}:", row.error) for row in atlas.rows if row.error]
    left += [(f"{path}:", f"skipped: {reason}") for path, reason in atlas.skipped]
    return [Paragraph("Not read:"), Points(tuple(left))] if left else []


def _standing(standing: Standing) -> Block:
    rows = [
        {
            "tier": number,
            "method": standing.entries[i].name,
            "repository": standing.entries[i].repository,
            "runs": len(standing.entries[i].rows),
            "ACR": standing.acr[i],
        }
        for number, tier in enumerate(standing.tiers, 1)
        for i in sorted(tier, key=lambda i: -standing.acr[i])
    ]
    why = "Not compared pair by pair: the budget certifies nothing, or there are too many entries."
    remarks = () if standing.complete else (why,)
    frame = pd.DataFrame(rows, columns=["tier", "method", "repository", "runs", "ACR"])
    return table_of(frame, standing.setting.title, 2, {"ACR": ".3f"}, *remarks)


def _rows(atlas: Atlas, standings: Sequence[Standing]) -> Block:
    frame = to_frame(atlas, tuple(standings))
    shown = frame[[name for name in _SHOWN if name in frame]].astype(object)
    return table_of(shown.where(shown.notna(), None), "one row per log")
