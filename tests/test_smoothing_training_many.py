"""Training that several processes share."""

import os
import signal
import subprocess
import time

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")

from many_processes import command, torchrun  # noqa: E402
from training_runs import quick, trained  # noqa: E402

from rstheory.smoothing.data import load  # noqa: E402
from rstheory.smoothing.models import load_checkpoint, weights_digest  # noqa: E402
from rstheory.smoothing.share import Share  # noqa: E402
from rstheory.smoothing.training import Settings, train  # noqa: E402


def test_processes_share_a_run_and_survive_a_kill(tmp_path):
    """Two runs of two processes end in the same weights, one of them killed on its way; the log counts all images."""
    told = ["train", "--data", "digits", "--no-augment", "--sigma", 0.25, "--arch", "fast8-16", "--epochs", 14]
    told += ["--method", "discard", "--set", "discard.draws=4", "--set", "discard.threshold=0.1"]
    whole, cut = tmp_path / "whole.safetensors", tmp_path / "cut.safetensors"
    done = torchrun(*told, "--out", whole)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("wrote") == 1  # one process speaks
    begun = subprocess.Popen(
        command(*told, "--out", cut), start_new_session=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    state = cut.with_name(cut.name + ".state")
    until = time.monotonic() + 120
    while not state.exists() and begun.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    os.killpg(begun.pid, signal.SIGKILL)  # a run that is already complete is fine: then there is nothing to resume
    begun.wait()
    again = torchrun(*told, "--resume", "--out", cut)
    assert again.returncode == 0, again.stderr
    one, other = load_checkpoint(whole), load_checkpoint(cut)
    assert weights_digest(one.model) == weights_digest(other.model)
    assert "processes: 2" in one.metadata["machine"]
    rows = [line.split("\t") for line in (tmp_path / "whole.train.tsv").read_text().splitlines()]
    pflop = [float(row[rows[0].index("pflop")]) for row in rows[1:]]
    # the seventh epoch also measures; all others cost the same, whoever made their passes
    assert pflop[1] - pflop[0] == pytest.approx(pflop[0], rel=1e-3)
    assert pflop[6] - pflop[5] > 1.1 * pflop[0]
    assert sorted(os.listdir(tmp_path)) == ["cut.safetensors", "cut.train.tsv", "whole.safetensors", "whole.train.tsv"]


def test_two_processes_take_the_steps_of_one(tmp_path):
    """Without noise to speak of, the mean of the gradients of two halves is the gradient of the whole batch."""
    told = ["train", "--data", "digits", "--no-augment", "--sigma", 1e-6, "--arch", "mlp", "--epochs", 2]
    told += ["--recipe", "papers", "--draws", 1, "--batch", 64, "--epoch-images", 640, "--dtype", "float32"]
    done = torchrun(*told, "--out", tmp_path / "shared.safetensors")
    assert done.returncode == 0, done.stderr
    settings = Settings(1e-6, epochs=2, draws=1, batch=64, epoch_images=640, flip_and_crop=False, dtype="float32")
    out = tmp_path / "alone.safetensors"
    train("gaussian", settings, load("digits", "train"), arch="mlp", out=out, device=torch.device("cpu"))
    shared = load_checkpoint(tmp_path / "shared.safetensors").model
    for one, other in zip(load_checkpoint(out).model.parameters(), shared.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-4)
    begun = Settings(1e-6, epochs=1, draws=1, batch=64, epoch_images=64, flip_and_crop=False, dtype="float32")
    train(
        "gaussian",
        begun,
        load("digits", "train"),
        arch="mlp",
        out=tmp_path / "short.safetensors",
        device=torch.device("cpu"),
    )
    early = load_checkpoint(tmp_path / "short.safetensors").model.parameters()
    assert not all(torch.allclose(one, other, atol=1e-2) for one, other in zip(early, shared.parameters(), strict=True))


def test_a_batch_has_an_image_for_every_process(tmp_path):
    with pytest.raises(ValueError, match="batch=1 is not allowed: 2 processes need an image each"):
        trained(tmp_path / "a.safetensors", "gaussian", quick(batch=1), share=Share(0, 2, store=object()))
