"""The truncated mixture against ball arithmetic, brute force and what a supermartingale is (theory G1, G2)."""

import math

import numpy as np
import pytest
from flint import arb
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy.special import betaln
from strategies import counts, log_uniform, small_levels

from rstheory import clopper_pearson_lower_sf
from rstheory.rigorous import sequential as oracle
from rstheory.sequential import mixture as mx

OPEN_TAILS = log_uniform(1e-9, 0.999999)


@st.composite
def near_counts(draw, largest=10**5):
    """(k, n, t) with t anywhere, or within a few standard deviations of the failure rate."""
    k, n = draw(counts(largest))
    angle = math.asin(math.sqrt((n - k + 0.5) / (n + 1))) + draw(st.floats(-3, 6)) / math.sqrt(n)
    near = min(max(math.sin(min(max(angle, 0.0), math.pi / 2)) ** 2, 1e-9), 0.999999)
    return k, n, draw(st.sampled_from([near]) | OPEN_TAILS)


@given(near_counts())
@example((44_008, 44_008, 0.5))
@example((0, 44_008, 0.99998))
@example((1, 2, 0.5))
@example((99_990, 100_000, 0.002))
def test_evidence_is_as_accurate_as_promised(case):
    k, n, t = case
    exact = oracle.log_mixture_sf(k, n, t)
    allowed = 1e-13 + 1e-14 * abs(float(exact)) + 1e-15 * abs(n * t - (n - k))
    assert abs(float(arb(mx.log_mixture_sf(k, n, t)) - exact)) <= allowed


def unrounded(tail):
    """Below the exact bound: one is not looser than by 1e-10, or a few steps of the floats next to 1."""
    return min(tail * (1 - 1e-10), 1 - (1 - tail) * (1 + 1e-10) - 4e-16)


@given(counts(10**5), small_levels())
@example((100_000, 100_000), 0.001)
@example((1, 1), 0.5)
@example((99_999, 100_000), 1e-300)
@example((1, 100_000), 1e-300)
@example((50_000, 100_000), 0.5)
def test_anytime_bound_is_sound_and_tight(kn, alpha):
    k, n = kn
    tail = mx.anytime_lower_sf(k, n, alpha)
    assert oracle.is_sound_anytime_sf(k, n, alpha, tail)
    assert mx.anytime_lower(k, n, alpha) <= 1 - tail
    if tail < 1:
        assert not oracle.is_sound_anytime_sf(k, n, alpha, unrounded(tail))


@pytest.mark.parametrize("alpha", [0.5, 0.05, 0.001, 1e-12])
@pytest.mark.parametrize("n", [1, 2, 7, 40])
def test_anytime_bound_is_the_infimum_by_brute_force(n, alpha):
    """The first q of a fine grid, from 0 upwards, at which the evidence is below 1/alpha, by another formula."""
    q = np.linspace(0, 1, 20_001)[1:-1]
    found = mx.anytime_lower(np.arange(n + 1), n, alpha)
    for k in range(n + 1):
        theta = np.linspace(0, math.pi, 20_001)[:-1] + math.pi / 40_000  # theta = cos(angle/2)^2: Jeffreys' prior
        success = np.cos(theta / 2) ** 2
        likelihood = success**k * (1 - success) ** (n - k)
        above = np.cumsum(likelihood)  # from success near 1 downwards
        position = np.searchsorted(-success, -q, side="right")  # those with success > q
        mean = above[np.maximum(position - 1, 0)] / np.maximum(position, 1)
        wealth = np.where(position > 0, mean / (q**k * (1 - q) ** (n - k)), 1.0)
        first = q[np.argmax(wealth < 1 / alpha)]
        assert found[k] == pytest.approx(first, abs=3e-4)


@given(counts(10**4, fewest=1), st.floats(0.0, 1.0), st.floats(0.0, 1.0), small_levels())
def test_evidence_falls_in_q_up_to_the_share_of_successes_and_is_at_most_1_beyond(kn, u, v, alpha):
    """What makes the infimum of G2 the one root."""
    k, n = kn
    share = k / n
    low, high = sorted([1e-6 + (share - 1e-6) * w for w in (u, v)])
    assume(0 < low < high < min(share, 1 - 1e-9))
    first, second = mx.log_mixture([k, k], n, [low, high])
    assert first >= second - 1e-12 * (1 + abs(first))
    beyond = min(share + (1 - share) * u, 1 - 1e-9)
    assume(0 < beyond < 1 and beyond >= share)
    assert mx.log_mixture(k, n, beyond) <= 1e-12


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.01, 0.99), st.floats(0, 1))
def test_evidence_is_a_supermartingale_for_every_p_up_to_q(k, j, q, u):
    """One draw ahead: p W(k+1, n+1) + (1-p) W(k, n+1) <= W(k, n) for p <= q, with equality at p = q."""
    n, p = k + j, u * q
    now = mx.log_mixture(k, n, q) if n else 0.0
    success, failure = mx.log_mixture([k + 1, k], n + 1, q) - now
    mean = p * math.exp(success) + (1 - p) * math.exp(failure)
    assert mean <= 1 + 1e-10
    if u == 1:
        assert mean == pytest.approx(1, rel=1e-10)


def untruncated(failures, n, t):
    """ln of the mixture over all theta: a martingale at p = q only."""
    k = n - failures
    return betaln(k + 0.5, failures + 0.5) - betaln(0.5, 0.5) - k * np.log1p(-t) - failures * np.log(t)


def crossing(stops, p, draws=150):
    """Exact P(stops(n)[failures] for some n <= draws), draw by draw."""
    mass, crossed = np.ones(1), 0.0
    for n in range(1, draws + 1):
        mass = np.append(mass * p, 0) + np.append(0, mass * (1 - p))
        stop = stops(n)
        crossed += mass[stop].sum()
        mass[stop] = 0
    return crossed


@pytest.mark.parametrize("alpha", [0.3, 0.05, 0.001])
@pytest.mark.parametrize("q", [0.3, 0.5, 0.8413, 0.99])
def test_false_alarms_exactly(q, alpha):
    """Read after every draw up to 150, P(W ever >= 1/alpha) <= alpha at every p <= q: enumerated, no simulation."""

    n, failures = np.arange(1, 151)[:, None], np.arange(151)
    enough = (failures <= n) & (mx.log_mixture(np.maximum(n - failures, 0), n, q) >= -math.log(alpha))
    for p in (q, 0.99 * q, 0.7 * q, 0.1 * q):
        assert crossing(lambda n: enough[n - 1, : n + 1], p) <= alpha


def test_the_untruncated_mixture_fails_where_the_truncated_one_holds():
    """Broken on purpose: over all theta the evidence also grows because p is *below* q."""
    assert crossing(lambda n: untruncated(np.arange(n + 1), n, 0.2) >= math.log(100), 0.6) > 0.9


@given(st.lists(st.integers(1, 10**5), min_size=1, max_size=5), log_uniform(1e-6, 0.9), small_levels())
def test_most_failures_is_the_whole_test(ns, t, alpha):
    draws = np.array(ns)
    most = mx.most_failures(draws, t, alpha)
    goal = -math.log(alpha)
    for n, f in zip(ns, most.tolist(), strict=True):
        assert -1 <= f <= n * t
        if f >= 0:
            assert mx.log_mixture_sf(n - f, n, t) >= goal
        if f < n:
            assert mx.log_mixture_sf(n - f - 1, n, t) < goal + 1e-9 * (1 + goal)


@given(counts(10**6), small_levels())
def test_it_costs_something_to_hold_at_any_time(kn, alpha):
    """Never better than Clopper-Pearson, which holds at one n only."""
    k, n = kn
    assert mx.anytime_lower_sf(k, n, alpha) >= clopper_pearson_lower_sf(k, n, alpha) * (1 - 1e-11)


@given(counts(10**5, fewest=1), small_levels())
@example((1, 100_000), 1e-4)  # bounds next to 1, where rounding is more than what a draw changes
def test_anytime_bound_is_monotone(kn, alpha):
    k, n = kn
    best, fewer, later = mx.anytime_lower_sf([k, k - 1, k], [n, n, n + 1], alpha)
    for larger in (fewer, later, mx.anytime_lower_sf(k, n, alpha / 2)):
        assert unrounded(best) <= larger


def test_shapes_and_refusals():
    assert isinstance(mx.anytime_lower(5, 10, 0.1), float)
    assert mx.anytime_lower_sf([[1, 2], [3, 4]], 10, 0.1).shape == (2, 2)
    assert mx.anytime_lower_sf(np.zeros(0, dtype=int), 10, 0.1).shape == (0,)
    assert mx.anytime_lower(0, 10, 0.1) == 0
    for bad in (0.0, 1.0):
        with pytest.raises(ValueError, match=r"t=.*must lie between"):
            mx.log_mixture_sf(1, 2, bad)
    with pytest.raises(ValueError, match=r"n=.*10\^15"):
        mx.anytime_lower(1, 10**16, 0.1)
