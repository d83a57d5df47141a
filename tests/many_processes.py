"""Commands under torchrun."""

import os
import signal
import subprocess
import sys
from pathlib import Path


def command(*arguments, processes=2):
    """What runs `rstheory` in several processes."""
    shared = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    return [*shared, "-m", "--", "rstheory", *map(str, arguments)]


def torchrun(*arguments, processes=2):
    """Run it to its end."""
    told = command(*arguments, processes=processes)
    return subprocess.run(told, capture_output=True, text=True, check=False, env=os.environ | {"OMP_NUM_THREADS": "1"})


def kill_all(launcher):
    """SIGKILL to torchrun and to its processes, which have sessions of their own and would wait for each other."""
    children = Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text().split()
    for pid in (launcher.pid, *map(int, children)):
        os.kill(pid, signal.SIGKILL)
