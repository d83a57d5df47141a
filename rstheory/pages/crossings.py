"""From which budget on one log has the larger ACR than another: a table with intervals."""

from __future__ import annotations

from collections.abc import Mapping

from rstheory.audit.intervals import GroupIntervals
from rstheory.pages.blocks import Table
from rstheory.statistics.crossing import CrossingInterval, Overtaking
from rstheory.tables import Column, TextColumn

CAPTION = "from which budget on one log has the larger ACR"
_REMARKS = (
    "Interval: over the choice of the images, 95 %, for each pair on its own. Rounding: the earliest and the latest,"
    " with every printed radius anywhere within its last digit. always: at every budget from 100 on. never: not"
    " excluded that it does not lead even at the logs' own budget.",
    "one leads: at every budget looked at. crosses: the two change places somewhere. open: neither is shown.",
)


def crossing_table(found: GroupIntervals, names: Mapping[int, str]) -> Table | None:
    """Every pair of the logs named; None where there is none.

    names: by the positions of the logs in `found`.
    """
    pairs = [(pair, crossing) for pair, crossing in found.crossings.items() if set(pair) <= set(names)]
    if not pairs:
        return None
    led = [(pair if crossing.leader == "a" else pair[::-1]) for pair, crossing in pairs]
    columns = tuple(
        TextColumn(head, tuple(names[pair[place]] for pair in led)) for place, head in enumerate(("log", "leads"))
    )
    crossings = [crossing for _, crossing in pairs]
    others = (
        Column("from N", tuple(_text(crossing.estimate) for crossing in crossings)),
        Column("95 % interval", tuple(_range(crossing.low, crossing.high) for crossing in crossings)),
        Column("rounding", tuple(_range(*crossing.rounding) for crossing in crossings)),
        TextColumn("order", tuple(_order(crossing) for crossing in crossings)),
    )
    return Table(CAPTION, columns, others, _REMARKS)


def _text(budget: Overtaking) -> str:
    return budget if isinstance(budget, str) else f"{budget:,}"


def _range(low: Overtaking, high: Overtaking) -> str:
    return _text(low) if low == high else f"{_text(low)} to {_text(high)}"


def _order(crossing: CrossingInterval) -> str:
    return "open: rounding alone decides" if crossing.undetermined else crossing.order
