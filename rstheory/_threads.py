"""Linear algebra on one thread, where matrices are small and results must not depend on the number of threads."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import scipy.linalg  # noqa: F401  # loads the library that the controller looks for
from threadpoolctl import ThreadpoolController

_BLAS = ThreadpoolController().select(user_api="blas")


def one_blas_thread() -> AbstractContextManager[Any]:
    """A context in which NumPy and SciPy multiply matrices on one thread; afterwards all is as before.

    For matrices of a hundred rows several threads wait for each other far longer than one computes: a fit of 10,000
    images took 30 times as long with two threads, on two cores. And sums are rounded alike, however many threads there
    would be; another processor may still round them in another order.

    >>> import numpy as np
    >>> with one_blas_thread():
    ...     print(np.eye(2) @ np.ones(2))
    [1. 1.]
    """
    limited: AbstractContextManager[Any] = _BLAS.limit(limits=1)
    return limited
