"""Many tests at once: McNemar, corrections for their number, sign flips."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from misses import allowed, data_sets
from scipy.stats import binomtest, false_discovery_control

from rstheory.statistics import adjusted, mcnemar, share_of, sign_flip_test

P = st.lists(st.floats(0, 1), min_size=1, max_size=12)


@given(st.integers(0, 300), st.integers(0, 300))
def test_mcnemar_is_the_binomial_test(a, b):
    expected = binomtest(a, a + b).pvalue if a + b else 1.0
    assert mcnemar(a, b) == pytest.approx(expected, rel=1e-9)
    assert mcnemar([a, b], [b, a]).tolist() == [mcnemar(a, b)] * 2


@given(P)
def test_holm_by_definition(p):
    """Smallest first: the i-th smallest is rejected at rho if it and all smaller ones are at most rho / (m - i + 1)."""
    found = adjusted(p, "holm")
    order = np.argsort(p, kind="stable")
    for rho in (0.01, 0.05, 0.2, 0.5):
        rejected = set()
        for place, i in enumerate(order):
            if p[i] * (len(p) - place) > rho:
                break
            rejected.add(int(i))
        assert set(np.flatnonzero(found <= rho).tolist()) == rejected
    assert (found >= p).all()


@given(P)
def test_discovery_rates_are_scipys(p):
    square = np.array(p * 2).reshape(2, -1)
    for method in ("bh", "by"):
        found = adjusted(square, method)
        assert found.shape == square.shape
        np.testing.assert_array_equal(found.ravel(), false_discovery_control(square.ravel(), method=method))


def test_shares_add_up():
    for parts in (1, 2, 10, 1000):
        assert (1 - share_of(0.05, parts, independent=True)) ** parts == pytest.approx(0.95, rel=1e-12)
        assert share_of(0.05, parts, independent=False) * parts == pytest.approx(0.05)
    for bad in (0, -1):
        with pytest.raises(ValueError, match="parts"):
            share_of(0.05, bad, independent=True)


def test_corrections_keep_their_promise():
    """20 pairs of logs on 200 images, 15 of them equal in truth, all compared with one log, so that tests depend.

    Events: any of the equal ones is called different after Holm (5 %); the share of equal ones among those called
    different (BY), on average at most 5 %: over R data sets the mean share exceeds 0.05 + 4.3 sqrt(0.05/R) with
    probability below 1e-5, its variance being at most its mean.
    """
    rng = np.random.default_rng(5)
    runs, any_false, shares = data_sets(2000, 150), 0, 0.0
    chance = np.where(np.arange(20) < 15, 0.5, 0.75)
    for _ in range(runs):
        first = rng.random(200) < 0.5
        others = rng.random((20, 200)) < chance[:, None]
        p = mcnemar((first & ~others).sum(axis=1), (~first & others).sum(axis=1))
        any_false += bool(np.any(adjusted(p, "holm")[:15] <= 0.05))
        called = adjusted(p, "by") <= 0.05
        shares += called[:15].sum() / max(called.sum(), 1)
    assert any_false <= allowed(runs, 0.05)
    assert shares / runs <= 0.05 + 4.3 * np.sqrt(0.05 / runs)


def test_sign_flips_are_exact():
    """Exchangeable curves of 30 images: P(p <= 5 %) is at most 5 %, and exactly 5 % but for ties; 99 flips."""
    rng = np.random.default_rng(6)
    runs = data_sets(4000, 400)
    found = []
    for seed in range(runs):
        reach = rng.exponential(size=(30, 2)) + rng.exponential(size=(30, 1))
        certified = reach[:, :, None] >= np.linspace(0, 5, 20)
        found.append(sign_flip_test(certified[:, 0].astype(int) - certified[:, 1], 99, seed))
    assert sum(p <= 0.05 for p in found) <= allowed(runs, 0.05)
    assert 0.4 < np.mean(found) < 0.6


def test_sign_flips_see_a_difference_anywhere():
    certified = np.zeros((200, 3), dtype=int)
    assert sign_flip_test(certified) == 1.0
    certified[:20, 1] = 1
    assert sign_flip_test(certified) == 0.001  # none of 999 flips has 20 signs alike: 2^-19 each
    certified[20:40, 1] = -1
    assert sign_flip_test(certified) == 1.0
    with pytest.raises(ValueError, match="not \\(images, points\\)"):
        sign_flip_test(np.zeros(3))
    with pytest.raises(ValueError, match="flips=0"):
        sign_flip_test(certified, 0)


@given(arrays(np.int64, (5, 3), elements=st.integers(-1, 1)))
def test_sign_flips_do_not_care_who_is_a(contributions):
    assert sign_flip_test(contributions, 50) == sign_flip_test(-contributions, 50)


def test_refusals():
    with pytest.raises(ValueError, match=r"only_a=-1"):
        mcnemar(-1, 2)
    with pytest.raises(ValueError, match=r"p\[1\]=1\.5"):
        adjusted([0.1, 1.5], "holm")
    assert adjusted([], "bh").size == 0
