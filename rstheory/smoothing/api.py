"""Certify your own network: any PyTorch module, on images that you have as tensors or as a data set."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor, nn

from rstheory import _check
from rstheory._files import require_folder
from rstheory._progress import Progress, silent
from rstheory.bounds import PLAIN
from rstheory.certify import Prediction
from rstheory.logs.log import CertificationLog
from rstheory.logs.read import read_log
from rstheory.sequential.rule import FixedDraws, StoppingRule
from rstheory.smoothing.counting import ClassCounter, keep_freed_memory
from rstheory.smoothing.data import Dataset
from rstheory.smoothing.given import Pairs, given_images
from rstheory.smoothing.models import prepare, weights_digest
from rstheory.smoothing.noise import Noise
from rstheory.smoothing.run import rows_in_memory, run
from rstheory.smoothing.schedule import Images, finished
from rstheory.smoothing.share import own_device
from rstheory.smoothing.tasks import Certify, Predict, Task

_ALPHA = 1e-3


def certify(
    module: nn.Module,
    images: Tensor | Pairs | Dataset,
    labels: Tensor | Sequence[int] | None = None,
    *,
    sigma: float,
    n: int | None = None,
    n0: int = 100,
    alpha: float | None = None,
    rule: StoppingRule | None = None,
    bound: str = PLAIN,
    seed: int = 0,
    batch: int | None = None,
    dtype: torch.dtype = torch.float32,
    device: str = "auto",
    out: str | os.PathLike[str] | None = None,
    resume: bool = False,
    progress: Progress = silent,
) -> CertificationLog:
    """Certify the smoothed classifier of a network on some images (CERTIFY of Cohen, Rosenfeld and Kolter 2019).

    module: base classifier. Maps images in [0, 1], shape (batch, channels, height, width), to logits (batch, classes);
    its normalisation is part of it. It stays as it is: a copy is certified, in eval mode, with batch norm folded into
    the convolutions.
    images: floating point in [0, 1], shape (n, channels, height, width). Or a torch Dataset of pairs (image, label),
    which is read into memory; or what `load_data` returns.
    labels: class of each image, shape (n,); not given with a data set.
    sigma: noise level.
    n: certification budget, the draws per image that count the class. Not given with a rule, which has its own.
    n0: draws per image that pick the class.
    alpha: significance level: probability, per image, that the certificate is wrong; default: 0.001. Not given with a
    rule, which has its own.
    rule: says after how many draws an image is done, and what they prove: `rule_for_radius`, `rule_for_curve` or
    `rule_for_tolerance` of `rstheory.sequential`, made for this sigma, or your own. Default: n draws for every image.
    The log tells the draws of each row; ACR at other budgets cannot be computed from it.
    bound: what the radius comes from, where every image gets n draws: "clopper-pearson"; "randomized", never smaller,
    with U from the seed; or "two-class", larger where several classes share the rest. See `rstheory.bounds`.
    seed: of the noise. The same seed gives the same draws, whatever the batch.
    batch: rows of every forward pass; default: what suits the device.
    dtype: arithmetic of the network. Another one makes another classifier.
    device: "cpu", "cuda", "cuda:N", or "auto" for CUDA where there is any.
    out: file for the log, written as images are done; default: nothing is written.
    resume: go on with the log `out` if it is there, instead of refusing it.
    progress: see `rstheory._progress`; default: silent.

    Returns the log: predictions, radii, the counts of every class, and what made them. The noise is not exactly
    Gaussian; the level that holds with it is `Certify(...).level(log.origin.tau)`, above alpha by a share of 2 n tau.
    Nothing is certified of a module that is not a fixed function, such as one that draws random numbers in eval mode.
    One process does all the work; several share it under torchrun by `rstheory certify`.

    ValueError for wrong arguments, pixels outside [0, 1], logits that are not finite, and a log that exists or belongs
    to another run; OSError where the log cannot be written.

    >>> network = nn.Sequential(nn.Flatten(), nn.Linear(16, 3))
    >>> _ = network[1].weight.data.zero_(), network[1].bias.data.copy_(torch.tensor([0.0, 1.0, 0.0]))
    >>> log = certify(network, torch.rand(5, 1, 4, 4), [1, 1, 0, 1, 2], sigma=0.5, n=1000)
    >>> log.samples, log.clean_accuracy, f"{log.radius[0]:.4f}", log.counts[0].tolist()
    (5, 0.6, '1.2316', [0, 1000, 0])

    Is the radius 0.5 certified? With as few draws as that takes:

    >>> from rstheory.sequential import rule_for_radius
    >>> rule = rule_for_radius(0.5, sigma=0.5, cap=10_000)
    >>> log = certify(network, torch.rand(5, 1, 4, 4), [1, 1, 0, 1, 2], sigma=0.5, rule=rule)
    >>> float(log.certified_accuracy(0.5)), log.draws.tolist()
    (0.6, [47, 47, 47, 47, 47])
    """
    task = Certify(sigma, _rule(n, alpha, rule), n0, seed, bound)
    given = given_images(images, labels)
    if resume and out is None:
        raise ValueError("resume=True is not allowed without out: nothing was kept to go on with")
    if out is not None:
        require_folder(Path(out))
    with _counter(task, module, given, batch, dtype, device) as counter:
        everything, weights = range(len(given)), weights_digest(module)
        _check.refuse(
            "labels",
            (classes := given.labels.cpu().numpy()),
            classes >= counter.classes,
            f"the network has {counter.classes} classes",
        )
        if out is not None:
            run(task, counter, given, everything, weights, Path(out), resume=resume, progress=progress)
            return read_log(out)
        rows = rows_in_memory(task, counter, given, everything, weights, progress=progress)
    return CertificationLog.from_frame(pd.DataFrame(rows), path=given.name)


def predict(
    module: nn.Module,
    images: Tensor,
    *,
    sigma: float,
    n: int = 1000,
    alpha: float = 1e-3,
    seed: int = 0,
    batch: int | None = None,
    dtype: torch.dtype = torch.float32,
    device: str = "auto",
    progress: Progress = silent,
) -> tuple[Prediction, ...]:
    """What the smoothed classifier of a network says of some images (PREDICT of Cohen et al. 2019): one answer each.

    alpha: probability, per image, that the class is not the smoothed classifier's.

    The other arguments are those of `certify`. No radius follows, so far fewer draws do.

    >>> network = nn.Sequential(nn.Flatten(), nn.Linear(16, 3))
    >>> _ = network[1].weight.data.zero_(), network[1].bias.data.copy_(torch.tensor([0.0, 1.0, 0.0]))
    >>> [(answer.leader, answer.abstained) for answer in predict(network, torch.rand(2, 1, 4, 4), sigma=0.5, n=100)]
    [(1, False), (1, False)]
    """
    task = Predict(sigma, n, alpha, seed)
    given = given_images(images, torch.zeros(len(images), dtype=torch.int64))
    with (
        _counter(task, module, given, batch, dtype, device) as counter,
        progress(len(given) * task.most_draws) as advance,
    ):
        task.level(counter.noise.tau)  # refuses budgets that the noise is not good enough for
        done = [sample for group in finished(task, counter, given, range(len(given)), advance) for sample in group]
    return tuple(Prediction(tuple(sample.counts[0].tolist()), alpha) for sample in done)


def _rule(n: int | None, alpha: float | None, rule: StoppingRule | None) -> StoppingRule:
    """The rule that was given, or so many draws for every image."""
    if rule is None:
        if n is None:
            raise ValueError("n is missing: give the draws per image, or a rule that stops earlier")
        level = _ALPHA if alpha is None else alpha
        _check.at_least(1, "n", n)
        _check.level("alpha", level)
        return FixedDraws(n, level)
    for name, value in (("n", n), ("alpha", alpha)):
        if value is not None:
            own = f"cap={rule.cap} and level={rule.level:g}"
            raise ValueError(f"{name}={value:g} is not allowed with a rule: it brings its own, {own}")
    return rule


@contextmanager
def _counter(
    task: Task, module: nn.Module, images: Images, batch: int | None, dtype: torch.dtype, device: str
) -> Iterator[ClassCounter]:
    """A counter for the task and a copy of the module."""
    if not isinstance(module, nn.Module):
        raise ValueError(f"module is of type {type(module).__name__}: it must be a torch.nn.Module")
    place = own_device(device)
    if place.type == "cpu":
        keep_freed_memory()
    model = prepare(module, dtype=dtype, device=place)
    with ClassCounter(
        model,
        shape=images.shape,
        classes=_classes(model, images, place, dtype),
        noise=Noise(task.seed, task.sigma, prod(images.shape)),
        device=place,
        dtype=dtype,
        batch=batch,
    ) as counter:
        yield counter


def _classes(model: nn.Module, images: Images, device: torch.device, dtype: torch.dtype) -> int:
    """The number of classes: what the network answers to the first image, twice."""
    with torch.inference_mode():
        logits = model(images.inputs(torch.tensor([0, 0])).to(device, dtype))
    if not isinstance(logits, Tensor) or logits.ndim != 2 or len(logits) != 2 or logits.shape[1] < 2:
        found = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        raise ValueError(f"module answers {found} to 2 images: it must answer logits of shape (2, classes)")
    return logits.shape[1]
