"""Boundaries at looks against exact arithmetic: the level stated is the level proved (theory G4)."""

import math

import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import given
from hypothesis import strategies as st
from strategies import log_uniform

from rstheory import clopper_pearson_lower_sf
from rstheory.rigorous import binomial as exact_binomial
from rstheory.rigorous import sequential as oracle
from rstheory.rigorous.exact import one_minus, to_ball, to_exact
from rstheory.sequential import crossing as cr


@st.composite
def boundaries(draw, largest=60):
    """(looks, most failures per look, t)."""
    looks = sorted(draw(st.sets(st.integers(1, largest), min_size=1, max_size=8)))
    most = [draw(st.integers(-1, look)) for look in looks]
    return looks, most, draw(st.floats(0.01, 0.99) | log_uniform(1e-6, 0.5))


@given(boundaries())
def test_crossing_probability_is_never_too_small_and_hardly_too_large(case):
    looks, most, t = case
    exact = oracle.crossing_probability_sf(looks, most, t)
    found = arb(float(cr.crossing_probability_sf(looks, most, t)[-1]))
    assert found >= exact
    assert found <= exact * (1 + arb(1e-9)) + arb(1e-19)


@pytest.mark.parametrize(("n", "t"), [(1, 0.5), (37, 0.1587), (2000, 0.1587), (2000, 0.5), (2000, 1e-4), (10**5, 0.01)])
def test_masses_are_as_accurate_as_the_level_assumes(n, t):
    first, mass, outside = cr._window(n, t, 1e-25)
    rate = to_exact("t", t)
    with ctx.workprec(200):
        for i in np.unique(np.linspace(0, len(mass) - 1, 60).astype(int)).tolist():
            exact = exact_binomial.point_mass(first + i, n, to_ball(rate), to_ball(one_minus(rate)))
            assert abs(float(arb(float(mass[i])) / exact - 1)) <= cr._MASS_ERROR
    assert outside < 1e-20


@given(boundaries(), st.floats(1.0, 3.0))
def test_the_worst_case_is_the_threshold(case, factor):
    """At a larger failure rate crossing is rarer, at every look: the coupling argument, as an inequality."""
    looks, most, t = case
    worse = min(t * factor, 0.999)
    ahead, behind = cr.crossing_probability_sf(looks, most, t), cr.crossing_probability_sf(looks, most, worse)
    assert np.all(behind <= ahead * (1 + 1e-9) + 1e-19)


@given(boundaries(largest=30), st.floats(1e-6, 0.5), st.data())
def test_spending_keeps_to_what_is_allowed_and_wastes_nothing(case, level, data):
    looks, _, t = case
    shares = sorted(data.draw(st.lists(st.floats(0, 1), min_size=len(looks), max_size=len(looks))))
    allowed = level * np.array(shares)
    most, spent = cr.spending_boundary_sf(looks, allowed, t)
    assert np.all(spent <= allowed + 1e-20)  # what windows leave out counts as spent, also where nothing may be
    exact = oracle.crossing_probability_sf(looks, most.tolist(), t)
    assert exact <= arb(float(spent[-1]))
    if most[-1] < looks[-1]:  # one failure more at the last look would break the level
        wider = [*most[:-1].tolist(), int(most[-1]) + 1]
        assert oracle.crossing_probability_sf(looks, wider, t) > arb(float(allowed[-1])) * (1 - arb(1e-8)) - arb(1e-20)


@pytest.mark.parametrize("alpha", [0.05, 0.001])
def test_bounds_at_level_alpha_repeated_at_looks_are_not_of_level_alpha(alpha):
    """Broken on purpose: Clopper-Pearson at alpha at each of several looks (G4, last sentence)."""
    looks, t = [100, 200, 400, 800, 1600], 0.1587
    most = []
    for n in looks:
        certified = clopper_pearson_lower_sf(n - np.arange(n + 1), n, alpha) <= t
        most.append(int(certified.sum()) - 1)
    levels = cr.crossing_probability_sf(looks, most, t)
    assert levels[0] <= alpha
    assert levels[-1] > 1.5 * alpha


@given(boundaries(largest=40), st.data())
def test_characteristics_by_enumeration(case, data):
    looks, most, t = case
    fewest = [data.draw(st.integers(f + 1, look + 1)) for look, f in zip(looks, most, strict=True)]
    found = cr.characteristics_sf(looks, most, fewest, t)
    mass, certified, refuted, draws = {0: 1.0}, 0.0, 0.0, 0.0
    for n in range(1, looks[-1] + 1):
        draws += sum(mass.values())
        moved: dict[int, float] = {}
        for failures, weight in mass.items():
            moved[failures] = moved.get(failures, 0.0) + weight * (1 - t)
            moved[failures + 1] = moved.get(failures + 1, 0.0) + weight * t
        if n in looks:
            i = looks.index(n)
            certified += sum(w for f, w in moved.items() if f <= most[i])
            refuted += sum(w for f, w in moved.items() if f >= fewest[i])
            moved = {f: w for f, w in moved.items() if most[i] < f < fewest[i]}
        mass = moved
    assert found.certified == pytest.approx(certified, abs=1e-12)
    assert found.refuted == pytest.approx(refuted, abs=1e-12)
    assert found.draws == pytest.approx(draws, rel=1e-10)


def test_refusals():
    for looks in ([], [5, 5], [0, 3], [7, 3], [2.0]):
        with pytest.raises(ValueError, match="looks"):
            cr.crossing_probability_sf(looks, [0] * len(looks), 0.5)
    with pytest.raises(ValueError, match="one entry a look"):
        cr.crossing_probability_sf([1, 2], [0], 0.5)
    with pytest.raises(ValueError, match="must not decrease"):
        cr.spending_boundary_sf([1, 2], [0.2, 0.1], 0.5)
    with pytest.raises(ValueError, match=r"t=.*strictly"):
        cr.crossing_probability_sf([1], [0], 0.0)
    assert math.isclose(float(cr.crossing_probability_sf([3], [3], 0.5)[0]), 1.0)
