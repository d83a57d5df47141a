"""Numbers of a log as printed, and what a rounded radius stands for."""

import math
import re
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
def test_integers_read_whole_numbers_and_nothing_else(texts):
    value, parsed = integers(cells(*texts))
    for text, v, ok in zip([text for text in texts if text], value, parsed, strict=True):
        digits = text.removeprefix("-") if text[:1] == "-" else text.removeprefix("+")
        plain = digits.isdigit() and len(digits) <= 18
        whole = re.fullmatch(r"\d*\.0*|\d+(\.\d*)?", digits) is not None and is_number(digits) and "." in digits
        exact = whole and Fraction(digits.rstrip(".") or "x").denominator == 1 and Fraction(digits) < 10**18
        assert ok == plain or (exact and (ok or Fraction(digits) >= 2**53)), text
        if ok:
            assert v == Fraction(text.removeprefix("+"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3.0", 3),
        ("3.", 3),
        ("+3", 3),
        ("3.000e+00", 3),
        ("tensor(3)", 3),
        ("tensor([3])", 3),
        ("tensor([[3]])", 3),
        ("tensor([3], device='cuda:0')", 3),
        ("tensor(3, dtype=torch.int32)", 3),
        ("tensor(-1)", -1),
        ("np.int64(3)", 3),
        ("array([3])", 3),
        ("[3]", 3),
        ("tensor(3.)", 3),
        ("3.5", None),
        ("tensor(3, 4)", None),
        ("tensor([])", None),
        ("f(3)", None),
        ("1e30", None),
        ("3 4", None),
    ],
)
def test_numbers_as_torch_and_numpy_print_them(text, value):
    (number,), (parsed,) = integers(cells(text))
    assert (int(number) if parsed else None) == value


def test_decimals_as_torch_and_numpy_print_them():
    numbers = decimals(cells("tensor(0.529)", "tensor([0.529], device='cuda:0')", "np.float64(0.529)", "[0.529]"))
    assert numbers.parsed.all()
    assert set(numbers.value) == {0.529}
    assert set(numbers.significant) == {3}


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
        (["0.47642519463402", "0.5", "0.0"], [0, 0.05, 0]),  # 0.5 is too short to be one of them
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


FORMS = ["{!r}", "{:.8f}", "{:.7}", "{:.6e}"]


@given(
    st.lists(st.tuples(st.floats(1e-4, 4), st.booleans()), min_size=1, max_size=80),
    st.sampled_from(FORMS),
    st.sampled_from(["{:.3}", "{:.2f}", "{:.2}"]),
)
@example([(0.5001 + i / 997, i == 0) for i in range(60)], "{!r}", "{:.3}")  # a single short one
def test_in_a_mixed_column_no_lower_end_is_above_the_certified_radius(numbers, fine, rough):
    """The short ones are many digits shorter: each is read by its own last digit, however few there are."""
    texts = [(rough if short else fine).format(radius) for radius, short in numbers]
    texts = [text if float(text) else "1e-4" for text in texts]
    # Where nothing but short ones is left of the fine habit, there is no mixture.
    half, _ = half_units(printed := decimals(cells(*texts)))
    widest = {"{!r}": 12, "{:.8f}": 5, "{:.7}": 7, "{:.6e}": 7}[fine]
    if printed.significant.max() < widest:
        return
    for (radius, short), value, unit, text in zip(numbers, printed.value, half, texts, strict=True):
        if short and text != "1e-4" and printed.significant.max() - len(text.strip("0.").replace(".", "")) >= 3:
            assert Fraction(value) - Fraction(unit) <= Fraction(radius), text


def test_a_fifth_of_a_log_with_three_digits_is_found():
    rng = np.random.default_rng(8)
    true = rng.uniform(0.01, 1.9, 2000)
    for fine, rough in (("{!r}", "{:.3}"), ("{:.6f}", "{:.3}"), ("{:.4f}", "{:.2f}")):
        texts = [(rough if i % 5 == 0 else fine).format(radius) for i, radius in enumerate(true)]
        half, how = half_units(printed := decimals(cells(*texts)))
        assert "several precisions" in how
        assert np.all(printed.value - half <= true)


def test_one_stray_precise_radius_does_not_vouch_for_the_rest():
    rough = [f"{0.1 + i / 997:.3}" for i in range(500)]
    assert half_units(decimals(cells(*rough, "0.47642519463402")))[0][:500].min() >= 0.0005
    assert half_units(decimals(cells(*rough, "0.4764251")))[0][:500].min() >= 0.0005
