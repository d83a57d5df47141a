"""Certificates of one machine on another: L - eta."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from rstheory import certified_radius, clopper_pearson_lower, clopper_pearson_upper, radius_from_count
from rstheory.elsewhere import radius_elsewhere

budgets = st.integers(1, 10**6)


@given(budgets, budgets, st.data(), st.floats(1e-12, 0.5), st.floats(1e-3, 1e3))
def test_it_is_the_radius_of_the_difference_of_two_bounds(n, compared, data, alpha, sigma):
    """Within the rounding of a difference of two numbers near 1, and on the safe side of the exact one; never more than
    the first machine's own radius at half the level."""
    count, apart = data.draw(st.integers(0, n)), data.draw(st.integers(0, compared))
    found = radius_elsewhere(count, n, apart, compared, alpha, sigma)
    left = clopper_pearson_lower(count, n, alpha / 2) - clopper_pearson_upper(apart, compared, alpha / 2)
    assert found <= certified_radius(max(left, 0.0) + 1e-15, sigma) + 1e-9 * sigma
    assert found <= radius_from_count(count, n, alpha / 2, sigma)
    if 0.5 < left < 1 - 1e-6:
        assert found == pytest.approx(sigma * norm.ppf(left), rel=1e-8, abs=1e-9 * sigma)


@given(st.integers(100, 10**5), st.data())
def test_more_disagreement_never_certifies_more(n, data):
    count = data.draw(st.integers(n // 2, n))
    few, many = sorted(data.draw(st.tuples(st.integers(0, n), st.integers(0, n))))
    assert radius_elsewhere(count, n, many, n) <= radius_elsewhere(count, n, few, n)


def test_the_level_is_kept_where_two_machines_differ():
    """Answers of two machines to common noise, p = 0.7 on the first and 0.68 on the second, disagreeing on 2 % of the
    copies, and only to the second one's loss. A certificate is wrong where its radius exceeds Phi^-1(0.68). At alpha =
    0.1 over 20,000 runs more than 10 % + 4.3 standard errors are wrong by chance with probability below 1e-5. Taken
    to be valid there as it stands, the first machine's radius is wrong far more often."""
    rng = np.random.default_rng(0)
    runs, n = 20_000, 2000
    lost = rng.binomial(n, 0.02, runs)
    both = rng.binomial(n - lost, 0.68 / 0.98)
    wrong = radius_elsewhere(both + lost, n, lost, n, 0.1) > norm.ppf(0.68)
    assert wrong.mean() <= 0.1 + 4.3 * np.sqrt(0.09 / runs)
    assert (radius_from_count(both + lost, n, 0.1) > norm.ppf(0.68)).mean() > 0.3


@pytest.mark.parametrize(("bad", "message"), [((5, 4, 0, 4), "count"), ((4, 4, 5, 4), "count|k"), ((1, 0, 0, 1), "n")])
def test_impossible_counts_are_refused(bad, message):
    with pytest.raises(ValueError, match=message):
        radius_elsewhere(*bad)
