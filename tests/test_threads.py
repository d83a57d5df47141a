"""Linear algebra on one thread: NumPy's and SciPy's, for as long as asked. Fits do not depend on the threads."""

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from rstheory._threads import one_blas_thread
from rstheory.mixture import LabelCounts, fit_smooth


def threads():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_one_thread_for_as_long_as_asked():
    with threadpool_limits(3, user_api="blas"):
        before = threads()
        assert len(before) >= 2  # NumPy and SciPy bring one each
        with one_blas_thread():
            assert set(threads()) == {1}
        assert threads() == before


def test_a_fit_has_the_same_bytes_whatever_the_threads():
    counts = LabelCounts.known(np.random.default_rng(0).binomial(100, np.linspace(0.05, 1, 2000)), 100)
    fits = []
    for number in (1, 4):
        with threadpool_limits(number, user_api="blas"):
            fits.append(fit_smooth(counts))
    one, many = fits
    assert np.array_equal(one.population.share, many.population.share)
    assert all(np.array_equal(a.covariance, b.covariance) for a, b in zip(one.parts, many.parts, strict=True))
