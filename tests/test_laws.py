"""Windowed expectations against full sums with exact rational or SciPy masses."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import hypergeom

from rstheory import _laws
from rstheory._laws import Binomial, Hypergeometric, expectations


def exact_masses(total, draws, failures):
    """Masses of J = 0..draws as fractions."""
    return [
        Fraction(comb(failures, j) * comb(total - failures, draws - j), comb(total, draws)) for j in range(draws + 1)
    ]


@given(data=st.data())
def test_masses_and_ratios_are_exact(data):
    total = data.draw(st.integers(1, 60))
    draws = data.draw(st.integers(1, total))
    failures = data.draw(st.integers(0, total))
    masses = exact_masses(total, draws, failures)
    assert sum(masses) == 1
    law = Hypergeometric(total, draws, np.array([failures]))
    for j, mass in enumerate(masses):
        at = np.array([j])
        # Loader's form is good to a few units in the last place times the logarithm of the mass (_saddlepoint).
        assert np.exp(law.log_mass(at))[0] == pytest.approx(float(mass), rel=1e-11, abs=1e-300)
        if mass and j < draws:
            assert law.ratio_up(at)[0] == pytest.approx(float(masses[j + 1] / mass), rel=1e-12)
        if mass and j:
            assert law.ratio_down(at)[0] == pytest.approx(float(masses[j - 1] / mass), rel=1e-12)
    assert law.mean[0] == pytest.approx(float(sum(j * mass for j, mass in enumerate(masses))), rel=1e-12)
    # The variance sets the first window; it may be larger than the truth, not smaller.
    true = float(
        sum(j * j * mass for j, mass in enumerate(masses)) - sum(j * mass for j, mass in enumerate(masses)) ** 2
    )
    assert law.variance[0] >= true * (1 - 1e-9) - 1e-15


def falling(last):
    return lambda j: np.stack([(last + 1.0 - j) / (last + 1), ((last + 1.0 - j) / (last + 1)) ** 2])


@given(
    total=st.integers(1, 20_000),
    share=st.floats(0, 1),
    cut=st.floats(0, 1),
    rates=st.lists(st.floats(0, 1), min_size=1, max_size=5),
)
@example(total=20_000, share=1.0, cut=1.0, rates=[0.0, 0.5, 1.0])
@example(total=20_000, share=0.5, cut=0.3, rates=[0.31, 0.30, 0.9, 1e-4])
def test_expectations_equal_full_sums(total, share, cut, rates):
    """Against SciPy's masses, whose own error is about 1e-10 at these sizes (differences of log-factorials)."""
    draws = max(1, round(share * total))
    last = round(cut * draws)
    failures = np.round(np.array(rates) * total).astype(int)
    j = np.arange(draws + 1)
    weights = np.where(j <= last, falling(last)(j), 0.0)
    sums = expectations(Hypergeometric(total, draws, failures), falling(last), last, 1.0)
    for column, f in zip(sums.T, failures, strict=True):
        np.testing.assert_allclose(column, weights @ hypergeom.pmf(j, total, f, draws), rtol=1e-8, atol=1e-290)


def test_a_window_too_narrow_is_widened(monkeypatch):
    """The bound on what lies outside is what decides, not the first guess of the width."""
    law = Binomial(10_000, np.array([300.0, 5000.0]), np.array([9700.0, 5000.0]))
    wide = expectations(law, falling(9000), 9000, 1.0)
    original = _laws._window
    monkeypatch.setattr(_laws, "_window", lambda *a: original(*a[:-1], a[-1] / 50))
    np.testing.assert_allclose(expectations(law, falling(9000), 9000, 1.0), wide, rtol=3e-14)


def test_memory_stays_bounded_by_pieces(monkeypatch):
    law = Binomial(100_000, np.linspace(1, 99_999, 50), 100_000 - np.linspace(1, 99_999, 50))
    whole = expectations(law, falling(60_000), 60_000, 1.0)
    monkeypatch.setattr(_laws, "_CHUNK", 1000)
    np.testing.assert_allclose(expectations(law, falling(60_000), 60_000, 1.0), whole, rtol=1e-13)
