"""A survey of a checkpoint: few draws for every image, as many as a stated error asks for, into an ordinary log."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from rstheory import _check
from rstheory._files import require_folder
from rstheory._progress import Progress, silent
from rstheory.logs.append import existing
from rstheory.mixture import ACR, LabelCounts, draws_for_images, fit_smooth
from rstheory.mixture.intervals import SMOOTHING_BIAS, largest_error
from rstheory.mixture.plan import DRAWS_FINE
from rstheory.sequential.rule import FixedDraws
from rstheory.smoothing.purposes import SELECTION
from rstheory.smoothing.run import Inputs, Opened, answer, opened
from rstheory.smoothing.tasks import Certify

SELECTION_DRAWS = 10  # per image: which class is counted hardly matters, as the log has the counts of all
LEAST_DRAWS = 10  # below, not even a class that is drawn every time is certified, and the log would say nothing
BUDGET = 100_000  # for whose ACR the error is stated
_HALF = float(largest_error(SMOOTHING_BIAS, 0.05))  # standard errors in half of a 95 % interval for these images
_PILOT_IMAGES, _PILOT_DRAWS, _TIMED = 500, 25, 4  # _TIMED: batches per thread that are timed where no pilot is needed


@dataclass(frozen=True)
class SurveyCost:
    """What a survey will take.

    images: that are still to be surveyed, by all processes together.
    draws: per image, those that pick the class not counted.
    error: half of the 95 % interval to be expected for ACR at N = 100,000 of these images; None where the draws were
        given.
    passes: noisy images that go through the network.
    seconds: about, from a short measurement.
    """

    images: int
    draws: int
    error: float | None
    passes: int
    seconds: float


def survey_checkpoint(
    inputs: Inputs,
    *,
    sigma: float,
    out: Path,
    draws: int | None = None,
    acr_error: float = 0.005,
    alpha: float = 1e-3,
    seed: int = 0,
    resume: bool = False,
    tell: Callable[[SurveyCost], None] = lambda cost: None,
    progress: Progress = silent,
) -> bool:
    """Draw a few noisy copies of every image and log the counts of every class, as `rstheory certify` does.

    draws: per image, at least 10; default: chosen for `acr_error`.
    acr_error: half of the 95 % interval that the draws should leave for ACR at N = 100,000 of these images, > 0. A
    pilot estimates the distribution of p from 25 draws of 500 images. They are selection draws, so that the choice does
    not depend on the draws that are counted.
    alpha: significance level of the log's radii.
    resume: go on with the log `out`, with the draws that it says.
    tell: called once by the first process, before the survey begins, with what it will take.

    Returns whether this is the process that speaks for all. The other arguments and errors are those of `run`.
    """
    require_folder(out)
    if draws is not None:
        _check.at_least(LEAST_DRAWS, "draws", draws)
    _check.positive("acr_error", acr_error)
    with opened(inputs, sigma, seed) as ready:
        begun = ready.share.agree_on(lambda: _begun(out, resume))
        given = begun.get("n") if draws is None else draws  # other draws than the log's are refused by `run`
        planned = ready.share.agree_on(lambda: _plan(ready, sigma, alpha, given, acr_error, begun.get("rows", 0)))
        if ready.share.first:
            tell(planned)
        task = Certify(sigma, FixedDraws(planned.draws, alpha), SELECTION_DRAWS, seed)
        answer(task, ready, out, resume=resume, progress=progress)
        return ready.share.first


def _begun(out: Path, resume: bool) -> dict[str, int]:
    """Draws per image and number of rows of a log that is to be gone on with; nothing where there is none."""
    found = existing(out) if resume else []
    rows = [line.split("\t") for file in found for line in file.read_text("utf-8", "replace").splitlines()]
    if len(rows) < 2 or "n" not in rows[0]:
        return {}
    place, done = rows[0].index("n"), [row for row in rows if len(row) == len(rows[0]) and row != rows[0]]
    return {"n": int(done[0][place]), "rows": len(done)} if done and done[0][place].isdecimal() else {}


def _plan(ready: Opened, sigma: float, alpha: float, draws: int | None, acr_error: float, done: int) -> SurveyCost:
    error = None
    if draws is None:
        images = ready.indices[:: max(1, len(ready.indices) // _PILOT_IMAGES)][:_PILOT_IMAGES]
        counts, seconds = _timed(ready, images, _PILOT_DRAWS)
        fit = fit_smooth(LabelCounts.known(counts, _PILOT_DRAWS))
        acr = ACR(BUDGET, alpha, sigma)
        try:
            draws, standard_error = draws_for_images(fit.population, acr, len(ready.indices), acr_error / _HALF)
        except ValueError as refusal:
            raise ValueError(
                f"acr_error={acr_error:g} is not allowed: it would take more than {max(DRAWS_FINE):,} draws per image;"
                " take a larger one, or give the draws (--draws)"
            ) from refusal
        error = _HALF * standard_error
    else:
        batch = ready.counter.batch * ready.counter.workers
        images = ready.indices[: max(1, _TIMED * batch // _PILOT_DRAWS)]
        seconds = _timed(ready, images, _PILOT_DRAWS)[1]
    left = len(ready.indices) - done
    passes = left * (draws + SELECTION_DRAWS)
    return SurveyCost(left, draws, error, passes, passes * seconds / ready.share.world)


def _timed(ready: Opened, images: list[int], draws: int) -> tuple[NDArray[np.int64], float]:
    """How often the label came in so many selection draws of each image, and seconds per draw once all is warm."""
    counter, data = ready.counter, ready.data

    def count(some: list[int]) -> NDArray[np.int64]:
        return counter.count(data.inputs(torch.tensor(some)), some, {SELECTION: draws})[:, 0]

    first = max(1, len(images) // 5)
    parts = [count(images[:first])]
    start = time.perf_counter()
    rest = images[first:] or images
    parts.append(count(rest))
    seconds = (time.perf_counter() - start) / (len(rest) * draws)
    votes = np.concatenate(parts)[: len(images)]
    labels = data.labels[torch.tensor(images)].cpu().numpy()
    return votes[np.arange(len(images)), labels], seconds
