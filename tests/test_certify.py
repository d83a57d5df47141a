"""CERTIFY in NumPy: the counts are right, the evidence is kept, and the constant classifier is theory B1."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rstheory import max_radius, radius_from_count, trivial_acr
from rstheory.certify import Certificate, certify


def constant(images):
    return np.full(len(images), 3)


def sign_of_first_pixel(images):
    return (images[:, 0] > 0).astype(int)


@given(n=st.integers(1, 3000), n0=st.integers(1, 50), sigma=st.floats(0.01, 10), alpha=st.floats(1e-12, 0.999))
def test_constant_classifier_counts_every_draw(n, n0, sigma, alpha):
    rng = np.random.default_rng(0)
    result = certify(constant, [0.5, 0.5], classes=10, sigma=sigma, n=n, n0=n0, rng=rng, alpha=alpha)
    assert (result.selected, result.count, result.n, result.n0) == (3, n, n, n0)
    assert result.radius == max_radius(n, alpha, sigma)
    assert result.abstained == (result.radius == 0)


def test_constant_classifier_has_exactly_the_trivial_acr():
    """F1 and B1: on balanced data, the mean of the certified radii is share * radius, in exact arithmetic."""
    rng = np.random.default_rng(1)
    labels = np.arange(40) % 10
    results = [certify(constant, rng.random(4), classes=10, sigma=0.5, n=1000, rng=rng) for _ in labels]
    total = sum(Fraction(r.radius) for r, label in zip(results, labels, strict=True) if r.selected == label)
    assert total / 40 == Fraction(1, 10) * Fraction(float(max_radius(1000, sigma=0.5)))
    # trivial_acr rounds the product once, and takes 0.1 for 1/10: two units in the last place at most.
    assert abs(float(total / 40) - trivial_acr(1000, sigma=0.5)) <= 2 * np.spacing(0.1)


def test_counts_follow_the_binomial_law():
    """The noise has the stated sigma: p = Phi(x/sigma). Seed fixed; false-alarm rate of 5 standard errors: 6e-7."""
    rng = np.random.default_rng(2)
    n, p = 200_000, 0.8413447460685429  # Phi(1)
    result = certify(sign_of_first_pixel, [0.5, 9.0], classes=2, sigma=0.5, n=n, rng=rng)
    assert result.selected == 1
    assert abs(result.count - n * p) < 5 * np.sqrt(n * p * (1 - p))
    assert result.radius == radius_from_count(result.count, n, 1e-3, 0.5) < 0.5  # the true radius is the pixel's 0.5


def test_radius_never_exceeds_the_true_one_too_often():
    """C1 at alpha = 0.1, 400 runs, seed fixed: more than 63 failures has probability 1e-4 if the level is kept."""
    rng = np.random.default_rng(3)
    runs = [certify(sign_of_first_pixel, [0.5], classes=2, sigma=0.5, n=200, rng=rng, alpha=0.1) for _ in range(400)]
    assert sum(r.radius > 0.5 for r in runs) <= 63


def test_result_depends_on_the_generator_only():
    runs = [
        certify(sign_of_first_pixel, [0.1], classes=2, sigma=1.0, n=500, rng=np.random.default_rng(seed), batch=batch)
        for seed, batch in ((5, 10_000), (5, 10_000), (5, 7))
    ]
    assert runs[0] == runs[1] == runs[2]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sigma": 0.0}, "sigma=0.0"),
        ({"n": 0}, "n=0"),
        ({"n0": 0}, "n0=0"),
        ({"alpha": 1.0}, "alpha=1.0"),
        ({"n": 10.0}, "n=10.0"),
        ({"sigma": 1e308}, "sigma=1e[+]308"),
        ({"classes": 0}, "classes=0"),
        ({"batch": 0}, "batch=0"),
        ({"batch": -3}, "batch=-3"),
        ({"x": np.ma.array([0.1, 0.2], mask=[0, 1])}, "x is not allowed.*masked"),
        ({"classifier": lambda x: np.ma.array(np.zeros(len(x), int), mask=x[:, 0] > 0)}, "masked labels"),
        ({"x": [float("nan")]}, "x is not allowed"),
        ({"classifier": lambda x: np.zeros((len(x), 2), int)}, "integer labels"),
        ({"classifier": lambda x: np.zeros(len(x))}, "integer labels"),
        ({"classifier": lambda x: np.full(len(x), 7)}, "outside 0..1"),
        ({"classifier": lambda x: np.full(len(x), -1)}, "outside 0..1"),
    ],
)
def test_bad_input_is_refused(change, message):
    good = {"classifier": sign_of_first_pixel, "x": [0.1], "classes": 2, "sigma": 1.0, "n": 10}
    arguments = good | {"rng": np.random.default_rng(0)} | change
    with pytest.raises(ValueError, match=message):
        certify(arguments.pop("classifier"), arguments.pop("x"), **arguments)


def test_impossible_evidence_is_refused():
    with pytest.raises(ValueError, match=r"k\[0\]=11"):
        Certificate(selected=0, counts=(11, 0), n=10, n0=1, alpha=0.1, sigma=1.0)
    with pytest.raises(ValueError, match="add up to n=10"):
        Certificate(selected=0, counts=(5, 4), n=10, n0=1, alpha=0.1, sigma=1.0)
    with pytest.raises(ValueError, match=r"k\[0\]=True"):
        Certificate(selected=0, counts=(True, 9), n=10, n0=1, alpha=0.1, sigma=1.0)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=5).filter(any), st.integers(-7, 7) | st.sampled_from([2**70]))
def test_only_a_class_that_was_counted_can_be_selected(counts, selected):
    """Python would take counts[-1] for the last class and certify it."""
    evidence = {"counts": tuple(counts), "n": sum(counts), "n0": 1, "alpha": 0.1, "sigma": 1.0}
    if 0 <= selected < len(counts):
        assert Certificate(selected=selected, **evidence).count == counts[selected]
    else:
        with pytest.raises(ValueError, match=rf"selected={selected} .*0\.\.{len(counts) - 1}"):
            Certificate(selected=selected, **evidence)


@pytest.mark.parametrize("selected", [0.0, True, "0", None, [0]])
def test_a_selected_class_is_one_integer(selected):
    with pytest.raises(ValueError, match="selected"):
        Certificate(selected=selected, counts=(5, 5), n=10, n0=1, alpha=0.1, sigma=1.0)
