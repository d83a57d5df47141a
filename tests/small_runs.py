"""Small certification runs on digits, and their logs without the times."""

import torch

from rstheory.sequential.rule import FixedDraws
from rstheory.smoothing.models import build, save_checkpoint
from rstheory.smoothing.run import Machine, run_checkpoint
from rstheory.smoothing.tasks import Certify

TASK = Certify(sigma=0.5, rule=FixedDraws(300), n0=20, seed=1)


def save(path, arch="mlp", classes=10, shape=(1, 8, 8), seed=0, **options):
    torch.manual_seed(seed)
    model = build(arch, classes, shape, **options)
    save_checkpoint(path, model, arch=arch, classes=classes, shape=shape, metadata={})
    return path


def certified(checkpoint, out, task=TASK, **options):
    """Lines of the log of a small run, without the times."""
    arguments = {"source": "digits", "skip": 30, "machine": Machine(device="cpu")} | options
    run_checkpoint(task, checkpoint=checkpoint, out=out, **arguments)
    return without_time(out)


def without_time(out):
    rows = [line.split("\t") for line in out.read_text().splitlines()]
    place = rows[0].index("time")
    return [row[:place] + row[place + 1 :] for row in rows]
