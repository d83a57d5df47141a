"""Radii that the budget cannot give: they are found, kept as printed, and explained."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from log_files import row

from rstheory import budget_for_acr, max_radius, radius_from_count
from rstheory.logs.diagnose import explanation, fitting_radii, implied_budget


def test_radii_up_to_the_maximum_as_printed_are_fine(read):
    """1.9057... prints as 1.91, which stands above the maximum; its lower end does not."""
    assert read(row(0, "1.91"))[1] == {}
    assert read(row(0, repr(float(max_radius(100_000, 0.001, 0.5)))))[1] == {}
    assert set(read(row(0, "1.92"))[1]) == {"radius-above-maximum"}
    assert set(read(row(0, "3.82"), sigma=1.0)[1]) == {
        "sigma-against-name",
        "radius-above-maximum",
    }  # 3.815 is just above 3.8115
    assert set(read(row(0, "1.91"), n=50_000)[1]) == {"radius-above-maximum"}


def test_a_radius_above_the_maximum_is_kept_as_printed_and_cut_off_where_sound(read):
    log, found = read(row(0, "1.96"), row(1, "1.91"), row(2, "0.529"), row(3, "1.98"))
    warning = found["radius-above-maximum"]
    assert (warning.rows, warning.line) == (2, 2)
    assert log.radius.tolist() == [1.96, 1.91, 0.529, 1.98]
    assert log.acr == pytest.approx((1.96 + 1.91 + 0.529 + 1.98) / 4)
    top = max_radius(100_000, 0.001, 0.5)
    assert log.rounded_down().radius[0] == log.rounded_down().radius[3] == top
    for words in (
        "above 1.906",
        "N=100,000 and alpha=0.001",
        "sigma=0.5",
        "cannot come from that budget",
        "as printed",
    ):
        assert words in warning.message


def test_an_absurd_radius_is_called_that(read):
    log, found = read(row(0), row(1, "1e9"))
    assert found["radius-above-maximum"].rows == 1
    assert log.acr == pytest.approx((0.529 + 1e9) / 2)
    assert "the number itself is in doubt" in found["radius-above-maximum"].message
    assert log.rounded_down().acr < 2


@pytest.mark.parametrize(("n", "alpha"), [(100_000, 0.01), (150_000, 0.001), (1_000_000, 0.001), (100_000, 0.05)])
def test_the_budget_behind_too_large_radii_is_told_from_the_radii_next_to_the_largest(read, n, alpha):
    """N and alpha give the same largest radius in many pairs, but the next ones tell them apart."""
    radii = radius_from_count(n - np.arange(12), n, alpha, 0.5)
    _, found = read(*(row(i, f"{radius:.4f}") for i, radius in enumerate(radii)))
    message = found["radius-above-maximum"].message
    looked_at = int(message.split("of the ")[1].split()[0])
    right = f"{looked_at} fit N={n:,}" if alpha == 0.001 else f"{looked_at} fit alpha={alpha}"
    assert looked_at >= 8, message
    assert right in message, message
    assert message.count(f"{looked_at} fit") == 1, message


@pytest.mark.parametrize(("n", "alpha"), [(150_000, 0.001), (100_000, 0.01)])
def test_in_full_precision_the_implied_budget_is_exact(read, n, alpha):
    radii = radius_from_count(n - np.arange(5), n, alpha, 0.5)
    _, found = read(*(row(i, repr(float(radius))) for i, radius in enumerate(radii)))
    assert (f"5 fit N={n:,}" if alpha == 0.001 else f"5 fit alpha={alpha}") in found["radius-above-maximum"].message


@pytest.mark.parametrize("radius", [1.92, 2.0, 2.5, 3.7])
def test_implied_budgets_are_those_of_the_exact_formula(radius):
    draws, levels = implied_budget(radius, radius + 0.001, 0.5, 100_000, 0.001)
    for bound, many, level in zip((radius, radius + 0.001), draws, levels, strict=True):
        assert many == pytest.approx(budget_for_acr(bound, 0.001, 0.5, share=1.0).n, rel=1e-9, abs=1)
        assert max_radius(100_000, level, 0.5) == pytest.approx(bound, rel=1e-9)
    far = implied_budget(8.0, 8.1, 0.5, 100_000, 0.001)
    assert far == pytest.approx(budget_for_acr(8.0, 0.001, 0.5, share=1.0).log10_n, rel=1e-9)


@given(st.integers(30, 10**7), st.floats(1e-4, 0.3), st.sampled_from([0.25, 1.0]), st.integers(2, 6))
def test_every_budget_fits_its_own_radii(n, alpha, sigma, digits):
    radius = np.array([float(f"{r:.{digits}f}") for r in radius_from_count(n - np.arange(25), n, alpha, sigma)])
    (fitting,), looked_at = fitting_radii(radius, np.full(25, 0.5 * 10.0**-digits), [(sigma, n, alpha)])
    assert fitting == looked_at >= 1


@pytest.mark.parametrize(("true", "taken"), [(0.5, 0.25), (1.0, 0.25), (1.0, 0.5), (0.25, 0.2), (0.5, 0.05)])
def test_another_noise_level_is_named_where_it_explains_the_radii(read, true, taken):
    """The true noise level fits every radius near the largest; budgets that no one has are not guessed."""
    n = 100_000
    radii = radius_from_count(n - np.arange(12), n, 0.001, true)
    _, found = read(*(row(i, f"{radius:.3}") for i, radius in enumerate(radii)), sigma=taken)
    message = found["radius-above-maximum"].message
    assert f"sigma = {true:g}" in message
    assert "alpha = 1" not in message
    assert "e+1" not in message
    looked_at = int(message.split("of the ")[1].split()[0])
    assert f"{looked_at} fit sigma={true:g}" in message


@given(
    st.floats(1e-3, 1e160),
    st.floats(0, 1),
    st.sampled_from([1e-9, 0.25, 1.0, 30.0]),
    st.integers(1, 10**9),
    st.sampled_from([1e-300, 0.001, 0.5, 0.999]),
)
@settings(max_examples=30)  # some budgets take their time
def test_every_impossible_radius_is_explained_by_something_possible(radius, rounding, sigma, n, alpha):
    radius = max(max_radius(n, alpha, sigma), 0) * 1.001 + radius
    text = explanation(np.array([radius]), np.array([1e-4 * rounding * radius]), sigma, n, alpha)
    assert text.startswith(("The largest fits ", "It takes another "))
    assert not re.search(r"nan|inf|(alpha|sigma) = [01] |alpha = 0\.[5-9]\d", text)
