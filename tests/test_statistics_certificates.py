"""False certificates of a test set: how many, and how to issue fewer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from misses import allowed, data_sets
from scipy.stats import binom, norm

from rstheory import certified_radius, clopper_pearson_lower, radius_from_count
from rstheory.statistics import adjusted, certified_together, false_certificates


@given(st.integers(1, 10**6), st.floats(1e-6, 0.5), st.floats(1e-4, 0.5))
def test_numbers_by_definition(images, alpha, rho):
    found = false_certificates(images, alpha, rho)
    assert found.expected == pytest.approx(images * alpha)
    assert binom.sf(found.at_most, images, alpha) <= rho * (1 + 1e-9)
    assert found.at_most == 0 or binom.sf(found.at_most - 1, images, alpha) > rho * (1 - 1e-9)
    assert -np.expm1(images * np.log1p(-found.union_level)) == pytest.approx(rho, rel=1e-9)


def test_false_certificates_are_as_few_as_said():
    """300 images at alpha = 0.05, p where the level is nearly used up. Events: more false ones than `at_most`; any
    false one at the union level."""
    rng = np.random.default_rng(0)
    runs, too_many, any_false = data_sets(4000, 400), 0, 0
    p = rng.uniform(0.55, 0.9, 300)
    found = false_certificates(300, 0.05, 0.1)
    bounds = [np.asarray(clopper_pearson_lower(np.arange(201), 200, level)) for level in (0.05, found.union_level)]
    for _ in range(runs):
        count = rng.binomial(200, p)
        too_many += int(np.sum(bounds[0][count] > p)) > found.at_most
        any_false += bool(np.any(bounds[1][count] > p))
    assert too_many <= allowed(runs, 0.1)
    assert any_false <= allowed(runs, 0.1)
    assert any_false > 0


@settings(max_examples=30)
@given(st.lists(st.integers(0, 100), min_size=1, max_size=20), st.floats(0.0, 0.6), st.floats(0.001, 0.3))
def test_certified_together_by_definition(counts, radius, rho):
    q = norm.cdf(radius / 0.5)
    p = binom.sf(np.array(counts) - 1, 100, q)
    for control in ("holm", "bh", "by"):
        found = certified_together(counts, 100, radius, 0.5, rho, control)
        value = adjusted(np.clip(p, 0, 1), control)
        clear = np.abs(value - rho) > 1e-9
        np.testing.assert_array_equal(found[clear], (value <= rho)[clear])
    bonferroni = radius_from_count(np.array(counts), 100, rho / len(counts), 0.5) > radius
    assert (certified_together(counts, 100, radius, 0.5, rho, "holm") >= bonferroni).all()


def test_false_discovery_rate_is_kept():
    """200 images, half of them just below the radius asked for. The mean share of false ones among those certified is
    at most 10 %; over R data sets it exceeds 0.1 + 4.3 sqrt(0.1/R) with probability below 1e-5."""
    rng = np.random.default_rng(1)
    runs, shares, certified = data_sets(2000, 200), 0.0, 0
    p = np.where(np.arange(200) < 100, 0.84, 0.95)
    assert certified_radius(0.84) < 1 < certified_radius(0.95)
    for _ in range(runs):
        found = certified_together(rng.binomial(300, p), 300, 1.0, 1.0, 0.1, "bh")
        shares += found[:100].sum() / max(found.sum(), 1)
        certified += int(found.sum())
    assert shares / runs <= 0.1 + 4.3 * np.sqrt(0.1 / runs)
    assert certified / runs > 90  # it certifies nearly all that can be


def test_refusals():
    for name, bad in (
        ("images", {"images": 0}),
        ("alpha", {"images": 5, "alpha": 0.0}),
        ("rho", {"images": 5, "rho": 1.0}),
    ):
        with pytest.raises(ValueError, match=name):
            false_certificates(**bad)
    with pytest.raises(ValueError, match="radius=-1"):
        certified_together([5], 10, -1.0)
    with pytest.raises(ValueError, match=r"k\[0\]=11"):
        certified_together([11], 10, 0.5)
