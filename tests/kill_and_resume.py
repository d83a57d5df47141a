"""Kill a certification run, or an attack, with SIGKILL at random moments and resume it. A program, for tests of runs.

    python tests/kill_and_resume.py CHECKPOINT FOLDER TRIALS SEED RULE

RULE is one of RULES, or "all" for one after the other; "attack" attacks instead.

torch is imported once, and every run is a forked child of this process, so that a kill takes a second. Prints one line
a trial: the rule, its number, whether it was killed before its end, the lines in the log then, and the bytes behind the
last of them. Ends with an error if a resumed log differs, in any column but `time`, from that of a run that nobody
disturbed.
"""

import os
import random
import signal
import sys
import time
import traceback
from pathlib import Path

import sklearn.datasets  # noqa: F401  # once, instead of in every child
from stopping import Patience

from rstheory.sequential import FixedDraws, ToleranceRule, growing_looks, rule_for_curve, rule_for_radius
from rstheory.smoothing.attacks import PGD, Attack, attack_checkpoint
from rstheory.smoothing.run import Machine, run_checkpoint
from rstheory.smoothing.tasks import Certify

SIGMA, CAP = 0.5, 1500
RULES = {
    "fixed": FixedDraws(CAP),
    "stopping": Patience((100, 150, 225, 340, 500, 750, 1100, CAP), share=0.7),
    "radius": rule_for_radius(0.1, SIGMA, CAP),
    "curve": rule_for_curve(SIGMA, CAP),
    "tolerance": ToleranceRule(0.3, SIGMA, growing_looks(CAP, growth=0.5)),
    "randomized": FixedDraws(CAP),
}


def certify(rule: str, checkpoint: Path, out: Path, resume: bool) -> None:
    if rule == "attack":
        attack = Attack(0.5, 2.0, PGD(3), m=4, halvings=3, n=200)
        attack_checkpoint(attack, checkpoint=checkpoint, source="digits", out=out, skip=8, rows=12, resume=resume)
        return
    bound = "randomized" if rule == "randomized" else "clopper-pearson"
    task = Certify(sigma=SIGMA, rule=RULES[rule], n0=50, seed=3, bound=bound)
    run_checkpoint(
        task, checkpoint=checkpoint, source="digits", out=out, skip=5, machine=Machine(batch=64), resume=resume
    )


def started(rule: str, checkpoint: Path, out: Path, resume: bool) -> int:
    """Process id of a child that certifies and ends."""
    child = os.fork()
    if child:
        return child
    try:
        certify(rule, checkpoint, out, resume)
    except BaseException:  # noqa: BLE001  # whatever it is, this child must not go on as its parent
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def ended(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def without_time(path: Path) -> list[list[str]]:
    rows = [line.split("\t") for line in path.read_bytes().decode().split("\n")]
    place = rows[0].index("time")
    return [[cell for column, cell in enumerate(row) if column != place] for row in rows]


def main(checkpoint: Path, folder: Path, trials: int, seed: int, rule: str) -> None:
    rng = random.Random(seed)
    folder.mkdir(exist_ok=True)
    for name in ("first", "whole"):  # the first one pays for what later ones find loaded
        start = time.monotonic()
        assert ended(started(rule, checkpoint, folder / f"{name}.tsv", resume=False)) == 0
        duration = time.monotonic() - start
    expected = without_time(folder / "whole.tsv")
    for trial in range(trials):
        out = folder / f"killed-{trial}.tsv"
        child = started(rule, checkpoint, out, resume=False)
        time.sleep(rng.uniform(0, duration))
        os.kill(child, signal.SIGKILL)
        killed = ended(child) == -signal.SIGKILL
        content = out.read_bytes() if out.exists() else b""
        print(rule, trial, killed, content.count(b"\n"), len(content) - content.rfind(b"\n") - 1, flush=True)
        assert ended(started(rule, checkpoint, out, resume=True)) == 0
        assert without_time(out) == expected, f"trial {trial}: the resumed log differs"


if __name__ == "__main__":
    for rule in RULES if sys.argv[5] == "all" else [sys.argv[5]]:
        main(Path(sys.argv[1]), Path(sys.argv[2]) / rule, int(sys.argv[3]), int(sys.argv[4]), rule)
