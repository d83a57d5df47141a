"""The charts of one group of logs in an audit, with what the reader can change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from rstheory.audit.budget_curves import BudgetCurves
from rstheory.audit.compare import Comparison
from rstheory.audit.frames import SMALLEST_BUDGET
from rstheory.audit.report import AuditReport, Group, LogReport
from rstheory.audit.verdict import Dependence, GroupVerdict
from rstheory.pages import charts, frames
from rstheory.pages.blocks import Block, Chart, Choice, Control, Note, Slider, Switches, Table, View
from rstheory.pages.crossings import crossing_table
from rstheory.pages.leaders import leaders
from rstheory.tables import Column, TextColumn

MOST_LOGS = len(charts.COLORS)  # more lines than colours cannot be told apart: those with the largest ACR are drawn
BY_BUDGET, PAIRS = "ACR by budget N", "pairs"  # tables of `audit.view` that belong to a chart


def group_charts(
    report: AuditReport, group: Group, verdict: GroupVerdict, tables: Mapping[str, Table], key: str
) -> tuple[tuple[Block, ...], tuple[Control, ...]]:
    """Every chart that a group has, with the table of crossings, and the controls that act on all of them.

    Of one log the first two. None where nothing is certified, and where rows have settings of their own: p stands on
    one axis, and each such row has another scale.

    tables: what the terminal shows, by title. key: heads the names of the data, so that groups do not share them.
    """
    if group.varying or not any(member.log.acr > 0 for member in report.members(group)):
        return (), ()
    drawn = _Drawn(report, group, verdict, key)
    found: list[Block] = [drawn.accuracy()]
    if drawn.curves is not None and group.n > SMALLEST_BUDGET and BY_BUDGET in tables:
        found.append(drawn.by_budget(tables[BY_BUDGET]))
        if len(drawn.names) > 1:
            found.append(drawn.at_budget(tables[BY_BUDGET]))
    if group.standing is not None:
        crossings = crossing_table(group.standing.found, dict(zip(drawn.order, drawn.names, strict=True)))
        found += [] if crossings is None else [crossings]
    if drawn.pairs and PAIRS in tables:
        found.append(drawn.comparison(tables[PAIRS]))
    return tuple(found), drawn.controls()


@dataclass(frozen=True, eq=False)
class _Drawn:
    """The logs of a group that are drawn, and the frames that its charts share."""

    report: AuditReport
    group: Group
    verdict: GroupVerdict
    key: str

    @cached_property
    def order(self) -> list[int]:
        """Positions in the group of the logs drawn, the largest ACR first."""
        members = self.report.members(self.group)
        return sorted(range(len(members)), key=lambda i: (-members[i].log.acr, i))[:MOST_LOGS]

    @cached_property
    def members(self) -> list[LogReport]:
        """The logs drawn."""
        members = self.report.members(self.group)
        return [members[i] for i in self.order]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of the logs drawn."""
        return tuple(self.group.names[i] for i in self.order)

    @cached_property
    def curves(self) -> tuple[BudgetCurves, list[int]] | None:
        """Budget curves, and the places of the logs drawn in them."""
        shared = self.report.curves_of(self.group)
        return None if shared is None else (shared[0], [shared[1][i] for i in self.order])

    @cached_property
    def pairs(self) -> list[tuple[int, int, Comparison]]:
        """The comparisons of logs drawn, with their numbers."""
        place = {member.log.path: number for number, member in enumerate(self.members)}
        compared = [pair for pair in self.group.comparisons if pair.a in place and pair.b in place]
        return [(place[pair.a], place[pair.b], pair) for pair in compared]

    @cached_property
    def budgets(self) -> pd.DataFrame:
        """Expected ACR by budget."""
        assert self.curves is not None, "only charts by budget ask for them"
        return frames.budget_grid(*self.curves)

    def controls(self) -> tuple[Control, ...]:
        """Check boxes for the logs."""
        size = len(self.names)
        return (Switches("shown", "Logs", self.names, charts.COLORS[:size], charts.DASHES[:size]),) if size > 1 else ()

    def led(self, what: str, found: Dependence | None, symbol: str, alone: str) -> str:
        """What there is to see: who leads where, or, of a log without others, `alone`."""
        few, size = len(self.names), len(self.group.members)
        drawn = f" Drawn: the {few} of {size} logs with the largest ACR." if few < size else ""
        if found is None:
            return (alone if size == 1 else f"{self.names[0]} has the largest ACR.") + drawn
        return f"{what}, with the logs within error of it: {leaders(found, symbol)}.{drawn}"

    def named(self, what: str) -> str:
        """Name of a frame of this group in the page."""
        return f"{self.key}_{what}"

    def accuracy(self) -> Chart:
        """Certified accuracy against the radius, or against u."""
        logs = [member.log for member in self.members]
        curves, grid = frames.curve_frame(logs), frames.grid_frame(logs)
        named = self.named("curves"), self.named("grid")
        smallest = float(curves["tail"].min())
        alone = (
            f"{100 * logs[0].clean_accuracy:.1f} % are predicted correctly; the curve falls to 0 at r ="
            f" {float(curves['radius'].max()):.2f}."
        )
        see = self.led("Largest certified accuracy", self.verdict.by_radius, "r", alone)
        return Chart(
            title="Certified accuracy",
            see=see,
            views=(
                View("by radius r", charts.accuracy_by_radius(self.names, *named)),
                View("by probability u", charts.survival_by_u(self.names, *named, smallest)),
            ),
            data=dict(zip(named, (curves, grid), strict=True)),
            table=self.accuracy_table(),
            controls=(Choice("band", "Band of", self.names),) if len(self.names) > 1 else (),
            remark="The area below a curve is its ACR. Against u it is the share of samples whose p is at least u, as"
            " certified. The band reaches down to what holds for the population, at 95 %, for all radii at once.",
        )

    def accuracy_table(self) -> Table:
        """Certified accuracy of the logs drawn at all radii looked at."""
        columns = [
            Column(f"r={radius:g}", tuple(f"{100 * member.certified_accuracy[k]:.1f}" for member in self.members))
            for k, radius in enumerate(self.group.radii)
        ]
        caption = f"certified accuracy in %, {self.group.title}"
        return Table(caption, (TextColumn("log", self.names),), tuple(columns))

    def by_budget(self, table: Table) -> Chart:
        """Expected ACR against the budget."""
        budgets, crossings = self.budgets, frames.crossing_points(self.whole_pairs(), self.budgets)
        data = {self.named("budgets"): budgets}
        circles, remark = None, "What the draws made would have certified on average, had there been only N of them."
        if len(crossings):
            circles = self.named("crossings")
            data[circles] = crossings
            remark += " Circles: budgets at which two logs change places."
        low, high = (budgets["s0"].iloc[place] for place in (0, -1))
        alone = f"ACR grows from {low:.4f} at N = {budgets['n'].iloc[0]:,} to {high:.4f} at N = {self.group.n:,}."
        spec = charts.acr_by_budget(self.names, self.named("budgets"), circles, len(budgets) - 1)
        return Chart(
            title="ACR by certification budget",
            see=self.led("Largest ACR", self.verdict.by_budget, "N", alone),
            views=(View("ACR", spec),),
            data=data,
            table=table,
            controls=(self.slider(),),
            remark=remark,
        )

    def whole_pairs(self) -> list[tuple[int, int, Comparison]]:
        """Pairs that share all of their samples: only their curves cross where they are drawn to."""
        sizes = [member.log.samples for member in self.members]
        return [(a, b, pair) for a, b, pair in self.pairs if sizes[a] == sizes[b] == pair.samples]

    def slider(self) -> Slider:
        """Over the budgets drawn."""
        return Slider("step", "Budget", tuple(f"N = {n:,}" for n in self.budgets["n"]), len(self.budgets) - 1)

    def at_budget(self, table: Table) -> Chart:
        """The order by ACR at the budget of the slider."""
        named = self.named("budgets")
        return Chart(
            title="Order by ACR at the chosen budget",
            see="The order of the logs at the budget of the slider above; at first at the logs' own.",
            views=(View("ACR", charts.acr_at_budget(self.names, named, len(self.budgets) - 1)),),
            data={named: self.budgets},
            table=table,
        )

    def comparison(self, table: Table) -> Chart:
        """Any two of the logs: the difference of their certified accuracy, and of their ACR by budget."""
        logs = [member.log for member in self.members]
        leads = frames.lead_frame(logs)
        named = self.named("pairs"), self.named("budgets")
        data = {named[0]: leads}
        views = [
            View("by radius r", charts.lead_by_radius(self.names, named[0])),
            View("by probability u", charts.lead_by_u(self.names, named[0], float(leads["tail"].min()))),
        ]
        if self.curves is not None and self.group.n > SMALLEST_BUDGET:
            views.append(View("ACR by budget N", charts.lead_by_budget(self.names, named[1])))
            data[named[1]] = self.budgets
        texts = self.texts()
        return Chart(
            title="Two logs compared",
            see=texts[0][1],
            views=tuple(views),
            data=data,
            table=table,
            controls=(Choice("a", "Log", self.names), Choice("b", "minus", self.names, 1)),
            remark="On the samples that both logs hold, paired. Above 0 the first log certifies more of them."
            " Shaded: two standard errors either way, radius by radius, not for all radii at once.",
            note=Note(("a", "b"), texts),
        )

    def texts(self) -> tuple[tuple[str, ...], ...]:
        """What is said of each two logs, by their numbers."""
        size = len(self.names)
        texts = [["The same log twice." if i == j else "Not compared." for j in range(size)] for i in range(size)]
        for a, b, pair in self.pairs:
            texts[a][b] = f"{self.names[a]} minus {self.names[b]}: {_told(pair, 1)}"
            texts[b][a] = f"{self.names[b]} minus {self.names[a]}: {_told(pair, -1)}"
        return tuple(map(tuple, texts))


def _told(pair: Comparison, sign: int) -> str:
    """A comparison in a sentence. sign: -1 to tell it of b minus a."""
    low, high = sorted(sign * end for end in pair.interval)
    text = (
        f"ACR {sign * pair.acr_difference:+.4f} (95 % interval {low:+.4f} to {high:+.4f}) on {pair.samples:,} common"
        " samples. "
    )
    if not pair.crossing_budgets:
        return text + "The order by ACR is the same at every budget looked at."
    some = ", ".join(f"{n:,}" for n in pair.crossing_budgets[-3:])
    return text + f"The order by ACR changes at N = {some}."
