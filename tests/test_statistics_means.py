"""The betting bound on a mean: sound for any law and number of samples, and not far from the normal one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from misses import allowed, data_sets

from rstheory.statistics import bounded_mean_lower

VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=40)


@given(VALUES, st.floats(0.001, 0.5))
def test_laws(values, rho):
    x = np.array(values)
    bound = bounded_mean_lower(x, 1.0, rho)
    assert 0 <= bound <= x.mean() + 1e-12
    assert bounded_mean_lower(3 * x, 3.0, rho) == pytest.approx(3 * bound, rel=1e-9, abs=1e-9)
    assert bounded_mean_lower(x, 1.0, min(2 * rho, 0.9)) >= bounded_mean_lower(x, 1.0, rho) - 0.1
    assert bounded_mean_lower(x, 1.0, rho, seed=1) == bounded_mean_lower(x, 1.0, rho, seed=1)


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.integers(1, 800), st.floats(0.001, 0.5))
def test_the_capital_at_the_bound(seed, samples, rho):
    """The bound refutes every smaller mean, and hardly a larger one: the capital, computed step by step."""
    values = LAWS["radii"](np.random.default_rng(seed), samples)
    order = np.random.default_rng(0).permutation(values)
    bound = bounded_mean_lower(values, 1.0, rho)

    def capital(m):
        total, sum_, square = 1.0, 0.5, 0.25
        for i, x in enumerate(order):
            stake = min(np.sqrt(2 * np.log(1 / rho) / (len(order) * square / (i + 1))), 0.75)
            total *= 1 + stake * (x - m)
            sum_ += x
            square += (x - sum_ / (i + 2)) ** 2
        return total

    if bound > 1e-9:
        assert capital(bound - 1e-9) > 1 / rho * (1 - 1e-6)
        assert capital(bound + 1e-9) < 1 / rho * (1 + 1e-6)
    else:
        assert capital(1e-9) < 1 / rho * (1 + 1e-6)


LAWS = {
    "rare": lambda rng, n: (rng.random(n) < 0.02) * 1.0,
    "fair": lambda rng, n: (rng.random(n) < 0.5) * 1.0,
    "radii": lambda rng, n: np.where(rng.random(n) < 0.4, 0.0, rng.beta(3, 1, n)),
    "nearly all": lambda rng, n: (rng.random(n) < 0.97) * 1.0,
}
MEAN = {"rare": 0.02, "fair": 0.5, "radii": 0.6 * 0.75, "nearly all": 0.97}


@pytest.mark.parametrize("samples", [10, 300])
@pytest.mark.parametrize("law", LAWS)
def test_bound_covers(law, samples):
    """Event: the bound exceeds the mean. At most 10 %, for any law and any number of samples."""
    rng = np.random.default_rng(samples)
    runs = data_sets(2000, 150)
    missed = sum(bounded_mean_lower(LAWS[law](rng, samples), 1.0, 0.1) > MEAN[law] for _ in range(runs))
    assert missed <= allowed(runs, 0.1)


def test_width_for_many_samples():
    """2.45 standard errors below the mean at rho = 0.05, as the docstring says; 1.64 would be the normal law's."""
    x = LAWS["radii"](np.random.default_rng(0), 100_000)
    below = (x.mean() - bounded_mean_lower(x, 1.0)) / (x.std() / np.sqrt(len(x)))
    assert 2.2 < below < 2.7


def test_refusals():
    with pytest.raises(ValueError, match=r"values\[1\]=1\.5 .*largest=1"):
        bounded_mean_lower([0.5, 1.5], 1.0)
    with pytest.raises(ValueError, match="one list"):
        bounded_mean_lower([[0.5]], 1.0)
    with pytest.raises(ValueError, match=r"rho=0\.0"):
        bounded_mean_lower([0.5], 1.0, 0.0)
    assert bounded_mean_lower([], 1.0) == 0.0
