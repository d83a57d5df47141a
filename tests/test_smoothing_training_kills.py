"""Training that is killed at random moments, whatever the method and the signal: see kill_training.py."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

HERE = Path(__file__).parent
TRIALS = int(os.environ.get("RSTHEORY_KILLS", "6"))
METHODS = ["gaussian", "easy", "smoothadv", "macer", "consistency", "smoothmix", "catrs"]


def test_killed_runs_of_every_method_end_in_the_same_weights(tmp_path):
    command = [sys.executable, str(HERE / "kill_training.py"), str(tmp_path), str(TRIALS), "0", *METHODS[:TRIALS]]
    ended = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    trials = [line.split() for line in ended.stdout.splitlines()]
    assert len(trials) == TRIALS
    assert sum(trial[1] != "complete" for trial in trials) >= TRIALS // 3, "hardly any run was killed before its end"
