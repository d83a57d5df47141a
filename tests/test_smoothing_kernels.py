"""Which kernels computed a log: part of its identity, unless every row may be of the machine that made it."""

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")

from pathlib import Path  # noqa: E402

from small_runs import certified, save  # noqa: E402

import rstheory  # noqa: E402
from rstheory import read_log  # noqa: E402
from rstheory.sequential.rule import FixedDraws  # noqa: E402
from rstheory.smoothing.kernels import kernels_of  # noqa: E402
from rstheory.smoothing.run import Machine  # noqa: E402
from rstheory.smoothing.tasks import Certify  # noqa: E402

ZOO = Path(rstheory.__file__).parent / "zoo"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save(tmp_path_factory.mktemp("models") / "mlp.safetensors")


def half_done(checkpoint, out):
    certified(checkpoint, out)
    lines = out.read_text().splitlines(keepends=True)
    out.write_text("".join(lines[:6]))
    return lines


def test_a_log_says_what_computed_it(checkpoint, tmp_path):
    certified(checkpoint, tmp_path / "a.tsv")
    assert read_log(tmp_path / "a.tsv").origin.kernels == kernels_of(torch.device("cpu"))


def test_limits_that_people_set_are_part_of_it(monkeypatch):
    free = kernels_of(torch.device("cpu"))
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    assert kernels_of(torch.device("cpu")) == f"{free} ONEDNN_MAX_CPU_ISA=AVX2"


def test_a_run_goes_on_elsewhere_only_when_told_to(checkpoint, tmp_path, monkeypatch):
    out = tmp_path / "log.tsv"
    lines = half_done(checkpoint, out)
    monkeypatch.setattr("rstheory.smoothing.run.kernels_of", lambda device: "cpu x86_64 avx2")
    before = out.read_bytes()
    with pytest.raises(ValueError, match="this run has kernels=cpu x86_64 avx2"):
        certified(checkpoint, out, resume=True)
    assert out.read_bytes() == before
    certified(checkpoint, out, resume=True, machine=Machine(any_kernels=True))
    log = read_log(out)
    assert log.samples == len(lines) - 1
    assert log.origin.kernels == f"{kernels_of(torch.device('cpu'))}; cpu x86_64 avx2"
    (finding,) = [finding for finding in log.warnings if finding.code == "mixed-origin"]
    assert "kernels is cpu" in finding.message


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_batch_changes_no_count_of_a_trained_network(tmp_path, dtype):
    """Real weights, of a network that ships, in batches from 16 on; smaller ones may be rounded by other kernels."""
    model = ZOO / "digits/gaussian/model_0.50.safetensors"
    counts = []
    for batch in (16, 64, 256):
        out = tmp_path / f"{batch}.tsv"
        certified(model, out, Certify(0.5, FixedDraws(2000), n0=20), machine=Machine(dtype, batch=batch))
        counts.append(read_log(out).counts.tolist())
    assert counts[0] == counts[1] == counts[2]
