"""The page of certificates and attacks: what is certified, what withstood, and where the two contradict each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from rstheory._provenance import provenance
from rstheory._words import plural
from rstheory.audit.sandwich import Sandwich, summary
from rstheory.pages.blocks import Block, Chart, Page, Paragraph, Points, Section, View
from rstheory.pages.from_frames import table_of

_CURVES = ("certified", "withstood the attack", "and never abstained")
_COLUMNS = ("certified", "attacked", "answered")


def sandwich_page(sandwiches: Sequence[Sandwich], made_by: Mapping[str, str] | None = None) -> Page:
    """Certificates and attacks on the same images, as a page. made_by: what made it; default: the versions."""
    sections = [_overview(sandwiches), *(_section(one, f"s{i}") for i, one in enumerate(sandwiches))]
    return Page(
        title="Certificates and attacks",
        summary="What is certified, and what an attack reached. The robust radius of an image lies between the two.",
        sections=tuple(sections),
        made_by=provenance(command="rstheory sandwich") if made_by is None else made_by,
    )


def _overview(sandwiches: Sequence[Sandwich]) -> Section:
    alarms = sum(len(one.alarms) for one in sandwiches)
    text = "No answer contradicts a certificate."
    if alarms:
        text = f"{plural(alarms, 'answer')} inside a certified radius."
    if not sandwiches:
        return Section("Overview", (Paragraph("No attack stands beside its certificates."),))
    return Section("Overview", (Paragraph(text), table_of(summary(sandwiches), "by difficulty of the image", 3)))


def _section(one: Sandwich, key: str) -> Section:
    """One attack beside its certificates."""
    from rstheory.pages import charts  # loads Altair
    from rstheory.pages.from_frames import switches

    frame = one.accuracies()
    rows = [
        pd.DataFrame({"k": k, "radius": frame["radius"], "y": 100 * frame[name]}).assign(
            low=lambda rows: rows["y"], high=lambda rows: rows["y"]
        )
        for k, name in enumerate(_COLUMNS)
    ]
    middle = frame.iloc[len(frame) // 2]
    spec = charts.with_bands(_CURVES, f"{key}_curves", charts.radius_axis(), "radius", "share of images / %", ".1f")
    chart = Chart(
        title="Between the certificate and the attack",
        see=f"At r = {middle['radius']:.3g}, {100 * middle['certified']:.1f} % are certified and"
        f" {100 * middle['attacked']:.1f} % withstood the attack; the robust accuracy lies between.",
        views=(View("by radius r", spec),),
        data={f"{key}_curves": pd.concat(rows, ignore_index=True)},
        table=table_of(frame.iloc[:: max(1, len(frame) // 20)], f"accuracies, {one.certificates.path}"),
    )
    blocks: list[Block] = [chart]
    if one.alarms:
        blocks.append(Points(tuple(("Alarm:", f"{alarm}.") for alarm in one.alarms)))
    remark = f"With sound certificates an alarm rings with probability {one.level:.2g} at most."
    title = f"{one.certificates.path} under {one.attack.attack}, {plural(one.attack.m, 'draw')} per gradient"
    return Section(title, (Paragraph(remark), *blocks), switches(_CURVES, "Curves"))
