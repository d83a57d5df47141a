"""Commands under torchrun."""

import os
import subprocess
import sys


def command(*arguments, processes=2):
    """What runs `rstheory` in several processes."""
    shared = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    return [*shared, "-m", "--", "rstheory", *map(str, arguments)]


def torchrun(*arguments, processes=2):
    """Run it to its end."""
    told = command(*arguments, processes=processes)
    return subprocess.run(told, capture_output=True, text=True, check=False, env=os.environ | {"OMP_NUM_THREADS": "1"})
