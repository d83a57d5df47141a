"""F3: intervals of the split of a difference."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rstheory import expected_radius, min_certifiable_count, radius_from_count
from rstheory.audit.decomposition import decompose


@pytest.mark.parametrize(("first", "second"), [((3, 0.7), (2, 0.7)), ((0.5, 0.5), (0.6, 0.5))])
def test_intervals_are_those_of_resampled_pairs(first, second):
    """Against 2,000 resamplings in a plain loop, of other random numbers. An end of either has a standard deviation of
    about 1.5 % of the interval's width; 8 % allowed. In the second case the means of p lie on both sides of 1/2."""
    rng = np.random.default_rng(1)
    n, samples = 2000, 400
    a, b = (rng.binomial(n, rng.beta(*shape, samples)) for shape in (first, second))
    whole = decompose(a, b, n, sigma=0.5)
    radius = [np.asarray(radius_from_count(k, n, 1e-3, 0.5)) for k in (a, b)]
    rows = [rng.integers(0, samples, samples) for _ in range(2000)]
    gained = np.array([radius[0][of].mean() - radius[1][of].mean() for of in rows])
    level = [np.asarray(expected_radius([k[of].mean() / n for of in rows], n, 1e-3, 0.5)) for k in (a, b)]
    for name, values in (
        ("difference", gained),
        ("from_mean", level[0] - level[1]),
        ("from_spread", gained - level[0] + level[1]),
    ):
        low, high = np.quantile(values, (0.025, 0.975))
        assert getattr(whole, f"{name}_interval") == pytest.approx((low, high), abs=0.08 * (high - low)), name


def test_a_gain_of_every_sample_below_one_half_is_flagged():
    """Every other sample is easy, and each gains alike; the means stay below 1/2, where equal p certify nothing. All is
    "spread", and it says so of itself."""
    before = np.tile([900, 20], 50)
    parts = decompose(before + 30, before, 1000)
    assert parts.flat
    assert abs(parts.from_mean) < 1e-5
    assert parts.difference > 0
    assert parts.from_spread == pytest.approx(parts.difference, abs=1e-5)
    assert not decompose(before + 30, np.full(100, 900), 1000).flat


@settings(max_examples=8)  # each resamples 4,000 times
@given(st.integers(2, 400), st.data())
def test_flat_means_that_neither_mean_certifies(n, data):
    size = data.draw(st.integers(2, 6))
    a, b = (np.array(data.draw(st.lists(st.integers(0, n), min_size=size, max_size=size))) for _ in range(2))
    parts = decompose(a, b, n, alpha=0.01)
    assert parts.flat == decompose(b, a, n, alpha=0.01).flat
    certifies = [radius_from_count(int(np.floor(np.mean(k))), n, 0.01) > 0 for k in (a, b)]
    assert parts.flat != any(certifies)
    assert parts.flat == all(np.mean(k) < min_certifiable_count(n, 0.01) for k in (a, b))
