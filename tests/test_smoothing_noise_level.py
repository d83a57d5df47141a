"""What noise within tau of normal does to a level."""

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from strategies import log_uniform

from rstheory.binomial import clopper_pearson_lower
from rstheory.smoothing.noise import level_with_noise_error


def tail_sum(n, p, k):
    """P(Bin(n, p) >= k) for a Fraction p, exactly."""
    i, d = p.numerator, p.denominator
    return Fraction(sum(math.comb(n, j) * i**j * (d - i) ** (n - j) for j in range(k, n + 1)), d**n)


@st.composite
def half_or_more(draw):
    return Fraction(draw(st.integers(500, 1000) | st.sampled_from([500, 501, 999])), 1000)


TAUS = st.integers(0, 500).map(lambda i: Fraction(i, 10_000))


@given(data=st.data(), n=st.integers(1, 200), p=half_or_more(), tau=TAUS)
def test_the_theorem_behind_the_level(data, n, p, tau):
    k = data.draw(st.integers(0, n) | st.just(n))
    met = tail_sum(n, min(p + tau, Fraction(1)), k)
    assert met <= (1 + tau / p) ** k * tail_sum(n, p, k) <= (1 + 2 * tau) ** n * tail_sum(n, p, k)


@given(data=st.data(), n=st.integers(1, 200), low=st.integers(1, 999))
def test_the_lemma_behind_the_theorem(data, n, low):
    """P(Bin(n, p) >= k)/p^k does not rise in p."""
    k, high = data.draw(st.integers(0, n)), data.draw(st.integers(low, 1000))
    small, large = Fraction(low, 1000), Fraction(high, 1000)
    assert tail_sum(n, large, k) * small**k <= tail_sum(n, small, k) * large**k


@given(data=st.data(), n=st.integers(1, 12), p=half_or_more(), tau=TAUS)
def test_the_theorem_behind_the_level_of_any_stopping_rule(data, n, p, tau):
    """Any rule that stops by (draws, successes) within n draws, and any set of its ends: the factor covers it."""
    ends = st.sets(st.tuples(st.integers(1, n), st.integers(0, n)))
    stops, wrong = data.draw(ends), data.draw(ends)

    def probability(q):
        """Of ending in `wrong`, by walking all paths."""
        paths, total = {0: Fraction(1)}, Fraction(0)
        for draws in range(1, n + 1):
            walked = {}
            for k, weight in paths.items():
                walked[k] = walked.get(k, 0) + weight * (1 - q)
                walked[k + 1] = walked.get(k + 1, 0) + weight * q
            ended = {k for k in walked if draws == n or (draws, k) in stops}
            total += sum((walked[k] for k in ended if (draws, k) in wrong), Fraction(0))
            paths = {k: weight for k, weight in walked.items() if k not in ended}
        return total

    assert probability(min(p + tau, Fraction(1))) <= (1 + 2 * tau) ** n * probability(p)


@pytest.mark.parametrize("factor", [lambda n, tau: (1 + tau / 2) ** n, lambda n, tau: (1 + 1.99 * tau) ** n])
def test_a_smaller_factor_would_be_wrong(factor):
    """At k = n and p = 1/2 the theorem is an equation: the tests above could fail."""
    n, p, tau = 200, Fraction(1, 2), Fraction(1, 20)
    assert tail_sum(n, p + tau, n) > factor(n, tau) * tail_sum(n, p, n)
    assert tail_sum(n, p + tau, n) == (1 + 2 * tau) ** n * tail_sum(n, p, n)


@settings(max_examples=30)
@given(n=st.integers(1, 200), alpha=log_uniform(1e-9, 0.5), p=half_or_more(), tau=TAUS)
@example(n=100, alpha=1e-3, p=Fraction(1, 2), tau=Fraction(1, 20))
def test_clopper_pearson_keeps_the_level_under_such_noise(n, alpha, p, tau):
    """The probability that the lower bound exceeds p, where counts come from p + tau."""
    assume(p < 1)
    wrong = np.nonzero(clopper_pearson_lower(np.arange(n + 1), n, alpha) > float(p))[0]
    if wrong.size:
        met = tail_sum(n, min(p + tau, Fraction(1)), int(wrong[0]))
        assert met <= Fraction(level_with_noise_error(alpha, n, float(tau))) * (1 + Fraction(1, 10**12))


@given(alpha=log_uniform(1e-300, 0.99), n=st.integers(1, 10**9), tau=st.just(0.0) | log_uniform(1e-300, 1e-3))
@example(alpha=1e-3, n=100_000, tau=7e-9)
@example(alpha=0.5, n=10**308, tau=0.05)
def test_level_with_noise_error_is_the_formula(alpha, n, tau):
    with mpmath.workdps(60):
        growth = n * mpmath.log1p(2 * mpmath.mpf(tau))
        exact = alpha * mpmath.exp(growth) if growth < 10**4 else mpmath.inf
    level = level_with_noise_error(alpha, n, tau)
    if growth > 709:
        assert level > 1  # says nothing, as it may
    else:  # exp turns the two roundings of its argument into relative errors
        assert abs(level - exact) <= exact * (float(growth) + 2) * 2.0**-51
    assert level >= alpha
    if tau == 0:
        assert level == alpha
