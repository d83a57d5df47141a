"""The shared validators: every public function checks its input here and refuses it by name and value."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float = NDArray[np.float64]
# What functions of scalars and arrays alike return: a scalar for scalars, else an array.
Values = np.float64 | NDArray[np.float64]
CountValues = np.int64 | int | NDArray[Any]  # an object array of Python integers where they exceed 64 bits
_BOOL = (bool, np.bool_)


def scalar_or_array(values: Float) -> Values:
    """The one number of an array without shape, else the array."""
    result: Values = np.asarray(values, dtype=np.float64)[()]
    return result


def refuse(name: str, values: NDArray[Any], bad: NDArray[np.bool_], allowed: str) -> None:
    """Raise ValueError for the first value of `values` that is `bad`, saying where it stands in an array."""
    if not np.any(bad):
        return
    if values.ndim == 0:
        raise ValueError(f"{name}={_text(values[()])} is not allowed: {allowed}")
    where = tuple(int(axis[0]) for axis in np.nonzero(bad))
    index = ", ".join(map(str, where))
    raise ValueError(f"{name}[{index}]={_text(values[where])} is not allowed: {allowed}")


def _text(value: object) -> str:
    if isinstance(value, int) and value.bit_length() > 1000:  # Python refuses to print the largest
        return f"{'-' if value < 0 else ''}2^{value.bit_length() - 1} or more"
    return repr(value) if isinstance(value, (str, bytes)) else str(value)


def _array(name: str, value: ArrayLike, allowed: str) -> NDArray[Any]:
    """`value` as an array that has lost nothing: no mask, no rows of unequal length, no truth values among numbers."""
    if _masked(value):
        raise ValueError(
            f"{name}={value!s} is not allowed: masked entries have no value here; leave them out by .compressed() or"
            " fill them by .filled(...)"
        )
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name}={value!r} is not allowed: its rows differ in length") from error
    if isinstance(value, (list, tuple)) and array.dtype.kind in "iuf":
        entries = np.asarray(value, dtype=object)  # NumPy makes 1 of a True beside numbers
        refuse(name, entries, np.reshape([isinstance(v, _BOOL) for v in entries.flat], entries.shape), allowed)
    return array


def _masked(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return any(_masked(entry) for entry in value if isinstance(entry, (list, tuple, np.ma.MaskedArray)))
    return isinstance(value, np.ma.MaskedArray) and bool(np.ma.is_masked(value))


def reals(name: str, value: ArrayLike, allowed: str) -> Float:
    """`value` as float64; refuses what is not made of real numbers (bool, text, complex) and what is masked."""
    array = _array(name, value, allowed)
    numbers = array.dtype.kind in "iuf" or (
        array.dtype.kind == "O" and not any(isinstance(v, (*_BOOL, str, bytes)) for v in array.flat)
    )
    if not numbers:
        raise ValueError(f"{name}={value!r} is not allowed: {allowed}, not {array.dtype}")
    try:
        result = np.asarray(array, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name}={value!r} is not allowed: {allowed}") from error
    # Rounding an exact input could push a certificate up: 1 - 10^-20 would become 1.
    if array.dtype.kind == "O" or array.dtype.itemsize > 8:
        refuse(name, array, (result != array) & ~np.isnan(result), "it is no float64, and rounding it could be unsound")
    return result


def probability(name: str, value: ArrayLike) -> Float:
    """Probabilities in [0, 1]."""
    allowed = "a probability must lie in [0, 1]"
    array = reals(name, value, allowed)
    refuse(name, array, ~((array >= 0) & (array <= 1)), allowed)
    return array


def level(name: str, value: ArrayLike) -> Float:
    """Significance levels in (0, 1)."""
    allowed = "a significance level must lie strictly between 0 and 1 (the field's standard is 0.001)"
    array = reals(name, value, allowed)
    refuse(name, array, ~((array > 0) & (array < 1)), allowed)
    return array


def positive(name: str, value: ArrayLike) -> Float:
    """Finite numbers above 0: noise levels, radii to be passed."""
    allowed = "it must be positive and finite"
    array = reals(name, value, allowed)
    refuse(name, array, ~((array > 0) & np.isfinite(array)), allowed)
    return array


def noise_level(name: str, value: ArrayLike) -> Float:
    """Noise levels from 1e-300 to 1e300: a radius is at most some hundred times as large, and stays a float."""
    array = positive(name, value)
    refuse(name, array, (array < 1e-300) | (array > 1e300), "noise levels from 1e-300 to 1e300 can be computed with")
    return array


def non_negative(name: str, value: ArrayLike) -> Float:
    """Numbers from 0 to infinity, both included: radii."""
    allowed = "it must not be negative"
    array = reals(name, value, allowed)
    refuse(name, array, ~(array >= 0), allowed)
    return array


def integers(name: str, value: ArrayLike) -> NDArray[Any]:
    """Integers of any size: int64 where they fit, else an object array of Python ints.

    2.0 is refused: a count that arrives as a float has been through arithmetic that may have rounded it.
    """
    allowed = "it must be an integer (int or integer array)"
    array = _array(name, value, allowed)
    if array.dtype.kind == "f" and isinstance(value, (list, tuple)):
        exact = np.asarray(value, dtype=object)  # Python ints on both sides of 2^63 become floats without this
        array = array if any(_no_integer(v) for v in exact.flat) else exact
    if array.dtype.kind == "O":
        refuse(name, array, np.vectorize(_no_integer, otypes=[bool])(array) if array.size else array == 0, allowed)
        fits = all(-(2**63) <= v < 2**63 for v in array.flat)
        return array.astype(np.int64) if fits else array
    if array.dtype.kind == "u":
        return integers(name, array.astype(object))
    if array.dtype.kind != "i":
        raise ValueError(f"{name}={value!r} is not allowed: {allowed}, not {array.dtype}")
    return array.astype(np.int64)


def _no_integer(value: object) -> bool:
    return isinstance(value, _BOOL) or not isinstance(value, (int, np.integer))


def budget(name: str, value: ArrayLike) -> NDArray[Any]:
    """Numbers of noise draws, at least 1."""
    array = integers(name, value)
    refuse(name, array, array < 1, "a certification budget needs at least one draw")
    return array


def float_budget(name: str, value: ArrayLike) -> Float:
    """Numbers of noise draws as float64: at least 1 and at most 1e308."""
    array = budget(name, value)
    refuse(name, array, np.asarray(array > 10**308), "this function takes budgets up to 1e308")
    return array.astype(np.float64)


def counts(k: ArrayLike, n: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    """Success counts and failure counts (k, n - k) for 0 <= k <= n, both exact, broadcast against each other."""
    k, n = np.broadcast_arrays(integers("k", k), budget("n", n))
    if np.any(bad := (k < 0) | (k > n)):
        where = tuple(int(axis) for axis in np.argwhere(bad)[0])  # empty for scalars, where np.nonzero would raise
        index = f"[{', '.join(map(str, where))}]" if where else ""
        raise ValueError(f"k{index}={k[where]} is not allowed: a success count must lie in [0, n], and n={n[where]}")
    return k, np.asarray(n - k)  # NumPy hands back a bare Python int where both are single big integers


def scalar_int(name: str, value: object) -> int:
    """One integer, as a Python int of any size."""
    array = integers(name, value)  # type: ignore[arg-type]  # refused there if it is no integer
    if array.ndim:
        raise ValueError(f"{name} must be a single integer here, got an array of shape {array.shape}")
    return int(array[()])


def at_least(least: int, name: str, value: object) -> int:
    """One integer from `least` on, as a Python int."""
    number = scalar_int(name, value)
    if number < least:
        raise ValueError(f"{name}={_text(value)} is not allowed: it must be at least {least}")
    return number
