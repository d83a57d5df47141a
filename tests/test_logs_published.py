"""The logs that the paper's authors published, read as they stand."""

import os
from fractions import Fraction
from pathlib import Path

import pytest
from log_files import codes

from rstheory import max_radius
from rstheory.logs.find import find_logs
from rstheory.logs.read import read_log

PUBLISHED = os.environ.get("RSTHEORY_PUBLISHED_LOGS")
needs_published_logs = pytest.mark.skipif(
    PUBLISHED is None,
    reason="RSTHEORY_PUBLISHED_LOGS does not name a copy of the published logs (eth-sri/acr-weakness)",
)


def plain_mean(path: str) -> tuple[int, float]:
    """Rows and ACR as anyone would compute them in ten lines."""
    with open(path) as file:
        next(file)
        values = [float(row[3]) * int(row[4]) for row in (line.rstrip("\n").split("\t") for line in file)]
    return len(values), sum(map(Fraction, values)) / len(values)


@needs_published_logs
def test_published_logs_read_as_they_stand():
    found = find_logs([PUBLISHED])
    assert len(found.logs) == 35
    assert not found.errors
    for path in found.logs:
        log = read_log(path)
        rows, acr = plain_mean(path)
        assert log.samples == rows
        assert log.acr == pytest.approx(float(acr), rel=1e-13)  # a sum of 10^4 terms in pairs
        assert 0 < log.acr - log.rounded_down().acr < (0.012 if "/imagenet/gaussian/" in path else 0.0025)
        expected = ["radius-above-maximum"] if "/imagenet/gaussian/" in path else []
        assert codes(log) == [*expected, "rounded-radius"], path
        places = 4 if "/imagenet/smoothadv/" in path else None
        assert (f"{places} decimals" if places else "3 significant digits") in log.warnings[-1].message


@needs_published_logs
def test_imagenet_gaussian_was_certified_at_another_level():
    """Its largest radii are those of alpha = 0.01 (or of N = 150,000), and the ones next to them only those of 0.01."""
    for name, largest in (("noise_0.25", 0.978), ("noise_0.5.tsv", 1.96), ("noise_1.0.tsv", 3.91)):
        path = os.path.join(PUBLISHED, "imagenet", "gaussian", name)
        warning = read_log(path).warnings[0]
        looked_at = int(warning.message.split("of the ")[1].split()[0])
        assert warning.code == "radius-above-maximum"
        assert f"{looked_at} fit alpha=0.01," in warning.message
        as_made = read_log(path, alpha=0.01)
        assert codes(as_made) == ["rounded-radius"]
        assert as_made.radius.max() == largest == float(f"{max_radius(100_000, 0.01, as_made.sigma):.3}")


PUBLIC = os.environ.get("RSTHEORY_PUBLIC_LOGS")


@pytest.mark.skipif(PUBLIC is None, reason="RSTHEORY_PUBLIC_LOGS does not name a folder of logs of public repositories")
def test_logs_of_public_repositories_are_read_or_refused_for_what_is_missing():
    found = find_logs([PUBLIC])
    assert found.logs
    assert not found.errors
    assert not found.doubtful
    refused = []
    for path in found.logs:
        try:
            log = read_log(path)
        except ValueError as error:
            refused.append(str(error))
            continue
        assert log.samples == sum(line[:1].isdigit() for line in Path(path).read_text().splitlines()[1:]), path
    assert all("sigma is not known: the log has no column sigma" in reason for reason in refused)
    assert len(refused) < len(found.logs) / 10
