"""`proofs/intervals/`: bounds on intervals and quoted constants are proved; tightened and wrong ones are refused."""

from fractions import Fraction

import pytest

pytest.importorskip("flint")
from flint import arb, ctx

from proofs import runners
from proofs.intervals import constants, growth, radius, subdivision
from proofs.ledger import Check

BOUNDS = [  # function, range, and a range on which the bound tightened by a factor of 1.001 is false somewhere
    (radius.radius_lower_bound, 40, 40),
    (radius.radius_upper_bound, 40, 100),  # near its value only far in the tail
    (radius.slope_lower_bound, 40, 40),
    (radius.slope_upper_bound, 40, 40),
    (growth.tail_lower_bound, 50, 50),
    (growth.tail_upper_bound, 50, 50),
    (growth.radius_lower_bound, 1000, None),  # R_N stays above the bound by far: see `test_a_false_radius_bound`
    (growth.radius_upper_bound, 1000, 10_000),
]


def bound_name(case):
    function = case[0]
    return f"{function.__module__.rsplit('.', 1)[1]}.{function.__name__}"


@pytest.mark.parametrize("case", BOUNDS, ids=bound_name)
def test_bound_is_proved(case):
    function, largest, _ = case
    outcome = function(largest)
    assert outcome.proved
    assert outcome.refuted_at is None


@pytest.mark.parametrize("case", [case for case in BOUNDS if case[2]], ids=bound_name)
def test_tightened_bound_is_refused(case):
    function, _, largest = case
    outcome = function(largest, arb("1.001"))
    assert not outcome.proved
    assert outcome.refuted_at is not None


@pytest.mark.parametrize("function", [growth.radius_lower_bound, growth.radius_upper_bound], ids=lambda f: f.__name__)
def test_a_false_radius_bound_is_refused(function):
    assert not function(100, arb("1.2")).proved


@pytest.mark.parametrize("z", [0.01, 0.5, 2.0, 7.0, 30.0])
def test_the_claims_are_those_of_the_library(z):
    """The bounds proved are the ones that `rstheory.radius` computes, at points in the range."""
    import rstheory.radius as rr

    t = rr.certified_radius_inverse_sf(z)
    lower, upper = rr.radius_bounds_sf(t)
    least, most = rr.sensitivity_bounds_sf(t)
    with ctx.workprec(100):
        log_ratio, h, c = radius.log_ratio(arb(z)), radius.hazard(arb(z)), radius.constant()
        root, y = (2 * log_ratio).sqrt(), (c * c + 2 * log_ratio).sqrt() - c
        for ball, value in [
            (y, lower),
            (root, upper),
            (1 / (root + c), least * t),
            (1 / (y * y + c * c).sqrt(), most * t),
            (1 / h, rr.sensitivity_sf(t) * t),
        ]:
            assert float(ball) == pytest.approx(float(value), rel=1e-11)  # z^2 eps, as for `sensitivity`


def test_subdivision_refuses_a_dip_that_no_sample_sees():
    """Positive at every multiple of 1/64, negative near 1/3 on an interval of 1e-5: bisection finds it."""
    third = arb(1) / 3

    def dip(x):
        return (x - third) ** 2 - arb("1e-11")

    outcome = subdivision.positive(dip, 0, 1, lambda x: 2 * (x - third))
    assert not outcome.proved
    assert outcome.refuted_at == pytest.approx(1 / 3, abs=1e-5)


def test_subdivision_does_not_prove_what_touches_zero():
    assert not subdivision.positive(lambda x: (x - arb(1) / 3) ** 2, 0, 1).proved
    assert not subdivision.positive(lambda x: arb.nan(), 0, 1, smallest=0.1).proved


@pytest.mark.parametrize(
    ("at_zero", "proved"),
    [([arb(0)], True), ([arb(-1)], False), ([arb(0, 1e-9)], False), ([arb(1)], True)],
)
def test_the_start_at_zero_must_be_exact(at_zero, proved):
    outcome = subdivision.positive_from_zero([lambda x: x, lambda x: arb(1)], at_zero, Fraction(1, 2), 1)
    assert outcome.proved is proved


QUICK = [c for c in constants.CONSTANTS if c.quoted not in ("2.506", "0.7657")]  # those two take 20 s each


@pytest.mark.parametrize("constant", QUICK, ids=lambda c: f"{c.item} {c.quoted}")
def test_constant_is_enclosed(constant):
    assert constants.enclose(constant).proved


def test_every_constant_that_the_issue_names_is_there():
    quoted = {c.quoted for c in constants.CONSTANTS}
    assert {"7232.99", "0.7657", "2.214", "148", "4.24E17", "154576.0", "50490", "3.8115"} <= quoted


@pytest.mark.parametrize(
    ("quoted", "value"),
    [
        ("7232.98", arb("7232.989")),
        ("3.8114", arb("3.811456563")),
        ("148", 147),
        ("4.25E17", arb(424326933692196259)),
        ("2.214", arb("2.214", 0.01)),  # right, but not known well enough
        ("2.214", arb.nan()),
    ],
)
def test_wrong_constant_is_refused(quoted, value):
    assert not constants.agrees(quoted, value)


def test_the_runner_refuses_what_is_not_proved():
    def status(file, name, *arguments):
        return runners.run_balls(Check("ball arithmetic", f"proofs/intervals/{file}", (name,), arguments)).status

    assert status("constants.py", "quoted", "B6") == "pass"
    assert status("constants.py", "quoted", "D5") == "fail"  # there are none
    assert status("convexity.py", "holds", ((2, "0.999"),)) == "fail"
