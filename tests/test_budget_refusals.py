"""What the functions of a budget refuse, by name and value."""

import math

import pytest

import rstheory as rs

ONE_N = ("expected_radius", "expected_radius_sf", "expected_sensitivity", "expected_sensitivity_sf")


def bad_calls():
    rows = [
        ("radius_from_count", (6, 5), r"k=6\b.*n=5"),
        ("radius_from_count", (-1, 5), r"k=-1\b"),
        ("radius_from_count", ([1, -1], 5), r"k\[1\]=-1\b"),
        ("radius_from_count", (2.0, 5), r"k=2\.0\b.*integer"),
        ("radius_from_count", (2, 5, 0.001, 0.0), r"sigma=0\.0\b.*positive"),
        ("radius_from_count", (2, 5, 0.001, math.inf), r"sigma=inf\b"),
        ("max_radius", (10, 0.001, [1.0, -1.0]), r"sigma\[1\]=-1\.0"),
        ("slope_at_one_limit", (6,), r"n=6\b.*ln\(1/alpha\)"),
        ("slope_at_one_limit", (10**400,), r"n\b.*1e308"),
        ("slope_at_one", (10**400,), r"n\b.*1e308"),
        ("min_certifiable_count", (10**400,), r"n\b"),
        ("min_certifiable_count", (10**20 + 1,), r"n=10+1 .*1e20"),
        ("radius_from_count", (2, 5, 0.001, 1e308), r"sigma=1e\+308\b.*1e300"),
        ("max_radius", (10, 0.001, 1e-310), r"sigma=1e-310\b.*1e-300"),
        ("slope_at_one", (10**300, 0.001, 1e300), r"sigma=1e\+300\b.*exceeds every float"),
        ("slope_at_one_limit", (10**300, 0.001, 1e300), r"sigma=1e\+300\b.*exceeds every float"),
        ("expected_sensitivity", (0.9, 10**9, 0.001, 1e300), r"sigma=1e\+300\b.*exceeds every float"),
        # a minute and a gigabyte, once
        ("expected_radius", (0.5, 10**11), r"n=10+ is not allowed here: some .* counts .*certified_radius"),
        ("expected_radius_sf", (0.1, 2**62), r"n=\d+ is not allowed here"),
        ("expected_sensitivity", ([0.5, 1.0], 10**11), r"n=\d+ is not allowed here"),
        ("expected_radius", ([i / 1000 for i in range(500, 1000)], 10**9), r"n=.*fewer probabilities at a time"),
    ]
    for name in ("max_radius", "min_certifiable_count", "slope_at_one", "slope_at_one_limit"):
        rows += [
            (name, (0,), r"n=0 is not allowed: a certification budget needs at least one draw"),
            (name, (-7,), r"n=-7\b"),
            (name, (5.0,), r"n=5\.0 .*integer"),
            (name, (True,), r"n=True .*integer"),
            (name, ("10",), r"n='10' .*integer"),
            (name, (None,), r"n=None .*integer"),
            (name, ([100, 0],), r"n\[1\]=0\b"),
            (name, ([100, 10**30, -(10**30)],), r"n\[2\]=-1000"),
            *((name, (100, a), rf"alpha={a}\b.*between 0 and 1") for a in (0.0, 1.0, -0.1, 1.5, math.nan, math.inf)),
            (name, (100, "0.1"), r"alpha='0\.1'"),
            (name, (100, [0.1, 2.0]), r"alpha\[1\]=2\.0"),
        ]
    for name in ONE_N:
        letter = "t" if name.endswith("_sf") else "p"
        rows += [
            *((name, (p, 100), rf"{letter}={p}.*must lie in \[0, 1\]") for p in (-0.1, 1.1, math.nan, math.inf)),
            (name, ([0.5, 2.0], 100), rf"{letter}\[1\]=2\.0"),
            (name, ("0.5", 100), rf"{letter}='0\.5'"),
            (name, (True, 100), rf"{letter}=True"),
            (name, (0.5, 0), r"n=0\b"),
            (name, (0.5, 100.0), r"n=100\.0 .*integer"),
            (name, (0.5, [100, 200]), r"n must be a single integer"),
            (name, (0.5, 100, 0.0), r"alpha=0\.0"),
            (name, (0.5, 100, math.nan), r"alpha=nan"),
            (name, (0.5, 100, [0.1, 0.2]), r"alpha must be a single number"),
            (name, (0.5, 100, 0.001, 0.0), r"sigma=0\.0"),
            (name, (0.5, 100, 0.001, math.nan), r"sigma=nan"),
            (name, (0.5, 10**400), r"n\b"),
        ]
    return [pytest.param(*row, id=f"{row[0]}-{i}") for i, row in enumerate(rows)]


@pytest.mark.parametrize(("name", "arguments", "message"), bad_calls())
def test_refuses(name, arguments, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        getattr(rs, name)(*arguments)
