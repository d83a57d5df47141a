"""Draws a second of a run that stops each image when its question is answered, beside one of as many draws for each.

A run that stops has fewer and fewer images under way, looks at them often, and cuts its draws where they look. What
that costs is the scheduler's. Both sides certify the same images with the same network by `rstheory.smoothing.certify`;
each round runs both in turn, after one run of each that is not counted.
"""

from __future__ import annotations

import platform
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import torch
import typer
from rich.progress import track

import rstheory
from rstheory.sequential import FixedDraws, StoppingRule, rule_for_curve, rule_for_radius
from rstheory.smoothing import certify
from rstheory.smoothing.data import load
from rstheory.smoothing.kernels import kernels_of
from rstheory.smoothing.models import load_checkpoint
from rstheory.smoothing.share import own_device
from rstheory.tables import show

N0 = 100  # selection draws per image


def main(
    checkpoint: Annotated[Path, typer.Option(help="Network.")],
    data: Annotated[str, typer.Option(help="Data set, as in `rstheory certify`.")] = "cifar10",
    sigma: Annotated[float, typer.Option(help="Noise level.")] = 0.5,
    images: Annotated[list[int], typer.Option(help="Test images of a run; may be given again.")] = [100],  # noqa: B006
    radius: Annotated[float | None, typer.Option(help="Decide this radius; default: the whole curve.")] = None,
    cap: Annotated[int, typer.Option(min=1, help="Most draws of an image.")] = 100_000,
    rounds: Annotated[int, typer.Option(min=1, help="Timed rounds.")] = 3,
    dtype: Annotated[str, typer.Option(help="bfloat16 or float32.")] = "bfloat16",
    device: Annotated[str, typer.Option(help="cpu, cuda or auto.")] = "auto",
) -> None:
    """Median draws a second of both, and the median of their ratios."""
    everything = load(data)
    place = own_device(device)
    model = load_checkpoint(checkpoint, shape=everything.shape).model
    rule: StoppingRule = rule_for_curve(sigma, cap) if radius is None else rule_for_radius(radius, sigma, cap)

    def rate(indices: torch.Tensor, rule: StoppingRule) -> tuple[float, int]:
        """Draws a second, and the mean draws of an image that its rule asked for."""
        start = time.perf_counter()
        log = certify(
            model, everything.inputs(indices), everything.labels[indices], sigma=sigma, rule=rule, n0=N0,
            dtype=getattr(torch, dtype), device=device,
        )  # fmt: skip
        seconds = time.perf_counter() - start
        draws = int(np.sum(log.draws)) if log.draws is not None else rule.cap * log.samples
        return (draws + N0 * log.samples) / seconds, draws // log.samples

    rows = []
    for number in images:
        indices = torch.arange(number) * (len(everything) // number)
        mean = rate(indices, rule)[1]
        fixed = FixedDraws(max(1, mean))
        rate(indices, fixed)
        pairs = [(rate(indices, rule)[0], rate(indices, fixed)[0]) for _ in track(range(rounds), transient=True)]
        stopping, whole = np.array(pairs).T
        ratio = stopping / whole
        rows.append(
            {
                "images": number, "draws an image": mean, "stopping": float(np.median(stopping)),
                "fixed": float(np.median(whole)), "ratio": float(np.median(ratio)),
                "least": ratio.min(), "most": ratio.max(),
            }
        )  # fmt: skip
    where = torch.cuda.get_device_name(place) if place.type == "cuda" else f"{torch.get_num_threads()} threads"
    print(f"{kernels_of(place)}, {where}; rstheory {rstheory.__version__}, torch {torch.__version__}, "
          f"Python {platform.python_version()}")  # fmt: skip
    show(
        f"Draws a second: rule {rule.name} up to {cap:,} draws, {checkpoint.name}, {dtype}, sigma {sigma:g}, "
        f"{rounds} rounds",
        pd.DataFrame(rows),
        {c: ",.0f" for c in ("draws an image", "stopping", "fixed")} | dict.fromkeys(("ratio", "least", "most"), ".3f"),
    )


if __name__ == "__main__":
    typer.run(main)
