"""Hypothesis profiles, and fixtures that several files share.

`HYPOTHESIS_PROFILE` chooses: `default`, `ci` (the same examples every time) or `nightly`.
"""

import os

import pytest
from hypothesis import HealthCheck, settings

# No deadlines: an oracle call in ball arithmetic may take a second, and speed is measured in benchmarks/, not here.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, print_blob=True)
settings.register_profile("nightly", settings.get_profile("default"), max_examples=5000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(scope="module")
def precise():
    """Arithmetic of the tests on balls and mpmath numbers: 200 bits are far below any tolerance."""
    import mpmath
    from flint import ctx

    with ctx.workprec(200), mpmath.workdps(60):
        yield


@pytest.fixture
def read(tmp_path):
    """Reads a log of these lines; gives it and its findings by code, without the one on rounded radii."""
    from log_files import HEADER

    from rstheory.logs.read import read_log

    def reader(*lines, header=HEADER, **arguments):
        path = tmp_path / "noise_0.5.tsv"
        path.write_text("\n".join([header, *lines]) + "\n")
        log = read_log(path, **arguments)
        return log, {warning.code: warning for warning in log.warnings if warning.code != "rounded-radius"}

    return reader


@pytest.fixture(scope="module")
def report():
    """An audit of three models' logs, the third at another noise level."""
    from audit_logs import model

    from rstheory.audit.report import audit_report

    return audit_report(
        [model(1, "x/first.tsv"), model(2, "x/second.tsv"), model(3, "x/third.tsv", sigma=1.0)], [100, 300]
    )


@pytest.fixture
def one_core():
    """Small networks gain nothing from several cores, and on a busy machine wait for them."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
