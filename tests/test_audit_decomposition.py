"""F3: intervals of the split of a difference."""

import numpy as np
import pytest

from rstheory import expected_radius, radius_from_count
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
