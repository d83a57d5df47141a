"""The one trainer: epochs, and a file after each of them from which a killed run goes on.

Everything random is drawn from generators seeded by (seed, epoch), so an epoch does not depend on how the run got to
it: a run that was killed goes on from its last complete epoch. On a CPU, with the same versions and number of threads,
it ends in the same weights, bit for bit; some of torch's CUDA kernels add in an order that changes from run to run.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import torch

from rstheory._files import atomic_write, require_folder
from rstheory._progress import PartProgress, silent_parts
from rstheory._version import __version__
from rstheory.smoothing.data import Dataset
from rstheory.smoothing.models import load_checkpoint, round_weights, save_checkpoint, weights_digest
from rstheory.smoothing.share import ALONE, Share
from rstheory.smoothing.training.epoch import COLUMNS, run_epoch
from rstheory.smoothing.training.identity import (
    configuration,
    identity_of,
    identity_of_checkpoint,
    refuse_another_run,
)
from rstheory.smoothing.training.interfaces import Method
from rstheory.smoothing.training.methods import compose
from rstheory.smoothing.training.run_state import RunState, fresh, keep, restore
from rstheory.smoothing.training.settings import Settings


def train(
    method: str | Method,
    settings: Settings,
    data: Dataset,
    *,
    arch: str,
    out: Path,
    device: torch.device,
    begin: Path | None = None,
    resume: bool = False,
    command: str = "",
    progress: PartProgress = silent_parts,
    share: Share = ALONE,
) -> None:
    """Train a base classifier and write it to `out` (safetensors), with its training log beside it (`.train.tsv`).

    After every epoch the state goes to `out` + ".state".

    method: a method, or a name for `compose`.
    data: training set.
    arch: see `models.build`.
    begin: checkpoint of the same architecture whose weights the run begins with. Fresh weights without.
    resume: go on from the state if there is one, and leave a complete run as it is. A state of other settings, data or
        architecture is refused. One from another machine gives a warning.
    command: what to type to get the same, for the checkpoint.
    progress: one part per epoch, in steps.
    share: of the processes that train together, each on its part of every batch (torch's DistributedDataParallel).
        Batch norm sees the images of one process. The weights depend on how many processes there are.

    ValueError if `out` does not end in .safetensors, or its folder is missing, or it or a state exists and resume is
    not asked for, or is damaged or of another run, or the network has no weights, or the loss is not finite.
    """
    if out.suffix != ".safetensors":
        raise ValueError(f"{out} is no name for a checkpoint: it must end in .safetensors")
    method = compose(method, settings) if isinstance(method, str) else method
    begun = None if begin is None else load_checkpoint(begin)
    if begun and (begun.arch, begun.classes, begun.shape) != (arch, len(data.classes), data.shape):
        raise ValueError(f"{begin} is a {begun.arch} for other classes or inputs: begin with {arch} for {data.name}")
    digest = weights_digest(begun.model) if begun else None
    identity = identity_of(method, settings, arch, data.digest, digest)
    place = require_folder(out).with_name(out.name + ".state")
    if out.exists() and resume:
        refuse_another_run(out, identity_of_checkpoint(out), identity)
        place.unlink(missing_ok=True)  # left by a kill after the checkpoint was written
        return
    if out.exists():
        raise ValueError(f"{out} exists: choose another file, or remove it")
    if place.exists() and not resume:
        raise ValueError(f"{place} exists, from a run that was cut short: go on with it by --resume, or remove it")
    if settings.batch < share.world:
        raise ValueError(f"batch={settings.batch} is not allowed: {share.world} processes need an image each")
    state = fresh(method, settings, data, arch, device, begun.model if begun else None, share)
    if place.exists():
        restore(state, place, identity)
    _note_machine(state, device, share)
    data = data.to(device)
    while state.epoch < settings.epochs:
        run_epoch(state, method, settings, data, device, progress, share)
        if share.first:
            with atomic_write(out.with_name(out.stem + ".train.tsv")) as part:
                part.write_text("\n".join(["\t".join(COLUMNS), *state.rows, ""]), encoding="utf-8")
            keep(state, place, identity)  # last: what is missing then is made again
        share.wait()
    if not share.first:
        return
    metadata = {
        "sigma": str(settings.sigma),
        "method": method.name,
        "config": json.dumps(configuration(method, settings), sort_keys=True),
        "data": f"{data.name} {data.digest}",
        "software": f"rstheory {__version__}",
        "machine": "; then ".join(state.machines),
        "pflop": f"{state.pflop:.6g}",
        "seconds": f"{sum(float(row.split()[-1]) for row in state.rows):.0f}",
        "command": command,
    }
    if begun:
        metadata["begun_from"] = str(digest)
    model = state.model.cpu().eval()
    round_weights(model, getattr(torch, settings.weights))
    save_checkpoint(out, model, arch=arch, classes=len(data.classes), shape=data.shape, metadata=metadata)
    place.unlink()


def _note_machine(state: RunState, device: torch.device, share: Share) -> None:
    """Add this machine to the state if it is another than the one that made the last epochs."""
    if device.type == "cuda":
        where = torch.cuda.get_device_name(device)
    else:
        where = f"{device.type} {torch.backends.cpu.get_cpu_capability()}, threads: {torch.get_num_threads()}"
    machine = f"{where}, torch {torch.__version__}" + (f", processes: {share.world}" if share.world > 1 else "")
    if state.machines and state.machines[-1] != machine:
        warnings.warn(
            f"this run was begun on {state.machines[-1]}, and goes on on {machine}: the weights will not be those of an"
            " undisturbed run, bit for bit",
            stacklevel=3,
        )
    if state.machines[-1:] != [machine]:
        state.machines.append(machine)
