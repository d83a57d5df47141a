"""Whom a log's ACR comes from, and what the constant classifier needs (B2)."""

import numpy as np
import pytest
from audit_logs import LOGS, class_counts, counts_of_model, log_of_counts
from hypothesis import given, settings

from rstheory import trivial_acr
from rstheory.audit import inequality
from rstheory.logs.log import CertificationLog
from rstheory.statistics import gini


@settings(max_examples=30)
@given(LOGS)
def test_by_definition(log):
    found = inequality(log)
    radius = log.radius * log.correct
    if log.acr == 0:
        assert np.isnan(found.easiest_tenth)
        assert found.constant_budget is None
        return
    tenth = log.samples // 10
    if log.samples % 10 == 0:
        assert found.easiest_tenth == pytest.approx(np.sort(radius)[::-1][:tenth].sum() / radius.sum())
    held = np.interp(log.samples / 2, np.arange(log.samples + 1), np.append(0, np.cumsum(np.sort(radius)[::-1])))
    assert found.easiest_half == pytest.approx(held / radius.sum())
    assert 0.1 - 1e-12 <= found.easiest_tenth <= found.easiest_half <= 1 + 1e-12
    assert found.gini == gini(radius)
    assert found.constant_share == np.bincount(log.label).max() / log.samples
    n = found.constant_budget.n
    if n is not None:
        assert trivial_acr(n, log.alpha, log.sigma, found.constant_share) >= log.acr * (1 - 1e-9)
        assert n == 1 or trivial_acr(n - 1, log.alpha, log.sigma, found.constant_share) <= log.acr * (1 + 1e-9)
    assert (found.mean_probability, found.spread) == (None, None)  # counts of the predicted class alone


def test_mean_and_spread_where_the_log_tells_them():
    counts = counts_of_model(4, samples=50)
    made = log_of_counts(counts)
    rows = [
        [int(c) for c in class_counts(label, k, 1000).split(",")] for label, k in zip(made.label, counts, strict=True)
    ]
    log = CertificationLog.from_arrays(
        label=made.label, predict=made.predict, radius=made.radius, count=counts, counts=rows, sigma=0.5, n=1000
    )
    found = inequality(log)
    assert found.mean_probability == pytest.approx(np.mean(counts) / 1000)
    assert found.spread == pytest.approx(np.std(counts) / 1000)


def test_no_samples():
    with pytest.raises(ValueError, match="no samples"):
        inequality(log_of_counts([900]).select(np.arange(0)))
