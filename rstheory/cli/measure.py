"""`rstheory measure`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rstheory.cli.common import positive, refusals
from rstheory.cli.options import (
    Channels,
    Checkpoint,
    Data,
    Device,
    Label,
    Max,
    Seed,
    Sigma,
    Skip,
    Start,
    TrustProgram,
)


def measure(
    checkpoint: Checkpoint,
    data: Data,
    sigma: Sigma,
    out: Annotated[Path, typer.Option("--out", dir_okay=False, help="CSV file to write.")],
    split: Annotated[str, typer.Option(help="Part of the data set.")] = "train",
    start: Start = 0,
    skip: Skip = 1,
    max_: Max = None,
    label: Label = None,
    channels: Channels = None,
    trust_program: TrustProgram = False,
    draws: Annotated[int, typer.Option(min=1, help="Noise draws per image, for p.")] = 100,
    gradient_draws: Annotated[int, typer.Option(min=1, help="Noise draws per image, for its gradient.")] = 4,
    attack_steps: Annotated[int | None, typer.Option(min=1, help="Steps of the attack. Default: the paper's.")] = None,
    attack_step: Annotated[
        float | None, typer.Option(callback=positive, help="L2 length of a step. Default: the paper's.")
    ] = None,
    device: Device = "auto",
    seed: Seed = 0,
) -> None:
    """Measure p and the gradient norm of each image, before and after the attack, for `rstheory figures`.

    The attack is the paper's for CIFAR-10 unless its steps are given, also where the network was trained by another.
    """
    with refusals():
        from rstheory._progress import on_terminal
        from rstheory.smoothing.share import own_device
        from rstheory.smoothing.training.measure import measure as measured

        measured(
            checkpoint,
            data,
            out,
            sigma=sigma,
            split=split,
            start=start,
            skip=skip,
            limit=max_,
            label=label,
            channels=channels,
            trust_program=trust_program,
            draws=draws,
            gradient_draws=gradient_draws,
            seed=seed,
            steps=attack_steps,
            step=attack_step,
            device=own_device(device),
            progress=on_terminal("measuring", "images"),
        )
    typer.echo(f"wrote {out}")
