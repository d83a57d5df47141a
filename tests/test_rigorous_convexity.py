"""C4 in ball arithmetic: increments of the radius do not fall with the count, for alpha <= 1/2."""

import math

import mpmath
import pytest
from balls import ALPHAS
from flint import arb, ctx

from rstheory import rigorous as rg
from rstheory.rigorous.convexity import increments_non_decreasing, positive_radii, smallest_second_difference


def test_core_refuses_a_concave_sequence():
    with ctx.workprec(100):
        convex = [arb(k) ** 2 for k in range(50)]
        dented = [*convex[:20], convex[20] + arb("1.000001"), *convex[21:]]
        barely = [*convex[:20], convex[20] + arb("0.999999"), *convex[21:]]
        blurred = [*convex[:20], convex[20] + arb(0, 1.1), *convex[21:]]
    low, at, refuted = smallest_second_difference(convex)
    assert 1.999999 < low <= 2
    assert not refuted
    low, at, refuted = smallest_second_difference(dented)
    assert low < 0
    assert at == 20
    assert refuted
    low, at, refuted = smallest_second_difference(barely)
    assert 0 < low < 1e-5
    assert at == 20
    assert not refuted
    low, at, refuted = smallest_second_difference(blurred)
    assert low < 0
    assert not refuted
    assert smallest_second_difference(convex[:2]) == (math.inf, None, False)


@pytest.mark.parametrize(("n", "alpha"), [(1, "0.7"), (16, "0.1"), (100, "0.001"), (777, "0.05"), (60, "0.9999")])
def test_walk_finds_the_radii_of_the_slow_solver(n, alpha):
    radii = positive_radii(n, alpha)
    assert n + 1 - len(radii) == rg.min_certifiable_count(n, alpha)
    for k in range(n + 1 - len(radii), n + 1, 1 + n // 50):
        fast, slow = radii[k - n - 1], rg.radius_from_count(k, n, alpha)
        assert fast.overlaps(slow)
        assert fast.rad() < 1e-8


@pytest.mark.parametrize("alpha", ["1e-10", *ALPHAS, "0.25", "0.5"])
@pytest.mark.parametrize("n", [1, 2, 3, 5, 10, 50, 148, 500, 1000, 2000])
def test_increments_are_non_decreasing(n, alpha):
    check = increments_non_decreasing(n, alpha)
    assert check.holds
    assert not check.refuted
    assert check.smallest > 0
    assert check.first_count == (rg.min_certifiable_count(n, alpha) or n + 1)
    assert check.differences == max(0, n - check.first_count)


@pytest.mark.parametrize(("n", "alpha"), [(2, "0.999"), (3, "0.99"), (7, "0.95"), (11, "0.9"), (251, "0.6")])
def test_increments_do_decrease_for_some_alpha_above_one_half(n, alpha):
    """C4 needs alpha <= 1/2: counterexamples, each at its smallest n. At n = 2 in closed form, see below."""
    check = increments_non_decreasing(n, alpha)
    assert check.refuted
    assert not check.holds
    assert increments_non_decreasing(n - 1, alpha).holds


def test_the_counterexample_at_n_2_by_hand():
    """L(1) = 1 - sqrt(1 - alpha), L(2) = sqrt(alpha): at alpha = 0.999 the increments are 1.857, then 1.433."""
    with mpmath.workdps(30):
        a = mpmath.mpf("0.999")
        g1, g2 = (mpmath.sqrt(2) * mpmath.erfinv(2 * low - 1) for low in (1 - mpmath.sqrt(1 - a), mpmath.sqrt(a)))
        assert g2 - g1 < 1.44 < 1.85 < g1
    assert increments_non_decreasing(2, "0.999").smallest == pytest.approx(float(g2 - 2 * g1), rel=1e-7)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("block", range(10))
def test_increments_are_non_decreasing_for_every_small_budget(alpha, block):
    """Every N from 1 to 1000: about 40 s in all on one core, spread over workers by block."""
    for n in range(1 + block, 1001, 10):
        assert increments_non_decreasing(n, alpha).holds, n


@pytest.mark.parametrize("n", [10_000, 100_000])
def test_increments_are_non_decreasing_at_the_standard_budget(n):
    check = increments_non_decreasing(n, "0.001")
    assert check.holds
    assert check.smallest > {10_000: 1.5e-9, 100_000: 4.9e-12}[n]
