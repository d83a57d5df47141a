"""Shares of the largest, and the Gini coefficient."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rstheory.statistics import gini, share_of_largest

VALUES = st.lists(st.floats(0, 100), min_size=1, max_size=30).filter(lambda v: sum(v) > 1e-3)


@given(VALUES)
def test_gini_is_the_mean_difference(values):
    x = np.array(values)
    expected = np.abs(x[:, None] - x[None, :]).mean() / (2 * x.mean())
    assert gini(x) == pytest.approx(expected, abs=1e-12)
    assert gini(7 * x) == pytest.approx(gini(x), abs=1e-12)
    # 1 - 2 times the area below the Lorenz curve, which is straight between images.
    lorenz = 1 - np.asarray(share_of_largest(x, 1 - np.arange(len(x) + 1) / len(x)))
    assert gini(x) == pytest.approx(1 - np.sum(lorenz[1:] + lorenz[:-1]) / len(x), abs=1e-9)


@given(VALUES, st.floats(0, 1), st.floats(0, 1))
def test_laws_of_the_share(values, part, other):
    low, high = sorted((part, other))
    share = share_of_largest(values, [0.0, low, high, 1.0])
    assert share[0] == 0
    assert share[3] == pytest.approx(1)
    assert (np.diff(share) >= 0).all()
    assert (share >= np.array([0.0, low, high, 1.0]) - 1e-12).all()
    whole = int(low * len(values))
    assert share_of_largest(values, whole / len(values)) == pytest.approx(
        sum(sorted(values, reverse=True)[:whole]) / sum(values), abs=1e-12
    )


def test_nothing_to_share():
    assert np.isnan(gini([0.0, 0.0]))
    assert np.isnan(share_of_largest([0.0, 0.0]))


@pytest.mark.parametrize("bad", [[], [-1.0], [np.nan], [np.inf], [[1.0]]])
def test_refusals(bad):
    for function in (gini, share_of_largest):
        with pytest.raises(ValueError, match="values"):
            function(bad)
    with pytest.raises(ValueError, match=r"part=1\.5"):
        share_of_largest([1.0], 1.5)
