"""Randomized Clopper-Pearson: exact level, never below the plain bound, against ball arithmetic (theory C11)."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import binom
from strategies import log_uniform, small_levels, supported_counts

from rstheory import clopper_pearson_lower, clopper_pearson_lower_sf
from rstheory.randomized import randomized_lower, randomized_lower_sf
from rstheory.rigorous import sequential as oracle

UNIFORM = st.floats(0, 1) | log_uniform(1e-12, 1) | st.sampled_from([0.0, 1.0])


def hardest(test):
    rows = [((99_999, 100_000), 0.001, 0.0), ((990, 1000), 0.001, 0.5), ((2, 5), 1e-300, 0.3), ((1, 2), 0.5, 0.5)]
    rows += [((50_001, 100_000), 0.001, 1e-9), ((100_000, 100_000), 0.001, 1e-9), ((0, 5), 0.1, 0.0)]
    for row in rows:
        test = example(*row)(test)
    return test


@given(supported_counts().filter(lambda kn: kn[1] <= 10**12), small_levels(), UNIFORM)
@hardest
def test_sound_and_between_the_plain_bounds(kn, alpha, u):
    k, n = kn
    tail = randomized_lower_sf(k, n, alpha, u)
    assert oracle.is_sound_randomized_sf(k, n, alpha, u, tail)
    assert tail <= clopper_pearson_lower_sf(k, n, alpha)
    assert randomized_lower(k, n, alpha, u) <= 1 - tail
    if k < n:
        assert tail >= clopper_pearson_lower_sf(k + 1, n, alpha) * (1 - 1e-11)
    else:
        assert tail > 0


@given(supported_counts(fewest=2).filter(lambda kn: kn[1] <= 10**12), log_uniform(1e-12, 0.5), st.floats(1e-3, 1))
def test_tight(kn, alpha, u):
    """Not looser than by 1e-9, where the bound is not that of a closed form."""
    k, n = kn
    tail = randomized_lower_sf(k, n, alpha, u)
    if k < n and tail < 0.999:
        assert not oracle.is_sound_randomized_sf(k, n, alpha, u, tail * (1 - 1e-9))


def error_rate(p, n, alpha):
    """P(L > p), exactly in K and over 20 001 equally spaced u: within 1/20 000 of the true one for each K."""
    u = np.linspace(0, 1, 20_001)
    k = np.flatnonzero(binom.pmf(np.arange(n + 1), n, p) > 1e-12)
    wrong = randomized_lower_sf(k[:, None], n, alpha, u) < 1 - p
    return float(binom.pmf(k, n, p) @ wrong.mean(axis=1))


@pytest.mark.parametrize("alpha", [0.05, 0.3])
@pytest.mark.parametrize("p", [0.5, 0.7, 0.93])
def test_level_is_alpha_exactly(p, alpha):
    """And the plain bound's is below it: the gap that u fills."""
    n = 10
    assert error_rate(p, n, alpha) == pytest.approx(alpha, abs=2e-4)
    plain = clopper_pearson_lower(np.arange(n + 1), n, alpha) > p
    assert binom.pmf(np.arange(n + 1), n, p) @ plain < alpha


def test_level_holds_beyond_where_it_is_exact():
    assert error_rate(0.999, 10, 0.05) <= 0.05


def test_choosing_u_after_the_count_breaks_the_level():
    """Broken on purpose: the smallest u always."""
    k = np.arange(11)
    wrong = randomized_lower_sf(k, 10, 0.05, 1e-9) < 1 - 0.7
    assert binom.pmf(k, 10, 0.7) @ wrong > 0.05


@given(supported_counts(fewest=2).filter(lambda kn: kn[1] <= 10**6), small_levels(), st.floats(0, 1), st.floats(0, 1))
def test_monotone_in_u(kn, alpha, u, v):
    k, n = kn
    low, high = sorted((u, v))
    assert randomized_lower_sf(k, n, alpha, low) <= randomized_lower_sf(k, n, alpha, high) * (1 + 1e-11)


def test_shapes_and_refusals():
    assert isinstance(randomized_lower(5, 10, 0.1, 0.5), float)
    assert randomized_lower_sf([[1], [5]], 10, 0.1, [0.2, 0.3, 0.4]).shape == (2, 3)
    for arguments, message in (
        ((5, 10, 0.6, 0.5), "alpha=0.6"),
        ((5, 10, 0.1, 1.5), "u=1.5"),
        ((11, 10, 0.1, 0.5), "k=11"),
        ((5, 10**16, 0.1, 0.5), "n=10000000000000000"),
    ):
        with pytest.raises(ValueError, match=message):
            randomized_lower_sf(*arguments)
