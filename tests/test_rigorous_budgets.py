"""The oracle's radii, expected radii and budgets, against straight sums and published numbers."""

import math
from fractions import Fraction

import mpmath
import pytest
from balls import near, tight
from flint import arb, ctx

from rstheory import rigorous as rg
from rstheory.rigorous.convexity import positive_radii


@pytest.mark.parametrize("alpha", ["0.1", "0.001", "0.7"])
@pytest.mark.parametrize("n", [1, 2, 9, 16, 60])
def test_expected_radius_and_its_slope_against_the_definition(n, alpha):
    """Straight sums in mpmath over bounds that mpmath's own root finder finds."""
    with mpmath.workdps(40):
        a = mpmath.mpf(alpha)

        def radius(k: int) -> mpmath.mpf:
            if k == 0:
                return mpmath.mpf(0)
            start = mpmath.mpf(rg.clopper_pearson_lower(k, n, alpha).mid().str(10, radius=False))
            low = mpmath.findroot(
                lambda p: mpmath.fsum(mpmath.binomial(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1)) - a,
                start,
            )
            return mpmath.sqrt(2) * mpmath.erfinv(2 * low - 1) if low > 0.5 else mpmath.mpf(0)

        g = [radius(k) for k in range(n + 1)]
        assert rg.min_certifiable_count(n, alpha) == next((k for k in range(n + 1) if g[k] > 0), None)
        for p in ("0.3", "0.7", "0.999"):
            x = mpmath.mpf(p)
            mean = mpmath.fsum(mpmath.binomial(n, k) * x**k * (1 - x) ** (n - k) * g[k] for k in range(n + 1))
            slope = n * mpmath.fsum(
                mpmath.binomial(n - 1, k) * x**k * (1 - x) ** (n - 1 - k) * (g[k + 1] - g[k]) for k in range(n)
            )
            assert near(rg.expected_radius(p, n, alpha), mean, 1e-20)
            assert near(rg.expected_sensitivity(p, n, alpha, 2), 2 * slope, 1e-20)


def test_windowed_sum_contains_the_whole_sum():
    n, p, alpha = 3000, Fraction(99, 100), "0.001"
    whole = arb(0)
    with ctx.workprec(200):
        for k, g in zip(range(n, 0, -1), positive_radii(n, alpha, 1e-20)[::-1], strict=False):
            whole += math.comb(n, k) * (arb(99) / 100) ** k * (arb(1) / 100) ** (n - k) * g
    windowed = rg.expected_radius(p, n, alpha)
    assert windowed.overlaps(whole)
    assert tight(windowed)


def test_published_slopes():
    """C2: 7232.99 sigma at p = 1, and the ends of the polynomial."""
    assert abs(rg.expected_sensitivity(1, 100_000, "0.001") - arb("7232.99")) < 0.005
    close = rg.expected_radius(1 - Fraction(1, 10**40), 100_000, "0.001")
    assert abs(close - rg.max_radius(100_000, "0.001")) < arb(10) ** -35
    assert rg.expected_radius(0, 50, "0.001").is_zero()
    assert rg.expected_sensitivity(0, 50, "0.001").is_zero()


def test_exact_budgets():
    budget = rg.budget_for_acr("0.8437", "0.001", 1, Fraction(1, 10))
    assert 4.24e17 < budget < 4.25e17
    with ctx.workprec(200):  # neighbouring budgets differ in the 20th digit of the ACR
        target = arb("0.8437")
        assert rg.trivial_acr(budget, "0.001", 1, "0.1") > target > rg.trivial_acr(budget - 1, "0.001", 1, "0.1")
    assert abs(rg.log10_budget_for_acr("0.8437", "0.001", 1, "0.1") - math.log10(budget)) < 1e-13
    assert rg.budget_for_acr("0.844", "0.001", 1, "0.5") == 148
    assert rg.trivial_acr(148, "0.001", 1, "0.5") > arb("0.844") > rg.trivial_acr(147, "0.001", 1, "0.5")
    log10 = rg.log10_budget_for_acr("0.8437", "0.001", 1, Fraction(1, 1000))
    assert tight(log10)
    assert log10.floor().unique_fmpz() == 154576
    assert rg.max_radius(10**154577, "0.001") / 1000 > arb("0.8437") > rg.max_radius(10**154576, "0.001") / 1000
    with pytest.raises(ArithmeticError, match="close to an integer"):
        rg.budget_for_acr(arb(0.844, 1e-3), "0.001", 1, "0.5")
