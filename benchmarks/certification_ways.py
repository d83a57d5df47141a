"""The ways to work off draws that `certification.py` times, and the bound: each is given the same job."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from rstheory.smoothing.counting import ClassCounter, keep_freed_memory
from rstheory.smoothing.models import load_checkpoint, prepare
from rstheory.smoothing.noise import BLOCK, Draws, Noise
from rstheory.smoothing.purposes import ESTIMATION

FIELD, ART = "the field's loop, float32", "ART certify, float32"
OURS = {torch.float32: "rstheory, float32", torch.bfloat16: "rstheory, bfloat16"}
PRODUCT = {torch.float32: "plain product, float32", torch.bfloat16: "plain product, bfloat16"}
NOISE = "noise alone"


@dataclass(frozen=True)
class Job:
    """What every way is given. image: float64 in [0, 1], shape (1, channels, height, width)."""

    checkpoint: Path
    image: NDArray[np.float64]
    classes: int
    multiply_adds: int  # of the network, for one draw
    device: str
    sigma: float
    draws: int
    batch: int
    field_batch: int
    art_batch: int
    seed: int  # of the noise; differs from round to round

    @property
    def shape(self) -> tuple[int, int, int]:
        _, channels, height, width = self.image.shape
        return channels, height, width

    def model(self) -> torch.nn.Module:
        return load_checkpoint(self.checkpoint, shape=self.shape).model.to(self.device)

    def noise(self) -> Noise:
        return Noise(self.seed, self.sigma, math.prod(self.shape))


class Done(NamedTuple):
    """Work that was done, in draws, and the class counts of the draws where the way tells them."""

    draws: float
    counts: NDArray[np.int64] | None = None


class Way(NamedTuple):
    """A way to work off draws. warm: draws that bring it into the state of a long run."""

    warm: int
    work: Callable[[int], Done]


def field(job: Job) -> Way:
    """The loop of Cohen et al.'s code, as its many descendants have it; written here in a few lines."""
    model, x = job.model().eval(), torch.tensor(job.image, dtype=torch.float32, device=job.device)
    torch.manual_seed(job.seed)

    def work(draws: int) -> Done:
        counts, left = np.zeros(job.classes, dtype=np.int64), draws
        with torch.no_grad():
            while left:
                size = min(job.field_batch, left)
                batch = x.repeat((size, 1, 1, 1))
                noise = torch.randn_like(batch) * job.sigma
                labels = model(batch + noise).argmax(1)
                counts += np.bincount(labels.cpu().numpy(), minlength=job.classes)
                left -= size
        return Done(draws, counts)

    return Way(job.field_batch + job.draws % job.field_batch, work)  # a full batch and the last one


def art(job: Job) -> Way:
    """The toolbox as documented: it also makes the draws that pick the class (they count as work) and the bound."""
    from art.estimators.certification.randomized_smoothing import PyTorchRandomizedSmoothing

    selection, x = min(100, job.draws), job.image.astype(np.float32)
    np.random.seed(job.seed)  # noqa: NPY002  # where the toolbox takes its noise from
    smoothed = PyTorchRandomizedSmoothing(
        model=job.model(),
        loss=torch.nn.CrossEntropyLoss(),
        input_shape=job.shape,
        nb_classes=job.classes,
        device_type="cpu" if job.device == "cpu" else "gpu",
        sample_size=selection,
        scale=job.sigma,
        alpha=0.001,
    )

    def work(draws: int) -> Done:
        smoothed.certify(x, n=draws, batch_size=job.art_batch)
        return Done(selection + draws)

    return Way(job.art_batch + job.draws % job.art_batch, work)


def ours(dtype: torch.dtype) -> Callable[[Job], Way]:
    def way(job: Job) -> Way:
        device = torch.device(job.device)
        if device.type == "cpu":
            keep_freed_memory()
        counter = ClassCounter(  # lives as long as its process
            prepare(job.model(), dtype=dtype, device=device),
            shape=job.shape,
            classes=job.classes,
            noise=job.noise(),
            device=device,
            dtype=dtype,
            batch=job.batch,
        )
        image = torch.from_numpy(job.image)
        return Way(
            job.batch * counter.workers, lambda draws: Done(draws, counter.count(image, [0], {ESTIMATION: draws})[0, 0])
        )

    return way


def product(dtype: torch.dtype) -> Callable[[Job], Way]:
    """Square matrix products, with all threads; in the precision that convolutions of this type have by default."""

    def way(job: Job) -> Way:
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32
        size = product_size(job.device)
        a, b = torch.randn((2, size, size), device=job.device).to(dtype)
        out = torch.empty_like(a)

        def work(draws: int) -> Done:
            times = max(1, round(draws * job.multiply_adds / size**3))
            for _ in range(times):
                torch.mm(a, b, out=out)
            return Done(times * size**3 / job.multiply_adds)

        return Way(job.draws, work)

    return way


def product_size(device: str) -> int:
    return 2048 if device == "cpu" else 8192  # the smaller one leaves a large card half idle


def noise_alone(job: Job) -> Way:
    """The noise of ours, by as many threads as ours has."""
    noise, device = job.noise(), torch.device(job.device)
    threads = torch.get_num_threads() if device.type == "cpu" else 1
    pool = ThreadPoolExecutor(threads)
    buffers = [torch.empty((BLOCK, noise.dimension), dtype=torch.float64, device=device) for _ in range(threads)]

    def share(thread: int, blocks: int) -> None:
        for block in range(thread, blocks, threads):
            noise.fill(buffers[thread], Draws(0, ESTIMATION, block, BLOCK))

    def work(draws: int) -> Done:
        blocks = -(-draws // BLOCK)
        list(pool.map(share, range(threads), [blocks] * threads))
        return Done(blocks * BLOCK)

    return Way(BLOCK * threads, work)


WAYS: dict[str, Callable[[Job], Way]] = {
    FIELD: field,
    ART: art,
    **{name: ours(dtype) for dtype, name in OURS.items()},
    **{name: product(dtype) for dtype, name in PRODUCT.items()},
    NOISE: noise_alone,
}
