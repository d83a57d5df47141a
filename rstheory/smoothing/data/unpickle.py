"""Pickles of NumPy arrays, as Python 2 wrote them, without the power of `pickle.load` to run anything.

A pickle is a program: it may name any function of any module and call it. The reader here knows four names, those that
NumPy's arrays are made of, and refuses every other.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np


def _dtype(code: str | bytes, align: bool = False, copy: bool = False) -> np.dtype[Any]:
    """Old pickles pass text as bytes and flags as integers, of which NumPy 2.4.0 to 2.4.4 warns."""
    return np.dtype(code.decode() if isinstance(code, bytes) else code, align=bool(align), copy=bool(copy))


# The function has moved between NumPy's private modules; every array knows where it is.
_RECONSTRUCT = np.empty(0).__reduce__()[0]
_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): _dtype,
    ("numpy.core.multiarray", "_reconstruct"): _RECONSTRUCT,  # NumPy 1
    ("numpy._core.multiarray", "_reconstruct"): _RECONSTRUCT,  # NumPy 2
}
# What `pickle` says it may raise on input that is no pickle, and what NumPy adds.
_BROKEN = (pickle.UnpicklingError, EOFError, AttributeError, IndexError, KeyError, TypeError, ValueError, OverflowError)


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, and only NumPy arrays are allowed") from None


def unpickle(name: str, content: bytes) -> object:
    """The object in a pickle that holds numbers, text (as bytes where Python 2 wrote it), lists, dicts and arrays only.

    name: what to call the content in errors. Raises ValueError if it holds anything else or is no whole pickle; nothing
    in it is ever run. It may still ask for more memory than there is: check where it comes from before.

    >>> unpickle("numbers", pickle.dumps([1, 2.5, None], protocol=2))
    [1, 2.5, None]
    >>> unpickle("a function", pickle.dumps(print, protocol=2))
    Traceback (most recent call last):
    ValueError: a function: no pickle of NumPy arrays: it asks for __builtin__.print, and only NumPy arrays are allowed
    """
    try:
        return _Unpickler(io.BytesIO(content), encoding="bytes").load()
    except _BROKEN as error:
        raise ValueError(f"{name}: no pickle of NumPy arrays: {error}") from error
