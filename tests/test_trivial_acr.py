"""B1, B5: the constant classifier's ACR, and the sigma that reaches a given one; what theory B refuses."""

import math
from fractions import Fraction

import numpy as np
import pytest
from flint import arb
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from strategies import EPS, levels_and_ties, log_uniform, sigmas

import rstheory as rs
from rstheory import rigorous

any_size = st.one_of(
    st.integers(1, 10**6),
    st.integers(2**62, 2**66),
    st.floats(0, 1000).map(lambda e: int(10 ** (e % 1) * 8) * 10 ** int(e)),
)
alphas = levels_and_ties()
shares = st.one_of(st.sampled_from([0.1, 0.5, 1.0, 0.001]), log_uniform(1e-9, 1))


# -- B1: the ACR ------------------------------------------------------------------------------------------------------


@given(st.integers(1, 10**6), alphas, sigmas(), st.integers(2, 1000), st.integers(0, 2**32 - 1))
@example(100_000, 0.001, 1.0, 10, 0)
@settings(max_examples=50)
def test_trivial_acr_is_what_certification_would_report(n, alpha, sigma, samples, seed):
    """Certify f = 0 sample by sample: class votes, count, radius, mean over the correct ones."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, samples)
    votes = np.zeros(10, dtype=np.int64)
    votes[0] += n  # whatever the n noise draws are, f answers 0
    predicted, count = int(np.argmax(votes)), votes.max()
    radii = rs.radius_from_count(np.full(samples, count), n, alpha, sigma)
    assert np.all(radii == rs.max_radius(n, alpha, sigma))
    acr = math.fsum(radii * (labels == predicted)) / samples
    share = np.mean(labels == 0)
    # fsum and the division round once each, as do the share and its product.
    assert rs.trivial_acr(n, alpha, sigma, share) == pytest.approx(acr, rel=4 * EPS, abs=0)


@given(any_size, alphas, sigmas(), shares)
@example(148, 0.001, 1.0, 0.5)
@example(10**18, 0.001, 1.0, 0.1)
@example(2**64, 0.001, 1.0, 0.1)
@example(10**1000, 0.001, 1.0, 1.0)
@example(9, 0.001, 1.0, 1.0)  # abstains
def test_trivial_acr_against_ball_arithmetic(n, alpha, sigma, share):
    value, truth = rs.trivial_acr(n, alpha, sigma, share), rigorous.trivial_acr(n, alpha, sigma, share)
    # The tail to 1e-12, times t R'(1 - t) <= sqrt(pi/2); a few roundings, of which the product's may be upwards.
    assert abs(truth - arb(value)) <= share * sigma * 1.26e-12 + 40 * EPS * truth
    assert value == 0 or arb(value) <= truth * (1 + EPS)


def test_trivial_acr_broadcasts():
    values = rs.trivial_acr(np.array([[100_000], [10**6]]), [0.001, 0.1, 0.5], 0.5, 0.3)
    assert values.shape == (2, 3)
    assert values[1, 2] == rs.trivial_acr(10**6, 0.5, 0.5, 0.3)
    assert isinstance(rs.trivial_acr(100), float)
    assert rs.trivial_acr(100, share=0.0) == 0  # nobody's class


# -- B5: the other direction ------------------------------------------------------------------------------------------


def test_the_sigma_the_theory_quotes():
    """B5: 2.214 at the standard budget."""
    assert rs.sigma_for_acr(0.844) == pytest.approx(2.214, abs=5e-4)
    assert rs.trivial_acr(100_000, sigma=2.215) > 0.844 > rs.trivial_acr(100_000, sigma=2.214)


@given(
    st.floats(1e-100, 1e100),
    st.one_of(st.integers(1, 10**6), st.integers(10, 1000).map(lambda e: 10**e)),
    alphas,
    shares,
)
@example(0.844, 100_000, 0.001, 0.1)
def test_sigma_for_acr_goes_back(target, n, alpha, share):
    assume(rs.max_radius(n, alpha) > 0)
    sigma = rs.sigma_for_acr(target, n, alpha, share)
    # Two products, a division, and the rounding down of the radius, which both directions share.
    assert rs.trivial_acr(n, alpha, sigma, share) == pytest.approx(target, rel=16 * EPS, abs=0)
    assert rs.sigma_for_acr(4 * target, n, alpha, share) == 4 * sigma  # linear: a power of two rounds nothing


def test_sigma_for_acr_broadcasts():
    values = rs.sigma_for_acr([[0.5], [1.0]], 100_000, [0.001, 0.01, 0.1], 0.1)
    assert values.shape == (2, 3)
    np.testing.assert_allclose(values[1], 2 * values[0], rtol=4 * EPS)
    assert rs.sigma_for_acr(0.0) == 0


@given(any_size, alphas, shares, st.floats(1e-6, 1e6))
def test_acr_is_linear_in_sigma_and_share(n, alpha, share, sigma):
    """The other unbounded direction: no limit to what more noise reports."""
    one = rs.trivial_acr(n, alpha, 1.0, 1.0)
    assert rs.trivial_acr(n, alpha, sigma, share) == pytest.approx(sigma * share * one, rel=16 * EPS, abs=0)


# -- what is refused --------------------------------------------------------------------------------------------------

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("trivial_acr", (0,), r"n=0 is not allowed: .* at least one draw"),
        ("trivial_acr", (1e5,), r"n=100000\.0 .*integer"),
        ("trivial_acr", (10, 0.0), r"alpha=0\.0\b"),
        ("trivial_acr", (10, 1), r"alpha=1\.0\b"),
        ("trivial_acr", (10, 0.1, -1.0), r"sigma=-1\.0\b"),
        ("trivial_acr", (10, 0.1, 1.0, 1.5), r"share=1\.5\b.*\[0, 1\]"),
        ("trivial_acr", (10, 0.1, 1.0, -0.5), r"share=-0\.5\b"),
        ("trivial_acr", (10, 0.1, 1.0, [0.1, NAN]), r"share\[1\]=nan\b"),
        ("budget_for_acr", (-0.1,), r"target=-0\.1\b.*\[0, inf\)"),
        ("budget_for_acr", (NAN,), r"target=nan\b"),
        ("budget_for_acr", (INF,), r"target=inf\b"),
        ("budget_for_acr", (True,), r"target=True\b"),
        ("budget_for_acr", ("0.8",), r"target='0\.8'"),
        ("budget_for_acr", (None,), r"target=None\b"),
        ("budget_for_acr", ([0.1, 0.2],), r"target=\[0\.1, 0\.2\].*one number"),
        ("budget_for_acr", (np.array([0.1]),), r"target=.*one number"),
        ("budget_for_acr", (1e200,), r"target=1e\+?200\b"),  # its log10 N is no float either
        ("budget_for_acr", (0.8, 0.0), r"alpha=0\.0\b.*\(0, 1\)"),
        ("budget_for_acr", (0.8, 1.0), r"alpha=1\.0\b"),
        ("budget_for_acr", (0.8, Fraction(3, 2)), r"alpha=3/2\b"),
        ("budget_for_acr", (0.8, NAN), r"alpha=nan\b"),
        ("budget_for_acr", (0.8, 0.1, 0.0), r"sigma=0\.0\b.*\(0, inf\)"),
        ("budget_for_acr", (0.8, 0.1, INF), r"sigma=inf\b"),
        ("budget_for_acr", (0.8, 0.1, 1.0, 0.0), r"share=0\.0\b.*\(0, 1\]"),
        ("budget_for_acr", (0.8, 0.1, 1.0, 1.1), r"share=1\.1\b"),
        ("budget_for_acr", (0.8, 0.1, 1.0, Fraction(-1, 2)), r"share=-1/2\b"),
        ("sigma_for_acr", (-1.0,), r"target=-1\.0\b"),
        ("sigma_for_acr", (NAN,), r"target=nan\b"),
        ("sigma_for_acr", (0.8, 9), r"n=9\b.*certify nothing"),
        ("sigma_for_acr", (0.8, [9, 10]), r"n\[0\]=9\b.*certify nothing"),
        ("sigma_for_acr", (0.8, 0), r"n=0\b"),
        ("sigma_for_acr", (0.8, 100, 2.0), r"alpha=2\.0\b"),
        ("sigma_for_acr", (0.8, 100, 0.1, 0.0), r".*share\b.*certify nothing"),
        ("tail_bounds", (0,), r"n=0\b"),
        ("tail_bounds", (10.0,), r"n=10\.0 .*integer"),
        ("tail_bounds", (10, 0.0), r"alpha=0\.0\b"),
        ("tail_bounds", (10**400,), r"n\b.*1e308"),
        ("max_radius_bounds", (13,), r"n=13\b"),  # 2 ln 1000 = 13.8
        ("max_radius_bounds", (1,), r"n=1\b"),
        ("max_radius_bounds", ([14, 13],), r"n\[1\]=13\b"),
        ("max_radius_bounds", (100, 0.1, 0.0), r"sigma=0\.0\b"),
        ("max_radius_bounds", (10**400, 0.0), r"alpha=0\.0\b"),
    ],
)
def test_refuses(name, arguments, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        getattr(rs, name)(*arguments)
