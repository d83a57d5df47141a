"""End training runs by SIGKILL, SIGTERM or SIGINT at random moments and resume them. A program, for tests of training.

    python tests/kill_training.py FOLDER TRIALS SEED METHOD...

As `kill_and_resume.py`: torch is imported once, and every run is a forked child. Prints one line a trial: its method,
the signal, and how many epochs were kept. Ends with an error if a resumed run ends in other weights than one that
nobody disturbed, or leaves anything but its checkpoint and its log.
"""

import os
import random
import signal
import sys
import time
import traceback
import warnings
from pathlib import Path

from training_runs import few_digits, quick, trained

from rstheory.smoothing.models import load_checkpoint, weights_digest
from rstheory.smoothing.training.run_state import kept_epochs

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
EPOCHS = 8


def started(method: str, out: Path, resume: bool) -> int:
    """Process id of a child that trains and ends."""
    child = os.fork()
    if child:
        return child
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have told this program to ignore it
    try:
        warnings.simplefilter("ignore")
        trained(out, method, quick(epochs=EPOCHS, draws=2), resume=resume)
    except KeyboardInterrupt:
        os._exit(130)
    except BaseException:  # noqa: BLE001  # whatever it is, this child must not go on as its parent
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def ended(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(folder: Path, trials: int, seed: int, methods: list[str]) -> None:
    rng = random.Random(seed)
    few_digits()
    whole, duration = {}, {}
    for method in methods:
        out = folder / f"whole-{method}.safetensors"
        start = time.monotonic()
        assert ended(started(method, out, resume=False)) == 0
        duration[method], whole[method] = time.monotonic() - start, weights_digest(load_checkpoint(out).model)
    for trial in range(trials):
        method, how = methods[trial % len(methods)], SIGNALS[trial % len(SIGNALS)]
        place = folder / str(trial)
        place.mkdir()
        out = place / "killed.safetensors"
        child = started(method, out, resume=False)
        time.sleep(rng.uniform(0, duration[method]))
        os.kill(child, how)
        code = ended(child)
        assert code in (0, 130, -how), f"trial {trial}: exit status {code}"
        state = out.with_name(out.name + ".state")
        print(method, how.name if code else "complete", int(state.exists()) and kept_epochs(state), flush=True)
        assert ended(started(method, out, resume=True)) == 0
        assert weights_digest(load_checkpoint(out).model) == whole[method], f"trial {trial}: other weights"
        assert sorted(os.listdir(place)) == ["killed.safetensors", "killed.train.tsv"], os.listdir(place)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
