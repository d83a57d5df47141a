"""Populations of label probabilities (theory B7, C5, C8)."""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import levels, probabilities, sigmas, small_levels

import rstheory as rs
from rstheory import Population

EPS = float(np.finfo(float).eps)

# Absolute error of r_N at sigma = 1 for n <= 10^5: 1.26e-12 of the bound behind each g_N (see expected_radii.py), some
# 1e-13 of a sum of masses times a radius below 40. Shares add up to 1, so it is that of an ACR too.
ACR_ERROR = 1e-11

# Tails and spreads that are multiples of 2^-30, shares that are multiples of 2^-10: means are kept exactly.
dyadic = st.one_of(st.integers(0, 2**30), st.integers(0, 2**12)).map(lambda i: i / 2**30)


@st.composite
def populations(draw, tails=dyadic, groups=6):
    tail = draw(st.lists(tails, min_size=1, max_size=groups))
    cuts = sorted(draw(st.lists(st.integers(0, 1024), min_size=len(tail) - 1, max_size=len(tail) - 1)))
    return Population(tail, np.diff([0, *cuts, 1024]) / 1024)


# -- the object -------------------------------------------------------------------------------------------------------


def test_a_small_population_by_hand():
    people = Population(tail=[0.0, 0.25, 0.75], share=[0.5, 0.25, 0.25])
    assert people.mean_probability == 0.75
    assert people.spread == pytest.approx(math.sqrt(0.5 * 0.25**2 + 0.25 * 0.5**2), rel=4 * EPS)
    assert people.certain_share == 0.5
    radii = rs.expected_radius_sf([0.0, 0.25, 0.75], 1000, 0.01, 0.5)
    hand = 0.5 * radii[0] + 0.25 * radii[1] + 0.25 * radii[2]
    assert people.expected_acr(1000, 0.01, 0.5) == pytest.approx(hand, rel=4 * EPS)
    assert isinstance(people.expected_acr(1000), float)


@given(st.lists(probabilities(), min_size=1, max_size=30))
@example([0.3])
@example([1.0, 1.0])
@example([0.0, 5e-324])
@settings(max_examples=50)
def test_of_samples(p):
    people = Population.of_samples(p)
    assert np.all(people.tail == 1 - np.array(p))
    assert np.all(people.share == 1 / len(p))
    assert people.mean_probability == pytest.approx(np.mean(p), abs=1e-14)
    assert people.spread == pytest.approx(np.std(p), abs=1e-14)
    assert people.certain_share == pytest.approx(np.mean([q == 1 for q in p]), abs=1e-14)
    # The tail of 1e-20 is 1 here: `of_samples` takes p, and p has no such digits.
    assert people.expected_acr(50) == pytest.approx(np.mean(rs.expected_radius_sf(people.tail, 50)), abs=1e-13)


@given(populations(), st.integers(1, 3000), levels(), sigmas())
@settings(max_examples=25)
@example(Population([0.0], [1.0]), 100_000, 0.001, 1.0)
def test_expected_acr_is_the_mean(people, n, alpha, sigma):
    by_hand = math.fsum(
        share * rs.expected_radius_sf(tail, n, alpha, sigma)
        for tail, share in zip(people.tail.tolist(), people.share.tolist(), strict=True)
    )
    assert people.expected_acr(n, alpha, sigma) == pytest.approx(by_hand, rel=1e-13, abs=sigma * 1e-300)
    assert people.expected_acr(n, alpha, sigma) <= rs.max_radius(n, alpha, sigma) * (1 + 1e-12)


def test_defaults_are_the_standard_level():
    people = Population([0.1], [1.0])
    assert people.expected_acr(1000) == people.expected_acr(1000, 0.001, 1.0)


def test_a_certain_share_has_the_acr_of_the_constant_classifier():
    people = Population([0.0, 1.0], [0.1, 0.9])
    assert people.expected_acr(100_000) == pytest.approx(rs.trivial_acr(100_000), rel=4 * EPS)


def test_a_population_cannot_be_changed_from_outside():
    tail = np.array([0.0, 0.5])
    people = Population(tail, [0.5, 0.5])
    tail[0] = 1
    assert people.tail[0] == 0
    with pytest.raises(ValueError, match="read-only"):
        people.tail[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        people.share[0] = 1
    with pytest.raises(AttributeError):
        people.tail = tail


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Population([], []), r"tail and share must be two lists of one length, got \(0,\) and \(0,\)"),
        (lambda: Population([0.5], [0.5, 0.5]), r"tail and share .*\(1,\) and \(2,\)"),
        (lambda: Population([[0.5]], [[1.0]]), r"tail and share .*\(1, 1\)"),
        (lambda: Population(0.5, 1.0), r"tail and share .*\(\) and \(\)"),
        (lambda: Population([0.5, 1.5], [0.5, 0.5]), r"tail\[1\]=1\.5 .*\[0, 1\]"),
        (lambda: Population([math.nan], [1.0]), r"tail\[0\]=nan"),
        (lambda: Population(["0.5"], [1.0]), r"tail=\['0\.5'\]"),
        (lambda: Population([0.5, 0.5], [1.5, -0.5]), r"share\[0\]=1\.5"),
        (lambda: Population([0.5, 0.5], [math.nan, 1.0]), r"share\[0\]=nan"),
        (lambda: Population([0.5, 0.5], [0.5, 0.4]), r"share=\[0\.5 0\.4\] .*add up to 1, not 0\.9"),
        (lambda: Population([0.5, 0.5], [0.5, 0.5 + 1e-8]), r"share=.*add up to 1"),
        (lambda: Population.of_samples([]), r"tail and share .*\(0,\)"),
        (lambda: Population.of_samples(0.5), r"tail and share .*\(\)"),
        (lambda: Population.of_samples([0.5, 1.2]), r"p\[1\]=1\.2"),
        (lambda: Population([0.5], [1.0]).expected_acr(0), r"n=0\b"),
        (lambda: Population([0.5], [1.0]).expected_acr(100.0), r"n=100\.0 .*integer"),
        (lambda: Population([0.5], [1.0]).expected_acr(100, 1.0), r"alpha=1\.0"),
        (lambda: Population([0.5], [1.0]).expected_acr(100, 0.1, -1.0), r"sigma=-1\.0"),
        (lambda: rs.infinite_budget_winner([]), r"populations\b"),
        (lambda: rs.crossing_budget(EASY, HARD, 0, 10), r"(low|n)=0\b"),
        (lambda: rs.crossing_budget(EASY, HARD, 1.0, 10), r"low=1\.0 .*integer"),
        (lambda: rs.crossing_budget(EASY, HARD, 1, [10]), r"high\b.*single integer"),
        (lambda: rs.crossing_budget(EASY, HARD, 100, 10), r"low=100, high=10\b"),
        (lambda: rs.crossing_budget(EASY, HARD, 10, 10), r"low=10, high=10\b"),
        (lambda: rs.crossing_budget(EASY, EASY, 1, 10), r"low=1, high=10 .*the ranking must differ"),
        (lambda: rs.crossing_budget(EASY, HARD, 10_000, 20_000), r"low=10000, high=20000 .*must differ"),
        (lambda: rs.crossing_budget(EASY, HARD, 1, 10, 0.0), r"alpha=0\.0"),
    ],
)
def test_refuses(make, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        make()


EASY, HARD = Population([0.01], [1.0]), Population([0.2], [1.0])


def test_shares_may_be_rounded():
    """Ten times 0.1 is not 1 in float64, nor are 10 000 times 1e-4."""
    assert Population([0.5] * 10, [0.1] * 10).mean_probability == pytest.approx(0.5)
    assert Population.of_samples(np.full(10_000, 0.5)).mean_probability == pytest.approx(0.5)


# -- B7: the ranking at an infinite budget ----------------------------------------------------------------------------

# So that "large enough" is within reach: r_N(p) stays near or below Phi^-1(0.9) = 1.29 for p <= 0.9 (see the first
# test), so a lead of 1/3 in the certain share outweighs all other samples once R_N > 3.9: N near 2 10^5 will do.
LARGEST_P = 0.9


@given(st.floats(0, LARGEST_P), st.integers(1, 10**5), small_levels())
@settings(max_examples=30)
@example(0.9, 10**6, 0.5)
def test_an_uncertain_sample_keeps_a_bounded_radius(p, n, alpha):
    """For alpha <= 1/2 and N large; small budgets at a generous alpha may promise a little more than R(p)."""
    assert rs.expected_radius(p, n, alpha) <= 1.29 + 4 / math.sqrt(n)


@st.composite
def rivals(draw):
    ahead = draw(st.integers(342, 1024))
    behind = draw(st.integers(0, ahead - 342))
    shares = [ahead / 1024, behind / 1024]
    people = []
    for certain in shares:
        p = draw(st.lists(st.floats(0, LARGEST_P), min_size=1, max_size=4))
        share = [(1 - certain) / len(p)] * len(p)
        people.append(Population([0.0, *(1 - q for q in p)], [certain, *share]))
    return people


@given(rivals(), st.booleans())
@settings(max_examples=20)
@example([Population([0.0, 1.0], [0.34, 0.66]), Population([0.0, 0.1], [0.0, 1.0])], False)
def test_the_larger_certain_share_wins_in_the_end(pair, swap):
    winner = rs.infinite_budget_winner(pair[::-1] if swap else pair)
    assert winner == int(swap)
    n = 100
    while pair[0].expected_acr(n) <= pair[1].expected_acr(n):
        n *= 2
        assert n < 10**6
    for larger in (2 * n, 4 * n):
        assert pair[0].expected_acr(larger) > pair[1].expected_acr(larger)


def test_the_winner_may_be_far_behind_at_first():
    narrow, broad = Population([0.0, 1.0], [0.2, 0.8]), Population([0.001, 0.2], [0.9, 0.1])
    assert rs.infinite_budget_winner([narrow, broad]) == 0
    assert rs.infinite_budget_winner([broad, narrow]) == 1
    assert narrow.expected_acr(100_000) < broad.expected_acr(100_000) / 2


@pytest.mark.parametrize(
    ("populations", "winner"),
    [
        ([EASY], 0),
        ([EASY, HARD], None),  # nobody is certain of anything
        ([Population([0.0, 0.5], [0.5, 0.5]), Population([0.0, 0.1], [0.5, 0.5])], None),
        ([EASY, Population([0.0, 1.0], [1e-6, 1 - 1e-6]), HARD], 1),
        ([Population([1e-300], [1.0]), Population([0.0, 1.0], [0.001, 0.999])], 1),  # 1e-300 is not 0
        # The same 3 of 10, entered as one group, as two, and sample by sample: a tie that rounding must not decide.
        ([Population([0.0, 0.0, 1.0], [0.1, 0.2, 0.7]), Population([0.0, 1.0], [0.3, 0.7])], None),
        ([Population.of_samples([1.0] * 3 + [0.0] * 7), Population([0.0, 1.0], [0.3, 0.7])], None),
    ],
)
def test_the_winner_of_several(populations, winner):
    assert rs.infinite_budget_winner(populations) == winner


# -- C5: ACR rewards inequality ---------------------------------------------------------------------------------------


@st.composite
def spreads(draw):
    """A population, and the same after a few mean-preserving spreads: part of a group split to both sides."""
    people = draw(populations(groups=4))
    tail, share = list(people.tail), list(people.share)
    for _ in range(draw(st.integers(1, 3))):
        i = draw(st.integers(0, len(tail) - 1))
        room = int(2**30 * min(tail[i], 1 - tail[i]))
        step = draw(st.integers(0, room)) / 2**30
        weight = draw(st.sampled_from([0.5, 0.25, 0.125]))  # of the far part; the near part moves the less
        near = step * weight / (1 - weight)
        if weight != 0.5:
            near, step = step * 0.25, step * 0.25 * (1 - weight) / weight
            if tail[i] < step or tail[i] + step > 1:
                continue
        sign = draw(st.sampled_from([-1, 1]))
        tail += [tail[i] + sign * step, tail[i] - sign * near]
        share += [share[i] * weight, share[i] * (1 - weight)]
        share[i] = 0.0
    return people, Population(tail, share)


@given(spreads(), st.one_of(st.sampled_from([100, 1000, 100_000]), st.integers(1, 5000)), small_levels())
@settings(max_examples=40)
@example((Population([0.25], [1.0]), Population([0.0, 0.5], [0.5, 0.5])), 100_000, 0.001)
@example((Population([0.25], [1.0]), Population([0.0, 0.5], [0.5, 0.5])), 5, 0.5)
@example((Population([0.001], [1.0]), Population([0.0, 0.002], [0.5, 0.5])), 100_000, 0.001)
def test_spreading_never_lowers_the_acr(pair, n, alpha):
    before, after = pair
    assert after.mean_probability == pytest.approx(before.mean_probability, abs=1e-15)
    assert after.spread >= before.spread - 1e-8  # the root of a rounding of the variance
    # A mean that moves by EPS moves r_N by EPS times its largest slope.
    slack = ACR_ERROR + 4 * EPS * rs.slope_at_one(n, alpha)
    assert after.expected_acr(n, alpha) >= before.expected_acr(n, alpha) - slack


def test_spreading_may_lower_the_acr_above_one_half():
    """C5 rests on alpha <= 1/2, as C4 does."""
    one, two = Population([0.5], [1.0]), Population([0.0, 1.0], [0.5, 0.5])
    assert two.expected_acr(2, 0.999) < one.expected_acr(2, 0.999) - 0.1


def test_the_largest_spread_at_the_standard_budget():
    """The same accuracy under noise of 0.75: alike samples have an ACR of 0.66, half easy and half hopeless 1.91."""
    alike, unequal = Population([0.25], [1.0]), Population([0.0, 0.5], [0.5, 0.5])
    assert unequal.expected_acr(100_000) == pytest.approx(rs.max_radius(100_000) / 2, abs=1e-4)
    assert unequal.expected_acr(100_000) > 2.8 * alike.expected_acr(100_000)


# -- C8: where a ranking changes --------------------------------------------------------------------------------------


def leads(a: Population, b: Population, n: int, alpha: float) -> bool:
    return a.expected_acr(n, alpha) > b.expected_acr(n, alpha)


@st.composite
def opposites(draw):
    """A narrow model, a certain share and nothing else, against a broad one that is often ahead at small budgets."""
    certain = draw(st.integers(100, 900)) / 1000
    easy = draw(st.floats(certain, 1))
    return Population([0.0, 1.0], [certain, 1 - certain]), Population(
        [draw(st.floats(1e-4, 0.3)), 1.0], [easy, 1 - easy]
    )


@given(
    st.one_of(opposites(), st.tuples(populations(groups=3), populations(groups=3))),
    st.integers(10, 200),
    st.integers(200, 2000),
    small_levels(),
)
@settings(max_examples=25)
@example((Population([0.0, 1.0], [0.6, 0.4]), Population([0.01, 0.2], [0.9, 0.1])), 1000, 100_000, 0.001)
@example((Population([0.0], [1.0]), Population([0.5], [1.0])), 1, 100, 0.001)  # from a tie at 0, both abstaining
@example((Population([0.0], [1.0]), Population([0.5], [1.0])), 9, 10, 0.001)  # two neighbours
def test_the_sign_changes_at_the_crossing(pair, low, high, alpha):
    a, b = pair
    if low == high or leads(a, b, low, alpha) == leads(a, b, high, alpha):
        with pytest.raises(ValueError, match="the ranking must differ between the two ends"):
            rs.crossing_budget(a, b, low, high, alpha)
        return
    n = rs.crossing_budget(a, b, low, high, alpha)
    assert low < n <= high
    assert leads(a, b, n, alpha) != leads(a, b, n - 1, alpha)
    assert leads(a, b, n, alpha) == leads(a, b, high, alpha) or leads(a, b, n - 1, alpha) == leads(a, b, low, alpha)


def test_the_first_budget_that_certifies():
    """From a tie at 0: p = 1 leads as soon as anything is certified, at n = 10 for alpha = 0.001."""
    certain, never = Population([0.0], [1.0]), Population([1.0], [1.0])
    assert rs.crossing_budget(certain, never, 1, 10_000) == 10
    assert rs.crossing_budget(certain, never, 1, 10_000, 0.5) == 2
