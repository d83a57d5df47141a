"""The logs that ship with the package: complete, and recomputable from their counts."""

from pathlib import Path

import numpy as np
import pytest

import rstheory
from rstheory import radius_from_count
from rstheory.audit.read import read_log

LOGS = sorted((Path(rstheory.__file__).parent / "zoo").rglob("*.tsv"))


def test_there_are_logs():
    assert [path.parent.name for path in LOGS] == ["discard", "gaussian"]


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.parent.name)
def test_every_radius_follows_from_its_count(path):
    log = read_log(path)
    assert (log.samples, log.n, log.alpha, log.sigma) == (500, 10_000, 1e-3, 0.5)
    # A bound computed in an array may differ from the same one alone in its last bits; both are sound.
    np.testing.assert_allclose(log.radius, radius_from_count(log.count, log.n, log.alpha, log.sigma), rtol=1e-13)
    rows = [line.split("\t") for line in path.read_text().splitlines()[1:]]
    counts = np.array([[int(c) for c in row[11].split(",")] for row in rows])
    assert (counts.sum(axis=1) == log.n).all()
    predicted = log.predict >= 0
    np.testing.assert_array_equal(counts[predicted, log.predict[predicted]], log.count[predicted])
    np.testing.assert_array_equal(log.correct, log.predict == log.label)
    assert log.warnings == () or {w.code for w in log.warnings} <= {"missing-index"}


def test_dropping_hard_images_raised_acr_and_lowered_accuracy():
    """The paper's point, on 500 real digits: what the README says of these logs."""
    discard, gaussian = (read_log(path) for path in LOGS)
    assert discard.acr > gaussian.acr
    assert discard.clean_accuracy < gaussian.clean_accuracy
