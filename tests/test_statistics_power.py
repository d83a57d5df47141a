"""How many training runs tell two methods apart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from misses import data_sets
from scipy.stats import nct, t, ttest_ind

from rstheory.statistics import power_of_runs, runs_needed


@pytest.mark.parametrize(("runs", "effect"), [(2, 3.0), (3, 2.0), (5, 1.0), (10, 1.5), (4, 0.0)])
def test_power_is_that_of_simulated_runs(runs, effect):
    """R pairs of sets of runs, t-tested: the share told apart is within 4.5 standard errors but for 7e-6."""
    rng = np.random.default_rng(runs)
    times = data_sets(100_000, 4000)
    a, b = rng.normal(0.7 + effect * 0.01, 0.01, (times, runs)), rng.normal(0.7, 0.01, (times, runs))
    share = np.mean(ttest_ind(a, b, axis=1).pvalue <= 0.05)
    power = power_of_runs(runs, effect * 0.01, 0.01)
    assert abs(share - power) < 4.5 * np.sqrt(power * (1 - power) / times)


@pytest.mark.parametrize(("runs", "shift"), [(2, 0.0), (2, 1.0), (3, 5.0), (20, 2.0), (500, 3.0)])
def test_power_is_scipys_where_that_works(runs, shift):
    freedom, effect = 2 * runs - 2, shift / np.sqrt(runs / 2)
    critical = t.isf(0.025, freedom)
    expected = nct.sf(critical, freedom, shift) + nct.cdf(-critical, freedom, shift) if shift else 0.05
    assert power_of_runs(runs, effect, 1.0) == pytest.approx(expected, rel=1e-9)


@given(st.floats(0.1, 20), st.floats(0.05, 0.99), st.floats(0.001, 0.2))
def test_runs_are_the_fewest(effect, power, rho):
    runs = runs_needed(effect, 1.0, power, rho)
    assert power_of_runs(runs, effect, 1.0, rho) >= power
    assert runs == 2 or power_of_runs(runs - 1, effect, 1.0, rho) < power
    assert runs_needed(-3 * effect, 3.0, power, rho) == runs


@given(st.integers(2, 1000), st.floats(0, 1e6), st.floats(0.001, 0.5))
def test_laws_of_power(runs, effect, rho):
    power = power_of_runs(runs, effect, 1.0, rho)
    assert rho * (1 - 1e-9) <= power <= 1
    assert power_of_runs(runs + 1, effect, 1.0, rho) >= power - 1e-9


def test_refusals():
    with pytest.raises(ValueError, match="runs=1"):
        power_of_runs(1, 0.1, 0.1)
    for bad in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="deviation="):
            power_of_runs(3, 0.1, bad)
    with pytest.raises(ValueError, match="difference=nan"):
        power_of_runs(3, np.nan, 0.1)
    with pytest.raises(ValueError, match=r"takes more than 10,000 runs"):
        runs_needed(0.0, 0.1)
