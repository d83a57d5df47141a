"""What is kept of a log, one byte per image, and what is computed from it again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from rstheory import max_radius
from rstheory.atlas.grid import TAILS, Images, U, levels, packed, reachable, rows_digest, survival, unpacked

logs = st.lists(st.tuples(st.floats(0, 8), st.booleans()), min_size=1, max_size=40)


@given(logs, st.floats(0.05, 3))
def test_levels_give_the_survival_curve(rows, sigma):
    """S(u) from the bytes is S(u) from the radii, at every grid point that no radius stands on."""
    radius = sigma * np.array([z for z, _ in rows])
    correct = np.array([c for _, c in rows])
    reached = levels(radius, correct, sigma)
    share = survival(reached)
    for u, s in zip(U, share, strict=True):
        bound = ndtr(radius / sigma)
        if np.all(np.abs(bound - u) > 1e-9):
            assert s == np.mean(correct & (bound >= u))
    assert np.array_equal(unpacked(packed(reached)), reached)
    assert list(share) == sorted(share, reverse=True)


def test_a_radius_on_a_grid_point_reaches_it():
    from scipy.special import ndtri

    for sigma in (0.12, 0.25, 0.5, 1.0):
        at = sigma * ndtri(np.array(U))
        assert levels(at, np.ones(len(at), bool), sigma).tolist() == list(range(1, len(U) + 1))


@pytest.mark.parametrize(("n", "alpha"), [(1_000, 0.001), (10_000, 0.001), (100_000, 0.001), (100, 0.05), (5, 0.001)])
def test_a_budget_reaches_so_far_and_no_further(n, alpha):
    largest = float(max_radius(n, alpha))
    points = reachable(n, alpha)
    tail = ndtr(-largest)
    assert all(t >= tail for t in TAILS[:points]) or points == 1
    assert all(t < tail for t in TAILS[points:])


def test_images_know_what_they_have_in_common():
    a = Images(np.array([0, 1, 2, 3]), np.array([5, 6, 7, 8]))
    b = Images(np.array([3, 2, 9]), np.array([8, 1, 4]))
    mine, theirs = a.common(b)
    assert (mine.tolist(), theirs.tolist()) == ([3], [0]), "image 2 has another label: it is another image"
    assert a.key != b.key
    assert a.key == Images(a.index.copy(), a.label.copy()).key
    assert rows_digest(a, np.array([1]), np.array([0.5])) != rows_digest(a, np.array([1]), np.array([0.6]))
