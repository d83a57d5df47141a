"""Made-up certification logs for the audit's tests."""

import numpy as np
from hypothesis import strategies as st

from rstheory import radius_from_count
from rstheory.logs.log import CertificationLog
from rstheory.logs.schema import BUDGET, FIELD

COLUMNS = tuple(column.name for column in FIELD)
OWN_COLUMNS = tuple(column.name for column in BUDGET)


def log_of_counts(counts, n=1000, alpha=1e-3, sigma=0.5, *, wrong=(), digits=None, known=True, path="made up"):
    """A log whose sample i had counts[i] successes out of n for its predicted class; `wrong` are mispredicted."""
    counts = np.asarray(counts, dtype=np.int64)
    radius = np.asarray(radius_from_count(counts, n, alpha, sigma), dtype=float)
    abstained = radius == 0
    half = np.zeros(len(radius))
    if digits is not None:
        radius = np.array([float(f"{r:.{digits}g}") for r in radius])
        half = np.where(radius > 0, 0.5 * 10.0 ** (np.floor(np.log10(np.where(radius > 0, radius, 1))) - digits + 1), 0)
    index = np.arange(len(counts))
    label = index % 10
    predict = np.where(abstained, -1, np.where(np.isin(index, list(wrong)), (label + 1) % 10, label))
    return CertificationLog(
        path=path,
        index=index,
        label=label,
        predict=predict,
        radius=radius,
        half_unit=half,
        correct=predict == label,
        count=counts if known else np.full(len(counts), -1),
        sigma=sigma,
        n=n,
        alpha=alpha,
    )


def class_counts(selected, count, n, classes=10):
    """The cell `counts` of a row: `count` draws for the selected class, all others for the next one."""
    votes = [0] * classes
    votes[selected], votes[(selected + 1) % classes] = count, n - count
    return ",".join(map(str, votes))


def counts_of_model(seed, samples=200, n=1000, a=2.0, b=0.5):
    """Counts of a model whose label probabilities follow Beta(a, b)."""
    rng = np.random.default_rng(seed)
    return rng.binomial(n, rng.beta(a, b, samples))


def model(seed, path, **options):
    """The log of such a model."""
    return log_of_counts(counts_of_model(seed), path=path, **options)


LOGS = st.builds(
    log_of_counts,
    st.lists(st.integers(0, 1000), min_size=1, max_size=60),
    wrong=st.lists(st.integers(0, 59), max_size=10),
    digits=st.sampled_from([None, 3, 4]),
    sigma=st.sampled_from([0.12, 0.5, 1.0]),
)
