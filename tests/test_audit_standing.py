"""How the logs of a group stand to each other: who is first, within error, and which orders contradict each other."""

from dataclasses import replace

import numpy as np
import pytest
from audit_logs import counts_of_model, log_of_counts

from rstheory.audit.budget_curves import BudgetCurves
from rstheory.audit.intervals import GroupIntervals
from rstheory.audit.report import audit_report
from rstheory.audit.standing import Standing, standing
from rstheory.statistics.ranks import ranking


def made(acr, above, elsewhere=()):
    """A standing by hand: `above` and `elsewhere` are pairs (i, j) of which i is above j beyond error; the latter with
    the values there."""

    def ranked(values, pairs):
        found = np.zeros((len(values), len(values)), bool)
        for i, j in pairs:
            found[i, j] = True
        return ranking(values, found)

    places = tuple(ranked(values, pairs) for values, pairs in elsewhere)
    return Standing(GroupIntervals(
        samples=1, acr=tuple(acr), by_acr=ranked(acr, above), budgets=(), by_budget=(),
        radii=tuple(map(float, range(len(places)))), by_radius=places, crossings={}, rho=0.05,
    ))  # fmt: skip


def test_tiers_are_in_the_order_by_acr():
    """Nothing is above 2 and 0; of the others nothing is above 1; 3 is last."""
    found = made([0.7, 0.5, 0.8, 0.1], [(2, 1), (0, 1), (1, 3), (0, 3), (2, 3)])
    assert found.order == (2, 0, 1, 3)
    assert found.tiers == ((2, 0), (1,), (3,))
    assert found.first(found.found.by_acr) == (2, 0)


def test_the_leader_of_a_place_comes_first_whatever_its_acr():
    found = made([0.7, 0.5, 0.3], [], [((0.1, 0.5, 0.4), [(1, 0)])])
    assert found.first(found.found.by_radius[0]) == (1, 2)


@pytest.mark.parametrize(
    ("by_acr", "there", "values", "reversals", "within"),
    [
        ([(0, 1)], [(1, 0)], (0.2, 0.4), 1, 0),
        ([(0, 1)], [], (0.2, 0.4), 0, 1),
        ([], [(1, 0)], (0.2, 0.4), 0, 1),
        ([(0, 1)], [(0, 1)], (0.4, 0.2), 0, 0),
        ([], [], (0.3, 0.3), 0, 0),
    ],
)
def test_a_reversal_is_beyond_error_at_both_ends(by_acr, there, values, reversals, within):
    """0 has the larger ACR. Only where both leads are beyond error is the order contradicted."""
    found = made([0.8, 0.7], by_acr, [(values, there)])
    changes = found.changes(found.found.radii, found.found.by_radius)
    assert (changes.pairs, len(changes.reversals), changes.within) == (1, reversals, within)
    if reversals:
        assert (changes.reversals[0].above, changes.reversals[0].below, changes.reversals[0].at) == (0, 1, (0.0,))


def test_radii_that_no_budget_gives_put_no_log_first():
    liar = log_of_counts(counts_of_model(1) // 2 + 500, path="liar")
    liar = replace(liar, radius=np.where(liar.correct, 9.0, 0.0))
    tops = replace(liar, radius=np.where(liar.correct, liar.max_radius, 0.0), path="tops")
    found = standing([liar, tops], BudgetCurves([liar, tops]), (100, 1000), (0.0, 0.5))
    assert found.tiers == ((0, 1),)
    assert found.changes((100, 1000), found.found.by_budget).within == 0


def test_logs_without_an_image_in_all_of_them_are_not_ranked():
    """Each two share images, no image is in all three."""
    whole = log_of_counts(counts_of_model(1, 300), path="whole")
    thirds = np.split(np.arange(300), 3)
    logs = [replace(whole.select(np.sort(np.concatenate([thirds[i], thirds[i - 1]]))), path=str(i)) for i in range(3)]
    (group,) = audit_report(logs, [100]).groups
    assert group.standing is None
    assert len(group.comparisons) == 3
