"""One attack run over a data set: groups of images that are attacked together, their judgement, the log."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rstheory import _check
from rstheory._files import require_folder
from rstheory._progress import Advance, Progress, silent
from rstheory.logs.append import RunLog, collect, existing
from rstheory.logs.write import row
from rstheory.smoothing.attacks.search import Proposal, Search
from rstheory.smoothing.attacks.target import Target
from rstheory.smoothing.attacks.task import Attack
from rstheory.smoothing.counting import ClassCounter, Span, keep_freed_memory
from rstheory.smoothing.models import prepare
from rstheory.smoothing.noise import Noise
from rstheory.smoothing.purposes import JUDGEMENT
from rstheory.smoothing.run import Inputs, Machine, checkpoint_and_images, identity_of_run, origin
from rstheory.smoothing.schedule import Images
from rstheory.smoothing.share import Share, own_device, processes

GRADIENT_ROWS = {"cpu": 64, "cuda": 2048}  # noisy images in one gradient pass, unless m alone is more


class Attacker:
    """A network under attack: its gradients, and the class counts that judge what they lead to.

    model: the base classifier in float32, of fixed weights, in eval mode and on the counter's device. Gradients are
    its own, whatever the type that the classifier is judged in.
    counter: counts classes with the task's noise.
    rows: noisy images per gradient pass; default: what suits the device.

    On the CPU groups of images run side by side, one core each, so that their number changes no sum. Which images
    form a group does change the order of rounding: a run that is resumed makes the groups that it made before.
    """

    def __init__(self, task: Attack, model: nn.Module, counter: ClassCounter, rows: int | None = None) -> None:
        task.level(counter.noise.tau)  # refuses budgets that the noise is not good enough for
        self.task, self.model, self.counter = task, model, counter
        rows = GRADIENT_ROWS[counter.device.type] if rows is None else _check.at_least(1, "rows", rows)
        self.together = max(1, rows // task.m)

    def groups(self, indices: Sequence[int]) -> list[Sequence[int]]:
        """Images in groups that are attacked together; the last one may hold fewer."""
        return [indices[first : first + self.together] for first in range(0, len(indices), self.together)]

    def attack(
        self, images: Images, groups: Iterable[Sequence[int]], advance: Advance
    ) -> Iterator[list[dict[str, object]]]:
        """Cells of the log's rows, without the origin, of as many groups at a time as there are threads.

        groups: of images that are attacked together, each taken as late as it can be.
        advance: is told of rounds done, (1 + halvings) per image.
        """
        threads = self.counter.workers
        own_core = (lambda: torch.set_num_threads(1)) if threads > 1 else None
        with ThreadPoolExecutor(threads, initializer=own_core) as pool:
            waiting = iter(groups)
            while wave := list(islice(waiting, threads)):
                yield self._wave(images, wave, pool, advance)

    def _wave(
        self, images: Images, groups: Sequence[Sequence[int]], pool: ThreadPoolExecutor, advance: Advance
    ) -> list[dict[str, object]]:
        start = time.perf_counter()
        searches = [self._search(images, group) for group in groups]
        clean = [
            Proposal(list(range(len(group))), search.images) for group, search in zip(groups, searches, strict=True)
        ]
        for search, counts in zip(searches, self._judge(groups, searches, clean), strict=True):
            search.learn_clean(counts)
        for _ in range(1 + self.task.halvings):
            for search in searches:
                search.begin_round()
            for restart in range(self.task.restarts):
                proposals = list(pool.map(lambda search, restart=restart: search.propose(restart), searches))
                judged = self._judge(groups, searches, proposals)
                for search, proposal, counts in zip(searches, proposals, judged, strict=True):
                    search.learn(proposal, counts, last=restart == self.task.restarts - 1)
            advance(sum(map(len, groups)))
        each = (time.perf_counter() - start) / sum(map(len, groups))
        return [
            self.task.row(index, int(images.labels[index]), found, each) | {"together": self.together}
            for group, search in zip(groups, searches, strict=True)
            for index, found in zip(group, search.found, strict=True)
        ]

    def _search(self, images: Images, group: Sequence[int]) -> Search:
        task, device, at = self.task, self.counter.device, torch.tensor(group)
        labels = images.labels[at.to(images.labels.device)].to(device)
        pixels = images.inputs(at).to(device, torch.float32)
        target = Target(self.model, self.counter.noise, group, labels, m=task.m, loss=task.method.loss)
        return Search(task.method, target, pixels, eps=task.eps, alpha=task.judgement_level)

    def _judge(
        self, groups: Sequence[Sequence[int]], searches: Sequence[Search], proposals: Sequence[Proposal]
    ) -> list[list[NDArray[np.int64]]]:
        """Class counts of PREDICT for all proposed images, from draws that no earlier judgement of the image had."""
        indices: list[int] = []
        spans: list[Span] = []
        for group, search, proposal in zip(groups, searches, proposals, strict=True):
            for place in proposal.places:
                found = search.found[place]
                earlier = found.judged + bool(found.counts)  # once for the image itself
                spans.append(Span(len(indices), JUDGEMENT, earlier * self.task.n, self.task.n))
                indices.append(group[place])
        if not indices:
            return [[] for _ in groups]
        perturbed = torch.cat([proposal.images for proposal in proposals])
        counts = iter(self.counter.count_spans(perturbed, indices, spans))
        return [[next(counts) for _ in proposal.places] for proposal in proposals]


def run_attack(
    attacker: Attacker,
    images: Images,
    indices: Sequence[int],
    weights: str,
    out: Path,
    *,
    resume: bool = False,
    any_kernels: bool = False,
    share: Share = Share(),  # noqa: B008  # frozen
    progress: Progress = silent,
) -> None:
    """Attack some images, into the log `out`. Finished images are written at once, a group at a time.

    The arguments are those of `smoothing.run.run`, and so are the errors.
    """
    task, made_by = attacker.task, origin(attacker.counter, images, weights)
    form = task.form
    cells: Mapping[str, str] = task.cells | {"together": str(attacker.together)} | made_by
    identity = identity_of_run(cells, form, share, any_kernels)
    order = {index: place for place, index in enumerate(indices)}

    def begin() -> set[int]:
        if not resume and (found := existing(out)):
            raise ValueError(f"{found[0]} exists: go on with it by --resume, or choose another file")
        return collect(out, form, identity, order)

    done = share.agree_on(begin)
    todo = [group for group in attacker.groups(indices) if not done.issuperset(group)]
    rounds = sum(map(len, todo)) * (1 + task.halvings)
    with RunLog(out, form, identity, share.part) as log, progress(rounds) as advance:
        for rows in attacker.attack(images, share.taken(todo), share.told(advance)):
            log.append(row(form, cells | made_by) for cells in rows if cells["idx"] not in done)
    share.wait()
    share.agree_on(lambda: collect(out, form, identity, order))


def attack_checkpoint(
    task: Attack,
    *,
    checkpoint: Path,
    source: str,
    out: Path,
    split: str = "test",
    start: int = 0,
    skip: int = 1,
    limit: int | None = None,
    label: str | None = None,
    channels: int | None = None,
    trust_program: bool = False,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    machine: Machine = Machine(),  # noqa: B008  # frozen
    rows: int | None = None,
    resume: bool = False,
    progress: Progress = silent,
) -> float | None:
    """`run_attack` for a checkpoint and a data set on disk, alone or as one of the processes that torchrun started.

    rows: noisy images per gradient pass; default: what suits the device. The other arguments are those of
    `smoothing.run.run_checkpoint`; gradients are those of the network in float32, whatever `machine.dtype`.

    Returns the tau of the noise, in all processes but the first None.
    """
    require_folder(out)
    inputs = Inputs(checkpoint, source, split, start, skip, limit, label, channels, trust_program, mean, std, machine)
    device = own_device(machine.device)
    if device.type == "cpu":
        keep_freed_memory()
    with processes(device) as share:
        data, loaded = checkpoint_and_images(inputs, task.sigma, told=share.first)
        indices = data.every(skip, limit, start).tolist()
        dtype: torch.dtype = getattr(torch, machine.dtype)
        gradients = prepare(loaded.model, dtype=torch.float32, device=device)
        counter = ClassCounter(
            gradients if dtype == torch.float32 else prepare(loaded.model, dtype=dtype, device=device),
            shape=data.shape,
            classes=loaded.classes,
            noise=Noise(task.seed, task.sigma, math.prod(data.shape)),
            device=device,
            dtype=dtype,
            batch=machine.batch,
        )
        with counter, torch.backends.cudnn.flags(deterministic=True):
            attacker = Attacker(task, gradients, counter, rows)
            run_attack(
                attacker,
                data,
                indices,
                loaded.fingerprint,
                out,
                resume=resume,
                any_kernels=machine.any_kernels,
                share=share,
                progress=progress,
            )
        return counter.noise.tau if share.first else None
