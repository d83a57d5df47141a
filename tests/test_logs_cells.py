"""Numbers of a log as printed, and what a rounded radius stands for."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rstheory.logs.cells import decimals, integers, split
from rstheory.logs.rounding import half_units


def cells(*texts: str):
    return split("\n".join(["r", *texts, ""]).encode(), ("r",)).columns["r"]


# --- numbers ---

NUMBERS = st.one_of(
    st.floats(0, 10).map(lambda x: f"{x:.3}"),
    st.floats(0, 10).map(repr),
    st.floats(allow_nan=True).map(repr),
    st.from_regex(r"[+-]?[0-9]{0,20}\.?[0-9]{0,20}(e[+-]?[0-9]{1,3})?", fullmatch=True),
    st.text("0123456789.-+einfaNX_ \0,:/", min_size=1, max_size=30),
)


def is_number(text: str) -> bool:
    """What Python's float takes, without its blanks and underscores."""
    if text != text.strip() or "_" in text or not text.isascii():
        return False
    try:
        float(text)
    except ValueError:
        return False
    return True


@given(st.lists(NUMBERS, min_size=1, max_size=20))
@example(["0.529", "1.9", "4.88e-05", "nan", "-inf", "1_0", "0x1p3", "1e999", ".", "", "1.2.3", "12\0", "9" * 40, "e5"])
@example(["123456789012345", "1234567890123456", "0." + "0" * 40 + "1", "999999999999999.9", "+1", "-0.0", "5.", ".5"])
@example(["0e999999", "1e-400", "1e-999999", "0" * 30 + ".5", "1e1234567"])
def test_decimals_read_what_float_reads_and_nothing_else(texts):
    numbers = decimals(cells(*texts))
    filled = [text for text in texts if text]  # an empty line is no row
    for text, value, parsed in zip(filled, numbers.value, numbers.parsed, strict=True):
        assert parsed == (is_number(text) and text != "1e1234567"), text
        if parsed:
            assert value == float(text) or (math.isnan(value) and math.isnan(float(text))), text


@given(st.lists(st.decimals(0, 10**6, allow_nan=False, places=None), min_size=1, max_size=10))
@example([Decimal("4.88E-5"), Decimal("1.230E+2"), Decimal("0.0120")])
def test_digits_and_decimals_of_a_number_are_those_printed(values):
    values = [value for value in values if value.adjusted() > -300 and len(value.as_tuple().digits) < 40]
    if not values:
        return
    numbers = decimals(cells(*map(str, values)))
    for value, significant, places in zip(values, numbers.significant, numbers.decimals, strict=True):
        if value:
            _, digits, exponent = value.as_tuple()
            assert (significant, places) == (len(digits), -exponent)


@given(st.lists(st.integers(-(10**20), 10**20).map(str) | st.text("0123456789-+._ \0:/", min_size=1), min_size=1))
@example(["-1", "1_0", "--1", "-", "", "+1", "1.0", "9" * 18, "9" * 19, "9" * 40, "5\0"])
def test_integers_read_digits_and_nothing_else(texts):
    value, parsed = integers(cells(*texts))
    for text, v, ok in zip([text for text in texts if text], value, parsed, strict=True):
        digits = text.removeprefix("-")
        assert ok == (digits.isdigit() and len(digits) <= 18), text
        if ok:
            assert v == int(text)


# --- what a printed radius stands for ---


@given(
    st.lists(st.floats(1e-6, 30), min_size=1, max_size=60),
    st.sampled_from(["{:.3}", "{:.2}", "{:.5}", "{:.4f}", "{:.2f}", "{:.6f}", "{:.3e}", "{!r}"]),
)
@example([0.125], "{:.2f}")  # prints as 0.12, and the float next to that lies further off than half a unit
@example([1.9] * 30 + [0.529], "{:.3}")
@example([1.9, 0.953, 4.88e-05], "{:.3}")
def test_half_unit_covers_the_rounding_whatever_the_format(true, form):
    """Sound: the true radius is never below printed - half, never above printed + half, in exact arithmetic."""
    half, _ = half_units(printed := decimals(cells(*map(form.format, true))))
    for radius, value, unit in zip(true, printed.value, half, strict=True):
        assert abs(Fraction(radius) - Fraction(value)) <= Fraction(unit) or form == "{!r}"
        if form == "{!r}":
            assert value == radius


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        # 90 % of {:.3} have three digits: the others have lost their zeros
        (["1.9", "0.953", "4.88e-05", "1.15"], [0.005, 0.0005, 0.00000005, 0.005]),
        (["0.9529", "1.9057", "0.0012", "0.4660", "0.0000"], [0.00005] * 5),
        (["0.47642519463402", "0.5", "0.0"], [0, 0, 0]),
        (["0.0", "0.0"], [0.05, 0.05]),
        (["3", "12"], [0.5, 0.5]),
        (["1.23e+02"], [0.5]),
    ],
)
def test_half_units_of_the_known_formats(texts, expected):
    np.testing.assert_allclose(half_units(decimals(cells(*texts)))[0], expected, rtol=1e-9)


def test_mixed_precision_is_read_by_the_last_digit_of_each():
    """Two logs in one: 3 digits and 8 digits. Eight digits must not vouch for the others."""
    rough = [f"{0.1 + i / 100:.3}" for i in range(60)]
    fine = [f"{0.1234567 + i / 97:.8f}" for i in range(40)]
    half, how = half_units(printed := decimals(cells(*rough, *fine)))
    assert "several precisions" in how
    np.testing.assert_allclose(half, 0.5 * 10.0 ** -printed.decimals.astype(float), rtol=1e-6)
    assert half_units(decimals(cells(*rough, *fine, "0e999999")))[0][-1] == 0.5
    full = [repr(0.12345678912345 + i / 97) for i in range(40)]
    half, _ = half_units(decimals(cells(*rough, *full)))
    assert np.all(half[:60] >= 0.005)
    assert np.all(half[60:] == 0)


def test_one_stray_precise_radius_does_not_vouch_for_the_rest():
    rough = [f"{0.1 + i / 997:.3}" for i in range(500)]
    assert half_units(decimals(cells(*rough, "0.47642519463402")))[0][:500].min() >= 0.0005
    assert half_units(decimals(cells(*rough, "0.4764251")))[0][:500].min() >= 0.0005
