"""From which budget on one log has the larger ACR than another: a table with intervals."""

from __future__ import annotations

from collections.abc import Sequence

from rstheory.audit.budget_curves import BudgetCurves
from rstheory.audit.intervals import group_intervals
from rstheory.logs.log import CertificationLog
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


def crossing_table(logs: Sequence[CertificationLog], names: Sequence[str], curves: BudgetCurves) -> Table | None:
    """Every pair of logs; None where they share no image.

    curves: budget curves of these logs, in their order.
    """
    try:
        found = group_intervals(logs, curves).crossings
    except ValueError:
        return None
    pairs = [(i, j, crossing) for (i, j), crossing in found.items()]
    led = [(i, j) if crossing.leader == "a" else (j, i) for i, j, crossing in pairs]
    return Table(
        CAPTION,
        tuple(
            TextColumn(head, tuple(names[pair[place]] for pair in led)) for place, head in enumerate(("log", "leads"))
        ),
        (
            Column("from N", tuple(_text(crossing.estimate) for *_, crossing in pairs)),
            Column("95 % interval", tuple(_range(crossing.low, crossing.high) for *_, crossing in pairs)),
            Column("rounding", tuple(_range(*crossing.rounding) for *_, crossing in pairs)),
            TextColumn("order", tuple(_order(crossing) for *_, crossing in pairs)),
        ),
        _REMARKS,
    )


def _text(budget: Overtaking) -> str:
    return budget if isinstance(budget, str) else f"{budget:,}"


def _range(low: Overtaking, high: Overtaking) -> str:
    return _text(low) if low == high else f"{_text(low)} to {_text(high)}"


def _order(crossing: CrossingInterval) -> str:
    return "open: rounding alone decides" if crossing.undetermined else crossing.order
