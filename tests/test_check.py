"""Wrong input is refused: ValueError, with the name of the argument, its value, and where in an array it stands.

The table is `SIGNATURES`: one line a public function, with one good call. Every argument of it is then replaced, one at
a time, by everything in `BAD` under that argument's name. To cover a new function, add a line; a new kind of argument,
an entry in `BAD`. What does not fit that pattern is spelt out in `SPECIAL`.
"""

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rstheory import binomial, budget, planning, radius, randomized, trivial
from rstheory.sequential import mixture

NAN, INF = math.nan, math.inf
NO_NUMBERS = (True, False, "0.5", 1j, b"0.5", [0.5, "x"], [True], {"a": 1})

# Each bad value stands for a way to be wrong; the message must contain `argument=value`.
BAD: dict[str, tuple[Any, ...]] = {
    "p": (-0.1, -5e-324, 1.0000000000000002, 1.5, NAN, INF, -INF, *NO_NUMBERS),
    "t": (-0.1, -5e-324, 1.0000000000000002, 1.5, NAN, INF, -INF, *NO_NUMBERS),
    "half_tail": (0.0, 0.5000000000000001, 1.0, -0.1, NAN, INF, *NO_NUMBERS),
    "alpha": (0.0, 1.0, -0.001, 1.5, NAN, INF, -INF, *NO_NUMBERS),
    "sigma": (0.0, -0.0, -0.5, NAN, INF, -INF, 1e308, 1.1e300, 5e-324, 9e-301, *NO_NUMBERS),
    "radius": (-0.1, -5e-324, NAN, -INF, *NO_NUMBERS),
    # The good call has n = 10.
    "k": (-1, 11, 10**30, -(10**30), 2.0, 2.5, NAN, INF, *NO_NUMBERS),
    "n": (0, -5, -(10**30), 10.0, 1e5, NAN, INF, *NO_NUMBERS),
    "j": (-1, -(10**30), 2.0, NAN, *NO_NUMBERS),
    "u": (-0.1, 1.0000000000000002, NAN, INF, *NO_NUMBERS),
    "small_alpha": (0.0, 0.5000000000000001, 1.0, -0.001, NAN, INF, *NO_NUMBERS),
    "inner": (0.0, 1.0, -0.1, 1.5, NAN, INF, *NO_NUMBERS),
    "positive": (0.0, -0.1, NAN, INF, -INF, *NO_NUMBERS),
}
# Where an argument's domain is not the one that its name suggests: {(function, argument): key of BAD}.
DOMAIN = {
    (radius.radius_bounds_sf, "t"): "half_tail",
    (radius.sensitivity_bounds_sf, "t"): "half_tail",
    (randomized.randomized_lower, "alpha"): "small_alpha",
    (randomized.randomized_lower_sf, "alpha"): "small_alpha",
    (mixture.log_mixture, "q"): "inner",
    (mixture.log_mixture_sf, "t"): "inner",
    (planning.certification_power, "radius"): "positive",
    (planning.certification_power_sf, "radius"): "positive",
    (planning.radius_at_power, "power"): "alpha",
    (planning.radius_at_power_sf, "power"): "alpha",
}

SIGNATURES: tuple[tuple[Callable[..., Any], dict[str, Any]], ...] = (
    (radius.certified_radius, {"p": 0.9, "sigma": 0.5}),
    (radius.certified_radius_sf, {"t": 0.1, "sigma": 0.5}),
    (radius.signed_radius, {"p": 0.9, "sigma": 0.5}),
    (radius.signed_radius_sf, {"t": 0.1, "sigma": 0.5}),
    (radius.certified_radius_inverse, {"radius": 1.0, "sigma": 0.5}),
    (radius.certified_radius_inverse_sf, {"radius": 1.0, "sigma": 0.5}),
    (radius.sensitivity, {"p": 0.9, "sigma": 0.5}),
    (radius.sensitivity_sf, {"t": 0.1, "sigma": 0.5}),
    (radius.curvature, {"p": 0.9, "sigma": 0.5}),
    (radius.curvature_sf, {"t": 0.1, "sigma": 0.5}),
    (radius.radius_bounds_sf, {"t": 0.1, "sigma": 0.5}),
    (radius.sensitivity_bounds_sf, {"t": 0.1, "sigma": 0.5}),
    (binomial.clopper_pearson_lower, {"k": 9, "n": 10, "alpha": 0.001}),
    (binomial.clopper_pearson_lower_sf, {"k": 9, "n": 10, "alpha": 0.001}),
    (binomial.clopper_pearson_upper, {"k": 9, "n": 10, "alpha": 0.001}),
    (binomial.clopper_pearson_upper_sf, {"k": 9, "n": 10, "alpha": 0.001}),
    (binomial.poisson_limit, {"j": 3, "alpha": 0.001}),
    (randomized.randomized_lower, {"k": 9, "n": 10, "alpha": 0.001, "u": 0.5}),
    (randomized.randomized_lower_sf, {"k": 9, "n": 10, "alpha": 0.001, "u": 0.5}),
    (mixture.log_mixture, {"k": 9, "n": 10, "q": 0.5}),
    (mixture.log_mixture_sf, {"k": 9, "n": 10, "t": 0.5}),
    (mixture.anytime_lower, {"k": 9, "n": 10, "alpha": 0.001}),
    (mixture.anytime_lower_sf, {"k": 9, "n": 10, "alpha": 0.001}),
    (planning.certification_power, {"p": 0.9, "n": 10, "radius": 0.1, "alpha": 0.1, "sigma": 1.0}),
    (planning.certification_power_sf, {"t": 0.1, "n": 10, "radius": 0.1, "alpha": 0.1, "sigma": 1.0}),
    (planning.radius_at_power, {"p": 0.9, "n": 10, "power": 0.9, "alpha": 0.1, "sigma": 1.0}),
    (planning.radius_at_power_sf, {"t": 0.1, "n": 10, "power": 0.9, "alpha": 0.1, "sigma": 1.0}),
)

# (call, arguments, everything that the message must contain)
SPECIAL: tuple[tuple[Callable[..., Any], tuple[Any, ...], tuple[str, ...]], ...] = (
    (radius.certified_radius, ([0.2, 0.9, 1.5],), ("p[2]=1.5", "[0, 1]")),
    (radius.certified_radius, ([[0.2, 0.9], [NAN, 2.0]],), ("p[1, 0]=nan",)),
    (radius.certified_radius, (0.9, [1.0, 0.0]), ("sigma[1]=0.0", "positive")),
    (radius.radius_bounds_sf, ([0.5, 0.6],), ("t[1]=0.6", "t <= 1/2")),
    (binomial.clopper_pearson_lower, ([3, 11], 10, 0.001), ("k[1]=11", "n=10", "[0, n]")),
    (binomial.clopper_pearson_lower, (5, [10, 4], 0.001), ("k[1]=5", "n=4")),
    (binomial.clopper_pearson_lower, (5, [10, 0], 0.001), ("n[1]=0", "at least one draw")),
    (binomial.clopper_pearson_lower, ([[3], [-1]], [10, 20], 0.001), ("k[1, 0]=-1",)),
    (binomial.clopper_pearson_lower, (5, 10, [0.001, 1.0]), ("alpha[1]=1.0", "strictly between 0 and 1")),
    (binomial.clopper_pearson_lower, ([5, 6.0], 10, 0.001), ("k=[5, 6.0]", "integer")),
    (binomial.clopper_pearson_lower, ([5, 10**30], 10**31, 1.0), ("alpha=1.0",)),
    (binomial.clopper_pearson_lower, ([5, 10**30], 10, 0.001), (f"k[1]={10**30}", "n=10")),
    (binomial.clopper_pearson_lower, (np.float64(9.0), 10, 0.001), ("9.0", "integer")),
    (binomial.clopper_pearson_lower, (np.array([5, 2.0], object), 10, 0.001), ("k[1]=2.0", "integer")),
    (binomial.clopper_pearson_lower, (np.array([5, True], object), 10, 0.001), ("k[1]=True", "integer")),
    (binomial.poisson_limit, ([1, -2], 0.001), ("j[1]=-2",)),
    (binomial.clopper_pearson_lower, ([True, 2], 10, 0.001), ("k[0]=True", "integer")),
    (binomial.clopper_pearson_lower, ([[1, 2], [3, np.False_]], 10, 0.001), ("k[1, 1]=False", "integer")),
    (binomial.clopper_pearson_lower, ([[1, 2], [3]], 10, 0.001), ("k=[[1, 2], [3]]", "rows differ in length")),
    (radius.certified_radius, ((0.5, True),), ("p[1]=True", "[0, 1]")),
    (radius.certified_radius, ([0.5, np.ma.masked],), ("p=", "masked")),
    (radius.certified_radius, ([np.ma.array([0.5, 0.6], mask=[0, 1])],), ("p=", "masked")),
)


def name_of(call: Callable[..., Any]) -> str:
    return f"{call.__module__.rpartition('.')[2]}.{call.__name__}"


def shown(value: Any) -> str:
    """A value as the message shows it: the repr of what cannot be a number, else the number itself."""
    return repr(value) if isinstance(value, (bool, str, bytes, list, dict, complex)) else str(value)


def rows() -> Iterator[Any]:
    for call, good in SIGNATURES:
        for argument in good:
            for bad in BAD[DOMAIN.get((call, argument), argument)]:
                yield pytest.param(call, good, argument, bad, id=f"{name_of(call)}({argument}={bad!r})")


@pytest.mark.parametrize(("call", "good", "argument", "bad"), list(rows()))
def test_bad_value_is_named(call, good, argument, bad):
    with pytest.raises(ValueError, match=re.escape(f"{argument}={shown(bad)}")) as caught:
        call(**(good | {argument: bad}))
    assert "not allowed: " in str(caught.value)  # and then what is
    assert "np." not in str(caught.value)  # numbers are printed as people write them


def numeric(bad: Any) -> bool:
    return isinstance(bad, (int, float)) and not isinstance(bad, (bool, np.generic))


def array_rows() -> Iterator[Any]:
    """Bad numbers inside an array whose other elements are good; those whose type alone is bad are above."""
    for call, good in SIGNATURES:
        for argument, value in good.items():
            for bad in BAD[DOMAIN.get((call, argument), argument)]:
                if numeric(bad) and not (isinstance(value, int) and isinstance(bad, float)):
                    yield pytest.param(call, good, argument, bad, id=f"{name_of(call)}({argument}=[..., {bad!r}])")


@pytest.mark.parametrize(("call", "good", "argument", "bad"), list(array_rows()))
def test_bad_element_is_named_with_its_index(call, good, argument, bad):
    values = [good[argument], bad, good[argument]]
    with pytest.raises(ValueError, match=re.escape(f"{argument}[1]={bad}")):
        call(**(good | {argument: values}))


@pytest.mark.parametrize(
    ("call", "arguments", "fragments"),
    [pytest.param(*row, id=f"{name_of(row[0])}{row[1]!r}") for row in SPECIAL],
)
def test_special_bad_calls(call, arguments, fragments):
    with pytest.raises(ValueError, match=re.escape(fragments[0])) as caught:
        call(*arguments)
    for fragment in fragments:
        assert fragment in str(caught.value)


@pytest.mark.parametrize(("call", "good"), [pytest.param(*row, id=name_of(row[0])) for row in SIGNATURES])
def test_good_call_is_accepted(call, good):
    """Against a table that passes because the call it varies was wrong to begin with. Scalars in, scalars out; arrays
    (also empty ones) in, arrays out."""
    results = call(**good)
    for result in results if isinstance(results, tuple) else (results,):
        assert isinstance(result, float)
        assert math.isfinite(result)
    first = next(iter(good))
    for shape in ((0,), (3,), (2, 3), (1,)):
        results = call(**(good | {first: np.full(shape, good[first])}))
        for result in results if isinstance(results, tuple) else (results,):
            assert result.shape == shape


@pytest.mark.parametrize("module", [radius, binomial])
def test_table_lists_every_public_function(module):
    """A new public function without a row fails here."""
    public = {f for name, f in vars(module).items() if not name.startswith("_") and _defined_in(f, module)}
    assert public - EXEMPT <= {call for call, _ in SIGNATURES}


def _defined_in(value: Any, module: Any) -> bool:
    return callable(value) and not isinstance(value, type) and getattr(value, "__module__", "") == module.__name__


@pytest.mark.parametrize(("call", "good"), [pytest.param(*row, id=name_of(row[0])) for row in SIGNATURES])
def test_masked_entries_are_refused_and_empty_masks_are_not(call, good):
    """A mask that NumPy drops would turn a value that somebody crossed out into a certificate."""
    for argument, value in good.items():
        masked = np.ma.array([value, value], mask=[False, True])
        with pytest.raises(ValueError, match=f"^{argument}=.*masked entries have no value here"):
            call(**(good | {argument: masked}))
        with pytest.raises(ValueError, match=f"^{argument}=.*masked"):
            call(**(good | {argument: np.ma.masked}))
        assert np.array_equal(
            call(**(good | {argument: np.ma.array([value])})), call(**(good | {argument: np.array([value])}))
        )


ABSURD = st.sampled_from([0.0, 5e-324, 1e-310, 1e-300, 1e-9, 0.5, 1.0, 2.0, 1e9, 1e290, 1e300, 1.7e308, INF, NAN, -1.0])
ABSURD_COUNTS = st.sampled_from([-1, 0, 1, 2, 10, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 10**20, 10**30, 10**308, 10**400])
CALLS = (
    *((call, tuple(good)) for call, good in SIGNATURES),
    (budget.radius_from_count, ("k", "n", "alpha", "sigma")),
    (budget.max_radius, ("n", "alpha", "sigma")),
    (budget.min_certifiable_count, ("n", "alpha")),
    (budget.slope_at_one, ("n", "alpha", "sigma")),
    (budget.slope_at_one_limit, ("n", "alpha", "sigma")),
    (budget.expected_radius, ("p", "n", "alpha", "sigma")),
    (budget.expected_radius_sf, ("t", "n", "alpha", "sigma")),
    (budget.expected_sensitivity_sf, ("t", "n", "alpha", "sigma")),
    (trivial.trivial_acr, ("n", "alpha", "sigma")),
    (trivial.sigma_for_acr, ("radius", "n", "alpha")),
    (trivial.max_radius_bounds, ("n", "alpha", "sigma")),
    (trivial.tail_bounds, ("n", "alpha")),
)


@settings(max_examples=500)
@given(st.sampled_from(CALLS), st.data())
def test_absurd_values_are_refused_or_answered(call_and_names, data):
    """No warning of NumPy's (they are errors here), no NaN, no other exception: ValueError, or a number. What float64
    cannot resolve is an ArithmeticError that says so."""
    call, names = call_and_names
    values = [data.draw(ABSURD_COUNTS if name in ("k", "n", "j") else ABSURD, label=name) for name in names]
    try:
        results = call(*values)
    except (ValueError, ArithmeticError) as error:
        refused = str(error)
    else:
        results = results if isinstance(results, tuple) else (results,)
        refused = "NaN" if any(np.isnan(np.asarray(result, dtype=float)) for result in results) else None
    assert refused is None or "is not allowed" in refused or "float64 cannot tell" in refused


def test_a_finite_radius_has_a_finite_answer():
    """Between the smallest and the largest noise level a radius is infinite at p = 1 only."""
    for sigma in (1e-300, 1e300):
        assert 0 < radius.certified_radius_sf(5e-324, sigma) < math.inf
        assert 0 < radius.certified_radius(math.nextafter(1, 0), sigma) < math.inf


EXEMPT = {radius.radius_bounds_at}  # serves the other modules, on arguments that they have checked


@pytest.mark.parametrize("digits", [400, 5000])
def test_budgets_too_large_to_print_are_still_named(digits):
    n = 10**digits
    with pytest.raises(ValueError, match=r"^n=2\^\d+ or more is not allowed: .*1e308"):
        binomial.clopper_pearson_lower(n - 1, n, 0.001)
