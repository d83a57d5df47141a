"""Rules that stop and randomized bounds: exact rates are proved, wrong statements are refused."""

from fractions import Fraction
from functools import cache

import mpmath
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

pytest.importorskip("flint")
from flint import arb, ctx

from proofs.intervals import anytime, randomized


def test_no_rate_of_the_truncated_mixture_exceeds_its_level():
    outcome = anytime.false_alarms()
    assert outcome.proved
    assert outcome.cases == len(anytime.ALPHAS) * len(anytime.QS) * len(anytime.SHARES) * anytime.LARGEST
    assert 0.5 < outcome.worst <= 1


def test_the_untruncated_mixture_is_refused():
    """At p = q it is a test too; below q it is not."""
    outcome = anytime.false_alarms(anytime.untruncated)
    assert not outcome.proved
    assert outcome.worst > 9


def test_a_level_that_is_half_as_large_is_refused():
    """What is claimed of W could not be claimed of 2W: some exact rate lies above α then."""
    assert not anytime.false_alarms(lambda q, k, j: 2 * anytime.truncated(q, k, j)).proved


@pytest.mark.parametrize("q", anytime.QS, ids=float)
def test_the_wealth_is_the_mean_ratio_over_the_angle(q):
    """The beta functions of the theory against the integral that Coq reasons about."""
    with mpmath.workdps(20):
        start = mpmath.asin(mpmath.sqrt(mpmath.mpf(q.numerator) / q.denominator))
        for k, j in ((0, 0), (5, 0), (0, 4), (17, 6)):
            ratio = mpmath.quad(
                lambda s, k=k, j=j: (mpmath.sin(s) ** 2 / q) ** k * (mpmath.cos(s) ** 2 / (1 - q)) ** j,
                [start, (start + mpmath.pi / 2) / 2, mpmath.pi / 2],
            )
            mean = ratio / (mpmath.pi / 2 - start)
            assert abs(float(anytime.truncated(q, k, j).mid()) / float(mean) - 1) < 1e-12


@given(k=st.integers(0, 60), j=st.integers(0, 60), low=st.fractions(0, 1), high=st.fractions(0, 1))
@example(k=1, j=0, low=Fraction(1, 1000), high=Fraction(999, 1000))
@settings(max_examples=200)
def test_the_mixture_falls_where_it_exceeds_1(k, j, low, high):
    """G2: it does not rise in q up to k/n, and is at most 1 from there on."""
    assume(0 < low < high < 1)
    with ctx.workprec(400):
        at_low, at_high = anytime.truncated(low, k, j), anytime.truncated(high, k, j)
    if high * (k + j) <= k:
        assert not at_high > at_low
    else:
        assert not at_high > 1


def test_a_bound_that_is_a_little_too_large_is_refused(monkeypatch):
    assert anytime.bound_against_brute_force(6, 50).proved
    right = anytime.bound
    monkeypatch.setattr(anytime, "bound", lambda alpha, k, j: right(alpha, k, j) + Fraction(1, 50))
    assert not anytime.bound_against_brute_force(6, 50).proved


def test_a_crossing_that_cannot_be_decided_is_an_error():
    with pytest.raises(ArithmeticError, match="too close to 1/α to decide"):
        anytime.crossed(lambda q, k, j: arb(10), Fraction(1, 2), Fraction(1, 10))(0, 0)


def test_repeated_bounds_are_refused():
    outcome = anytime.repeated_bounds()
    assert outcome.proved
    assert outcome.worst > 4
    once = anytime.exceeding(Fraction(1, 2), Fraction(1, 20))
    *_, at_the_end = anytime.crossing_probabilities(lambda k, j: k + j == 60 and once(k, j), Fraction(1, 2), 60)
    assert at_the_end < Fraction(1, 20)  # one look: it is the repetition that costs


def test_the_recursion_over_counts_is_that_of_coq():
    """Coq's `crossing` conditions on the first draw; here the law of what has not crossed is carried forward."""
    hit = anytime.crossed(anytime.truncated, anytime.QS[0], anytime.ALPHAS[0])
    p = Fraction(3, 7)

    @cache
    def crossing(n, k, j):
        if hit(k, j):
            return Fraction(1)
        return Fraction(0) if n == 0 else (1 - p) * crossing(n - 1, k, j + 1) + p * crossing(n - 1, k + 1, j)

    assert list(anytime.crossing_probabilities(hit, p, 25)) == [crossing(n, 0, 0) for n in range(26)]


def test_the_randomized_level_is_exact_and_the_plain_one_is_not():
    assert randomized.level_is_exact(20).proved
    for n, p in ((7, Fraction(1, 3)), (50, Fraction(9, 10))):
        assert randomized.level(n, p, Fraction(1, 20)) == Fraction(1, 20)
        assert randomized.level(n, p, Fraction(1, 20), randomized.plain_length) < Fraction(1, 20)
        # half of u for every count, whatever the bound: not a level
        assert randomized.level(n, p, Fraction(1, 20), lambda above, mass, target: Fraction(1, 2)) == Fraction(1, 2)


def test_a_randomized_bound_has_no_root_at_either_end():
    alpha = Fraction(1, 20)
    assert randomized.bound(5, 0, Fraction(1, 2), alpha) == (0, 0)
    assert randomized.bound(5, 5, Fraction(1, 100), alpha) == (1, 1)
    low, high = randomized.bound(5, 5, Fraction(1), alpha)
    assert low**5 <= alpha <= high**5
