"""A thinned staircase never rises above the one it stands for, and stays close below it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rstheory.pages.thin import MOST_POINTS, kept_steps

heights = st.lists(st.floats(0, 1), min_size=1, max_size=400).map(lambda values: np.sort(values)[::-1])


def drawn(share, kept):
    """Height of the thinned staircase at every step: that of the next one kept."""
    return share[kept[np.searchsorted(kept, np.arange(len(share)))]]


@given(heights, st.integers(3, 200))
def test_never_above_and_close_below(share, points):
    kept = kept_steps(share, points)
    assert len(kept) <= points
    assert (kept[0], kept[-1]) == (0, len(share) - 1)
    below = share - drawn(share, kept)
    assert np.all(below >= 0)
    # The last factor: bands of height are computed in floating point, with an error of a few units in the last place.
    assert np.all(below <= (share[0] - share[-1]) / (points - 2) * (1 + 1e-9))


@given(heights)
def test_short_staircases_are_kept_whole(share):
    assert np.array_equal(kept_steps(share, max(len(share), 2)), np.arange(len(share)))


@pytest.mark.parametrize("points", [-1, 0, 1, MOST_POINTS + 1])
def test_points_out_of_range(points):
    with pytest.raises(ValueError, match=f"points={points} is not allowed: 2 to 2000 are"):
        kept_steps(np.array([1.0, 0.0]), points)


def test_a_rising_staircase_is_refused():
    with pytest.raises(ValueError, match="share is not allowed to rise"):
        kept_steps(np.array([0.0, 1.0]), 10)
