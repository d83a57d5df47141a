"""Clopper-Pearson bounds and what is asked of them: soundness and accuracy, proved by ball arithmetic."""

from fractions import Fraction

from hypothesis import example
from strategies import SMALLEST_NORMAL

from rstheory import binomial as bn
from rstheory import rigorous as rg

ACCURACY = "1e-12"  # what clopper_pearson_lower_sf promises, relative
REL = float(ACCURACY)


def bounds(k: int, n: int, alpha: float) -> tuple[float, float]:
    """(L, 1 - L), with the types on the way out checked once for all tests."""
    lower, lower_sf = bn.clopper_pearson_lower(k, n, alpha), bn.clopper_pearson_lower_sf(k, n, alpha)
    assert isinstance(lower, float)
    assert isinstance(lower_sf, float)
    return lower, lower_sf


def assert_sound(k: int, n: int, alpha: float, lower: float, lower_sf: float) -> None:
    assert 0 <= lower < 1, (k, n, alpha)
    assert 0 < lower_sf <= 1, (k, n, alpha)
    assert rg.is_sound_lower(k, n, alpha, lower), f"L is above the true bound: {k=}, {n=}, {alpha=}, {lower=}"
    assert rg.is_sound_lower_sf(k, n, alpha, lower_sf), (
        f"1 - L is below the true one: {k=}, {n=}, {alpha=}, {lower_sf=}"
    )


def assert_tight(k: int, n: int, alpha: float, lower: float, lower_sf: float) -> None:
    """1 - L within the promised 1e-12. L itself within twice that (its error is up to the margin on ln P, which grows
    to 1.6e-12 at alpha = 1e-300, and L moves by 1/k of it), and where it is subnormal within 3 steps more."""
    assert rg.is_tight_lower_sf(k, n, alpha, lower_sf, ACCURACY), f"1 - L too large: {k=}, {n=}, {alpha=}, {lower_sf=}"
    if lower < SMALLEST_NORMAL:
        raised = Fraction(lower) * (1 + Fraction(2, 10**12)) + 3 * Fraction(5e-324)
        assert k == 0 or not rg.is_sound_lower(k, n, alpha, raised)
    else:
        assert rg.is_tight_lower(k, n, alpha, lower, "2e-12"), f"L too small: {k=}, {n=}, {alpha=}, {lower=}"


def hard_cases(test):
    """Rows that have been, or could well be, hard: pinned for every test over (k, n) and alpha <= 1/2."""
    rows = [
        # tiny n, equality cases in binary arithmetic
        *[((1, 1), 0.5), ((1, 2), 0.25), ((2, 2), 0.25), ((1, 2), 0.5), ((2, 3), 0.5)],
        # budgets people use
        *[((99_999, 100_000), 0.001), ((50_500, 100_000), 0.001), ((12, 16), 0.1), ((990, 1000), 0.001)],
        # L near 0: the start from SciPy fails or underflows
        *[((1, 10**12), 1e-300), ((2, 10**12), 1e-300), ((2, 5), 1e-300), ((10, 10**12), 1e-300), ((1, 5), 1e-300)],
        # SciPy's quantile loses digits or fails
        *[((10**18 - 3, 10**18), 0.001), ((10**18 - 10**4, 10**18), 1e-300), ((10**18 - 1, 10**18), 0.5)],
        # the middle, where nothing is Poisson; 1 - L near 1/2 from both sides
        *[((5 * 10**11, 10**12), 1e-300), ((5 * 10**11, 10**12), 0.5), ((51, 100), 0.5), ((501, 1000), 0.49)],
        # all but one, all
        *[
            ((10**12 - 1, 10**12), 0.5),
            ((10**12, 10**12), 1e-300),
            ((1, 1), 1e-300),
            ((0, 1), 0.5),
            ((0, 10**12), 1e-300),
        ],
    ]
    for row in rows:
        test = example(*row)(test)
    return test
